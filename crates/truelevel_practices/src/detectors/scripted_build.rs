use crate::Practice;
use crate::findings::Findings;
use crate::paths::{ends_with, name};
use crate::repository::{Candidates, Repository};
use truelevel_model::Detection;

truelevel_model::declare! {
    /// The build is scripted
    ///
    /// A build file says how the software is built, so that any machine builds it the same way and nobody has to
    /// remember how. Found by the file: Makefile, Maven, Gradle, Cargo, Go, .NET, Bazel, CMake, Dockerfile and
    /// others; a `package.json` counts only with a `build` script.
    pub(super) static SCRIPTED_BUILD: Practice = {
        id: "scripted_build",
        subject: "build",
        detect: detect,
        in_facts: None,
    };
}

super::pattern!(BUILD_SCRIPT = r#""(?:build|compile)(?::[\w-]+)?"\s*:\s*""#);
super::pattern!(BUILD_SYSTEM = r"^\[build-system\]");

fn detect(repository: &Repository) -> Detection {
    let mut findings = Findings::new(repository);
    for path in repository.own_paths().filter(|path| is_build_file(name(path))) {
        findings.file(path);
    }
    findings.lines(|path| name(path) == "package.json", &BUILD_SCRIPT);
    findings.lines(|path| name(path) == "pyproject.toml", &BUILD_SYSTEM);
    findings.conclude(
        &["Makefile", "pom.xml", "build.gradle", "package.json scripts.build", "Cargo.toml", "go.mod", "*.csproj", "Dockerfile"],
        &[Candidates::Paths(|path| matches!(name(path), "package.json" | "pyproject.toml"))],
    )
}

fn is_build_file(name: &str) -> bool {
    matches!(
        name,
        "Makefile" | "makefile" | "GNUmakefile" | "justfile" | "Justfile" | "pom.xml" | "build.gradle" | "build.gradle.kts" | "Cargo.toml" | "go.mod"
            | "Dockerfile" | "Containerfile" | "BUILD.bazel" | "MODULE.bazel" | "WORKSPACE" | "WORKSPACE.bazel" | "CMakeLists.txt" | "meson.build"
            | "build.sbt" | "mix.exs" | "setup.py" | "build.xml" | "flake.nix" | "Earthfile" | "Rakefile" | "project.clj" | "Package.swift"
            | "build.zig" | "stack.yaml" | "Taskfile.yml" | "Taskfile.yaml" | "docker-bake.hcl" | "BUCK"
    ) || ends_with(name, &[".csproj", ".fsproj", ".vbproj", ".sln", ".cabal", ".gemspec"])
        || name.starts_with("Dockerfile.")
}

#[cfg(test)]
mod tests {
    use super::SCRIPTED_BUILD;
    use crate::test_support::check;

    #[test]
    fn build_files_count_and_a_package_needs_a_script() {
        check(&SCRIPTED_BUILD, &[("app/Makefile", "all:\n")], &["app/Makefile"]);
        check(&SCRIPTED_BUILD, &[("package.json", "{\n  \"scripts\": {\n    \"build\": \"vite build\"\n}}")], &["package.json:3:5"]);
        check(&SCRIPTED_BUILD, &[("package.json", "{\"scripts\": {\"start\": \"node\"}}")], &["absent"]);
    }

    #[test]
    fn examples_and_vendored_code_do_not_count() {
        check(&SCRIPTED_BUILD, &[("examples/a/Makefile", ""), ("vendor/b/Dockerfile", "")], &["absent"]);
    }
}
