use truelevel_documents::Node;

use crate::findings::Findings;
use crate::paths::name;
use crate::repository::{Candidates, Repository};
use crate::{Practice, dependencies};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Requests are traced
    ///
    /// A tracing library is among the dependencies (OpenTelemetry, Datadog, Jaeger, Zipkin, X-Ray, Elastic APM), a
    /// workload is told where to send traces (`OTEL_EXPORTER_OTLP_ENDPOINT`), an instrumentation object injects it,
    /// or a collector has a pipeline of traces. OpenTelemetry's API alone sends nothing and does not count.
    pub(super) static TRACING: Practice = {
        id: "tracing",
        subject: "observe",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(
    DEPENDENCY = r#"@opentelemetry/(?:sdk|auto-instrumentations|exporter-trace|instrumentation)|opentelemetry[-_](?:sdk|otlp|distro|instrumentation|exporter-otlp|exporter-jaeger)|go\.opentelemetry\.io/(?:otel/sdk|otel/exporters/otlp/otlptrace|contrib/instrumentation)|opentelemetry-(?:spring-boot-starter|javaagent|exporter-otlp|bom)|OpenTelemetry\.(?:Exporter|Instrumentation|Extensions)\b|tracing-opentelemetry|:opentelemetry_exporter|open-telemetry/(?:sdk|exporter-otlp)|micrometer-tracing|spring-cloud-starter-sleuth|quarkus-opentelemetry|\bdd-trace\b|\bddtrace\b|dd-trace-go|jaeger-client|aws-xray-sdk|elastic-apm|zipkin(?:-reporter|-go|\b)|honeycomb|@sentry/(?:tracing|profiling)"#
);

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    findings.dependencies(&DEPENDENCY);
    for manifest in repository.manifests() {
        if manifest.is("opentelemetry.io/", "Instrumentation") {
            findings.place(&manifest.kind_place());
        }
        for node in manifest.node.descendants() {
            let variable = node.get("name").and_then(Node::text).is_some_and(sends) && (node.get("value").is_some() || node.get("valueFrom").is_some());
            if variable {
                findings.place(&manifest.place(node));
            }
            if let Some(entry) = node.entries().iter().find(|entry| entry.key.text().is_some_and(sends) && !entry.value.is_null()) {
                findings.place(&manifest.place(&entry.key));
            }
            let traces = node.at(["service", "pipelines"]).map_or(&[][..], Node::entries).iter();
            for entry in traces.filter(|entry| entry.key.text().is_some_and(|key| key == "traces" || key.starts_with("traces/"))) {
                findings.place(&manifest.place(&entry.key));
            }
        }
    }
    findings.conclude(
        &["dependency lists", "OTEL_EXPORTER_OTLP_ENDPOINT in workloads", "OpenTelemetry Instrumentation", "collector service.pipelines.traces"],
        &[Candidates::Manifests(&["OTEL_", "opentelemetry", "exporters"]), Candidates::Paths(|path| dependencies::is_manifest(name(path)))],
    )
}

fn sends(variable: &str) -> bool {
    matches!(variable, "OTEL_EXPORTER_OTLP_ENDPOINT" | "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT")
}

#[cfg(test)]
mod tests {
    use super::TRACING;
    use crate::test_support::check;

    #[test]
    fn libraries_variables_and_collectors_count() {
        check(&TRACING, &[("package.json", "{\"dependencies\": {\n  \"@opentelemetry/sdk-node\": \"1\"}}\n")], &["package.json:2:4"]);
        let pod = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - env:\n        - name: OTEL_EXPORTER_OTLP_ENDPOINT\n          value: http://otel\n";
        check(&TRACING, &[("pod.yaml", pod)], &["pod.yaml:6:11"]);
        check(&TRACING, &[("otel.yaml", "exporters: {}\nservice:\n  pipelines:\n    traces: {}\n")], &["otel.yaml:4:5"]);
    }

    #[test]
    fn the_api_alone_and_pipelines_of_logs_do_not() {
        check(&TRACING, &[("go.mod", "\tgo.opentelemetry.io/otel v1.24.0\n")], &["absent"]);
        check(&TRACING, &[("otel.yaml", "exporters: {}\nservice: {pipelines: {logs: {}}}\n")], &["absent"]);
    }
}
