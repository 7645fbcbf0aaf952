//! Datadog's DORA metrics API, version 2: only the host changes.

use truelevel_model::events::Reading;
use truelevel_model::facts::{DeploymentOutcome, Facts};
use truelevel_model::{Deployment, EnvironmentId, Incident, ServiceRecord, Time};

use super::payload::{Payload, missing};
use super::signatures::Scheme;
use super::{Event, Names, Sender, fingerprint, observed};
use crate::deployment_repository::UNNAMED_ENVIRONMENT;

pub(super) static SENDER: Sender = Sender {
    id: "datadog",
    title: "Datadog DORA metrics API",
    schemes: &[Scheme::Token { header: "dd-api-key" }],
    kind: |delivery| match delivery.path {
        "deployment" => Ok("deployment".to_owned()),
        "failure" | "incident" => Ok("failure".to_owned()),
        _ => Err("no such address; there are `deployment`, `failure` and `incident`".to_owned()),
    },
    delivery: |_| None,
    read,
};

fn read(event: &Event<'_>, names: &Names) -> Result<Reading, String> {
    let body = event.payload.need_part("data.attributes")?;
    let facts = if event.kind == "deployment" { deployment(body, names)? } else { failure(body, names)? };
    Ok(Reading { facts, ..Reading::default() })
}

/// The given id, else one made of what tells two events apart.
fn id(body: Payload<'_>, service: &str, started_at: Time) -> String {
    body.id("id").unwrap_or_else(|| fingerprint(&[service.as_bytes(), &started_at.millis().to_le_bytes()]))
}

fn deployment(body: Payload<'_>, names: &Names) -> Result<Facts, String> {
    let name = body.need_text("service")?;
    let started_at = body.need_time("started_at")?;
    let finished_at = body.need_time("finished_at")?;
    let commit = body.commit("git.commit_sha");
    let version = body.text("version").or_else(|| body.text("git.commit_sha")).ok_or_else(|| missing("version"))?;
    let service = names.service_titled(&[name]).ok_or_else(|| missing("service"))?;
    let deployment = Deployment {
        source: SENDER.id.into(),
        id: id(body, name, started_at),
        service: service.clone(),
        environment: EnvironmentId::new(body.text("env").unwrap_or(UNNAMED_ENVIRONMENT)),
        version: version.to_owned(),
        commit,
        started_at: Some(started_at),
        finished_at,
        sequence: 0,
        outcome: DeploymentOutcome::Succeeded,
        is_initial_state: false,
        is_removal: false,
        initiated_by: None,
        approval_wait: None,
        strategy: None,
        aborted_automatically: None,
        observed_at: observed(finished_at, true),
    };
    let record = ServiceRecord {
        source: SENDER.id.into(),
        service,
        team: body.text("team").map(str::to_owned),
        repository: body.text("git.repository_url").map(|address| names.repository(address)),
        observed_at: finished_at,
    };
    let says_more = record.team.is_some() || record.repository.is_some();
    Ok(Facts {
        deployments: vec![deployment],
        services: says_more.then_some(record).into_iter().collect(),
        ..Facts::default()
    })
}

fn failure(body: Payload<'_>, names: &Names) -> Result<Facts, String> {
    let listed: Vec<&str> = body.items("services").filter_map(|service| service.0.as_str()).collect();
    let started_at = body.need_time("started_at")?;
    let finished_at = body.time("finished_at")?;
    let services: Vec<_> = listed.iter().filter_map(|name| names.service_titled(&[name])).collect();
    if services.is_empty() && body.text("team").is_none() {
        return Err(missing("services"));
    }
    let incident = Incident {
        source: SENDER.id.into(),
        id: id(body, &listed.join(","), started_at),
        services,
        severity: body.text("severity").map(str::to_owned),
        started_at,
        detected_at: None,
        detected_by_alert: None,
        acknowledged_at: None,
        resolved_at: finished_at,
        caused_by: body.text("git.commit_sha").or_else(|| body.text("version")).map(str::to_owned),
        observed_at: observed(finished_at.unwrap_or(started_at), finished_at.is_some()),
    };
    Ok(Facts { incidents: vec![incident], ..Facts::default() })
}
