use crate::commands::test;
use crate::findings::Findings;
use crate::repository::{Candidates, Repository};
use crate::{Practice, detectors::PIPELINES};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// A failing test fails the check of a proposed change
    ///
    /// A test command runs for proposed changes, and nothing hides its failure: no `continue-on-error`, no
    /// `allow_failure`, no `|| true`, no `set +e`. Whether a red check also blocks the merge is a setting of the
    /// server that files do not show.
    pub(super) static TESTS_GATE_CHANGES: Practice = {
        id: "tests_gate_changes",
        subject: "test",
        detect: detect,
        in_facts: None,
    };
}

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for (_, job) in repository.jobs().filter(|(_, job)| job.runs_on_changes() && !job.allow_failure) {
        for step in job.active_steps() {
            if let Some(found) = test(step).filter(|found| !found.tolerated) {
                findings.text_at(&step.place, found.text);
            }
        }
    }
    findings.conclude(PIPELINES, &[Candidates::Pipelines, Candidates::Starts(|job| job.active_steps().any(|step| test(step).is_some()))])
}

#[cfg(test)]
mod tests {
    use super::TESTS_GATE_CHANGES;
    use crate::test_support::{check, check_step};

    #[test]
    fn a_hidden_failure_gates_nothing() {
        for (step, expected) in [
            ("run: go test ./...", true),
            ("run: go test ./... || true", false),
            ("{run: go test ./..., continue-on-error: true}", false),
            ("run: \"set +e\\ngo test ./...\"", false),
        ] {
            check_step(&TESTS_GATE_CHANGES, step, expected);
        }
        let allowed = "test:\n  script: [pytest]\n  allow_failure: true\n";
        check(&TESTS_GATE_CHANGES, &[(".gitlab-ci.yml", allowed)], &["absent"]);
    }

    #[test]
    fn tests_after_the_merge_gate_nothing() {
        let workflow = "on: {push: {branches: [main]}}\njobs: {a: {steps: [{run: go test ./...}]}}\n";
        check(&TESTS_GATE_CHANGES, &[(".github/workflows/ci.yml", workflow)], &["absent"]);
    }
}
