//! ServiceNow: incidents as its Table API writes them
//! (<https://www.servicenow.com/docs/bundle/api-reference/page/integrate/inbound-rest/concept/c_TableAPI.html>), sent by
//! a business rule or flow. Values are those of the table, whose times are UTC; display values may stand beside them.

use serde_json::Value;
use truelevel_model::events::Reading;
use truelevel_model::{Incident, Time};

use super::payload::{Payload, missing};
use super::shared::told;
use super::signatures::Scheme;
use super::{Event, Names, Sender, observed, shared};

pub(super) static SENDER: Sender = Sender {
    id: "servicenow",
    title: "ServiceNow",
    schemes: &[Scheme::Bearer, Scheme::Basic],
    kind: |delivery| {
        let record = record(delivery.payload);
        value(record, "sys_id").ok_or_else(|| missing("sys_id"))?;
        let number = value(record, "number").ok_or_else(|| missing("number"))?;
        Ok(value(record, "sys_class_name")
            .unwrap_or(if number.starts_with("INC") { "incident" } else { "record" })
            .to_owned())
    },
    delivery: |_| None,
    read,
};

fn record(body: Payload<'_>) -> Payload<'_> {
    body.part("result").unwrap_or(body)
}

/// A field as `"x"`, `{"value": "x"}` or `{"value": "x", "display_value": "X"}`.
fn value<'a>(record: Payload<'a>, field: &str) -> Option<&'a str> {
    let own = record.at(field)?;
    own.as_str().or_else(|| own.get("value").and_then(Value::as_str)).map(str::trim).filter(|text| !text.is_empty())
}

fn time(record: Payload<'_>, field: &str) -> Result<Option<Time>, String> {
    let Some(text) = value(record, field) else { return Ok(None) };
    let (date, clock) = text.split_once(' ').unwrap_or((text, ""));
    let found = Time::parse(&format!("{date}T{clock}Z")).ok();
    found.map(Some).ok_or_else(|| format!("`{field}` is no time as the table has it, such as 2026-08-21 10:00:00"))
}

fn read(event: &Event<'_>, names: &Names) -> Result<Reading, String> {
    if event.kind != "incident" {
        return Ok(Reading::ignored("a record that is no incident"));
    }
    let record = record(event.payload);
    let need = |field: &str| value(record, field).ok_or_else(|| missing(field));
    let opened_at =
        time(record, "opened_at")?.map_or_else(|| time(record, "sys_created_on"), |found| Ok(Some(found)))?;
    let opened_at = opened_at.ok_or_else(|| missing("opened_at"))?;
    let updated_at = time(record, "sys_updated_on")?.unwrap_or(event.received_at);
    // 6 is resolved and 7 is closed; 8, cancelled, was none.
    let state = value(record, "state").or_else(|| value(record, "incident_state")).unwrap_or_default();
    if state == "8" {
        return Ok(Reading::ignored("an incident that was cancelled"));
    }
    let is_over = matches!(state, "6" | "7");
    let ended_at = time(record, "resolved_at")?.map_or_else(|| time(record, "closed_at"), |found| Ok(Some(found)))?;
    let resolved_at = if is_over { Some(ended_at.unwrap_or(updated_at)) } else { None };
    let shown = |field: &str| record.at(field).and_then(|own| own.get("display_value")).and_then(Value::as_str);
    let fields = ["business_service", "cmdb_ci"];
    let titles: Vec<_> = fields.into_iter().flat_map(|field| [shown(field), value(record, field)]).flatten().collect();
    let service = names.service_titled(&titles).ok_or("neither `business_service` nor `cmdb_ci` names the service")?;
    Ok(told(Incident {
        severity: value(record, "severity").or_else(|| value(record, "priority")).map(str::to_owned),
        resolved_at,
        observed_at: observed(updated_at, is_over),
        ..shared::incident(&SENDER, need("sys_id")?.to_owned(), vec![service], opened_at)
    }))
}
