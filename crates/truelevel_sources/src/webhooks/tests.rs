use serde_json::{Value, json};
use truelevel_model::Time;
use truelevel_model::events::EventState;
use truelevel_model::facts::{DeploymentOutcome, RunOutcome};

use super::*;

mod cdevents;
mod ci;
mod drop_ins;
mod gitops;
mod incidents;
mod recorded;
mod traces;

const SHA: &str = "f95f852bd8fca8fcc58a9a2d6c842781e32a215e";

fn now() -> Time {
    Time::parse("2026-08-21T17:00:00Z").unwrap()
}

fn headers(pairs: &[(&str, &str)]) -> Headers {
    pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
}

fn names() -> Names {
    Names {
        services: BTreeMap::from([("Checkout".to_owned(), "shop".to_owned())]),
        incident_labels: vec!["incident".to_owned()],
        ..Names::default()
    }
}

#[track_caller]
fn take(id: &str, path: &str, given: &[(&str, &str)], body: &Value) -> RawEvent {
    sender(id).unwrap().take(&headers(given), path, body.to_string().as_bytes(), now()).unwrap()
}

#[track_caller]
fn facts(id: &str, path: &str, given: &[(&str, &str)], body: &Value) -> truelevel_model::facts::Facts {
    let reading = read(&take(id, path, given, body), &names());
    assert_eq!(reading.reason(), None);
    reading.facts
}

fn text(time: Option<Time>) -> String {
    time.map_or_else(|| "never".to_owned(), |time| time.to_string())
}

#[test]
fn senders_are_sorted_and_told_apart() {
    let ids: Vec<_> = SENDERS.iter().map(|sender| sender.id).collect();
    assert!(ids.is_sorted(), "{ids:?}");
}

fn github_status(state: &str) -> Value {
    json!({
        "action": "created",
        "deployment_status": { "id": 2, "state": state, "created_at": "2026-08-21T10:05:00Z", "updated_at": "2026-08-21T10:05:00Z" },
        "deployment": { "id": 1, "sha": SHA, "ref": "main", "environment": "production", "created_at": "2026-08-21T10:00:00Z" },
        "repository": { "full_name": "acme/web" },
    })
}

const STATUS: &[(&str, &str)] = &[("x-github-event", "deployment_status"), ("x-github-delivery", "72d3162e")];

#[test]
fn a_deployment_status_of_github_is_a_deployment_of_the_repositorys_service() {
    let raw = take("github", "", STATUS, &github_status("success"));
    assert_eq!((raw.delivery.as_str(), raw.kind.as_str()), ("72d3162e", "deployment_status"));
    let facts = facts("github", "", STATUS, &github_status("success"));
    let deployment = &facts.deployments[0];
    assert_eq!((deployment.id.as_str(), deployment.service.as_str(), deployment.version.as_str()), ("1", "web", SHA));
    assert_eq!(deployment.outcome, DeploymentOutcome::Succeeded);
    assert_eq!(text(deployment.started_at), "2026-08-21T10:00:00Z");
    assert_eq!(deployment.finished_at.to_string(), "2026-08-21T10:05:00Z");
    let reading = read(&take("github", "", STATUS, &github_status("inactive")), &names());
    assert_eq!(reading.state(), EventState::Ignored);
    let reading = read(&take("github", "", STATUS, &github_status("odd")), &names());
    assert_eq!(reading.reason().unwrap(), "`deployment_status.state` is unknown: odd");
}

#[test]
fn what_no_clock_could_show_is_quarantined_with_its_reason() {
    let mut body = github_status("success");
    body["deployment"]["created_at"] = "2026-08-21T11:00:00Z".into();
    let reading = read(&take("github", "", STATUS, &body), &names());
    assert!(reading.facts.deployments.is_empty());
    let reason = "deployment 1: it ends at 2026-08-21T10:05:00Z, before it begins at 2026-08-21T11:00:00Z";
    assert_eq!(reading.reason().unwrap(), reason);
}

#[test]
fn what_lay_ahead_of_a_clock_that_was_set_back_is_read_when_the_clock_is_right_again() {
    let mut body = github_status("success");
    for path in ["/deployment/created_at", "/deployment_status/created_at", "/deployment_status/updated_at"] {
        *body.pointer_mut(path).unwrap() = "2026-08-21T20:00:00Z".into();
    }
    let raw = take("github", "", STATUS, &body);
    assert!(read(&raw, &names()).reason().unwrap().contains("lies after its receipt"));
    let later = Time::parse("2026-08-21T20:01:00Z").unwrap();
    let reading = read_again(&raw, &names(), later);
    assert_eq!((reading.facts.deployments.len(), reading.reason()), (1, None));
    let earlier = read_again(&raw, &names(), Time::MIN);
    assert_eq!(earlier.state(), EventState::Quarantined, "and a clock that is wrong now decides nothing");
}

#[test]
fn a_review_of_github_counts_as_an_answer_unless_it_is_ones_own_or_a_machines() {
    let check = |login: &str, kind: &str, state: &str, expected: (&str, &str)| {
        let body = json!({
            "review": { "state": state, "submitted_at": "2026-08-21T10:30:00Z", "user": { "login": login, "type": kind } },
            "pull_request": {
                "number": 7, "created_at": "2026-08-21T10:00:00Z", "updated_at": "2026-08-21T10:30:00Z",
                "user": { "login": "author", "type": "User" }, "labels": [{ "name": "bug" }],
            },
            "repository": { "full_name": "acme/web" },
        });
        let facts = facts("github", "", &[("x-github-event", "pull_request_review")], &body);
        let review = &facts.reviews[0];
        assert_eq!(
            (text(review.first_response_at), text(review.approved_at)),
            (expected.0.to_owned(), expected.1.to_owned())
        );
    };
    let at = "2026-08-21T10:30:00Z";
    check("other", "User", "approved", (at, at));
    check("other", "User", "commented", (at, "never"));
    check("author", "User", "commented", ("never", "never"));
    check("scanner[bot]", "Bot", "approved", ("never", "never"));
}

#[test]
fn an_issue_of_github_is_an_incident_by_its_label() {
    let body = |label: &str| {
        json!({
            "action": "closed",
            "issue": {
                "number": 9, "created_at": "2026-08-21T10:00:00Z", "updated_at": "2026-08-21T11:00:00Z",
                "closed_at": "2026-08-21T11:00:00Z", "labels": [{ "name": label }, { "name": "SEV-1" }],
            },
            "repository": { "full_name": "acme/web" },
        })
    };
    let given = [("x-github-event", "issues")];
    let facts = facts("github", "", &given, &body("Incident"));
    let incident = &facts.incidents[0];
    assert_eq!((incident.id.as_str(), incident.severity.as_deref()), ("acme/web#9", Some("SEV-1")));
    assert_eq!(text(incident.resolved_at), "2026-08-21T11:00:00Z");
    assert_eq!(read(&take("github", "", &given, &body("bug")), &names()).state(), EventState::Ignored);
}

#[test]
fn a_deployment_of_gitlab_is_read_with_and_without_what_newer_versions_send() {
    let mut body = json!({
        "object_kind": "deployment", "status": "success", "deployable_id": 796, "environment": "production",
        "project": { "path_with_namespace": "acme/web" }, "short_sha": "f95f852b",
        "commit_url": format!("https://gitlab.example.org/acme/web/-/commit/{SHA}"),
    });
    let old = facts("gitlab", "", &[], &body).deployments.remove(0);
    assert_eq!((old.id.as_str(), old.finished_at), ("job 796", now()));
    assert_eq!(old.commit.unwrap().to_string(), SHA);
    body["deployment_id"] = 15.into();
    body["status_changed_at"] = "2026-08-21 12:50:00 +0200".into();
    let new = facts("gitlab", "", &[], &body).deployments.remove(0);
    assert_eq!((new.id.as_str(), new.finished_at.to_string().as_str()), ("15", "2026-08-21T10:50:00Z"));
}

#[test]
fn a_pipeline_and_an_incident_of_gitlab_are_read() {
    let pipeline = json!({
        "object_kind": "pipeline",
        "object_attributes": {
            "id": 31, "ref": "main", "sha": SHA, "source": "push", "status": "failed", "queued_duration": 12,
            "created_at": "2026-08-12 15:23:28 UTC", "finished_at": "2026-08-12 15:26:29 UTC",
        },
        "project": { "path_with_namespace": "acme/web" },
    });
    let run = facts("gitlab", "", &[], &pipeline).pipeline_runs.remove(0);
    assert_eq!((run.outcome, run.started_at.to_string().as_str()), (RunOutcome::Failed, "2026-08-12T15:23:40Z"));
    let issue = json!({
        "object_kind": "issue",
        "object_attributes": {
            "iid": 4, "type": "Incident", "severity": "high", "created_at": "2026-08-12 15:23:28 UTC",
            "updated_at": "2026-08-12 16:00:00 UTC", "closed_at": "2026-08-12 16:00:00 UTC",
        },
        "project": { "path_with_namespace": "acme/web" },
    });
    let incident = facts("gitlab", "", &[], &issue).incidents.remove(0);
    assert_eq!(
        (incident.severity.as_deref(), text(incident.resolved_at).as_str()),
        (Some("high"), "2026-08-12T16:00:00Z")
    );
}

#[test]
fn the_events_of_an_incident_of_pagerduty_tell_it_bit_by_bit() {
    let event = |what: &str, status: &str, at: &str| {
        json!({ "event": {
            "id": format!("01{what}"), "event_type": format!("incident.{what}"), "occurred_at": at,
            "agent": { "type": "inbound_integration_reference" },
            "data": {
                "id": "PGR0VU2", "type": "incident", "status": status, "created_at": "2026-08-21T10:00:00Z",
                "urgency": "high", "priority": { "summary": "P1" }, "service": { "id": "PF9KMXH", "summary": "Checkout" },
            },
        } })
    };
    let of = |body: &Value| facts("pagerduty", "", &[], body).incidents.remove(0);
    let triggered = of(&event("triggered", "triggered", "2026-08-21T10:00:01Z"));
    assert_eq!((triggered.services[0].as_str(), triggered.detected_by_alert), ("shop", Some(true)));
    let taken = of(&event("acknowledged", "acknowledged", "2026-08-21T10:04:00Z"));
    assert_eq!(text(taken.acknowledged_at), "2026-08-21T10:04:00Z");
    let resolved = of(&event("resolved", "resolved", "2026-08-21T10:30:00Z"));
    assert_eq!(
        (text(resolved.resolved_at), resolved.severity.as_deref()),
        ("2026-08-21T10:30:00Z".to_owned(), Some("P1"))
    );
    let late = event("priority_updated", "resolved", "2026-08-21T10:40:00Z");
    assert_eq!(read(&take("pagerduty", "", &[], &late), &names()).state(), EventState::Ignored);
}

#[test]
fn alerts_are_incidents_of_the_service_that_a_label_names() {
    let alert = |status: &str, labels: Value| {
        json!({
            "status": status, "labels": labels, "startsAt": "2026-08-21T10:00:00.123Z",
            "endsAt": if status == "firing" { "0001-01-01T00:00:00Z" } else { "2026-08-21T10:20:00Z" },
            "fingerprint": "c1b3dfb34fe2b4a6",
        })
    };
    let body = json!({ "version": "4", "truncatedAlerts": 0, "alerts": [
        alert("resolved", json!({ "alertname": "Slow", "service": "Checkout", "severity": "critical" })),
        alert("firing", json!({ "alertname": "Down" })),
        alert("firing", json!({ "alertname": "Watchdog", "severity": "none" })),
    ] });
    let reading = read(&take("alertmanager", "", &[], &body), &names());
    let incident = &reading.facts.incidents[0];
    assert_eq!(incident.id, "c1b3dfb34fe2b4a6@2026-08-21T10:00:00.123Z");
    assert_eq!((incident.services[0].as_str(), text(incident.resolved_at).as_str()), ("shop", "2026-08-21T10:20:00Z"));
    assert_eq!((reading.facts.incidents.len(), reading.state()), (1, EventState::Quarantined));
    assert!(reading.reason().unwrap().starts_with("Down: no label names the service"), "{reading:?}");
    let labelled = Names { service_labels: vec!["alertname".to_owned()], ..names() };
    let again = read(&take("alertmanager", "", &[], &body), &labelled);
    assert_eq!((again.facts.incidents.len(), again.state()), (2, EventState::Normalised));
}

#[test]
fn a_cdevent_is_read_in_every_mode_of_cloudevents() {
    let event = json!({
        "context": {
            "specversion": "0.5.1", "id": "271069a8", "source": "/ci/1", "type": "dev.cdevents.service.deployed.0.3.0",
            "timestamp": "2026-08-20T14:27:05.315384Z",
        },
        "subject": { "id": "/clusterA/shop", "content": {
            "environment": { "id": "production" }, "artifactId": "pkg:oci/shop@sha256%3A0b31?tag=v7",
        } },
    });
    let structured = json!({ "specversion": "1.0", "id": "271069a8", "source": "/ci/1", "data": event });
    let batch = json!([structured]);
    for body in [&event, &structured, &batch] {
        let deployment = facts("cdevents", "", &[], body).deployments.remove(0);
        assert_eq!((deployment.service.as_str(), deployment.version.as_str()), ("shop", "v7"));
    }
    assert_eq!(take("cdevents", "", &[], &event).delivery, take("cdevents", "", &[], &structured).delivery);
}

#[test]
fn a_resolved_cdevent_ends_the_incident_that_another_began() {
    let event = |what: &str, at: &str| {
        json!({
            "context": { "id": "1", "source": "/monitoring", "type": format!("dev.cdevents.incident.{what}.0.2.0"), "timestamp": at },
            "subject": { "id": "incident-123", "content": { "service": { "id": "shop" }, "artifactId": "pkg:oci/shop@v7" } },
        })
    };
    let begun = facts("cdevents", "", &[], &event("detected", "2026-08-20T10:00:00Z")).incidents.remove(0);
    assert_eq!((begun.caused_by.as_deref(), begun.detected_by_alert), (Some("v7"), Some(true)));
    let ended = read(&take("cdevents", "", &[], &event("resolved", "2026-08-20T11:00:00Z")), &names());
    assert_eq!(
        (&ended.resolutions[0].incident, ended.resolutions[0].resolved_at.to_string()),
        (&begun.id, "2026-08-20T11:00:00Z".to_owned())
    );
}

#[test]
fn deployments_for_devlake_are_read_in_both_spellings() {
    let current = json!({
        "id": "d1", "startedDate": "2026-08-21T09:00:00+00:00", "finishedDate": "2026-08-21T09:05:00+00:00", "result": "SUCCESS",
        "deploymentCommits": [{ "repoUrl": "https://git.example.org/acme/web", "commitSha": SHA, "result": "FAILURE",
            "startedDate": "2026-08-21T09:00:00+00:00", "finishedDate": "2026-08-21T09:04:00+00:00" }],
    });
    let older = json!({ "pipeline_id": "d1", "repo_url": "https://git.example.org/acme/web.git", "commit_sha": SHA,
        "start_time": "2026-08-21T09:00:00Z", "environment": "STAGING" });
    let new = facts("devlake", "connections/1/deployments", &[], &current).deployments.remove(0);
    assert_eq!(
        (new.id.as_str(), new.environment.as_str(), new.outcome),
        ("1/d1/web", "production", DeploymentOutcome::Failed)
    );
    let old = facts("devlake", "1/deployments", &[], &older).deployments.remove(0);
    assert_eq!((old.id.as_str(), old.environment.as_str(), old.finished_at), ("1/d1/web", "staging", now()));
    let issue = json!({ "issueKey": "I-1", "type": "INCIDENT", "status": "TODO", "createdDate": "2026-08-21T09:00:00Z", "component": "Checkout" });
    let begun = facts("devlake", "connections/1/issues", &[], &issue).incidents.remove(0);
    let ended = read(&take("devlake", "connections/1/issue/I-1/close", &[], &Value::Null), &names());
    assert_eq!((&ended.resolutions[0].incident, ended.resolutions[0].resolved_at), (&begun.id, now()));
    assert!(sender("devlake").unwrap().take(&Headers::new(), "connections/1/pipelines", b"{}", now()).is_err());
}

#[test]
fn deployments_and_failures_for_datadog_are_read() {
    let body = json!({ "data": { "attributes": {
        "service": "Checkout", "started_at": 1_787_331_000_000_000_000_i64, "finished_at": 1_787_331_060_000_000_000_i64,
        "git": { "commit_sha": SHA, "repository_url": "https://git.example.org/acme/web" }, "env": "production", "team": "front",
    } } });
    let told = facts("datadog", "deployment", &[], &body);
    assert_eq!(told.deployments[0].finished_at.to_string(), "2026-08-21T16:51:00Z");
    assert_eq!((told.services[0].service.as_str(), told.services[0].team.as_deref()), ("shop", Some("front")));
    let body = json!({ "data": { "attributes": { "services": ["shop"], "started_at": 1_787_331_000_i64, "severity": "High" } } });
    let incident = facts("datadog", "failure", &[], &body).incidents.remove(0);
    assert_eq!((incident.resolved_at, incident.severity.as_deref()), (None, Some("High")));
}

#[test]
fn a_body_that_is_no_json_is_malformed_and_one_that_is_too_deep_too() {
    let github = sender("github").unwrap();
    let given = headers(&[("x-github-event", "push")]);
    let deep = "[".repeat(100_000);
    for body in [b"{".as_slice(), b"\xff\xfe", deep.as_bytes(), b"{}{}"] {
        assert!(github.take(&given, "", body, now()).is_err());
    }
    assert!(github.take(&Headers::new(), "", b"{}", now()).is_err(), "it does not say what it is about");
}
