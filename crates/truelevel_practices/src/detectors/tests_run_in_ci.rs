use crate::commands::test;
use crate::findings::Findings;
use crate::repository::{Candidates, Repository};
use crate::{Practice, detectors::PIPELINES};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// CI runs the tests
    ///
    /// A job that some event starts runs a test command, itself or through a script, Makefile target or package
    /// script of the repository. Builds that skip their tests (`-DskipTests`, `-x test`) do not count.
    pub(super) static TESTS_RUN_IN_CI: Practice = {
        id: "tests_run_in_ci",
        subject: "test",
        detect: detect,
        in_facts: None,
    };
}

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for (_, job) in repository.jobs().filter(|(_, job)| job.occasions.is_automatic()) {
        for step in job.active_steps() {
            if let Some(found) = test(step) {
                findings.text_at(&step.place, found.text);
            }
        }
    }
    findings.conclude(PIPELINES, &[Candidates::Pipelines, Candidates::Starts(|job| job.active_steps().any(|step| test(step).is_some()))])
}

#[cfg(test)]
mod tests {
    use super::TESTS_RUN_IN_CI;
    use crate::test_support::{check, check_step};

    #[test]
    fn test_commands_count_and_skipped_tests_do_not() {
        for (step, expected) in [
            ("run: cargo test", true),
            ("run: mvn -B verify", true),
            ("run: mvn -B package -DskipTests", false),
            ("run: ./gradlew build -x test", false),
            ("run: cargo test --no-run", false),
            ("run: echo go test", false),
            ("{if: false, run: go test ./...}", false),
            ("run: go test ./... || true", true),
        ] {
            check_step(&TESTS_RUN_IN_CI, step, expected);
        }
    }

    #[test]
    fn a_test_in_a_called_script_is_located_there() {
        let workflow = "on: push\njobs: {a: {steps: [{run: ./ci/all.sh}]}}\n";
        check(
            &TESTS_RUN_IN_CI,
            &[(".github/workflows/ci.yml", workflow), ("ci/all.sh", "set -e\npytest -q\n")],
            &["ci/all.sh:2:1"],
        );
    }
}
