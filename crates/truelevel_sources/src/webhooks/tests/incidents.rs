//! Incidents, in bodies as the vendors' pages show them.

use super::*;

#[test]
fn an_incident_of_incident_io_is_that_of_the_service_in_its_custom_field() {
    let incident = |category: &str, stamps: Value| {
        json!({
            "id": "01FDAG4SAP5TYPT98WGR2N7W91", "severity": { "name": "Minor" }, "mode": "standard",
            "incident_status": { "category": category },
            "created_at": "2026-08-21T10:00:00Z", "updated_at": "2026-08-21T10:30:00Z",
            "incident_timestamp_values": stamps,
            "custom_field_entries": [
                { "custom_field": { "name": "Affected services" }, "values": [{ "value_catalog_entry": { "name": "Checkout" } }] },
                { "custom_field": { "name": "Colour" }, "values": [{ "value_text": "red" }] },
            ],
        })
    };
    let event = |kind: &str, incident: Value| json!({ "event_type": kind, kind: incident });
    let created = "public_incident.incident_created_v2";
    let begun = facts("incident_io", "", &[], &event(created, incident("live", json!([])))).incidents.remove(0);
    assert_eq!((begun.services.len(), begun.services[0].as_str(), begun.resolved_at), (1, "shop", None));
    let stamp = |name: &str, at: &str| json!({ "incident_timestamp": { "name": name }, "value": { "value": at } });
    let stamps = json!([stamp("Fixed at", "2026-08-21T10:20:00Z"), stamp("Reported at", "2026-08-21T09:55:00Z")]);
    let updated = "public_incident.incident_updated_v2";
    let ended = facts("incident_io", "", &[], &event(updated, incident("closed", stamps))).incidents.remove(0);
    assert_eq!(
        (text(ended.resolved_at).as_str(), ended.started_at.to_string().as_str()),
        ("2026-08-21T10:20:00Z", "2026-08-21T09:55:00Z")
    );
    // Without a timestamp, only the change of the status tells when it ended.
    assert_eq!(
        facts("incident_io", "", &[], &event(updated, incident("closed", json!([])))).incidents[0].resolved_at,
        None
    );
    let changed = "public_incident.incident_status_updated_v2";
    let change = event(changed, json!({ "incident": incident("learning", json!([])) }));
    assert_eq!(text(facts("incident_io", "", &[], &change).incidents[0].resolved_at), "2026-08-21T10:30:00Z");
    let declined = read(&take("incident_io", "", &[], &event(created, incident("declined", json!([])))), &names());
    assert_eq!(declined.state(), EventState::Ignored);
    let mut nameless = incident("live", json!([]));
    nameless["custom_field_entries"] = json!([]);
    let nameless = read(&take("incident_io", "", &[], &event(created, nameless)), &names());
    assert!(nameless.reason().unwrap().starts_with("no custom field names the service"));
}

#[test]
fn an_issue_of_jira_is_an_incident_by_its_type_or_label_in_both_ways_of_sending() {
    let issue = |kind: &str, label: &str, status: &str| {
        json!({ "id": "77256", "key": "OPS-14", "fields": {
            "issuetype": { "name": kind }, "labels": [label], "status": { "statusCategory": { "key": status } },
            "priority": { "name": "High" }, "components": [{ "name": "Checkout" }], "project": { "key": "OPS", "name": "Operations" },
            "created": "2026-08-21T12:00:00.123+0200", "updated": "2026-08-21T13:00:00.000+0200",
            "resolutiondate": if status == "done" { json!("2026-08-21T12:45:00.000+0200") } else { Value::Null },
        } })
    };
    let sent = |issue: Value| json!({ "timestamp": 1_787_331_600_000_i64, "webhookEvent": "jira:issue_updated", "issue": issue });
    let of = |body: &Value| facts("jira", "", &[], body).incidents.remove(0);
    let begun = of(&sent(issue("Incident", "x", "new")));
    assert_eq!((begun.id.as_str(), begun.services[0].as_str(), begun.resolved_at), ("OPS-14", "shop", None));
    assert_eq!(begun.started_at.to_string(), "2026-08-21T10:00:00.123Z");
    let ended = of(&issue("Task", "incident", "done"));
    assert_eq!(text(ended.resolved_at), "2026-08-21T10:45:00Z");
    let other = read(&take("jira", "", &[], &sent(issue("Task", "x", "new"))), &names());
    assert_eq!(other.reason().unwrap(), "an issue that is no incident");
}

#[test]
fn a_record_of_servicenow_is_read_with_and_without_display_values() {
    let plain = json!({
        "sys_id": "9d385017", "number": "INC0000060", "sys_class_name": "incident", "state": "7", "priority": "3",
        "opened_at": "2026-08-12 15:19:57", "resolved_at": "2026-08-13 21:43:08", "closed_at": "2026-08-14 02:46:44",
        "sys_updated_on": "2026-08-14 02:46:44", "business_service": { "link": "https://x", "value": "27d32778" },
        "cmdb_ci": "",
    });
    let known = Names { services: BTreeMap::from([("27d32778".to_owned(), "shop".to_owned())]), ..names() };
    let incident = read(&take("servicenow", "", &[], &plain), &known).facts.incidents.remove(0);
    assert_eq!((incident.id.as_str(), incident.services[0].as_str()), ("9d385017", "shop"));
    assert_eq!(
        (incident.started_at.to_string().as_str(), text(incident.resolved_at).as_str()),
        ("2026-08-12T15:19:57Z", "2026-08-13T21:43:08Z")
    );
    let shown = json!({ "result": {
        "sys_id": { "value": "a" }, "number": { "value": "INC1", "display_value": "INC1" },
        "state": { "value": "2", "display_value": "In Progress" },
        "opened_at": { "value": "2026-08-12 15:19:57", "display_value": "2026-08-12 08:19:57" },
        "cmdb_ci": { "value": "b", "display_value": "Checkout" },
    } });
    let incident = facts("servicenow", "", &[], &shown).incidents.remove(0);
    assert_eq!((incident.services[0].as_str(), incident.resolved_at), ("shop", None));
    let zoned = json!({ "sys_id": "a", "number": "INC1", "opened_at": "12-08-2026 15:19", "cmdb_ci": "b" });
    assert!(
        read(&take("servicenow", "", &[], &zoned), &names()).reason().unwrap().starts_with("`opened_at` is no time")
    );
    let change = json!({ "sys_id": "a", "number": "CHG1" });
    assert_eq!(read(&take("servicenow", "", &[], &change), &names()).state(), EventState::Ignored);
}

/// The forms of Atlassian's page on webhook notifications.
#[test]
fn an_incident_of_statuspage_is_that_of_the_components_it_names() {
    let body = |impact: &str| {
        json!({ "page": { "id": "j2mfxwj97wnj" }, "incident": {
            "id": "lbkhbwn21v5q", "name": "Virginia is down", "impact": impact, "status": "resolved", "backfilled": false,
            "created_at": "2026-05-29T15:08:51-06:00", "updated_at": "2026-05-29T16:30:35-06:00",
            "resolved_at": "2026-05-29T16:30:35-06:00",
            "incident_updates": [
                { "affected_components": [{ "code": "rb5wq1dczvbm", "name": "Checkout" }] },
                { "affected_components": [{ "code": "rb5wq1dczvbm", "name": "Checkout" }] },
            ],
        } })
    };
    let incident = facts("statuspage", "secret", &[], &body("critical")).incidents.remove(0);
    assert_eq!((incident.services.len(), incident.services[0].as_str()), (1, "shop"));
    assert_eq!(
        (incident.started_at.to_string().as_str(), text(incident.resolved_at).as_str()),
        ("2026-05-29T21:08:51Z", "2026-05-29T22:30:35Z")
    );
    assert_eq!(read(&take("statuspage", "", &[], &body("maintenance")), &names()).state(), EventState::Ignored);
    let component = json!({ "component_update": { "new_status": "operational" }, "component": { "name": "Checkout" } });
    assert_eq!(read(&take("statuspage", "", &[], &component), &names()).state(), EventState::Ignored);
}
