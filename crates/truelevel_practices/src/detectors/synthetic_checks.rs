use crate::Practice;
use crate::findings::Findings;
use crate::repository::{Candidates, Repository};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Production is checked from outside as a user would
    ///
    /// Something uses the service from outside all the time and tells when it fails: probes of the blackbox exporter,
    /// canaries of CloudWatch, synthetic tests of Datadog, Grafana, New Relic and Elastic, Checkly, uptime checks of
    /// clouds, Pingdom, StatusCake, Gatus, Upptime.
    pub(super) static SYNTHETIC_CHECKS: Practice = {
        id: "synthetic_checks",
        subject: "observe",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(TERRAFORM = r#"resource\s+"(?:aws_synthetics_canary|aws_route53_health_check|grafana_synthetic_monitoring_check|datadog_synthetics_test|newrelic_synthetics_\w+|checkly_\w*check|google_monitoring_uptime_check_config|pingdom_check|statuscake_\w+|uptimerobot_monitor|betteruptime_monitor|azurerm_application_insights_(?:standard_)?web_test|honeybadger_\w*check|dynatrace_(?:http|browser)_monitor|elasticstack_kibana_synthetics_monitor|hyperping_\w+)""#);
super::pattern!(FILES = r"(?i)(?:^|/)(?:checkly\.config\.\w+|\.upptimerc\.yml|[\w.-]+\.synthetics\.json|synthetics\.config\.\w+|[\w.-]+\.journey\.[jt]s)$");

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for manifest in repository.manifests() {
        let is_probe = manifest.is("monitoring.coreos.com/", "Probe") || manifest.is("operator.victoriametrics.com/", "VMProbe");
        let is_gatus = manifest.kind().is_empty() && manifest.node.get("endpoints").is_some_and(|list| list.items().iter().any(|item| item.get("conditions").is_some()));
        if is_probe {
            findings.place(&manifest.kind_place());
        } else if is_gatus {
            findings.place(&manifest.key_place(manifest.node, "endpoints"));
        }
    }
    findings.terraform(&TERRAFORM);
    for path in repository.own_paths().filter(|path| FILES.is_match(path)) {
        findings.file(path);
    }
    findings.conclude(
        &["Probe objects", "canaries, synthetic tests and uptime checks in *.tf", "checkly.config.*, .upptimerc.yml", "endpoints of Gatus"],
        &[Candidates::Terraform, Candidates::Manifests(&["Probe", "endpoints:"])],
    )
}

#[cfg(test)]
mod tests {
    use super::SYNTHETIC_CHECKS;
    use crate::test_support::check;

    #[test]
    fn checks_from_outside_count() {
        check(&SYNTHETIC_CHECKS, &[("p.yaml", "apiVersion: monitoring.coreos.com/v1\nkind: Probe\n")], &["p.yaml:2:1"]);
        check(&SYNTHETIC_CHECKS, &[("c.tf", "resource \"aws_synthetics_canary\" \"a\" {\n}\n")], &["c.tf:1:1"]);
        check(&SYNTHETIC_CHECKS, &[("gatus/config.yaml", "endpoints:\n  - url: https://x\n    conditions: ['[STATUS] == 200']\n")], &["gatus/config.yaml:1:1"]);
        check(&SYNTHETIC_CHECKS, &[("d.yaml", "apiVersion: apps/v1\nkind: Deployment\nspec: {livenessProbe: {}}\n")], &["absent"]);
    }
}
