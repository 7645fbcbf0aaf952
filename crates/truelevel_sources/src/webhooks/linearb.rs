//! LinearB's API for deployments and incidents (<https://docs.linearb.io/api-deployments>,
//! <https://docs.linearb.io/api-incidents>), also in its older spelling: only the host changes.

use truelevel_model::events::{Reading, Resolution};
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
        // What is said of an incident later.
        kind if kind.strip_prefix(UPDATE).is_some_and(|id| !id.is_empty()) => Ok(kind.to_owned()),
        _ => Err("no such address; there are `deployments`, `incidents` and `incidents/ID`".to_owned()),
    },
    delivery: |_| None,
    read,
};

const UPDATE: &str = "incidents/";
/// The stage that is production.
const RELEASE: &str = "release";

fn read(event: &Event<'_>, names: &Names) -> Result<Reading, String> {
    if event.kind == "incidents" {
        return Ok(told(incident(event.payload, event.payload.need_id("provider_id")?, names)?));
    }
    if let Some(id) = event.kind.strip_prefix(UPDATE) {
        return update(event.payload, id, names);
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

/// An update that tells the incident again is read as the incident; else its end alone counts.
fn update(body: Payload<'_>, id: &str, names: &Names) -> Result<Reading, String> {
    if body.at("issued_at").is_some() {
        return Ok(told(incident(body, id.to_owned(), names)?));
    }
    match body.time("ended_at")? {
        Some(resolved_at) => {
            let end = Resolution { source: SENDER.id.into(), incident: id.to_owned(), resolved_at };
            Ok(Reading { resolutions: vec![end], ..Reading::default() })
        }
        None => Ok(Reading::ignored("an update that tells neither when the incident began nor when it ended")),
    }
}

/// Only its id, its beginning and texts have to be there: an incident that names no service is kept, and counts nowhere
/// until it is said where.
fn incident(body: Payload<'_>, id: String, names: &Names) -> Result<Incident, String> {
    let mut services = listed(body, "services", names);
    if services.is_empty() {
        let repositories = body.items("repository_urls").filter_map(|address| address.0.as_str());
        services.extend(repositories.map(|address| names.service_of_repository(address)));
    }
    let issued_at = body.need_time("issued_at")?;
    let ended_at = body.time("ended_at")?;
    Ok(Incident {
        // Work on it began then.
        acknowledged_at: body.time("started_at")?,
        resolved_at: ended_at,
        caused_by: body.text("git_ref").map(str::to_owned),
        observed_at: observed(ended_at.unwrap_or(issued_at), ended_at.is_some()),
        ..shared::incident(&SENDER, id, services, issued_at)
    })
}
