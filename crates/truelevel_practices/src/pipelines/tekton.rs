//! Tekton with Pipelines as Code: runs that annotations tie to events.

use truelevel_documents::Node;

use super::occasions::{Branches, Occasions, Trigger, of_triggers};
use super::{JOB_LIMIT, Job, Pipeline, Shared, Step, System};
use crate::loading::Loader;
use crate::paths::File;
use crate::text::Place;

pub(super) fn load(loader: &mut Loader<'_>, file: &File, branches: &Branches) -> Option<Pipeline> {
    let documents = loader.documents(&file.path)?;
    let path = &file.path;
    let mut pipeline = Pipeline::new(System::Tekton, path);
    for root in documents.iter().filter(|root| root.get("kind").and_then(Node::text) == Some("PipelineRun")) {
        let annotation = |name: &str| {
            root.at(["metadata", "annotations"])
                .and_then(|node| node.get(&format!("pipelinesascode.tekton.dev/{name}")))
        };
        let triggers =
            triggers(annotation("on-event"), annotation("on-target-branch"), branches, Place::of(path, root));
        let occasions = of_triggers(&triggers);
        pipeline.triggers.extend(triggers);
        let tasks = root.at(["spec", "pipelineSpec", "tasks"]).map_or(&[][..], Node::items);
        for task in tasks.iter().take(JOB_LIMIT) {
            let mut job = Job::new(task.get("name").and_then(Node::text).unwrap_or("task"), Place::of(path, task));
            job.occasions = occasions;
            job.needs = super::texts(task.get("runAfter"));
            for step in task.at(["taskSpec", "steps"]).map_or(&[][..], Node::items) {
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
            if let Some(reference) = task.get("taskRef") {
                let name = reference
                    .get("name")
                    .or_else(|| reference.get("resolver"))
                    .and_then(Node::text)
                    .unwrap_or("a task");
                pipeline.shared.push(Shared {
                    reference: name.to_owned(),
                    place: Place::of(path, reference),
                    holds_jobs: true,
                });
            }
            pipeline.jobs.push(job);
        }
        if let Some(reference) = root.at(["spec", "pipelineRef"]) {
            let name = reference
                .get("name")
                .or_else(|| reference.get("resolver"))
                .and_then(Node::text)
                .unwrap_or("a pipeline");
            pipeline.shared.push(Shared {
                reference: name.to_owned(),
                place: Place::of(path, reference),
                holds_jobs: true,
            });
        }
    }
    Some(pipeline)
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
}
