use crate::findings::Findings;
use crate::paths::name;
use crate::pipelines::FeatureKind;
use crate::repository::{Candidates, Repository};
use crate::{Practice, detectors::PIPELINES};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// What is inside an artifact is listed
    ///
    /// A pipeline writes a software bill of materials of what it builds: Syft, CycloneDX, SPDX, Trivy, cdxgen, image
    /// builds with `sbom: true`, reports of GitLab, packagers that write one. With it, whether a new weakness
    /// concerns a service is a question of minutes.
    pub(super) static SBOM_GENERATED: Practice = {
        id: "sbom_generated",
        subject: "build",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(RUN = r"(?:^|[\s;&|(/])(?:syft\b|cdxgen\b|cyclonedx(?:-\w+)*\b|cargo (?:cyclonedx|sbom)\b|spdx-sbom-generator\b|sbom-tool generate|trivy\b.*(?:cyclonedx|spdx)|docker sbom\b|docker scout sbom|docker buildx build\b.*--sbom\b|ko build\b.*--sbom|bom generate\b|(?:mvn|mvnw)\b.*cyclonedx|(?:gradle|gradlew)\b.*(?:cyclonedx|spdx)|dotnet CycloneDX|apko\b.*--sbom)");
super::pattern!(USES = r"(?i)^(?:anchore/sbom-action|cyclonedx/|microsoft/sbom-action|advanced-security/(?:spdx|maven-dependency|component-detection)|spdx/|actions/attest-sbom|aquasecurity/trivy-action|docker/(?:build-push-action|bake-action)|CycloneDX\w*@\d|ManifestGeneratorTask@\d)");
super::pattern!(LISTED = r"(?im)^(?:anchore/sbom-action|cyclonedx/|microsoft/sbom-action|advanced-security/|spdx/|actions/attest-sbom|CycloneDX|ManifestGeneratorTask)|^sbom:\s*(?:true|generator)|^format:\s*['\x22]?(?:cyclonedx|spdx)");
super::pattern!(PACKAGER = r"^(?:goreleaser/goreleaser-action)");
super::pattern!(PACKAGER_RUN = r"(?:^|[\s;&|(/])goreleaser (?:release|build)\b");
super::pattern!(SBOMS = r"^sboms:");

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    findings.steps(Some(&RUN), None, |_, _| true);
    findings.steps(None, Some(&USES), |_, found| LISTED.is_match(&found.command));
    for (_, job) in repository.jobs() {
        if let Some(report) = job.feature(&FeatureKind::Report("cyclonedx".into())) {
            findings.place(&report.place);
        }
    }
    if repository.jobs().any(|(_, job)| job.does(&PACKAGER_RUN, &PACKAGER)) {
        findings.lines(|path| name(path).trim_start_matches('.').starts_with("goreleaser."), &SBOMS);
    }
    findings.conclude(PIPELINES, &[Candidates::Pipelines])
}

#[cfg(test)]
mod tests {
    use super::SBOM_GENERATED;
    use crate::test_support::check_step;

    #[test]
    fn writing_a_bill_of_materials_counts() {
        check_step(&SBOM_GENERATED, "run: syft dir:. -o spdx-json", true);
        check_step(&SBOM_GENERATED, "uses: anchore/sbom-action@v0", true);
        check_step(&SBOM_GENERATED, "{uses: docker/build-push-action@v6, with: {push: true, sbom: true}}", true);
        check_step(&SBOM_GENERATED, "{uses: docker/build-push-action@v6, with: {push: true}}", false);
        check_step(&SBOM_GENERATED, "{uses: aquasecurity/trivy-action@0.30.0, with: {image-ref: a}}", false);
    }
}
