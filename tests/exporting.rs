//! Facts out of a workspace: in another one they give the same answer.

use serde_json::{Value, json};

use crate::importing::{assess, deployments, import, instant, workspace};

#[test]
fn what_is_exported_and_imported_elsewhere_gives_the_same_assessment() {
    let world = workspace();
    world.write("deployments.csv", deployments());
    let facts = [
        json!({"kind": "incident", "services": ["web", "a;b"], "started_at": instant(15, 12), "resolved_at": instant(15, 14),
            "detected_by": "alert", "severity": "say \"high\", or so", "caused_by": "v2"}),
        json!({"kind": "incident", "services": ["mail"], "started_at": instant(30, 12)}),
        json!({"kind": "service", "service": "web", "team": "storefront"}),
        json!({"kind": "declaration", "stage": "deploy", "level": 4, "declared_at": instant(1, 1), "declared_by": "team"}),
        json!({"kind": "evidence", "practice": "backups", "service": "web", "grade": "effective", "summary": "restored\nin time",
            "observed_at": instant(40, 1), "values": {"minutes": "20"}}),
        json!({"kind": "review", "repository": "web", "number": 3, "opened_at": instant(2, 1), "merged_at": instant(3, 1)}),
    ];
    world.write("facts.jsonl", facts.map(|fact| fact.to_string()).join("\n"));
    import(&world, &["deployments.csv", "facts.jsonl"]);
    let expected = assess(&world);
    for format in ["csv", "jsonl"] {
        let other = workspace();
        for kind in ["declarations", "deployments", "evidence", "incidents", "reviews", "services"] {
            let run = world.run(["export", "--kind", kind, "--format", format]);
            assert_eq!(run.code, 0, "{}", run.stderr);
            other.write(&format!("{kind}.{format}"), &run.stdout);
            import(&other, &[&format!("{kind}.{format}"), "--strict"]);
            let again = other.run(["export", "--kind", kind, "--format", format]);
            assert_eq!(again.stdout, run.stdout, "{kind}.{format}");
        }
        assert_eq!(assess(&other), expected, "{format}");
    }
}

#[test]
fn measures_come_with_interval_and_sample() {
    let world = workspace();
    world.write("deployments.csv", deployments());
    import(&world, &["deployments.csv"]);
    let run = world.run(["export", "--kind", "measures", "--format", "jsonl", "--as-of", crate::importing::AS_OF]);
    let records: Vec<Value> = run.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let found = records.iter().find(|one| one["service"] == "web" && one["metric"] == "deployment_frequency").unwrap();
    let expected = &assess(&world)["services"][1]["metrics"]["deployment_frequency"];
    for field in ["value", "low", "high", "n", "unit", "definition"] {
        assert_eq!(found[field], expected[field], "{field}");
    }
    let csv = world.run(["export", "--kind", "measures", "--as-of", crate::importing::AS_OF]);
    assert_eq!(csv.text().lines().count(), records.len() + 1);
    world.run(["export", "--kind", "party"]).fails_with(2, &["measures, ai-usage, declarations"]);
    let empty = world.run(["export", "--kind", "incidents"]);
    assert!(
        empty.text().starts_with("id,services,started_at") && empty.text().lines().count() == 1,
        "{}",
        empty.text()
    );
    crate::cli::World::new().run(["export", "--kind", "incidents"]).fails_with(2, &["workspace"]);
}
