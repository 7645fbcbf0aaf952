//! What a repository takes from elsewhere by reference, with the version that it names: what golden paths are made of.

use std::collections::BTreeSet;
use std::sync::LazyLock;

use regex::Regex;

use crate::manifests::terraform_blocks;
use crate::paths::name;
use crate::pipelines::{Action, System};
use crate::repository::Repository;
use crate::text::{Place, Text};

/// What is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SharedKind {
    /// A single step of a pipeline: an action or task.
    Action,
    /// What an image is built on.
    BaseImage,
    /// A library or step of a build server's own, as Jenkins has them.
    Library,
    /// A module of infrastructure code.
    Module,
    /// The template that the repository was made from.
    Template,
    /// A pipeline, job, component, orb or plugin.
    Workflow,
}

impl SharedKind {
    /// As people say it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Action => "action",
            Self::BaseImage => "base image",
            Self::Library => "library",
            Self::Module => "module",
            Self::Template => "template",
            Self::Workflow => "workflow",
        }
    }
}

/// Something taken from elsewhere.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SharedUse {
    /// What it is.
    pub kind: SharedKind,
    /// Its name, without the version.
    pub name: String,
    /// The version, as the file writes it; absent where it names none.
    pub version: Option<String>,
}

static MODULE: LazyLock<Regex> = LazyLock::new(|| pattern(r#"^\s*module\s+""#));
static SOURCE: LazyLock<Regex> = LazyLock::new(|| pattern(r#"^\s*source\s*=\s*"([^"]+)""#));
static VERSION: LazyLock<Regex> = LazyLock::new(|| pattern(r#"^\s*version\s*=\s*"([^"]+)""#));
static FROM: LazyLock<Regex> =
    LazyLock::new(|| pattern(r"(?i)^\s*FROM\s+(?:--platform=\S+\s+)?(\S+)(?:\s+AS\s+(\S+))?\s*$"));
static ARGUMENT: LazyLock<Regex> = LazyLock::new(|| pattern(r"^\s*ARG\s+(\w+)=(\S+)\s*$"));
static ANSWER: LazyLock<Regex> =
    LazyLock::new(|| pattern(r#"^\s*"?(_src_path|_commit|template|commit)"?\s*:\s*"?([^",\s]+)"?\s*,?\s*$"#));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("the pattern is valid")
}

/// Everything that a repository takes from elsewhere by reference, each once, in a fixed order.
pub fn shared_uses(repository: &Repository) -> Vec<SharedUse> {
    let mut found = BTreeSet::new();
    // What is taken takes from elsewhere itself; that is its own repository's doing.
    let is_here = |place: &Place| repository.taken(&place.path).is_none();
    for pipeline in repository.pipelines() {
        found.extend(pipeline.shared.iter().filter(|shared| is_here(&shared.place)).map(|shared| {
            let is_library = pipeline.system == System::Jenkins && !shared.reference.contains('/');
            named(if is_library { SharedKind::Library } else { SharedKind::Workflow }, &shared.reference)
        }));
        let steps = pipeline.active_jobs().flat_map(|job| job.active_steps());
        for step in steps.filter(|step| is_here(&step.place)) {
            if let Action::Uses { reference, .. } = &step.action
                && !reference.starts_with('.')
            {
                let used = named(SharedKind::Action, reference);
                // A job that calls a shared workflow is no step of its own.
                if !found.contains(&SharedUse { kind: SharedKind::Workflow, ..used.clone() }) {
                    found.insert(used);
                }
            }
        }
    }
    for (_, block) in terraform_blocks(repository, &MODULE) {
        let first = |wanted: &Regex| block.lines.iter().find_map(|(_, line)| capture(wanted, line));
        let Some(source) = first(&SOURCE).filter(|source| !source.starts_with('.')) else { continue };
        let (source, reference) = match source.split_once("?ref=") {
            Some((source, reference)) => (source.to_owned(), Some(reference.to_owned())),
            None => (source, None),
        };
        let version = reference.or_else(|| first(&VERSION));
        found.insert(SharedUse { kind: SharedKind::Module, name: plain_source(&source), version });
    }
    for (path, text) in repository.texts() {
        if name(path).starts_with("Dockerfile") {
            found.extend(base_images(text));
        }
        if is_template_record(path) {
            found.extend(template(text));
        }
    }
    found.into_iter().collect()
}

/// Whether a file can say what a repository takes from elsewhere.
pub fn matters(path: &str) -> bool {
    crate::pipelines::system(path).is_some()
        || path.starts_with(".github/")
        || crate::manifests::is_terraform(path)
        || name(path).starts_with("Dockerfile")
        || is_template_record(path)
}

/// Files in which a repository remembers its template.
pub(crate) fn is_template_record(path: &str) -> bool {
    matches!(path, ".copier-answers.yml" | ".copier-answers.yaml" | ".cruft.json")
}

fn capture(pattern: &Regex, line: &str) -> Option<String> {
    Some(pattern.captures(line)?.get(1)?.as_str().to_owned())
}

/// A reference whose version follows `@` or `#`.
fn named(kind: SharedKind, reference: &str) -> SharedUse {
    let (name, version) = match reference.rsplit_once(['@', '#']) {
        Some((name, version)) if !name.is_empty() && !version.is_empty() => (name, Some(version.to_owned())),
        _ => (reference, None),
    };
    SharedUse { kind, name: name.to_owned(), version }
}

/// A module's address without what differs between ways to fetch it.
fn plain_source(source: &str) -> String {
    let source = source.trim_start_matches("git::").trim_start_matches("https://").trim_start_matches("ssh://");
    let source = source.trim_start_matches("git@").replacen("github.com:", "github.com/", 1);
    source.replacen(".git//", "//", 1).trim_end_matches(".git").to_owned()
}

/// The images that a Dockerfile builds on; stages of its own are none, and what only a build argument names is not known.
fn base_images(text: &Text) -> Vec<SharedUse> {
    let mut arguments: Vec<(String, String)> = Vec::new();
    let mut stages: BTreeSet<String> = BTreeSet::new();
    let mut found = Vec::new();
    for (_, line) in text.lines() {
        if let Some(captures) = ARGUMENT.captures(line) {
            arguments.push((captures[1].to_owned(), captures[2].trim_matches('"').to_owned()));
        }
        let Some(captures) = FROM.captures(line) else { continue };
        let mut image = captures[1].to_owned();
        for (name, value) in &arguments {
            image = image.replace(&format!("${{{name}}}"), value).replace(&format!("${name}"), value);
        }
        if !image.contains('$') && image != "scratch" && !stages.contains(&image.to_lowercase()) {
            found.push(image_use(&image));
        }
        if let Some(stage) = captures.get(2) {
            stages.insert(stage.as_str().to_lowercase());
        }
    }
    found
}

fn image_use(image: &str) -> SharedUse {
    let (image, digest) = image.split_once('@').map_or((image, None), |(image, digest)| (image, Some(digest)));
    // A colon before the last slash is that of a port.
    let at = image.rfind(':').filter(|at| image.rfind('/').is_none_or(|slash| slash < *at));
    let (name, tag) = at.map_or((image, None), |at| (&image[..at], Some(&image[at + 1..])));
    SharedUse { kind: SharedKind::BaseImage, name: name.to_owned(), version: tag.or(digest).map(str::to_owned) }
}

fn template(text: &Text) -> Option<SharedUse> {
    let (mut name, mut version) = (None, None);
    for captures in text.lines().filter_map(|(_, line)| ANSWER.captures(line)) {
        let value = captures[2].trim_matches('\'').to_owned();
        let known = if captures[1].ends_with("commit") { &mut version } else { &mut name };
        known.get_or_insert(value);
    }
    let name = name.filter(|name| !name.starts_with('.'))?;
    Some(SharedUse { kind: SharedKind::Template, name: plain_source(name.trim_start_matches("gh:")), version })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::repository;

    fn check(files: &[(&str, &str)], expected: &[(&str, &str, Option<&str>)]) {
        let found = shared_uses(&repository(files));
        let found: Vec<_> =
            found.iter().map(|used| (used.kind.as_str(), used.name.as_str(), used.version.as_deref())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_pipelines_take_is_named_without_its_version() {
        let workflow = "on: push\njobs:\n  a:\n    uses: org/ci/.github/workflows/deploy.yml@v2\n  b:\n    steps:\n      - uses: actions/checkout@v4\n      - uses: ./local\n";
        check(
            &[(".github/workflows/ci.yml", workflow)],
            &[
                ("action", "actions/checkout", Some("v4")),
                ("workflow", "org/ci/.github/workflows/deploy.yml", Some("v2")),
            ],
        );
        let include =
            "include:\n  - component: gitlab.example/org/go@1.0\n  - {project: org/ci, file: /a.yml}\na: {script: x}\n";
        check(
            &[(".gitlab-ci.yml", include)],
            &[("workflow", "gitlab.example/org/go", Some("1.0")), ("workflow", "org/ci /a.yml", None)],
        );
    }

    #[test]
    fn modules_images_and_templates_are_taken_too() {
        let module = "module \"a\" {\n  source = \"git::https://github.com/org/db.git?ref=v1\"\n}\nmodule \"b\" {\n  source = \"./b\"\n}\n";
        let docker =
            "ARG tag=3.3\nFROM registry.example:5000/base:$tag AS builder\nFROM builder\nFROM scratch\nFROM node\n";
        check(
            &[
                (".cruft.json", "{\n  \"template\": \"https://github.com/org/start\",\n  \"commit\": \"abc\",\n"),
                ("main.tf", module),
                ("Dockerfile", docker),
            ],
            &[
                ("base image", "node", None),
                ("base image", "registry.example:5000/base", Some("3.3")),
                ("module", "github.com/org/db", Some("v1")),
                ("template", "github.com/org/start", Some("abc")),
            ],
        );
    }
}
