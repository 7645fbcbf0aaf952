//! What clients of other products send, in bodies as these products document them.

use super::*;

#[test]
fn a_deployment_for_sleuth_is_read_as_json_and_as_a_form_and_its_key_is_not_kept() {
    let path = "acme/Checkout/register_deploy";
    let body = json!({ "sha": SHA, "environment": "production", "tags": ["#a"], "date": "2026-08-21T10:00:00Z", "api_key": "s3cret" });
    let raw = take("sleuth", path, &[], &body);
    assert!(!String::from_utf8_lossy(&raw.body).contains("s3cret"));
    let deployment = read(&raw, &names()).facts.deployments.remove(0);
    assert_eq!(
        (deployment.service.as_str(), deployment.environment.as_str(), deployment.version.as_str()),
        ("shop", "production", SHA)
    );
    assert_eq!(deployment.finished_at.to_string(), "2026-08-21T10:00:00Z");
    let form = format!("api_key=s3cret&sha={SHA}&environment=production&date=2026-08-21T10%3A00%3A00Z");
    let given = headers(&[("content-type", "application/x-www-form-urlencoded; charset=utf-8")]);
    let sent = sender("sleuth").unwrap().take(&given, path, form.as_bytes(), now()).unwrap();
    assert!(!String::from_utf8_lossy(&sent.body).contains("s3cret"));
    assert_eq!(read(&sent, &names()).facts.deployments[0].id, deployment.id);
    assert!(sender("sleuth").unwrap().take(&given, "acme/Checkout", form.as_bytes(), now()).is_err());
}

#[test]
fn deployments_and_incidents_for_linearb_are_read() {
    let body = json!({ "repo_url": "https://github.com/acme/web.git", "ref_name": "v1.20.55", "timestamp": "2026-08-21T10:00:00Z" });
    let of = |body: &Value| facts("linearb", "deployments", &[], body).deployments;
    let plain = of(&body).remove(0);
    assert_eq!(
        (plain.service.as_str(), plain.environment.as_str(), plain.version.as_str()),
        ("web", "production", "v1.20.55")
    );
    let mut several = body;
    several["services"] = json!(["Checkout", "basket"]);
    several["stage"] = json!("qa");
    let several = of(&several);
    assert_eq!(several.iter().map(|one| one.service.as_str()).collect::<Vec<_>>(), ["shop", "basket"]);
    assert_eq!(several[0].environment.as_str(), "qa");
    let older = json!({ "head_sha": SHA, "repo_url": "https://github.com/acme/web.git", "stage_id": "release", "event_time": 1_787_331_600 });
    assert_eq!(of(&older)[0].finished_at.to_string(), "2026-08-21T17:00:00Z");
    let incident = json!({
        "provider_id": "p1", "http_url": "https://x", "title": "down", "issued_at": "2026-08-21T10:00:00Z",
        "ended_at": "2026-08-21T11:00:00Z", "git_ref": "v1.20.55", "repository_urls": ["https://github.com/acme/web.git"],
    });
    let incident = facts("linearb", "incidents", &[], &incident).incidents.remove(0);
    assert_eq!((incident.services[0].as_str(), incident.caused_by.as_deref()), ("web", Some("v1.20.55")));
    assert_eq!(text(incident.resolved_at), "2026-08-21T11:00:00Z");
}

/// The example of Pelorus' page on its webhook exporter.
#[test]
fn deployments_and_failures_for_pelorus_are_read() {
    let given = |kind: &'static str| [("x-pelorus-event", kind), ("user-agent", "Pelorus-Webhook/test")];
    let image = "sha256:af4092ccbfa99a3ec1ea93058fe39b8ddfd8db1c7a18081db397c50a0b8ec77d";
    let body = json!({ "app": "mongo-todolist", "image_sha": image, "namespace": "mongo-persistent", "timestamp": 1_678_106_205 });
    let deployment = facts("pelorus", "", &given("deploytime"), &body).deployments.remove(0);
    assert_eq!((deployment.environment.as_str(), deployment.version.as_str()), ("mongo-persistent", image));
    let commit = read(&take("pelorus", "", &given("committime"), &body), &names());
    assert_eq!(commit.state(), EventState::Ignored);
    let failure = |event: &str, at: i64| json!({ "app": "mongo-todolist", "failure_id": "MONGO-1", "failure_event": event, "timestamp": at });
    let begun = facts("pelorus", "", &given("failure"), &failure("created", 1_678_181_704)).incidents.remove(0);
    let ended = read(&take("pelorus", "", &given("failure"), &failure("resolved", 1_678_206_464)), &names());
    assert_eq!(
        (&ended.resolutions[0].incident, ended.resolutions[0].resolved_at.to_string()),
        (&begun.id, "2023-03-07T16:27:44Z".to_owned())
    );
}

#[test]
fn a_deployment_for_a_project_of_devlake_is_read() {
    let body = json!({ "id": "d1", "deploymentCommits": [{ "repoUrl": "https://git.example.org/acme/web", "commitSha": SHA,
        "startedDate": "2026-08-21T09:00:00Z", "finishedDate": "2026-08-21T09:04:00Z" }] });
    assert_eq!(facts("devlake", "projects/shop/deployments", &[], &body).deployments[0].id, "shop/d1/web");
}
