//! Bodies with all the fields that vendors publish, and what they come to.

use truelevel_model::facts::Initiator;

use super::*;

macro_rules! body {
    ($name:literal) => {
        serde_json::from_str::<Value>(include_str!(concat!("../../../../../fixtures/webhooks/", $name, ".json")))
            .unwrap()
    };
}

/// Both tell of one incident, which began and was over at these instants.
const BEGAN: &str = "2026-08-21T09:55:00Z";
const TOLD: &str = "2026-08-21T10:02:00Z";
const OVER: &str = "2026-08-21T11:05:00Z";

#[track_caller]
fn incident(sender: &str, body: &Value) -> truelevel_model::Incident {
    facts(sender, "", &[], body).incidents.remove(0)
}

/// Id, services, severity, begin and end.
fn shown(incident: &truelevel_model::Incident) -> (&str, Vec<&str>, Option<&str>, String, String) {
    let services = incident.services.iter().map(truelevel_model::ServiceId::as_str).collect();
    let severity = incident.severity.as_deref();
    (&incident.id, services, severity, incident.started_at.to_string(), text(incident.resolved_at))
}

#[track_caller]
fn ignored(sender: &str, body: &Value) -> String {
    let reading = read(&take(sender, "", &[], body), &names());
    assert_eq!(reading.state(), EventState::Ignored, "{:?}", reading.reason());
    reading.reason().unwrap()
}

#[test]
fn an_application_that_argo_cd_synchronised_is_a_deployment() {
    let mut body = body!("argocd_synced");
    let deployment = facts("argocd", "", &[], &body).deployments.remove(0);
    assert_eq!(
        (deployment.id.as_str(), deployment.service.as_str(), deployment.environment.as_str(), &*deployment.version),
        ("argocd/checkout-production 2026-08-21T10:00:03Z", "checkout-production", "production", "2.41.0")
    );
    assert_eq!(
        (text(deployment.started_at).as_str(), deployment.finished_at.to_string().as_str(), deployment.outcome),
        ("2026-08-21T10:00:03Z", "2026-08-21T10:00:58Z", DeploymentOutcome::Succeeded)
    );
    assert_eq!(deployment.initiated_by, Some(Initiator::Automation));
    body["app"]["status"]["operationState"]["operation"]["sync"]["dryRun"] = true.into();
    assert_eq!(ignored("argocd", &body), "it was tried out and changed nothing");
}

#[test]
fn a_build_of_azure_devops_is_a_pipeline_run() {
    let run = facts("azure_devops", "", &[], &body!("azure_devops_build_complete")).pipeline_runs.remove(0);
    assert_eq!(
        (run.id.as_str(), run.repository.as_str(), run.workflow.as_str(), run.trigger.as_str()),
        ("5127", "checkout", "checkout-ci", "individualCI")
    );
    assert_eq!((run.commit.to_string().as_str(), run.branch.as_deref()), (SHA, Some("main")));
    assert_eq!(
        (run.started_at.to_string().as_str(), text(run.finished_at).as_str(), run.outcome),
        ("2026-08-21T09:40:20.62Z", "2026-08-21T09:52:08.52Z", RunOutcome::Succeeded)
    );
}

#[test]
fn a_release_of_azure_devops_that_is_put_on_a_stage_again_is_another_deployment() {
    let of = |body: &Value| facts("azure_devops", "", &[], body).deployments.remove(0);
    let mut body = body!("azure_devops_deployment_completed");
    let first = of(&body);
    assert_eq!(
        (first.id.as_str(), first.service.as_str(), first.environment.as_str(), first.version.as_str()),
        ("881", "shop", "Production", "Release-41")
    );
    assert_eq!(
        (text(first.started_at).as_str(), first.finished_at.to_string().as_str(), first.outcome),
        ("2026-08-21T10:00:09.5Z", "2026-08-21T10:04:56.81Z", DeploymentOutcome::Succeeded)
    );
    body["resource"]["deployment"]["id"] = 902.into();
    body["resource"]["deployment"]["attempt"] = 2.into();
    body["resource"]["deployment"]["startedOn"] = "0001-01-01T00:00:00".into();
    let again = of(&body);
    assert_eq!(again.started_at, None, "it never began");
    assert_eq!((again.id.as_str(), &again.version), ("902", &first.version));
    let begun = body!("azure_devops_deployment_started");
    assert_eq!(ignored("azure_devops", &begun), "its end tells when it began");
}

#[test]
fn an_incident_of_incident_io_is_told_until_it_is_closed() {
    let created = incident("incident_io", &body!("incident_io_incident_created"));
    let closed = incident("incident_io", &body!("incident_io_incident_status_updated"));
    let expected =
        |end: &str| ("01K3A0Q4V7M5N8R2T6W9X1Y3Z5", vec!["shop"], Some("Major"), BEGAN.to_owned(), end.to_owned());
    assert_eq!(shown(&created), expected("never"));
    assert_eq!(shown(&closed), expected(OVER));
    assert_eq!(text(created.detected_at), TOLD);
}

#[test]
fn of_a_private_incident_of_incident_io_nothing_is_told() {
    let reason = ignored("incident_io", &body!("incident_io_private_incident_created"));
    assert_eq!(reason, "a private incident, of which only the id is told");
}

#[test]
fn an_issue_of_jira_is_told_until_it_is_resolved() {
    let created = incident("jira", &body!("jira_issue_created"));
    let resolved = incident("jira", &body!("jira_issue_updated"));
    let expected =
        |end: &str| ("OPS-14", vec!["shop"], Some("High"), "2026-08-21T10:02:00.123Z".to_owned(), end.to_owned());
    assert_eq!(shown(&created), expected("never"));
    assert_eq!(shown(&resolved), expected("2026-08-21T11:05:00.4Z"));
    let mut bug = body!("jira_issue_created");
    bug["issue"]["fields"]["issuetype"]["name"] = "Bug".into();
    assert_eq!(ignored("jira", &bug), "an issue that is no incident");
}

#[test]
fn an_incident_of_servicenow_is_that_of_its_business_service() {
    let id = "9d385017c611228701d22104cc95c371";
    let open = incident("servicenow", &body!("servicenow_display_values"));
    assert_eq!(shown(&open), (id, vec!["shop"], Some("2"), TOLD.to_owned(), "never".to_owned()));
    // Without display values the service is known by the id of its record.
    let known = Names {
        services: BTreeMap::from([("27d32778c0a8000b00db970eeaa60f16".to_owned(), "shop".to_owned())]),
        ..Names::default()
    };
    let reading = read(&take("servicenow", "", &[], &body!("servicenow_plain")), &known);
    assert_eq!(reading.reason(), None);
    assert_eq!(shown(&reading.facts.incidents[0]), (id, vec!["shop"], Some("2"), TOLD.to_owned(), OVER.to_owned()));
}

#[test]
fn an_incident_of_statuspage_names_no_sentence_as_its_service() {
    let over = incident("statuspage", &body!("statuspage_incident"));
    assert_eq!(shown(&over), ("lbkhbwn21v5q", vec!["shop"], Some("critical"), BEGAN.to_owned(), OVER.to_owned()));
    assert_eq!(text(over.detected_at), TOLD);
    let reason = ignored("statuspage", &body!("statuspage_component_update"));
    assert_eq!(reason, "a component alone; its incident tells more");
}
