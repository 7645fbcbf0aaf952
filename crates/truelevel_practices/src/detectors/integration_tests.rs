use crate::commands::{find, test};
use crate::findings::Findings;
use crate::pipelines::FeatureKind;
use crate::repository::{Candidates, Repository};
use crate::{Practice, detectors::PIPELINES};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// CI tests the parts together
    ///
    /// A job runs tests beside the services they need or the stack that it starts, runs a test command that is named integration, acceptance or
    /// end to end, or drives a browser; or tests that run in CI start containers of what they need
    /// (Testcontainers).
    pub(super) static INTEGRATION_TESTS: Practice = {
        id: "integration_tests",
        subject: "test",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(
    RUN = r"(?i)(?:playwright test\b|cypress run\b|\bnewman run\b|\bbehave\b|\bcucumber\b|\brobot\b.*\.robot|\bkuttl test\b|\bchainsaw test\b|\bct install\b|\bhelm test\b|\bintegration-test\b|wdio run|testcafe\b|detox test|maestro test|bruno\b.*run|\bhurl\b.*--test|\bvenom run\b|\b(?:docker[ -]compose|podman-compose)\b.*\b(?:run|exec)\b.*test"
    r"|(?:make|npm|pnpm|yarn|just|task|cargo|go|pytest|tox|gradlew?|mvnw?|dotnet|rake|bazel)\b[^\n;&|]*\b(?:integration|e2e|end-to-end|acceptance|functional|smoke|system)[-_:]?(?:tests?)?\b)"
);
super::pattern!(USES = r"(?i)^(?:cypress-io/github-action|microsoft/playwright-github-action|helm/chart-testing-action|matt-ball/newman-action|cypress/run)");
super::pattern!(STARTS = r"(?i)docker[-_ ]compose\S*\s(?:.*\s)?up\b|podman-compose\b.*\bup\b|kind create cluster|minikube start|k3d cluster create");
super::pattern!(CONTAINERS = r"(?i)testcontainers");

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    findings.steps(Some(&RUN), Some(&USES), |job, _| job.occasions.is_automatic());
    let mut runs_tests = false;
    for (_, job) in repository.jobs().filter(|(_, job)| job.occasions.is_automatic()) {
        let tests = job.active_steps().any(|step| test(step).is_some());
        runs_tests |= tests;
        if tests && let Some((step, found)) = job.active_steps().find_map(|step| Some((step, find(step, Some(&STARTS), None)?))) {
            findings.text_at(&step.place, found.text);
        }
        if let Some(services) = job.feature(&FeatureKind::Services).filter(|_| tests) {
            findings.place(&services.place);
        }
    }
    if runs_tests {
        findings.dependencies(&CONTAINERS);
    }
    findings.conclude(PIPELINES, &[Candidates::Pipelines, Candidates::Starts(|job| job.does(&RUN, &USES))])
}

#[cfg(test)]
mod tests {
    use super::INTEGRATION_TESTS;
    use crate::test_support::{check, check_step};

    #[test]
    fn tests_of_parts_together_count() {
        for (step, expected) in [
            ("run: npx playwright test", true),
            ("run: make integration-tests", true),
            ("run: npm run test:e2e", true),
            ("run: cargo test", false),
        ] {
            check_step(&INTEGRATION_TESTS, step, expected);
        }
    }

    #[test]
    fn services_count_beside_tests_only() {
        let job = |command: &str| format!("on: push\njobs:\n  a:\n    services:\n      db: {{image: postgres}}\n    steps: [{{run: {command}}}]\n");
        check(&INTEGRATION_TESTS, &[(".github/workflows/ci.yml", &job("go test ./..."))], &[".github/workflows/ci.yml:5:7"]);
        check(&INTEGRATION_TESTS, &[(".github/workflows/ci.yml", &job("make docs"))], &["absent"]);
    }

    #[test]
    fn containers_of_tests_count_when_ci_runs_the_tests() {
        let list = ("go.mod", "require github.com/testcontainers/testcontainers-go v0.30.0\n");
        let workflow = (".github/workflows/ci.yml", "on: push\njobs: {a: {steps: [{run: go test ./...}]}}\n");
        check(&INTEGRATION_TESTS, &[list, workflow], &["go.mod:1:20"]);
        check(&INTEGRATION_TESTS, &[list], &["absent"]);
    }
}
