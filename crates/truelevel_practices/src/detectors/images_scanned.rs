use crate::findings::Findings;
use crate::pipelines::FeatureKind;
use crate::repository::{Candidates, Repository};
use crate::{Practice, detectors::PIPELINES};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Container images are scanned for known weaknesses
    ///
    /// What is shipped is looked at as it is shipped, base image included: Trivy, Grype, Snyk Container, Docker
    /// Scout, Clair, Anchore, Wiz, Prisma Cloud, GitLab container scanning in CI, or a registry that scans what is
    /// pushed. Scanning only the source code does not count.
    pub(super) static IMAGES_SCANNED: Practice = {
        id: "images_scanned",
        subject: "security",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(RUN = r"(?:^|[\s;&|(/])(?:trivy\b.*\s(?:image|i)\s|grype\b|snyk container (?:test|monitor)|docker scout (?:cves|quickview)|clair(?:ctl|-scanner)\b|anchore-cli\b|dockle\b|wizcli docker scan|twistcli images scan|aws ecr (?:start-image-scan|wait image-scan)|gcloud artifacts docker images scan|lacework vuln-scanner|xrayctl|jf docker scan)");
super::pattern!(USES = r"(?i)^(?:anchore/scan-action|snyk/actions/docker|docker/scout-action|azure/container-scan|phonito/|lacework/lw-scanner-action|palo-?alto-?networks/prisma-cloud-scan|wizsecurity/|aquasecurity/trivy-action|trivy@\d|ecr-scan|aws-ecr/scan)");
super::pattern!(OTHER_MODE = r"(?im)^scan-type:\s*['\x22]?(?:fs|config|repo|sbom|rootfs)");
super::pattern!(TERRAFORM = r"^\s*scan_on_push\s*=\s*true");

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    findings.steps(Some(&RUN), None, |job, _| job.occasions.is_automatic());
    findings.steps(None, Some(&USES), |job, found| job.occasions.is_automatic() && !OTHER_MODE.is_match(&found.command));
    findings.shipped(&["container-scanning"]);
    for (_, job) in repository.jobs() {
        if let Some(report) = job.feature(&FeatureKind::Report("container_scanning".into())) {
            findings.place(&report.place);
        }
    }
    findings.lines(crate::manifests::is_terraform, &TERRAFORM);
    let mut looked_at = vec!["scan_on_push in *.tf"];
    looked_at.extend(PIPELINES);
    findings.conclude(&looked_at, &[Candidates::Pipelines, Candidates::Terraform])
}

#[cfg(test)]
mod tests {
    use super::IMAGES_SCANNED;
    use crate::test_support::{check, check_step};

    #[test]
    fn scanning_the_image_counts_and_scanning_the_source_does_not() {
        check_step(&IMAGES_SCANNED, "run: trivy --quiet image app:1", true);
        check_step(&IMAGES_SCANNED, "run: trivy fs .", false);
        check_step(&IMAGES_SCANNED, "{uses: aquasecurity/trivy-action@0.30.0, with: {image-ref: app}}", true);
        check_step(&IMAGES_SCANNED, "{uses: aquasecurity/trivy-action@0.30.0, with: {scan-type: fs}}", false);
        let repository = |scan: bool| format!("resource \"aws_ecr_repository\" \"a\" {{\n  image_scanning_configuration {{\n    scan_on_push = {scan}\n  }}\n}}\n");
        check(&IMAGES_SCANNED, &[("a.tf", &repository(true))], &["a.tf:3:5"]);
        check(&IMAGES_SCANNED, &[("a.tf", &repository(false))], &["absent"]);
    }
}
