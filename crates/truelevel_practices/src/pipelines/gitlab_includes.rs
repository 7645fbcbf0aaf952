//! What a pipeline of GitLab CI includes: files of this project and of others that are at hand, components, and the
//! inputs that they are given.

use std::collections::BTreeSet;
use std::sync::{Arc, LazyLock};

use regex::Regex;
use truelevel_documents::Node;
use truelevel_documents::placeholders::Placeholders;

use super::given_values::{LIMIT_BYTES, Values, value_of};
use super::{Pipeline, Shared, texts};
use crate::loading::{Followed, Loader};
use crate::paths::{File, glob};
use crate::text::Place;

/// Files that one pipeline may be made of.
const INCLUDE_LIMIT: usize = 150;

/// The files of a pipeline while they are gathered.
struct Layers {
    /// Files with the inputs that they were given: one that is given others is another one.
    seen: BTreeSet<(Arc<str>, String)>,
    kept: Vec<(Arc<str>, Node)>,
    /// What inputs may still bring, in bytes.
    room: usize,
}

/// The files that a pipeline is made of, from its root file on; a later one overrides an earlier one.
pub(super) fn layers(loader: &mut Loader<'_>, root: &Arc<str>, pipeline: &mut Pipeline) -> Vec<(Arc<str>, Node)> {
    let mut layers = Layers { seen: BTreeSet::new(), kept: Vec::new(), room: LIMIT_BYTES };
    layers.collect(loader, root, &Values::new(), pipeline);
    layers.kept
}

impl Layers {
    /// Adds the layers of a file that is given these inputs: what it includes first, then itself.
    fn collect(&mut self, loader: &mut Loader<'_>, path: &Arc<str>, given: &Values, pipeline: &mut Pipeline) {
        if self.seen.len() >= INCLUDE_LIMIT || !self.seen.insert((path.clone(), format!("{given:?}"))) {
            return;
        }
        let Some(documents) = loader.documents(path) else { return };
        let Some(root) = configuration(documents, given, &mut self.room) else { return };
        for include in root.get("include").map_or(&[][..], Node::one_or_many) {
            let place = Place::of(path, include);
            let named = |key: &str| include.get(key).and_then(Node::text);
            let bare = Some(include).filter(|node| node.entries().is_empty()).and_then(Node::text);
            let files = match named("local").or(bare) {
                Some(remote) if remote.contains("://") => {
                    pipeline.shared.push(Shared { reference: remote.to_owned(), place, holds_jobs: true });
                    continue;
                }
                Some(local) => included(loader, path, local, &place),
                None => included_elsewhere(loader, include, &place, pipeline),
            };
            let inputs = include.get("inputs").map_or(&[][..], Node::entries).iter();
            let inputs = inputs.filter_map(|entry| Some((entry.key.text()?.to_owned(), entry.value.clone()))).collect();
            for file in files {
                if file != pipeline.path {
                    pipeline.includes.insert(file.clone());
                }
                self.collect(loader, &file, &inputs, pipeline);
            }
        }
        self.kept.push((path.clone(), root));
    }
}

/// The configuration that a file holds, with the inputs filled in that its header declares: as they are given, or else
/// their defaults.
fn configuration(documents: Vec<Node>, given: &Values, room: &mut usize) -> Option<Node> {
    static INPUT: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\$\[\[\s*inputs\.(?P<name>[\w-]+)\s*(?:\|\s*(?:expand_vars|posix_escape)\s*)*\]\]")
            .expect("the pattern is valid")
    });
    let header = documents.first().and_then(|header| header.at(["spec", "inputs"])).cloned();
    let mut root = documents.into_iter().rfind(|node| !node.entries().is_empty())?;
    if let Some(declared) = header {
        let value = |name: &str, of: &Node| value_of(given, name).or_else(|| of.get("default")).cloned();
        let values = declared.entries().iter().filter_map(|entry| {
            let name = entry.key.text()?;
            Some((name.to_owned(), value(name, &entry.value)?))
        });
        let values: Values = values.collect();
        let value_of = |name: &str| value_of(&values, name);
        Placeholders { pattern: &INPUT, value_of: &value_of, keeps_lines: false }.fill(&mut root, room);
    }
    Some(root)
}

/// The files of the project of `caller` that an include names; one that leads nowhere is noted.
fn included(loader: &mut Loader<'_>, caller: &Arc<str>, local: &str, place: &Place) -> Vec<Arc<str>> {
    let pattern = local.trim_start_matches('/');
    let files: Vec<Arc<str>> = if loader.taken.contains_key(caller) {
        loader.beside(caller, &format!("/{pattern}")).into_iter().collect()
    } else {
        let is_meant = |file: &&File| *file.path == *pattern || (pattern.contains('*') && glob(pattern, &file.path));
        loader.files().iter().filter(is_meant).map(|file| file.path.clone()).collect()
    };
    if files.is_empty() {
        let message =
            format!("`{local}` is included, and the repository holds no such file; correct the path, or add the file");
        loader.problem(caller, place.line, place.column, message);
    }
    files
}

/// Notes what an include takes from elsewhere; answers the files of another project that is at hand.
fn included_elsewhere(
    loader: &mut Loader<'_>,
    include: &Node,
    place: &Place,
    pipeline: &mut Pipeline,
) -> Vec<Arc<str>> {
    let named = |key: &str| include.get(key).and_then(Node::text);
    let version = named("ref").map_or_else(String::new, |version| format!("@{version}"));
    let mut files = Vec::new();
    // What GitLab itself ships holds what its name says.
    for (key, holds_jobs) in [("project", true), ("component", true), ("remote", true), ("template", false)] {
        let Some(name) = named(key) else { continue };
        let paths = if key == "project" { texts(include.get("file")) } else { Vec::new() };
        let reference = std::iter::once(name.to_owned()).chain(paths.iter().cloned()).collect::<Vec<_>>().join(" ");
        let reference = format!("{reference}{version}");
        for path in &paths {
            match loader.take(name, path.trim_start_matches('/'), &reference) {
                Followed::File(file) => files.push(file),
                Followed::NoSuchFile => {
                    let message = format!(
                        "`{path}` is included, and {name} holds no such file at its newest commit; correct the path, or add the file"
                    );
                    loader.problem(&place.path, place.line, place.column, message);
                }
                Followed::NotAtHand => {}
            }
        }
        let mut is_followed = !paths.is_empty() && files.len() == paths.len();
        if key == "component" {
            let file = component(loader, &reference, place);
            is_followed = file.is_some();
            files.extend(file);
            if is_own(name) {
                continue;
            }
        }
        pipeline.shared.push(Shared { reference, place: place.clone(), holds_jobs: holds_jobs && !is_followed });
    }
    files
}

/// Whether a component is of the project whose pipeline it becomes part of.
fn is_own(component: &str) -> bool {
    component.contains("/$CI_PROJECT_PATH/") || component.contains("/${CI_PROJECT_PATH}/")
}

/// The file of a component, `HOST/PROJECT/NAME@VERSION`, where its project is at hand or is this one.
fn component(loader: &mut Loader<'_>, reference: &str, place: &Place) -> Option<Arc<str>> {
    let address = reference.split_once('@').map_or(reference, |(address, _)| address);
    let (project, name) = address.split_once('/')?.1.rsplit_once('/')?;
    for path in [format!("templates/{name}.yml"), format!("templates/{name}/template.yml")] {
        if is_own(reference) {
            if let Some(file) = loader.file(&path) {
                return Some(file.path.clone());
            }
            continue;
        }
        match loader.take(project, &path, reference) {
            Followed::File(file) => return Some(file),
            Followed::NotAtHand => return None,
            Followed::NoSuchFile => {}
        }
    }
    let whose = if is_own(reference) { "the repository" } else { project };
    let message = format!(
        "the component `{name}` is included, and {whose} holds no such one in `templates`; correct the name, or add the file"
    );
    loader.problem(&place.path, place.line, place.column, message);
    None
}

#[cfg(test)]
mod tests {
    use crate::pipelines::{Action, Occasion};
    use crate::test_support::{repository, repository_beside};

    #[test]
    fn includes_of_another_project_that_is_at_hand_are_followed() {
        let root = "include: [{project: org/ci, file: [/a.yml, lost.yml], ref: v1}]\nunit: {extends: .base}\n";
        let repository = repository_beside(
            &[(".gitlab-ci.yml", root)],
            &[("org/ci:a.yml", "include: /b.yml\n"), ("org/ci:b.yml", ".base: {script: [cargo test]}\n")],
        );
        let pipeline = &repository.pipelines()[0];
        assert_eq!(&*pipeline.job("unit").unwrap().steps[0].place.path, "org/ci:b.yml");
        assert!(pipeline.shared[0].holds_jobs, "one of the two files is not there");
        let [warning] = repository.warnings() else { panic!("{:?}", repository.warnings()) };
        assert!(warning.message.contains("`lost.yml` is included, and org/ci holds no such file"), "{warning:?}");
    }

    #[test]
    fn components_of_another_project_that_is_at_hand_are_followed_and_given_their_inputs() {
        let root = "include:\n  - component: $CI_SERVER_FQDN/org/parts/ship@1\n    inputs: {to: production, on: [{if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH}]}\n  - component: $CI_SERVER_FQDN/org/parts/ship@1\n    inputs: {to: staging}\n  - component: gitlab.example/org/parts/lint@1\n  - component: gitlab.example/org/parts/lost@1\n  - component: gitlab.example/org/others/x@1\n";
        let ship = "spec:\n  inputs:\n    to:\n    size: {default: 2}\n    on: {default: [{when: manual}]}\n    unset:\n---\n\"ship-$[[ inputs.to ]]\":\n  environment: $[[ inputs.to | expand_vars ]]\n  rules: $[[ inputs.on ]]\n  script: [\"helm upgrade a --set n=$[[ inputs.size ]] $[[ inputs.unset ]]\"]\n";
        let repository = repository_beside(
            &[(".gitlab-ci.yml", root)],
            &[
                ("org/parts:templates/ship/template.yml", ship),
                ("org/parts:templates/lint.yml", "lint: {script: [ruff check]}\n"),
            ],
        );
        let pipeline = &repository.pipelines()[0];
        let names: Vec<_> = pipeline.jobs.iter().map(|job| job.name.as_str()).collect();
        assert_eq!(names, ["ship-production", "ship-staging", "lint"]);
        let [production, staging, _] = pipeline.jobs.as_slice() else { panic!("three jobs") };
        assert!(production.environments[0].is_production && !staging.environments[0].is_production);
        assert!(pipeline.runs_unattended(production, Occasion::DefaultBranchPush) && !production.runs_on_changes());
        assert!(!staging.manual.is_empty(), "the default of an input that is not given");
        assert_eq!(
            (&*production.steps[0].place.path, production.steps[0].place.line),
            ("org/parts:templates/ship/template.yml", 11)
        );
        assert_eq!(production.steps[0].action, Action::Run("helm upgrade a --set n=2 $[[ inputs.unset ]]".into()));
        let unseen: Vec<_> =
            pipeline.shared.iter().filter(|shared| shared.holds_jobs).map(|shared| shared.reference.as_str()).collect();
        assert_eq!(unseen, ["gitlab.example/org/parts/lost@1", "gitlab.example/org/others/x@1"]);
        let [warning] = repository.warnings() else { panic!("{:?}", repository.warnings()) };
        assert!(
            warning.message.contains("the component `lost` is included, and org/parts holds no such one"),
            "{warning:?}"
        );
    }

    #[test]
    fn a_component_of_the_project_itself_is_read() {
        let root = "include: {component: $CI_SERVER_FQDN/$CI_PROJECT_PATH/lint@$CI_COMMIT_SHA}\n";
        let repository =
            repository(&[(".gitlab-ci.yml", root), ("templates/lint.yml", "lint: {script: [ruff check]}\n")]);
        let pipeline = &repository.pipelines()[0];
        assert!(pipeline.job("lint").is_some() && pipeline.shared.is_empty());
    }

    #[test]
    fn files_that_include_themselves_with_growing_inputs_end() {
        let root = "spec: {inputs: {x: {default: abcdefghijklmnopqrstuvwxyz}}}\n---\ninclude: {local: a.yml, inputs: {x: '$[[ inputs.x ]]$[[ inputs.x ]]'}}\na: {script: ['$[[ inputs.x ]]']}\n";
        let lists = "spec: {inputs: {x: {default: [1, 2, 3]}}}\n---\ninclude: {local: a.yml, inputs: {x: ['$[[ inputs.x ]]', '$[[ inputs.x ]]']}}\na: {script: '$[[ inputs.x ]]'}\n";
        for text in [root, lists] {
            let repository = repository(&[(".gitlab-ci.yml", "include: a.yml\n"), ("a.yml", text)]);
            assert!(!repository.pipelines()[0].jobs[0].steps.is_empty());
        }
    }
}
