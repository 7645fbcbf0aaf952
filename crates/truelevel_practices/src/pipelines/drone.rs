//! Drone and Woodpecker: documents of steps with conditions on events and branches.

use truelevel_documents::Node;

use super::occasions::{Branches, Occasion, Occasions, Trigger, of_triggers};
use super::{FeatureKind, JOB_LIMIT, Job, Pipeline, Step, System, inputs, texts};
use crate::loading::Loader;
use crate::paths::File;
use crate::text::Place;

pub(super) fn load(loader: &mut Loader<'_>, file: &File, branches: &Branches) -> Option<Pipeline> {
    let documents = loader.documents(&file.path)?;
    let path = &file.path;
    let mut pipeline = Pipeline::new(System::Drone, path);
    for root in &documents {
        if root.get("kind").and_then(Node::text).is_some_and(|kind| kind != "pipeline") {
            continue;
        }
        let filter = root.get("trigger").or_else(|| root.get("when"));
        let all = occasions(filter, branches);
        pipeline.triggers.extend(triggers(all, &Place::of(path, filter.unwrap_or(root)), branches));
        let mut before = Vec::new();
        let listed = root.get("steps").or_else(|| root.get("pipeline"));
        let steps: Vec<(Option<&str>, &Node)> = match listed {
            Some(list) if !list.items().is_empty() => {
                list.items().iter().map(|step| (step.get("name").and_then(Node::text), step)).collect()
            }
            Some(map) => map.entries().iter().map(|entry| (entry.key.text(), &entry.value)).collect(),
            None => Vec::new(),
        };
        for (name, node) in steps {
            if pipeline.jobs.len() > JOB_LIMIT {
                break;
            }
            let mut job = Job::new(name.unwrap_or("step"), Place::of(path, node));
            job.occasions = all.and(occasions(node.get("when"), branches));
            job.allow_failure = node.get("failure").and_then(Node::text) == Some("ignore");
            job.needs = before.clone();
            for command in node.get("commands").map_or(&[][..], Node::one_or_many) {
                if let Some(script) = command.text() {
                    job.steps.push(Step::run(script, Place::of(path, command)));
                }
            }
            if let (Some(image), Some(settings)) = (node.get("image"), node.get("settings")) {
                job.steps.push(Step::uses(
                    image.text().unwrap_or_default(),
                    inputs(Some(settings)),
                    Place::of(path, image),
                ));
            }
            if let Some(services) = root.get("services").filter(|services| !services.one_or_many().is_empty()) {
                job.has(FeatureKind::Services, Place::of(path, services));
            }
            let limit = root.at(["concurrency", "limit"]).filter(|limit| limit.text() == Some("1"));
            job.has_if(FeatureKind::OneAtATime, limit, path);
            before.push(job.name.clone());
            pipeline.jobs.push(job);
        }
    }
    let reached = of_triggers(&pipeline.triggers);
    pipeline.jobs.iter_mut().for_each(|job| job.occasions = job.occasions.and(reached));
    Some(pipeline)
}

/// The occasions of `trigger` or `when`, which may be a list of alternatives.
fn occasions(filter: Option<&Node>, branches: &Branches) -> Occasions {
    let Some(filter) = filter else { return Occasions::ALL };
    filter.one_or_many().iter().fold(Occasions::NONE, |set, filter| {
        let included = |key: &str| {
            texts(
                filter
                    .get(key)
                    .map(|node| node.get("include").unwrap_or(node))
                    .filter(|node| node.entries().is_empty()),
            )
        };
        let excluded = |key: &str| texts(filter.get(key).and_then(|node| node.get("exclude")));
        let (events, names) = (included("event"), included("branch"));
        let named = |event: &str| {
            (events.is_empty() || events.iter().any(|name| name == event))
                && !excluded("event").iter().any(|name| name == event)
        };
        let patterns: Vec<_> =
            names.into_iter().chain(excluded("branch").into_iter().map(|name| format!("!{name}"))).collect();
        let pushes = branches.occasions(&patterns);
        set.or(Occasions::when(|occasion| match occasion {
            // The branch of a proposed change is its target.
            Occasion::ChangeProposed => named("pull_request") && pushes.contains(Occasion::DefaultBranchPush),
            Occasion::DefaultBranchPush | Occasion::OtherBranchPush => named("push") && pushes.contains(occasion),
            Occasion::Tag => named("tag") || events.iter().any(|event| event == "release"),
            Occasion::Schedule => named("cron"),
            Occasion::Manual => events
                .iter()
                .any(|event| matches!(event.as_str(), "promote" | "rollback" | "custom" | "manual" | "deployment")),
            Occasion::Other => false,
        }))
    })
}

fn triggers(occasions: Occasions, place: &Place, branches: &Branches) -> Vec<Trigger> {
    let mut triggers = Vec::new();
    if occasions.contains(Occasion::ChangeProposed) {
        triggers.push(Trigger::change_proposed(place.clone()));
    }
    if occasions.contains(Occasion::OtherBranchPush) {
        triggers.push(Trigger::push(Vec::new(), branches, place.clone()));
    } else if occasions.contains(Occasion::DefaultBranchPush) {
        triggers.push(Trigger::push(vec!["$default-branch".into()], branches, place.clone()));
    }
    if occasions.contains(Occasion::Tag) {
        triggers.push(Trigger::tag(place.clone()));
    }
    if occasions.contains(Occasion::Schedule) {
        triggers.push(Trigger::schedule(place.clone()));
    }
    if occasions.contains(Occasion::Manual) {
        triggers.push(Trigger::manual(place.clone()));
    }
    triggers
}

#[cfg(test)]
mod tests {
    use super::super::Occasion;
    use crate::test_support::repository;

    #[test]
    fn events_and_branches_decide() {
        let text = "kind: pipeline\nsteps:\n  - name: test\n    image: go\n    commands: [go test ./...]\n  - name: ship\n    commands: [helm upgrade a .]\n    when: {branch: [main], event: [push]}\n";
        let repository = repository(&[(".drone.yml", text)]);
        let pipeline = &repository.pipelines()[0];
        assert!(pipeline.job("test").unwrap().runs_on_changes());
        let ship = pipeline.job("ship").unwrap();
        assert!(!ship.runs_on_changes() && pipeline.runs_unattended(ship, Occasion::DefaultBranchPush));
    }
}
