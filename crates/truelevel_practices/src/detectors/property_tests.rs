use crate::findings::Findings;
use crate::paths::{Role, name};
use crate::repository::{Candidates, Repository};
use crate::{Practice, dependencies};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Tests look for inputs that nobody thought of
    ///
    /// Property-based testing or fuzzing is set up: proptest, quickcheck, Hypothesis, fast-check, jqwik, FsCheck,
    /// rapid, StreamData; a `fuzz/` folder of cargo-fuzz, ClusterFuzzLite, OSS-Fuzz, Jazzer, or a fuzzing command in CI.
    pub(super) static PROPERTY_TESTS: Practice = {
        id: "property_tests",
        subject: "test",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(
    DEPENDENCY = r#"^\s*(?:proptest|quickcheck|bolero|arbtest)(?:-derive|_macros)?\s*=|["']?\bhypothesis\b|"(?:fast-check|@fast-check/\w+|jsverify|@jazzer\.js/core|testcheck)"|net\.jqwik|com\.pholser|io\.kotest:kotest-property|scalacheck|FsCheck|CsCheck|pgregory\.net/rapid|leanovate/gopter|google/gofuzz|:stream_data|:propcheck|gem ['"]rantly|com\.code-intelligence|eris/|giorgiosironi/eris|\bhedgehog\b|QuickCheck|libfuzzer-sys"#
);
super::pattern!(RUN = r"(?:^|[\s;&|(/])(?:cargo\b.*\s(?:fuzz|hfuzz|afl) |go test\b.*-fuzz[= ]|go-fuzz(?:-build)?\s|gitlab-cov-fuzz |\./gitlab-cov-fuzz |atheris|jazzer\b|honggfuzz|afl-fuzz|schemathesis\b|clusterfuzz|make\b.*\bfuzz\w*)");
super::pattern!(USES = r"(?i)^(?:google/oss-fuzz/|google/clusterfuzzlite/)");

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    findings.dependencies(&DEPENDENCY);
    findings.steps(Some(&RUN), Some(&USES), |_, _| true);
    for path in repository.paths() {
        let is_target = path.contains("fuzz/fuzz_targets/") || path.starts_with(".clusterfuzzlite/") || name(path).ends_with("_fuzz_test.go") || name(path) == "fuzz_test.go";
        if is_target {
            findings.file(path);
        }
    }
    // Go keeps the inputs that a fuzz target found beside the tests.
    for path in repository.every_path() {
        if let Some((before, _)) = path.split_once("testdata/fuzz/Fuzz")
            && matches!(Role::of(before), Role::Own | Role::Test)
        {
            findings.file(path);
        }
    }
    let list = |path: &str| dependencies::is_manifest(name(path));
    findings.conclude(&["dependency lists", "fuzz/fuzz_targets/*", ".clusterfuzzlite/*", "*_fuzz_test.go", "testdata/fuzz/Fuzz*", "CI commands"], &[Candidates::Paths(list), Candidates::Pipelines])
}

#[cfg(test)]
mod tests {
    use super::PROPERTY_TESTS;
    use crate::test_support::{check, check_step};

    #[test]
    fn libraries_targets_and_commands_count() {
        check(&PROPERTY_TESTS, &[("Cargo.toml", "[dev-dependencies]\nproptest = \"1\"\n")], &["Cargo.toml:2:1"]);
        check(&PROPERTY_TESTS, &[("fuzz/fuzz_targets/parse.rs", "")], &["fuzz/fuzz_targets/parse.rs"]);
        check_step(&PROPERTY_TESTS, "run: go test -fuzz=FuzzParse ./...", true);
    }

    #[test]
    fn a_comment_or_another_word_does_not() {
        check(&PROPERTY_TESTS, &[("Cargo.toml", "# proptest = \"1\"\nserde = \"1\"\n")], &["absent"]);
        check_step(&PROPERTY_TESTS, "run: go test ./...", false);
    }
}
