use crate::findings::Findings;
use crate::repository::{Candidates, Repository};
use crate::{Practice, detectors::PIPELINES};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Contracts between services are tested
    ///
    /// CI checks that an interface still is what others rely on: Pact, Spring Cloud Contract, `buf breaking`, OpenAPI
    /// or GraphQL diffs, Schemathesis, cargo-semver-checks. It is what lets a service deploy without its neighbours.
    pub(super) static CONTRACT_TESTS: Practice = {
        id: "contract_tests",
        subject: "test",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(
    RUN = r"(?:^|[\s;&|(/])(?:pact-broker (?:can-i-deploy|publish)|pact-provider-verifier|pact[-_](?:verifier|verify|test\w*)|buf breaking\b|oasdiff (?:breaking|changelog|diff)|openapi-diff\b|optic (?:diff|run)|schemathesis\b|\bst run\b|dredd\b|graphql-inspector diff|rover (?:sub)?graph check|cargo[- ]semver-checks|apidiff\b|japicmp\b|revapi\b|specmatic test|swagger-diff\b|prism\b.*--errors|[\w.:-]*contract[-_:]?tests?\b|(?:npm|pnpm|yarn)\b.*\bpact)"
);
super::pattern!(USES = r"(?i)^(?:bufbuild/buf-breaking-action|bufbuild/buf-action|pactflow/actions|pact-foundation/|oasdiff/oasdiff-action|kamilkisiela/graphql-inspector|the-guild-org/graphql-inspector|obi1kenobi/cargo-semver-checks-action|schemathesis/action|opticdev/action|joelanford/go-apidiff)");
super::pattern!(
    DEPENDENCY = r#"@pact-foundation/pact|pact-python|pact_consumer|pact_verifier|pact-go|au\.com\.dius(?:\.pact)?|spring-cloud-(?:starter-)?contract|PactNet|gem ['"]pact['"]|schemathesis|specmatic"#
);

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    findings.steps(Some(&RUN), Some(&USES), |job, _| job.occasions.is_automatic());
    findings.dependencies(&DEPENDENCY);
    let list = |path: &str| crate::dependencies::is_manifest(crate::paths::name(path));
    let mut looked_at = PIPELINES.to_vec();
    looked_at.push("dependency lists");
    findings.conclude(&looked_at, &[Candidates::Pipelines, Candidates::Starts(|job| job.does(&RUN, &USES)), Candidates::Paths(list)])
}

#[cfg(test)]
mod tests {
    use super::CONTRACT_TESTS;
    use crate::test_support::{check, check_step};

    #[test]
    fn contract_checks_count() {
        for (step, expected) in
            [("run: buf breaking --against .git", true), ("run: buf lint", false), ("run: pact-broker can-i-deploy", true), ("run: npm test", false)]
        {
            check_step(&CONTRACT_TESTS, step, expected);
        }
        check(&CONTRACT_TESTS, &[("package.json", "{\"devDependencies\": {\n\"@pact-foundation/pact\": \"12\"}}")], &["package.json:2:2"]);
        check(&CONTRACT_TESTS, &[("package.json", "{\"devDependencies\": {\"impact\": \"1\"}}")], &["absent"]);
    }
}
