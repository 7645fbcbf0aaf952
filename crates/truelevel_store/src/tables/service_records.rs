//! What sources say of services.

use truelevel_model::{RepositoryId, ServiceId, ServiceRecord, SourceId};

use crate::columns::{name, optional_name, time};
use crate::failure::Failure;
use crate::sql::{Connection, row};
use crate::tables::names::{self, Names};

use crate::upsert::{Joining, Stays, Table};
use crate::written::Effect;

const TABLE: Table = Table {
    name: "service_record",
    identity: &["source", "service"],
    values: &["team", "repository", "observed_at"],
    optional: None,
};

/// By value, when several observations of one service are joined.
pub(crate) const JOINING: &[Joining] = &[Joining::LaterIfSaid, Joining::LaterIfSaid];

pub(crate) fn write<'f>(
    connection: &Connection,
    names: &mut Names,
    records: impl Iterator<Item = &'f ServiceRecord> + Clone,
    stays: Stays,
) -> Result<Vec<Effect>, Failure> {
    names.learn(connection, records.clone().map(|record| &record.service))?;
    names.learn(connection, records.clone().filter_map(|record| record.repository.as_ref()))?;
    let rows = records.map(|record| {
        Ok(row![
            names.key(connection, &record.source)?,
            names.key(connection, &record.service)?,
            record.team.as_deref(),
            record.repository.as_ref().map(|repository| names.key(connection, repository)).transpose()?,
            record.observed_at.millis(),
        ])
    });
    connection.upsert(&TABLE, stays, rows)
}

pub(crate) fn read(connection: &Connection) -> Result<Vec<ServiceRecord>, Failure> {
    let sources = names::by_key::<SourceId>(connection)?;
    let services = names::by_key::<ServiceId>(connection)?;
    let repositories = names::by_key::<RepositoryId>(connection)?;
    let mut records: Vec<ServiceRecord> =
        connection.all("SELECT source, service, team, repository, observed_at FROM service_record", &[], |row| {
            Ok(ServiceRecord {
                source: name(row, 0, &sources)?,
                service: name(row, 1, &services)?,
                team: row.get(2)?,
                repository: optional_name(row, 3, &repositories)?,
                observed_at: time(row, 4)?,
            })
        })?;
    records.sort_by(|a, b| (&a.service, &a.source).cmp(&(&b.service, &b.source)));
    Ok(records)
}
