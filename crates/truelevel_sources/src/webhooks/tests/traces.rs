//! Traces as OpenTelemetry's Python SDK sends them (`fixtures/otlp/`), and as its specification shows them.

use super::*;

const PROTOBUF: &[(&str, &str)] = &[("content-type", "application/x-protobuf")];

fn sent() -> RawEvent {
    let body = include_bytes!("../../../../../fixtures/otlp/python_sdk.bin");
    sender("otlp").unwrap().take(&headers(PROTOBUF), "", body, now()).unwrap()
}

#[test]
fn spans_of_the_python_sdk_are_runs_and_deployments() {
    let reading = read(&sent(), &names());
    assert_eq!(reading.reason(), None);
    let runs: Vec<_> = reading.facts.pipeline_runs.iter().map(|run| (run.workflow.as_str(), run.outcome)).collect();
    assert_eq!(runs, [("build", RunOutcome::Succeeded), ("release", RunOutcome::Failed)]);
    let run = &reading.facts.pipeline_runs[0];
    assert_eq!((run.id.as_str(), run.repository.as_str()), ("https://github.com/acme/shop 4711", "shop"));
    assert_eq!((run.started_at.millis(), run.finished_at.unwrap().millis()), (1_787_306_400_000, 1_787_306_490_000));
    assert_eq!(run.branch.as_deref(), Some("main"));
    assert!(reading.facts.pipeline_runs[1].id.ends_with(" 4712"), "an id that is a number");
    let [deployment] = reading.facts.deployments.as_slice() else { panic!("{:?}", reading.facts.deployments) };
    assert_eq!((deployment.service.as_str(), deployment.environment.as_str()), ("shop", "production"));
    assert_eq!((deployment.id.as_str(), deployment.outcome), ("shop d-1", DeploymentOutcome::Succeeded));
    assert_eq!(deployment.commit.unwrap().to_string(), "0b31c1e3f1f0b4a6a4b0f5d0c8d97dbbb1d2f3a4");
}

#[test]
fn what_is_kept_of_protobuf_is_the_json_that_means_the_same() {
    let kept: Value = serde_json::from_slice(&sent().body).unwrap();
    let again = take("otlp", "", &[("content-type", "application/json")], &kept);
    assert_eq!(read(&again, &names()).facts.pipeline_runs, read(&sent(), &names()).facts.pipeline_runs);
    assert_eq!(sent().delivery, again.delivery, "sent twice, kept once");
}

/// As `examples/trace.json` of the protocol's repository is made: ids in capitals, times as numbers.
fn request(attributes: &[(&str, &str)]) -> Value {
    let attributes: Vec<_> =
        attributes.iter().map(|(key, value)| json!({ "key": key, "value": { "stringValue": value } })).collect();
    json!({ "resourceSpans": [{
        "resource": { "attributes": [{ "key": "service.name", "value": { "stringValue": "my.service" } }] },
        "scopeSpans": [{ "scope": { "name": "my.library" }, "spans": [{
            "traceId": "5B8EFFF798038103D269B633813FC60C", "spanId": "EEE19B7EC3C1B174", "name": "I'm a server span",
            "startTimeUnixNano": 1_544_712_660_000_000_000_u64, "endTimeUnixNano": 1_544_712_661_000_000_000_u64,
            "kind": 2, "attributes": attributes,
        }] }],
    }] })
}

#[test]
fn spans_of_anything_else_are_ignored_and_half_told_ones_named() {
    let state = |attributes: &[(&str, &str)]| {
        let reading = read(&take("otlp", "", &[], &request(attributes)), &names());
        (reading.state(), reading.reason().unwrap_or_default())
    };
    assert_eq!(state(&[("my.span.attr", "some value")]).0, EventState::Ignored);
    assert_eq!(state(&[("deployment.environment.name", "production")]).0, EventState::Ignored);
    let (became, reason) = state(&[("cicd.pipeline.result", "success")]);
    assert_eq!(became, EventState::Quarantined);
    assert_eq!(reason, "span I'm a server span: `vcs.repository.url.full` is missing");
    let empty = read(&take("otlp", "", &[], &json!({})), &names());
    assert_eq!(empty.state(), EventState::Ignored);
    assert!(sender("otlp").unwrap().take(&headers(&[]), "", b"[]", now()).is_err());
}

#[test]
fn older_names_of_attributes_are_read() {
    let told = [
        ("cicd.pipeline.run.status", "cancelled"),
        ("vcs.repository.name", "shop"),
        ("vcs.repository.ref.revision", SHA),
        ("vcs.ref.head", "refs/heads/main"),
    ];
    let run = facts("otlp", "", &[], &request(&told)).pipeline_runs.remove(0);
    assert_eq!((run.outcome, run.branch.as_deref()), (RunOutcome::Cancelled, Some("main")));
    assert_eq!(run.id, "5b8efff798038103d269b633813fc60c eee19b7ec3c1b174");
}
