use truelevel_documents::Node;

use crate::Practice;
use crate::findings::Findings;
use crate::repository::{Candidates, Repository};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Only what follows the rules is admitted
    ///
    /// A cluster refuses what breaks a rule: Kyverno policies that enforce or verify images, Gatekeeper constraints
    /// that deny, Sigstore image policies, validating admission policies bound to deny, Binary Authorization. Rules
    /// that only audit or warn refuse nothing and do not count.
    pub(super) static ADMISSION_POLICIES: Practice = {
        id: "admission_policies",
        subject: "security",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(TERRAFORM = r#"resource\s+"(?:google_binary_authorization_policy|azurerm_kubernetes_cluster_policy\w*)""#);

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for manifest in repository.manifests() {
        let spec = |key: &str| manifest.at(["spec", key]);
        let is_listed = |key: &str, word: &str| spec(key).is_some_and(|list| list.one_or_many().iter().any(|item| item.text() == Some(word)));
        let refuses = match manifest.kind() {
            "ClusterPolicy" | "Policy" if manifest.is("kyverno.io/", manifest.kind()) => enforces(manifest.node),
            "ValidatingPolicy" | "ImageValidatingPolicy" => is_listed("validationActions", "Deny"),
            "ValidatingAdmissionPolicyBinding" => is_listed("validationActions", "Deny"),
            "ClusterImagePolicy" => spec("mode").and_then(Node::text) != Some("warn"),
            kind if manifest.is("constraints.gatekeeper.sh/", kind) => spec("enforcementAction").and_then(Node::text).is_none_or(|action| action == "deny"),
            _ => false,
        };
        if refuses {
            findings.place(&manifest.kind_place());
        }
    }
    findings.terraform(&TERRAFORM);
    findings.conclude(
        &["Kyverno policies that enforce", "Gatekeeper constraints", "ClusterImagePolicy", "ValidatingAdmissionPolicyBinding", "Binary Authorization in *.tf"],
        &[Candidates::Terraform, Candidates::Manifests(&["kyverno.io", "gatekeeper.sh", "sigstore.dev", "admissionregistration"])],
    )
}

/// Whether a policy of Kyverno refuses; said for the policy or for one of its rules.
fn enforces(policy: &Node) -> bool {
    let actions = ["validationFailureAction", "failureAction"];
    let said = policy.descendants().flat_map(|node| actions.iter().filter_map(|key| node.get(key)));
    said.filter_map(Node::text).any(|action| action.eq_ignore_ascii_case("enforce"))
}

#[cfg(test)]
mod tests {
    use super::ADMISSION_POLICIES;
    use crate::test_support::check;

    #[test]
    fn policies_that_refuse_count_and_ones_that_audit_do_not() {
        let kyverno = |action: &str| format!("apiVersion: kyverno.io/v1\nkind: ClusterPolicy\nspec: {{validationFailureAction: {action}}}\n");
        check(&ADMISSION_POLICIES, &[("p.yaml", &kyverno("Enforce"))], &["p.yaml:2:1"]);
        check(&ADMISSION_POLICIES, &[("p.yaml", &kyverno("Audit"))], &["absent"]);
        let constraint = |action: &str| format!("apiVersion: constraints.gatekeeper.sh/v1beta1\nkind: K8sRequiredLabels\nspec: {{enforcementAction: {action}}}\n");
        check(&ADMISSION_POLICIES, &[("p.yaml", &constraint("deny"))], &["p.yaml:2:1"]);
        check(&ADMISSION_POLICIES, &[("p.yaml", &constraint("dryrun"))], &["absent"]);
    }
}
