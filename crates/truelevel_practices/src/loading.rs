//! Choosing, reading and parsing files, once, within limits.
//!
//! Candidates are chosen by path; only their bytes are read. What cannot be read or parsed is kept as a warning,
//! so that no detector takes it for absence.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use regex::Regex;
use truelevel_documents::{LARGEST_FILE_BYTES, Limits, Node, parse, parse_template, too_large};

use crate::manifests::is_terraform;
use crate::paths::{File, Role, ends_with, folder, is_yaml, join, name};
use crate::repository::{Elsewhere, Origin, ReadFile, Warning};
use crate::templates::without_actions;
use crate::text::Text;
use crate::{dependencies, pipelines, terraform};

/// Files of CI systems that are read in one repository.
pub const PIPELINE_FILES: usize = 1_000;
/// Files of infrastructure in YAML that are read in one repository, and text files below the same number.
pub const MANIFEST_FILES: usize = 20_000;
/// Other files (Terraform, Dockerfiles, dependency lists, dashboards) that are read in one repository.
pub const TEXT_FILES: usize = 20_000;
/// Bytes that are read of each of these groups.
const GROUP_BYTES: u64 = 64 << 20;
/// Files of other repositories that are followed from one.
const FILES_ELSEWHERE: usize = 200;
/// Rust files that are searched for a test, where no path shows one.
const RUST_FILES: usize = 200;

/// A YAML or JSON document of a file.
#[derive(Clone, Debug)]
pub(crate) struct Document {
    pub(crate) path: Arc<str>,
    pub(crate) node: Node,
}

/// A file that was relevant and could not be used whole.
#[derive(Clone, Debug)]
pub(crate) struct Unusable {
    pub(crate) path: Arc<str>,
    pub(crate) message: String,
}

/// A file of another repository that a pipeline is made of.
#[derive(Clone, Debug)]
pub(crate) struct Taken {
    pub(crate) origin: Origin,
    /// The repository as pipelines call it: `OWNER/NAME`.
    pub(crate) repository: String,
    /// The first reference that led to it, as the file writes it, version included.
    pub(crate) reference: String,
    pub(crate) text: Text,
}

/// What came of a reference to a file of another repository.
pub(crate) enum Followed {
    /// The name under which the file is kept.
    File(Arc<str>),
    /// The repository is there, the file is not.
    NoSuchFile,
    /// The repository is not at hand.
    NotAtHand,
}

pub(crate) struct Loader<'a> {
    reader: &'a dyn ReadFile,
    files: &'a [File],
    parsed: BTreeMap<Arc<str>, Vec<Node>>,
    pub(crate) texts: BTreeMap<Arc<str>, Text>,
    /// By `OWNER/NAME:PATH`.
    pub(crate) taken: BTreeMap<Arc<str>, Taken>,
    pub(crate) warnings: Vec<Warning>,
    pub(crate) unusable: Vec<Unusable>,
    failed: BTreeSet<Arc<str>>,
}

impl<'a> Loader<'a> {
    pub(crate) fn new(reader: &'a dyn ReadFile, files: &'a [File]) -> Self {
        Self {
            reader,
            files,
            parsed: BTreeMap::new(),
            texts: BTreeMap::new(),
            taken: BTreeMap::new(),
            warnings: Vec::new(),
            unusable: Vec::new(),
            failed: BTreeSet::new(),
        }
    }

    /// The file of the tree at a path.
    pub(crate) fn file(&self, path: &str) -> Option<&'a File> {
        self.files.binary_search_by(|file| (*file.path).cmp(path)).ok().map(|index| &self.files[index])
    }

    pub(crate) fn files(&self) -> &'a [File] {
        self.files
    }

    /// Takes a file of another repository, which a forge calls `OWNER/NAME`, among the files that can be read.
    /// `reference` is what led to it.
    pub(crate) fn take(&mut self, repository: &str, path: &str, reference: &str) -> Followed {
        let name: Arc<str> = format!("{repository}:{path}").into();
        if self.taken.contains_key(&name) {
            return Followed::File(name);
        }
        if self.taken.len() >= FILES_ELSEWHERE || self.file(&name).is_some() {
            return Followed::NotAtHand;
        }
        match self.reader.elsewhere(repository, path) {
            Elsewhere::NotAtHand => Followed::NotAtHand,
            Elsewhere::NoSuchFile => Followed::NoSuchFile,
            Elsewhere::File { content, .. } if content.len() as u64 > LARGEST_FILE_BYTES => Followed::NotAtHand,
            Elsewhere::File { origin, content } => {
                let (repository, reference) = (repository.to_owned(), reference.to_owned());
                let taken = Taken { origin, repository, reference, text: Text::new(&content) };
                self.taken.insert(name.clone(), taken);
                Followed::File(name)
            }
        }
    }

    /// The one repository at hand that is a library of Jenkins with this step.
    pub(crate) fn library_with(&self, step: &str) -> Option<String> {
        self.reader.library_with(step)
    }

    /// Where a file comes from that is of another repository.
    pub(crate) fn taken(&self, path: &str) -> Option<&Taken> {
        self.taken.get(path)
    }

    /// The file that a pipeline file names by a path of its own repository; relative to its own folder, unless the path
    /// begins with `/`.
    pub(crate) fn beside(&mut self, caller: &str, path: &str) -> Option<Arc<str>> {
        let Some(Taken { origin, repository, reference, .. }) = self.taken.get(caller) else {
            return Some(resolve(self, folder(caller), path)?.path.clone());
        };
        let (path, repository, reference) = (join(folder(&origin.path), path)?, repository.clone(), reference.clone());
        match self.take(&repository, &path, &reference) {
            Followed::File(name) => Some(name),
            Followed::NoSuchFile | Followed::NotAtHand => None,
        }
    }

    /// The content of a file, read once; `None` when it does not exist or cannot be read.
    pub(crate) fn text(&mut self, path: &str) -> Option<Text> {
        let known = self.texts.get(path).or_else(|| self.taken.get(path).map(|taken| &taken.text));
        if let Some(text) = known {
            return Some(text.clone());
        }
        let text = self.read(self.file(path)?)?;
        self.texts.insert(path.into(), text.clone());
        Some(text)
    }

    /// The documents of a YAML file, parsed once; `None` when it does not exist or holds nothing that can be read.
    pub(crate) fn documents(&mut self, path: &str) -> Option<Vec<Node>> {
        if let Some(nodes) = self.parsed.get(path) {
            return Some(nodes.clone());
        }
        let text = self.text(path)?;
        let path: Arc<str> = path.into();
        let nodes = self.parse(&path, text.as_str(), false);
        self.parsed.insert(path, nodes.clone());
        (!nodes.is_empty()).then_some(nodes)
    }

    /// The bytes of a file, where that can be told.
    pub(crate) fn size(&self, file: &File) -> Option<u64> {
        self.reader.size(&file.path)
    }

    /// Notes a problem of a file that keeps its detectors from saying "absent".
    pub(crate) fn problem(&mut self, path: &Arc<str>, line: u32, column: u32, message: String) {
        self.unusable.push(Unusable { path: path.clone(), message: message.clone() });
        if self.taken.contains_key(path) {
            // What is wrong in another repository is told where that one is looked at.
            return;
        }
        self.warnings.push(Warning { path: path.to_string(), line, column, message });
    }

    /// Notes something of a file that is as it should be, and keeps its detectors from saying "absent" all the same.
    pub(crate) fn hides(&mut self, path: &Arc<str>, message: String) {
        self.unusable.push(Unusable { path: path.clone(), message });
    }

    /// The content of a file that only adds to what is known: one that is too large or cannot be read hides nothing.
    pub(crate) fn if_small(&self, file: &File, most_bytes: u64) -> Option<Text> {
        let is_small = |bytes: u64| bytes <= most_bytes;
        let may_be = self.reader.size(&file.path).is_none_or(is_small);
        let bytes = may_be.then(|| self.reader.read(&file.path).ok()).flatten()?;
        is_small(bytes.len() as u64).then(|| Text::new(&bytes))
    }

    fn read(&mut self, file: &File) -> Option<Text> {
        if self.failed.contains(&file.path) {
            return None;
        }
        let message = match self.reader.size(&file.path) {
            Some(bytes) if bytes > LARGEST_FILE_BYTES => too_large(bytes),
            _ => match self.reader.read(&file.path) {
                Ok(bytes) if bytes.len() as u64 > LARGEST_FILE_BYTES => too_large(bytes.len() as u64),
                Ok(bytes) => return Some(Text::new(&bytes)),
                Err(reason) => format!("cannot be read: {reason}; see that the repository is whole, as by `git fsck`"),
            },
        };
        self.failed.insert(file.path.clone());
        self.problem(&file.path, 0, 0, message);
        None
    }

    fn parse(&mut self, path: &Arc<str>, text: &str, is_template: bool) -> Vec<Node> {
        let read = if is_template { parse_template } else { parse };
        let mut parsed = read(text.as_bytes(), Limits::default());
        if parsed.is_cut && !is_template && (text.contains("{{") || text.contains("{%")) {
            let second = parse_template(without_actions(text, &[]).as_bytes(), Limits::default());
            if !second.is_cut || second.documents.len() > parsed.documents.len() {
                parsed = second;
            }
        }
        for problem in std::mem::take(&mut parsed.problems) {
            self.problem(path, problem.line, problem.column, problem.message);
        }
        parsed.documents
    }

    /// The first `limit` of the chosen files, by rank and path; says what was left out.
    fn choose(&mut self, mut chosen: Vec<(u8, &'a File)>, limit: usize, what: &str) -> Vec<&'a File> {
        chosen.sort_by(|(a, x), (b, y)| a.cmp(b).then_with(|| x.path.cmp(&y.path)));
        let total = chosen.len();
        let mut bytes = 0;
        let mut kept: Vec<_> = chosen
            .into_iter()
            .map(|(_, file)| file)
            .take(limit)
            .take_while(|file| {
                bytes += self.reader.size(&file.path).unwrap_or(0).min(LARGEST_FILE_BYTES);
                bytes <= GROUP_BYTES
            })
            .collect();
        if kept.len() < total {
            let message = format!(
                "{} of {total} {what} were read, the likeliest ones; the others were not looked at",
                kept.len()
            );
            self.warnings.push(Warning { path: String::new(), line: 0, column: 0, message });
        }
        kept.sort_by(|a, b| a.path.cmp(&b.path));
        kept
    }

    /// The files of CI systems.
    pub(crate) fn pipeline_files(&mut self) -> Vec<&'a File> {
        let chosen =
            self.files.iter().filter(|file| matches!(file.role, Role::Own) && pipelines::system(&file.path).is_some());
        self.choose(chosen.map(|file| (0, file)).collect(), PIPELINE_FILES, "pipeline files")
    }

    /// Reads the infrastructure files; answers their documents and whether all candidates were read.
    pub(crate) fn manifests(&mut self) -> (Vec<Document>, bool) {
        let charts: BTreeSet<&str> =
            self.files.iter().filter(|file| name(&file.path) == "Chart.yaml").map(|file| folder(&file.path)).collect();
        let candidates: Vec<_> =
            self.files.iter().filter(|file| is_manifest_path(file)).map(|file| (rank(&file.path), file)).collect();
        let total = candidates.len();
        let chosen = self.choose(candidates, MANIFEST_FILES, "YAML files");
        let complete = chosen.len() == total;
        let mut values: BTreeMap<&str, Vec<Node>> = BTreeMap::new();
        for file in
            chosen.iter().filter(|file| name(&file.path).starts_with("values") && charts.contains(folder(&file.path)))
        {
            if let Some(nodes) = self.documents(&file.path) {
                values.entry(folder(&file.path)).or_default().extend(nodes);
            }
        }
        let mut documents = Vec::new();
        for file in chosen {
            let nodes = match chart_of(&file.path, &charts) {
                Some(chart) => self.template(file, values.get(chart).map_or(&[], Vec::as_slice)),
                None => self.manifest(file),
            };
            for node in nodes {
                embedded(&node, self.texts.get(&file.path), &file.path, &mut documents);
                patches(&node, self.texts.get(&file.path), &file.path, &mut documents, 0);
                documents.push(Document { path: file.path.clone(), node });
            }
        }
        (documents, complete)
    }

    fn manifest(&mut self, file: &File) -> Vec<Node> {
        if let Some(nodes) = self.parsed.get(&file.path) {
            return nodes.clone();
        }
        let Some(text) = self.read(file) else { return Vec::new() };
        if !is_well_known(&file.path) && !INTERESTING.is_match(text.as_str()) {
            return Vec::new();
        }
        // Templates of everything else are called so, too.
        if file.path.ends_with(".template") && !text.as_str().contains("AWS::") {
            return Vec::new();
        }
        let nodes = self.parse(&file.path, text.as_str(), false);
        self.texts.insert(file.path.clone(), text);
        nodes
    }

    fn template(&mut self, file: &File, values: &[Node]) -> Vec<Node> {
        let Some(text) = self.read(file) else { return Vec::new() };
        if !INTERESTING.is_match(text.as_str()) {
            return Vec::new();
        }
        let plain = without_actions(text.as_str(), &values.iter().collect::<Vec<_>>());
        let nodes = self.parse(&file.path, &plain, true);
        self.texts.insert(file.path.clone(), text);
        nodes
    }

    /// Reads the other files that detectors look into; answers the paths that were too many.
    pub(crate) fn other_texts(&mut self) -> Vec<Arc<str>> {
        let candidates: Vec<_> =
            self.files.iter().filter(|file| is_text_path(file)).map(|file| (rank(&file.path), file)).collect();
        let all: BTreeSet<_> = candidates.iter().map(|(_, file)| file.path.clone()).collect();
        let chosen = self.choose(candidates, TEXT_FILES, "Terraform, build and dependency files");
        let mut left_out = all;
        for file in chosen {
            left_out.remove(&file.path);
            if !self.texts.contains_key(&file.path)
                && let Some(text) = self.read(file)
            {
                let text = if is_terraform(&file.path) { self.terraform(&file.path, text) } else { text };
                self.texts.insert(file.path.clone(), text);
            }
        }
        left_out.into_iter().collect()
    }

    /// Terraform without what declares nothing.
    fn terraform(&mut self, path: &Arc<str>, text: Text) -> Text {
        let read = terraform::read(text.as_str());
        if let Some((line, column, message)) = read.problem {
            self.problem(path, line, column, message);
        }
        Text::from(read.declared)
    }

    /// Keeps the first Rust file that holds a unit test: only its content shows it.
    pub(crate) fn rust_test(&mut self) {
        let sources = self.files.iter().filter(|file| file.role == Role::Own && file.path.ends_with(".rs"));
        for file in sources.take(RUST_FILES) {
            if let Some(text) = self.read(file)
                && text.as_str().contains("#[test]")
            {
                self.texts.insert(file.path.clone(), text);
                return;
            }
        }
    }
}

/// Words of which a YAML file must hold one to be parsed; a cheap look that spares most files of data.
static INTERESTING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        r"apiVersion|AWSTemplateFormatVersion|AWS::|alert:|receivers:|scrape_configs|slos:|objective|Probe|[hH]ealth_?[cC]heck|replica|[aA]utoscaling|syncPolicy|exporters:|OTEL_|x-cortex-tag|schema-version|chaos|escalation|steady-state|podDisruptionBudget|endpoints:|customPlaybooks|pipelines:|DD_PROFILING_ENABLED",
    )
    .expect("the pattern is valid")
});

fn is_manifest_path(file: &File) -> bool {
    file.role == Role::Own
        && (is_yaml(&file.path) || is_cloud_formation(&file.path))
        && pipelines::system(&file.path).is_none()
        && !is_lock(name(&file.path))
}

/// Templates of CloudFormation that are no YAML by their name, and JSON files where such templates are kept.
fn is_cloud_formation(path: &str) -> bool {
    let lower = path.to_ascii_lowercase();
    let is_place =
        ["cloudformation", "cloud-formation", "cfn", "template", "stack"].iter().any(|it| lower.contains(it));
    lower.ends_with(".template") || (lower.ends_with(".json") && is_place)
}

/// Lock files and such are large and declare nothing that a detector reads in them.
fn is_lock(name: &str) -> bool {
    matches!(
        name,
        "pnpm-lock.yaml"
            | "pubspec.lock"
            | "mkdocs.yml"
            | "mkdocs.yaml"
            | "openapi.yaml"
            | "openapi.yml"
            | "swagger.yaml"
    )
}

/// Files that are parsed whatever words they hold.
fn is_well_known(path: &str) -> bool {
    let name = name(path);
    name.starts_with("values")
        || name.starts_with("docker-compose")
        || name.starts_with("compose.")
        || matches!(
            name.trim_end_matches(".yaml").trim_end_matches(".yml"),
            ".pre-commit-config"
                | "catalog-info"
                | "codecov"
                | ".codecov"
                | "compass"
                | "cortex"
                | "dependabot"
                | "entity.datadog"
                | "opslevel"
                | "port"
                | "service.datadog"
                | "kustomization"
                | "Chart"
                | "Pulumi"
                | "serverless"
                | "score"
        )
}

/// Terraform, build files, dependency lists and what else is looked into as text.
fn is_text_path(file: &File) -> bool {
    let path = &*file.path;
    let name = name(path);
    if dependencies::is_manifest(name) && matches!(file.role, Role::Own | Role::Test) {
        return true;
    }
    if name == "CODEOWNERS" || crate::shared::is_template_record(path) {
        return true;
    }
    if file.role != Role::Own {
        return false;
    }
    let lower = path.to_ascii_lowercase();
    if name.trim_start_matches('.').starts_with("goreleaser.") || path == "render.yaml" {
        return true;
    }
    ends_with(name, &[".tf", ".tofu", ".bicep", ".nomad", ".hcl"])
        || name.starts_with("Dockerfile")
        || name.starts_with("Jenkinsfile")
        || ends_with(name, &[".dockerfile"])
        || matches!(
            name,
            ".coveragerc"
                | "tox.ini"
                | "setup.cfg"
                | "pytest.ini"
                | ".nycrc"
                | ".nycrc.json"
                | "fly.toml"
                | "renovate.json"
                | "renovate.json5"
                | ".renovaterc"
                | ".renovaterc.json"
                | ".renovaterc.json5"
                | "Makefile"
                | "justfile"
                | "sonar-project.properties"
                | ".simplecov"
                | ".mergify.yml"
                | "nextest.toml"
        )
        || (name.starts_with("jest.config.")
            || name.starts_with("playwright.config.")
            || name.starts_with("vitest.config.")
            || name.starts_with("vite.config."))
        || (name.ends_with(".json")
            && (lower.contains("dashboard")
                || lower.contains("grafana")
                || lower.contains("chaos")
                || lower.contains("experiment")))
        || ends_with(name, &[".jsonnet", ".libsonnet"])
        || name == "appspec.yml"
}

/// Likely files first: 0 names a tool or an environment, 1 is near the root, 2 the rest.
fn rank(path: &str) -> u8 {
    static WORDS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(
            r"(?i)argo|flux|helm|chart|k8s|kube|kustom|deploy|infra|manifest|cluster|env|prod|prometheus|alert|monitor|grafana|dashboard|slo|chaos|rollout|canary|backup|oncall|terraform|otel|catalog|dependabot|renovate|package\.json|Dockerfile",
        )
        .expect("the pattern is valid")
    });
    match () {
        () if WORDS.is_match(path) => 0,
        () if path.matches('/').count() <= 1 => 1,
        () => 2,
    }
}

/// The chart whose template this file is.
fn chart_of<'p>(path: &'p str, charts: &BTreeSet<&str>) -> Option<&'p str> {
    let at = path.find("/templates/").map(|at| &path[..at]).or_else(|| path.starts_with("templates/").then_some(""))?;
    charts.contains(at).then_some(at)
}

/// Adds the YAML that config maps carry as text, such as alert rules, at its own lines.
fn embedded(node: &Node, text: Option<&Text>, path: &Arc<str>, documents: &mut Vec<Document>) {
    let carries = matches!(node.get("kind").and_then(Node::text), Some("ConfigMap" | "Secret"));
    let entries = ["data", "stringData"].into_iter().filter_map(|key| node.get(key)).flat_map(Node::entries);
    for entry in entries.filter(|_| carries) {
        let Some(content) = entry.value.text().filter(|content| INTERESTING.is_match(content)) else { continue };
        let (Some(file), true) = (text, entry.key.text().is_some_and(is_yaml)) else { continue };
        let Some((line, column)) = file.find_from(entry.key.line + 1, content) else { continue };
        for mut inner in parse(content.as_bytes(), Limits::default()).documents {
            shift(&mut inner, line - 1, column - 1);
            documents.push(Document { path: path.clone(), node: inner });
        }
    }
}

/// Adds the YAML that patches of Kustomize and Flux carry as text, patches inside patches too.
fn patches(node: &Node, text: Option<&Text>, path: &Arc<str>, documents: &mut Vec<Document>, depth: usize) {
    let Some(file) = text.filter(|_| depth < PATCH_DEPTH) else { return };
    let lists = [node.get("patches"), node.at(["spec", "patches"])];
    for patch in lists.into_iter().flatten().flat_map(Node::items).filter_map(|item| item.get("patch")) {
        let Some(content) = patch.text().filter(|content| content.contains("kind:")) else { continue };
        let Some((line, column)) = file.find_from(patch.line, content) else { continue };
        for mut inner in parse(content.as_bytes(), Limits::default()).documents {
            shift(&mut inner, line - 1, column - 1);
            patches(&inner, text, path, documents, depth + 1);
            documents.push(Document { path: path.clone(), node: inner });
        }
    }
}

/// Patches inside patches are followed as far as people write them.
const PATCH_DEPTH: usize = 3;

fn shift(node: &mut Node, lines: u32, columns: u32) {
    node.line += lines;
    node.column += columns;
    match &mut node.value {
        truelevel_documents::Value::Scalar { .. } => {}
        truelevel_documents::Value::Sequence(items) => items.iter_mut().for_each(|item| shift(item, lines, columns)),
        truelevel_documents::Value::Mapping(entries) => {
            for entry in entries {
                shift(&mut entry.key, lines, columns);
                shift(&mut entry.value, lines, columns);
            }
        }
    }
}

/// A path that a pipeline file names, relative to a folder, as a file of the tree.
pub(crate) fn resolve<'a>(loader: &Loader<'a>, folder: &str, path: &str) -> Option<&'a File> {
    loader.file(&join(folder, path)?)
}
