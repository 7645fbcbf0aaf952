//! LinearB's API for deployments and incidents (<https://docs.linearb.io/api-deployments>,
//! <https://docs.linearb.io/api-incidents>), also in its older spelling: only the host changes.

use truelevel_model::events::Reading;
use truelevel_model::facts::{DeploymentOutcome, Facts};
use truelevel_model::{Incident, ServiceId};

use super::payload::Payload;
use super::shared::{first_text, told};
use super::signatures::Scheme;
use super::{Event, Names, Sender, observed, shared};

pub(super) static SENDER: Sender = Sender {
    id: "linearb",
    title: "LinearB API",
    schemes: &[Scheme::Token { header: "x-api-key" }, Scheme::Bearer],
    kind: |delivery| match delivery.path {
        kind @ ("deployments" | "incidents") => Ok(kind.to_owned()),
        _ => Err("no such address; there are `deployments` and `incidents`".to_owned()),
    },
    delivery: |_| None,
    read,
};

/// The stage that is production.
const RELEASE: &str = "release";

fn read(event: &Event<'_>, names: &Names) -> Result<Reading, String> {
    if event.kind == "incidents" {
        return Ok(told(incident(event.payload, names)?));
    }
    let body = event.payload;
    let (repository, version) = (body.need_text("repo_url")?, first_text(body, &["ref_name", "head_sha"])?);
    let stage = body.text("stage").or_else(|| body.text("stage_id")).unwrap_or(RELEASE);
    let environment = if stage == RELEASE { "production" } else { stage };
    let at = body.time("timestamp")?.map_or_else(|| body.time("event_time"), |found| Ok(Some(found)))?;
    let at = at.unwrap_or(event.received_at);
    let mut services = listed(body, "services", names);
    if services.is_empty() {
        services.push(names.service_of_repository(repository));
    }
    let deployments = services.into_iter().map(|service| {
        let id = format!("{repository} {version} {stage} {} {at}", service.as_str());
        shared::deployment(&SENDER, id, service, (environment, version), (DeploymentOutcome::Succeeded, at))
    });
    Ok(Reading { facts: Facts { deployments: deployments.collect(), ..Facts::default() }, ..Reading::default() })
}

fn listed(body: Payload<'_>, path: &str, names: &Names) -> Vec<ServiceId> {
    body.items(path).filter_map(|name| names.service_titled(&[name.0.as_str()?])).collect()
}

fn incident(body: Payload<'_>, names: &Names) -> Result<Incident, String> {
    let mut services = listed(body, "services", names);
    if services.is_empty() {
        let repositories = body.items("repository_urls").filter_map(|address| address.0.as_str());
        services.extend(repositories.map(|address| names.service_of_repository(address)));
    }
    if services.is_empty() {
        return Err("neither `services` nor `repository_urls` names the service".to_owned());
    }
    let issued_at = body.need_time("issued_at")?;
    let ended_at = body.time("ended_at")?;
    Ok(Incident {
        // Work on it began then.
        acknowledged_at: body.time("started_at")?,
        resolved_at: ended_at,
        caused_by: body.text("git_ref").map(str::to_owned),
        observed_at: observed(ended_at.unwrap_or(issued_at), ended_at.is_some()),
        ..shared::incident(&SENDER, body.need_id("provider_id")?, services, issued_at)
    })
}
