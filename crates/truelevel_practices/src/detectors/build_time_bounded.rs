use crate::commands::build_or_test;
use crate::findings::Findings;
use crate::pipelines::{FeatureKind, System, system};
use crate::repository::{Candidates, Repository};
use crate::{Practice, detectors::PIPELINES};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// A build that hangs is ended
    ///
    /// A job that builds or tests has a time limit of its own, so that a hanging build is a failure within minutes
    /// and not a runner that is lost for hours: `timeout-minutes`, `timeout`, `timeoutInMinutes`,
    /// `timeout_in_minutes` and their like.
    pub(super) static BUILD_TIME_BOUNDED: Practice = {
        id: "build_time_bounded",
        subject: "build",
        detect: detect,
        in_facts: None,
    };
}

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for (_, job) in repository.jobs().filter(|(_, job)| build_or_test(job).is_some()) {
        if let Some(timeout) = job.feature(&FeatureKind::Timeout) {
            findings.place(&timeout.place);
        }
    }
    findings.lines(|path| system(path) == Some(System::GitHubActions), &STEP_TIMEOUT);
    findings.conclude(PIPELINES, &[Candidates::Pipelines])
}

super::pattern!(STEP_TIMEOUT = r"^\s{6,}timeout-minutes:");

#[cfg(test)]
mod tests {
    use super::BUILD_TIME_BOUNDED;
    use crate::test_support::check;

    #[test]
    fn a_limit_of_a_job_that_builds_counts() {
        let job = |limit: &str, run: &str| format!("on: push\njobs:\n  a:\n    {limit}\n    steps: [{{run: {run}}}]\n");
        check(&BUILD_TIME_BOUNDED, &[(".github/workflows/a.yml", &job("timeout-minutes: 10", "make"))], &[".github/workflows/a.yml:4:22"]);
        check(&BUILD_TIME_BOUNDED, &[(".github/workflows/a.yml", &job("timeout-minutes: 10", "echo"))], &["absent"]);
        check(&BUILD_TIME_BOUNDED, &[(".github/workflows/a.yml", &job("runs-on: x", "make"))], &["absent"]);
        check(&BUILD_TIME_BOUNDED, &[(".gitlab-ci.yml", "a:\n  timeout: 10m\n  script: [make]\n")], &[".gitlab-ci.yml:2:12"]);
    }
}
