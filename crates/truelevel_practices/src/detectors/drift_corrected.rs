use crate::Practice;
use crate::findings::Findings;
use crate::manifests::is_true;
use crate::pipelines::Occasion;
use crate::repository::{Candidates, Repository};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// What was changed by hand is noticed or put back
    ///
    /// Differences between the repository and what runs are corrected or reported: Argo CD with `selfHeal`, Flux
    /// kustomizations that are not suspended, drift detection of Flux releases, Fleet, health assessments of HCP
    /// Terraform, and scheduled plans of Terraform, OpenTofu or Pulumi.
    pub(super) static DRIFT_CORRECTED: Practice = {
        id: "drift_corrected",
        subject: "deploy",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(RUN = r"(?:^|[\s;&|(/])(?:(?:terraform|tofu|terragrunt)\b.*\splan\b|pulumi (?:preview|refresh)\b|cdk (?:diff|drift)\b|driftctl scan|aws cloudformation detect-stack-drift|argocd app diff|helm diff)");
super::pattern!(TERRAFORM = r"^\s*assessments_enabled\s*=\s*true|^\s*drift_detection\w*\s*=\s*true");

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for manifest in repository.manifests() {
        let suspended = is_true(manifest.at(["spec", "suspend"]));
        match manifest.kind() {
            "Application" | "ApplicationSet" => {
                let mut heals = manifest.node.descendants().filter_map(|node| node.at(["syncPolicy", "automated", "selfHeal"]));
                if let Some(switch) = heals.find(|switch| is_true(Some(switch))) {
                    findings.place(&manifest.place(switch));
                }
            }
            "Kustomization" if manifest.is("kustomize.toolkit.fluxcd.io/", "Kustomization") && !suspended => findings.place(&manifest.kind_place()),
            "HelmRelease" if !suspended => {
                if let Some(mode) = manifest.at(["spec", "driftDetection", "mode"]).filter(|mode| matches!(mode.text(), Some("enabled" | "warn"))) {
                    findings.place(&manifest.place(mode));
                }
            }
            "GitRepo" if is_true(manifest.at(["spec", "correctDrift", "enabled"])) => findings.place(&manifest.kind_place()),
            _ => {}
        }
    }
    findings.lines(crate::manifests::is_terraform, &TERRAFORM);
    findings.steps(Some(&RUN), None, |job, _| job.occasions.contains(Occasion::Schedule) && !job.runs_on_changes());
    findings.conclude(
        &["Argo CD selfHeal", "Flux Kustomization and HelmRelease driftDetection", "scheduled plans in CI"],
        &[Candidates::Manifests(&["argoproj.io", "toolkit.fluxcd.io"]), Candidates::Terraform, Candidates::Pipelines],
    )
}

#[cfg(test)]
mod tests {
    use super::DRIFT_CORRECTED;
    use crate::test_support::check;

    #[test]
    fn healing_controllers_and_scheduled_plans_count() {
        let application = |heal: bool| format!("apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  syncPolicy:\n    automated: {{selfHeal: {heal}}}\n");
        check(&DRIFT_CORRECTED, &[("a.yaml", &application(true))], &["a.yaml:5:27"]);
        check(&DRIFT_CORRECTED, &[("a.yaml", &application(false))], &["absent"]);
        let flux = |suspend: bool| format!("apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec: {{suspend: {suspend}}}\n");
        check(&DRIFT_CORRECTED, &[("k.yaml", &flux(false))], &["k.yaml:2:1"]);
        check(&DRIFT_CORRECTED, &[("k.yaml", &flux(true))], &["absent"]);
        let plan = |on: &str| format!("on: {on}\njobs: {{a: {{steps: [{{run: terraform plan -detailed-exitcode}}]}}}}\n");
        check(&DRIFT_CORRECTED, &[(".github/workflows/d.yml", &plan("{schedule: [{cron: '0 1 * * *'}]}"))], &[".github/workflows/d.yml:2:26"]);
        check(&DRIFT_CORRECTED, &[(".github/workflows/d.yml", &plan("pull_request"))], &["absent"]);
    }
}
