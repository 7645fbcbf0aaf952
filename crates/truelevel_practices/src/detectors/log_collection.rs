use crate::Practice;
use crate::findings::Findings;
use crate::repository::{Candidates, Repository};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Logs are collected in one place
    ///
    /// Something ships what every instance writes to a place where it can be searched: Fluent Bit, Fluentd, Vector,
    /// Promtail, Alloy, Filebeat, Loki, VictoriaLogs, a logs pipeline of the OpenTelemetry collector, log forwarding
    /// of the platform, or log groups and sinks of clouds.
    pub(super) static LOG_COLLECTION: Practice = {
        id: "log_collection",
        subject: "observe",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(SHIPPER = r"(?i)(?:^|[/._-])(?:fluent-?bit|fluentd|vector|promtail|grafana-alloy|alloy|filebeat|logstash|victoria-?logs(?:-\w+)?|loki(?:-stack)?|opensearch-fluent\w*|logging-operator|aws-for-fluent-bit)(?:[:/@]|$)");
super::pattern!(TERRAFORM = r#"resource\s+"(?:aws_cloudwatch_log_(?:group|subscription_filter)|google_logging_\w*sink|azurerm_monitor_diagnostic_setting|azurerm_log_analytics_\w+|datadog_logs_\w+|logdna_\w+|aws_kinesis_firehose_delivery_stream)""#);
super::pattern!(CONFIGURATION = r"(?i)(?:^|/)(?:fluent-?bit\.(?:conf|ya?ml)|fluentd?\.conf|vector\.(?:toml|ya?ml)|promtail[\w.-]*\.ya?ml|filebeat\.ya?ml|logstash\.conf|config\.alloy)$");
const KINDS: [&str; 9] = ["Logging", "ClusterFlow", "ClusterOutput", "FluentBit", "ClusterFluentBitConfig", "ClusterLogForwarder", "PodLogs", "VLogs", "Vector"];

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for manifest in repository.manifests() {
        if KINDS.contains(&manifest.kind()) {
            findings.place(&manifest.kind_place());
        }
        for node in manifest.node.descendants() {
            let mut named = ["chart", "image", "repository"].iter().filter_map(|key| node.get(key));
            if let Some(named) = named.find(|named| named.text().is_some_and(|text| SHIPPER.is_match(text))) {
                findings.place(&manifest.place(named));
            }
            // A collector that exports logs.
            let logs = node.get("pipelines").and_then(|pipelines| pipelines.get("logs"));
            if let Some(exporters) = logs.and_then(|logs| logs.get("exporters")).filter(|list| !list.one_or_many().is_empty()) {
                findings.place(&manifest.place(exporters));
            }
        }
        // A chart from an OCI registry is named by its object.
        let name = manifest.at(["metadata", "name"]).filter(|name| name.text().is_some_and(|name| SHIPPER.is_match(name)));
        if let Some(name) = name.filter(|_| matches!(manifest.kind(), "HelmRelease" | "OCIRepository" | "DaemonSet" | "Application")) {
            findings.place(&manifest.place(name));
        }
    }
    for path in repository.own_paths().filter(|path| CONFIGURATION.is_match(path)) {
        findings.file(path);
    }
    findings.terraform(&TERRAFORM);
    findings.conclude(
        &["charts, images and objects of log shippers", "logs pipelines of collectors", "fluent-bit.conf, vector.toml and their like", "log groups and sinks in *.tf"],
        &[Candidates::Terraform, Candidates::Manifests(&["luent", "loki", "vector", "pipelines:"])],
    )
}

#[cfg(test)]
mod tests {
    use super::LOG_COLLECTION;
    use crate::test_support::check;

    #[test]
    fn shippers_pipelines_and_sinks_count() {
        check(&LOG_COLLECTION, &[("d.yaml", "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: fluent-bit}\n")], &["d.yaml:3:18"]);
        let collector = |kind: &str| format!("apiVersion: a/v1\nkind: B\nservice: {{pipelines: {{{kind}: {{exporters: [otlp]}}}}}}\n");
        check(&LOG_COLLECTION, &[("c.yaml", &collector("logs"))], &["c.yaml:3:41"]);
        check(&LOG_COLLECTION, &[("c.yaml", &collector("traces"))], &["absent"]);
        check(&LOG_COLLECTION, &[("a.tf", "resource \"google_logging_project_sink\" \"a\" {\n}\n")], &["a.tf:1:1"]);
        check(&LOG_COLLECTION, &[("ops/vector.toml", "x")], &["ops/vector.toml"]);
    }
}
