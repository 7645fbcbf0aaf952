use crate::findings::Findings;
use crate::pipelines::Job;
use crate::repository::{Candidates, Repository};
use crate::{Practice, detectors::PIPELINES};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// A serious finding of a scan stops the change
    ///
    /// For a proposed change a scanner runs that fails its job when it finds something, and nothing hides the
    /// failure: tools that fail by themselves (npm audit, cargo audit, govulncheck, Snyk, gitleaks, dependency
    /// review), or ones that are told to (`exit-code: 1`, `--fail-on`, `--exit-code 1`). A scan that only writes a
    /// report does not count; whether a code scanning alert blocks is a setting of the server that files
    /// do not show, so without such a scan it cannot be told.
    pub(super) static SCANS_GATE: Practice = {
        id: "scans_gate",
        subject: "security",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(FAILS = r"(?:^|[\s;&|(/])(?:npm audit\b|pnpm audit\b|yarn (?:npm )?audit\b|pip-audit\b|cargo (?:audit|deny)\b|govulncheck\b|gosec\b|bandit\b|brakeman\b|bundle[- ]audit\b|bundler-audit\b|snyk (?:test|code test|container test|iac test)\b|semgrep (?:ci|--config\b.*--error|scan\b.*--error)|checkov\b|tfsec\b|kics scan|osv-scanner\b|gitleaks\b|trufflehog\b.*--fail|detect-secrets-hook\b|composer audit\b|mix deps\.audit|zizmor\b|conftest test\b|(?:mvn|mvnw|gradle|gradlew)\b.*(?:dependency-check:check|dependencyCheckAnalyze)|trivy\b.*--exit-code[ =][1-9]|grype\b.*(?:--fail-on|-f )|docker scout cves\b.*--exit-code)");
super::pattern!(TOLERATES = r"--exit-zero\b|--no-fail\b|--soft-fail\b|--exit-code[ =]0|--severity-threshold=none|-no-fail\b|--no-exit-codes?\b|--audit-level[ =]none");
super::pattern!(USES = r"(?i)^(?:actions/dependency-review-action|aquasecurity/trivy-action|anchore/scan-action|snyk/actions|gitleaks/gitleaks-action|trufflesecurity/trufflehog|bridgecrewio/checkov-action|google/osv-scanner|rustsec/audit-check|embarkstudios/cargo-deny-action|golang/govulncheck-action|pypa/gh-action-pip-audit|securego/gosec|semgrep/|returntocorp/semgrep-action|docker/scout-action|zizmorcore/zizmor-action|actions-rust-lang/audit)");
super::pattern!(MUST_ASK = r"(?i)^(?:aquasecurity/trivy-action|docker/scout-action)");
super::pattern!(ASKED = r"(?im)^exit-code:\s*['\x22]?(?:[1-9]|true)");
super::pattern!(OFF = r"(?im)^(?:fail-build|fail-on-severity|fail):\s*['\x22]?(?:false|none)|^(?:warn-only|soft_fail):\s*['\x22]?true");

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    let stops = |job: &Job| job.runs_on_changes() && !job.allow_failure;
    findings.steps(Some(&FAILS), None, |job, found| stops(job) && !found.tolerated && !TOLERATES.is_match(&found.command));
    findings.steps(None, Some(&USES), |job, found| {
        let is_told = !MUST_ASK.is_match(&found.command) || ASKED.is_match(&found.command);
        stops(job) && !found.tolerated && is_told && !OFF.is_match(&found.command)
    });
    findings.conclude_unless("the server's own rules for alerts", PIPELINES, &[Candidates::Pipelines, Candidates::Starts(|job| job.does(&FAILS, &USES))])
}

#[cfg(test)]
mod tests {
    use super::SCANS_GATE;
    use crate::test_support::check_step;

    #[test]
    fn a_scan_that_fails_the_job_counts_and_one_that_reports_does_not() {
        for (step, expected) in [
            ("run: npm audit --audit-level=high", true),
            ("run: npm audit || true", false),
            ("{continue-on-error: true, run: cargo audit}", false),
            ("run: trivy image --exit-code 1 app", true),
            ("run: trivy image app", false),
            ("run: bandit -r . --exit-zero", false),
            ("uses: actions/dependency-review-action@v4", true),
            ("{uses: aquasecurity/trivy-action@0.30.0, with: {exit-code: '1'}}", true),
            ("{uses: aquasecurity/trivy-action@0.30.0, with: {format: sarif}}", false),
            ("{uses: anchore/scan-action@v6, with: {fail-build: false}}", false),
            ("uses: github/codeql-action/analyze@v3", false),
        ] {
            check_step(&SCANS_GATE, step, expected);
        }
    }
}
