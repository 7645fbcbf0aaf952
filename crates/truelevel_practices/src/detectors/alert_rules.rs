use truelevel_documents::Node;

use crate::Practice;
use crate::findings::Findings;
use crate::paths::ends_with;
use crate::repository::{Candidates, Repository};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Alerts are written as code
    ///
    /// Alert rules are kept in files: rules of Prometheus and what reads the same format, Grafana alerting, CloudWatch
    /// alarms, and the alert resources of vendors in Terraform.
    pub(super) static ALERT_RULES: Practice = {
        id: "alert_rules",
        subject: "observe",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(
    TERRAFORM = r#"resource\s+"(?:aws_cloudwatch_(?:metric|composite)_alarm|datadog_monitor|newrelic_(?:nrql_)?alert_condition|google_monitoring_alert_policy|azurerm_monitor_(?:metric_alert|scheduled_query_rules_alert\w*|activity_log_alert)|grafana_rule_group|signalfx_detector|honeycombio_trigger|sentry_(?:issue_alert|metric_alert)|opensearch_monitor|elasticstack_kibana_alerting_rule|checkly_check|betteruptime_monitor|dynatrace_metric_events|splunk_saved_searches|coralogix_alert)""#
);

super::pattern!(JSONNET = r#"^\s*alert:\s*["'%]"#);

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for manifest in repository.manifests() {
        for node in manifest.node.descendants() {
            let is_prometheus = node.get("alert").is_some_and(|alert| alert.text().is_some()) && node.get("expr").is_some();
            let is_grafana = node.get("condition").is_some() && node.get("data").is_some_and(|data| !data.items().is_empty()) && node.get("title").is_some();
            let is_alarm = matches!(node.get("Type").and_then(Node::text), Some("AWS::CloudWatch::Alarm" | "AWS::CloudWatch::CompositeAlarm"));
            if is_prometheus || is_grafana || is_alarm {
                findings.place(&manifest.place(node));
            }
        }
    }
    findings.terraform(&TERRAFORM);
    findings.lines(|path| ends_with(path, &[".libsonnet", ".jsonnet"]), &JSONNET);
    findings.conclude(
        &["Prometheus groups[].rules[].alert", "PrometheusRule", "Grafana alerting provisioning", "alerts in Jsonnet", "CloudWatch alarms", "alert resources in *.tf"],
        &[Candidates::Terraform, Candidates::Manifests(&["alert:", "AWS::CloudWatch"])],
    )
}

#[cfg(test)]
mod tests {
    use super::ALERT_RULES;
    use crate::test_support::check;

    const RULES: &str = "groups:\n  - name: a\n    rules:\n      - alert: Down\n        expr: up == 0\n";

    #[test]
    fn rules_count_wherever_they_are_kept() {
        check(&ALERT_RULES, &[("prometheus/rules.yml", RULES)], &["prometheus/rules.yml:4:9"]);
        let map = format!("apiVersion: v1\nkind: ConfigMap\ndata:\n  rules.yml: |\n{}", RULES.lines().map(|line| format!("    {line}\n")).collect::<String>());
        check(&ALERT_RULES, &[("k8s/rules.yaml", &map)], &["k8s/rules.yaml:8:13"]);
        check(&ALERT_RULES, &[("a.tf", "resource \"datadog_monitor\" \"errors\" {\n}\n")], &["a.tf:1:1"]);
    }

    #[test]
    fn recording_rules_and_comments_do_not() {
        check(&ALERT_RULES, &[("r.yml", "groups:\n  - rules:\n      - record: a:b\n        expr: up\n# alert: x\n")], &["absent"]);
        check(&ALERT_RULES, &[("a.tf", "# resource \"datadog_monitor\" \"errors\" {}\n")], &["absent"]);
    }
}
