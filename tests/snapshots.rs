//! Snapshots: kept, filled in, chained; and what changed between two of them.

use std::path::Path;

use serde_json::Value;

use crate::cli::{Run, World};
use crate::over_time::{AS_OF, improving};

const CONFIGURATION: &str =
    "[workspace]\nname = \"Shop\"\n[[repository]]\npath = \"web\"\n[[deployment_repository]]\npath = \"gitops\"\n";

/// The service that improves, in a workspace with a snapshot for each of these last weeks.
fn filled(weeks: &str) -> World {
    let (world, ..) = improving();
    world.write("truelevel.toml", CONFIGURATION);
    let run = world.run(["snapshot", "--backfill", weeks, "--as-of", AS_OF]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    world
}

fn list(world: &World) -> Vec<Value> {
    world.run(["snapshot", "--list", "--format", "json"]).json().as_array().unwrap().clone()
}

fn compare(world: &World, arguments: &[&str]) -> Value {
    let run = world.run(["compare", "--format", "json"].iter().chain(arguments));
    assert_eq!(run.code, 0, "{}", run.stderr);
    let comparison = run.json();
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/schema/comparison-v1.schema.json");
    let schema: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let errors: Vec<String> = jsonschema::validator_for(&schema)
        .unwrap()
        .iter_errors(&comparison)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(errors, Vec::<String>::new());
    comparison
}

fn metric<'a>(comparison: &'a Value, id: &str) -> &'a Value {
    let metrics = comparison["metrics"].as_array().unwrap();
    metrics.iter().find(|metric| metric["metric"] == id).unwrap_or_else(|| panic!("no {id}"))
}

fn says(run: &Run, part: &str) {
    assert!(run.text().contains(part), "`{part}` is not in {}{}", run.text(), run.stderr);
}

#[test]
fn a_snapshot_needs_a_workspace_and_comparing_needs_two() {
    let (world, ..) = improving();
    for arguments in [&["snapshot", "web"][..], &["snapshot", "web", "--list"], &["compare"]] {
        world.run(arguments).fails_with(2, &["no truelevel.toml there", "truelevel init"]);
    }
    world.write("truelevel.toml", CONFIGURATION);
    world.run(["compare"]).fails_with(2, &["two stored assessments are needed, and there are 0", "--backfill"]);
    world.run(["compare", "7", "8"]).fails_with(2, &["there is no snapshot 7; there are none"]);
    world.run(["snapshot", "--list", "--verify"]).fails_with(2, &["--verify"]);
    world.run(["snapshot", "--backfill", "0"]).fails_with(2, &["allowed are 1 to"]);
}

#[test]
fn weeks_are_filled_in_once_marked_and_chained() {
    let world = filled("4");
    let heads = list(&world);
    let dates: Vec<&str> = heads.iter().map(|head| &head["as_of"].as_str().unwrap()[..10]).collect();
    assert_eq!(dates, ["2026-06-14", "2026-06-21", "2026-06-28", "2026-07-05"]);
    assert!(heads.iter().all(|head| head["is_backfilled"] == true));
    assert!(heads.windows(2).all(|pair| pair[1]["previous"] == pair[0]["hash"]));
    assert_eq!(heads[0]["data_until"], "2026-06-11T15:00:00Z", "the last deployment before the end of the week");
    let again = world.run(["snapshot", "--backfill", "5", "--as-of", AS_OF]);
    assert!(
        again.stderr.contains("have a snapshot already: 2026-W24, 2026-W25, 2026-W26, 2026-W27"),
        "{}",
        again.stderr
    );
    assert_eq!(again.text().lines().count(), 1, "{}", again.text());
    let now = world.run(["snapshot", "--as-of", AS_OF, "--format", "json"]).json();
    assert_eq!((&now[0]["number"], &now[0]["is_backfilled"]), (&6.into(), &false.into()));
    says(&world.run(["snapshot", "--verify"]), "6 snapshots, each as it was written, the last is ");
    let early = world.run(["snapshot", "--backfill", "2", "--as-of", "2026-01-04"]);
    assert!(early.stderr.contains("lie before everything known: 2025-W52"), "{}", early.stderr);
}

#[test]
fn a_snapshot_that_somebody_changed_is_named() {
    let world = filled("2");
    let store = world.path().join(".truelevel/store.sqlite");
    let mut bytes = std::fs::read(&store).unwrap();
    let wanted = b"\"window_days\":90";
    let places: Vec<usize> =
        (0..bytes.len() - wanted.len()).filter(|place| bytes[*place..].starts_with(wanted)).collect();
    assert!(places.len() >= 2, "stored assessments are readable");
    // The pages of a database keep stale copies, too.
    places.iter().for_each(|place| bytes[place + wanted.len() - 1] = b'1');
    std::fs::write(&store, bytes).unwrap();
    world.run(["snapshot", "--verify"]).fails_with(1, &["the chain breaks at snapshot 1: ", "not what was hashed"]);
}

#[test]
fn an_improvement_is_more_than_noise_and_a_week_is_not() {
    let world = filled("15");
    let quarter = compare(&world, &["2026-03-29", "2026-07-05"]);
    assert_eq!((&quarter["schema"], &quarter["overlap_days"]), (&"truelevel/comparison/v1".into(), &0.0.into()));
    let lead_time = metric(&quarter, "change_lead_time");
    assert_eq!((&lead_time["verdict"], &lead_time["contrast"]), (&"better".into(), &"ratio".into()));
    assert!(lead_time["high"].as_f64().unwrap() < 1.0, "{lead_time}");
    assert_eq!(metric(&quarter, "deployment_frequency")["verdict"], "no_change_shown");
    assert_eq!(metric(&quarter, "change_fail_rate")["verdict"], "cannot_tell", "a lower bound");
    assert_eq!(quarter["basis"], Value::Array(Vec::new()));
    let week = compare(&world, &[]);
    assert_eq!(week["overlap_days"], 83.0);
    assert_eq!(metric(&week, "change_lead_time")["verdict"], "no_change_shown");
    assert_eq!((&week["before"]["snapshot"], &week["after"]["snapshot"]), (&14.into(), &15.into()));
    assert_eq!(compare(&world, &["14"]), week);
    for format in ["text", "markdown"] {
        let page = world.run(["compare", "2026-03-29", "2026-07-05", "--format", format]);
        says(&page, "better, and more than noise");
        says(&page, "as of 2026-03-29T23:59:59.999Z, 90 days, edition 2024, snapshot 1, filled in later");
    }
}

#[test]
fn what_a_changed_configuration_may_have_done_is_no_improvement() {
    let world = filled("1");
    world.write("truelevel.toml", CONFIGURATION.replace("name", "window_days = 60\nedition = \"2021\"\nname"));
    world.run(["snapshot", "--as-of", AS_OF]);
    let changed = compare(&world, &[]);
    let basis: Vec<&str> =
        changed["basis"].as_array().unwrap().iter().map(|change| change["what"].as_str().unwrap()).collect();
    assert_eq!(basis, ["window", "edition", "configuration"]);
    for metric in changed["metrics"].as_array().unwrap() {
        assert_ne!(metric["verdict"], "better", "{metric}");
        assert_ne!(metric["verdict"], "worse", "{metric}");
    }
    assert_eq!(metric(&changed, "change_lead_time")["verdict"], "not_comparable");
    says(&world.run(["compare"]), "window: 90 days → 60 days; no metric can be compared");
}

#[test]
fn two_files_are_compared_without_a_workspace() {
    let (world, ..) = improving();
    for (name, as_of) in [("before.json", "2026-03-29"), ("after.json", AS_OF)] {
        let run = world.run(["assess", "web", "gitops", "--as-of", as_of, "--format", "json"]);
        world.write(name, &run.stdout);
    }
    let comparison = compare(&world, &["before.json", "after.json"]);
    assert_eq!(metric(&comparison, "change_lead_time")["verdict"], "better");
    assert_eq!(comparison["before"]["snapshot"], Value::Null);
    world.write("other.json", "{\"schema\": \"x\"}");
    world.run(["compare", "before.json", "other.json"]).fails_with(2, &["other.json", "not an assessment"]);
    world.run(["compare", "before.json", "missing.json"]).fails_with(2, &["no truelevel.toml there"]);
}

#[test]
fn a_configuration_that_says_the_same_in_other_words_stops_no_comparison() {
    let world = filled("1");
    let reworded = "# What we assess.\n[[deployment_repository]]\npath = 'gitops'\n[[repository]]\npath = \"web\"\n\
                    [workspace]\nname = \"Shops\"\n[cost]\ncurrency = \"EUR\"\nper_day = 800.0\n\
                    days = { hours = 0.5, days = 3, weeks = 15, months = 60 }\n";
    world.write("truelevel.toml", reworded);
    world.run(["snapshot", "--as-of", AS_OF]);
    assert_eq!(compare(&world, &[])["basis"], Value::Array(Vec::new()));
    world.write("truelevel.toml", format!("{reworded}[calendar]\nworking_days = [\"monday\", \"tuesday\"]\n"));
    world.run(["snapshot", "--as-of", AS_OF]);
    assert_eq!(compare(&world, &[])["basis"][0]["what"], "configuration");
}
