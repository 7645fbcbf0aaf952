use truelevel_documents::Node;

use crate::Practice;
use crate::findings::Findings;
use crate::manifests::{is_false, is_true};
use crate::repository::{Candidates, Repository};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Maintenance may not take every instance at once
    ///
    /// A budget says how many instances must stay while nodes are drained: a Kubernetes `PodDisruptionBudget` with
    /// `minAvailable` or `maxUnavailable`, written out or switched on in the values of a chart. One that allows
    /// everything does not count.
    pub(super) static DISRUPTION_BUDGETS: Practice = {
        id: "disruption_budgets",
        subject: "recover",
        detect: detect,
        in_facts: None,
    };
}

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for manifest in repository.manifests() {
        if manifest.kind() == "PodDisruptionBudget" && manifest.node.get("spec").is_none_or(is_budget) {
            findings.place(&manifest.kind_place());
        }
        // Values of charts, beside a plain file or inside a release.
        for node in manifest.node.descendants() {
            for key in ["podDisruptionBudget", "pdb"] {
                let switched_on = |budget: &Node| is_true(budget.get("enabled")) || is_true(budget.get("create")) || (is_budget(budget) && !is_false(budget.get("enabled")) && !budget.entries().is_empty());
                if node.get(key).is_some_and(switched_on) {
                    findings.place(&manifest.key_place(node, key));
                }
            }
        }
    }
    findings.conclude(&["PodDisruptionBudget", "podDisruptionBudget in chart values"], &[Candidates::Manifests(&["isruptionBudget", "pdb"])])
}

/// Whether it keeps anything; what a template fills in is taken to.
fn is_budget(spec: &Node) -> bool {
    let least = spec.get("minAvailable").and_then(Node::text);
    let most = spec.get("maxUnavailable").and_then(Node::text);
    match (least, most) {
        (Some("0" | "0%"), None) | (None, Some("100%")) => false,
        (None, None) => spec.get("enabled").is_none() && spec.get("create").is_none(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use super::DISRUPTION_BUDGETS;
    use crate::test_support::check;

    #[test]
    fn a_budget_counts_unless_it_allows_everything() {
        let budget = |spec: &str| format!("apiVersion: policy/v1\nkind: PodDisruptionBudget\nspec: {{{spec}}}\n");
        check(&DISRUPTION_BUDGETS, &[("p.yaml", &budget("minAvailable: 1"))], &["p.yaml:2:1"]);
        check(&DISRUPTION_BUDGETS, &[("p.yaml", &budget("maxUnavailable: 100%"))], &["absent"]);
        let values = |enabled: bool| format!("podDisruptionBudget: {{enabled: {enabled}, minAvailable: 1}}\n");
        check(&DISRUPTION_BUDGETS, &[("values.yaml", &values(true))], &["values.yaml:1:1"]);
        check(&DISRUPTION_BUDGETS, &[("values.yaml", &values(false))], &["absent"]);
        check(&DISRUPTION_BUDGETS, &[("values.yaml", "podDisruptionBudget: {}\n")], &["absent"]);
    }
}
