use crate::commands::build_or_test;
use crate::findings::Findings;
use crate::repository::{Candidates, Repository};
use crate::{Practice, detectors::PIPELINES};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// A CI server builds or tests
    ///
    /// A pipeline has a job that builds or tests the software and that some event starts: a proposed change, a
    /// push, a tag or the clock. What a workflow of another repository does is read where that repository is given too;
    /// otherwise it is unknown, whatever the workflow is called. Pipelines that only label issues or answer comments do
    /// not count, nor do jobs that never run or that only a person starts.
    pub(super) static CI_PIPELINE: Practice = {
        id: "ci_pipeline",
        subject: "build",
        detect: detect,
        in_facts: None,
    };
}

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for (_, job) in repository.jobs().filter(|(_, job)| job.occasions.is_automatic()) {
        if let Some((step, found)) = build_or_test(job) {
            findings.text_at(&step.place, found.text);
        }
    }
    findings.conclude(PIPELINES, &[Candidates::Pipelines, Candidates::Starts(|job| build_or_test(job).is_some())])
}

#[cfg(test)]
mod tests {
    use super::CI_PIPELINE;
    use crate::test_support::check;

    #[test]
    fn a_job_that_builds_counts() {
        let workflow = "on: push\njobs:\n  build:\n    steps:\n      - run: |\n          # cargo\n          cargo build --locked\n";
        check(&CI_PIPELINE, &[(".github/workflows/ci.yml", workflow)], &[".github/workflows/ci.yml:7:11"]);
        check(&CI_PIPELINE, &[(".gitlab-ci.yml", "build:\n  script:\n    - mvn package\n")], &[".gitlab-ci.yml:3:7"]);
    }

    #[test]
    fn a_job_that_never_runs_or_builds_nothing_does_not_count() {
        let labels = "on: issues\njobs: {a: {steps: [{uses: actions/stale@v9}]}}\n";
        let disabled = "on: push\njobs: {a: {if: false, steps: [{run: cargo build}]}}\n";
        let by_hand = "on: workflow_dispatch\njobs: {a: {steps: [{run: cargo build}]}}\n";
        for workflow in [labels, disabled, by_hand] {
            check(&CI_PIPELINE, &[(".github/workflows/ci.yml", workflow)], &["absent"]);
        }
        check(&CI_PIPELINE, &[("sub/.github/workflows/ci.yml", "on: push\njobs: {a: {steps: [{run: make}]}}")], &["absent"]);
    }

    #[test]
    fn jobs_kept_elsewhere_are_not_known_by_their_name() {
        for name in ["go-build", "all", "stale"] {
            let workflow = format!("on: push\njobs:\n  a:\n    uses: org/ci/.github/workflows/{name}.yml@v1\n");
            check(&CI_PIPELINE, &[(".github/workflows/ci.yml", &workflow)], &["unknown"]);
        }
    }
}
