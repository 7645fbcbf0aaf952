use crate::findings::Findings;
use crate::pipelines::FeatureKind;
use crate::repository::{Candidates, Repository};
use crate::{Practice, detectors::PIPELINES};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Code and dependencies are scanned for weaknesses
    ///
    /// CI runs a static analysis for security, or looks for known weaknesses in dependencies, images or infrastructure
    /// code: CodeQL, Semgrep, Sonar, Snyk, Trivy, Grype, OSV, Checkov, Bandit, gosec, GitLab's scanners and others.
    /// Whether a finding stops a change is another question. GitHub's default setup of code scanning has no file, so
    /// without such a step it cannot be told.
    pub(super) static CODE_SCANNING: Practice = {
        id: "code_scanning",
        subject: "security",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(
    USES = r"(?i)^(?:github/codeql-action/(?:init|analyze|upload-sarif)|semgrep/|returntocorp/semgrep|sonarsource/(?:sonarqube-scan|sonarcloud-github)|snyk/actions|aquasecurity/(?:trivy-action|tfsec)|anchore/scan-action|google/osv-scanner|actions/dependency-review-action|bridgecrewio/checkov-action|checkmarx/|ossf/scorecard-action|zizmorcore/zizmor-action|rustsec/audit-check|actions-rs/audit-check|actions-rust-lang/audit|embarkstudios/cargo-deny-action|securego/gosec|golang/govulncheck-action|pypa/gh-action-pip-audit|shiftleftsecurity/|veracode/|fossas/fossa-action|docker/scout-action|terrascan|tenable/|mend/|whitesource/|dependency-check/Dependency-Check_Action"
    r"|SonarQube(?:Prepare|Analyze)@\d|SonarCloud(?:Prepare|Analyze)@\d|SnykSecurityScan@\d|AdvancedSecurity-|MicrosoftSecurityDevOps@\d|dependency-check-build-task@\d|snyk/scan|sonarsource/sonarcloud|sonarcloud/scan)"
);
super::pattern!(
    RUN = r"(?:^|[\s;&|(/])(?:semgrep (?:ci|scan|--config)|snyk (?:test|code test|container test|iac test|monitor)|trivy (?:image|fs|config|repo|filesystem|sbom|rootfs)|grype\b|osv-scanner\b|checkov\b|tfsec\b|kics scan|terrascan scan|bandit\b|gosec\b|govulncheck\b|brakeman\b|bundle[- ]audit\b|bundler-audit\b|npm audit\b|pnpm audit\b|yarn (?:npm )?audit\b|pip-audit\b|safety (?:check|scan)\b|cargo (?:audit|deny)\b|zizmor\b|sonar-scanner\b|(?:mvn|mvnw|gradle|gradlew)\b.*(?:sonar|dependency-check|dependencyCheckAnalyze|owasp)|dependency-check\.sh|codeql database analyze|horusec\b|dockle\b|clair\b|nancy\b|dotnet list\b.*--vulnerable|composer audit\b|flawfinder\b|njsscan\b|sobelow\b|mix (?:sobelow|deps\.audit)|kube-score|kubesec\b|detekt\b.*security|zap-baseline\.py|zap-full-scan\.py|nuclei\b)"
);
const REPORTS: [&str; 4] = ["sast", "dependency_scanning", "container_scanning", "dast"];

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    findings.steps(Some(&RUN), Some(&USES), |job, _| job.occasions.is_automatic());
    findings.shipped(&["sast", "dast", "dependency-scanning", "container-scanning"]);
    for (_, job) in repository.jobs() {
        for feature in &job.features {
            if matches!(&feature.kind, FeatureKind::Report(kind) if REPORTS.contains(&kind.as_str())) {
                findings.place(&feature.place);
            }
        }
    }
    findings.conclude_unless("the server's own code scanning", PIPELINES, &[Candidates::Pipelines, Candidates::Starts(|job| job.does(&RUN, &USES))])
}

#[cfg(test)]
mod tests {
    use super::CODE_SCANNING;
    use crate::test_support::{check, check_step};

    #[test]
    fn scanners_count() {
        for (step, expected) in [
            ("uses: github/codeql-action/analyze@v3", true),
            ("run: trivy image app:1", true),
            ("run: npm audit --audit-level=high", true),
            ("run: npm install", false),
            ("{if: false, uses: snyk/actions/node@master}", false),
        ] {
            check_step(&CODE_SCANNING, step, expected);
        }
        check(&CODE_SCANNING, &[(".gitlab-ci.yml", "include:\n  - template: Security/SAST.gitlab-ci.yml\na: {script: x}\n")], &[".gitlab-ci.yml:2:5"]);
    }
}
