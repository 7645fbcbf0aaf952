use crate::practice::{DeliveryFacts, InFacts, Practice, count};
use crate::findings::Findings;
use crate::manifests::is_terraform;
use crate::paths::{ends_with, folder, name};
use crate::repository::{Candidates, Repository};
use truelevel_model::{Detection, Grade};

truelevel_model::declare! {
    /// Environments are described by files
    ///
    /// Files say what runs in an environment and on what: Terraform, Pulumi, CDK, CloudFormation, Bicep, Helm charts,
    /// Kustomize overlays, Kubernetes workloads, Argo CD and Flux applications, Crossplane, Ansible playbooks, or
    /// the deployment file of a platform. A drifting environment can then be put right from them.
    ///
    /// It is exercised when production deployments took their version from version control.
    pub(super) static ENVIRONMENTS_AS_CODE: Practice = {
        id: "environments_as_code",
        subject: "deploy",
        detect: detect,
        in_facts: Some(InFacts { shown_by: "production deployments read from a deployment repository", look: in_facts }),
    };
}

super::pattern!(RESOURCE = r#"^\s*(?:resource\s+"|module\s+")"#);
super::pattern!(RESOURCE_BICEP = r"^\s*(?:resource|module)\s");
const WORKLOADS: [&str; 12] = [
    "Application", "ApplicationSet", "CronJob", "DaemonSet", "Deployment", "HelmRelease", "Kustomization", "Rollout", "Service", "StatefulSet", "Composition", "Stack",
];

fn in_facts(facts: &DeliveryFacts) -> Detection {
    if facts.declared_deployments == 0 {
        return facts.not_seen(facts.production_deployments);
    }
    let deployments = count(facts.declared_deployments, "production deployment");
    facts.seen(Grade::Exercised, facts.last_deployment_at, format!("{deployments} took the version from version control"))
}

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    findings.lines(is_terraform, &RESOURCE);
    findings.lines(|path| path.ends_with(".bicep"), &RESOURCE_BICEP);
    // One place per folder is enough to show what is described.
    let mut folders = std::collections::BTreeSet::new();
    for manifest in repository.manifests() {
        let is_template = manifest.node.get("AWSTemplateFormatVersion").is_some() || manifest.node.get("Resources").is_some_and(|node| !node.entries().is_empty());
        let is_workload = WORKLOADS.contains(&manifest.kind()) || manifest.kind() == "Kustomization";
        if (is_template || is_workload) && folders.insert(folder(manifest.path)) {
            findings.place(&manifest.kind_place());
        }
    }
    let named = |path: &&str| {
        matches!(
            name(path),
            "Chart.yaml" | "Pulumi.yaml" | "cdk.json" | "kustomization.yaml" | "kustomization.yml" | "serverless.yml" | "serverless.yaml" | "fly.toml" | "render.yaml"
                | "helmfile.yaml" | "ansible.cfg" | "skaffold.yaml" | "terragrunt.hcl" | "samconfig.toml" | "nomad.hcl"
        ) || path.ends_with(".nomad")
    };
    for path in repository.own_paths().filter(named) {
        findings.file(path);
    }
    findings.conclude(
        &["*.tf", "Chart.yaml", "kustomization.yaml", "Kubernetes workloads", "Pulumi.yaml", "cdk.json", "CloudFormation templates", "*.bicep"],
        &[Candidates::Manifests(&["apiVersion", "AWS::"]), Candidates::Paths(|path| ends_with(path, &[".tf", ".tofu", ".bicep"]))],
    )
}

#[cfg(test)]
mod tests {
    use super::ENVIRONMENTS_AS_CODE;
    use crate::test_support::check;

    #[test]
    fn infrastructure_files_count() {
        check(&ENVIRONMENTS_AS_CODE, &[("infra/main.tf", "terraform {}\nresource \"aws_s3_bucket\" \"a\" {\n}\n")], &["infra/main.tf:2:1"]);
        check(&ENVIRONMENTS_AS_CODE, &[("k8s/app.yaml", "apiVersion: apps/v1\nkind: Deployment\n")], &["k8s/app.yaml:2:1"]);
        check(&ENVIRONMENTS_AS_CODE, &[("stack.yaml", "Resources:\n  A: {Type: 'AWS::S3::Bucket'}\n")], &["stack.yaml:1:1"]);
    }

    #[test]
    fn examples_and_tests_do_not() {
        let deployment = "apiVersion: apps/v1\nkind: Deployment\n";
        check(&ENVIRONMENTS_AS_CODE, &[("examples/app.yaml", deployment), ("test/app.yaml", deployment), ("docs/main.tf", "resource \"a\" \"b\" {}")], &["absent"]);
    }
}
