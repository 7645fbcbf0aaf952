//! Deployments, clustered by service and environment.

use std::collections::BTreeSet;

use truelevel_model::{Deployment, EnvironmentId, ServiceId, SourceId, Span, Word};

use crate::columns::{bytes, millis, name, optional_commit, optional_time, optional_word, time, word};
use crate::failure::Failure;
use crate::sql::{Connection, row, values};
use crate::tables::names::{self, Names};

use crate::Counts;
use crate::upsert::{Joining, Stays, Table};
use crate::written::Effect;

const TABLE: Table = Table {
    name: "deployment",
    identity: &["source", "id"],
    values: &[
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
        "is_removal",
        "observed_at",
    ],
    optional: None,
};

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
    Joining::Later,
];

pub(crate) fn write<'f>(
    connection: &Connection,
    names: &mut Names,
    deployments: impl Iterator<Item = &'f Deployment> + Clone,
    stays: Stays,
) -> Result<Vec<Effect>, Failure> {
    names.learn(connection, deployments.clone().map(|deployment| &deployment.service))?;
    let rows = deployments.map(|deployment| {
        Ok(row![
            names.key(connection, &deployment.source)?,
            &deployment.id,
            names.key(connection, &deployment.service)?,
            names.key(connection, &deployment.environment)?,
            deployment.finished_at.millis(),
            deployment.sequence,
            &deployment.version,
            bytes(deployment.commit.as_ref()),
            millis(deployment.started_at),
            deployment.outcome.word(),
            deployment.is_initial_state,
            deployment.initiated_by.map(Word::word),
            deployment.approval_wait.map(Span::millis),
            deployment.strategy.map(Word::word),
            deployment.aborted_automatically,
            deployment.is_removal,
            deployment.observed_at.millis(),
        ])
    });
    connection.upsert(&TABLE, stays, rows)
}

pub(crate) fn replace(
    connection: &Connection,
    names: &mut Names,
    source: &SourceId,
    deployments: &[Deployment],
) -> Result<Counts, Failure> {
    let key = names.key(connection, source)?;
    let ids = connection.all("SELECT id FROM deployment WHERE source = ?1", &values![key], |row| row.get(0))?;
    let mut gone: BTreeSet<String> = ids.into_iter().collect();
    for deployment in deployments {
        gone.remove(&deployment.id);
    }
    let mut counts = Counts::of(write(connection, names, deployments.iter(), Stays::WrittenLater)?);
    for id in gone {
        let delete = "DELETE FROM deployment WHERE source = ?1 AND id = ?2";
        counts.removed += connection.execute(delete, &values![key, id])?;
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
    let sql = "SELECT environment, finished_at, sequence, source, id, version, commit_id, started_at, outcome,
                is_initial_state, initiated_by, approval_wait, strategy, aborted_automatically, observed_at,
                is_removal
         FROM deployment WHERE service = ?1 ORDER BY environment, finished_at, sequence";
    let read = |service: &ServiceId| {
        let key = names::find(connection, service)?;
        let mut deployments: Vec<Deployment> = connection.all(sql, &values![key], |row| {
            Ok(Deployment {
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
                is_removal: row.get(15)?,
                initiated_by: optional_word(row, 10)?,
                approval_wait: row.get::<Option<i64>>(11)?.map(Span::from_millis),
                strategy: optional_word(row, 12)?,
                aborted_automatically: row.get(13)?,
                observed_at: time(row, 14)?,
            })
        })?;
        // Keys are numbered as names came, which must not show; the cluster is nearly in order already.
        deployments.sort_by(|a, b| order(a).cmp(&order(b)));
        Ok(deployments)
    };
    services.iter().map(read).collect()
}

fn order(deployment: &Deployment) -> impl Ord + use<'_> {
    (&deployment.environment, deployment.finished_at, deployment.sequence, &deployment.source, &deployment.id)
}
