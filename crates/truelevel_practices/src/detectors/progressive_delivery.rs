use crate::findings::Findings;
use crate::paths::ends_with;
use crate::pipelines::FeatureKind;
use crate::repository::{Candidates, Repository};
use crate::practice::{InFacts, count};
use crate::{DeliveryFacts, Practice};
use truelevel_model::{Detection, Grade};

truelevel_model::declare! {
    /// New versions meet traffic step by step
    ///
    /// Argo Rollouts with canary steps or blue-green, Flagger canaries, CodeDeploy and SAM traffic shifting, Cloud
    /// Deploy canaries, Azure canary strategies, Nomad canaries. A rolling update replaces instances but asks
    /// nobody whether the new version is well, and does not count. A Flagger canary with `skipAnalysis` asks nobody
    /// either. Deployments that say that they were a canary or blue-green prove that it runs, and ones among them that
    /// automation stopped, that it works.
    pub(super) static PROGRESSIVE_DELIVERY: Practice = {
        id: "progressive_delivery",
        subject: "deploy",
        detect: detect,
        in_facts: Some(InFacts { shown_by: "deployments that say how they were rolled out (`strategy`: canary or blue-green)", look: in_facts }),
    };
}

super::pattern!(
    TERRAFORM = r#"deployment_config_name\s*=\s*"[^"]*(?:Canary|Linear)|deployment_option\s*=\s*"WITH_TRAFFIC_CONTROL"|^\s*canary_deployment\s*\{|type\s*=\s*"(?:BLUE_GREEN|CANARY|LINEAR)"|^\s*canary\s*=\s*[1-9]|traffic_shifting"#
);
super::pattern!(RUN = r"kubectl argo rollouts (?:set image|promote)|gcloud run services update-traffic\b.*(?:--to-tags|--to-revisions)|aws deploy create-deployment\b.*(?:Canary|Linear)|az containerapp ingress traffic set|istioctl\b.*weight|flagger\b");
super::pattern!(SHIFTS = r"(?i)canary|linear");

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for manifest in repository.manifests() {
        match manifest.kind() {
            "Rollout" if manifest.is("argoproj.io/", "Rollout") => {
                if let Some(strategy) = manifest.at(["spec", "strategy"]) {
                    let steps = strategy.at(["canary", "steps"]).filter(|steps| !steps.items().is_empty());
                    let shown = steps.map(|_| "canary").or_else(|| strategy.get("blueGreen").map(|_| "blueGreen"));
                    if let Some(key) = shown {
                        findings.place(&manifest.key_place(strategy, key));
                    }
                }
            }
            "Canary" if manifest.is("flagger.app/", "Canary") => {
                let is_off = |key| crate::manifests::is_true(manifest.at(["spec", key]));
                if manifest.at(["spec", "analysis"]).is_some() && !is_off("suspend") && !is_off("skipAnalysis") {
                    findings.place(&manifest.kind_place());
                }
            }
            "DeliveryPipeline" => {
                for node in manifest.node.descendants().filter(|node| node.at(["strategy", "canary"]).is_some()) {
                    findings.place(&manifest.key_place(node, "strategy"));
                }
            }
            _ => {}
        }
        for node in manifest.node.at(["Resources"]).map_or(&[][..], |resources| resources.entries()).iter().flat_map(|entry| entry.value.descendants()) {
            let kind = node.at(["DeploymentPreference", "Type"]).or_else(|| node.get("DeploymentConfigName")).and_then(|kind| kind.text());
            if kind.is_some_and(|kind| SHIFTS.is_match(kind)) {
                findings.place(&manifest.place(node));
            }
        }
    }
    findings.lines(|path| ends_with(path, &[".tf", ".tofu", ".nomad", ".hcl"]), &TERRAFORM);
    findings.steps(Some(&RUN), None, |_, _| true);
    for feature in repository.jobs().filter_map(|(_, job)| job.feature(&FeatureKind::Canary)) {
        findings.place(&feature.place);
    }
    findings.conclude(
        &["Argo Rollout spec.strategy", "Flagger Canary", "CodeDeploy and SAM deployment preferences", "Cloud Deploy canary", "Azure strategy: canary", "Nomad update.canary"],
        &[Candidates::Terraform, Candidates::Manifests(&["Rollout", "Canary", "DeploymentPreference", "DeploymentConfig", "DeliveryPipeline"]), Candidates::Pipelines],
    )
}

fn in_facts(facts: &DeliveryFacts) -> Detection {
    match (facts.gradual_aborts, facts.gradual_deployments) {
        (0, 0) => facts.not_seen(facts.deployments_with_strategy),
        (0, gradual) => {
            let summary = format!("{} met a part of production first", count(gradual, "deployment"));
            facts.seen(Grade::Exercised, facts.last_gradual_at, summary)
        }
        (aborts, gradual) => {
            let summary = format!(
                "of {} that met a part of production first, automation stopped {aborts}",
                count(gradual, "deployment")
            );
            facts.seen(Grade::Effective, facts.last_gradual_at, summary)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::PROGRESSIVE_DELIVERY;
    use crate::test_support::check;

    #[test]
    fn steps_and_analysis_count() {
        let rollout = "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nspec:\n  strategy:\n    canary:\n      steps: [{setWeight: 20}]\n";
        check(&PROGRESSIVE_DELIVERY, &[("r.yaml", rollout)], &["r.yaml:5:5"]);
        let canary = "apiVersion: flagger.app/v1beta1\nkind: Canary\nspec: {analysis: {threshold: 5}}\n";
        check(&PROGRESSIVE_DELIVERY, &[("c.yaml", canary)], &["c.yaml:2:1"]);
        let sam = "Resources:\n  F:\n    Type: AWS::Serverless::Function\n    Properties:\n      DeploymentPreference: {Type: Canary10Percent5Minutes}\n";
        check(&PROGRESSIVE_DELIVERY, &[("template.yaml", sam)], &["template.yaml:5:7"]);
    }

    #[test]
    fn rolling_updates_and_canaries_without_steps_or_analysis_do_not() {
        let skipped = "apiVersion: flagger.app/v1beta1\nkind: Canary\nspec: {skipAnalysis: true, analysis: {threshold: 5}}\n";
        check(&PROGRESSIVE_DELIVERY, &[("c.yaml", skipped)], &["absent"]);
        check(&PROGRESSIVE_DELIVERY, &[("d.yaml", "apiVersion: apps/v1\nkind: Deployment\nspec: {strategy: {type: RollingUpdate}}\n")], &["absent"]);
        check(&PROGRESSIVE_DELIVERY, &[("r.yaml", "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nspec: {strategy: {canary: {}}}\n")], &["absent"]);
    }
}
