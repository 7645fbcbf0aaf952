use truelevel_documents::Node;

use crate::Practice;
use crate::findings::Findings;
use crate::manifests::terraform_blocks;
use crate::paths::ends_with;
use crate::repository::{Candidates, Repository};
use crate::text::indent_column;
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Alerts say where to read what to do
    ///
    /// An alert rule carries the link of a runbook: an annotation `runbook_url`, `runbook` or `runbookURL` in rules
    /// of Prometheus, Grafana or Jsonnet mixins, or a link of a runbook in the message of an alert in Terraform.
    /// Whoever is woken need not search.
    pub(super) static ALERTS_LINK_RUNBOOKS: Practice = {
        id: "alerts_link_runbooks",
        subject: "recover",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(KEY = r"(?i)^runbook(?:[_-]?(?:url|link))?$");
super::pattern!(ALERT = r#"resource\s+"(?:aws_cloudwatch_metric_alarm|datadog_monitor|newrelic_(?:nrql_)?alert_condition|google_monitoring_alert_policy|azurerm_monitor_\w*alert\w*|grafana_rule_group)""#);
super::pattern!(LINK = r"(?i)runbook");
super::pattern!(JSONNET = r"(?i)^\s*(?:runbook_?url|'runbook_url')\+?:");

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for manifest in repository.manifests() {
        for node in manifest.node.descendants() {
            let is_alert = node.get("alert").is_some() || (node.get("uid").is_some() && node.get("condition").is_some());
            let annotations = node.get("annotations").filter(|_| is_alert).map_or(&[][..], Node::entries).iter();
            let mut linked = annotations.filter(|entry| entry.key.text().is_some_and(|key| KEY.is_match(key)));
            if let Some(entry) = linked.find(|entry| entry.value.text().is_some_and(|link| !link.is_empty())) {
                findings.place(&manifest.place(&entry.key));
            }
        }
    }
    for (path, block) in terraform_blocks(repository, &ALERT) {
        if let Some((number, line)) = block.lines.iter().find(|(_, line)| LINK.is_match(line)) {
            findings.push(path, *number, indent_column(line), line);
        }
    }
    findings.lines(|path| ends_with(path, &[".libsonnet", ".jsonnet"]), &JSONNET);
    findings.conclude(
        &["annotations.runbook_url of alert rules", "runbook links in alert resources of *.tf", "runbook_url in Jsonnet mixins"],
        &[Candidates::Terraform, Candidates::Manifests(&["alert:", "runbook"])],
    )
}

#[cfg(test)]
mod tests {
    use super::ALERTS_LINK_RUNBOOKS;
    use crate::test_support::check;

    #[test]
    fn a_link_in_an_alert_counts_and_one_elsewhere_does_not() {
        let rule = |annotation: &str| format!("groups:\n  - rules:\n      - alert: Down\n        expr: up == 0\n        annotations: {{{annotation}: 'https://x/y'}}\n");
        check(&ALERTS_LINK_RUNBOOKS, &[("r.yaml", &rule("runbook_url"))], &["r.yaml:5:23"]);
        check(&ALERTS_LINK_RUNBOOKS, &[("r.yaml", &rule("summary"))], &["absent"]);
        check(&ALERTS_LINK_RUNBOOKS, &[("c.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {annotations: {runbook_url: x}}\n")], &["absent"]);
        check(&ALERTS_LINK_RUNBOOKS, &[("a.tf", "resource \"datadog_monitor\" \"a\" {\n  message = \"see runbook\"\n}\n")], &["a.tf:2:3"]);
    }
}
