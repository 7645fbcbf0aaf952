use crate::findings::Findings;
use crate::paths::name;
use crate::repository::{Candidates, Repository};
use crate::{Practice, detectors::PIPELINES};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Artifacts are signed
    ///
    /// A pipeline signs what it publishes: images by cosign or notation, packages and files by GPG, code by the
    /// signing tools of Windows, macOS and Java. Installing a signing tool without using it does not count; nor does
    /// signing commits.
    pub(super) static ARTIFACTS_SIGNED: Practice = {
        id: "artifacts_signed",
        subject: "build",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(
    RUN = r"(?:^|[\s;&|(/])(?:cosign sign(?:-blob)?\b|notation sign\b|gpg2?\b.*\s--(?:detach-sign?|detach-sig|clearsign|sign|armor --sign)\b|rpm(?:sign)?\b.*--(?:addsign|resign)\b|debsign\b|dpkg-sig\b|debsigs\b|jarsigner\b|apksigner\b|signtool(?:\.exe)?\b|osslsigncode\b|codesign\b|notarytool\b|gitsign\b.*attest|minisign -S|sigstore sign|python3? -m sigstore sign|crane\b.*sign|nfpm\b.*sign|helm package\b.*--sign|rekor-cli upload|scripts?/\S*sign[-_]\S*|\S*sign-(?:windows|macos|linux|images?|binaries)\S*)"
);
super::pattern!(USES = r"(?i)^(?:sigstore/gh-action-sigstore-python|sigstore/cosign-action|crazy-max/ghaction-import-gpg|azure/(?:trusted|artifact)-signing-action|dlemstra/code-sign-action|signpath/|apple-actions/import-codesign-certs|EsrpCodeSigning@\d|AzureCodeSigning@\d|notaryproject/notation-action/sign)");
super::pattern!(PACKAGER = r"^(?:goreleaser/goreleaser-action)");
super::pattern!(CHAINS = r#"chains\.tekton\.dev/signed:\s*["']?true"#);

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    findings.steps(Some(&RUN), Some(&USES), |_, _| true);
    findings.lines(|path| crate::pipelines::system(path).is_some(), &CHAINS);
    // The packager signs where its own configuration says so.
    let packages = repository.jobs().any(|(_, job)| job.does(&PACKAGER_RUN, &PACKAGER));
    if packages {
        findings.lines(|path| name(path).trim_start_matches('.').starts_with("goreleaser."), &SIGNS);
    }
    findings.conclude(PIPELINES, &[Candidates::Pipelines])
}

super::pattern!(PACKAGER_RUN = r"(?:^|[\s;&|(/])goreleaser (?:release|build)\b");
super::pattern!(SIGNS = r"^(?:signs|docker_signs|binary_signs):");

#[cfg(test)]
mod tests {
    use super::ARTIFACTS_SIGNED;
    use crate::test_support::{check, check_step};

    #[test]
    fn signing_counts_and_bringing_in_the_tool_does_not() {
        check_step(&ARTIFACTS_SIGNED, "run: cosign sign --yes $IMAGE", true);
        check_step(&ARTIFACTS_SIGNED, "run: gpg --batch --detach-sign app.tgz", true);
        check_step(&ARTIFACTS_SIGNED, "uses: sigstore/cosign-installer@v3", false);
        check_step(&ARTIFACTS_SIGNED, "run: cosign verify $IMAGE", false);
        check_step(&ARTIFACTS_SIGNED, "run: git commit --signoff", false);
    }

    #[test]
    fn the_packager_signs_where_it_is_told_to() {
        let ci = "on: push\njobs: {a: {steps: [{uses: goreleaser/goreleaser-action@v6}]}}\n";
        let told = [(".github/workflows/r.yml", ci), (".goreleaser.yml", "version: 2\nsigns:\n  - cmd: cosign\n")];
        check(&ARTIFACTS_SIGNED, &told, &[".goreleaser.yml:2:1"]);
        check(&ARTIFACTS_SIGNED, &[(".github/workflows/r.yml", ci)], &["absent"]);
    }
}
