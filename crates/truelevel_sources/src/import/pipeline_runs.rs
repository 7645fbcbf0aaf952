//! Pipeline runs.

use truelevel_model::facts::{Facts, RunOutcome};
use truelevel_model::{PipelineRun, RepositoryId, declare};

use super::field::fields;
use super::forms::{Choice, Commit, Instant, List, Text, Whole};
use super::layout::Layout;
use super::record::{Fault, Record};
use super::shared::{OBSERVED_AT, SOURCE};
use super::times::refuse_backwards;
use super::writing::{Row, Rows};

declare! {
    /// Pipeline runs
    ///
    /// A record for each run of CI. Identity is `source`, `id` and `attempt`.
    pub static PIPELINE_RUNS: Layout = { id: "pipeline_runs", fields: FIELDS, recognised_by: &[], read: read, rows: rows };
}

fields! {
    /// The source's own id, without the attempt.
    ID: Required<Text> = "id";
    /// From 1; a higher attempt is a re-run of the same id. Without it, 1.
    ATTEMPT: Optional<Whole<u32>> = "attempt";
    /// The repository, by the name that the workspace gives it.
    REPOSITORY: Required<Text<RepositoryId>> = "repository";
    /// The workflow's name.
    WORKFLOW: Required<Text> = "workflow";
    /// The commit that it ran on.
    COMMIT: Required<Commit> = "commit";
    /// The branch that it ran on.
    BRANCH: Optional<Text> = "branch";
    /// The event that started it, as the source writes it.
    TRIGGER: Optional<Text> = "trigger";
    /// When it started.
    STARTED_AT: Required<Instant> = "started_at";
    /// When it ended. Empty only while it is in progress.
    FINISHED_AT: Optional<Instant> = "finished_at";
    /// How it ended.
    OUTCOME: Required<Choice<RunOutcome>> = "outcome";
    /// Shared workflows that it executed, as `path@version`.
    SHARED_WORKFLOWS: Optional<List<Text>> = "shared_workflows";
    + SOURCE, OBSERVED_AT
}

fn read(record: &Record<'_>, facts: &mut Facts) -> Result<(), Fault> {
    let (started_at, finished_at, outcome) = (STARTED_AT.of(record)?, FINISHED_AT.given(record)?, OUTCOME.of(record)?);
    if let Some(finished_at) = finished_at {
        refuse_backwards(Some(started_at), finished_at).map_err(|reason| FINISHED_AT.fault(reason))?;
    } else if outcome != RunOutcome::InProgress {
        return Err(FINISHED_AT.fault("it is missing, and only a run in progress has no end"));
    }
    let attempt = ATTEMPT.given(record)?.unwrap_or(1);
    if attempt == 0 {
        return Err(ATTEMPT.fault("attempts count from 1"));
    }
    facts.pipeline_runs.push(PipelineRun {
        source: record.source(&SOURCE)?,
        id: ID.of(record)?,
        attempt,
        repository: REPOSITORY.of(record)?,
        workflow: WORKFLOW.of(record)?,
        commit: COMMIT.of(record)?,
        trigger: TRIGGER.given(record)?.unwrap_or_default(),
        started_at,
        finished_at,
        outcome,
        shared_workflows: SHARED_WORKFLOWS.given(record)?,
        branch: BRANCH.given(record)?,
        observed_at: record.observed_at()?,
    });
    Ok(())
}

fn rows(facts: &Facts) -> Rows<'_> {
    Box::new(facts.pipeline_runs.iter().map(row))
}

fn row(run: &PipelineRun) -> Row {
    let mut row = Row::new();
    ID.put(&mut row, &run.id);
    ATTEMPT.put(&mut row, &run.attempt);
    REPOSITORY.put(&mut row, &run.repository);
    WORKFLOW.put(&mut row, &run.workflow);
    COMMIT.put(&mut row, &run.commit);
    BRANCH.put(&mut row, run.branch.as_ref());
    TRIGGER.put(&mut row, &run.trigger);
    STARTED_AT.put(&mut row, &run.started_at);
    FINISHED_AT.put(&mut row, run.finished_at.as_ref());
    OUTCOME.put(&mut row, &run.outcome);
    SHARED_WORKFLOWS.put(&mut row, run.shared_workflows.as_ref());
    SOURCE.put(&mut row, &run.source);
    OBSERVED_AT.put(&mut row, &run.observed_at);
    row
}
