use crate::findings::Findings;
use crate::pipelines::FeatureKind;
use crate::repository::{Candidates, Repository};
use crate::{Practice, detectors::PIPELINES};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// What a change would do to the infrastructure is shown before it is merged
    ///
    /// For a proposed change a pipeline shows the difference that it would make: plans of Terraform, OpenTofu or
    /// Terragrunt, previews of Pulumi, diffs of CDK, Helm, Argo CD, Flux or kubectl, change sets of CloudFormation,
    /// Atlantis.
    pub(super) static PLANS_REVIEWED: Practice = {
        id: "plans_reviewed",
        subject: "deploy",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(RUN = r"(?:^|[\s;&|(/])(?:(?:terraform|tofu|terragrunt)\b.*\splan\b|pulumi preview\b|cdk diff\b|helm diff\b|helmfile\b.*\sdiff\b|argocd app diff\b|flux diff\b|flux-local diff\b|flate diff\b|kubectl\b.*\sdiff\b|kustomize build\b.*\|\s*kubectl diff|aws cloudformation create-change-set\b|aws cloudformation deploy\b.*--no-execute-changeset|az deployment \w+ what-if\b|dyff between\b)");
super::pattern!(USES = r"(?i)^(?:dflook/terraform-plan|hashicorp/tfc-workflows-github/actions/create-run|allenporter/flux-local/action/diff|op5dev/tf-via-pr|(?:[\w-]+\.)*terraform(?:task(?:v\d)?|-?cli)@\d)");
super::pattern!(APPLIES = r"(?im)^command:\s*['\x22]?(?:apply|destroy|init|validate)");

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    findings.steps(Some(&RUN), None, |job, _| job.runs_on_changes());
    findings.steps(None, Some(&USES), |job, found| job.runs_on_changes() && !APPLIES.is_match(&found.command));
    for (_, job) in repository.jobs().filter(|(_, job)| job.runs_on_changes()) {
        if let Some(report) = job.feature(&FeatureKind::Report("terraform".into())) {
            findings.place(&report.place);
        }
    }
    for path in repository.own_paths().filter(|path| matches!(*path, "atlantis.yaml" | "atlantis.yml")) {
        findings.file(path);
    }
    let mut looked_at = PIPELINES.to_vec();
    looked_at.push("atlantis.yaml");
    findings.conclude(&looked_at, &[Candidates::Pipelines, Candidates::Starts(|job| job.does(&RUN, &USES))])
}

#[cfg(test)]
mod tests {
    use super::PLANS_REVIEWED;
    use crate::test_support::{check, check_step};

    #[test]
    fn a_plan_for_a_proposed_change_counts() {
        check_step(&PLANS_REVIEWED, "run: terraform -chdir=infra plan", true);
        check_step(&PLANS_REVIEWED, "run: terraform apply", false);
        check(&PLANS_REVIEWED, &[("atlantis.yaml", "version: 3\n")], &["atlantis.yaml"]);
        let nightly = "on: {schedule: [{cron: '0 1 * * *'}]}\njobs: {a: {steps: [{run: terraform plan}]}}\n";
        check(&PLANS_REVIEWED, &[(".github/workflows/n.yml", nightly)], &["absent"]);
    }
}
