use truelevel_documents::Node;

use crate::Practice;
use crate::findings::Findings;
use crate::manifests::{is_false, is_true};
use crate::repository::{Candidates, Repository};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// A controller keeps environments in step with the repository
    ///
    /// Argo CD applications whose sync policy is automated, or Flux kustomizations and releases that are not
    /// suspended. An application that a person has to sync does not count.
    pub(super) static GITOPS_SYNC: Practice = {
        id: "gitops_sync",
        subject: "deploy",
        detect: detect,
        in_facts: None,
    };
}

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for manifest in repository.manifests() {
        let policy = match manifest.kind() {
            "Application" if manifest.is("argoproj.io/", "Application") => manifest.at(["spec", "syncPolicy"]),
            "ApplicationSet" => manifest.at(["spec", "template", "spec", "syncPolicy"]).or_else(|| manifest.at(["spec", "syncPolicy"])),
            "Kustomization" if manifest.is("kustomize.toolkit.fluxcd.io/", "Kustomization") => {
                if !is_true(manifest.at(["spec", "suspend"])) {
                    findings.place(&manifest.kind_place());
                }
                None
            }
            "HelmRelease" if manifest.is("helm.toolkit.fluxcd.io/", "HelmRelease") => {
                if !is_true(manifest.at(["spec", "suspend"])) {
                    findings.place(&manifest.kind_place());
                }
                None
            }
            _ => None,
        };
        let is_automated = |policy: &&Node| policy.get("automated").is_some_and(|automated| !is_false(Some(automated)) && !is_false(automated.get("enabled")));
        // `automated:` with nothing below it is empty, which Argo CD takes for absent.
        if let Some(policy) = policy.filter(is_automated).filter(|policy| policy.get("automated").is_some_and(|automated| !automated.is_null())) {
            findings.place(&manifest.key_place(policy, "automated"));
        }
    }
    findings.conclude(
        &["Argo CD Application and ApplicationSet spec.syncPolicy.automated", "Flux Kustomization and HelmRelease"],
        &[Candidates::Manifests(&["syncPolicy", "argoproj.io", "toolkit.fluxcd.io"])],
    )
}

#[cfg(test)]
mod tests {
    use super::GITOPS_SYNC;
    use crate::test_support::check;

    fn application(policy: &str) -> String {
        format!("apiVersion: argoproj.io/v1alpha1\nkind: Application\nspec:\n  syncPolicy: {policy}\n")
    }

    #[test]
    fn automated_sync_counts() {
        check(&GITOPS_SYNC, &[("a.yaml", &application("{automated: {prune: true}}"))], &["a.yaml:4:16"]);
        check(&GITOPS_SYNC, &[("a.yaml", "apiVersion: kustomize.toolkit.fluxcd.io/v1\nkind: Kustomization\nspec: {interval: 5m}\n")], &["a.yaml:2:1"]);
    }

    #[test]
    fn manual_sync_and_suspension_do_not() {
        for policy in ["{}", "{syncOptions: [CreateNamespace=true]}", "{automated: {enabled: false}}", "{automated: null}"] {
            check(&GITOPS_SYNC, &[("a.yaml", &application(policy))], &["absent"]);
        }
        check(&GITOPS_SYNC, &[("a.yaml", "apiVersion: helm.toolkit.fluxcd.io/v2\nkind: HelmRelease\nspec: {suspend: true}\n")], &["absent"]);
    }
}
