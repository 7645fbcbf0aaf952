//! PagerDuty: webhook subscriptions, version 3.

use truelevel_model::Incident;
use truelevel_model::events::Reading;
use truelevel_model::facts::Facts;

use super::signatures::Scheme;
use super::{Event, Names, Sender, observed};

pub(super) static SENDER: Sender = Sender {
    id: "pagerduty",
    title: "PagerDuty",
    schemes: &[Scheme::BodyHmac { header: "x-pagerduty-signature", prefix: "v1=" }],
    kind: |delivery| delivery.payload.need_text("event.event_type").map(str::to_owned),
    delivery: |delivery| delivery.payload.id("event.id").map(Into::into),
    read,
};

fn read(event: &Event<'_>, names: &Names) -> Result<Reading, String> {
    let Some(what) = event.kind.strip_prefix("incident.") else {
        return Ok(Reading::ignored("not about an incident"));
    };
    let body = event.payload.need_part("event")?;
    let incident = body.need_part("data")?;
    if incident.text("type") != Some("incident") {
        return Ok(Reading::ignored("about something that belongs to an incident"));
    }
    // When it was resolved stands in the event that resolved it alone.
    let is_resolved = what == "resolved";
    if !is_resolved && incident.text("status") == Some("resolved") {
        return Ok(Reading::ignored("something about an incident that was over"));
    }
    let occurred_at = body.need_time("occurred_at")?;
    let created_at = incident.need_time("created_at")?;
    let titles: Vec<_> = ["service.summary", "service.name", "service.id"]
        .map(|path| incident.text(path))
        .into_iter()
        .flatten()
        .collect();
    let agent = body.text("agent.type").filter(|_| what == "triggered");
    let severity = incident.text("priority.summary").or_else(|| incident.text("urgency"));
    let incident = Incident {
        source: SENDER.id.into(),
        id: incident.need_id("id")?,
        services: vec![names.service_titled(&titles).ok_or("`event.data.service` is missing")?],
        severity: severity.map(str::to_owned),
        started_at: created_at,
        detected_at: Some(created_at),
        detected_by_alert: agent.map(|kind| !kind.starts_with("user")),
        acknowledged_at: (what == "acknowledged").then_some(occurred_at),
        resolved_at: is_resolved.then_some(occurred_at),
        caused_by: None,
        observed_at: observed(occurred_at, is_resolved),
    };
    Ok(Reading { facts: Facts { incidents: vec![incident], ..Facts::default() }, ..Reading::default() })
}
