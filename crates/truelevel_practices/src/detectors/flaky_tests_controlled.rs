use crate::dependencies::is_manifest;
use crate::findings::Findings;
use crate::paths::name;
use crate::repository::{Candidates, Repository};
use crate::{Practice, detectors::PIPELINES};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Tests that fail by chance are known and contained
    ///
    /// Something tells a test that fails by chance from one that fails: retries of a test runner that reports them
    /// (nextest, Gradle, Surefire, pytest, RSpec, Playwright, gotestsum), a list of flaky or quarantined tests, or a
    /// service that tracks them. Running a whole job again hides flakiness and does not count; nor do retries of
    /// zero.
    pub(super) static FLAKY_TESTS_CONTROLLED: Practice = {
        id: "flaky_tests_controlled",
        subject: "test",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(DEPENDENCY = r#"(?i)pytest-(?:rerunfailures|retry|flakefinder)|^\s*["']?flaky\b|rspec-retry|rspec-flake|org\.gradle\.test-retry|com\.gradle\.(?:develocity|enterprise)|<rerunFailingTestsCount>\s*[1-9]|jest-retries|"mocha-?retry|xRetry"#);
super::pattern!(RUN = r"(?:--reruns[ =][1-9]|--retries[ =][1-9]|--rerun-fails\b|--flaky_test_attempts[ =](?:[2-9]|\S*@)|--only-rerun|-Dsurefire\.rerunFailingTestsCount=[1-9]|\s-flaky\s|--quarantine\w*|-quarantined\b|trunk(?:-analytics-cli)? .*upload)");
super::pattern!(USES = r"(?i)^(?:trunk-io/analytics-uploader|buildpulse/|datadog/junit-upload|gradle/develocity)");
super::pattern!(SETTING = r"^\s*retries\s*[=:]\s*(?:[1-9]|\{|process\.env|isCI|!!process)");
super::pattern!(LIST = r"(?i)(?:^|/)\.?(?:flaky|quarantined?)(?:[-_.]tests?)?(?:\.(?:txt|ya?ml|json|list|toml))$");

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    findings.dependencies(&DEPENDENCY);
    findings.steps(Some(&RUN), Some(&USES), |_, _| true);
    findings.lines(|path| name(path) == "nextest.toml" || name(path).starts_with("playwright.config."), &SETTING);
    for path in repository.paths().filter(|path| LIST.is_match(path)) {
        findings.file(path);
    }
    let mut looked_at = vec!["dependency lists", "retries in .config/nextest.toml and playwright.config.*", "lists of flaky tests"];
    looked_at.extend(PIPELINES);
    findings.conclude(&looked_at, &[Candidates::Pipelines, Candidates::Paths(|path| is_manifest(name(path)))])
}

#[cfg(test)]
mod tests {
    use super::FLAKY_TESTS_CONTROLLED;
    use crate::test_support::{check, check_step};

    #[test]
    fn retries_that_are_reported_and_lists_count() {
        check(&FLAKY_TESTS_CONTROLLED, &[(".config/nextest.toml", "[profile.ci]\nretries = 2\n")], &[".config/nextest.toml:2:1"]);
        check(&FLAKY_TESTS_CONTROLLED, &[(".config/nextest.toml", "[profile.ci]\nretries = 0\n")], &["absent"]);
        check(&FLAKY_TESTS_CONTROLLED, &[(".flaky-tests.txt", "a\n")], &[".flaky-tests.txt"]);
        check_step(&FLAKY_TESTS_CONTROLLED, "run: pytest --reruns 2", true);
        check_step(&FLAKY_TESTS_CONTROLLED, "run: pytest", false);
    }
}
