//! Findings for code scanning, in the form that it asks for.

use serde_json::Value;

use crate::cli::World;
use crate::git::{Commit, at, git};
use crate::shop::{AS_OF, Shop};

/// What SARIF 2.1.0 asks of the parts that are written here; every other member is refused.
const SCHEMA: &str = include_str!("../fixtures/sarif/used-parts.schema.json");

fn findings<'a>(world: &World, arguments: impl IntoIterator<Item = &'a str>) -> Value {
    let log = world.run(["assess", "--format", "sarif"].into_iter().chain(arguments)).json();
    let schema: Value = serde_json::from_str(SCHEMA).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults: Vec<String> =
        validator.iter_errors(&log).map(|error| format!("{}: {error}", error.instance_path())).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    let results = log["runs"].as_array().unwrap().iter().flat_map(|run| run["results"].as_array().unwrap());
    for result in results.filter(|result| result["ruleId"] != "file_not_understood") {
        let related = result["relatedLocations"].as_array().into_iter().flatten();
        for place in result["locations"].as_array().unwrap().iter().chain(related) {
            let region = &place["physicalLocation"]["region"];
            let is_whole = region["endLine"] == region["startLine"]
                && region["endColumn"].as_u64() > region["startColumn"].as_u64();
            assert!(region["startColumn"].is_null() || is_whole, "a place has an end: {place}");
        }
    }
    log
}

fn results<'l>(log: &'l Value, rule: &str) -> Vec<&'l Value> {
    let runs = log["runs"].as_array().unwrap().iter();
    let results = runs.flat_map(|run| run["results"].as_array().unwrap());
    results.filter(|result| result["ruleId"] == rule).collect()
}

#[test]
fn unmet_gates_are_findings_and_intentions_are_notes_at_their_places() {
    let shop = Shop::new();
    git(&shop.web.path, ["remote", "add", "origin", "https://user:hunter2@github.com/shop/web.git"]);
    let log = findings(&shop.world, ["web", "gitops", "--as-of", AS_OF]);
    let runs: Vec<_> = log["runs"].as_array().unwrap().iter().map(|run| &run["automationDetails"]["id"]).collect();
    assert_eq!(runs, ["truelevel/web/", "truelevel/gitops/"], "addresses in a run are relative to one repository");
    let provenance = &log["runs"][0]["versionControlProvenance"][0];
    assert_eq!(provenance["repositoryUri"], "https://github.com/shop/web");
    assert_eq!(provenance["revisionId"].as_str().unwrap().len(), 40);

    let missing = results(&log, "services_report_their_health");
    assert_eq!((missing.len(), &missing[0]["level"]), (1, &"warning".into()));
    assert!(missing[0]["message"]["text"].as_str().unwrap().starts_with("web, observe level 2, not met"));

    let intention = results(&log, "every_change_is_built")[0];
    assert_eq!(intention["level"], "note");
    let place = &intention["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], ".github/workflows/ci.yml");
    assert!(place["region"]["startLine"].as_u64() > Some(0) && place["region"]["startColumn"].as_u64() > Some(0));

    // A command inside a script is marked from its first to its last character.
    let tests = results(&log, "failing_tests_stop_changes")[0];
    let region = &tests["locations"][0]["physicalLocation"]["region"];
    let (start, end) = (region["startColumn"].as_u64().unwrap(), region["endColumn"].as_u64().unwrap());
    assert_eq!((end - start) as usize, "go test".len(), "{region}");

    assert!(results(&log, "build_is_scripted_and_run_by_ci").is_empty(), "what is met is no finding");
    let rules = log["runs"][0]["tool"]["driver"]["rules"].as_array().unwrap();
    for result in results(&log, "every_change_is_built") {
        assert_eq!(rules[result["ruleIndex"].as_u64().unwrap() as usize]["id"], result["ruleId"]);
    }
    assert!(!log.to_string().contains("hunter2"));
}

#[test]
fn a_file_that_cannot_be_read_is_a_note_at_its_line() {
    let world = World::new();
    let mut repository = world.repository("odd");
    repository.commit(Commit::at(at(1, 0)).file(".github/workflows/a b#.yml", "on: push\njobs: [\n"));
    let log = findings(&world, ["odd", "--as-of", "2026-01-05"]);
    let place = &results(&log, "file_not_understood")[0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], ".github/workflows/a%20b%23.yml");
    assert!(place["region"]["startLine"].as_u64() > Some(0));
}
