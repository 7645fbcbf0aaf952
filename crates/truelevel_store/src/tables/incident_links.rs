//! Which deployments incidents belong to, as people say.

use truelevel_model::{IncidentLink, SourceId};

use crate::columns::{name, optional_name, time};
use crate::failure::Failure;
use crate::sql::{Connection, row};
use crate::tables::names::{self, Names};

use crate::upsert::{Stays, Table};
use crate::written::Effect;

const TABLE: Table = Table {
    name: "incident_link",
    identity: &["incident_source", "incident"],
    values: &["deployment_source", "deployment", "reason", "observed_at"],
    optional: None,
};

pub(crate) fn write<'f>(
    connection: &Connection,
    names: &mut Names,
    links: impl Iterator<Item = &'f IncidentLink>,
) -> Result<Vec<Effect>, Failure> {
    let rows = links.map(|link| {
        let (source, id) = link.deployment.as_ref().map(|(source, id)| (source, id)).unzip();
        Ok(row![
            names.key(connection, &link.incident_source)?,
            &link.incident,
            source.map(|source| names.key(connection, source)).transpose()?,
            id,
            &link.reason,
            link.observed_at.millis(),
        ])
    });
    connection.upsert(&TABLE, Stays::ObservedLater, rows)
}

pub(crate) fn read(connection: &Connection) -> Result<Vec<IncidentLink>, Failure> {
    let sources = names::by_key::<SourceId>(connection)?;
    let mut links: Vec<IncidentLink> = connection.all(
        "SELECT incident_source, incident, deployment_source, deployment, reason, observed_at FROM incident_link",
        &[],
        |row| {
            Ok(IncidentLink {
                incident_source: name(row, 0, &sources)?,
                incident: row.get(1)?,
                deployment: optional_name(row, 2, &sources)?.zip(row.get(3)?),
                reason: row.get(4)?,
                observed_at: time(row, 5)?,
            })
        },
    )?;
    links.sort_by(|a, b| (&a.incident_source, &a.incident).cmp(&(&b.incident_source, &b.incident)));
    Ok(links)
}
