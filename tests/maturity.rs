//! The maturity model: what two windows show, one's own gates, exemptions and beliefs.

use serde_json::Value;

use crate::cli::{World, service};
use crate::git::{Commit, at};
use crate::shop::deployment;

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
