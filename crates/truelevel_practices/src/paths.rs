//! What a path says about a file, without reading it.

use std::sync::{Arc, LazyLock};

use regex::Regex;

/// A file of the tree.
#[derive(Clone, Debug)]
pub(crate) struct File {
    pub(crate) path: Arc<str>,
    pub(crate) role: Role,
}

/// Which claims a file can support.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Part of what the repository is.
    Own,
    /// A test or what tests need: shows that tests exist, not how the service is run.
    Test,
    /// Documentation: shows runbooks and post-mortems, not how the service is run.
    Documentation,
    /// Examples, vendored code, fixtures and templates of other repositories: shows nothing.
    SetAside,
}

const SET_ASIDE: [&str; 25] = [
    "__fixtures__",
    "__snapshots__",
    "archetype-resources",
    "bower_components",
    "cookiecutter",
    "example",
    "examples",
    "external",
    "fixture",
    "fixtures",
    "node_modules",
    "sample",
    "samples",
    "scaffold",
    "scaffolds",
    "site-packages",
    "skeleton",
    "skeletons",
    "template",
    "test-data",
    "test_data",
    "testdata",
    "third_party",
    "third-party",
    "vendor",
];
const TESTS: [&str; 8] = ["__tests__", "e2e", "integration-tests", "spec", "test", "testing", "tests", "unittests"];
const DOCUMENTATION: [&str; 6] = ["doc", "docs", "documentation", "man", "site", "website"];

impl Role {
    pub(crate) fn of(path: &str) -> Self {
        let folders =
            || path.rsplit_once('/').map_or("", |(folders, _)| folders).split('/').map(str::to_ascii_lowercase);
        if folders()
            .any(|folder| SET_ASIDE.contains(&folder.as_str()) || folder.contains("{{") || folder == "third party")
        {
            return Self::SetAside;
        }
        if folders().any(|folder| DOCUMENTATION.contains(&folder.as_str())) {
            return Self::Documentation;
        }
        // `test` is also the name of an environment: under a folder of environments it is no test.
        let of_environments = |folder: &str| {
            matches!(
                folder,
                "clusters" | "cluster" | "environments" | "environment" | "envs" | "env" | "overlays" | "stages"
            )
        };
        let mut above = String::new();
        for folder in folders() {
            if TESTS.contains(&folder.as_str()) && !of_environments(&above) {
                return Self::Test;
            }
            above = folder;
        }
        Self::Own
    }
}

/// The last part of a path.
pub(crate) fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// The folder of a path, empty for the root.
pub(crate) fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Whether a path ends like one of these, whatever the case.
pub(crate) fn ends_with(path: &str, endings: &[&str]) -> bool {
    endings.iter().any(|ending| {
        path.len() >= ending.len()
            && path.is_char_boundary(path.len() - ending.len())
            && path[path.len() - ending.len()..].eq_ignore_ascii_case(ending)
    })
}

/// Whether the path is of YAML.
pub(crate) fn is_yaml(path: &str) -> bool {
    ends_with(path, &[".yaml", ".yml"])
}

/// Joins a path written in a file of `folder` to that folder; `None` when it leaves the tree.
pub(crate) fn join(folder: &str, path: &str) -> Option<String> {
    let mut parts: Vec<&str> = if path.starts_with('/') { Vec::new() } else { folder.split('/').collect() };
    parts.retain(|part| !part.is_empty());
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Whether a glob as CI systems write them for branches and paths matches: `*` stays within a part, `**` does not.
pub(crate) fn glob(pattern: &str, text: &str) -> bool {
    // Every star multiplies the ways to match; a pattern of more is none that a person wrote.
    const STAR_LIMIT: usize = 8;
    pattern.matches('*').count() <= STAR_LIMIT && matches_glob(pattern, text)
}

fn matches_glob(pattern: &str, text: &str) -> bool {
    let Some(star) = pattern.find(['*', '?']) else { return pattern == text };
    let (head, rest) = pattern.split_at(star);
    let Some(text) = text.strip_prefix(head) else { return false };
    if let Some(after) = rest.strip_prefix("**") {
        // `a/**/b` also matches `a/b`.
        let bare = after.strip_prefix('/').filter(|_| head.is_empty() || head.ends_with('/'));
        return bare.is_some_and(|bare| matches_glob(bare, text))
            || text.char_indices().map(|(at, _)| at).chain([text.len()]).any(|at| matches_glob(after, &text[at..]));
    }
    let after = &rest[1..];
    if rest.starts_with('?') {
        let mut characters = text.chars();
        return characters.next().is_some() && matches_glob(after, characters.as_str());
    }
    let end = text.find('/').unwrap_or(text.len());
    text[..end].char_indices().map(|(at, _)| at).chain([end]).any(|at| matches_glob(after, &text[at..]))
}

/// Whether a page tells of something of a certain time: its name, or that of its folder, has a month or a quarter, and it is
/// nothing to fill in or to follow.
pub(crate) fn is_dated_page(path: &str) -> bool {
    static DATED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)(?:^|\D)20\d\d[-_.]?(?:0[1-9]|1[0-2]|q[1-4])(?:[^/]*/)?[^/]*$").expect("the pattern is valid")
    });
    static BLANK: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)template|readme|index|process|guide|how[-_ ]?to|policy|checklist|example|agenda")
            .expect("the pattern is valid")
    });
    let is_page = ends_with(path, &[".md", ".mdx", ".rst", ".adoc", ".txt", ".org", ".qmd"]);
    is_page && DATED.is_match(path) && !BLANK.is_match(name(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_decide_what_a_file_can_show() {
        for (path, role) in [
            ("src/main.rs", Role::Own),
            ("charts/app/templates/pdb.yaml", Role::Own),
            ("examples/a/k8s.yaml", Role::SetAside),
            ("a/Vendor/b/c.go", Role::SetAside),
            ("{{cookiecutter.name}}/ci.yml", Role::SetAside),
            ("tests/k8s/app.yaml", Role::Test),
            ("environments/test/app.yaml", Role::Own),
            ("docs/alerts.yaml", Role::Documentation),
            ("test.yaml", Role::Own),
        ] {
            assert_eq!(Role::of(path), role, "{path}");
        }
    }

    #[test]
    fn globs_match_as_branch_filters_do() {
        for (pattern, text, expected) in [
            ("main", "main", true),
            ("main", "maintenance", false),
            ("*", "feature/a", false),
            ("**", "feature/a", true),
            ("releases/**", "releases/1/2", true),
            ("ma*", "master", true),
            ("v?", "v1", true),
            ("a/**/b", "a/b", true),
            ("**/*.yml", "x.yml", true),
        ] {
            assert_eq!(glob(pattern, text), expected, "{pattern} {text}");
        }
    }

    #[test]
    fn a_joined_path_never_leaves_the_tree() {
        assert_eq!(join("a/b", "../c.yml").as_deref(), Some("a/c.yml"));
        assert_eq!(join("a", "/c.yml").as_deref(), Some("c.yml"));
        assert_eq!(join("a", "../../c"), None);
    }
}
