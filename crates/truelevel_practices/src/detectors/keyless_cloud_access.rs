use crate::findings::Findings;
use crate::pipelines::{FeatureKind, System};
use crate::repository::{Candidates, Repository};
use crate::{Practice, detectors::PIPELINES};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Pipelines reach the cloud without stored keys
    ///
    /// A job proves who it is by a short-lived token that its CI system signs, and the cloud trusts that: workload
    /// identity of Google, roles of AWS, federated credentials of Azure, identity tokens of GitLab and Vault. A key
    /// that is stored beside it can leak, and is not seen by files.
    pub(super) static KEYLESS_CLOUD_ACCESS: Practice = {
        id: "keyless_cloud_access",
        subject: "security",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(USES = r"(?i)google-github-actions/auth|aws-actions/configure-aws-credentials|azure/login|hashicorp/vault-action|aws-assume-role-with-web-identity|gcp-workload-identity-federation|aws-cli/(?:setup|assume_role_with_web_identity)|gcp-cli/setup|step-security/wait-for-secrets|jfrog/setup-jfrog-cli|octo-sts/action|setup-build-and-push");
super::pattern!(FEDERATED = r"(?im)^(?:workload_identity_provider|workload-identity-provider|role-to-assume|role-arn|role_arn|oidc-provider-name):\s*\S|^aws-assume-role-with-web-identity|^gcp-workload-identity|^azure/login@\S+\n(?:.*\n)*client-id:|^method: jwt|^octo-sts/");
super::pattern!(STORED = r"(?im)^(?:aws-access-key-id|credentials_json|creds):\s*\S");
super::pattern!(RUN = r"assume-role-with-web-identity|iam workload-identity-pools create-cred-config|az login\b.*--federated-token|vault write \S*auth/jwt\S*/login");

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    let is_federated = |command: &str| FEDERATED.is_match(command) && (command.contains("workload_identity_provider") || !STORED.is_match(command));
    findings.steps(Some(&RUN), None, |_, _| true);
    findings.steps(None, Some(&USES), |_, found| is_federated(&found.command));
    for (pipeline, job) in repository.jobs() {
        if let Some(token) = job.feature(&FeatureKind::IdentityToken).filter(|_| pipeline.system == System::GitLabCi) {
            findings.place(&token.place);
        }
    }
    findings.conclude(PIPELINES, &[Candidates::Pipelines])
}

#[cfg(test)]
mod tests {
    use super::KEYLESS_CLOUD_ACCESS;
    use crate::test_support::check_step;

    #[test]
    fn federated_identity_counts_and_stored_keys_do_not() {
        check_step(&KEYLESS_CLOUD_ACCESS, "{uses: aws-actions/configure-aws-credentials@v4, with: {role-to-assume: 'arn:aws:iam::1:role/a'}}", true);
        check_step(&KEYLESS_CLOUD_ACCESS, "{uses: aws-actions/configure-aws-credentials@v4, with: {aws-access-key-id: x, role-to-assume: y}}", false);
        check_step(&KEYLESS_CLOUD_ACCESS, "{uses: google-github-actions/auth@v2, with: {workload_identity_provider: p}}", true);
        check_step(&KEYLESS_CLOUD_ACCESS, "{uses: google-github-actions/auth@v2, with: {credentials_json: k}}", false);
    }
}
