//! Flux: notifications of the provider `generic-hmac`, or `generic` with a token
//! (<https://fluxcd.io/flux/components/notification/providers/#generic-webhook-with-hmac>); events as in
//! `fluxcd/pkg/apis/event/v1beta1`.

use truelevel_model::events::Reading;
use truelevel_model::facts::{DeploymentOutcome, Initiator};
use truelevel_model::{Deployment, Time};

use super::payload::Payload;
use super::shared::told;
use super::signatures::Scheme;
use super::{Event, Names, Sender, shared};
use crate::deployment_repository::UNNAMED_ENVIRONMENT;

pub(super) static SENDER: Sender = Sender {
    id: "flux",
    title: "Flux",
    schemes: &[Scheme::BodyHmac { header: "x-signature", prefix: "sha256=" }, Scheme::Bearer, Scheme::Basic],
    kind: |delivery| {
        delivery.payload.need_text("involvedObject.kind")?;
        delivery.payload.need_text("reason").map(str::to_owned)
    },
    delivery: |_| None,
    read,
};

fn read(event: &Event<'_>, names: &Names) -> Result<Reading, String> {
    let body = event.payload;
    let object = body.need_part("involvedObject")?;
    let kind = object.need_text("kind")?;
    if !matches!(kind, "Kustomization" | "HelmRelease") {
        return Ok(Reading::ignored("not about what is deployed"));
    }
    let outcome = match event.kind {
        "ReconciliationSucceeded" | "InstallSucceeded" | "UpgradeSucceeded" | "RollbackSucceeded" => {
            DeploymentOutcome::Succeeded
        }
        "ReconciliationFailed" | "HealthCheckFailed" | "InstallFailed" | "UpgradeFailed" | "RollbackFailed" => {
            DeploymentOutcome::Failed
        }
        other => return Ok(Reading::ignored(format!("{} is no deployment", truelevel_model::printable(other)))),
    };
    // What was built from an artifact has the commit as its origin.
    let revision = metadata(body, "originRevision").or_else(|| metadata(body, "revision"));
    let revision = revision.ok_or("`metadata.revision` is missing")?;
    let at: Time = body.need_time("timestamp")?;
    let (name, namespace) = (object.need_text("name")?, object.text("namespace").unwrap_or(UNNAMED_ENVIRONMENT));
    let environment = ["environment", "env", "cluster"].into_iter().find_map(|key| metadata(body, key));
    Ok(told(Deployment {
        initiated_by: Some(Initiator::Automation),
        ..shared::deployment(
            &SENDER,
            format!("{kind}/{namespace}/{name} {at}"),
            names.service_titled(&[name]).ok_or("`involvedObject.name` is missing")?,
            (environment.unwrap_or(namespace), version(revision)),
            (outcome, at),
        )
    }))
}

/// What stands under a key, which may have the group of its controller before it.
fn metadata<'a>(body: Payload<'a>, key: &str) -> Option<&'a str> {
    let all = body.at("metadata")?.as_object()?;
    let is_meant = |given: &str| given == key || given.rsplit_once('/').is_some_and(|(_, last)| last == key);
    all.iter().find(|(given, _)| is_meant(given)).and_then(|(_, value)| value.as_str()).filter(|text| !text.is_empty())
}

/// The commit in `main@sha1:0b31…`, or in `main/0b31…` as it was written before; else the version of a chart.
fn version(revision: &str) -> &str {
    let last = revision.rsplit_once('@').map_or(revision, |(_, digest)| digest);
    let last = last.strip_prefix("sha1:").unwrap_or(last);
    last.rsplit_once('/').map_or(last, |(_, commit)| commit)
}
