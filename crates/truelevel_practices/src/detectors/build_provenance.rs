use crate::findings::Findings;
use crate::repository::{Candidates, Repository};
use crate::{Practice, detectors::PIPELINES};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Artifacts say where they come from
    ///
    /// A pipeline signs or attests what it builds, or lists what is inside it: build attestations, SLSA provenance,
    /// cosign signatures, software bills of materials, Tekton Chains.
    pub(super) static BUILD_PROVENANCE: Practice = {
        id: "build_provenance",
        subject: "build",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(
    RUN = r"(?:^|[\s;&|(/])(?:cosign (?:sign|attest)|syft\b|trivy\b.*(?:cyclonedx|spdx)|cyclonedx(?:-\w+)?\b|cdxgen\b|slsa-verifier|in-toto-run|witness run|docker buildx build\b.*--(?:provenance|sbom|attest)|gh attestation|notation sign|ko build\b.*--sbom|grype\b.*sbom|spdx-sbom-generator|cargo cyclonedx|npm publish\b.*--provenance|goreleaser\b.*sbom)"
);
super::pattern!(
    USES = r"(?i)^(?:actions/attest|slsa-framework/slsa-github-generator/|sigstore/gh-action-sigstore-python|anchore/sbom-action|cyclonedx/|aquasecurity/trivy-action.*sbom|philips-labs/slsa-provenance-action|testifysec/witness-run-action|advanced-security/spdx|microsoft/sbom-action|generate-provenance-attestation|publish-to-packages.*attest)"
);
super::pattern!(IMAGE = r"(?i)^docker/(?:build-push-action|bake-action)");
super::pattern!(ATTESTED = r"(?im)^(?:provenance:\s*(?:true|mode=\S+)|sbom:\s*true|attests:)");

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    findings.steps(Some(&RUN), Some(&USES), |_, _| true);
    findings.steps(None, Some(&IMAGE), |_, found| ATTESTED.is_match(&found.command));
    for (_, job) in repository.jobs() {
        for feature in &job.features {
            if matches!(&feature.kind, crate::pipelines::FeatureKind::Report(kind) if kind == "cyclonedx") {
                findings.place(&feature.place);
            }
        }
    }
    findings.conclude(PIPELINES, &[Candidates::Pipelines])
}

#[cfg(test)]
mod tests {
    use super::BUILD_PROVENANCE;
    use crate::test_support::check_step;

    #[test]
    fn attesting_signing_and_listing_count() {
        for (step, expected) in [
            ("uses: actions/attest-build-provenance@v2", true),
            ("run: cosign sign --yes $IMAGE", true),
            ("{uses: docker/build-push-action@v6, with: {push: true, sbom: true}}", true),
            ("{uses: docker/build-push-action@v6, with: {push: true, provenance: false}}", false),
            ("{if: false, uses: anchore/sbom-action@v0}", false),
            ("run: docker build .", false),
        ] {
            check_step(&BUILD_PROVENANCE, step, expected);
        }
    }
}
