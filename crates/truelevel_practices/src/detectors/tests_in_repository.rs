use crate::Practice;
use crate::findings::Findings;
use crate::paths::{Role, ends_with, folder, name};
use crate::repository::{Candidates, Repository};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// The repository holds automated tests
    ///
    /// Files named as the test frameworks of their language name them: `*_test.go`, `test_*.py`, `*.spec.ts`,
    /// `src/test/java`, `tests/*.rs`, `*Tests.cs`, `*_spec.rb` and others. In Rust a `#[test]` inside the code counts.
    pub(super) static TESTS_IN_REPOSITORY: Practice = {
        id: "tests_in_repository",
        subject: "test",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(UNIT_TEST = r"#\[test\]");

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for path in repository.paths().filter(|path| is_test_file(path)) {
        findings.file(path);
    }
    findings.lines(|path| path.ends_with(".rs"), &UNIT_TEST);
    findings.conclude(
        &["**/*_test.go", "**/test_*.py", "**/*.{spec,test}.{js,ts}", "src/test/**", "tests/*.rs", "#[test]", "**/*Tests.cs", "spec/**/*_spec.rb"],
        &[Candidates::Paths(|path| path.ends_with(".rs"))],
    )
}

/// Whether a path is that of a test.
pub(crate) fn is_test_file(path: &str) -> bool {
    if Role::of(path) == Role::SetAside {
        return false;
    }
    let name = name(path);
    let stem = name.split('.').next().unwrap_or_default();
    let in_folder = |part: &str| format!("/{}/", folder(path)).contains(part);
    let script = ["js", "jsx", "ts", "tsx", "mjs", "cjs", "mts", "vue"];
    let is_script_test = |kind: &str| script.iter().any(|ending| name.ends_with(&format!(".{kind}.{ending}")));
    match () {
        () if is_script_test("test") || is_script_test("spec") || is_script_test("cy") => true,
        () if name.ends_with(".py") => name.starts_with("test_") || name.ends_with("_test.py"),
        () if name.ends_with(".rs") => in_folder("/tests/") || matches!(name, "tests.rs" | "test.rs") || name.ends_with("_test.rs") || name.ends_with("_tests.rs"),
        () if ends_with(name, &[".java", ".kt", ".scala", ".groovy"]) => {
            (in_folder("/src/test/") || in_folder("/test/") || in_folder("/src/it/")) && ["Test", "Tests", "Spec", "IT", "TestCase", "Suite"].iter().any(|end| stem.ends_with(end))
                || stem.ends_with("Test") || stem.ends_with("Spec") && in_folder("est/")
        }
        () if ends_with(name, &[".cs", ".fs", ".vb"]) => stem.ends_with("Tests") || stem.ends_with("Test"),
        () if name.ends_with(".swift") => stem.ends_with("Tests"),
        () if name.ends_with(".php") => stem.ends_with("Test") || stem.ends_with("Cest"),
        () if ends_with(name, &[".cc", ".cpp", ".cxx", ".c"]) => {
            ["_test", "_unittest", "_tests"].iter().any(|end| stem.ends_with(end)) || stem.starts_with("test_") || stem.starts_with("test-")
        }
        () if ends_with(name, &[".js", ".ts", ".jsx", ".tsx"]) => in_folder("/__tests__/"),
        () => {
            name.ends_with("_test.go")
                || ["_spec.rb", "_test.rb", "_test.exs", "_test.dart", "_test.clj", "_test.ml", "_test.erl", ".bats", ".feature", "_test.hs", "Spec.hs", "_test.yaml.snap"]
                    .iter()
                    .any(|ending| name.ends_with(ending))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{TESTS_IN_REPOSITORY, is_test_file};
    use crate::test_support::check;

    #[test]
    fn tests_are_known_by_the_names_of_their_frameworks() {
        for (path, expected) in [
            ("a/b_test.go", true),
            ("tests/test_a.py", true),
            ("web/a.spec.tsx", true),
            ("src/test/java/a/OrderTest.java", true),
            ("tests/api.rs", true),
            ("Shop.Tests/OrderTests.cs", true),
            ("spec/models/a_spec.rb", true),
            ("src/latest.go", false),
            ("src/contest.py", false),
            ("vendor/a/b_test.go", false),
        ] {
            assert_eq!(is_test_file(path), expected, "{path}");
        }
    }

    #[test]
    fn a_rust_unit_test_counts_where_it_stands() {
        check(&TESTS_IN_REPOSITORY, &[("src/lib.rs", "mod tests {\n    #[test]\n    fn a() {}\n}\n")], &["src/lib.rs:2:5"]);
        check(&TESTS_IN_REPOSITORY, &[("src/lib.rs", "fn a() {}\n")], &["absent"]);
        check(&TESTS_IN_REPOSITORY, &[("a_test.go", "")], &["a_test.go"]);
    }
}
