use truelevel_documents::Node;

use crate::Practice;
use crate::findings::Findings;
use crate::manifests::{Manifest, is_false, is_terraform, is_true};
use crate::repository::{Candidates, Repository};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Alerts fire on the burning of an error budget
    ///
    /// An alert compares how fast an error budget burns over more than one window, by hand or generated: Prometheus rules
    /// over several windows, Sloth's page and ticket alerts, Pyrra's, OpenSLO alert conditions of the kind
    /// `burnrate`, and burn-rate alerts of vendors. Alerting that is switched off does not count.
    pub(super) static BURN_RATE_ALERTS: Practice = {
        id: "burn_rate_alerts",
        subject: "observe",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(WINDOW = r"(?:\[(?P<range>\d+(?:ms|[smhdwy]))\]|(?:ratio_rate|burnrate|rate)_?:?(?P<suffix>\d+[smhd])\b)");
super::pattern!(BUDGET = r"(?i)slo|error_budget|burn|sli_error|availability|\*\s*\(?\s*1\s*-|[0-9.]+\s*\*\s*(?:\(|0\.0)");
super::pattern!(BOTH = r"(?i)\band\b");
super::pattern!(TERRAFORM_BURN = r#"burn_rate|select_slo_burn_rate|alert_condition_type\s*=\s*"burn"#);

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for manifest in repository.manifests() {
        for node in manifest.node.descendants() {
            if node.get("alert").is_some() && node.get("expr").and_then(Node::text).is_some_and(burns_over_windows) {
                findings.place(&manifest.place(node));
            }
        }
        generated(manifest, &mut findings);
    }
    findings.lines(is_terraform, &TERRAFORM_BURN);
    findings.conclude(
        &["alert rules over two windows", "Sloth alerting.page_alert", "Pyrra ServiceLevelObjective", "OpenSLO burnrate conditions", "burn-rate alerts in *.tf"],
        &[Candidates::Terraform, Candidates::Manifests(&["alert:", "slos:", "ServiceLevel", "burnrate"])],
    )
}

/// Whether an expression asks for the same over two windows or more, both to be true.
fn burns_over_windows(expression: &str) -> bool {
    let windows: std::collections::BTreeSet<&str> =
        WINDOW.captures_iter(expression).filter_map(|found| Some(found.name("range").or_else(|| found.name("suffix"))?.as_str())).collect();
    windows.len() >= 2 && BOTH.is_match(expression) && BUDGET.is_match(expression)
}

fn generated(manifest: Manifest<'_>, findings: &mut Findings<'_>) {
    let alerting = |key: &str| manifest.at(["spec", "alerting", key]);
    let is_pyrra = manifest.is("pyrra.dev/", "ServiceLevelObjective") && manifest.at(["spec", "target"]).is_some();
    if is_pyrra && !is_true(alerting("disabled")) && !is_false(alerting("burnrates")) {
        findings.place(&manifest.kind_place());
    }
    if matches!(manifest.kind(), "AlertCondition" | "AlertPolicy") && manifest.is("openslo/", manifest.kind()) {
        for node in manifest.node.descendants().filter(|node| node.get("kind").and_then(Node::text).is_some_and(|kind| kind.eq_ignore_ascii_case("burnrate"))) {
            findings.place(&manifest.key_place(node, "kind"));
        }
    }
    let slos = manifest.at(["spec", "slos"]).or_else(|| manifest.node.get("slos"));
    for slo in slos.map_or(&[][..], Node::items) {
        let Some(alerting) = slo.get("alerting").filter(|_| slo.get("sli").is_some()) else { continue };
        let on = |key: &str| !is_true(alerting.get(key).and_then(|alert| alert.get("disable")));
        if let Some(key) = ["page_alert", "pageAlert", "ticket_alert", "ticketAlert"].into_iter().find(|key| alerting.get(key).is_some() && on(key)) {
            findings.place(&manifest.key_place(alerting, key));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::BURN_RATE_ALERTS;
    use crate::test_support::check;

    fn rule(expression: &str) -> String {
        format!("groups:\n  - rules:\n      - alert: Burn\n        expr: {expression}\n")
    }

    #[test]
    fn two_windows_make_a_burn_rate() {
        let two = "slo:sli_error:ratio_rate1h > 14.4 * 0.001 and slo:sli_error:ratio_rate5m > 14.4 * 0.001";
        check(&BURN_RATE_ALERTS, &[("r.yml", &rule(two))], &["r.yml:3:9"]);
        check(&BURN_RATE_ALERTS, &[("r.yml", &rule("rate(errors[5m]) > 1"))], &["absent"]);
        check(&BURN_RATE_ALERTS, &[("r.yml", &rule("rate(a[5m]) / rate(b[1h]) > 1"))], &["absent"]);
    }

    #[test]
    fn generated_alerts_count_unless_disabled() {
        let sloth = |off: bool| format!("version: prometheus/v1\nslos:\n  - objective: 99\n    sli: {{raw: {{}}}}\n    alerting:\n      page_alert: {{disable: {off}}}\n");
        check(&BURN_RATE_ALERTS, &[("s.yml", &sloth(false))], &["s.yml:6:7"]);
        check(&BURN_RATE_ALERTS, &[("s.yml", &sloth(true))], &["absent"]);
    }
}
