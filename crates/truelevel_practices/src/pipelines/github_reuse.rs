//! Calls between GitHub files of one repository: reusable workflows, workflows that wait for others, composite actions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use regex::{Captures, Regex};
use truelevel_documents::Node;

use super::github_actions::{Call, Workflow, step};
use super::occasions::{Branches, Occasions, TriggerKind};
use super::{Action, FeatureKind, JOB_LIMIT, Job, Pipeline, STEP_LIMIT, Step};
use crate::loading::Loader;
use crate::paths::join;

/// Workflows may call workflows; GitHub itself allows four levels.
const CALL_DEPTH: usize = 4;

/// Follows the calls and settles when every job runs.
pub(super) fn join_all(loader: &mut Loader<'_>, mut workflows: Vec<Workflow>) -> Vec<Pipeline> {
    let own: BTreeMap<String, Occasions> =
        workflows.iter().map(|workflow| (name(&workflow.pipeline), workflow.occasions())).collect();
    let callees: BTreeMap<Arc<str>, (Vec<Job>, Vec<Call>)> = workflows
        .iter()
        .map(|workflow| {
            (
                workflow.pipeline.path.clone(),
                (workflow.pipeline.jobs.clone(), workflow.calls.iter().map(Call::copy).collect()),
            )
        })
        .collect();
    for workflow in &mut workflows {
        for trigger in &mut workflow.pipeline.triggers {
            if let TriggerKind::Completed(names) = &trigger.kind {
                let known = names.iter().filter_map(|name| own.get(name));
                trigger.occasions = known.fold(Occasions::NONE, |set, &occasions| set.or(occasions));
            }
        }
        for call in expand(workflow, &callees) {
            // A file that is there and was not understood says so itself.
            if loader.file(&call.path).is_none() {
                let Call { place, path, .. } = call;
                let message = format!("`./{path}` is called, and the repository holds no such workflow");
                loader.problem(&place.path, place.line, place.column, message);
            }
        }
        composite_actions(loader, &mut workflow.pipeline);
        let occasions = workflow.occasions();
        workflow.narrow(occasions);
    }
    workflows.into_iter().map(|workflow| workflow.pipeline).collect()
}

/// What `workflow_run` calls a workflow: its name, or else its path.
fn name(pipeline: &Pipeline) -> String {
    pipeline.name.clone().unwrap_or_else(|| pipeline.path.to_string())
}

impl Call {
    fn copy(&self) -> Self {
        let Self { job, path, place, inputs } = self;
        Self { job: job.clone(), path: path.clone(), place: place.clone(), inputs: inputs.clone() }
    }
}

/// Adds the jobs of called workflows after their callers, as jobs of the caller's pipeline; answers the calls that lead
/// nowhere, one for each place.
fn expand(workflow: &mut Workflow, callees: &BTreeMap<Arc<str>, (Vec<Job>, Vec<Call>)>) -> Vec<Call> {
    let mut pending: Vec<(Call, usize)> = workflow.calls.iter().map(|call| (call.copy(), 1)).collect();
    let (mut lost, mut lost_at) = (Vec::new(), BTreeSet::new());
    while let Some((call, depth)) = pending.pop() {
        if depth > CALL_DEPTH {
            continue;
        }
        let Some((path, (jobs, calls))) = callees.get_key_value(call.path.as_str()) else {
            if lost_at.insert(call.place.clone()) {
                lost.push(call);
            }
            continue;
        };
        if workflow.pipeline.jobs.len() > JOB_LIMIT {
            return lost;
        }
        let Some(index) = workflow.pipeline.jobs.iter().position(|job| job.name == call.job) else { continue };
        let caller = workflow.pipeline.jobs[index].clone();
        workflow.pipeline.includes.insert(path.clone());
        let inner_name = |name: &str| format!("{} / {name}", caller.name);
        let expanded: Vec<Job> = jobs
            .iter()
            .map(|job| {
                let mut job = job.clone();
                job.name = inner_name(&job.name);
                job.needs = job.needs.iter().map(|name| inner_name(name)).chain(caller.needs.iter().cloned()).collect();
                job.occasions = job.occasions.and(caller.occasions);
                job.manual = job.manual.or(caller.manual);
                job.disabled |= caller.disabled;
                job.allow_failure |= caller.allow_failure;
                // A called workflow may do no more than its caller.
                let limits = caller.feature(&FeatureKind::LimitedToken).cloned();
                job.features.extend(limits);
                substitute(&mut job, &call.inputs);
                job
            })
            .collect();
        workflow.pipeline.jobs[index].needs.extend(expanded.iter().map(|job| job.name.clone()));
        for (at, job) in expanded.into_iter().enumerate() {
            workflow.pipeline.jobs.insert(index + 1 + at, job);
        }
        for inner in calls {
            let inputs = inner.inputs.iter().map(|(key, value)| (key.clone(), filled(value, &call.inputs))).collect();
            let (job, place) = (inner_name(&inner.job), inner.place.clone());
            pending.push((Call { job, path: inner.path.clone(), place, inputs }, depth + 1));
        }
    }
    lost
}

fn substitute(job: &mut Job, inputs: &[(String, String)]) {
    for environment in &mut job.environments {
        environment.name = filled(&environment.name, inputs);
        environment.is_production = crate::commands::is_production(&environment.name);
    }
    for step in &mut job.steps {
        if let Action::Run(script) = &mut step.action {
            *script = filled(script, inputs);
        }
    }
}

/// A text with `${{ inputs.x }}` filled in where `x` is given.
fn filled(text: &str, inputs: &[(String, String)]) -> String {
    static INPUT: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"\$\{\{\s*inputs\.([\w-]+)\s*\}\}").expect("the pattern is valid"));
    INPUT
        .replace_all(text, |found: &Captures<'_>| {
            let given = inputs.iter().find(|(key, _)| *key == found[1]);
            given.map_or_else(|| found[0].to_owned(), |(_, value)| value.clone())
        })
        .into_owned()
}

/// Puts the steps of local composite actions after the steps that use them.
fn composite_actions(loader: &mut Loader<'_>, pipeline: &mut Pipeline) {
    for job in &mut pipeline.jobs {
        let mut room = STEP_LIMIT;
        let steps = std::mem::take(&mut job.steps);
        let brought: Vec<String> = steps.iter().filter_map(brought_to).collect();
        for step in steps {
            if let Some(folder) = action_folder(&step).filter(|folder| action_file(loader, folder).is_none())
                && !brought.iter().any(|place| folder.starts_with(place.as_str()))
            {
                let (at, shown) = (&step.place, if folder.is_empty() { "./" } else { &folder });
                let message = format!("the action at `{shown}` is used, and the repository holds none there");
                loader.problem(&at.path, at.line, at.column, message);
            }
            let inner = inner_steps(loader, &step, 1, &mut room);
            pipeline.includes.extend(inner.iter().map(|step| step.place.path.clone()));
            job.steps.push(step);
            job.steps.extend(inner);
        }
    }
}

/// The folder into which a step checks out another repository: what lies there is not this one's.
fn brought_to(step: &Step) -> Option<String> {
    let Action::Uses { reference, inputs } = &step.action else { return None };
    let is_checkout = reference.starts_with("actions/checkout@");
    let place = inputs.iter().find(|(key, _)| is_checkout && key == "path").map(|(_, place)| place)?;
    join("", place.trim_end_matches('/'))
}

/// The folder of the local action that a step uses.
fn action_folder(step: &Step) -> Option<String> {
    let Action::Uses { reference, .. } = &step.action else { return None };
    join("", reference.strip_prefix("./")?.trim_end_matches('/'))
}

fn action_file(loader: &Loader<'_>, folder: &str) -> Option<Arc<str>> {
    let paths = ["action.yml", "action.yaml"].map(|name| join(folder, name).unwrap_or_default());
    paths.iter().find_map(|path| loader.file(path)).map(|file| file.path.clone())
}

fn inner_steps(loader: &mut Loader<'_>, outer: &Step, depth: usize, room: &mut usize) -> Vec<Step> {
    let Action::Uses { inputs, .. } = &outer.action else { return Vec::new() };
    let Some(folder) = action_folder(outer).filter(|_| depth <= CALL_DEPTH) else { return Vec::new() };
    let Some(path) = action_file(loader, &folder) else { return Vec::new() };
    let root = loader.documents(&path).and_then(|nodes| nodes.into_iter().next());
    let mut steps = Vec::new();
    for node in root.as_ref().and_then(|root| root.at(["runs", "steps"])).map_or(&[][..], Node::items) {
        let Some(mut inner) = step(node, &path, &Branches::new(None)).filter(|_| *room > 0) else { continue };
        *room -= 1;
        inner.disabled |= outer.disabled;
        inner.allow_failure |= outer.allow_failure;
        if let Action::Run(script) = &mut inner.action {
            *script = filled(script, inputs);
        }
        let below = inner_steps(loader, &inner, depth + 1, room);
        steps.push(inner);
        steps.extend(below);
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::super::Occasion;
    use crate::test_support::repository;

    #[test]
    fn a_reusable_workflow_runs_when_its_caller_does() {
        let repository = repository(&[
            (
                ".github/workflows/main.yml",
                "on: {push: {branches: [main]}}\njobs:\n  test: {steps: [{run: make test}]}\n  ship:\n    needs: test\n    uses: ./.github/workflows/deploy.yml\n    with: {environment: production}\n",
            ),
            (
                ".github/workflows/deploy.yml",
                "on: {workflow_call: {inputs: {environment: {type: string}}}}\njobs:\n  run:\n    environment: ${{ inputs.environment }}\n    steps: [{run: 'helm upgrade --namespace ${{ inputs.environment }}'}]\n",
            ),
        ]);
        let pipeline = repository.pipelines().iter().find(|pipeline| pipeline.path.ends_with("main.yml")).unwrap();
        let job = pipeline.job("ship / run").unwrap();
        assert!(job.environments[0].is_production);
        assert_eq!(&*job.place.path, ".github/workflows/deploy.yml");
        assert!(pipeline.runs_unattended(job, Occasion::DefaultBranchPush));
        assert_eq!(pipeline.before(job).len(), 1);
    }

    #[test]
    fn a_workflow_that_waits_for_another_runs_on_its_occasions() {
        let repository = repository(&[
            (".github/workflows/ci.yml", "name: CI\non: {push: {branches: [main]}}\njobs: {a: {steps: [{run: x}]}}\n"),
            (".github/workflows/cd.yml", "on: {workflow_run: {workflows: [CI]}}\njobs: {b: {steps: [{run: x}]}}\n"),
        ]);
        let pipeline = repository.pipelines().iter().find(|pipeline| pipeline.path.ends_with("cd.yml")).unwrap();
        assert!(pipeline.job("b").unwrap().occasions.contains(Occasion::DefaultBranchPush));
    }

    #[test]
    fn the_steps_of_a_local_action_belong_to_the_job() {
        let repository = repository(&[
            (".github/workflows/ci.yml", "on: push\njobs: {a: {steps: [{uses: ./.github/actions/build}]}}\n"),
            (".github/actions/build/action.yml", "runs:\n  using: composite\n  steps:\n    - run: cargo build\n"),
        ]);
        let job = repository.pipelines()[0].job("a").unwrap();
        assert_eq!(job.steps.len(), 2);
        assert_eq!((&*job.steps[1].place.path, job.steps[1].place.line), (".github/actions/build/action.yml", 4));
    }

    #[test]
    fn what_is_called_and_not_there_is_told_and_hides_what_it_may_do() {
        let of = |jobs: &str| repository(&[(".github/workflows/ci.yml", &format!("on: push\njobs: {jobs}\n"))]);
        for jobs in ["{a: {uses: ./.github/workflows/lost.yml}}", "{a: {steps: [{uses: ./lost}]}}"] {
            let repository = of(jobs);
            let [warning] = repository.warnings() else { panic!("{:?}", repository.warnings()) };
            assert!(warning.message.contains("lost") && warning.line == 2, "{warning:?}");
            let found = crate::detect_all(&repository);
            assert!(matches!(found["tests_run_in_ci"], truelevel_model::Detection::Unknown { .. }));
        }
        let elsewhere = of("{a: {steps: [{uses: actions/checkout@v4, with: {path: lost}}, {uses: ./lost/x}]}}");
        assert_eq!(elsewhere.warnings(), [], "another repository is put there first");
    }

    #[test]
    fn workflows_that_call_each_other_end() {
        let repository = repository(&[
            (
                ".github/workflows/a.yml",
                "on: push\njobs: {x: {uses: ./.github/workflows/b.yml}, y: {uses: ./.github/workflows/b.yml}}\n",
            ),
            (
                ".github/workflows/b.yml",
                "on: push\njobs: {x: {uses: ./.github/workflows/a.yml}, y: {uses: ./.github/workflows/a.yml}}\n",
            ),
        ]);
        assert_eq!(repository.pipelines().len(), 2);
    }
}
