//! Incidents.

use truelevel_model::facts::Facts;
use truelevel_model::{Incident, ServiceId, declare};

use super::field::fields;
use super::forms::{Choice, Detector, Instant, List, Text};
use super::layout::Layout;
use super::record::{Fault, Record};
use super::shared::{OBSERVED_AT, SOURCE};
use super::times::refuse_backwards;
use super::writing::{Row, Rows};

declare! {
    /// Incidents
    ///
    /// A record for each degradation of a service. Identity is `source` and `id`. Once a workspace has any incident, a
    /// service without one had none: that is measured, not unknown.
    pub static INCIDENTS: Layout = { id: "incidents", fields: FIELDS, recognised_by: &[], read: read, rows: rows };
}

fields! {
    /// The source's own id. Without one, services and start together stand for it.
    ID: Optional<Text> = "id";
    /// The services it touched.
    SERVICES: Required<List<Text<ServiceId>>> = "services";
    /// Start of impact.
    STARTED_AT: Required<Instant> = "started_at";
    /// End of impact. Empty while it is open.
    RESOLVED_AT: Optional<Instant> = "resolved_at";
    /// When somebody or something noticed.
    DETECTED_AT: Optional<Instant> = "detected_at";
    /// What noticed.
    DETECTED_BY: Optional<Choice<Detector>> = "detected_by";
    /// When somebody took it.
    ACKNOWLEDGED_AT: Optional<Instant> = "acknowledged_at";
    /// Severity as the source writes it.
    SEVERITY: Optional<Text> = "severity";
    /// The deployment's id, version or commit that the source names as the cause.
    CAUSED_BY: Optional<Text> = "caused_by";
    + SOURCE, OBSERVED_AT
}

fn read(record: &Record<'_>, facts: &mut Facts) -> Result<(), Fault> {
    let (services, started_at) = (SERVICES.of(record)?, STARTED_AT.of(record)?);
    if services.is_empty() {
        return Err(SERVICES.fault("it names no service"));
    }
    let resolved_at = RESOLVED_AT.given(record)?;
    if let Some(resolved_at) = resolved_at {
        refuse_backwards(Some(started_at), resolved_at).map_err(|reason| RESOLVED_AT.fault(reason))?;
    }
    let id = ID.given(record)?.unwrap_or_else(|| {
        let names: Vec<&str> = services.iter().map(ServiceId::as_str).collect();
        format!("{}/{started_at}", names.join(";"))
    });
    let (detected_at, acknowledged_at) = (DETECTED_AT.given(record)?, ACKNOWLEDGED_AT.given(record)?);
    facts.incidents.push(Incident {
        source: record.source(&SOURCE)?,
        id,
        services,
        severity: SEVERITY.given(record)?,
        started_at,
        detected_at,
        detected_by_alert: DETECTED_BY.given(record)?.map(|by| by == Detector::Alert),
        acknowledged_at,
        resolved_at,
        caused_by: CAUSED_BY.given(record)?,
        observed_at: record.observed_at()?,
    });
    Ok(())
}

fn rows(facts: &Facts) -> Rows<'_> {
    Box::new(facts.incidents.iter().map(row))
}

fn row(incident: &Incident) -> Row {
    let mut row = Row::new();
    let detector = incident.detected_by_alert.map(|is_alert| if is_alert { Detector::Alert } else { Detector::Person });
    ID.put(&mut row, &incident.id);
    SERVICES.put(&mut row, &incident.services);
    STARTED_AT.put(&mut row, &incident.started_at);
    RESOLVED_AT.put(&mut row, incident.resolved_at.as_ref());
    DETECTED_AT.put(&mut row, incident.detected_at.as_ref());
    DETECTED_BY.put(&mut row, detector.as_ref());
    ACKNOWLEDGED_AT.put(&mut row, incident.acknowledged_at.as_ref());
    SEVERITY.put(&mut row, incident.severity.as_ref());
    CAUSED_BY.put(&mut row, incident.caused_by.as_ref());
    SOURCE.put(&mut row, &incident.source);
    OBSERVED_AT.put(&mut row, &incident.observed_at);
    row
}
