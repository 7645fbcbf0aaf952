//! The files in which ecosystems list what code depends on, searched line by line.

use regex::Regex;

use crate::paths::{Role, ends_with, name};
use crate::repository::Repository;
use crate::text::match_column;

/// Whether a file of this name lists dependencies.
pub(crate) fn is_manifest(name: &str) -> bool {
    matches!(
        name,
        "package.json"
            | "go.mod"
            | "Cargo.toml"
            | "pom.xml"
            | "build.gradle"
            | "build.gradle.kts"
            | "libs.versions.toml"
            | "pyproject.toml"
            | "setup.py"
            | "setup.cfg"
            | "Pipfile"
            | "Gemfile"
            | "composer.json"
            | "mix.exs"
            | "Directory.Packages.props"
            | "build.sbt"
            | "pubspec.yaml"
    ) || ends_with(name, &[".csproj", ".fsproj", ".vbproj"])
        || (name.starts_with("requirements") && name.ends_with(".txt"))
}

/// A line of a dependency list.
pub(crate) struct DependencyLine<'r> {
    pub(crate) path: &'r str,
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) text: &'r str,
}

/// The lines of dependency lists that a pattern matches, comments aside; one per file.
pub(crate) fn matching<'r>(repository: &'r Repository, pattern: &'r Regex) -> impl Iterator<Item = DependencyLine<'r>> {
    let lists = repository
        .texts()
        .filter(|(path, _)| is_manifest(name(path)) && matches!(Role::of(path), Role::Own | Role::Test));
    lists.filter_map(move |(path, text)| {
        text.lines().filter(|(_, line)| !is_comment(line)).find_map(|(number, line)| {
            let found = pattern.find(line)?;
            Some(DependencyLine { path, line: number, column: match_column(line, found), text: line })
        })
    })
}

fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    ["#", "//", "<!--", "--", ";"].iter().any(|mark| line.starts_with(mark)) || line.ends_with("// indirect")
}
