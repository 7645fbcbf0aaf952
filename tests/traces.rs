//! Traces over OpenTelemetry's protocol: every form of request, and the answer in the same form.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::cli::{World, service_names};
use crate::server::{Answer, SECRET, Server};

/// What OpenTelemetry's Python SDK sent: two runs and a deployment of `shop`, 21 August 2026.
const FROM_PYTHON: &[u8] = include_bytes!("../fixtures/otlp/python_sdk.bin");

pub(crate) fn workspace() -> World {
    let world = World::new();
    world.write("truelevel.toml", "[[webhooks]]\nsender = \"otlp\"\nsecret_env = \"SECRET\"\n");
    world
}

fn send(server: &Server, kind: &str, more: &[(&str, &str)], body: &[u8]) -> Answer {
    let bearer = format!("Bearer {SECRET}");
    let headers = [&[("content-type", kind), ("authorization", bearer.as_str())], more].concat();
    server.post("/v1/traces", &headers, body)
}

const PROTOBUF: &str = "application/x-protobuf";
const JSON: &str = "application/json";

#[test]
fn a_trace_counts_once_however_it_comes() {
    let world = workspace();
    let server = Server::start(&world);
    let mut packed = GzEncoder::new(Vec::new(), Compression::best());
    packed.write_all(FROM_PYTHON).unwrap();
    let packed = packed.finish().unwrap();
    for (more, body) in [(&[][..], FROM_PYTHON), (&[("content-encoding", "gzip")], &packed)] {
        let answer = send(&server, PROTOBUF, more, body);
        assert_eq!((answer.status, answer.body.as_str()), (200, ""), "{answer:?}");
        assert!(answer.head.contains("content-type: application/x-protobuf"), "{answer:?}");
    }
    let series = server.get("/metrics", &[]).body;
    assert!(series.contains("\ntruelevel_events_kept_total 1\n"), "{series}");
    assert!(series.contains("\ntruelevel_events_duplicate_total 1\n"), "{series}");
    assert_eq!(server.stop("-TERM"), Some(0));
    let assessment = world.assess(["--as-of", "2026-08-22", "truelevel.toml"]);
    assert_eq!(service_names(&assessment), ["shop"]);
    assert_eq!(assessment["services"][0]["metrics"]["deployment_frequency"]["n"], 1, "{assessment}");
}

#[test]
fn what_is_wrong_is_told_in_the_form_of_the_request() {
    let world = workspace();
    let server = Server::start(&world);
    let half_told = json!({ "resourceSpans": [{ "scopeSpans": [{ "spans": [{
        "traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": "run",
        "startTimeUnixNano": "1787306400000000000", "endTimeUnixNano": "1787306490000000000",
        "attributes": [{ "key": "cicd.pipeline.result", "value": { "stringValue": "success" } }],
    }] }] }] });
    let warned = send(&server, JSON, &[], half_told.to_string().as_bytes());
    let expected = json!({ "partialSuccess": { "errorMessage": "span run: `vcs.repository.url.full` is missing" } });
    assert_eq!((warned.status, warned.json()), (200, expected));
    assert_eq!(send(&server, JSON, &[], b"{}").json(), json!({}));

    let not_protobuf = send(&server, PROTOBUF, &[], b"{}");
    assert_eq!(
        (not_protobuf.status, not_protobuf.body.as_str()),
        (400, "\u{12}+the body is not protobuf as its header says")
    );
    let not_json = send(&server, JSON, &[], b"{");
    assert!(
        not_json.status == 400 && not_json.json()["message"].as_str().unwrap().contains("not JSON"),
        "{not_json:?}"
    );
    let stranger = server.post("/v1/traces", &[("content-type", PROTOBUF)], FROM_PYTHON);
    assert!(stranger.status == 401 && stranger.head.contains("content-type: application/x-protobuf"), "{stranger:?}");
    drop(server);
    let listed = world.run(["events"]);
    assert!(listed.text().contains("`vcs.repository.url.full` is missing"), "{}", listed.text());
}
