//! incident.io: webhooks of incidents, version 2 (<https://docs.incident.io/api-reference/webhooks>).

use truelevel_model::events::Reading;
use truelevel_model::{Incident, Time};

use super::payload::Payload;
use super::shared::told;
use super::signatures::Scheme;
use super::{Event, Names, Sender, observed, shared};

pub(super) static SENDER: Sender = Sender {
    id: "incident_io",
    title: "incident.io",
    schemes: &[Scheme::Standard],
    kind: |delivery| delivery.payload.need_text("event_type").map(str::to_owned),
    delivery: |delivery| {
        let header = |name: &str| delivery.headers.get(name).cloned();
        header("webhook-id").or_else(|| header("svix-id")).map(Into::into)
    },
    read,
};

/// Custom fields that name the service unless the configuration says otherwise.
const SERVICE_FIELDS: &[&str] = &["service", "services", "affected service", "affected services"];
/// Timestamps that say when it began to hurt, the surest first.
const STARTED: &[&str] = &["impact started at", "started at", "reported at"];
/// Timestamps that say when it no longer hurt, the surest first.
const RESOLVED: &[&str] = &["impact ended at", "fixed at", "resolved at"];

fn read(event: &Event<'_>, names: &Names) -> Result<Reading, String> {
    if !event.kind.contains("incident.incident_") {
        return Ok(Reading::ignored("not about an incident itself"));
    }
    if event.kind.starts_with("private_") {
        return Ok(Reading::ignored("a private incident, of which only the id is told"));
    }
    // The event lies under its own name, which holds a dot.
    let body = event.payload.0.get(event.kind).map(Payload).ok_or_else(|| format!("`{}` is missing", event.kind))?;
    let is_change = event.kind.contains("incident_status_updated");
    let incident = if is_change { body.need_part("incident")? } else { body };
    let status = incident.need_text("incident_status.category")?;
    if let "declined" | "merged" | "canceled" | "triage" = status {
        return Ok(Reading::ignored(format!("an incident that was not taken as one ({status})")));
    }
    if incident.text("mode").is_some_and(|mode| mode != "standard" && mode != "retrospective") {
        return Ok(Reading::ignored("an exercise"));
    }
    let updated_at = incident.need_time("updated_at")?;
    let created_at = incident.need_time("created_at")?;
    let is_over = matches!(status, "learning" | "closed");
    let resolved_at = match timestamp(incident, RESOLVED)? {
        // Without a timestamp only the change of the status tells when.
        None if is_over && is_change => Some(updated_at),
        found => found.filter(|_| is_over),
    };
    let services: Vec<_> =
        services(incident, names).into_iter().filter_map(|name| names.service_titled(&[name])).collect();
    if services.is_empty() {
        return Err(
            "no custom field names the service; add one called `Service`, or list yours in `service_labels`".to_owned()
        );
    }
    let started_at = timestamp(incident, STARTED)?.unwrap_or(created_at);
    Ok(told(Incident {
        severity: incident.text("severity.name").map(str::to_owned),
        detected_at: Some(created_at),
        resolved_at,
        observed_at: observed(updated_at, resolved_at.is_some()),
        ..shared::incident(&SENDER, incident.need_id("id")?, services, started_at)
    }))
}

/// The first of these timestamps that has a value.
fn timestamp(incident: Payload<'_>, wanted: &[&str]) -> Result<Option<Time>, String> {
    for name in wanted {
        let is_named = |entry: &Payload<'_>| {
            entry.text("incident_timestamp.name").is_some_and(|given| given.eq_ignore_ascii_case(name))
        };
        let found = incident.items("incident_timestamp_values").find(is_named);
        if let Some(time) = found.map(|entry| entry.time("value.value")).transpose()?.flatten() {
            return Ok(Some(time));
        }
    }
    Ok(None)
}

/// What stands in the custom fields for services.
fn services<'a>(incident: Payload<'a>, names: &Names) -> Vec<&'a str> {
    let is_meant = |entry: &Payload<'_>| {
        entry.text("custom_field.name").is_some_and(|name| {
            let mut meant = names.service_labels.iter().map(String::as_str).chain(SERVICE_FIELDS.iter().copied());
            meant.any(|meant| meant.eq_ignore_ascii_case(name))
        })
    };
    let values = incident.items("custom_field_entries").filter(is_meant).flat_map(|entry| entry.items("values"));
    let texts = ["value_catalog_entry.name", "value_option.value", "value_text"];
    values.filter_map(|value| texts.into_iter().find_map(|path| value.text(path))).collect()
}
