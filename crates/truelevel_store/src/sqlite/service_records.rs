//! What sources say of services.

use rusqlite::{Connection, params};
use truelevel_model::{RepositoryId, ServiceId, ServiceRecord, SourceId};

use super::columns::{name, optional_name, time};
use super::failure::Failure;
use super::names::{self, Names};
use super::upsert::{Joining, Stays, Upsert};
use crate::Counts;

const IDENTITY: &[&str] = &["source", "service"];
const VALUES: &[&str] = &["team", "repository", "observed_at"];

/// By value, when several observations of one service are joined.
pub(crate) const JOINING: &[Joining] = &[Joining::LaterIfSaid, Joining::LaterIfSaid];

pub(crate) fn write(
    connection: &Connection,
    names: &mut Names,
    records: &[ServiceRecord],
    stays: Stays,
) -> Result<Counts, Failure> {
    let mut counts = Counts::default();
    let mut upsert = Upsert::prepare(connection, "service_record", IDENTITY, VALUES, stays)?;
    for record in records {
        counts.add(upsert.write(params![
            names.key(connection, &record.source)?,
            names.key(connection, &record.service)?,
            record.team,
            record.repository.as_ref().map(|repository| names.key(connection, repository)).transpose()?,
            record.observed_at.millis(),
        ])?);
    }
    Ok(counts)
}

pub(crate) fn read(connection: &Connection) -> Result<Vec<ServiceRecord>, Failure> {
    let sources = names::by_key::<SourceId>(connection)?;
    let services = names::by_key::<ServiceId>(connection)?;
    let repositories = names::by_key::<RepositoryId>(connection)?;
    let mut statement =
        connection.prepare_cached("SELECT source, service, team, repository, observed_at FROM service_record")?;
    let mut rows = statement.query([])?;
    let mut records: Vec<ServiceRecord> = Vec::new();
    while let Some(row) = rows.next()? {
        records.push(ServiceRecord {
            source: name(row, 0, &sources)?,
            service: name(row, 1, &services)?,
            team: row.get(2)?,
            repository: optional_name(row, 3, &repositories)?,
            observed_at: time(row, 4)?,
        });
    }
    records.sort_by(|a, b| (&a.service, &a.source).cmp(&(&b.service, &b.source)));
    Ok(records)
}
