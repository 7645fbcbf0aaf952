use crate::Practice;
use crate::findings::Findings;
use crate::paths::{Role, ends_with, folder, name};
use crate::repository::{Candidates, Repository};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// Dependencies are locked
    ///
    /// Every list of dependencies has a lock file beside it or above it, so that a build of the same commit takes the
    /// same versions: npm, pnpm, yarn, bun, Cargo, Go, Poetry, uv, PDM, Pipenv, pip with `==`, Bundler, Composer, Mix.
    /// One list without a lock is enough to miss it; the lists without one are named. Maven, Gradle and NuGet write
    /// exact versions into the list itself and are not asked for a lock file.
    pub(super) static DEPENDENCIES_LOCKED: Practice = {
        id: "dependencies_locked",
        subject: "build",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(PACKAGE_DEPENDENCIES = r#""(?:dependencies|devDependencies)"\s*:\s*\{\s*(?:"|$)"#);
super::pattern!(CARGO_DEPENDENCIES = r"^\[(?:workspace\.|target\..*)?(?:dev-|build-)?dependencies[\].]");
super::pattern!(GO_REQUIRE = r"^require\b");
super::pattern!(PYTHON_DEPENDENCIES = r"^\[tool\.poetry(?:\..*)?\.?dependencies\]|^dependencies\s*=|^\[project\.optional-dependencies\]|^\[dependency-groups\]");
super::pattern!(ANYTHING = r"\S");
super::pattern!(UNPINNED = r"^[A-Za-z][^#;@]*$");

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    let mut missing = Vec::new();
    let mut has_list = false;
    for (path, text) in repository.texts().filter(|(path, _)| Role::of(path) == Role::Own) {
        let (pattern, locks): (_, &[&str]) = match name(path) {
            "package.json" => {
                (&PACKAGE_DEPENDENCIES, &["package-lock.json", "npm-shrinkwrap.json", "pnpm-lock.yaml", "yarn.lock", "bun.lock", "bun.lockb"])
            }
            "Cargo.toml" => (&CARGO_DEPENDENCIES, &["Cargo.lock"]),
            "go.mod" => (&GO_REQUIRE, &["go.sum"]),
            "pyproject.toml" => (&PYTHON_DEPENDENCIES, &["poetry.lock", "uv.lock", "pdm.lock", "pylock.toml", "Pipfile.lock", "requirements.txt"]),
            "Pipfile" => (&ANYTHING, &["Pipfile.lock"]),
            "Gemfile" => (&ANYTHING, &["Gemfile.lock"]),
            "composer.json" => (&ANYTHING, &["composer.lock"]),
            "mix.exs" => (&ANYTHING, &["mix.lock"]),
            _ => continue,
        };
        if !text.lines().any(|(_, line)| pattern.is_match(line)) {
            continue;
        }
        has_list = true;
        match lock(repository, path, locks) {
            Some(lock) => findings.file(&lock),
            None => missing.push(format!("a lock file for {path}")),
        }
    }
    for (path, text) in repository.texts().filter(|(path, _)| is_requirements(path)) {
        has_list = true;
        let loose = text.lines().find(|(_, line)| UNPINNED.is_match(line.trim()) && !line.contains("==") && !line.trim_start().starts_with('-'));
        match loose {
            None => findings.file(path),
            Some((number, line)) => missing.push(format!("an exact version in {path}:{number} ({})", line.trim())),
        }
    }
    for path in repository.own_paths().filter(|path| matches!(name(path), "gradle.lockfile" | "packages.lock.json" | ".terraform.lock.hcl")) {
        findings.file(path);
        has_list = true;
    }
    if !missing.is_empty() {
        return Detection::Absent { looked_at: missing };
    }
    let reason = "no list of dependencies that calls for a lock file";
    findings.conclude_if(has_list, reason, &["package-lock.json", "Cargo.lock", "go.sum"], &[Candidates::Paths(|path| crate::dependencies::is_manifest(name(path)))])
}

fn is_requirements(path: &str) -> bool {
    Role::of(path) == Role::Own && name(path).starts_with("requirements") && ends_with(path, &[".txt"])
}

/// The lock file in the folder of a list, or in one above it: workspaces have one for all.
fn lock(repository: &Repository, path: &str, locks: &[&str]) -> Option<String> {
    let mut folder = folder(path);
    loop {
        let found = locks.iter().map(|lock| if folder.is_empty() { (*lock).to_owned() } else { format!("{folder}/{lock}") }).find(|lock| repository.has(lock));
        if found.is_some() || folder.is_empty() {
            return found;
        }
        folder = crate::paths::folder(folder);
    }
}

#[cfg(test)]
mod tests {
    use super::DEPENDENCIES_LOCKED;
    use crate::test_support::check;

    const CARGO: &str = "[dependencies]\nserde = \"1\"\n";

    #[test]
    fn a_lock_file_above_locks_a_workspace() {
        check(&DEPENDENCIES_LOCKED, &[("a/Cargo.toml", CARGO), ("Cargo.lock", "")], &["Cargo.lock"]);
        check(&DEPENDENCIES_LOCKED, &[("requirements.txt", "# all\nflask==3.0.0\n")], &["requirements.txt"]);
    }

    #[test]
    fn one_list_without_a_lock_is_named() {
        check(&DEPENDENCIES_LOCKED, &[("Cargo.toml", CARGO), ("Cargo.lock", ""), ("web/package.json", "{\"dependencies\": {\"a\": \"^1\"}}")], &["absent"]);
        check(&DEPENDENCIES_LOCKED, &[("requirements.txt", "flask>=3\n")], &["absent"]);
    }

    #[test]
    fn without_dependencies_there_is_nothing_to_lock() {
        check(&DEPENDENCIES_LOCKED, &[("package.json", "{\"name\": \"a\"}"), ("go.mod", "module a\n")], &["not applicable"]);
    }
}
