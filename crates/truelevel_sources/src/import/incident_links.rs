//! Incident links.

use truelevel_model::facts::Facts;
use truelevel_model::{IncidentLink, SourceId, declare};

use super::field::fields;
use super::forms::Text;
use super::layout::Layout;
use super::record::{Fault, Record};
use super::shared::OBSERVED_AT;
use super::writing::{Row, Rows};

declare! {
    /// Incident links
    ///
    /// A record for each incident whose cause somebody has decided: this deployment, or none. It goes before whatever
    /// would be inferred, and stays when the incident is read again. Identity is the incident.
    pub static INCIDENT_LINKS: Layout = { id: "incident_links", fields: FIELDS, recognised_by: &[], read: read, rows: rows };
}

fields! {
    /// The incident's id.
    INCIDENT: Required<Text> = "incident";
    /// The incident's source. Without it, what `--source` says, else `import`.
    INCIDENT_SOURCE: Optional<Text<SourceId>> = "incident_source";
    /// The id of the deployment that caused it. Empty when none did.
    DEPLOYMENT: Optional<Text> = "deployment";
    /// The deployment's source. Without it, what `--source` says, else `import`.
    DEPLOYMENT_SOURCE: Optional<Text<SourceId>> = "deployment_source";
    /// Why.
    REASON: Required<Text> = "reason";
    + OBSERVED_AT
}

fn read(record: &Record<'_>, facts: &mut Facts) -> Result<(), Fault> {
    let deployment_source = record.source(&DEPLOYMENT_SOURCE)?;
    facts.incident_links.push(IncidentLink {
        incident_source: record.source(&INCIDENT_SOURCE)?,
        incident: INCIDENT.of(record)?,
        deployment: DEPLOYMENT.given(record)?.map(|id| (deployment_source, id)),
        reason: REASON.of(record)?,
        observed_at: record.observed_at()?,
    });
    Ok(())
}

fn rows(facts: &Facts) -> Rows<'_> {
    Box::new(facts.incident_links.iter().map(row))
}

fn row(link: &IncidentLink) -> Row {
    let mut row = Row::new();
    let (source, id) = link.deployment.as_ref().map(|(source, id)| (source, id)).unzip();
    INCIDENT.put(&mut row, &link.incident);
    INCIDENT_SOURCE.put(&mut row, &link.incident_source);
    DEPLOYMENT.put(&mut row, id);
    DEPLOYMENT_SOURCE.put(&mut row, source);
    REASON.put(&mut row, &link.reason);
    OBSERVED_AT.put(&mut row, &link.observed_at);
    row
}
