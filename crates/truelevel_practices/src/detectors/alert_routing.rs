use truelevel_documents::Node;

use crate::Practice;
use crate::findings::Findings;
use crate::repository::{Candidates, Repository};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Alerts are routed to somebody
    ///
    /// Receivers that do something are kept in files: Alertmanager's receivers with a configuration of a pager, chat
    /// or webhook, Alertmanager objects, and contact points, notification channels and integrations in Terraform. A
    /// receiver without any configuration drops what it receives, and does not count.
    pub(super) static ALERT_ROUTING: Practice = {
        id: "alert_routing",
        subject: "observe",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(
    TERRAFORM = r#"resource\s+"(?:grafana_(?:contact_point|notification_policy)|google_monitoring_notification_channel|azurerm_monitor_action_group|newrelic_(?:notification_channel|workflow|alert_channel)|pagerduty_(?:service_integration|event_orchestration\w*)|opsgenie_(?:integration|api_integration|email_integration|notification_policy)|datadog_integration_(?:pagerduty|opsgenie|slack)\w*|aws_sns_topic_subscription|aws_chatbot_\w+|squadcast_\w+|victorops_routing_key|rootly_alert_route|incident_alert_route)""#
);

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for manifest in repository.manifests() {
        for receivers in manifest.node.descendants().filter_map(|node| node.get("receivers")) {
            for receiver in receivers.items().iter().filter(|receiver| receiver.get("name").is_some()) {
                let acts = |key: &str| key.ends_with("_configs") || (key.ends_with("Configs") && manifest.kind() == "AlertmanagerConfig");
                let action = receiver.entries().iter().find(|entry| entry.key.text().is_some_and(acts) && !entry.value.one_or_many().is_empty());
                if let Some(action) = action.filter(|action| !action.value.items().is_empty() || !action.value.entries().is_empty()) {
                    findings.place(&manifest.place(&action.key));
                }
            }
        }
        for points in manifest.node.get("contactPoints").map_or(&[][..], Node::items) {
            findings.place(&manifest.place(points));
        }
    }
    findings.terraform(&TERRAFORM);
    findings.conclude(
        &["alertmanager.yml receivers", "AlertmanagerConfig", "Grafana contact points", "notification resources in *.tf"],
        &[Candidates::Terraform, Candidates::Manifests(&["receivers", "contactPoints"])],
    )
}

#[cfg(test)]
mod tests {
    use super::ALERT_ROUTING;
    use crate::test_support::check;

    #[test]
    fn receivers_that_act_count() {
        check(
            &ALERT_ROUTING,
            &[("alertmanager.yml", "receivers:\n  - name: team\n    pagerduty_configs:\n      - routing_key: x\n")],
            &["alertmanager.yml:3:5"],
        );
        check(&ALERT_ROUTING, &[("a.tf", "resource \"grafana_contact_point\" \"team\" {\n}\n")], &["a.tf:1:1"]);
    }

    #[test]
    fn receivers_that_drop_and_collectors_do_not() {
        check(&ALERT_ROUTING, &[("alertmanager.yml", "receivers:\n  - name: 'null'\n")], &["absent"]);
        check(&ALERT_ROUTING, &[("otel.yaml", "receivers:\n  otlp: {protocols: {grpc: {}}}\nexporters: {}\n")], &["absent"]);
    }
}
