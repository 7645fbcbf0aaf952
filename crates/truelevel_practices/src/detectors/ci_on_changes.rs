use crate::commands::build_or_test;
use crate::findings::Findings;
use crate::pipelines::Occasion;
use crate::repository::{Candidates, Repository};
use crate::{Practice, detectors::PIPELINES};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Every proposed change and the default branch are built
    ///
    /// Jobs that build or test run for proposed changes (pull or merge requests, or every branch that is pushed)
    /// **and** for pushes to the default branch. One without the other leaves either the review or the trunk
    /// unproven.
    pub(super) static CI_ON_CHANGES: Practice = {
        id: "ci_on_changes",
        subject: "build",
        detect: detect,
        in_facts: None,
    };
}

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    let builds = || repository.jobs().filter(|(_, job)| build_or_test(job).is_some()).map(|(_, job)| job);
    let on_changes = builds().find(|job| job.runs_on_changes());
    let on_default = builds().find(|job| job.occasions.contains(Occasion::DefaultBranchPush));
    if let (Some(on_changes), Some(on_default)) = (on_changes, on_default) {
        findings.place(&on_changes.place);
        findings.place(&on_default.place);
    }
    findings.conclude(PIPELINES, &[Candidates::Pipelines, Candidates::Starts(|job| build_or_test(job).is_some())])
}

#[cfg(test)]
mod tests {
    use super::CI_ON_CHANGES;
    use crate::test_support::check;

    fn workflow(on: &str) -> String {
        format!("on: {on}\njobs:\n  test:\n    steps: [{{run: go test ./...}}]\n")
    }

    #[test]
    fn both_occasions_are_needed() {
        let path = ".github/workflows/ci.yml";
        for on in ["[push, pull_request]", "{push: {branches: [main]}, pull_request: }", "push"] {
            check(&CI_ON_CHANGES, &[(path, &workflow(on))], &[".github/workflows/ci.yml:3:3"]);
        }
        for on in ["pull_request", "{push: {branches: [main]}}", "{schedule: [{cron: x}]}", "{push: {tags: [v*]}, pull_request: }"] {
            check(&CI_ON_CHANGES, &[(path, &workflow(on))], &["absent"]);
        }
    }

    #[test]
    fn two_files_may_share_the_occasions() {
        check(
            &CI_ON_CHANGES,
            &[(".github/workflows/a.yml", &workflow("pull_request")), (".github/workflows/b.yml", &workflow("{push: {branches: [master]}}"))],
            &[".github/workflows/a.yml:3:3", ".github/workflows/b.yml:3:3"],
        );
    }
}
