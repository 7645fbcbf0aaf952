use crate::commands::{DEPLOY, DEPLOY_USES};
use crate::deployment::{Target, deploy_jobs};
use crate::findings::Findings;
use crate::pipelines::Occasion;
use crate::practice::{InFacts, count};
use crate::repository::{Candidates, Repository};
use crate::{DeliveryFacts, Practice, detectors::PIPELINES};
use truelevel_model::{Detection, Grade};

truelevel_model::declare! {
    /// A merge reaches production without a person
    ///
    /// A production deploy job runs on a push to the default branch, and neither it nor a job before it waits for a
    /// person. A target that no job names counts as production when no deploy job names any. Reviewers that a
    /// server requires for an environment are not in files: deployments that automation started prove that nobody
    /// had to.
    pub(super) static DEPLOY_ON_MERGE: Practice = {
        id: "deploy_on_merge",
        subject: "deploy",
        detect: detect,
        in_facts: Some(InFacts { shown_by: "production deployments that say that automation started them", look: in_facts }),
    };
}

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    let production = deploy_jobs(repository).into_iter().filter(|deploy| deploy.target == Target::Production);
    for deploy in production.filter(|deploy| deploy.pipeline.runs_unattended(deploy.job, Occasion::DefaultBranchPush)) {
        match deploy.text {
            Some(text) => findings.text_at(deploy.place, text),
            None => findings.place(deploy.place),
        }
    }
    findings.conclude(PIPELINES, &[Candidates::Pipelines, Candidates::Starts(|job| job.does(&DEPLOY, &DEPLOY_USES))])
}

fn in_facts(facts: &DeliveryFacts) -> Detection {
    if facts.automated_deployments == 0 {
        return facts.not_seen(facts.manual_deployments);
    }
    let summary = format!(
        "{} of {} to production {} started by automation",
        facts.automated_deployments,
        count(facts.production_deployments, "deployment"),
        if facts.automated_deployments == 1 { "was" } else { "were" }
    );
    facts.seen(Grade::Exercised, facts.last_deployment_at, summary)
}

#[cfg(test)]
mod tests {
    use super::DEPLOY_ON_MERGE;
    use crate::test_support::check;

    fn workflow(on: &str, job: &str) -> String {
        format!("on: {on}\njobs:\n  ship:\n    {job}\n    steps:\n      - run: helm upgrade app .\n")
    }

    #[test]
    fn a_push_to_the_default_branch_must_reach_production() {
        let path = ".github/workflows/cd.yml";
        for (on, job, expected) in [
            ("{push: {branches: [main]}}", "environment: production", ".github/workflows/cd.yml:6:14"),
            ("{push: {branches: [main]}}", "runs-on: a", ".github/workflows/cd.yml:6:14"),
            ("{push: {branches: [main]}}", "environment: staging", "absent"),
            ("workflow_dispatch", "environment: production", "absent"),
            ("{push: {tags: [v*]}}", "environment: production", "absent"),
            ("{push: {branches: [main]}}", "{environment: production, if: false}", "absent"),
        ] {
            check(&DEPLOY_ON_MERGE, &[(path, &workflow(on, job).replace("{environment: production, if: false}", "environment: production\n    if: false"))], &[expected]);
        }
    }

    #[test]
    fn a_person_in_between_is_seen() {
        let job = |when: &str| format!("ship:\n  environment: production\n  script: [helm upgrade app .]\n  when: {when}\n  only: [main]\n");
        check(&DEPLOY_ON_MERGE, &[(".gitlab-ci.yml", &job("on_success"))], &[".gitlab-ci.yml:3:12"]);
        check(&DEPLOY_ON_MERGE, &[(".gitlab-ci.yml", &job("manual"))], &["absent"]);
    }

    #[test]
    fn an_unnamed_target_beside_a_named_one_is_not_taken_for_production() {
        let text = "on: {push: {branches: [main]}}\njobs:\n  a: {steps: [{run: helm upgrade app .}]}\n  b: {environment: staging, steps: [{run: helm upgrade app .}]}\n";
        check(&DEPLOY_ON_MERGE, &[(".github/workflows/cd.yml", text)], &["absent"]);
    }
}
