use truelevel_documents::Node;

use crate::Practice;
use crate::findings::Findings;
use crate::manifests::{is_terraform, is_true};
use crate::paths::name;
use crate::repository::{Candidates, Repository};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// The platform asks the service whether it is well
    ///
    /// Probes of Kubernetes containers, `HEALTHCHECK` of an image, health checks of Compose services, of load
    /// balancers and target groups in Terraform, and of platforms such as Fly.
    pub(super) static HEALTH_CHECKS: Practice = {
        id: "health_checks",
        subject: "observe",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(IMAGE = r"(?i)^\s*HEALTHCHECK\s+(?:--\S+\s+)*(?:\\|CMD)");
super::pattern!(TERRAFORM = r#"^\s*(?:health_check|health_check_path|health_check_custom_config|liveness_probe|readiness_probe|startup_probe|healthCheck)\s*[={]|resource\s+"(?:aws_route53_health_check|google_compute_(?:region_)?health_check|azurerm_lb_probe)""#);
super::pattern!(FLY = r"^\s*\[+(?:checks|(?:http_)?service(?:s\.\w+)?_?\.?checks)");
const PROBES: [&str; 3] = ["livenessProbe", "readinessProbe", "startupProbe"];

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for manifest in repository.manifests() {
        // In the values of a chart a probe may be switched off.
        let is_on = |probe: &Node| !probe.entries().is_empty() && probe.get("enabled").is_none_or(|enabled| is_true(Some(enabled)));
        let is_compose = manifest.node.get("services").is_some() && manifest.kind().is_empty();
        for node in manifest.node.descendants() {
            for probe in PROBES {
                if node.get(probe).is_some_and(is_on) {
                    findings.place(&manifest.key_place(node, probe));
                }
            }
            if is_compose && node.get("healthcheck").is_some_and(|check| check.get("test").is_some() && !is_true(check.get("disable"))) {
                findings.place(&manifest.key_place(node, "healthcheck"));
            }
        }
    }
    let is_image = |path: &str| name(path).starts_with("Dockerfile") || path.ends_with(".dockerfile");
    findings.lines(is_image, &IMAGE);
    findings.lines(is_terraform, &TERRAFORM);
    findings.lines(|path| name(path) == "fly.toml", &FLY);
    findings.conclude(
        &["livenessProbe, readinessProbe and startupProbe", "Dockerfile HEALTHCHECK", "Compose healthcheck", "Terraform health_check", "fly.toml checks"],
        &[Candidates::Terraform, Candidates::Manifests(&["Probe", "healthcheck"])],
    )
}

#[cfg(test)]
mod tests {
    use super::HEALTH_CHECKS;
    use crate::test_support::check;

    #[test]
    fn probes_and_health_checks_count() {
        let deployment = "apiVersion: apps/v1\nkind: Deployment\nspec:\n  template:\n    spec:\n      containers:\n        - name: a\n          readinessProbe: {httpGet: {path: /healthz}}\n";
        check(&HEALTH_CHECKS, &[("k8s/a.yaml", deployment)], &["k8s/a.yaml:8:11"]);
        check(&HEALTH_CHECKS, &[("Dockerfile", "FROM a\nHEALTHCHECK --interval=5s CMD curl localhost\n")], &["Dockerfile:2:1"]);
        check(&HEALTH_CHECKS, &[("docker-compose.yml", "services:\n  a:\n    healthcheck: {test: x}\n")], &["docker-compose.yml:3:5"]);
    }

    #[test]
    fn a_probe_of_a_chart_counts_unless_its_values_switch_it_off() {
        let template = "apiVersion: v1\nkind: Pod\nspec:\n  containers:\n    - name: {{ .Release.Name }}\n      {{- if .Values.probe }}\n      livenessProbe:\n        httpGet: {path: /}\n      {{- end }}\n";
        let files = |values: &'static str| [("c/Chart.yaml", "name: c\n"), ("c/values.yaml", values), ("c/templates/pod.yaml", template)];
        check(&HEALTH_CHECKS, &files("probe: true\n"), &["c/templates/pod.yaml:7:7"]);
        check(&HEALTH_CHECKS, &files("probe: false\n"), &["absent"]);
    }

    #[test]
    fn switched_off_checks_do_not() {
        check(&HEALTH_CHECKS, &[("Dockerfile", "FROM a\nHEALTHCHECK NONE\n")], &["absent"]);
        check(&HEALTH_CHECKS, &[("chart/values.yaml", "livenessProbe: {enabled: false, path: /}\n")], &["absent"]);
    }
}
