//! Pipeline runs, clustered by repository and start.

use rusqlite::{Connection, params};
use truelevel_model::{PipelineRun, RepositoryId, SourceId, Word};

use super::columns::{commit, list, list_text, millis, name, optional_time, time, word};
use super::failure::Failure;
use super::names::{self, Names};
use super::upsert::{Stays, Upsert};
use crate::Counts;

const IDENTITY: &[&str] = &["source", "id", "attempt"];
const VALUES: &[&str] = &[
    "repository",
    "started_at",
    "workflow",
    "commit_id",
    "triggered_by",
    "finished_at",
    "outcome",
    "shared_workflows",
    "branch",
    "observed_at",
];

pub(crate) fn write(connection: &Connection, names: &mut Names, runs: &[PipelineRun]) -> Result<Counts, Failure> {
    let mut counts = Counts::default();
    let mut upsert = Upsert::prepare(connection, "pipeline_run", IDENTITY, VALUES, Stays::ObservedLater)?;
    for run in runs {
        counts.add(upsert.write(params![
            names.key(connection, &run.source)?,
            run.id,
            run.attempt,
            names.key(connection, &run.repository)?,
            run.started_at.millis(),
            run.workflow,
            run.commit.0,
            run.trigger,
            millis(run.finished_at),
            run.outcome.word(),
            list_text(&run.shared_workflows),
            run.branch,
            run.observed_at.millis(),
        ])?);
    }
    Ok(counts)
}

pub(crate) fn read(connection: &Connection) -> Result<Vec<PipelineRun>, Failure> {
    let sources = names::by_key::<SourceId>(connection)?;
    let mut statement = connection.prepare_cached(
        "SELECT started_at, source, id, attempt, workflow, commit_id, triggered_by, finished_at, outcome,
                shared_workflows, branch, observed_at
         FROM pipeline_run WHERE repository = ?1 ORDER BY started_at",
    )?;
    let mut runs: Vec<PipelineRun> = Vec::new();
    for (key, repository) in names::all::<RepositoryId>(connection)? {
        let first = runs.len();
        let mut rows = statement.query([key])?;
        while let Some(row) = rows.next()? {
            runs.push(PipelineRun {
                source: name(row, 1, &sources)?,
                id: row.get(2)?,
                attempt: row.get(3)?,
                repository: repository.clone(),
                workflow: row.get(4)?,
                commit: commit(row, 5)?,
                trigger: row.get(6)?,
                started_at: time(row, 0)?,
                finished_at: optional_time(row, 7)?,
                outcome: word(row, 8)?,
                shared_workflows: list(row, 9)?,
                branch: row.get(10)?,
                observed_at: time(row, 11)?,
            });
        }
        // Keys are numbered as names came, which must not show; the cluster is nearly in order already.
        runs[first..].sort_by(|a, b| order(a).cmp(&order(b)));
    }
    Ok(runs)
}

fn order(run: &PipelineRun) -> impl Ord + use<'_> {
    (run.started_at, &run.source, &run.id, run.attempt)
}
