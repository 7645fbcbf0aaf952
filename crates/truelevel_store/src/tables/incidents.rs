//! Incidents.

use truelevel_model::{Incident, ServiceId, SourceId};

use crate::columns::{list, list_text, millis, name, optional_time, time};
use crate::failure::Failure;
use crate::sql::{Connection, row};
use crate::tables::names::{self, Names};

use crate::upsert::{Joining, Stays, Table};
use crate::written::Effect;

const TABLE: Table = Table {
    name: "incident",
    identity: &["source", "id"],
    values: &[
        "services",
        "severity",
        "started_at",
        "detected_at",
        "detected_by_alert",
        "acknowledged_at",
        "resolved_at",
        "caused_by",
        "observed_at",
    ],
    optional: None,
};

/// By value, when several observations of one incident are joined.
pub(crate) const JOINING: &[Joining] = &[
    Joining::Later,
    Joining::LaterIfSaid,
    Joining::Later,
    Joining::Earliest,
    Joining::LaterIfSaid,
    Joining::Earliest,
    Joining::Later,
    Joining::LaterIfSaid,
];

pub(crate) fn write<'f>(
    connection: &Connection,
    names: &mut Names,
    incidents: impl Iterator<Item = &'f Incident>,
    stays: Stays,
) -> Result<Vec<Effect>, Failure> {
    let rows = incidents.map(|incident| {
        let services: Vec<String> = incident.services.iter().map(|service| service.as_str().to_owned()).collect();
        Ok(row![
            names.key(connection, &incident.source)?,
            &incident.id,
            list_text(&services),
            incident.severity.as_deref(),
            incident.started_at.millis(),
            millis(incident.detected_at),
            incident.detected_by_alert,
            millis(incident.acknowledged_at),
            millis(incident.resolved_at),
            incident.caused_by.as_deref(),
            incident.observed_at.millis(),
        ])
    });
    connection.upsert(&TABLE, stays, rows)
}

pub(crate) fn read(connection: &Connection) -> Result<Vec<Incident>, Failure> {
    let sources = names::by_key::<SourceId>(connection)?;
    let mut incidents = connection.all(
        "SELECT source, id, services, severity, started_at, detected_at, detected_by_alert, acknowledged_at,
                resolved_at, caused_by, observed_at
         FROM incident",
        &[],
        |row| {
            Ok(Incident {
                source: name(row, 0, &sources)?,
                id: row.get(1)?,
                services: list(row, 2)?.into_iter().map(ServiceId::new).collect(),
                severity: row.get(3)?,
                started_at: time(row, 4)?,
                detected_at: optional_time(row, 5)?,
                detected_by_alert: row.get(6)?,
                acknowledged_at: optional_time(row, 7)?,
                resolved_at: optional_time(row, 8)?,
                caused_by: row.get(9)?,
                observed_at: time(row, 10)?,
            })
        },
    )?;
    incidents.sort_by(|a, b| (a.started_at, &a.source, &a.id).cmp(&(b.started_at, &b.source, &b.id)));
    Ok(incidents)
}
