use truelevel_documents::Node;

use crate::Practice;
use crate::findings::Findings;
use crate::manifests::is_true;
use crate::paths::name;
use crate::repository::{Candidates, Repository};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// A fall of test coverage fails the build
    ///
    /// A threshold is declared where a tool enforces it: Codecov's project or patch status (unless informational),
    /// `--cov-fail-under`, `fail_under`, Jest's `coverageThreshold`, Vitest's `thresholds`, JaCoCo's `minimum`,
    /// nyc's `check-coverage`, a waited-for quality gate. Coverage that is only measured does not count.
    pub(super) static COVERAGE_GATED: Practice = {
        id: "coverage_gated",
        subject: "test",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(
    RUN = r"--cov-fail-under[= ]|--fail-under(?:-lines|-functions|-regions)?[= ]|coverage report\b.*--fail-under|--coverageThreshold|nyc\b.*--check-coverage|c8\b.*--check-coverage|--check-coverage\b|jacocoTestCoverageVerification|go-test-coverage\b|sonar\.qualitygate\.wait=true|/p:Threshold=|coverlet\b.*--threshold|diff-cover\b.*--fail-under|goverage|koverVerify"
);
super::pattern!(USES = r"(?i)^(?:sonarsource/sonarqube-quality-gate-action|vladopajic/go-test-coverage|irongut/CodeCoverageSummary|SonarQubePublish@)");
super::pattern!(
    SETTING = r#"^\s*fail_under\s*=|--cov-fail-under|"?coverageThreshold"?\s*[:=]|^\s*thresholds\s*:|"check-coverage"\s*:\s*true|<minimum>|^\s*minimum\s*=|SimpleCov\.minimum_coverage|minimum_coverage\s|sonar\.qualitygate\.wait\s*=\s*true|koverVerify|minimumBound|<haltOnFailure>true|MinimumCoverage|<Threshold>"#
);

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    findings.steps(Some(&RUN), Some(&USES), |job, found| !job.allow_failure && !found.tolerated);
    findings.lines(holds_settings, &SETTING);
    for manifest in repository.manifests().filter(|manifest| is_codecov(name(manifest.path))) {
        for status in ["project", "patch"] {
            let Some(node) = manifest.at(["coverage", "status", status]) else { continue };
            // A status is a switch, or groups of settings by name.
            let blocks = |node: &Node| (node.get("target").is_some() || node.get("threshold").is_some()) && !is_true(node.get("informational"));
            if node.boolean() == Some(true) || blocks(node) || node.entries().iter().any(|entry| blocks(&entry.value)) {
                findings.place(&manifest.place(node));
            }
        }
    }
    findings.conclude(
        &["codecov.yml", "pyproject.toml", ".coveragerc", "jest.config.*", "package.json", "pom.xml", "build.gradle", "CI commands"],
        &[Candidates::Pipelines, Candidates::Paths(|path| holds_settings(path) || is_codecov(name(path)))],
    )
}

fn is_codecov(name: &str) -> bool {
    matches!(name, "codecov.yml" | "codecov.yaml" | ".codecov.yml" | ".codecov.yaml")
}

fn holds_settings(path: &str) -> bool {
    let name = name(path);
    matches!(name, ".coveragerc" | "pyproject.toml" | "setup.cfg" | "tox.ini" | "pytest.ini" | "package.json" | ".nycrc" | ".nycrc.json" | "pom.xml" | "build.gradle" | "build.gradle.kts" | ".simplecov" | "sonar-project.properties")
        || ["jest.config.", "vitest.config.", "vite.config."].iter().any(|start| name.starts_with(start))
}

#[cfg(test)]
mod tests {
    use super::COVERAGE_GATED;
    use crate::test_support::{check, check_step};

    #[test]
    fn enforced_thresholds_count() {
        check(&COVERAGE_GATED, &[("codecov.yml", "coverage:\n  status:\n    project:\n      default:\n        target: 80%\n")], &["codecov.yml:4:7"]);
        check(&COVERAGE_GATED, &[("pyproject.toml", "[tool.coverage.report]\nfail_under = 85\n")], &["pyproject.toml:2:1"]);
        check_step(&COVERAGE_GATED, "run: pytest --cov-fail-under=80", true);
    }

    #[test]
    fn information_and_tolerated_failures_do_not() {
        let informational = "coverage: {status: {project: {default: {target: 80%, informational: true}}}}\n";
        check(&COVERAGE_GATED, &[(".codecov.yml", informational)], &["absent"]);
        check_step(&COVERAGE_GATED, "run: pytest --cov-fail-under=80 || true", false);
        check_step(&COVERAGE_GATED, "run: pytest --cov", false);
    }
}
