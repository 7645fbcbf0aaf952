//! Statuspage: webhook notifications (<https://support.atlassian.com/statuspage/docs/enable-webhook-notifications/>).
//! They are not signed, so that the secret stands at the end of the address.

use truelevel_model::Incident;
use truelevel_model::events::Reading;

use super::payload::Payload;
use super::shared::told;
use super::signatures::Scheme;
use super::{Event, Names, Sender, observed, shared};

pub(super) static SENDER: Sender = Sender {
    id: "statuspage",
    title: "Statuspage",
    schemes: &[Scheme::Address { behind: "" }, Scheme::Basic],
    kind: |delivery| {
        let kinds = ["incident", "component_update"];
        let found = kinds.into_iter().find(|kind| delivery.payload.part(kind).is_some());
        found.map(str::to_owned).ok_or_else(|| "there is neither `incident` nor `component_update`".to_owned())
    },
    delivery: |_| None,
    read,
};

fn read(event: &Event<'_>, names: &Names) -> Result<Reading, String> {
    if event.kind != "incident" {
        return Ok(Reading::ignored("a component alone; its incident tells more"));
    }
    let incident = event.payload.need_part("incident")?;
    let impact = incident.text("impact");
    if let Some("none" | "maintenance") = impact {
        return Ok(Reading::ignored("an announcement, or work that was planned"));
    }
    let updates = incident.items("incident_updates").flat_map(|update| update.items("affected_components"));
    // Where an update concerns none, a sentence that says so stands in the place of a name.
    let is_one = |component: &Payload<'_>| component.id("id").or_else(|| component.id("code")).is_some();
    let components = incident.items("components").chain(updates).filter(is_one);
    let mut titles: Vec<_> = components.filter_map(|component| component.text("name")).collect();
    titles.sort_unstable();
    titles.dedup();
    let services: Vec<_> = titles.iter().filter_map(|title| names.service_titled(&[title])).collect();
    if services.is_empty() {
        return Err("no component names the service".to_owned());
    }
    let created_at = incident.need_time("created_at")?;
    let updated_at = incident.time("updated_at")?.unwrap_or(created_at);
    let resolved_at = incident.time("resolved_at")?;
    Ok(told(Incident {
        severity: impact.map(str::to_owned),
        detected_at: Some(created_at),
        resolved_at,
        observed_at: observed(updated_at, resolved_at.is_some()),
        ..shared::incident(
            &SENDER,
            incident.need_id("id")?,
            services,
            incident.time("started_at")?.unwrap_or(created_at),
        )
    }))
}
