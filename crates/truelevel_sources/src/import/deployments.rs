//! Deployments.

use truelevel_model::facts::{DeploymentOutcome, DeploymentStrategy, Facts, Initiator};
use truelevel_model::{Deployment, EnvironmentId, ServiceId, declare};

use super::field::fields;
use super::forms::{Choice, Commit, Flag, Instant, Seconds, Text, Whole};
use super::layout::Layout;
use super::record::{Fault, Record};
use super::shared::{OBSERVED_AT, SOURCE};
use super::times::refuse_backwards;
use super::writing::{Row, Rows};

declare! {
    /// Deployments
    ///
    /// A record for each attempt to change what runs in an environment, whether it succeeded or not. Identity is
    /// `source` and `id`.
    pub static DEPLOYMENTS: Layout = { id: "deployments", fields: FIELDS, recognised_by: &[], read: read, rows: rows };
}

fields! {
    /// The source's own id. Without one, service, environment, version and start (else end) together stand for it.
    ID: Optional<Text> = "id";
    /// The service.
    SERVICE: Required<Text<ServiceId>> = "service";
    /// The environment, such as `production`. Which of them are production, `truelevel.toml` says.
    ENVIRONMENT: Required<Text<EnvironmentId>> = "environment";
    /// The version that was to run, as the source writes it: a tag, an image tag, a commit, also a short one. Needed
    /// unless `commit` is given.
    VERSION: Optional<Text> = "version";
    /// The commit of the service's repository, where the source knows it.
    COMMIT: Optional<Commit> = "commit";
    /// When it started.
    STARTED_AT: Optional<Instant> = "started_at";
    /// When it ended. Empty only while it is in progress.
    FINISHED_AT: Required<Instant> = "finished_at";
    /// How it ended.
    OUTCOME: Required<Choice<DeploymentOutcome>> = "outcome";
    /// What started it.
    INITIATED_BY: Optional<Choice<Initiator>> = "initiated_by";
    /// How long it waited for an approval.
    APPROVAL_WAIT: Optional<Seconds> = "approval_wait_seconds";
    /// How it reached its targets.
    STRATEGY: Optional<Choice<DeploymentStrategy>> = "strategy";
    /// Whether automation stopped or reverted it because of what it measured.
    ABORTED_AUTOMATICALLY: Optional<Flag> = "aborted_automatically";
    /// The source's own order, which decides between equal times.
    SEQUENCE: Optional<Whole<i64>> = "sequence";
    /// `true` for what ran when observing began: it tells what is deployed and is no event.
    IS_INITIAL_STATE: Optional<Flag> = "is_initial_state";
    /// `true` where the service was taken out: from then on nothing of it runs there.
    IS_REMOVAL: Optional<Flag> = "is_removal";
    + SOURCE, OBSERVED_AT
}

fn read(record: &Record<'_>, facts: &mut Facts) -> Result<(), Fault> {
    let (service, environment) = (SERVICE.of(record)?, ENVIRONMENT.of(record)?);
    let commit = COMMIT.given(record)?;
    let version = VERSION.given(record)?.or_else(|| commit.map(|commit| commit.to_string()));
    let version = version.ok_or_else(|| VERSION.fault("neither a version nor a commit is given"))?;
    let (outcome, started_at) = (OUTCOME.of(record)?, STARTED_AT.given(record)?);
    let finished_at = FINISHED_AT.given(record)?;
    let observed_at = record.observed_at()?;
    let finished_at = match (finished_at, outcome) {
        (Some(finished_at), _) => finished_at,
        (None, DeploymentOutcome::InProgress) => observed_at,
        (None, _) => return Err(FINISHED_AT.fault("it is missing, and only one in progress has no end")),
    };
    refuse_backwards(started_at, finished_at).map_err(|reason| FINISHED_AT.fault(reason))?;
    let id = ID.given(record)?.unwrap_or_else(|| {
        let time = started_at.unwrap_or(finished_at);
        format!("{}/{}/{version}/{time}", service.as_str(), environment.as_str())
    });
    facts.deployments.push(Deployment {
        source: record.source(&SOURCE)?,
        id,
        service,
        environment,
        version,
        commit,
        started_at,
        finished_at,
        sequence: SEQUENCE.given(record)?.unwrap_or(0),
        outcome,
        is_initial_state: IS_INITIAL_STATE.given(record)?.unwrap_or(false),
        is_removal: IS_REMOVAL.given(record)?.unwrap_or(false),
        initiated_by: INITIATED_BY.given(record)?,
        approval_wait: APPROVAL_WAIT.given(record)?,
        strategy: STRATEGY.given(record)?,
        aborted_automatically: ABORTED_AUTOMATICALLY.given(record)?,
        observed_at,
    });
    Ok(())
}

fn rows(facts: &Facts) -> Rows<'_> {
    Box::new(facts.deployments.iter().map(row))
}

fn row(deployment: &Deployment) -> Row {
    let mut row = Row::new();
    ID.put(&mut row, &deployment.id);
    SERVICE.put(&mut row, &deployment.service);
    ENVIRONMENT.put(&mut row, &deployment.environment);
    VERSION.put(&mut row, &deployment.version);
    COMMIT.put(&mut row, deployment.commit.as_ref());
    STARTED_AT.put(&mut row, deployment.started_at.as_ref());
    FINISHED_AT.put(&mut row, &deployment.finished_at);
    OUTCOME.put(&mut row, &deployment.outcome);
    INITIATED_BY.put(&mut row, deployment.initiated_by.as_ref());
    APPROVAL_WAIT.put(&mut row, deployment.approval_wait.as_ref());
    STRATEGY.put(&mut row, deployment.strategy.as_ref());
    ABORTED_AUTOMATICALLY.put(&mut row, deployment.aborted_automatically.as_ref());
    SEQUENCE.put(&mut row, &deployment.sequence);
    IS_INITIAL_STATE.put(&mut row, &deployment.is_initial_state);
    IS_REMOVAL.put(&mut row, &deployment.is_removal);
    SOURCE.put(&mut row, &deployment.source);
    OBSERVED_AT.put(&mut row, &deployment.observed_at);
    row
}
