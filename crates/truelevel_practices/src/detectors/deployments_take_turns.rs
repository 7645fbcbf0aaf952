use crate::deployment::deploy_jobs;
use crate::findings::Findings;
use crate::pipelines::{FeatureKind, System};
use crate::practice::{InFacts, count};
use crate::repository::{Candidates, Repository};
use crate::{DeliveryFacts, Practice, detectors::PIPELINES};
use truelevel_model::{Detection, Grade};

truelevel_model::declare! {
    /// Deployments of one environment take turns
    ///
    /// A job that deploys runs one at a time with what is of the same group: `concurrency` of GitHub, `resource_group` of
    /// GitLab, `lock` and `disableConcurrentBuilds` of Jenkins, `lockBehavior` of Azure Pipelines, `concurrency_group` with
    /// a `concurrency` of one of Buildkite, `serial-group` of CircleCI, any deployment of Bitbucket. A group that each run
    /// has to itself does not count. Azure Pipelines and Jenkins can be told to on the server alone, so their files deny
    /// nothing. Where no job deploys the question has no meaning. Deployments whose start and end are known, and of which
    /// none began while another ran, prove that it ran.
    pub(super) static DEPLOYMENTS_TAKE_TURNS: Practice = {
        id: "deployments_take_turns",
        subject: "deploy",
        detect: detect,
        in_facts: Some(InFacts { shown_by: "production deployments whose start and end are known", look: in_facts }),
    };
}

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    let jobs = deploy_jobs(repository);
    for turns in jobs.iter().filter_map(|deploy| deploy.job.feature(&FeatureKind::OneAtATime)) {
        findings.place(&turns.place);
    }
    let candidates = &[Candidates::Pipelines];
    if jobs.iter().any(|deploy| matches!(deploy.pipeline.system, System::AzurePipelines | System::Jenkins)) {
        return findings.conclude_unless("the locks that the server keeps", PIPELINES, candidates);
    }
    findings.conclude_if(!jobs.is_empty(), "no job of a pipeline deploys", PIPELINES, candidates)
}

fn in_facts(facts: &DeliveryFacts) -> Detection {
    // One deployment alone meets no other.
    if facts.timed_deployments < 2 {
        return facts.not_seen(0);
    }
    if facts.overlapping_deployments > 0 {
        return facts.not_seen(facts.timed_deployments);
    }
    let summary = format!("none of {} began while another ran", count(facts.timed_deployments, "production deployment"));
    facts.seen(Grade::Exercised, facts.last_deployment_at, summary)
}

#[cfg(test)]
mod tests {
    use super::DEPLOYMENTS_TAKE_TURNS;
    use crate::test_support::check;

    #[test]
    fn jobs_that_deploy_one_at_a_time_count() {
        let github = |group: &str| format!("on: push\njobs:\n  ship:\n    concurrency: {group}\n    environment: production\n    steps: [{{run: helm upgrade a .}}]\n");
        check(&DEPLOYMENTS_TAKE_TURNS, &[(".github/workflows/a.yml", &github("production"))], &[".github/workflows/a.yml:4:18"]);
        check(&DEPLOYMENTS_TAKE_TURNS, &[(".github/workflows/a.yml", &github("'${{ github.run_id }}'"))], &["absent"]);
        let called = "on: push\nconcurrency: {group: ship}\njobs: {ship: {uses: ./.github/workflows/ship.yml}}\n";
        let ship = "on: workflow_call\njobs: {a: {environment: production, steps: [{run: helm upgrade a .}]}}\n";
        check(&DEPLOYMENTS_TAKE_TURNS, &[(".github/workflows/a.yml", called), (".github/workflows/ship.yml", ship)], &[".github/workflows/a.yml:2:14"]);
        let gitlab = "ship:\n  environment: production\n  resource_group: production\n  script: [helm upgrade a .]\n";
        check(&DEPLOYMENTS_TAKE_TURNS, &[(".gitlab-ci.yml", gitlab)], &[".gitlab-ci.yml:3:19"]);
        let bitbucket = "pipelines:\n  default:\n    - step:\n        deployment: production\n        script: [helm upgrade a .]\n";
        check(&DEPLOYMENTS_TAKE_TURNS, &[("bitbucket-pipelines.yml", bitbucket)], &["bitbucket-pipelines.yml:4:21"]);
        let azure = "stages: [{stage: live, lockBehavior: sequential, jobs: [{deployment: ship, environment: production}]}]\n";
        check(&DEPLOYMENTS_TAKE_TURNS, &[("azure-pipelines.yml", azure)], &["azure-pipelines.yml:1:38"]);
    }

    #[test]
    fn locks_of_jenkins_count_around_a_stage_and_in_its_options() {
        let around = "node {\n  lock('live') {\n    stage('Ship') { sh 'helm upgrade a . -n production' }\n  }\n}\n";
        check(&DEPLOYMENTS_TAKE_TURNS, &[("Jenkinsfile", around)], &["Jenkinsfile:2:3"]);
        let option = "pipeline { stages {\n  stage('Ship') {\n    options { lock resource: 'live' }\n    steps { sh 'helm upgrade a . -n production' }\n  }\n} }\n";
        check(&DEPLOYMENTS_TAKE_TURNS, &[("Jenkinsfile", option)], &["Jenkinsfile:3:15"]);
        let whole = "pipeline {\n  options { lock('live') }\n  stages { stage('Ship') { steps { sh 'helm upgrade a . -n production' } } }\n}\n";
        check(&DEPLOYMENTS_TAKE_TURNS, &[("Jenkinsfile", whole)], &["Jenkinsfile:2:13"]);
    }

    #[test]
    fn groups_of_several_jobs_that_do_not_deploy_and_no_deployment_do_not() {
        let group = |number: u8| format!("steps:\n  - command: helm upgrade a .\n    concurrency: {number}\n    concurrency_group: live\n");
        check(&DEPLOYMENTS_TAKE_TURNS, &[(".buildkite/pipeline.yml", &group(1))], &[".buildkite/pipeline.yml:4:24"]);
        check(&DEPLOYMENTS_TAKE_TURNS, &[(".buildkite/pipeline.yml", &group(4))], &["absent"]);
        check(&DEPLOYMENTS_TAKE_TURNS, &[("azure-pipelines.yml", "steps: [{script: helm upgrade a .}]\n")], &["unknown"]);
        check(&DEPLOYMENTS_TAKE_TURNS, &[(".gitlab-ci.yml", "test: {resource_group: one, script: [make test]}\n")], &["not applicable"]);
    }
}
