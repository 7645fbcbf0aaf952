//! Bitbucket Pipelines: lists of steps by the event that starts them.

use std::sync::Arc;

use truelevel_documents::Node;

use super::occasions::{Branches, Occasion, Occasions, Trigger};
use super::{FeatureKind, JOB_LIMIT, Job, Pipeline, Step, System, inputs};
use crate::loading::Loader;
use crate::paths::File;
use crate::text::Place;

pub(super) fn load(loader: &mut Loader<'_>, file: &File, branches: &Branches) -> Option<Pipeline> {
    let root = super::document(loader, &file.path)?;
    let path = &file.path;
    let mut pipeline = Pipeline::new(System::Bitbucket, path);
    for section in root.get("pipelines").map_or(&[][..], Node::entries) {
        let place = Place::of(path, &section.key);
        let mut lists = Vec::new();
        match section.key.text().unwrap_or_default() {
            // Branches that no other section names.
            "default" => {
                let named = root.at(["pipelines", "branches"]).map_or(&[][..], Node::entries);
                let other: Vec<_> =
                    named.iter().filter_map(|entry| entry.key.text()).map(|name| format!("!{name}")).collect();
                lists.push((Trigger::push(other, branches, place), &section.value));
            }
            "branches" => lists.extend(section.value.entries().iter().filter_map(|entry| {
                let pattern = entry.key.text()?.to_owned();
                Some((Trigger::push(vec![pattern], branches, Place::of(path, &entry.key)), &entry.value))
            })),
            "pull-requests" => lists.extend(
                section
                    .value
                    .entries()
                    .iter()
                    .map(|entry| (Trigger::change_proposed(Place::of(path, &entry.key)), &entry.value)),
            ),
            "tags" => lists.extend(
                section.value.entries().iter().map(|entry| (Trigger::tag(Place::of(path, &entry.key)), &entry.value)),
            ),
            "custom" => lists.extend(
                section
                    .value
                    .entries()
                    .iter()
                    .map(|entry| (Trigger::manual(Place::of(path, &entry.key)), &entry.value)),
            ),
            _ => {}
        }
        for (trigger, list) in lists {
            let mut before = Vec::new();
            for item in list.items() {
                add(item, &trigger, path, &mut pipeline, &mut before);
            }
            pipeline.triggers.push(trigger);
        }
    }
    // What is said of all steps holds for those that do not say otherwise.
    if let Some(limit) = root.at(["options", "max-time"]) {
        let unlimited = |job: &&mut Job| job.feature(&FeatureKind::Timeout).is_none();
        pipeline
            .jobs
            .iter_mut()
            .filter(unlimited)
            .for_each(|job| job.has(FeatureKind::Timeout, Place::of(path, limit)));
    }
    Some(pipeline)
}

fn add(item: &Node, trigger: &Trigger, path: &Arc<str>, pipeline: &mut Pipeline, before: &mut Vec<String>) {
    if pipeline.jobs.len() > JOB_LIMIT {
        return;
    }
    if let Some(parallel) = item.get("parallel") {
        let steps = parallel.get("steps").unwrap_or(parallel).items();
        return steps.iter().for_each(|step| add(step, trigger, path, pipeline, before));
    }
    if let Some(stage) = item.get("stage") {
        let first = pipeline.jobs.len();
        stage
            .get("steps")
            .map_or(&[][..], Node::items)
            .iter()
            .for_each(|step| add(step, trigger, path, pipeline, before));
        for job in &mut pipeline.jobs[first..] {
            add_deployment(job, stage.get("deployment"), path);
            if stage.get("trigger").and_then(Node::text) == Some("manual") {
                job.manual = Occasions::ALL;
            }
        }
        return;
    }
    let Some(node) = item.get("step") else { return };
    let name = node.get("name").and_then(Node::text).unwrap_or("step");
    let list = trigger.place.line;
    let mut job = Job::new(format!("{name} ({list}.{})", before.len() + 1), Place::of(path, node));
    job.occasions = trigger.occasions;
    // The first step of a list is started by its event, whatever it says.
    if node.get("trigger").and_then(Node::text) == Some("manual")
        && trigger.occasions != Occasions::of([Occasion::Manual])
    {
        job.manual = Occasions::ALL;
    }
    job.needs = before.clone();
    add_deployment(&mut job, node.get("deployment"), path);
    for (key, kind) in [("caches", FeatureKind::Cache), ("services", FeatureKind::Services)] {
        if let Some(list) = node.get(key).filter(|list| !list.items().is_empty()) {
            job.has(kind, Place::of(path, list));
        }
    }
    job.has_if(FeatureKind::Timeout, node.get("max-time"), path);
    job.has_if(FeatureKind::OneAtATime, node.get("concurrency-group"), path);
    let artifacts = node.get("artifacts");
    job.leaves(artifacts.map(|artifacts| artifacts.get("paths").unwrap_or(artifacts)), path);
    for command in node.get("script").map_or(&[][..], Node::items) {
        match (command.text(), command.get("pipe")) {
            (Some(script), _) => job.steps.push(Step::run(script, Place::of(path, command))),
            (None, Some(pipe)) => job.steps.push(Step::uses(
                pipe.text().unwrap_or_default(),
                inputs(command.get("variables")),
                Place::of(path, pipe),
            )),
            (None, None) => {}
        }
    }
    before.push(job.name.clone());
    pipeline.jobs.push(job);
}

/// The environment that a job deploys to; a deployment waits for the one of its environment that runs.
fn add_deployment(job: &mut Job, deployment: Option<&Node>, path: &Arc<str>) {
    let Some((name, deployment)) = deployment.and_then(|node| Some((node.text()?, node))) else { return };
    job.uses_environment(name, Place::of(path, deployment));
    job.has(FeatureKind::OneAtATime, Place::of(path, deployment));
}

#[cfg(test)]
mod tests {
    use super::super::{FeatureKind, Occasion};
    use crate::test_support::repository;

    #[test]
    fn the_longest_time_is_that_of_the_step_or_of_all() {
        let of = |text: &str| {
            let repository = repository(&[("bitbucket-pipelines.yml", text)]);
            repository.pipelines()[0].jobs[0].feature(&FeatureKind::Timeout).map(|limit| limit.place.line)
        };
        let step = "pipelines:\n  default:\n    - step: {max-time: 10, script: [make]}\n";
        assert_eq!(of(step), Some(3));
        assert_eq!(of("pipelines:\n  default:\n    - step: {script: [make]}\noptions: {max-time: 20}\n"), Some(4));
        assert_eq!(of(&format!("{step}options: {{max-time: 20}}\n")), Some(3));
        assert_eq!(of("pipelines:\n  default:\n    - step: {script: [make]}\n"), None);
    }

    #[test]
    fn sections_say_when_steps_run() {
        let text = "pipelines:\n  pull-requests:\n    '**':\n      - step: {name: test, script: [npm test]}\n  branches:\n    main:\n      - step: {name: build, script: [npm run build]}\n      - step: {name: ship, deployment: production, trigger: manual, script: [{pipe: 'atlassian/aws-ecs-deploy:2.0'}]}\n";
        let repository = repository(&[("bitbucket-pipelines.yml", text)]);
        let pipeline = &repository.pipelines()[0];
        assert!(pipeline.jobs[0].runs_on_changes());
        let ship = &pipeline.jobs[2];
        assert!(ship.environments[0].is_production && !pipeline.runs_unattended(ship, Occasion::DefaultBranchPush));
        assert!(pipeline.runs_unattended(&pipeline.jobs[1], Occasion::DefaultBranchPush));
    }
}
