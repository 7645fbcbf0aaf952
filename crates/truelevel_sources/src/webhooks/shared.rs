//! Facts of which only what every sender tells is known; a sender adds what it knows besides.

use truelevel_model::facts::{DeploymentOutcome, Facts, RunOutcome};
use truelevel_model::{CommitId, Deployment, Incident, PipelineRun, RepositoryId, Review, ServiceId, Time};

use super::payload::{Payload, missing};
use super::{Sender, observed};

/// A deployment of a version to an environment, as it was seen at a time.
pub(super) fn deployment(
    sender: &Sender,
    id: String,
    service: ServiceId,
    (environment, version): (&str, &str),
    (outcome, seen_at): (DeploymentOutcome, Time),
) -> Deployment {
    Deployment {
        source: sender.id.into(),
        id,
        service,
        environment: environment.into(),
        version: version.to_owned(),
        commit: version.parse().ok(),
        started_at: None,
        finished_at: seen_at,
        sequence: 0,
        outcome,
        is_initial_state: false,
        is_removal: false,
        initiated_by: None,
        approval_wait: None,
        strategy: None,
        aborted_automatically: None,
        observed_at: observed(seen_at, outcome != DeploymentOutcome::InProgress),
    }
}

/// An incident that began at a time.
pub(super) fn incident(sender: &Sender, id: String, services: Vec<ServiceId>, started_at: Time) -> Incident {
    Incident {
        source: sender.id.into(),
        id,
        services,
        severity: None,
        started_at,
        detected_at: Some(started_at),
        detected_by_alert: None,
        acknowledged_at: None,
        resolved_at: None,
        caused_by: None,
        observed_at: started_at,
    }
}

/// A run of a workflow for a commit; `finished_at` counts once its outcome says that it is over.
pub(super) fn run(
    sender: &Sender,
    id: String,
    (repository, workflow, commit): (RepositoryId, &str, CommitId),
    outcome: RunOutcome,
    (started_at, finished_at): (Time, Option<Time>),
) -> PipelineRun {
    let is_end = outcome != RunOutcome::InProgress;
    let finished_at = finished_at.filter(|_| is_end);
    PipelineRun {
        source: sender.id.into(),
        id,
        attempt: 1,
        repository,
        workflow: workflow.to_owned(),
        commit,
        trigger: "unknown".to_owned(),
        started_at,
        finished_at,
        outcome,
        shared_workflows: None,
        branch: None,
        observed_at: observed(finished_at.unwrap_or(started_at), is_end),
    }
}

/// A review that was opened at a time.
pub(super) fn review(sender: &Sender, repository: RepositoryId, number: u64, opened_at: Time) -> Review {
    Review {
        source: sender.id.into(),
        repository,
        number,
        opened_at,
        first_commit_at: None,
        first_response_at: None,
        approved_at: None,
        merged_at: None,
        merge_commit: None,
        is_automation: false,
        lines_changed: None,
        labels: Vec::new(),
        commits: Vec::new(),
        observed_at: opened_at,
    }
}

/// The first of several texts that is there; the first path is what is said to be missing.
pub(super) fn first_text<'a>(body: Payload<'a>, paths: &[&str]) -> Result<&'a str, String> {
    let first = paths.first().copied().unwrap_or_default();
    paths.iter().find_map(|path| body.text(path)).ok_or_else(|| missing(first))
}

/// What is said of a value that nobody told us the meaning of.
pub(super) fn unknown(path: &str, value: &str) -> String {
    format!("`{path}` is unknown: {}", truelevel_model::printable(value))
}

/// A branch without what stands before branches.
pub(super) fn branch(reference: &str) -> Option<String> {
    match reference.strip_prefix("refs/") {
        Some(rest) => rest.strip_prefix("heads/").map(str::to_owned),
        None => Some(reference.strip_prefix("origin/").unwrap_or(reference).to_owned()),
    }
}

impl From<Deployment> for Told {
    fn from(deployment: Deployment) -> Self {
        Self(Facts { deployments: vec![deployment], ..Facts::default() })
    }
}

impl From<Incident> for Told {
    fn from(incident: Incident) -> Self {
        Self(Facts { incidents: vec![incident], ..Facts::default() })
    }
}

impl From<PipelineRun> for Told {
    fn from(run: PipelineRun) -> Self {
        Self(Facts { pipeline_runs: vec![run], ..Facts::default() })
    }
}

impl From<Review> for Told {
    fn from(review: Review) -> Self {
        Self(Facts { reviews: vec![review], ..Facts::default() })
    }
}

/// Facts of one event.
pub(super) struct Told(Facts);

/// What an event says that tells one thing.
pub(super) fn told(fact: impl Into<Told>) -> truelevel_model::events::Reading {
    truelevel_model::events::Reading { facts: fact.into().0, ..Default::default() }
}
