//! Calls between GitHub files: reusable workflows, composite actions, workflows that wait for others.
//!
//! What another repository holds is followed where that one is at hand. A call in a workflow (`./.github/workflows/…`) is
//! of the workflow's own repository; an action in a step (`./…`) is of the files that the job works on, so of the caller's.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, LazyLock};

use regex::{Captures, Regex};
use truelevel_documents::Node;

use super::github_actions::{Call, Workflow, step};
use super::occasions::{Branches, Occasions, TriggerKind};
use super::{Action, FeatureKind, JOB_LIMIT, Job, Pipeline, STEP_LIMIT, Shared, Step};
use crate::loading::{Followed, Loader, Taken};
use crate::paths::{is_yaml, join};

/// Workflows may call workflows; GitHub itself allows four levels.
const CALL_DEPTH: usize = 4;

/// What a workflow brings to one that calls it.
struct Callee {
    jobs: Vec<Job>,
    calls: Vec<Call>,
    /// What a workflow of another repository takes from elsewhere; one of this repository says so itself.
    shared: Vec<Shared>,
}

/// Follows the calls and settles when every job runs.
pub(super) fn join_all(loader: &mut Loader<'_>, mut workflows: Vec<Workflow>, branches: &Branches) -> Vec<Pipeline> {
    let others = follow(loader, &mut workflows, branches);
    let own: BTreeMap<String, Occasions> =
        workflows.iter().map(|workflow| (name(&workflow.pipeline), workflow.occasions())).collect();
    let callee = |workflow: &Workflow, shared: &[Shared]| Callee {
        jobs: workflow.pipeline.jobs.clone(),
        calls: workflow.calls.clone(),
        shared: shared.to_vec(),
    };
    let path = |workflow: &Workflow| workflow.pipeline.path.clone();
    let here = workflows.iter().map(|workflow| (path(workflow), callee(workflow, &[])));
    let elsewhere = others.iter().map(|workflow| (path(workflow), callee(workflow, &workflow.pipeline.shared)));
    let callees: BTreeMap<Arc<str>, Callee> = here.chain(elsewhere).collect();
    for workflow in &mut workflows {
        for trigger in &mut workflow.pipeline.triggers {
            if let TriggerKind::Completed(names) = &trigger.kind {
                let known = names.iter().filter_map(|name| own.get(name));
                trigger.occasions = known.fold(Occasions::NONE, |set, &occasions| set.or(occasions));
            }
        }
        for call in expand(workflow, &callees) {
            // A file that is there and was not understood says so itself.
            if let Some((path, _)) = loader.taken.get_key_value(call.path.as_str()) {
                workflow.pipeline.includes.insert(path.clone());
            } else if loader.file(&call.path).is_none() {
                let Call { place, path, .. } = call;
                let message = format!(
                    "`./{path}` is called, and the repository holds no such workflow; correct the path, or add the file"
                );
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

/// The workflows of other repositories that these call, near and far, as far as they are at hand.
fn follow(loader: &mut Loader<'_>, workflows: &mut [Workflow], branches: &Branches) -> Vec<Workflow> {
    let mut pending: Vec<Arc<str>> = workflows.iter_mut().flat_map(|workflow| workflow.follow(loader)).collect();
    let (mut seen, mut found) = (BTreeSet::new(), Vec::new());
    while let Some(path) = pending.pop() {
        if !seen.insert(path.clone()) {
            continue;
        }
        if let Some(mut workflow) = super::github_actions::load(loader, &path, branches) {
            pending.extend(workflow.follow(loader));
            found.push(workflow);
        }
    }
    found
}

impl Workflow {
    /// Makes calls like any other of those that lead to a repository at hand; answers the names of the called files.
    fn follow(&mut self, loader: &mut Loader<'_>) -> Vec<Arc<str>> {
        if let Some(Taken { repository, .. }) = loader.taken(&self.pipeline.path) {
            for mut call in std::mem::take(&mut self.calls) {
                call.path = format!("{repository}/{}", call.path);
                self.calls_elsewhere.push(call);
            }
        }
        let mut found = Vec::new();
        for mut call in std::mem::take(&mut self.calls_elsewhere) {
            let Some((repository, path)) = in_repository(&call.path) else { continue };
            let shared = self.pipeline.shared.iter_mut().find(|shared| shared.place == call.place);
            match (loader.take(repository, path, &call.path), shared) {
                (Followed::File(name), shared) => {
                    call.path = name.to_string();
                    self.calls.push(call);
                    found.push(name);
                    if let Some(shared) = shared {
                        shared.holds_jobs = false;
                    }
                }
                (Followed::NoSuchFile, _) => {
                    let message = format!(
                        "`{path}` is called, and {repository} holds no such workflow at its newest commit; correct the path, or add the file"
                    );
                    loader.problem(&call.place.path, call.place.line, call.place.column, message);
                }
                (Followed::NotAtHand, Some(_)) => {}
                (Followed::NotAtHand, None) => {
                    self.pipeline.shared.push(Shared { reference: call.path, place: call.place, holds_jobs: true });
                }
            }
        }
        found
    }
}

/// The repository, and the path there, of `OWNER/NAME/PATH@VERSION`.
fn in_repository(reference: &str) -> Option<(&str, &str)> {
    let place = reference.rsplit_once('@').map_or(reference, |(place, _)| place);
    let mut slashes = place.match_indices('/').map(|(at, _)| at).filter(|_| !place.contains("://"));
    slashes.next()?;
    let end = slashes.next().unwrap_or(place.len());
    Some((&place[..end], place[end..].trim_start_matches('/')))
}

/// Adds the jobs of called workflows after their callers, as jobs of the caller's pipeline; answers the calls that lead
/// nowhere, one for each place.
fn expand(workflow: &mut Workflow, callees: &BTreeMap<Arc<str>, Callee>) -> Vec<Call> {
    let mut pending: Vec<(Call, usize)> = workflow.calls.iter().map(|call| (call.clone(), 1)).collect();
    let (mut lost, mut lost_at) = (Vec::new(), BTreeSet::new());
    while let Some((call, depth)) = pending.pop() {
        if depth > CALL_DEPTH {
            continue;
        }
        let Some((path, Callee { jobs, calls, shared })) = callees.get_key_value(call.path.as_str()) else {
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
        if workflow.pipeline.includes.insert(path.clone()) {
            workflow.pipeline.shared.extend(shared.iter().cloned());
        }
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
                // A called workflow may do no more than its caller, and runs when that one may.
                job.features.extend(caller.feature(&FeatureKind::LimitedToken).cloned());
                job.features.extend(caller.feature(&FeatureKind::OneAtATime).cloned());
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

/// Puts the steps of composite actions that are at hand after the steps that use them.
fn composite_actions(loader: &mut Loader<'_>, pipeline: &mut Pipeline) {
    for job in &mut pipeline.jobs {
        let mut room = STEP_LIMIT;
        let steps = std::mem::take(&mut job.steps);
        let brought: Vec<String> = steps.iter().filter_map(brought_to).collect();
        for step in steps {
            if let ActionFile::Missing { place, message } = action_file(loader, &step)
                && !brought.iter().any(|brought| place.starts_with(brought.as_str()))
            {
                loader.problem(&step.place.path, step.place.line, step.place.column, message);
            }
            let inner = inner_steps(loader, &step, 1, &mut room, &mut pipeline.includes);
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

/// The file of an action that a step uses.
enum ActionFile {
    Found(Arc<str>),
    /// Its repository holds none.
    Missing {
        /// The folder, from the root of the files that the job works on.
        place: String,
        message: String,
    },
    /// Of a repository that is not at hand, or the step uses no action.
    Unknown,
}

const ACTION_FILES: [&str; 2] = ["action.yml", "action.yaml"];

fn action_file(loader: &mut Loader<'_>, step: &Step) -> ActionFile {
    let Action::Uses { reference, .. } = &step.action else { return ActionFile::Unknown };
    if let Some(local) = reference.strip_prefix("./") {
        let Some(place) = join("", local.trim_end_matches('/')) else { return ActionFile::Unknown };
        let mut paths = ACTION_FILES.iter().filter_map(|name| join(&place, name));
        if let Some(file) = paths.find_map(|path| loader.file(&path)) {
            return ActionFile::Found(file.path.clone());
        }
        let shown = if place.is_empty() { "./" } else { &place };
        let message = format!(
            "the action at `{shown}` is used, and the repository holds none there; correct the path, or add the file"
        );
        return ActionFile::Missing { place, message };
    }
    // What names a file is the call of a workflow.
    let Some((repository, folder)) = in_repository(reference).filter(|(_, folder)| !is_yaml(folder)) else {
        return ActionFile::Unknown;
    };
    for path in ACTION_FILES.iter().filter_map(|name| join(folder, name)) {
        match loader.take(repository, &path, reference) {
            Followed::File(path) => return ActionFile::Found(path),
            Followed::NotAtHand => return ActionFile::Unknown,
            Followed::NoSuchFile => {}
        }
    }
    let message = format!(
        "`{reference}` is used, and {repository} holds no such action at its newest commit; correct the path, or add the file"
    );
    ActionFile::Missing { place: reference.clone(), message }
}

fn inner_steps(
    loader: &mut Loader<'_>,
    outer: &Step,
    depth: usize,
    room: &mut usize,
    files: &mut BTreeSet<Arc<str>>,
) -> Vec<Step> {
    let Action::Uses { inputs, .. } = &outer.action else { return Vec::new() };
    if depth > CALL_DEPTH {
        return Vec::new();
    }
    let ActionFile::Found(path) = action_file(loader, outer) else { return Vec::new() };
    files.insert(path.clone());
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
        let below = inner_steps(loader, &inner, depth + 1, room, files);
        steps.push(inner);
        steps.extend(below);
    }
    steps
}

#[cfg(test)]
mod tests {
    use super::super::Occasion;
    use crate::test_support::{repository, repository_beside};
    use truelevel_model::{Detection, Locator};

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

    const CALLER: (&str, &str) = (
        ".github/workflows/ci.yml",
        "on: [push, pull_request]\njobs: {all: {uses: shop/shared/.github/workflows/test.yml@v1, with: {how: test}}}\n",
    );

    fn tests_run(others: &[(&str, &str)]) -> Detection {
        crate::detect_all(&repository_beside(&[CALLER], others)).remove("tests_run_in_ci").unwrap()
    }

    #[test]
    fn a_workflow_of_another_repository_is_what_it_does_and_not_what_it_is_called() {
        let shared = |text| tests_run(&[("shop/shared:.github/workflows/test.yml", text)]);
        let tests = "on: {workflow_call: {inputs: {how: {type: string}}}}\njobs:\n  a:\n    steps:\n      - run: make ${{ inputs.how }}\n";
        let Detection::Present(found) = shared(tests) else { panic!("the tests are seen") };
        let Locator::File { repository, path, named_as, line, .. } = &found[0].locator else { panic!("{found:?}") };
        assert_eq!((repository.as_str(), path.as_str(), *line), ("shared", ".github/workflows/test.yml", 5));
        assert_eq!(named_as.as_deref(), Some("shop/shared/.github/workflows/test.yml@v1"));
        let nothing = shared("on: workflow_call\njobs: {a: {steps: [{run: echo nothing}]}}\n");
        assert!(matches!(nothing, Detection::Absent { .. }), "{nothing:?}");
    }

    #[test]
    fn what_cannot_be_read_elsewhere_is_unknown_and_says_where_it_is() {
        let Detection::Unknown { reason } = tests_run(&[]) else { panic!("its name tells nothing") };
        assert!(reason.contains("shop/shared/.github/workflows/test.yml@v1"), "{reason}");
        let Detection::Unknown { reason } = tests_run(&[("shop/shared:README.md", "")]) else { panic!("it is lost") };
        assert!(reason.contains("shop/shared holds no such workflow"), "{reason}");
        let broken = [("shop/shared:.github/workflows/test.yml", "on: workflow_call\njobs: {a: [}\n")];
        let repository = repository_beside(&[CALLER], &broken);
        assert_eq!(repository.warnings(), [], "it is told where that repository is looked at");
        assert!(matches!(tests_run(&broken), Detection::Unknown { .. }));
    }

    #[test]
    fn what_a_workflow_of_another_repository_calls_is_followed_further() {
        let outer = "on: workflow_call\njobs: {a: {uses: ./.github/workflows/inner.yml}, b: {uses: shop/far/.github/workflows/x.yml@v2}}\n";
        let inner = "on: workflow_call\njobs: {c: {steps: [{run: cargo test}]}}\n";
        let repository = repository_beside(
            &[CALLER],
            &[("shop/shared:.github/workflows/test.yml", outer), ("shop/shared:.github/workflows/inner.yml", inner)],
        );
        assert_eq!(repository.warnings(), []);
        let pipeline = &repository.pipelines()[0];
        assert!(pipeline.job("all / a / c").is_some_and(|job| job.runs_on_changes()));
        let unseen: Vec<_> = pipeline.shared.iter().map(|one| (one.reference.as_str(), one.holds_jobs)).collect();
        assert_eq!(
            unseen,
            [("shop/shared/.github/workflows/test.yml@v1", false), ("shop/far/.github/workflows/x.yml@v2", true)]
        );
    }

    #[test]
    fn the_steps_and_scripts_of_an_action_of_another_repository_belong_to_the_job() {
        let ci = "on: push\njobs: {a: {steps: [{uses: shop/actions/build@v1}, {uses: actions/checkout@v4}]}}\n";
        let action = "runs:\n  using: composite\n  steps:\n    - run: ${{ github.action_path }}/all.sh\n";
        let repository = repository_beside(
            &[(".github/workflows/ci.yml", ci)],
            &[("shop/actions:build/action.yaml", action), ("shop/actions:build/all.sh", "#!/bin/sh\ncargo build\n")],
        );
        assert_eq!(repository.warnings(), []);
        let job = repository.pipelines()[0].job("a").unwrap();
        let places: Vec<_> = job.steps.iter().map(|step| (&*step.place.path, step.place.line)).collect();
        assert_eq!(
            places,
            [
                (".github/workflows/ci.yml", 2),
                ("shop/actions:build/action.yaml", 4),
                ("shop/actions:build/all.sh", 1),
                (".github/workflows/ci.yml", 2)
            ]
        );
    }

    #[test]
    fn workflows_of_two_repositories_that_call_each_other_end() {
        let calls =
            |name: &str| format!("on: workflow_call\njobs: {{a: {{uses: shop/{name}/.github/workflows/x.yml@v1}}}}\n");
        let (one, two) = (calls("two"), calls("one"));
        let ci = "on: push\njobs: {a: {uses: shop/one/.github/workflows/x.yml@v1}}\n";
        let others = [("shop/one:.github/workflows/x.yml", one.as_str()), ("shop/two:.github/workflows/x.yml", &two)];
        let repository = repository_beside(&[(".github/workflows/ci.yml", ci)], &others);
        assert!(repository.pipelines()[0].jobs.len() > 2);
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
