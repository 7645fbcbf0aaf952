//! Findings, against the schema of SARIF 2.1.0 as its committee publishes it, which `cargo xtask test` brings.

use std::path::Path;

use serde_json::Value;

use crate::cli::World;
use crate::git::{Commit, at, git};
use crate::shop::{AS_OF, Shop};

fn log<'a>(world: &World, arguments: impl IntoIterator<Item = &'a str>) -> Value {
    world.run(["assess", "--format", "sarif"].into_iter().chain(arguments)).json()
}

#[test]
fn every_log_is_valid_by_the_published_schema() {
    let place =
        "tests/sarif_schema/node_modules/@datadog/datadog-ci-plugin-sarif/dist/json-schema/sarif-schema-2.1.0.json";
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(place));
    let schema: Value = serde_json::from_str(&text.expect("`cargo xtask test` brings the schema")).unwrap();
    let validator = jsonschema::validator_for(&schema).unwrap();
    let faults = |log: &Value| -> Vec<String> {
        validator.iter_errors(log).map(|error| format!("{}: {error}", error.instance_path())).collect()
    };

    let shop = Shop::new();
    git(&shop.web.path, ["remote", "add", "origin", "https://github.com/shop/web.git"]);
    let usual = log(&shop.world, ["web", "gitops", "--as-of", AS_OF]);
    let without_repository = log(&shop.world, ["gitops", "--as-of", AS_OF]);
    let world = World::new();
    let mut repository = world.repository("odd");
    repository.commit(Commit::at(at(1, 0)).file(".github/workflows/a b#.yml", "on: push\njobs: [\n"));
    let unreadable = log(&world, ["odd", "--as-of", "2026-01-05"]);
    for log in [&usual, &without_repository, &unreadable] {
        assert_eq!(faults(log), Vec::<String>::new());
    }

    let mut wrong = usual;
    wrong["runs"][0]["results"][0]["level"] = "grave".into();
    assert!(!faults(&wrong).is_empty(), "a level that SARIF does not know is refused");
}
