use truelevel_documents::Node;

use crate::findings::Findings;
use crate::manifests::{Manifest, is_true, number};
use crate::paths::ends_with;
use crate::practice::{InFacts, count};
use crate::repository::{Candidates, Repository};
use crate::{DeliveryFacts, Practice};
use truelevel_model::{Detection, Grade};

truelevel_model::declare! {
    /// A bad version is stopped by the machine
    ///
    /// Something measures a new version and takes it back without a person: analysis of an Argo Rollout, Flagger's
    /// metrics (unless `skipAnalysis`), remediation of a Flux release, `helm upgrade --atomic` or
    /// `--rollback-on-failure`, circuit breakers and alarms of ECS, CodeDeploy and SAM, `auto_revert` of Nomad.
    /// Dry runs of an analysis abort nothing. Deployments that automation stopped or took back prove that it works;
    /// gradual ones that it judged and let pass, that it runs.
    pub(super) static AUTOMATED_ABORT: Practice = {
        id: "automated_abort",
        subject: "deploy",
        detect: detect,
        in_facts: Some(InFacts { shown_by: "deployments that say whether automation stopped them (`aborted_automatically`)", look: in_facts }),
    };
}

super::pattern!(RUN = r"helm\b.*\b(?:upgrade|install)\b.*(?:--atomic|--rollback-on-failure)\b|kubectl rollout status\b.*\|\|.*rollout undo|(?:sam deploy)\b.*--on-failure ROLLBACK");
super::pattern!(TERRAFORM = r"^\s*(?:deployment_circuit_breaker|auto_rollback_configuration)\b|^\s*auto_revert\s*=\s*true|^\s*atomic\s*=\s*true");
super::pattern!(ENABLED = r"^\s*(?:rollback|enabled)\s*=\s*true");

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for manifest in repository.manifests() {
        match manifest.kind() {
            "Rollout" if manifest.is("argoproj.io/", "Rollout") => rollout(repository, manifest, &mut findings),
            "Canary" if manifest.is("flagger.app/", "Canary") => canary(manifest, &mut findings),
            "HelmRelease" if manifest.is("helm.toolkit.fluxcd.io/", "HelmRelease") => release(manifest, &mut findings),
            _ => {}
        }
        for node in manifest.node.get("Resources").map_or(&[][..], Node::entries).iter().flat_map(|entry| entry.value.descendants()) {
            let rolls_back = is_true(node.at(["DeploymentCircuitBreaker", "Rollback"]))
                || is_true(node.at(["AutoRollbackConfiguration", "Enabled"]))
                || node.at(["DeploymentPreference", "Alarms"]).is_some_and(|alarms| !alarms.one_or_many().is_empty());
            if rolls_back {
                findings.place(&manifest.place(node));
            }
        }
        for node in manifest.node.descendants().filter(|node| node.get("failure_action").and_then(Node::text) == Some("rollback")) {
            findings.place(&manifest.key_place(node, "failure_action"));
        }
    }
    for (path, block) in crate::manifests::terraform_blocks(repository, &TERRAFORM) {
        let is_switch = block.header.contains('=');
        if is_switch || block.lines.iter().any(|(_, line)| ENABLED.is_match(line)) || block.header.contains("rollback = true") {
            findings.push(path, block.line, block.column, block.header);
        }
    }
    findings.lines(|path| ends_with(path, &[".nomad", ".hcl"]), &NOMAD);
    findings.steps(Some(&RUN), None, |_, _| true);
    findings.conclude(
        &["Argo Rollout analysis", "Flagger Canary analysis", "Flux HelmRelease remediation", "helm upgrade --atomic", "ECS and CodeDeploy rollback settings"],
        &[Candidates::Terraform, Candidates::Manifests(&["Rollout", "Canary", "HelmRelease", "Rollback"]), Candidates::Pipelines],
    )
}

super::pattern!(NOMAD = r"^\s*auto_revert\s*=\s*true");

/// A rollout aborts when it runs an analysis that is more than a dry run.
fn rollout(repository: &Repository, manifest: Manifest<'_>, findings: &mut Findings<'_>) {
    let Some(strategy) = manifest.at(["spec", "strategy"]) else { return };
    let keys = ["analysis", "prePromotionAnalysis", "postPromotionAnalysis"];
    for node in strategy.descendants() {
        for analysis in keys.iter().filter_map(|key| node.get(key)) {
            let dry = |node: &Node| !node.get("dryRun").map_or(&[][..], Node::items).is_empty();
            let templates = analysis.get("templates").map_or(&[][..], Node::items);
            let only_dry = templates.iter().filter_map(|template| template.get("templateName")?.text()).any(|name| {
                repository.manifests().any(|other| {
                    matches!(other.kind(), "AnalysisTemplate" | "ClusterAnalysisTemplate")
                        && other.at(["metadata", "name"]).and_then(Node::text) == Some(name)
                        && other.at(["spec"]).is_some_and(dry)
                })
            });
            if !templates.is_empty() && !dry(analysis) && !only_dry {
                findings.place(&manifest.place(analysis));
            }
        }
    }
}

fn canary(manifest: Manifest<'_>, findings: &mut Findings<'_>) {
    let skipped = is_true(manifest.at(["spec", "skipAnalysis"])) || is_true(manifest.at(["spec", "suspend"]));
    let Some(analysis) = manifest.at(["spec", "analysis"]).filter(|_| !skipped) else { return };
    let measures = ["metrics", "webhooks"].iter().any(|key| analysis.get(key).is_some_and(|list| !list.items().is_empty()));
    if measures && analysis.get("threshold").is_some() {
        findings.place(&manifest.place(analysis));
    }
}

/// A release that Flux retries and, without success, takes back.
fn release(manifest: Manifest<'_>, findings: &mut Findings<'_>) {
    let Some(remediation) = manifest.at(["spec", "upgrade", "remediation"]) else { return };
    let retries = number(remediation.get("retries")).unwrap_or(0) != 0;
    let takes_back = retries || is_true(remediation.get("remediateLastFailure"));
    if takes_back && !is_true(manifest.at(["spec", "suspend"])) {
        findings.place(&manifest.place(remediation));
    }
}

fn in_facts(facts: &DeliveryFacts) -> Detection {
    match (facts.automated_aborts, facts.judged_gradual_deployments) {
        (0, 0) => facts.not_seen(facts.judged_deployments),
        (0, judged) => {
            let summary = format!("automation judged {} and stopped none", count(judged, "gradual production deployment"));
            facts.seen(Grade::Exercised, facts.last_gradual_at, summary)
        }
        (aborts, _) => {
            let summary = format!("automation stopped or took back {}", count(aborts, "production deployment"));
            facts.seen(Grade::Effective, facts.last_abort_at, summary)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::AUTOMATED_ABORT;
    use crate::test_support::{check, check_step};

    #[test]
    fn analysis_counts_unless_it_is_a_dry_run() {
        let rollout = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nspec:\n  strategy:\n    canary:\n      analysis:\n        templates: [{templateName: errors}]\n";
        check(&AUTOMATED_ABORT, &[("r.yaml", rollout)], &["r.yaml:7:9"]);
        let template = "apiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {name: errors}\nspec: {dryRun: [{metricName: .*}]}\n";
        check(&AUTOMATED_ABORT, &[("r.yaml", rollout), ("t.yaml", template)], &["absent"]);
    }

    #[test]
    fn a_canary_that_skips_its_analysis_aborts_nothing() {
        let canary = |skip: bool| {
            format!("apiVersion: flagger.app/v1beta1\nkind: Canary\nspec:\n  skipAnalysis: {skip}\n  analysis: {{threshold: 5, metrics: [{{name: request-success-rate}}]}}\n")
        };
        check(&AUTOMATED_ABORT, &[("c.yaml", &canary(false))], &["c.yaml:5:13"]);
        check(&AUTOMATED_ABORT, &[("c.yaml", &canary(true))], &["absent"]);
    }

    #[test]
    fn switches_of_other_tools_count_when_they_are_on() {
        check_step(&AUTOMATED_ABORT, "run: helm upgrade --install app . --atomic", true);
        check_step(&AUTOMATED_ABORT, "run: helm upgrade --install app .", false);
        let breaker = |on: bool| format!("resource \"aws_ecs_service\" \"a\" {{\n  deployment_circuit_breaker {{\n    enable   = true\n    rollback = {on}\n  }}\n}}\n");
        check(&AUTOMATED_ABORT, &[("a.tf", &breaker(true))], &["a.tf:2:3"]);
        check(&AUTOMATED_ABORT, &[("a.tf", &breaker(false))], &["absent"]);
    }
}
