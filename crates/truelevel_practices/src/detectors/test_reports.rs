use crate::findings::Findings;
use crate::pipelines::FeatureKind;
use crate::repository::{Candidates, Repository};
use crate::{Practice, detectors::PIPELINES};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Results of tests are kept and shown
    ///
    /// A pipeline hands the result of every single test to a place where people and machines read it: JUnit reports
    /// of GitLab, Jenkins, CircleCI and Azure, reporters of GitHub and Buildkite, test analytics, or uploaded report
    /// files. Without it neither slow nor flaky tests are known.
    pub(super) static TEST_REPORTS: Practice = {
        id: "test_reports",
        subject: "test",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(USES = r"(?i)^(?:dorny/test-reporter|mikepenz/action-junit-report|enricomi/publish-unit-test-result-action|test-summary/action|phoenix-actions/test-reporting|codecov/test-results-action|datadog/junit-upload|buildpulse/|trunk-io/analytics-uploader|scacap/action-surefire-report|ctrf-io/|robotframework-reporter|junit-annotate|test-collector|tests#|test-engine-client|PublishTestResults@\d)");
super::pattern!(RUN = r"(?:^|[\s;&|(/])(?:datadog-ci junit upload|codecov\b.*(?:--report-type test_results|do-upload.*test)|buildkite-test-collector|bktec\b|allure (?:generate|upload)|launchable record tests|testmo automation:run:submit|trcli\b)");
super::pattern!(RESULTS = r"(?i)junit|test-?results?|test-?reports?|surefire|\.trx|allure-results");

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for (_, job) in repository.jobs() {
        let is_report = |kind: &FeatureKind| match kind {
            FeatureKind::Report(kind) => kind == "junit",
            FeatureKind::LeavesFiles(what) => RESULTS.is_match(what),
            _ => false,
        };
        for report in job.features.iter().filter(|feature| is_report(&feature.kind)) {
            findings.place(&report.place);
        }
    }
    findings.steps(Some(&RUN), Some(&USES), |_, _| true);
    findings.conclude(PIPELINES, &[Candidates::Pipelines])
}

#[cfg(test)]
mod tests {
    use super::TEST_REPORTS;
    use crate::test_support::{check, check_step};

    #[test]
    fn reports_reporters_and_uploads_count() {
        check(&TEST_REPORTS, &[(".gitlab-ci.yml", "a:\n  script: [make test]\n  artifacts: {reports: {junit: r.xml}}\n")], &[".gitlab-ci.yml:3:25"]);
        check_step(&TEST_REPORTS, "uses: dorny/test-reporter@v2", true);
        check_step(&TEST_REPORTS, "{uses: actions/upload-artifact@v4, with: {name: test-results, path: out}}", true);
        check_step(&TEST_REPORTS, "{uses: actions/upload-artifact@v4, with: {name: app, path: out}}", false);
    }
}
