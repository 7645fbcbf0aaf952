//! Argo CD: its notifications, as webhooks whose body is `{"app": {{toJson .app}}}`
//! (<https://argo-cd.readthedocs.io/en/stable/operator-manual/notifications/services/webhook/>); the application is
//! read as its resource writes it.

use truelevel_model::Deployment;
use truelevel_model::events::Reading;
use truelevel_model::facts::{DeploymentOutcome, Initiator};

use super::payload::Payload;
use super::shared::{told, unknown};
use super::signatures::Scheme;
use super::{Event, Names, Sender, shared};
use crate::deployment_files::image_name_and_version;
use crate::deployment_repository::UNNAMED_ENVIRONMENT;

pub(super) static SENDER: Sender = Sender {
    id: "argocd",
    title: "Argo CD notifications",
    // The last one is that of Four Keys.
    schemes: &[Scheme::Bearer, Scheme::Basic, Scheme::Token { header: "argo-signature" }],
    kind: |delivery| match delivery.payload.text("commit_sha") {
        Some(_) => Ok(FOUR_KEYS.to_owned()),
        None => delivery.payload.need_text("app.metadata.name").map(|_| "application".to_owned()),
    },
    delivery: |_| None,
    read,
};

/// What templates that were made for Four Keys write: an id, a time, a commit and a status.
const FOUR_KEYS: &str = "four_keys";

/// Labels of an application that name its environment.
const ENVIRONMENT_LABELS: &[&str] = &["environment", "env"];

fn read(event: &Event<'_>, names: &Names) -> Result<Reading, String> {
    if event.kind == FOUR_KEYS {
        return Err("it names no application; let the template's body be `{\"app\": {{toJson .app}}}`".to_owned());
    }
    let app = event.payload.need_part("app")?;
    let Some(operation) = app.part("status.operationState") else {
        return Ok(Reading::ignored("an application that was never synchronised"));
    };
    if operation.is_true("operation.sync.dryRun") {
        return Ok(Reading::ignored("it was tried out and changed nothing"));
    }
    let outcome = match operation.need_text("phase")? {
        "Running" | "Terminating" => DeploymentOutcome::InProgress,
        "Succeeded" => DeploymentOutcome::Succeeded,
        "Failed" | "Error" => DeploymentOutcome::Failed,
        other => return Err(unknown("app.status.operationState.phase", other)),
    };
    let started_at = operation.need_time("startedAt")?;
    let seen_at = operation.time("finishedAt")?.unwrap_or(started_at);
    let name = app.need_text("metadata.name")?;
    let version = version(app, operation, name)
        .ok_or("neither an image nor `app.status.operationState.syncResult.revision` tells the version")?;
    let service = names.service_titled(&[name]).ok_or("`app.metadata.name` is missing")?;
    let namespace = app.text("metadata.namespace").unwrap_or_default();
    let is_automated = operation.part("operation.initiatedBy").map(|who| who.is_true("automated"));
    Ok(told(Deployment {
        started_at: Some(started_at),
        initiated_by: is_automated.map(|is| if is { Initiator::Automation } else { Initiator::Person }),
        ..shared::deployment(
            &SENDER,
            format!("{namespace}/{name} {started_at}"),
            service,
            (environment(app), &version),
            (outcome, seen_at),
        )
    }))
}

/// A label, else the cluster, else the namespace that is deployed to.
fn environment<'a>(app: Payload<'a>) -> &'a str {
    let label = ENVIRONMENT_LABELS.iter().find_map(|label| app.part("metadata.labels")?.text(label));
    let cluster = app.text("spec.destination.name").filter(|name| *name != "in-cluster");
    label.or(cluster).or_else(|| app.text("spec.destination.namespace")).unwrap_or(UNNAMED_ENVIRONMENT)
}

/// The version of the application's own image once it runs, else the revision that was synchronised.
fn version(app: Payload<'_>, operation: Payload<'_>, name: &str) -> Option<String> {
    let is_running = app.text("status.health.status") == Some("Healthy");
    let images: Vec<_> = app.items("status.summary.images").filter_map(|image| image.0.as_str()).collect();
    let read: Vec<_> = images.into_iter().filter(|_| is_running).filter_map(image_name_and_version).collect();
    let own =
        read.iter().find(|(image, _)| image == name).or(if let [only] = read.as_slice() { Some(only) } else { None });
    let revision = operation
        .text("syncResult.revision")
        .or_else(|| operation.items("syncResult.revisions").find_map(|revision| revision.0.as_str()));
    own.map(|(_, version)| version.clone()).or_else(|| revision.map(str::to_owned))
}
