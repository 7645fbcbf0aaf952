//! CDEvents 0.3 to 0.5 over CloudEvents: binary, structured, batched, or as they are.

use truelevel_model::events::{Reading, Resolution};
use truelevel_model::facts::DeploymentOutcome;
use truelevel_model::{Deployment, EnvironmentId, Incident};

use super::payload::{Payload, missing};
use super::signatures::Scheme;
use super::{Event, Names, Sender};
use crate::deployment_repository::UNNAMED_ENVIRONMENT;

pub(super) static SENDER: Sender = Sender {
    id: "cdevents",
    title: "CDEvents",
    schemes: &[Scheme::Standard, Scheme::Bearer, Scheme::Basic],
    kind: |delivery| {
        if delivery.payload.0.is_array() {
            return Ok(BATCH.to_owned());
        }
        let kind = unwrapped(delivery.payload).need_text("context.type")?;
        Ok(kind.to_owned())
    },
    delivery: |delivery| {
        let context = unwrapped(delivery.payload).part("context")?;
        Some(format!("{} {} {}", context.text("source")?, context.id("id")?, context.text("type")?).into())
    },
    read,
};

const BATCH: &str = "batch";

/// The event itself: what a CloudEvent carries, else the body.
fn unwrapped(body: Payload<'_>) -> Payload<'_> {
    body.part("data").unwrap_or(body)
}

fn read(event: &Event<'_>, names: &Names) -> Result<Reading, String> {
    if event.kind != BATCH {
        return read_one(unwrapped(event.payload), names);
    }
    let mut whole = Reading::default();
    for (place, item) in event.payload.0.as_array().into_iter().flatten().enumerate() {
        match read_one(unwrapped(Payload(item)), names) {
            Ok(mut one) => {
                whole.facts.deployments.append(&mut one.facts.deployments);
                whole.facts.incidents.append(&mut one.facts.incidents);
                whole.resolutions.append(&mut one.resolutions);
            }
            Err(problem) => whole.problems.push(format!("event {}: {problem}", place + 1)),
        }
    }
    Ok(whole)
}

fn read_one(event: Payload<'_>, names: &Names) -> Result<Reading, String> {
    let kind = event.need_text("context.type")?;
    // `dev.cdevents.service.deployed.0.3.0`, also of versions that are not known yet.
    let mut words = kind.strip_prefix("dev.cdevents.").unwrap_or_default().splitn(3, '.');
    let mut reading = Reading::default();
    match (words.next(), words.next()) {
        (Some("service"), Some("deployed" | "upgraded" | "rolledback")) => {
            reading.facts.deployments.push(deployment(event, names)?);
        }
        (Some("incident"), Some(how @ ("detected" | "reported"))) => {
            reading.facts.incidents.push(incident(event, how == "detected", names)?);
        }
        (Some("incident"), Some("resolved")) => reading.resolutions.push(Resolution {
            source: SENDER.id.into(),
            incident: incident_id(event)?,
            resolved_at: event.need_time("context.timestamp")?,
        }),
        (Some("change"), _) => reading.ignored = Some("changes are read from the repository itself".to_owned()),
        (Some("pipelinerun" | "taskrun" | "build"), _) => {
            reading.ignored = Some("a run that names neither its repository nor its commit".to_owned());
        }
        _ => reading.ignored = Some(format!("{} tells of no deployment or incident", truelevel_model::printable(kind))),
    }
    Ok(reading)
}

fn deployment(event: Payload<'_>, names: &Names) -> Result<Deployment, String> {
    let context = event.need_part("context")?;
    let content = event.need_part("subject.content")?;
    let finished_at = context.need_time("timestamp")?;
    let version = version(content.need_text("artifactId")?);
    Ok(Deployment {
        source: SENDER.id.into(),
        id: format!("{} {}", context.need_text("source")?, context.need_id("id")?),
        service: names.service(event.need_text("subject.id")?),
        environment: EnvironmentId::new(content.text("environment.id").unwrap_or(UNNAMED_ENVIRONMENT)),
        commit: version.parse().ok(),
        version,
        started_at: None,
        finished_at,
        sequence: 0,
        outcome: DeploymentOutcome::Succeeded,
        is_initial_state: false,
        is_removal: false,
        initiated_by: None,
        approval_wait: None,
        strategy: None,
        aborted_automatically: None,
        observed_at: finished_at,
    })
}

fn incident(event: Payload<'_>, is_alert: bool, names: &Names) -> Result<Incident, String> {
    let started_at = event.need_time("context.timestamp")?;
    let content = event.need_part("subject.content")?;
    let service = content.text("service.id").ok_or_else(|| missing("subject.content.service.id"))?;
    Ok(Incident {
        source: SENDER.id.into(),
        id: incident_id(event)?,
        services: vec![names.service(service)],
        severity: None,
        started_at,
        detected_at: Some(started_at),
        detected_by_alert: Some(is_alert),
        acknowledged_at: None,
        resolved_at: None,
        caused_by: content.text("artifactId").map(version),
        observed_at: started_at,
    })
}

fn incident_id(event: Payload<'_>) -> Result<String, String> {
    let source = event.text("subject.source").or_else(|| event.text("context.source"));
    Ok(format!("{} {}", source.unwrap_or_default(), event.need_id("subject.id")?))
}

/// The version in a package address, `pkg:oci/shop@sha256%3A0b31?tag=v1.2`: its tag where it has one, since a digest
/// leads to no commit.
fn version(artifact: &str) -> String {
    let (address, qualifiers) = artifact.split_once('?').unwrap_or((artifact, ""));
    let tag = qualifiers.split('&').find_map(|pair| pair.strip_prefix("tag="));
    let version = address.rsplit_once('@').map_or(address, |(_, version)| version);
    tag.unwrap_or(version).replace("%3A", ":").replace("%3a", ":").replace("%2B", "+")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_is_the_tag_else_what_the_address_says() {
        let check = |artifact: &str, expected: &str| assert_eq!(version(artifact), expected);
        check("pkg:oci/shop@sha256%3A0b31?repository_url=x&tag=v1.2", "v1.2");
        check("pkg:oci/shop@sha256%3A0b31", "sha256:0b31");
        check("pkg:golang/example.org/shop@v1.2.3", "v1.2.3");
        check("1.2.3", "1.2.3");
    }
}
