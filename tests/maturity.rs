//! The maturity model: what two windows show, what a workspace adds to it, and what teams believe.

use serde_json::Value;

use crate::cli::{World, assert_warned, service};
use crate::git::{Commit, at, git};
use crate::importing::import;
use crate::shop::{AS_OF, Shop, deployment};

fn gate<'a>(assessed: &'a Value, id: &str) -> &'a Value {
    let stages = assessed["stages"].as_array().unwrap().iter().chain(assessed["lanes"].as_array().unwrap());
    let mut gates = stages.flat_map(|stage| stage["gates"].as_array().unwrap());
    gates.find(|gate| gate["gate"] == id).unwrap_or_else(|| panic!("no gate {id}"))
}

/// A service that deploys one change every eight hours, for so many days.
fn busy_shop(days: i64) -> World {
    let world = World::new();
    let (mut web, mut gitops) = (world.repository("web"), world.repository("gitops"));
    let versions = || (0..3 * days).map(|number| (number, number / 3, 8 * (number % 3)));
    web.commits(versions().map(|(number, day, hour)| {
        Commit::at(at(day, hour)).file("feature.txt", number.to_string()).tagged(&format!("v{number}.0.0"))
    }));
    gitops.commits(
        versions()
            .map(|(number, day, hour)| deployment(at(day, hour + 2), "web", "production", &format!("v{number}.0.0"))),
    );
    world
}

fn check_two_windows(days: i64, window: &str, outcome: &str, because: &str) {
    let as_of = format!("2026-01-{days:02}T23:00:00Z");
    let assessment = busy_shop(days).assess(["web", "gitops", "--as-of", &as_of, "--window", window]);
    let gate = gate(service(&assessment, "web"), "deployments_ship_few_changes");
    assert_eq!(gate["outcome"], outcome, "{gate}");
    assert!(gate["because"].as_str().unwrap().contains(because), "{gate}");
}

#[test]
fn level_5_asks_for_what_held_in_the_window_before_too() {
    check_two_windows(30, "12", "met", "in the window before: deployment frequency: at least 1 per working day");
    check_two_windows(20, "12", "unknown", "what is known does not go back to the start of the window before");
}

#[test]
fn a_workflow_of_another_repository_shows_what_it_does_where_that_one_is_given_too() {
    let world = World::new();
    let (mut web, mut shared) = (world.repository("web"), world.repository("shared"));
    let calls = "on: [push, pull_request]\njobs: {all: {uses: shop/shared/.github/workflows/test.yml@v9}}\n";
    web.commits([Commit::at(at(0, 1)).file(".github/workflows/ci.yml", calls).file("web_test.go", "package web\n")]);
    let does = "on: workflow_call\njobs:\n  a:\n    steps:\n      - run: go test ./...\n";
    shared.commits([Commit::at(at(0, 1)).file(".github/workflows/test.yml", does)]);
    let tests = |paths: &[&str]| {
        let assessment = world.assess(paths.iter().chain(&["--as-of", "2026-01-02T00:00:00Z"]));
        gate(service(&assessment, "web"), "pipeline_runs_tests").clone()
    };

    let alone = tests(&["web"]);
    assert_eq!(alone["outcome"], "unknown", "what it is called shows nothing: {alone}");
    assert!(alone["because"].as_str().unwrap().contains("shop/shared/.github/workflows/test.yml@v9"), "{alone}");

    let check_met = |gate: &Value| {
        assert_eq!(gate["outcome"], "met", "{gate}");
        let proofs = gate["evidence"].as_array().unwrap();
        let proof = proofs.iter().find(|proof| proof["practice"] == "tests_run_in_ci").unwrap();
        assert_eq!((&proof["repository"], &proof["line"]), (&"shared".into(), &5.into()));
        assert_eq!(proof["named_as"], "shop/shared/.github/workflows/test.yml@v9");
    };
    check_met(&tests(&["web", "shared"]));
    git(&shared.path, ["remote", "add", "origin", "https://github.com/shop/shared.git"]);
    check_met(&tests(&["web", "shared"]));
    let explained = world.run(["explain", "tests_run_in_ci", "web", "shared", "--as-of", "2026-01-02T00:00:00Z"]);
    assert!(explained.text().contains("of shared at its newest commit"), "{}", explained.text());

    git(&shared.path, ["remote", "set-url", "origin", "https://github.com/elsewhere/shared.git"]);
    assert_eq!(tests(&["web", "shared"])["outcome"], "unknown", "another repository of that name is not meant");
}

#[test]
fn a_library_of_jenkins_shows_what_its_steps_do_where_it_is_the_only_one_that_has_them() {
    let world = World::new();
    let (mut web, mut steps) = (world.repository("web"), world.repository("steps"));
    let calls = "@Library('ours@v1') _\n\nbuildService(name: 'web')\n";
    web.commits([Commit::at(at(0, 1)).file("Jenkinsfile", calls).file("web_test.go", "package web\n")]);
    let does = "def call(Map config) {\n  node {\n    stage('Test') {\n      sh 'go test ./...'\n    }\n  }\n}\n";
    steps.commits([Commit::at(at(0, 1)).file("vars/buildService.groovy", does)]);
    let tests = |paths: &[&str]| {
        let assessment = world.assess(paths.iter().chain(&["--as-of", "2026-01-02T00:00:00Z"]));
        gate(service(&assessment, "web"), "pipeline_runs_tests").clone()
    };
    assert_eq!(tests(&["web"])["outcome"], "unknown");

    let met = tests(&["web", "steps"]);
    assert_eq!(met["outcome"], "met", "{met}");
    let proofs = met["evidence"].as_array().unwrap();
    let proof = proofs.iter().find(|proof| proof["practice"] == "tests_run_in_ci").unwrap();
    assert_eq!(
        (&proof["repository"], &proof["line"], &proof["named_as"]),
        (&"steps".into(), &4.into(), &"ours@v1".into())
    );

    let mut other = world.repository("other");
    other.commits([Commit::at(at(0, 1)).file("vars/buildService.groovy", does)]);
    assert_eq!(tests(&["web", "steps", "other"])["outcome"], "unknown", "either could be meant");
}

const RULES: &str = r#"
[[repository]]
path = "web"
[[deployment_repository]]
path = "gitops"

[[practice]]
id = "vetted"
title = "Dependencies are vetted"
files = "**/go.mod"
pattern = "^go 1\\.2"

[[practice]]
id = "decisions_recorded"
title = "Decisions are kept"
files = "docs/adr/**"

[[gate]]
id = "dependencies_are_vetted"
stage = "build"
level = 2
statement = "Dependencies are vetted."
all = [{ practice = "vetted" }]

[[gate]]
id = "decisions_are_kept"
stage = "build"
level = 3
statement = "Decisions are kept."
any = [{ practice = "decisions_recorded", grade = "declared" }, { metric = "change_lead_time", less_than = "1 minute" }]

[[threshold]]
gate = "deployments_are_weekly_or_better"
metric = "deployment_frequency"
at_least = "1 per month"
reason = "certified releases"

[[exemption]]
gate = "services_report_their_health"
service = "web"
owner = "team web"
reason = "a batch job"
expires = 2026-03-02

[[exemption]]
gate = "tests_are_trusted"
owner = "team web"
reason = "until the rewrite"
expires = 2026-01-31
"#;

#[test]
fn rules_of_ones_own_ask_for_more_and_never_prove_more() {
    let shop = Shop::new();
    shop.world.write("truelevel.toml", RULES);
    let assessment = shop.world.assess(["--as-of", AS_OF]);
    let web = service(&assessment, "web");

    let vetted = gate(web, "dependencies_are_vetted");
    assert_eq!(vetted["outcome"], "met");
    let proof = &vetted["evidence"][0];
    assert_eq!(
        (&proof["path"], &proof["line"], &proof["column"], &proof["end_column"]),
        (&"go.mod".into(), &3.into(), &1.into(), &7.into())
    );
    let kept = gate(web, "decisions_are_kept");
    assert_eq!(kept["outcome"], "unmet");
    assert!(kept["because"].as_str().unwrap().contains("not found in docs/adr/**"), "{kept}");

    // Eight deployments in the window are too few to say "weekly", and enough to say "monthly".
    let weekly = gate(web, "deployments_are_weekly_or_better");
    assert_eq!((&weekly["outcome"], &weekly["with_exemptions"]), (&"unknown".into(), &"met".into()), "{weekly}");
    let threshold = &weekly["own_thresholds"][0];
    assert_eq!(
        (&threshold["own"], &threshold["catalog"]),
        (&"at least 1 per month".into(), &"at least 1 per week".into())
    );

    let health = gate(web, "services_report_their_health");
    assert_eq!((&health["outcome"], &health["with_exemptions"]), (&"unmet".into(), &"met".into()));
    assert_eq!(health["exemption"]["owner"], "team web");
    let observe = web["stages"].as_array().unwrap().iter().find(|stage| stage["stage"] == "observe").unwrap();
    assert_eq!((&observe["proven"], &observe["with_exemptions"]), (&1.into(), &2.into()));
    assert_eq!(web["level"]["proven"], 1);

    let warnings = assessment["coverage"]["warnings"].to_string();
    assert!(
        warnings
            .contains("truelevel.toml:46:8: the exemption of `tests_are_trusted` ended on 2026-01-31 and is ignored"),
        "{warnings}"
    );
    let page = shop.world.run(["assess", "--as-of", AS_OF]);
    assert!(
        page.text().contains("web is exempted from `services_report_their_health` until 2026-03-02"),
        "{}",
        page.text()
    );
    let explained = shop.world.run(["explain", "decisions_are_kept", "--as-of", AS_OF]);
    assert!(explained.text().contains("web: unmet"), "{}{}", explained.text(), explained.stderr);
}

const WORKSPACE: &str = "[[repository]]\npath = \"web\"\n[[deployment_repository]]\npath = \"gitops\"\n";

fn proven(assessment: &Value) -> Vec<u64> {
    let all = assessment["stages"].as_array().unwrap().iter().chain(assessment["lanes"].as_array().unwrap());
    all.map(|stage| stage["proven"].as_u64().unwrap()).collect()
}

#[test]
fn what_somebody_claims_of_practices_proves_nothing_that_nobody_can_check() {
    let world = busy_shop(30);
    world.write("truelevel.toml", WORKSPACE);
    let as_of = "2026-01-30T23:00:00Z";
    let before = world.assess(["--as-of", as_of]);
    let claims = |address: &str| -> String {
        let practices = ["backups", "restore_tests", "post_mortems", "rollback_path", "redundancy", "slo_defined"];
        let claim = |practice: &&str| {
            format!(
                "{{\"kind\": \"evidence\", \"practice\": \"{practice}\", \"grade\": \"effective\", \"summary\": \"we are good at it\", {address}\"observed_at\": \"2026-01-20T00:00:00Z\"}}\n"
            )
        };
        practices.iter().map(claim).collect()
    };
    world.write("claims.jsonl", claims(""));
    import(&world, &["claims.jsonl"]);
    let claimed = world.assess(["--as-of", as_of]);
    assert_eq!(proven(&claimed), proven(&before));
    let learned = gate(service(&claimed, "web"), "failures_are_learned_from");
    assert_eq!(learned["outcome"], "unmet", "the detector looked: {learned}");

    world.write("claims.jsonl", claims("\"address\": \"https://wiki.shop/1\", "));
    import(&world, &["claims.jsonl"]);
    let shown = world.assess(["--as-of", as_of]);
    let learned = gate(service(&shown, "web"), "failures_are_learned_from");
    assert_eq!((&learned["outcome"], &learned["evidence"][0]["grade"]), (&"met".into(), &"exercised".into()));
    assert_eq!(learned["evidence"][0]["is_reported"], true, "{learned}");
    assert!(learned["because"].as_str().unwrap().contains("by a report alone"), "{learned}");
    let restored = gate(service(&shown, "web"), "backups_restore");
    assert_eq!(restored["outcome"], "unknown", "nobody says what was measured: {restored}");
    assert_warned(&shown, &["of 1 service by reports alone", "failures_are_learned_from"]);
}

#[test]
fn deployments_that_automation_judged_and_stopped_prove_gradual_rollouts() {
    let world = busy_shop(30);
    world.write("truelevel.toml", "[[repository]]\npath = \"web\"\n");
    let mut text = "service,environment,version,outcome,finished_at,strategy,aborted_automatically\n".to_owned();
    for number in 0..30 {
        let (outcome, aborted) = if number % 10 == 9 { ("failed", true) } else { ("succeeded", false) };
        let finished_at = truelevel_model::Time::from_seconds(at(number, 2));
        text += &format!("web,production,v{}.0.0,{outcome},{finished_at},canary,{aborted}\n", 3 * number);
    }
    world.write("deployments.csv", text);
    import(&world, &["deployments.csv"]);
    let assessment = world.assess(["--as-of", "2026-01-30T23:00:00Z"]);
    let rollout = gate(service(&assessment, "web"), "rollout_is_progressive_and_aborts_itself");
    assert_eq!(rollout["outcome"], "met", "{rollout}");
    let texts: Vec<&str> =
        rollout["evidence"].as_array().unwrap().iter().map(|it| it["text"].as_str().unwrap()).collect();
    assert_eq!(
        texts,
        [
            "of 30 deployments that met a part of production first, automation stopped 3",
            "automation stopped or took back 3 production deployments"
        ]
    );
}

#[test]
fn repositories_alone_say_what_is_declared_and_what_would_prove_it() {
    let world = World::new();
    let mut web = world.repository("web");
    let ci = "on: [push, pull_request]\njobs:\n  test:\n    steps: [{run: cargo test}]\n";
    web.commit(Commit::at(at(1, 1)).file(".github/workflows/ci.yml", ci).file("tests/all.rs", "#[test] fn a() {}\n"));
    let assessment = world.assess(["web", "--as-of", AS_OF]);
    let gates = gate(service(&assessment, "web"), "failing_tests_stop_changes");
    assert_eq!((&gates["outcome"], &gates["is_intention"]), (&"unknown".into(), &true.into()), "{gates}");
    let provable = gates["provable_by"].as_str().unwrap();
    assert!(provable.starts_with("tests gate changes: a run of .github/workflows/ci.yml"), "{provable}");
    let back = gate(service(&assessment, "web"), "going_back_is_rehearsed");
    assert_eq!(back["outcome"], "unknown", "one rollback would show it: {back}");
    let page = world.run(["assess", "web", "--as-of", AS_OF]);
    for part in ["Declared, and not shown to run", "test, level 3", "a run of", ".github/workflows/ci.yml"] {
        assert!(page.text().contains(part), "{part}: {}", page.text());
    }
}

#[test]
fn belief_stands_beside_evidence_and_changes_none_of_it() {
    let shop = Shop::new();
    shop.world
        .write("truelevel.toml", "[[repository]]\npath = \"web\"\n[[deployment_repository]]\npath = \"gitops\"\n");
    let before = shop.world.assess(["--as-of", AS_OF]);
    let said =
        shop.world.run(["declare", "--stage", "build", "--level", "4", "--by", "team web", "--at", "2026-02-01"]);
    assert_eq!(said.code, 0, "{}", said.stderr);
    shop.world.write(
        "beliefs.toml",
        "by = \"team web\"\nservice = \"web\"\n[[stage]]\nstage = \"observe\"\nlevel = 3\n[[gate]]\ngate = \"pipeline_runs_tests\"\nanswer = \"yes\"\n[[gate]]\ngate = \"parts_are_tested_together\"\nanswer = \"no\"\n[[gate]]\ngate = \"backups_restore\"\nanswer = \"unknown\"\n",
    );
    assert_eq!(shop.world.run(["declare", "--file", "beliefs.toml", "--at", "2026-02-02"]).code, 0);

    let after = shop.world.assess(["--as-of", AS_OF]);
    let levels = |assessment: &Value, field: &str| -> Vec<(String, Value)> {
        let stages = assessment["stages"].as_array().unwrap().iter();
        stages.map(|stage| (stage["stage"].as_str().unwrap().to_owned(), stage[field].clone())).collect()
    };
    assert_eq!(levels(&after, "proven"), levels(&before, "proven"));
    assert_eq!(levels(&after, "possible"), levels(&before, "possible"));
    let expected = [
        ("build", Value::from(4)),
        ("test", 2.into()),
        ("deploy", Value::Null),
        ("observe", 3.into()),
        ("recover", Value::Null),
    ];
    assert_eq!(levels(&after, "declared"), expected.map(|(stage, level)| (stage.to_owned(), level)));
    assert_eq!((&after["level"]["declared"], &before["level"]["declared"]), (&2.into(), &Value::Null));
    let earlier = shop.world.assess(["--as-of", "2026-01-25"]);
    assert_eq!(
        levels(&earlier, "declared"),
        levels(&after, "declared"),
        "what is said first stands for what was before"
    );
    assert_eq!(gate(service(&after, "web"), "backups_restore")["declared"], "unknown");

    let gaps = after["belief_gaps"].as_array().unwrap();
    assert_eq!(
        (&gaps[0]["stage"], &gaps[0]["declared"], &gaps[0]["proven"]),
        (&"observe".into(), &3.into(), &1.into())
    );
    assert!(
        gaps[0]["because"].as_str().unwrap().starts_with("looked at, and not met: The service tells"),
        "{}",
        gaps[0]
    );
    let page = shop.world.run(["assess", "--as-of", AS_OF]);
    assert!(page.text().contains("1. observe: said 3, proven 1; looked at, and not met"), "{}", page.text());

    shop.world
        .run(["declare", "--stage", "ship", "--level", "4", "--by", "x"])
        .fails_with(2, &["there is no stage `ship`", "build"]);
    shop.world.run(["declare", "--stage", "build", "--level", "4"]).fails_with(2, &["--by"]);
    shop.world.run(["declare"]).fails_with(2, &["nothing is said", "--file"]);
    shop.world
        .run(["declare", "web", "--stage", "build", "--level", "4", "--by", "x"])
        .fails_with(2, &["truelevel init"]);
}
