//! Incidents.

use rusqlite::{Connection, params};
use truelevel_model::{Incident, ServiceId, SourceId};

use super::columns::{list, list_text, millis, name, optional_time, time};
use super::failure::Failure;
use super::names::{self, Names};
use super::upsert::{Joining, Stays, Upsert};
use crate::Counts;

const IDENTITY: &[&str] = &["source", "id"];
const VALUES: &[&str] = &[
    "services",
    "severity",
    "started_at",
    "detected_at",
    "detected_by_alert",
    "acknowledged_at",
    "resolved_at",
    "caused_by",
    "observed_at",
];

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

pub(crate) fn write(
    connection: &Connection,
    names: &mut Names,
    incidents: &[Incident],
    stays: Stays,
) -> Result<Counts, Failure> {
    let mut counts = Counts::default();
    let mut upsert = Upsert::prepare(connection, "incident", IDENTITY, VALUES, stays)?;
    for incident in incidents {
        let services: Vec<String> = incident.services.iter().map(|service| service.as_str().to_owned()).collect();
        counts.add(upsert.write(params![
            names.key(connection, &incident.source)?,
            incident.id,
            list_text(&services),
            incident.severity,
            incident.started_at.millis(),
            millis(incident.detected_at),
            incident.detected_by_alert,
            millis(incident.acknowledged_at),
            millis(incident.resolved_at),
            incident.caused_by,
            incident.observed_at.millis(),
        ])?);
    }
    Ok(counts)
}

pub(crate) fn read(connection: &Connection) -> Result<Vec<Incident>, Failure> {
    let sources = names::by_key::<SourceId>(connection)?;
    let mut statement = connection.prepare_cached(
        "SELECT source, id, services, severity, started_at, detected_at, detected_by_alert, acknowledged_at,
                resolved_at, caused_by, observed_at
         FROM incident",
    )?;
    let mut rows = statement.query([])?;
    let mut incidents = Vec::new();
    while let Some(row) = rows.next()? {
        incidents.push(Incident {
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
        });
    }
    incidents.sort_by(|a, b| (a.started_at, &a.source, &a.id).cmp(&(b.started_at, &b.source, &b.id)));
    Ok(incidents)
}
