//! Jira: webhooks of issues (<https://developer.atlassian.com/cloud/jira/platform/webhooks/>), and the issues that its
//! automation rules send. An issue is an incident by its type or a label.

use truelevel_model::Incident;
use truelevel_model::events::Reading;

use super::payload::Payload;
use super::shared::told;
use super::signatures::Scheme;
use super::{Event, Names, Sender, observed, shared};

pub(super) static SENDER: Sender = Sender {
    id: "jira",
    title: "Jira",
    // The last one is that of Four Keys.
    schemes: &[
        Scheme::BodyHmac { header: "x-hub-signature", prefix: "sha256=" },
        Scheme::Bearer,
        Scheme::Basic,
        Scheme::Query { name: "token" },
    ],
    kind: |delivery| match delivery.payload.text("webhookEvent") {
        Some(kind) => Ok(kind.to_owned()),
        None => delivery.payload.need_text("fields.issuetype.name").map(|_| ISSUE.to_owned()),
    },
    delivery: |delivery| delivery.headers.get("x-atlassian-webhook-identifier").cloned().map(Into::into),
    read,
};

/// What an automation rule sends.
const ISSUE: &str = "issue";

fn read(event: &Event<'_>, names: &Names) -> Result<Reading, String> {
    let issue = match event.kind {
        ISSUE => event.payload,
        "jira:issue_created" | "jira:issue_updated" => event.payload.need_part("issue")?,
        other => return Ok(Reading::ignored(format!("{} is not about delivery", truelevel_model::printable(other)))),
    };
    let fields = issue.need_part("fields")?;
    if !is_incident(fields, names) {
        return Ok(Reading::ignored("an issue that is no incident"));
    }
    let updated_at = fields.need_time("updated")?;
    let is_done = fields.text("status.statusCategory.key") == Some("done");
    let resolved_at = if is_done { Some(fields.time("resolutiondate")?.unwrap_or(updated_at)) } else { None };
    let components = fields.items("components").filter_map(|component| component.text("name"));
    let mut titles: Vec<_> = components.collect();
    if titles.is_empty() {
        titles.extend(fields.text("project.name").or_else(|| fields.text("project.key")));
    }
    let services: Vec<_> = titles.iter().filter_map(|title| names.service_titled(&[title])).collect();
    if services.is_empty() {
        return Err("neither `fields.components` nor `fields.project` names the service".to_owned());
    }
    Ok(told(Incident {
        severity: fields.text("priority.name").map(str::to_owned),
        resolved_at,
        observed_at: observed(updated_at, is_done),
        ..shared::incident(&SENDER, issue.need_text("key")?.to_owned(), services, fields.need_time("created")?)
    }))
}

fn is_incident(fields: Payload<'_>, names: &Names) -> bool {
    let kind = fields.text("issuetype.name").unwrap_or_default();
    let mut labels = fields.items("labels").filter_map(|label| label.0.as_str());
    kind.eq_ignore_ascii_case("incident")
        || names.is_incident_label(kind)
        || labels.any(|label| names.is_incident_label(label))
}
