use truelevel_documents::Node;

use crate::findings::Findings;
use crate::paths::name;
use crate::pipelines::FeatureKind;
use crate::repository::{Candidates, Repository};
use crate::{Practice, detectors::PIPELINES};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Secrets in the code are searched for
    ///
    /// CI or a pre-commit hook runs gitleaks, TruffleHog, detect-secrets, ggshield or another search for secrets. The
    /// server's own secret scanning is a setting that files do not show, so without such a search it cannot be told.
    pub(super) static SECRET_SCANNING: Practice = {
        id: "secret_scanning",
        subject: "security",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(RUN = r"(?:^|[\s;&|(/])(?:gitleaks\b|trufflehog3?\b|detect-secrets(?:-hook)?\b|ggshield\b|git-secrets\b|git secrets\b|talisman\b|kingfisher scan|secretlint\b|whispers\b|noseyparker\b|trivy\b.*--(?:scanners|security-checks)[ =]\S*secret|semgrep\b.*p/secrets)");
super::pattern!(USES = r"(?i)^(?:gitleaks/gitleaks-action|zricethezav/gitleaks-action|trufflesecurity/trufflehog|gitguardian/ggshield|reviewdog/action-detect-secrets|secret-scanner/|mongodb/kingfisher|CredScan@\d)");
super::pattern!(HOOK = r"(?i)gitleaks|trufflehog|detect-secrets|ggshield|talisman|secretlint|detect-private-key|detect-aws-credentials|git-secrets|kingfisher");

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    findings.steps(Some(&RUN), Some(&USES), |job, _| job.occasions.is_automatic());
    findings.shipped(&["secret-detection"]);
    for feature in repository.jobs().filter_map(|(_, job)| job.feature(&FeatureKind::Report("secret_detection".into()))) {
        findings.place(&feature.place);
    }
    for manifest in repository.manifests().filter(|manifest| name(manifest.path).starts_with(".pre-commit-config")) {
        let hooks = manifest.node.get("repos").map_or(&[][..], Node::items).iter().flat_map(|repo| repo.get("hooks").map_or(&[][..], Node::items));
        for id in hooks.filter_map(|hook| hook.get("id")).filter(|id| id.text().is_some_and(|id| HOOK.is_match(id))) {
            findings.place(&manifest.place(id));
        }
    }
    let mut looked_at = vec![".pre-commit-config.yaml"];
    looked_at.extend(PIPELINES);
    findings.conclude_unless("the server's own secret scanning", &looked_at, &[Candidates::Pipelines, Candidates::Starts(|job| job.does(&RUN, &USES)), Candidates::Manifests(&["hooks"])])
}

#[cfg(test)]
mod tests {
    use super::SECRET_SCANNING;
    use crate::test_support::{check, check_step};

    #[test]
    fn searches_in_ci_and_in_hooks_count() {
        check_step(&SECRET_SCANNING, "uses: gitleaks/gitleaks-action@v2", true);
        check_step(&SECRET_SCANNING, "uses: actions/checkout@v4", false);
        check(&SECRET_SCANNING, &[(".pre-commit-config.yaml", "repos:\n  - repo: x\n    hooks:\n      - id: gitleaks\n")], &[".pre-commit-config.yaml:4:13"]);
        check(&SECRET_SCANNING, &[(".gitlab-ci.yml", "include:\n  - template: Jobs/Secret-Detection.gitlab-ci.yml\na: {script: x}\n")], &[".gitlab-ci.yml:2:5"]);
    }

    #[test]
    fn a_configuration_that_nothing_runs_does_not() {
        check(&SECRET_SCANNING, &[(".gitleaks.toml", "")], &["unknown"]);
    }
}
