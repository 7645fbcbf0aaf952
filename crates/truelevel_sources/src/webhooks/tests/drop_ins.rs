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

/// The calls of DevLake's page on incoming webhooks, which name no type of content, so that `curl` calls them forms.
#[test]
fn what_curl_sends_for_devlake_is_json_whatever_it_is_called_and_is_kept_as_it_came() {
    let body = br#"{
    "pipeline_id": "required-pipeline-id",
    "environment":"PRODUCTION",
    "repo_url":"https://github.com/apache/incubator-devlake/",
    "commit_sha":"015e3d3b480e417aede5a1293bd61de9b0fd051d",
    "create_time":"2020-01-01T11:00:00+00:00",
    "start_time":"2020-01-01T12:00:00+00:00",
    "end_time":"2020-01-02T13:00:00+00:00",
    "result": "FAILURE"
  }"#;
    let given = headers(&[("content-type", "application/x-www-form-urlencoded")]);
    let raw = sender("devlake").unwrap().take(&given, "1/deployments", body, now()).unwrap();
    assert_eq!(raw.body, body);
    let deployment = read(&raw, &names()).facts.deployments.remove(0);
    assert_eq!(
        (deployment.service.as_str(), deployment.outcome, deployment.finished_at.to_string().as_str()),
        ("incubator-devlake", DeploymentOutcome::Failed, "2020-01-02T13:00:00Z")
    );
}

#[test]
fn an_incident_for_devlake_without_a_component_is_of_the_service_that_its_connection_is_known_as() {
    let issue = json!({ "issue_key": "DLK-1234", "title": "a feature from DLK", "type": "INCIDENT", "status": "TODO",
        "original_status": "created", "created_date": "2020-01-01T12:00:00+00:00", "priority": "" });
    let of = |path: &str, known_as: &str| {
        let names = Names { services: BTreeMap::from([(known_as.to_owned(), "shop".to_owned())]), ..Names::default() };
        let incident = read(&take("devlake", path, &[], &issue), &names).facts.incidents.remove(0);
        incident.services[0].as_str().to_owned()
    };
    assert_eq!(of("connections/1/issues", "connections/1"), "shop");
    assert_eq!(of("1/issues", "1"), "shop");
    assert_eq!(of("1/issues", "other"), "connections/1");
    assert_eq!(of("connections/by-name/basket/issues", "other"), "basket");
}

#[test]
fn a_deployment_for_devlake_that_waits_for_somebody_is_not_over() {
    let body = |result: &str| {
        json!({ "id": "d1", "result": result, "startedDate": "2026-08-21T09:00:00Z", "finishedDate": "2026-08-21T09:04:00Z",
            "deploymentCommits": [{ "repoUrl": "https://git.example.org/acme/web", "commitSha": SHA }] })
    };
    let of = |result: &str| facts("devlake", "connections/1/deployments", &[], &body(result)).deployments.remove(0);
    let (waits, done) = (of("MANUAL"), of("SUCCESS"));
    assert_eq!((waits.outcome, done.outcome), (DeploymentOutcome::InProgress, DeploymentOutcome::Succeeded));
    assert!(waits.id == done.id && waits.observed_at < done.observed_at);
}

/// What the page on LinearB's incident API sends: the four fields that have to be there, and an update that ends it.
#[test]
fn an_incident_for_linearb_ends_by_an_update_and_need_not_name_a_service() {
    let begin = json!({ "provider_id": "B1BUOEOBKNAHKG", "http_url": "https://acme.pagerduty.com/incidents/B1BUOEOBKNAHKG",
        "title": "[#1] My First Incident", "issued_at": "2024-01-25T17:18:36Z" });
    let begun = facts("linearb", "incidents", &[], &begin).incidents.remove(0);
    assert!(begun.services.is_empty() && begun.resolved_at.is_none());
    let update = |body: &Value| read(&take("linearb", "incidents/B1BUOEOBKNAHKG", &[], body), &names());
    let ended = update(&json!({ "ended_at": "2024-01-25T19:18:36Z" }));
    assert_eq!(
        (&ended.resolutions[0].incident, ended.resolutions[0].resolved_at.to_string().as_str()),
        (&begun.id, "2024-01-25T19:18:36Z")
    );
    assert_eq!(update(&json!({ "started_at": "2024-01-25T17:20:00Z" })).state(), EventState::Ignored);
    let mut whole = begin;
    whole["ended_at"] = "2024-01-25T19:18:36Z".into();
    whole["services"] = json!(["Checkout"]);
    let told = update(&whole).facts.incidents.remove(0);
    assert_eq!((&told.id, told.services[0].as_str(), told.resolved_at.is_some()), (&begun.id, "shop", true));
    assert!(sender("linearb").unwrap().take(&Headers::new(), "incidents/", b"{}", now()).is_err());
}

#[test]
fn an_incident_for_sleuth_begins_and_ends_by_its_id_and_what_is_no_deployment_is_ignored() {
    let path = "acme/Checkout/production/pager/register_impact/s3cret";
    let body = |kind: &str, at: &str| json!({ "type": kind, "id": "I-1", "date": at, "title": "down" });
    let raw = take("sleuth", path, &[], &body("triggered", "2026-08-21T10:00:00Z"));
    assert!(!format!("{raw:?}").contains("s3cret"));
    let begun = read(&raw, &names()).facts.incidents.remove(0);
    assert_eq!((begun.services[0].as_str(), begun.started_at.to_string().as_str()), ("shop", "2026-08-21T10:00:00Z"));
    let ended = read(&take("sleuth", path, &[], &body("resolved", "2026-08-21T11:00:00Z")), &names());
    assert_eq!(
        (&ended.resolutions[0].incident, ended.resolutions[0].resolved_at.to_string().as_str()),
        (&begun.id, "2026-08-21T11:00:00Z")
    );
    let reopened = read(&take("sleuth", path, &[], &body("reopened", "2026-08-21T12:00:00Z")), &names());
    assert_eq!(reopened.reason().unwrap(), "`type` is unknown: reopened");
    let state = |path: &str| read(&take("sleuth", path, &[], &json!({ "value": 1.5 })), &names()).state();
    assert_eq!(state("impact/7/register_impact"), EventState::Ignored);
    assert_eq!(state("acme/shop/register_manual_deploy"), EventState::Ignored);
}

#[test]
fn what_datadog_lists_and_changes_is_no_delivery() {
    for path in ["deployments", "failures", "deployment/1"] {
        assert!(sender("datadog").unwrap().take(&Headers::new(), path, b"{}", now()).is_err(), "{path}");
    }
}

#[test]
fn what_a_template_for_four_keys_sends_of_argo_cd_says_what_would_help() {
    let body = json!({ "id": "f95f852b", "time": "2026-08-21T10:00:00Z", "commit_sha": SHA, "status": "SUCCESS" });
    let reading = read(&take("argocd", "", &[], &body), &names());
    assert!(reading.reason().unwrap().contains("{\"app\": {{toJson .app}}}"), "{reading:?}");
}
