//! Every payload of GitHub's webhooks that its SDK keeps as an example (`@octokit/webhooks-examples`, which
//! `cargo xtask test` brings): taken, and read as what it is.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::Value;

use crate::cli::World;
use crate::server::{Server, sign, workspace};

/// Events that become facts; all others are kept and ignored.
const READ: [&str; 5] = ["deployment", "deployment_status", "pull_request", "pull_request_review", "workflow_run"];

#[test]
fn every_example_of_github_is_taken_and_those_of_delivery_become_facts() {
    let world = workspace("[events]\nincident_labels = [\"bug\"]\n");
    let server = Server::start(&world);
    let place = "tests/payloads/node_modules/@octokit/webhooks-examples/api.github.com/index.json";
    let text = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(place));
    let all: Vec<Value> = serde_json::from_str(&text.expect("`cargo xtask test` brings the examples")).unwrap();
    let mut states: BTreeMap<(&str, String), usize> = BTreeMap::new();
    for event in &all {
        let name = event["name"].as_str().unwrap();
        for (number, example) in event["examples"].as_array().unwrap().iter().enumerate() {
            let body = example.to_string().into_bytes();
            let (delivery, signature) = (format!("{name} {number}"), sign(&body));
            let headers =
                [("x-github-event", name), ("x-github-delivery", &delivery), ("x-hub-signature-256", &signature)];
            let answer = server.post("/webhooks/github", &headers, &body);
            assert_eq!(answer.status, 202, "{delivery}: {}", answer.body);
            let state = answer.json()["state"].as_str().unwrap().to_owned();
            if state == "quarantined" {
                // In this one, made by hand, a run was updated before it was created.
                let reason = answer.json()["reason"].as_str().unwrap().to_owned();
                assert!(reason.contains("before it begins"), "{delivery}: {reason}");
            }
            *states.entry((name, state)).or_default() += 1;
        }
    }
    assert!(all.len() >= 58, "{} kinds of event", all.len());
    let read: usize = states.iter().filter(|((name, _), _)| READ.contains(name)).map(|(_, count)| count).sum();
    let expected = |(name, state): &(&str, String)| match state.as_str() {
        "normalised" => READ.contains(name) || *name == "issues",
        "ignored" => !READ.contains(name),
        "quarantined" => *name == "workflow_run",
        _ => false,
    };
    assert!(states.keys().all(expected), "{states:?}");
    assert_eq!(states[&("workflow_run", "quarantined".to_owned())], 1);
    assert!(read >= 46 && states[&("issues", "normalised".to_owned())] > 0, "{states:?}");
    drop(server);
    facts(&world);
}

/// The facts, against what stands in the examples.
fn facts(world: &World) {
    let check = |kind: &str, expected: &[&str]| {
        let run = world.run(["export", "--kind", kind, "--format", "jsonl"]);
        let found: Vec<Value> = run.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        for expected in expected {
            let expected: Value = serde_json::from_str(expected).unwrap();
            let holds = |one: &Value| expected.as_object().unwrap().iter().all(|(name, value)| one[name] == *value);
            assert!(found.iter().any(holds), "{expected} is not among {found:#?}");
        }
    };
    check(
        "deployments",
        &[r#"{"id": "145988746", "service": "Hello-World", "environment": "github-pages",
              "commit": "f95f852bd8fca8fcc58a9a2d6c842781e32a215e", "started_at": "2019-05-15T15:20:53Z"}"#],
    );
    check(
        "pipeline-runs",
        &[
            r#"{"id": "1589141559", "workflow": "Manually triggered workflow", "trigger": "workflow_dispatch",
                "started_at": "2021-12-16T19:37:22Z", "outcome": "in_progress"}"#,
            r#"{"id": "289782451", "repository": "octo-repo", "outcome": "succeeded"}"#,
        ],
    );
    check("reviews", &[r#"{"repository": "Hello-World", "number": 2, "opened_at": "2019-05-15T15:20:33Z"}"#]);
    check("incidents", &[r#"{"id": "Codertocat/Hello-World#1", "services": ["Hello-World"]}"#]);
}
