use truelevel_documents::Node;

use crate::deployment::{Target, deploy_jobs};
use crate::findings::Findings;
use crate::practice::{InFacts, count};
use crate::repository::{Candidates, Repository};
use crate::{DeliveryFacts, Practice, detectors::PIPELINES};
use truelevel_model::{Detection, Grade};

truelevel_model::declare! {
    /// Production runs what ran elsewhere first
    ///
    /// A version is promoted: a production deploy job comes after a deploy job to another environment in the same
    /// pipeline, or Kargo takes it from an earlier stage. Delivery facts prove it: the same version ran in another
    /// environment before it ran in production.
    pub(super) static VERSIONS_PROMOTED: Practice = {
        id: "versions_promoted",
        subject: "deploy",
        detect: detect,
        in_facts: Some(InFacts { shown_by: "production deployments of versions that ran in another environment before, with the deployments there", look: in_facts }),
    };
}

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    let deploys = deploy_jobs(repository);
    for deploy in deploys.iter().filter(|deploy| deploy.target == Target::Production) {
        let before = deploy.pipeline.before(deploy.job);
        let is_before = |other: &str| before.iter().any(|job| job.name == other);
        let promoted = deploys.iter().any(|other| {
            other.target == Target::Other && other.pipeline.path == deploy.pipeline.path && is_before(&other.job.name)
        });
        if promoted {
            findings.place(&deploy.job.place);
        }
    }
    for manifest in repository.manifests().filter(|manifest| manifest.is("kargo.akuity.io/", "Stage")) {
        for request in manifest.at(["spec", "requestedFreight"]).map_or(&[][..], Node::items) {
            if let Some(stages) = request.at(["sources", "stages"]).filter(|stages| !stages.items().is_empty()) {
                findings.place(&manifest.place(stages));
            }
        }
    }
    findings.conclude(PIPELINES, &[Candidates::Pipelines, Candidates::Manifests(&["kargo.akuity.io"])])
}

fn in_facts(facts: &DeliveryFacts) -> Detection {
    if facts.promoted_versions == 0 {
        let has_others = facts.environments_before_production > 0;
        return facts.not_seen(if has_others { facts.production_deployments } else { 0 });
    }
    let summary = format!("{} ran in another environment before production", count(facts.promoted_versions, "version"));
    facts.seen(Grade::Exercised, facts.last_deployment_at, summary)
}

#[cfg(test)]
mod tests {
    use super::VERSIONS_PROMOTED;
    use crate::test_support::check;

    #[test]
    fn production_must_come_after_another_environment() {
        let text = |needs: &str| {
            format!(
                "on: push\njobs:\n  first:\n    environment: staging\n    steps: [{{run: helm upgrade a .}}]\n  check: {{needs: first, steps: [{{run: make smoke}}]}}\n  last:\n    {needs}environment: production\n    steps: [{{run: helm upgrade a .}}]\n"
            )
        };
        check(&VERSIONS_PROMOTED, &[(".github/workflows/cd.yml", &text("needs: check\n    "))], &[".github/workflows/cd.yml:7:3"]);
        check(&VERSIONS_PROMOTED, &[(".github/workflows/cd.yml", &text(""))], &["absent"]);
    }
}
