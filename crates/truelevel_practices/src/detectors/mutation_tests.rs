use crate::dependencies::is_manifest;
use crate::findings::Findings;
use crate::paths::name;
use crate::repository::{Candidates, Repository};
use crate::{Practice, detectors::PIPELINES};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// The tests are tested
    ///
    /// Mutation testing changes the code on purpose and sees whether a test notices: Stryker, cargo-mutants, PIT,
    /// mutmut, Cosmic Ray, Infection, Mutant, Gremlins. It tells tests that check from tests that only run.
    pub(super) static MUTATION_TESTS: Practice = {
        id: "mutation_tests",
        subject: "test",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(DEPENDENCY = r#"(?i)"@stryker-mutator/|pitest|info\.solidsoft\.pitest|\bmutmut\b|cosmic[-_]ray|infection/infection|gem ['"]mutant|stryker4s|dotnet-stryker|go-mutesting"#);
super::pattern!(RUN = r"(?:^|[\s;&|(/])(?:cargo mutants\b|(?:npx |dotnet )?stryker\b|mutmut run\b|cosmic-ray exec\b|infection\b|(?:bundle exec )?mutant run\b|gremlins unleash\b|go-mutesting\b|(?:mvn|mvnw|gradle|gradlew)\b.*\bpit(?:est|mutation))");
super::pattern!(FILES = r"(?i)(?:^|/)(?:stryker(?:-config)?\.(?:conf|config|json)(?:\.\w+)?|stryker-config\.json|\.stryker-config\.json|\.cargo/mutants\.toml|infection\.json5?(?:\.dist)?|\.gremlins\.ya?ml|\.mutant\.yml|\.stryker-tmp)$");

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    findings.dependencies(&DEPENDENCY);
    findings.steps(Some(&RUN), None, |_, _| true);
    for path in repository.own_paths().filter(|path| FILES.is_match(path)) {
        findings.file(path);
    }
    let mut looked_at = vec!["dependency lists", "stryker.conf.*, .cargo/mutants.toml, infection.json"];
    looked_at.extend(PIPELINES);
    findings.conclude(&looked_at, &[Candidates::Pipelines, Candidates::Paths(|path| is_manifest(name(path)))])
}

#[cfg(test)]
mod tests {
    use super::MUTATION_TESTS;
    use crate::test_support::{check, check_step};

    #[test]
    fn tools_that_change_the_code_count() {
        check(&MUTATION_TESTS, &[("stryker.conf.json", "{}")], &["stryker.conf.json"]);
        check(&MUTATION_TESTS, &[("pom.xml", "<artifactId>pitest-maven</artifactId>\n")], &["pom.xml:1:13"]);
        check_step(&MUTATION_TESTS, "run: cargo mutants --in-diff x", true);
        check_step(&MUTATION_TESTS, "run: cargo install cargo-mutants", false);
    }
}
