//! The made-up organisation, through the binary.

use serde_json::Value;

use crate::cli::{World, service};

#[test]
fn a_demo_answers_what_was_planted_in_it() {
    let world = World::new();
    let made = world.run(["demo", "org", "--services", "12", "--seed", "3", "--as-of", "2026-08-21T17:00:00Z"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let truth: Value = serde_json::from_str(&world.read("org/truth.json")).unwrap();
    let assessment = world.assess(["org", "--as-of", "2026-08-21T17:00:00Z"]);
    let planted = truth["services"].as_array().unwrap();
    assert_eq!(planted.len(), 12);
    for planted in planted {
        let found = service(&assessment, planted["service"].as_str().unwrap());
        assert_eq!(found["team"], planted["team"]);
        assert_eq!(found["metrics"]["deployment_frequency"]["n"], planted["deployments"]);
        assert_eq!(found["metrics"]["change_lead_time"]["n"], planted["shipped"]);
        let failures = found["metrics"]["change_fail_rate"]["details"]["failures"].as_f64().unwrap_or_default();
        assert_eq!(Some(failures), planted["failures"].as_f64());
    }
}

#[test]
fn the_same_seed_gives_the_same_bytes_and_nothing_is_written_over() {
    let world = World::new();
    let arguments = |folder: &'static str| ["demo", folder, "--services", "6", "--as-of", "2026-08-21T17:00:00Z"];
    assert_eq!(world.run(arguments("one")).code, 0);
    assert_eq!(world.run(arguments("two")).code, 0);
    let answer = |folder| world.run(["assess", folder, "--as-of", "2026-08-21T17:00:00Z"]).stdout;
    assert_eq!(answer("one"), answer("two"));
    world.run(arguments("one")).fails_with(2, &["holds a workspace already"]);
}
