//! GitLab CI: jobs of a root file and those that it includes, which may extend each other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use regex::{Captures, Regex};
use truelevel_documents::{Node, Value};

use super::gitlab_conditions::{holds, only_except};
use super::gitlab_includes;
use super::occasions::{Branches, Occasion, Occasions, Trigger};
use super::{FeatureKind, JOB_LIMIT, Job, Pipeline, Shared, Step, System};
use crate::loading::Loader;
use crate::paths::File;
use crate::text::Place;

/// Child pipelines that one pipeline may start.
const CHILD_LIMIT: usize = 150;
/// Items of one list, references followed.
const ITEM_LIMIT: usize = 2_000;
const KEYWORDS: [&str; 15] = [
    "after_script",
    "before_script",
    "cache",
    "default",
    "image",
    "include",
    "services",
    "spec",
    "stages",
    "types",
    "variables",
    "workflow",
    "pages",
    "true",
    "artifacts",
];

pub(super) fn load(loader: &mut Loader<'_>, file: &File, branches: &Branches) -> Option<Pipeline> {
    let mut pipeline = Pipeline::new(System::GitLabCi, &file.path);
    let configuration = Configuration::load(loader, file, &mut pipeline);
    if configuration.layers.is_empty() {
        return None;
    }
    configuration.add_triggers(&mut pipeline, branches);
    let children = configuration.add_jobs(&mut pipeline, branches, None);
    for (caller, path) in children.into_iter().take(CHILD_LIMIT) {
        let Some(child) = loader.file(&path) else { continue };
        let child = Configuration::load(loader, child, &mut pipeline);
        child.add_jobs(&mut pipeline, branches, Some(&caller));
    }
    Some(pipeline)
}

/// A node and the file that it stands in.
type Found<'c> = (&'c Arc<str>, &'c Node);

/// The files of a pipeline; a later layer overrides an earlier one.
struct Configuration {
    layers: Vec<(Arc<str>, Node)>,
}

impl Configuration {
    fn load(loader: &mut Loader<'_>, file: &File, pipeline: &mut Pipeline) -> Self {
        Self { layers: gitlab_includes::layers(loader, &file.path, pipeline) }
    }

    /// A key of the top level, from the layer that counts.
    fn top(&self, key: &str) -> Option<Found<'_>> {
        self.layers.iter().rev().find_map(|(path, root)| Some((path, root.get(key)?)))
    }

    /// A key of a job: its own, that of what it extends, or the default.
    fn of_job(&self, job: &str, key: &str) -> Option<Found<'_>> {
        self.own_or_extended(job, key).or_else(|| {
            let inherited = matches!(
                key,
                "before_script"
                    | "after_script"
                    | "cache"
                    | "services"
                    | "retry"
                    | "artifacts"
                    | "timeout"
                    | "id_tokens"
            );
            let default = self.layers.iter().rev().find_map(|(path, root)| Some((path, root.at(["default", key])?)));
            inherited.then(|| default.or_else(|| self.top(key))).flatten()
        })
    }

    /// A key of a job or of what it extends; the last of several bases counts first.
    fn own_or_extended(&self, job: &str, key: &str) -> Option<Found<'_>> {
        let mut seen = BTreeSet::new();
        let mut pending = vec![job];
        while let Some(job) = pending.pop() {
            if !seen.insert(job.to_owned()) {
                continue;
            }
            let own = self.layers.iter().rev().find_map(|(path, root)| Some((path, root.at([job, key])?)));
            if own.is_some() {
                return own;
            }
            if let Some(extends) = self.layers.iter().rev().find_map(|(_, root)| root.at([job, "extends"])) {
                pending.extend(extends.one_or_many().iter().filter_map(Node::text));
            }
        }
        None
    }

    /// The items of a list in which `!reference [job, key]` stands for that job's list.
    fn items<'c>(&'c self, (path, node): Found<'c>) -> Vec<Found<'c>> {
        let mut items = Vec::new();
        let mut pending: Vec<Found<'c>> = node.one_or_many().iter().rev().map(|item| (path, item)).collect();
        for _ in 0..ITEM_LIMIT {
            let Some((path, item)) = pending.pop() else { break };
            let Value::Sequence(parts) = &item.value else {
                items.push((path, item));
                continue;
            };
            let (path, list) = self.reference(parts).unwrap_or((path, item));
            pending.extend(list.one_or_many().iter().rev().map(|item| (path, item)));
        }
        items
    }

    fn reference(&self, parts: &[Node]) -> Option<Found<'_>> {
        let [job, key, rest @ ..] = parts else { return None };
        let (path, node) = self.own_or_extended(job.text()?, key.text()?)?;
        Some((path, rest.iter().filter_map(Node::text).try_fold(node, |node, key| node.get(key))?))
    }

    fn add_triggers(&self, pipeline: &mut Pipeline, branches: &Branches) {
        let place = match self.top("workflow") {
            Some((path, node)) => Place::of(path, node),
            None => Place::new(&pipeline.path, 1, 1),
        };
        let occasions = self.workflow(branches).unwrap_or(Occasions::ALL);
        let mut triggers = Vec::new();
        if occasions.contains(Occasion::ChangeProposed) {
            triggers.push(Trigger::change_proposed(place.clone()));
        }
        if occasions.contains(Occasion::DefaultBranchPush) || occasions.contains(Occasion::OtherBranchPush) {
            let any = occasions.contains(Occasion::OtherBranchPush);
            let chosen = if any { Vec::new() } else { vec!["$CI_DEFAULT_BRANCH".to_owned()] };
            triggers.push(Trigger::push(chosen, branches, place.clone()));
        }
        if occasions.contains(Occasion::Tag) {
            triggers.push(Trigger::tag(place));
        }
        pipeline.triggers = triggers;
    }

    /// The occasions of `workflow.rules`; `None` without them.
    fn workflow(&self, branches: &Branches) -> Option<Occasions> {
        let (path, workflow) = self.top("workflow")?;
        let rules = self.items((path, workflow.get("rules")?));
        Some(Occasions::when(|occasion| self.decide(&rules, occasion, branches, "on_success").is_some()))
    }

    /// What the first rule that holds says of `when` and of failures; `None` when none holds or it says never.
    fn decide<'c>(
        &self,
        rules: &[Found<'c>],
        occasion: Occasion,
        branches: &Branches,
        default: &'c str,
    ) -> Option<(&'c str, Option<&'c Node>)> {
        for (_, rule) in rules {
            let condition = rule.get("if").and_then(Node::text);
            let mut result = condition.map_or(Some(true), |text| holds(text, occasion, branches));
            if rule.get("changes").is_some() || rule.get("exists").is_some() {
                result = super::conditions::and(result, None);
            }
            let when = rule.get("when").and_then(Node::text).unwrap_or(default);
            match (result, when) {
                (Some(false), _) | (None, "never") => {}
                (Some(true), "never") => return None,
                _ => return Some((when, rule.get("allow_failure"))),
            }
        }
        None
    }

    /// Adds the jobs; answers the local child pipelines and the jobs that start them.
    fn add_jobs(&self, pipeline: &mut Pipeline, branches: &Branches, caller: Option<&Job>) -> Vec<(Job, String)> {
        let mut stages: BTreeMap<String, Vec<String>> = BTreeMap::new();
        let mut blocking: BTreeSet<String> = BTreeSet::new();
        let mut names = BTreeSet::new();
        let mut children = Vec::new();
        let first = pipeline.jobs.len();
        let entries = self.layers.iter().flat_map(|(path, root)| root.entries().iter().map(move |entry| (path, entry)));
        for (path, entry) in entries {
            let Some(name) = entry.key.text() else { continue };
            let is_job = !name.starts_with('.')
                && (!KEYWORDS.contains(&name) || name == "pages")
                && !entry.value.entries().is_empty();
            if !is_job || pipeline.jobs.len() > JOB_LIMIT || !names.insert(name.to_owned()) {
                continue;
            }
            let (mut job, blocks) = self.job(name, Place::of(path, &entry.key), branches, caller.is_some());
            if let Some(caller) = caller {
                job.occasions = job.occasions.and(caller.occasions);
                job.manual = job.manual.or(caller.manual);
            }
            if blocks {
                blocking.insert(job.name.clone());
            }
            if let Some((_, trigger)) = self.of_job(name, "trigger") {
                self.add_child(pipeline, &job, path, trigger, &mut children);
            }
            stages.entry(self.stage(name)).or_default().push(job.name.clone());
            pipeline.jobs.push(job);
        }
        let order = self.stage_order();
        for job in &mut pipeline.jobs[first..] {
            match self.of_job(&job.name, "needs") {
                Some(needs) => {
                    let named = self.items(needs);
                    job.needs = named
                        .iter()
                        .filter_map(|(_, need)| need.get("job").unwrap_or(need).text())
                        .map(str::to_owned)
                        .collect();
                }
                None => {
                    // A stage begins when all jobs of the ones before have succeeded, but for optional manual ones.
                    let stage = self.stage(&job.name);
                    let before = order.iter().take_while(|name| **name != stage);
                    let jobs = before.filter_map(|stage| stages.get(stage)).flatten();
                    job.needs = jobs.filter(|name| blocking.contains(*name)).cloned().collect();
                }
            }
        }
        children
    }

    fn add_child(
        &self,
        pipeline: &mut Pipeline,
        job: &Job,
        path: &Arc<str>,
        trigger: &Node,
        children: &mut Vec<(Job, String)>,
    ) {
        if let Some(project) = trigger.get("project").unwrap_or(trigger).text() {
            pipeline.shared.push(Shared {
                reference: project.to_owned(),
                place: Place::of(path, trigger),
                holds_jobs: true,
            });
        }
        for include in trigger.get("include").map_or(&[][..], Node::one_or_many) {
            let local = include.get("local").unwrap_or(include).text();
            if let Some(path) = local.and_then(|local| crate::paths::join("", local)) {
                children.push((job.clone(), path));
            }
        }
    }

    fn stage(&self, job: &str) -> String {
        self.of_job(job, "stage").and_then(|(_, node)| node.text()).unwrap_or("test").to_owned()
    }

    fn stage_order(&self) -> Vec<String> {
        let listed = self.top("stages").map_or(&[][..], |(_, node)| node.items());
        let mut order = vec![".pre".to_owned()];
        match listed {
            [] => order.extend(["build", "test", "deploy"].map(str::to_owned)),
            listed => order.extend(listed.iter().filter_map(Node::text).map(str::to_owned)),
        }
        order.push(".post".to_owned());
        order
    }

    /// A job, and whether later stages wait for it.
    fn job(&self, name: &str, place: Place, branches: &Branches, is_child: bool) -> (Job, bool) {
        let mut job = Job::new(name, place);
        let allow_failure = self.of_job(name, "allow_failure").map(|(_, node)| node);
        let allows = |node: &Node| node.boolean() == Some(true) || node.get("exit_codes").is_some();
        job.allow_failure = allow_failure.is_some_and(allows);
        let when = self.of_job(name, "when").and_then(|(_, node)| node.text()).unwrap_or("on_success");
        let workflow = self.workflow(branches);
        let mut optional = false;
        if let Some(rules) = self.of_job(name, "rules") {
            let rules = self.items(rules);
            let mut failures_allowed = !rules.is_empty();
            let decided = |occasion| self.decide(&rules, occasion, branches, when);
            job.occasions = Occasions::when(|occasion| decided(occasion).is_some());
            job.manual = Occasions::when(|occasion| decided(occasion).is_some_and(|(when, _)| when == "manual"));
            for occasion in Occasion::ALL {
                if let Some((_, allow)) = decided(occasion) {
                    failures_allowed &= allow.is_some_and(allows);
                    optional |= allow.is_some_and(allows);
                }
            }
            job.allow_failure |= failures_allowed && !job.occasions.is_empty();
        } else {
            let (only, except) = (self.of_job(name, "only"), self.of_job(name, "except"));
            job.occasions = match (only, except, is_child || workflow.is_some()) {
                (None, None, true) => Occasions::ALL,
                (only, except, _) => only_except(only.map(|(_, node)| node), except.map(|(_, node)| node), branches),
            };
            if when == "manual" {
                job.manual = Occasions::ALL;
                optional = allow_failure.is_none_or(|node| node.boolean() != Some(false));
            }
        }
        job.disabled = when == "never";
        job.occasions = job.occasions.and(workflow.unwrap_or(Occasions::ALL));
        job.disabled |= job.occasions.is_empty();
        let blocks = !optional || job.manual.is_empty();
        self.add_environments(&mut job);
        self.add_features(&mut job);
        for key in ["before_script", "script"] {
            for (path, item) in self.of_job(name, key).map_or_else(Vec::new, |found| self.items(found)) {
                if let Some(text) = item.text() {
                    job.steps.push(Step::run(text, Place::of(path, item)));
                }
            }
        }
        (job, blocks)
    }

    fn add_environments(&self, job: &mut Job) {
        let Some((path, node)) = self.of_job(&job.name, "environment") else { return };
        if matches!(node.get("action").and_then(Node::text), Some("stop" | "prepare" | "verify" | "access")) {
            return;
        }
        let named = node.get("name").unwrap_or(node);
        let Some(text) = named.text() else { return };
        let tier = node.get("deployment_tier").and_then(Node::text);
        for name in self.filled(&job.name, text) {
            job.uses_environment(name, Place::of(path, named));
            if let (Some(tier), Some(used)) = (tier, job.environments.last_mut()) {
                used.is_production = tier == "production";
            }
        }
    }

    /// The name with variables filled in; several where a matrix gives several.
    fn filled(&self, job: &str, text: &str) -> Vec<String> {
        static VARIABLE: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"\$\{?(\w+)\}?").expect("the pattern is valid"));
        let Some(first) = VARIABLE.captures(text) else { return vec![text.to_owned()] };
        let matrix = self.of_job(job, "parallel").and_then(|(_, node)| node.get("matrix")).map_or(&[][..], Node::items);
        let values: Vec<_> = matrix
            .iter()
            .filter_map(|row| row.get(&first[1]))
            .flat_map(Node::one_or_many)
            .filter_map(Node::text)
            .collect();
        let given = |name: &str| {
            let of_job = self.of_job(job, "variables").and_then(|(_, node)| node.get(name));
            of_job.or_else(|| self.layers.iter().rev().find_map(|(_, root)| root.at(["variables", name])))
        };
        let fill = |matrix_value: Option<&str>| {
            VARIABLE
                .replace_all(text, |found: &Captures<'_>| match matrix_value {
                    Some(value) if found[1] == first[1] => value.to_owned(),
                    _ => given(&found[1])
                        .and_then(|node| node.get("value").unwrap_or(node).text())
                        .unwrap_or(&found[0])
                        .to_owned(),
                })
                .into_owned()
        };
        if values.is_empty() { vec![fill(None)] } else { values.into_iter().map(|value| fill(Some(value))).collect() }
    }

    fn add_features(&self, job: &mut Job) {
        for (key, kind) in [
            ("cache", FeatureKind::Cache),
            ("services", FeatureKind::Services),
            ("retry", FeatureKind::Retry),
            ("timeout", FeatureKind::Timeout),
            ("id_tokens", FeatureKind::IdentityToken),
            ("resource_group", FeatureKind::OneAtATime),
            ("dependencies", FeatureKind::TakesFiles),
        ] {
            let found = self.of_job(&job.name, key).filter(|(_, node)| !node.is_null() && node.text() != Some("0"));
            if let Some((path, node)) = found.filter(|(_, node)| !node.one_or_many().is_empty()) {
                job.has(kind, Place::of(path, node));
            }
        }
        if let Some((path, artifacts)) = self.of_job(&job.name, "artifacts") {
            job.leaves(artifacts.get("paths"), path);
            for report in artifacts.get("reports").map_or(&[][..], Node::entries) {
                let kind = report.key.text().unwrap_or_default().to_owned();
                job.has(FeatureKind::Report(kind), Place::of(path, &report.key));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::repository;

    fn pipeline(files: &[(&str, &str)]) -> Pipeline {
        repository(files).pipelines().first().expect("the pipeline is read").clone()
    }

    #[test]
    fn rules_decide_when_a_job_runs_and_when_a_person_starts_it() {
        let text = "test:\n  script: make test\n  rules:\n    - if: $CI_PIPELINE_SOURCE == 'merge_request_event'\n    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH\nship:\n  stage: deploy\n  environment: production\n  script: [helm upgrade a]\n  rules:\n    - if: $CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH\n      when: manual\nnever:\n  script: x\n  rules: [{when: never}]\n";
        let pipeline = pipeline(&[(".gitlab-ci.yml", text)]);
        let test = pipeline.job("test").unwrap();
        assert_eq!(test.occasions.and(Occasions::of([Occasion::Tag, Occasion::OtherBranchPush])), Occasions::NONE);
        assert!(test.runs_on_changes());
        let ship = pipeline.job("ship").unwrap();
        assert!(ship.environments[0].is_production && !pipeline.runs_unattended(ship, Occasion::DefaultBranchPush));
        assert!(pipeline.job("never").unwrap().disabled);
    }

    #[test]
    fn a_blocking_manual_job_holds_later_stages_and_an_optional_one_does_not() {
        let text = |allow: &str| {
            format!(
                "approve:\n  stage: test\n  script: a\n  when: manual\n{allow}ship:\n  stage: deploy\n  script: helm upgrade a\n  only: [main]\n"
            )
        };
        for (allow, unattended) in [("  allow_failure: false\n", false), ("", true)] {
            let pipeline = pipeline(&[(".gitlab-ci.yml", &text(allow))]);
            let ship = pipeline.job("ship").unwrap();
            assert_eq!(pipeline.runs_unattended(ship, Occasion::DefaultBranchPush), unattended);
        }
    }

    #[test]
    fn includes_extends_references_and_anchors_are_followed() {
        let pipeline = pipeline(&[
            (
                ".gitlab-ci.yml",
                "include:\n  - local: /ci/base.yml\n  - project: org/ci\n    file: /x.yml\n    ref: v1\nunit:\n  extends: .base\n  script:\n    - !reference [.base, script]\n    - cargo test\n  variables: {ENV: prod}\n  environment: $ENV\n",
            ),
            ("ci/base.yml", ".base:\n  services: [postgres]\n  script:\n    - cargo build\n"),
        ]);
        let unit = pipeline.job("unit").unwrap();
        let places: Vec<_> = unit.steps.iter().map(|step| (&*step.place.path, step.place.line)).collect();
        assert_eq!(places, [("ci/base.yml", 4), (".gitlab-ci.yml", 10)]);
        assert!(unit.feature(&FeatureKind::Services).is_some());
        assert!(unit.environments[0].is_production);
        assert_eq!(pipeline.shared[0].reference, "org/ci /x.yml@v1");
    }

    #[test]
    fn without_rules_the_workflow_decides() {
        let text = "workflow:\n  rules:\n    - if: $CI_PIPELINE_SOURCE == 'merge_request_event'\na: {script: x}\n";
        let ruled = pipeline(&[(".gitlab-ci.yml", text)]);
        let job = ruled.job("a").unwrap();
        assert!(
            job.occasions.contains(Occasion::ChangeProposed) && !job.occasions.contains(Occasion::DefaultBranchPush)
        );
        let plain = pipeline(&[(".gitlab-ci.yml", "a: {script: x}\n")]);
        let job = plain.job("a").unwrap();
        assert!(job.runs_on_changes() && !job.occasions.contains(Occasion::ChangeProposed));
    }

    #[test]
    fn a_job_that_extends_itself_ends() {
        let pipeline =
            pipeline(&[(".gitlab-ci.yml", "a: {extends: b, script: [[!reference [a, script]]]}\nb: {extends: a}\n")]);
        assert_eq!(pipeline.jobs.len(), 2);
    }
}
