//! Incidents, with the services they touched in a table beside.

use std::collections::HashMap;

use rusqlite::{Connection, params};
use truelevel_model::{Incident, ServiceId, SourceId};

use super::columns::{millis, name, optional_time, time};
use super::failure::Failure;
use super::names::{self, Names};
use super::upsert::Upsert;
use crate::Counts;
use crate::written::Effect;

const IDENTITY: &[&str] = &["source", "id"];
const VALUES: &[&str] =
    &["severity", "started_at", "detected_at", "detected_by_alert", "acknowledged_at", "resolved_at", "caused_by"];

pub(crate) fn write(connection: &Connection, names: &mut Names, incidents: &[Incident]) -> Result<Counts, Failure> {
    let mut counts = Counts::default();
    let mut upsert = Upsert::prepare(connection, "incident", IDENTITY, VALUES)?;
    for incident in incidents {
        let source = names.key(connection, &incident.source)?;
        let effect = upsert.write(params![
            source,
            incident.id,
            incident.severity,
            incident.started_at.millis(),
            millis(incident.detected_at),
            incident.detected_by_alert,
            millis(incident.acknowledged_at),
            millis(incident.resolved_at),
            incident.caused_by,
        ])?;
        let key = connection
            .prepare_cached("SELECT key FROM incident WHERE source = ?1 AND id = ?2")?
            .query_row(params![source, incident.id], |row| row.get(0))?;
        let services_changed = write_services(connection, names, key, &incident.services)?;
        counts.add(if effect == Effect::Unchanged && services_changed { Effect::Changed } else { effect });
    }
    Ok(counts)
}

/// Whether the services are others than before.
fn write_services(
    connection: &Connection,
    names: &mut Names,
    incident: i64,
    services: &[ServiceId],
) -> Result<bool, Failure> {
    let wanted: Vec<i64> =
        services.iter().map(|service| names.key(connection, service)).collect::<Result<_, Failure>>()?;
    let stored: Vec<i64> = connection
        .prepare_cached("SELECT service FROM incident_service WHERE incident = ?1 ORDER BY place")?
        .query_map([incident], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    if wanted == stored {
        return Ok(false);
    }
    connection.prepare_cached("DELETE FROM incident_service WHERE incident = ?1")?.execute([incident])?;
    let mut insert =
        connection.prepare_cached("INSERT INTO incident_service (incident, place, service) VALUES (?1, ?2, ?3)")?;
    for (place, service) in wanted.iter().enumerate() {
        insert.execute(params![incident, place as i64, service])?;
    }
    Ok(true)
}

pub(crate) fn read(connection: &Connection) -> Result<Vec<Incident>, Failure> {
    let sources = names::by_key::<SourceId>(connection)?;
    let mut touched = touched_services(connection)?;
    let mut statement = connection.prepare_cached(
        "SELECT key, source, id, severity, started_at, detected_at, detected_by_alert, acknowledged_at, resolved_at,
                caused_by
         FROM incident",
    )?;
    let mut rows = statement.query([])?;
    let mut incidents = Vec::new();
    while let Some(row) = rows.next()? {
        let key: i64 = row.get(0)?;
        incidents.push(Incident {
            source: name(row, 1, &sources)?,
            id: row.get(2)?,
            services: touched.remove(&key).unwrap_or_default(),
            severity: row.get(3)?,
            started_at: time(row, 4)?,
            detected_at: optional_time(row, 5)?,
            detected_by_alert: row.get(6)?,
            acknowledged_at: optional_time(row, 7)?,
            resolved_at: optional_time(row, 8)?,
            caused_by: row.get(9)?,
        });
    }
    incidents.sort_by(|a, b| (a.started_at, &a.source, &a.id).cmp(&(b.started_at, &b.source, &b.id)));
    Ok(incidents)
}

fn touched_services(connection: &Connection) -> Result<HashMap<i64, Vec<ServiceId>>, Failure> {
    let services = names::by_key::<ServiceId>(connection)?;
    let mut statement =
        connection.prepare_cached("SELECT incident, service FROM incident_service ORDER BY incident, place")?;
    let mut rows = statement.query([])?;
    let mut touched: HashMap<i64, Vec<ServiceId>> = HashMap::new();
    while let Some(row) = rows.next()? {
        touched.entry(row.get(0)?).or_default().push(name(row, 1, &services)?);
    }
    Ok(touched)
}
