//! Tekton: runs that annotations of Pipelines as Code tie to events, and the pipelines and tasks that they name.

use std::sync::Arc;

use truelevel_documents::Node;

use super::occasions::{Branches, Occasions, Trigger, TriggerKind, of_triggers};
use super::{FeatureKind, JOB_LIMIT, Job, Pipeline, Shared, Step, System};
use crate::loading::Loader;
use crate::paths::File;
use crate::text::Place;

/// Files of Tekton that are read for what others name.
const LIBRARY_FILES: usize = 200;

pub(super) fn load(loader: &mut Loader<'_>, file: &File, branches: &Branches) -> Option<Pipeline> {
    let documents = loader.documents(&file.path)?;
    let path = &file.path;
    let is_entry = |root: &&Node| matches!(kind(root), Some("PipelineRun" | "Pipeline"));
    if !documents.iter().any(|root| is_entry(&root)) {
        return None;
    }
    let mut reader = Reader { library: library(loader), pipeline: Pipeline::new(System::Tekton, path) };
    for root in documents.iter().filter(is_entry) {
        if kind(root) == Some("Pipeline") {
            let unseen = TriggerKind::Unseen("a run or trigger in the cluster".into());
            reader.pipeline.triggers.push(Trigger::new(unseen, Occasions::ALL, Place::of(path, root)));
            reader.add_tasks(root.at(["spec", "tasks"]), path, Occasions::ALL);
            continue;
        }
        let annotation = |name: &str| {
            root.at(["metadata", "annotations"])
                .and_then(|node| node.get(&format!("pipelinesascode.tekton.dev/{name}")))
        };
        let triggers =
            triggers(annotation("on-event"), annotation("on-target-branch"), branches, Place::of(path, root));
        let occasions = of_triggers(&triggers);
        reader.pipeline.triggers.extend(triggers);
        reader.add_tasks(root.at(["spec", "pipelineSpec", "tasks"]), path, occasions);
        if let Some(reference) = root.at(["spec", "pipelineRef"])
            && let Some((path, named)) = reader.named("Pipeline", reference, path, "a pipeline")
        {
            reader.add_tasks(named.at(["spec", "tasks"]), &path, occasions);
        }
    }
    Some(reader.pipeline)
}

fn kind(root: &Node) -> Option<&str> {
    root.get("kind").and_then(Node::text)
}

/// The pipelines and tasks of the repository, which runs name.
fn library(loader: &mut Loader<'_>) -> Vec<(Arc<str>, Node)> {
    let files = loader.files().iter().filter(|file| super::system(&file.path) == Some(System::Tekton));
    let paths: Vec<Arc<str>> = files.map(|file| file.path.clone()).take(LIBRARY_FILES).collect();
    let mut found = Vec::new();
    for path in paths {
        let documents = loader.documents(&path).unwrap_or_default().into_iter();
        let named = documents.filter(|root| matches!(kind(root), Some("Pipeline" | "Task")));
        found.extend(named.map(|root| (path.clone(), root)));
    }
    found
}

struct Reader {
    library: Vec<(Arc<str>, Node)>,
    pipeline: Pipeline,
}

impl Reader {
    /// What a reference names, where it is in the repository; else it is noted as defined elsewhere.
    fn named(&mut self, kind: &str, reference: &Node, path: &Arc<str>, what: &str) -> Option<(Arc<str>, Node)> {
        let name = reference.get("name").and_then(Node::text);
        let found = self.library.iter().find(|(_, root)| {
            name.is_some()
                && self::kind(root) == Some(kind)
                && root.at(["metadata", "name"]).and_then(Node::text) == name
        });
        if let Some((defined, root)) = found.cloned() {
            if defined != self.pipeline.path {
                self.pipeline.includes.insert(defined.clone());
            }
            return Some((defined, root));
        }
        let named = name.or_else(|| reference.get("resolver").and_then(Node::text)).unwrap_or(what);
        let place = Place::of(path, reference);
        self.pipeline.shared.push(Shared { reference: named.to_owned(), place, holds_jobs: true });
        None
    }

    fn add_tasks(&mut self, tasks: Option<&Node>, path: &Arc<str>, occasions: Occasions) {
        for task in tasks.map_or(&[][..], Node::items).iter().take(JOB_LIMIT) {
            let mut job = Job::new(task.get("name").and_then(Node::text).unwrap_or("task"), Place::of(path, task));
            job.occasions = occasions;
            job.needs = super::texts(task.get("runAfter"));
            job.has_if(FeatureKind::Retry, task.get("retries"), path);
            job.has_if(FeatureKind::Timeout, task.get("timeout"), path);
            add_steps(task.at(["taskSpec", "steps"]), path, &mut job);
            if let Some(reference) = task.get("taskRef")
                && let Some((path, named)) = self.named("Task", reference, path, "a task")
            {
                add_steps(named.at(["spec", "steps"]), &path, &mut job);
            }
            self.pipeline.jobs.push(job);
        }
    }
}

fn add_steps(steps: Option<&Node>, path: &Arc<str>, job: &mut Job) {
    for step in steps.map_or(&[][..], Node::items) {
        if let Some(script) = step.get("script") {
            job.steps.push(Step::run(script.text().unwrap_or_default(), Place::of(path, script)));
        } else {
            let words = ["command", "args"]
                .iter()
                .filter_map(|key| step.get(key))
                .flat_map(Node::one_or_many)
                .filter_map(Node::text);
            job.steps.push(Step::run(words.collect::<Vec<_>>().join(" "), Place::of(path, step)));
        }
    }
}

/// `[pull_request]` and `[main]`, as the annotations write lists.
fn triggers(events: Option<&Node>, targets: Option<&Node>, branches: &Branches, place: Place) -> Vec<Trigger> {
    let words = |node: Option<&Node>| -> Vec<String> {
        let text = node.and_then(Node::text).unwrap_or_default();
        text.split(['[', ']', ',', ' ']).filter(|word| !word.is_empty()).map(str::to_owned).collect()
    };
    let targets = words(targets);
    words(events)
        .iter()
        .map(|event| match event.as_str() {
            "pull_request" if branches.occasions(&targets) != Occasions::NONE => {
                Trigger::change_proposed(place.clone())
            }
            "push" if targets.iter().any(|target| target.starts_with("refs/tags")) => Trigger::tag(place.clone()),
            "push" => Trigger::push(targets.clone(), branches, place.clone()),
            event => Trigger::other(event, place.clone()),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::test_support::repository;

    #[test]
    fn annotations_say_when_a_run_starts() {
        let text = "apiVersion: tekton.dev/v1\nkind: PipelineRun\nmetadata:\n  annotations:\n    pipelinesascode.tekton.dev/on-event: \"[pull_request]\"\n    pipelinesascode.tekton.dev/on-target-branch: \"[main]\"\nspec:\n  pipelineSpec:\n    tasks:\n      - name: test\n        taskSpec: {steps: [{script: go test ./...}]}\n";
        let repository = repository(&[(".tekton/pr.yaml", text)]);
        let job = repository.pipelines()[0].job("test").unwrap();
        assert!(job.runs_on_changes() && job.steps.len() == 1);
    }

    #[test]
    fn pipelines_and_tasks_that_a_run_names_are_followed() {
        let run = "kind: PipelineRun\nmetadata: {annotations: {pipelinesascode.tekton.dev/on-event: '[pull_request]', pipelinesascode.tekton.dev/on-target-branch: '[main]'}}\nspec: {pipelineRef: {name: build}}\n";
        let build =
            "kind: Pipeline\nmetadata: {name: build}\nspec:\n  tasks:\n    - {name: test, taskRef: {name: go}}\n";
        let go = "kind: Task\nmetadata: {name: go}\nspec:\n  steps: [{script: go test ./...}]\n";
        let files = [(".tekton/run.yaml", run), ("ci/tekton/build.yaml", build), ("ci/tekton/go.yaml", go)];
        let repository = repository(&files);
        let [pipeline] = repository.pipelines() else { panic!("{:?}", repository.pipelines()) };
        let test = pipeline.job("test").unwrap();
        assert!(test.runs_on_changes() && pipeline.shared.is_empty());
        assert_eq!((&*test.steps[0].place.path, test.steps[0].place.line), ("ci/tekton/go.yaml", 4));
        assert_eq!(pipeline.includes.len(), 2);
    }

    #[test]
    fn a_pipeline_that_nothing_in_the_repository_starts_is_one_whose_trigger_is_not_seen() {
        let text = "kind: Pipeline\nmetadata: {name: build}\nspec: {tasks: [{name: a, taskSpec: {steps: [{script: make}]}}, {name: b, taskRef: {name: lost}}]}\n";
        let repository = repository(&[("tekton/build.yaml", text)]);
        let pipeline = &repository.pipelines()[0];
        assert_eq!((pipeline.jobs.len(), pipeline.shared[0].reference.as_str()), (2, "lost"));
        assert!(matches!(pipeline.triggers[0].kind, super::TriggerKind::Unseen(_)));
    }
}
