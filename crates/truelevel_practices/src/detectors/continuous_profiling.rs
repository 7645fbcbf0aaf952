use truelevel_documents::Node;

use crate::Practice;
use crate::dependencies::is_manifest;
use crate::findings::Findings;
use crate::manifests::is_true;
use crate::paths::name;
use crate::repository::{Candidates, Repository};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Production is profiled all the time
    ///
    /// Something samples where running code spends its time: Pyroscope, Parca, the eBPF profiler of OpenTelemetry,
    /// the profilers of Google, Datadog, AWS, Elastic and Sentry, as a library, an agent or a switch.
    pub(super) static CONTINUOUS_PROFILING: Practice = {
        id: "continuous_profiling",
        subject: "observe",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(DEPENDENCY = r#"(?i)pyroscope|parca-agent|cloud\.google\.com/go/profiler|@google-cloud/profiler|google-cloud-profiler|google_cloud_profiler|codeguru[-_]profiler|CodeGuruProfiler|@datadog/pprof|dd-trace-go\S*/profiler|@sentry/profiling|sentry\.profiler|elastic-otel-profil"#);
super::pattern!(AGENT = r"(?i)(?:^|[/_.{$-])(?:pyroscope|parca(?:-agent)?|\w*ebpf[-_]profiler\w*|polarsignals|profiling-agent)(?:[:/@_}.-]|$)");

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    findings.dependencies(&DEPENDENCY);
    for manifest in repository.manifests() {
        for node in manifest.node.descendants() {
            let mut named = ["image", "chart"].iter().filter_map(|key| node.get(key));
            if let Some(named) = named.find(|named| named.text().is_some_and(|text| AGENT.is_match(text))) {
                findings.place(&manifest.place(named));
            }
            let switch = node.get("name").and_then(Node::text) == Some("DD_PROFILING_ENABLED");
            if switch && is_true(node.get("value")) {
                findings.place(&manifest.place(node));
            }
        }
    }
    findings.conclude(
        &["dependency lists", "images and charts of profilers", "DD_PROFILING_ENABLED"],
        &[Candidates::Paths(|path| is_manifest(name(path))), Candidates::Manifests(&["pyroscope", "parca", "PROFILING"])],
    )
}

#[cfg(test)]
mod tests {
    use super::CONTINUOUS_PROFILING;
    use crate::test_support::check;

    #[test]
    fn libraries_agents_and_switches_count() {
        check(&CONTINUOUS_PROFILING, &[("go.mod", "require cloud.google.com/go/profiler v0.4.0\n")], &["go.mod:1:9"]);
        check(&CONTINUOUS_PROFILING, &[("compose.yaml", "services: {a: {image: grafana/pyroscope:1}}\n")], &["compose.yaml:1:23"]);
        let env = |value: &str| format!("apiVersion: apps/v1\nkind: Deployment\nspec: {{env: [{{name: DD_PROFILING_ENABLED, value: '{value}'}}]}}\n");
        check(&CONTINUOUS_PROFILING, &[("d.yaml", &env("true"))], &["d.yaml:3:14"]);
        check(&CONTINUOUS_PROFILING, &[("d.yaml", &env("false"))], &["absent"]);
    }
}
