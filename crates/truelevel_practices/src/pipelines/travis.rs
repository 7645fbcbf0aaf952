//! Travis CI: one script, a matrix of jobs, and deploy providers.

use std::sync::Arc;

use truelevel_documents::Node;

use super::occasions::{Branches, Occasion, Occasions, Trigger, of_triggers};
use super::{FeatureKind, JOB_LIMIT, Job, Pipeline, Step, System, inputs, texts};
use crate::loading::Loader;
use crate::paths::File;
use crate::text::Place;

pub(super) fn load(loader: &mut Loader<'_>, file: &File, branches: &Branches) -> Option<Pipeline> {
    let root = super::document(loader, &file.path)?;
    let path = &file.path;
    let mut pipeline = Pipeline::new(System::Travis, path);
    let place = Place::of(path, root.get("branches").unwrap_or(&root));
    let only = texts(root.at(["branches", "only"]));
    pipeline.triggers = vec![
        Trigger::push(only, branches, place.clone()),
        Trigger::change_proposed(place.clone()),
        Trigger::tag(place),
    ];
    let reached = of_triggers(&pipeline.triggers);
    let listed = ["jobs", "matrix"].iter().find_map(|key| root.at([key, "include"]));
    let mut jobs: Vec<(&str, &Node)> = listed
        .map_or(&[][..], Node::items)
        .iter()
        .filter(|job| job.get("script").is_some() || job.get("deploy").is_some())
        .map(|job| (job.get("name").or_else(|| job.get("stage")).and_then(Node::text).unwrap_or("job"), job))
        .collect();
    if root.get("script").is_some() || root.get("deploy").is_some() {
        jobs.insert(0, ("build", &root));
    }
    let mut before = Vec::new();
    for (name, node) in jobs.into_iter().take(JOB_LIMIT) {
        let mut job = Job::new(format!("{name} {}", node.line), Place::of(path, node));
        job.occasions = reached;
        job.needs = before.clone();
        for key in ["before_install", "install", "before_script", "script", "after_success"] {
            let of_root = root.get(key).filter(|_| key != "script");
            add_scripts(node.get(key).or(of_root), path, key == "after_success", &mut job);
        }
        if let Some(cache) = root.get("cache") {
            job.has(FeatureKind::Cache, Place::of(path, cache));
        }
        if let Some(services) = root.get("services") {
            job.has(FeatureKind::Services, Place::of(path, services));
        }
        before.push(job.name.clone());
        for deploy in node.get("deploy").map_or(&[][..], Node::one_or_many) {
            let mut second = Job::new(format!("deploy {}", deploy.line), Place::of(path, deploy));
            second.needs = vec![job.name.clone()];
            second.occasions = deploy_occasions(deploy, branches).and(reached);
            if deploy.get("provider").and_then(Node::text) == Some("script") {
                add_scripts(deploy.get("script"), path, false, &mut second);
            } else if let Some(provider) = deploy.get("provider") {
                second.steps.push(Step::uses(
                    provider.text().unwrap_or_default(),
                    inputs(Some(deploy)),
                    Place::of(path, provider),
                ));
            }
            pipeline.jobs.push(second);
        }
        pipeline.jobs.push(job);
    }
    Some(pipeline)
}

fn add_scripts(node: Option<&Node>, path: &Arc<str>, allow_failure: bool, job: &mut Job) {
    for command in node.map_or(&[][..], Node::one_or_many) {
        if let Some(script) = command.text() {
            let mut step = Step::run(script, Place::of(path, command));
            step.allow_failure = allow_failure;
            job.steps.push(step);
        }
    }
}

/// Without `on`, a provider deploys from the default branch.
fn deploy_occasions(deploy: &Node, branches: &Branches) -> Occasions {
    let on = deploy.get("on");
    if crate::manifests::is_true(on.and_then(|on| on.get("tags"))) {
        return Occasions::of([Occasion::Tag]);
    }
    if crate::manifests::is_true(on.and_then(|on| on.get("all_branches"))) {
        return branches.occasions(&[]);
    }
    let named = texts(on.and_then(|on| on.get("branch")));
    branches
        .occasions(&if named.is_empty() { vec!["$default-branch".to_owned()] } else { named })
        .and(Occasions::of([Occasion::DefaultBranchPush]))
}

#[cfg(test)]
mod tests {
    use super::super::Occasion;
    use crate::test_support::repository;

    #[test]
    fn the_script_runs_for_changes_and_the_provider_on_its_branch() {
        let text = "language: go\nscript: go test ./...\ndeploy:\n  provider: script\n  script: helm upgrade a .\n  on: {branch: main}\n";
        let repository = repository(&[(".travis.yml", text)]);
        let pipeline = &repository.pipelines()[0];
        assert!(pipeline.jobs[1].runs_on_changes());
        assert!(
            pipeline.jobs[0].occasions.contains(Occasion::DefaultBranchPush) && !pipeline.jobs[0].runs_on_changes()
        );
    }
}
