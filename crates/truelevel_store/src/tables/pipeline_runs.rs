//! Pipeline runs, clustered by repository and start.

use truelevel_model::{PipelineRun, RepositoryId, SourceId, Word};

use crate::columns::{commit, millis, name, optional_list, optional_list_text, optional_time, time, word};
use crate::failure::Failure;
use crate::sql::{Connection, row, values};
use crate::tables::names::{self, Names};

use crate::upsert::{Stays, Table};
use crate::written::Effect;

const TABLE: Table = Table {
    name: "pipeline_run",
    identity: &["source", "id", "attempt"],
    values: &[
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
    ],
    optional: None,
};

pub(crate) fn write<'f>(
    connection: &Connection,
    names: &mut Names,
    runs: impl Iterator<Item = &'f PipelineRun> + Clone,
) -> Result<Vec<Effect>, Failure> {
    names.learn(connection, runs.clone().map(|run| &run.repository))?;
    let rows = runs.map(|run| {
        Ok(row![
            names.key(connection, &run.source)?,
            &run.id,
            run.attempt,
            names.key(connection, &run.repository)?,
            run.started_at.millis(),
            &run.workflow,
            &run.commit.0,
            &run.trigger,
            millis(run.finished_at),
            run.outcome.word(),
            optional_list_text(run.shared_workflows.as_deref()),
            run.branch.as_deref(),
            run.observed_at.millis(),
        ])
    });
    connection.upsert(&TABLE, Stays::ObservedLater, rows)
}

pub(crate) fn read(connection: &Connection) -> Result<Vec<PipelineRun>, Failure> {
    let sources = names::by_key::<SourceId>(connection)?;
    let sql = "SELECT started_at, source, id, attempt, workflow, commit_id, triggered_by, finished_at, outcome,
                shared_workflows, branch, observed_at
         FROM pipeline_run WHERE repository = ?1 ORDER BY started_at";
    let mut runs: Vec<PipelineRun> = Vec::new();
    for (key, repository) in names::all::<RepositoryId>(connection)? {
        let mut some: Vec<PipelineRun> = connection.all(sql, &values![key], |row| {
            Ok(PipelineRun {
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
                shared_workflows: optional_list(row, 9)?,
                branch: row.get(10)?,
                observed_at: time(row, 11)?,
            })
        })?;
        // Keys are numbered as names came, which must not show; the cluster is nearly in order already.
        some.sort_by(|a, b| order(a).cmp(&order(b)));
        runs.append(&mut some);
    }
    Ok(runs)
}

fn order(run: &PipelineRun) -> impl Ord + use<'_> {
    (run.started_at, &run.source, &run.id, run.attempt)
}
