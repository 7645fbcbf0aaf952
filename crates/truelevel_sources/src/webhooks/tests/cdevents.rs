//! CDEvents' conformance files, of every version that is read.

use super::*;

const VERSIONS: [(&str, usize, &str); 3] = [
    ("0.3.0", 39, include_str!("../../../../../fixtures/cdevents/0.3.jsonl")),
    ("0.4.1", 45, include_str!("../../../../../fixtures/cdevents/0.4.jsonl")),
    ("0.5.1", 45, include_str!("../../../../../fixtures/cdevents/0.5.jsonl")),
];
/// What becomes facts; everything else is kept and ignored.
const READ: [&str; 6] = [
    "incident.detected",
    "incident.reported",
    "incident.resolved",
    "service.deployed",
    "service.rolledback",
    "service.upgraded",
];

fn events(text: &str) -> Vec<Value> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn is_read(event: &Value) -> bool {
    let kind = event["context"]["type"].as_str().unwrap();
    READ.iter().any(|read| kind.starts_with(&format!("dev.cdevents.{read}.")))
}

#[test]
fn every_conformance_file_of_cdevents_is_taken_and_those_of_delivery_become_facts() {
    for (version, count, text) in VERSIONS {
        let events = events(text);
        assert_eq!(events.len(), count, "{version}");
        for event in &events {
            let kind = event["context"]["type"].as_str().unwrap();
            let structured = json!({ "specversion": "1.0", "id": "1", "source": "/ci", "type": kind, "data": event });
            for body in [event, &structured] {
                let raw = take("cdevents", "", &[], body);
                assert_eq!(raw.kind, kind);
                let reading = read(&raw, &names());
                let expected = if is_read(event) { EventState::Normalised } else { EventState::Ignored };
                assert_eq!(reading.state(), expected, "{version} {kind}: {:?}", reading.reason());
            }
        }
        let reading = read(&take("cdevents", "", &[], &Value::from(events)), &names());
        let told = (reading.facts.deployments.len(), reading.facts.incidents.len(), reading.resolutions.len());
        assert_eq!((reading.problems, told), (Vec::<String>::new(), (3, 2, 1)), "{version} in one batch");
    }
}

#[test]
fn the_conformance_files_of_cdevents_say_what_stands_in_them() {
    for (version, _, text) in VERSIONS {
        let events = events(text);
        let of = |kind: &str| {
            let is_it = |event: &&Value| event["context"]["type"].as_str().unwrap().contains(kind);
            read(&take("cdevents", "", &[], events.iter().find(is_it).unwrap()), &names())
        };
        let deployed = of("service.deployed").facts.deployments.remove(0);
        assert_eq!(
            (deployed.service.as_str(), deployed.environment.as_str(), deployed.finished_at.to_string().as_str()),
            ("mySubject123", "test123", "2023-03-20T14:27:05.315Z"),
            "{version}"
        );
        let digest = "sha256:0b31b1c02ff458ad9b7b81cbdf8f028bd54699fa151f221d1e8de6817db93427";
        assert_eq!(deployed.version, digest, "{version}");
        let detected = of("incident.detected").facts.incidents.remove(0);
        assert_eq!(
            (detected.services[0].as_str(), detected.caused_by.as_deref(), detected.detected_by_alert),
            ("myApp", Some(digest), Some(true)),
            "{version}"
        );
        let resolved = of("incident.resolved").resolutions.remove(0);
        assert_eq!((&resolved.incident, resolved.resolved_at), (&detected.id, detected.started_at), "{version}");
    }
}
