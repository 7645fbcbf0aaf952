//! Prometheus Alertmanager: webhook receivers, version 4. An alert that is sent here is an incident.

use truelevel_model::Incident;
use truelevel_model::events::Reading;

use super::payload::Payload;
use super::signatures::Scheme;
use super::{Event, Names, Sender, observed};

pub(super) static SENDER: Sender = Sender {
    id: "alertmanager",
    title: "Prometheus Alertmanager",
    schemes: &[Scheme::Bearer, Scheme::Basic],
    kind: |delivery| match delivery.payload.need_text("version")? {
        "4" => Ok("alerts".to_owned()),
        other => Err(format!("version {} is not known; 4 is", truelevel_model::printable(other))),
    },
    // Repeats are the same bytes.
    delivery: |_| None,
    read,
};

/// Where the service's name stands unless the configuration says otherwise.
const SERVICE_LABELS: &[&str] = &["service", "app", "job"];
/// Severities of alerts that tell of no degradation.
const HARMLESS: &[&str] = &["info", "none"];

fn read(event: &Event<'_>, names: &Names) -> Result<Reading, String> {
    let mut reading = Reading::default();
    for alert in event.payload.items("alerts") {
        let severity = alert.text("labels.severity");
        if severity.is_some_and(|severity| HARMLESS.contains(&severity.to_lowercase().as_str())) {
            continue;
        }
        match incident(alert, names) {
            Ok(incident) => reading.facts.incidents.push(incident),
            Err(problem) => reading.problems.push(problem),
        }
    }
    match event.payload.number("truncatedAlerts") {
        Some(count) if count > 0 => {
            reading.problems.push(format!("{count} alerts were left out; take `max_alerts` from the receiver"));
        }
        _ if reading.facts.incidents.is_empty() && reading.problems.is_empty() => {
            return Ok(Reading::ignored("no alert of a severity that tells of a degradation"));
        }
        _ => {}
    }
    Ok(reading)
}

fn incident(alert: Payload<'_>, names: &Names) -> Result<Incident, String> {
    let name = truelevel_model::printable(alert.text("labels.alertname").unwrap_or("an alert"));
    let configured = names.service_labels.iter().map(String::as_str);
    let mut labels = configured.chain(SERVICE_LABELS.iter().copied());
    // Labels may hold dots, which paths cannot.
    let own = alert.need_part("labels")?;
    let label = |label: &str| own.0.get(label).and_then(serde_json::Value::as_str).filter(|value| !value.is_empty());
    let service = labels.find_map(label).and_then(|service| names.service_titled(&[service]));
    let wrong = |problem: String| format!("{name}: {problem}");
    let started_at = alert.need_time("startsAt").map_err(wrong)?;
    let is_resolved = alert.text("status") == Some("resolved");
    let resolved_at = if is_resolved { Some(alert.need_time("endsAt").map_err(wrong)?) } else { None };
    Ok(Incident {
        source: SENDER.id.into(),
        id: format!("{}@{started_at}", alert.need_text("fingerprint").map_err(wrong)?),
        services: vec![service.ok_or_else(|| {
            format!(
                "{name}: no label names the service; add one of {SERVICE_LABELS:?}, or list yours in `service_labels`"
            )
        })?],
        severity: alert.text("labels.severity").map(str::to_owned),
        started_at,
        detected_at: Some(started_at),
        detected_by_alert: Some(true),
        acknowledged_at: None,
        resolved_at,
        caused_by: None,
        observed_at: observed(resolved_at.unwrap_or(started_at), is_resolved),
    })
}
