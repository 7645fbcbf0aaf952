//! Flagger: webhooks of the type `post-rollout` (<https://docs.flagger.app/usage/webhooks>), which tell how a rollout
//! ended. The address may hold a user and password, which it sends as basic authentication. What was deployed stands
//! in the hook's own metadata, as `version`, else only a checksum of the whole specification is known.

use truelevel_model::events::Reading;
use truelevel_model::facts::{DeploymentOutcome, DeploymentStrategy, Initiator};
use truelevel_model::{Deployment, Time};

use super::shared::{first_text, told};
use super::signatures::Scheme;
use super::{DeliveryId, Event, Names, Sender, shared};

pub(super) static SENDER: Sender = Sender {
    id: "flagger",
    title: "Flagger",
    schemes: &[Scheme::Basic],
    kind: |delivery| {
        delivery.payload.need_text("name")?;
        delivery.payload.need_text("phase").map(str::to_lowercase)
    },
    // A version that is rolled out again says the same as before, as does a call that is tried again: only the time tells
    // one from the other.
    delivery: |delivery| {
        let part = |path| delivery.payload.text(path).unwrap_or_default();
        let minute = delivery.received_at.millis().div_euclid(60_000);
        let in_minute = |minute: i64| {
            let what = format!("{}/{} {} {}", part("namespace"), part("name"), part("phase"), part("checksum"));
            format!("{what} {}", Time::from_millis(minute.saturating_mul(60_000)))
        };
        let repeats = (1..=RETRIED_MINUTES).map(|before| in_minute(minute - before)).collect();
        Some(DeliveryId { id: in_minute(minute), repeats })
    },
    read,
};

/// For so long a call is taken for one that is tried again: Flagger waits a second, two, four and so on up to thirty
/// between attempts, each of which may take ten, while a rollout takes a minute at least.
const RETRIED_MINUTES: i64 = 5;

fn read(event: &Event<'_>, names: &Names) -> Result<Reading, String> {
    let body = event.payload;
    let outcome = match event.kind {
        _ if body.text("metadata.eventType").is_some() => {
            return Ok(Reading::ignored("a step on the way; a hook of the type `post-rollout` tells how it ended"));
        }
        "succeeded" => DeploymentOutcome::Succeeded,
        "failed" => DeploymentOutcome::Failed,
        _ => return Ok(Reading::ignored("a rollout that goes on")),
    };
    let (name, namespace) = (body.need_text("name")?, body.need_text("namespace")?);
    let environment = first_text(body, &["metadata.environment", "metadata.env", "namespace"])?;
    let version = first_text(body, &["metadata.version", "checksum"])?;
    Ok(told(Deployment {
        initiated_by: Some(Initiator::Automation),
        strategy: Some(DeploymentStrategy::Canary),
        aborted_automatically: Some(outcome == DeploymentOutcome::Failed),
        ..shared::deployment(
            &SENDER,
            format!("{namespace}/{name} {}", event.received_at),
            names.service_titled(&[name]).ok_or("`name` is missing")?,
            (environment, version),
            (outcome, event.received_at),
        )
    }))
}
