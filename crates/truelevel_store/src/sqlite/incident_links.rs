//! Which deployments incidents belong to, as people say.

use rusqlite::{Connection, params};
use truelevel_model::{IncidentLink, SourceId};

use super::columns::{name, optional_name, time};
use super::failure::Failure;
use super::names::{self, Names};
use super::upsert::{Stays, Upsert};
use crate::Counts;

const IDENTITY: &[&str] = &["incident_source", "incident"];
const VALUES: &[&str] = &["deployment_source", "deployment", "reason", "observed_at"];

pub(crate) fn write(connection: &Connection, names: &mut Names, links: &[IncidentLink]) -> Result<Counts, Failure> {
    let mut counts = Counts::default();
    let mut upsert = Upsert::prepare(connection, "incident_link", IDENTITY, VALUES, Stays::ObservedLater)?;
    for link in links {
        let (source, id) = link.deployment.as_ref().map(|(source, id)| (source, id)).unzip();
        counts.add(upsert.write(params![
            names.key(connection, &link.incident_source)?,
            link.incident,
            source.map(|source| names.key(connection, source)).transpose()?,
            id,
            link.reason,
            link.observed_at.millis(),
        ])?);
    }
    Ok(counts)
}

pub(crate) fn read(connection: &Connection) -> Result<Vec<IncidentLink>, Failure> {
    let sources = names::by_key::<SourceId>(connection)?;
    let mut statement = connection.prepare_cached(
        "SELECT incident_source, incident, deployment_source, deployment, reason, observed_at FROM incident_link",
    )?;
    let mut rows = statement.query([])?;
    let mut links: Vec<IncidentLink> = Vec::new();
    while let Some(row) = rows.next()? {
        links.push(IncidentLink {
            incident_source: name(row, 0, &sources)?,
            incident: row.get(1)?,
            deployment: optional_name(row, 2, &sources)?.zip(row.get(3)?),
            reason: row.get(4)?,
            observed_at: time(row, 5)?,
        });
    }
    links.sort_by(|a, b| (&a.incident_source, &a.incident).cmp(&(&b.incident_source, &b.incident)));
    Ok(links)
}
