//! Deployments, clustered by service and environment.

use std::collections::BTreeSet;

use rusqlite::{Connection, params};
use truelevel_model::{Deployment, EnvironmentId, ServiceId, SourceId, Span, Word};

use super::columns::{bytes, millis, name, optional_commit, optional_time, optional_word, time, word};
use super::failure::Failure;
use super::names::{self, Names};
use super::upsert::{Joining, Stays, Upsert};
use crate::Counts;

const IDENTITY: &[&str] = &["source", "id"];
const VALUES: &[&str] = &[
    "service",
    "environment",
    "finished_at",
    "sequence",
    "version",
    "commit_id",
    "started_at",
    "outcome",
    "is_initial_state",
    "initiated_by",
    "approval_wait",
    "strategy",
    "aborted_automatically",
    "observed_at",
];

/// By value, when several observations of one deployment are joined.
pub(crate) const JOINING: &[Joining] = &[
    Joining::Later,
    Joining::Later,
    Joining::Later,
    Joining::Later,
    Joining::Later,
    Joining::LaterIfSaid,
    Joining::Earliest,
    Joining::Later,
    Joining::Later,
    Joining::LaterIfSaid,
    Joining::LaterIfSaid,
    Joining::LaterIfSaid,
    Joining::LaterIfSaid,
];

pub(crate) fn write(
    connection: &Connection,
    names: &mut Names,
    deployments: &[Deployment],
    stays: Stays,
) -> Result<Counts, Failure> {
    let mut counts = Counts::default();
    let mut upsert = Upsert::prepare(connection, "deployment", IDENTITY, VALUES, stays)?;
    for deployment in deployments {
        counts.add(upsert.write(params![
            names.key(connection, &deployment.source)?,
            deployment.id,
            names.key(connection, &deployment.service)?,
            names.key(connection, &deployment.environment)?,
            deployment.finished_at.millis(),
            deployment.sequence,
            deployment.version,
            bytes(deployment.commit.as_ref()),
            millis(deployment.started_at),
            deployment.outcome.word(),
            deployment.is_initial_state,
            deployment.initiated_by.map(Word::word),
            deployment.approval_wait.map(Span::millis),
            deployment.strategy.map(Word::word),
            deployment.aborted_automatically,
            deployment.observed_at.millis(),
        ])?);
    }
    Ok(counts)
}

pub(crate) fn replace(
    connection: &Connection,
    names: &mut Names,
    source: &SourceId,
    deployments: &[Deployment],
) -> Result<Counts, Failure> {
    let key = names.key(connection, source)?;
    let mut gone: BTreeSet<String> = connection
        .prepare_cached("SELECT id FROM deployment WHERE source = ?1")?
        .query_map([key], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for deployment in deployments {
        gone.remove(&deployment.id);
    }
    let mut counts = write(connection, names, deployments, Stays::WrittenLater)?;
    let mut delete = connection.prepare_cached("DELETE FROM deployment WHERE source = ?1 AND id = ?2")?;
    for id in gone {
        counts.removed += delete.execute(params![key, id])? as u64;
    }
    Ok(counts)
}

pub(crate) fn read(connection: &Connection) -> Result<Vec<Deployment>, Failure> {
    let services: Vec<ServiceId> = names::all(connection)?.into_iter().map(|(_, service)| service).collect();
    Ok(read_of(connection, &services)?.into_iter().flatten().collect())
}

pub(crate) fn read_of(connection: &Connection, services: &[ServiceId]) -> Result<Vec<Vec<Deployment>>, Failure> {
    let environments = names::by_key::<EnvironmentId>(connection)?;
    let sources = names::by_key::<SourceId>(connection)?;
    let mut statement = connection.prepare_cached(
        "SELECT environment, finished_at, sequence, source, id, version, commit_id, started_at, outcome,
                is_initial_state, initiated_by, approval_wait, strategy, aborted_automatically, observed_at
         FROM deployment WHERE service = ?1 ORDER BY environment, finished_at, sequence",
    )?;
    let mut read = |service: &ServiceId| {
        let mut deployments: Vec<Deployment> = Vec::new();
        let mut rows = statement.query([names::find(connection, service)?])?;
        while let Some(row) = rows.next()? {
            deployments.push(Deployment {
                source: name(row, 3, &sources)?,
                id: row.get(4)?,
                service: service.clone(),
                environment: name(row, 0, &environments)?,
                version: row.get(5)?,
                commit: optional_commit(row, 6)?,
                started_at: optional_time(row, 7)?,
                finished_at: time(row, 1)?,
                sequence: row.get(2)?,
                outcome: word(row, 8)?,
                is_initial_state: row.get(9)?,
                initiated_by: optional_word(row, 10)?,
                approval_wait: row.get::<_, Option<i64>>(11)?.map(Span::from_millis),
                strategy: optional_word(row, 12)?,
                aborted_automatically: row.get(13)?,
                observed_at: time(row, 14)?,
            });
        }
        // Keys are numbered as names came, which must not show; the cluster is nearly in order already.
        deployments.sort_by(|a, b| order(a).cmp(&order(b)));
        Ok(deployments)
    };
    services.iter().map(&mut read).collect()
}

fn order(deployment: &Deployment) -> impl Ord + use<'_> {
    (&deployment.environment, deployment.finished_at, deployment.sequence, &deployment.source, &deployment.id)
}
