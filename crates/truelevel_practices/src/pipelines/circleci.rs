//! CircleCI: jobs, the workflows that order them, reusable commands and orbs.

use std::collections::BTreeMap;
use std::sync::Arc;

use truelevel_documents::Node;

use super::occasions::{Branches, Occasion, Occasions, Trigger};
use super::{Action, FeatureKind, JOB_LIMIT, Job, Pipeline, STEP_LIMIT, Shared, Step, System, inputs, texts};
use crate::loading::Loader;
use crate::paths::File;
use crate::text::Place;

const COMMAND_DEPTH: usize = 4;

pub(super) fn load(loader: &mut Loader<'_>, file: &File, branches: &Branches) -> Option<Pipeline> {
    let root = super::document(loader, &file.path)?;
    let path = &file.path;
    let mut pipeline = Pipeline::new(System::CircleCi, path);
    let start = Place::of(path, &root);
    pipeline.triggers = vec![Trigger::push(Vec::new(), branches, start.clone()), Trigger::tag(start.clone())];
    for orb in root.get("orbs").map_or(&[][..], Node::entries) {
        if let Some(reference) = orb.value.text() {
            pipeline.shared.push(Shared {
                reference: reference.to_owned(),
                place: Place::of(path, &orb.value),
                holds_jobs: false,
            });
        }
    }
    // A setup configuration makes the real one when it runs.
    if crate::manifests::is_true(root.get("setup")) {
        pipeline.shared.push(Shared {
            reference: "the configuration that `setup` makes".into(),
            place: start,
            holds_jobs: true,
        });
    }
    let reader = Reader { root: &root, path };
    let workflows = root.get("workflows").map_or(&[][..], Node::entries);
    for workflow in workflows.iter().filter(|workflow| workflow.key.text() != Some("version")) {
        reader.add_workflow(&workflow.value, &mut pipeline, branches);
    }
    if workflows.is_empty() {
        for job in
            root.get("jobs").map_or(&[][..], Node::entries).iter().filter(|entry| entry.key.text() == Some("build"))
        {
            let mut job = reader.job("build", Place::of(path, &job.key));
            job.occasions = of_branches(None, branches);
            pipeline.jobs.push(job);
        }
    }
    Some(pipeline)
}

struct Reader<'d> {
    root: &'d Node,
    path: &'d Arc<str>,
}

impl Reader<'_> {
    fn add_workflow(&self, workflow: &Node, pipeline: &mut Pipeline, branches: &Branches) {
        let schedules = workflow.get("triggers").map_or(&[][..], Node::items);
        let off = workflow.get("when").is_some_and(|when| when.boolean() == Some(false))
            || workflow.get("unless").is_some_and(|unless| unless.boolean() == Some(true));
        let first = pipeline.jobs.len();
        let mut names: BTreeMap<String, usize> = BTreeMap::new();
        for item in workflow.get("jobs").map_or(&[][..], Node::items) {
            if pipeline.jobs.len() > JOB_LIMIT {
                break;
            }
            let (key, settings) = match item.entries() {
                [entry, ..] => (&entry.key, Some(&entry.value)),
                [] => (item, None),
            };
            let Some(used) = key.text() else { continue };
            let setting = |key: &str| settings.and_then(|settings| settings.get(key));
            let mut job = self.job(used, Place::of(self.path, key));
            job.name = setting("name").and_then(Node::text).unwrap_or(used).to_owned();
            job.needs = texts(setting("requires"));
            job.has_if(FeatureKind::OneAtATime, setting("serial-group"), self.path);
            job.disabled |= off;
            if setting("type").and_then(Node::text) == Some("approval") {
                job.manual = Occasions::ALL;
            }
            job.occasions = of_branches(setting("filters"), branches);
            if !schedules.is_empty() {
                job.occasions = Occasions::of([Occasion::Schedule]);
            }
            names.insert(job.name.clone(), pipeline.jobs.len());
            pipeline.jobs.push(job);
        }
        // A job runs only where the ones it requires do.
        for _ in 0..2 {
            for index in first..pipeline.jobs.len() {
                let before = pipeline.jobs[index].needs.iter().filter_map(|name| names.get(name));
                let narrowed =
                    before.fold(pipeline.jobs[index].occasions, |set, &at| set.and(pipeline.jobs[at].occasions));
                pipeline.jobs[index].occasions = narrowed;
            }
        }
    }

    fn job(&self, name: &str, place: Place) -> Job {
        let mut job = Job::new(name, place.clone());
        let Some(node) = self.root.at(["jobs", name]) else {
            if name.contains('/') {
                job.steps.push(Step::uses(name, Vec::new(), place));
            }
            return job;
        };
        let executor = node.get("executor").and_then(|executor| executor.get("name").unwrap_or(executor).text());
        let docker = node.get("docker").or_else(|| self.root.at(["executors", executor?, "docker"]));
        if let Some(docker) = docker.filter(|docker| docker.items().len() > 1) {
            job.has(FeatureKind::Services, Place::of(self.path, docker));
        }
        self.add_steps(node.get("steps"), &mut job, 0);
        job
    }

    fn add_steps(&self, steps: Option<&Node>, job: &mut Job, depth: usize) {
        for item in steps.map_or(&[][..], Node::items) {
            if job.steps.len() >= STEP_LIMIT || depth > COMMAND_DEPTH {
                return;
            }
            let (key, settings) = match item.entries() {
                [entry, ..] => (&entry.key, Some(&entry.value)),
                [] => (item, None),
            };
            let place = Place::of(self.path, key);
            match (key.text().unwrap_or_default(), settings) {
                ("run", Some(settings)) => {
                    let command = settings.get("command").unwrap_or(settings);
                    if let Some(script) = command.text() {
                        job.steps.push(Step::run(script, Place::of(self.path, command)));
                    }
                }
                (word @ ("when" | "unless"), Some(settings)) => {
                    let condition = settings.get("condition").and_then(Node::boolean);
                    if condition != Some(word == "unless") {
                        self.add_steps(settings.get("steps"), job, depth + 1);
                    }
                }
                ("checkout" | "setup_remote_docker" | "add_ssh_keys", _) => {}
                ("attach_workspace", _) => job.has(FeatureKind::TakesFiles, place),
                ("persist_to_workspace", Some(settings)) => job.leaves(settings.get("paths"), self.path),
                ("store_artifacts", Some(settings)) => job.leaves(settings.get("path"), self.path),
                ("store_test_results", _) => job.has(FeatureKind::Report("junit".into()), place),
                ("restore_cache", _) => job.has(FeatureKind::Cache, place),
                (name, settings) => match self.root.at(["commands", name]) {
                    Some(command) => {
                        let first = job.steps.len();
                        self.add_steps(command.get("steps"), job, depth + 1);
                        for parameter in command.get("parameters").map_or(&[][..], Node::entries) {
                            let Some(name) = parameter.key.text() else { continue };
                            let given = settings.and_then(|settings| settings.get(name));
                            let value = given.or_else(|| parameter.value.get("default")).and_then(Node::text);
                            job.steps[first..].iter_mut().for_each(|step| fill(step, name, value.unwrap_or_default()));
                        }
                    }
                    None => job.steps.push(Step::uses(name, inputs(settings), place)),
                },
            }
        }
    }
}

/// Writes the value of a parameter where a step of a reusable command names it.
fn fill(step: &mut Step, parameter: &str, value: &str) {
    let replaced = |text: &str| {
        let spaced = text.replace(&format!("<< parameters.{parameter} >>"), value);
        spaced.replace(&format!("<<parameters.{parameter}>>"), value)
    };
    match &mut step.action {
        Action::Run(script) => *script = replaced(script),
        Action::Uses { inputs, .. } => inputs.iter_mut().for_each(|(_, text)| *text = replaced(text)),
    }
}

/// Branches run unless filtered; tags only when a filter asks for them.
fn of_branches(filters: Option<&Node>, branches: &Branches) -> Occasions {
    let filter = |kind: &str, key: &str| texts(filters.and_then(|filters| filters.at([kind, key])));
    let (only, ignore) = (filter("branches", "only"), filter("branches", "ignore"));
    let patterns: Vec<_> =
        only.iter().map(|name| glob_of(name)).chain(ignore.iter().map(|name| format!("!{}", glob_of(name)))).collect();
    let pushes = branches.occasions(&patterns);
    let tags = if filter("tags", "only").is_empty() { Occasions::NONE } else { Occasions::of([Occasion::Tag]) };
    pushes.or(tags)
}

/// Filters are names, or regular expressions between slashes, of which the usual ones have a glob.
fn glob_of(filter: &str) -> String {
    match filter.strip_prefix('/').and_then(|rest| rest.strip_suffix('/')) {
        Some(pattern) => pattern.trim_start_matches('^').trim_end_matches('$').replace(".*", "**").replace(".+", "**"),
        None => filter.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Action, Occasion};
    use crate::test_support::repository;

    #[test]
    fn workflows_order_filter_and_hold_jobs() {
        let text = "version: 2.1\norbs: {aws: circleci/aws-ecs@4.0}\ncommands:\n  check: {steps: [{run: go test ./...}]}\njobs:\n  test:\n    docker: [{image: go}, {image: postgres}]\n    steps: [checkout, check]\n  ship:\n    steps:\n      - run:\n          command: |\n            helm upgrade app .\nworkflows:\n  all:\n    jobs:\n      - test\n      - hold: {type: approval, requires: [test]}\n      - ship:\n          requires: [hold]\n          filters: {branches: {only: main}}\n";
        let repository = repository(&[(".circleci/config.yml", text)]);
        let pipeline = &repository.pipelines()[0];
        let ship = pipeline.job("ship").unwrap();
        assert!(ship.occasions.contains(Occasion::DefaultBranchPush) && !ship.runs_on_changes());
        assert!(!pipeline.runs_unattended(ship, Occasion::DefaultBranchPush));
        let test = pipeline.job("test").unwrap();
        assert_eq!(test.steps[0].action, Action::Run("go test ./...".into()));
        assert!(test.runs_on_changes() && test.features.len() == 1);
        assert_eq!(pipeline.shared[0].reference, "circleci/aws-ecs@4.0");
    }

    #[test]
    fn steps_under_a_condition_that_never_holds_are_none() {
        let step = |word: &str, condition: bool| format!("{{{word}: {{condition: {condition}, steps: [{{run: x}}]}}}}");
        for (word, condition, steps) in
            [("when", false, 0), ("when", true, 1), ("unless", true, 0), ("unless", false, 1)]
        {
            let text = format!("jobs: {{build: {{steps: [{}]}}}}\n", step(word, condition));
            let repository = repository(&[(".circleci/config.yml", &text)]);
            assert_eq!(repository.pipelines()[0].jobs[0].steps.len(), steps, "{text}");
        }
    }

    #[test]
    fn parameters_of_commands_are_filled_in() {
        let text = "commands:\n  to:\n    parameters: {where: {type: string}, how: {type: string, default: fast}}\n    steps: [{run: 'ship << parameters.where >> <<parameters.how>>'}]\njobs: {build: {steps: [{to: {where: production}}]}}\n";
        let repository = repository(&[(".circleci/config.yml", text)]);
        assert_eq!(repository.pipelines()[0].jobs[0].steps[0].action, Action::Run("ship production fast".into()));
    }
}
