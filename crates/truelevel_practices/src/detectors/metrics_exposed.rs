use truelevel_documents::Node;

use crate::findings::Findings;
use crate::manifests::is_true;
use crate::paths::name;
use crate::repository::{Candidates, Repository};
use crate::{Practice, dependencies};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// The service exposes metrics
    ///
    /// Something collects numbers from the service: Prometheus monitors, scrape annotations or scrape configurations, a
    /// metrics library (Prometheus, Micrometer, StatsD, OpenTelemetry metrics), or the agent of a vendor.
    pub(super) static METRICS_EXPOSED: Practice = {
        id: "metrics_exposed",
        subject: "observe",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(
    DEPENDENCY = r#"(?i)["']?\b(?:prom-client|prometheus[-_]client|prometheus-fastapi-instrumentator|django-prometheus|starlette[-_]exporter|express-prom-bundle|prometheus/client_golang|VictoriaMetrics/metrics|micrometer-registry|micrometer-core|simpleclient|prometheus-metrics-core|prometheus-net|metrics-exporter-prometheus|axum-prometheus|opentelemetry-prometheus|yabeda-prometheus|prometheus_exporter|prometheus_ex|telemetry_metrics_prometheus|hot-shots|statsd(?:-client)?|dogstatsd|datadog-go|dropwizard-metrics|metrics-core|go-metrics|@willsoto/nestjs-prometheus|promphp/prometheus_client_php|newrelic|OpenTelemetry\.Exporter\.Prometheus|exporter-prometheus)\b|^\s*prometheus\s*="#
);
const MONITORS: [&str; 5] = ["PodMonitor", "PodMonitoring", "ServiceMonitor", "VMPodScrape", "VMServiceScrape"];

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for manifest in repository.manifests() {
        if MONITORS.contains(&manifest.kind()) {
            findings.place(&manifest.kind_place());
        }
        if let Some(configs) = manifest.node.get("scrape_configs").filter(|configs| !configs.items().is_empty()) {
            findings.place(&manifest.place(configs));
        }
        for node in manifest.node.descendants().filter(|node| is_true(node.get("prometheus.io/scrape"))) {
            findings.place(&manifest.key_place(node, "prometheus.io/scrape"));
        }
        // The switch that charts give it.
        for node in manifest.node.descendants() {
            let on = |key: &str| node.get(key).is_some_and(|monitor: &Node| is_true(monitor.get("enabled")));
            if let Some(key) = ["serviceMonitor", "podMonitor"].into_iter().find(|key| on(key)) {
                findings.place(&manifest.key_place(node, key));
            }
        }
    }
    findings.dependencies(&DEPENDENCY);
    findings.conclude(
        &["ServiceMonitor and PodMonitor", "prometheus.io/scrape annotations", "scrape_configs", "dependency lists"],
        &[Candidates::Manifests(&["Monitor", "scrape"]), Candidates::Paths(|path| dependencies::is_manifest(name(path)))],
    )
}

#[cfg(test)]
mod tests {
    use super::METRICS_EXPOSED;
    use crate::test_support::check;

    #[test]
    fn monitors_annotations_and_libraries_count() {
        check(&METRICS_EXPOSED, &[("m.yaml", "apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor\n")], &["m.yaml:2:1"]);
        let annotated = "apiVersion: v1\nkind: Service\nmetadata:\n  annotations:\n    prometheus.io/scrape: \"true\"\n";
        check(&METRICS_EXPOSED, &[("s.yaml", annotated)], &["s.yaml:5:5"]);
        check(&METRICS_EXPOSED, &[("go.mod", "require (\n\tgithub.com/prometheus/client_golang v1.19.0\n)\n")], &["go.mod:2:13"]);
    }

    #[test]
    fn what_is_off_or_only_indirect_does_not() {
        check(&METRICS_EXPOSED, &[("go.mod", "\tgithub.com/prometheus/client_golang v1.19.0 // indirect\n")], &["absent"]);
        check(&METRICS_EXPOSED, &[("values.yaml", "serviceMonitor: {enabled: false}\n")], &["absent"]);
    }
}
