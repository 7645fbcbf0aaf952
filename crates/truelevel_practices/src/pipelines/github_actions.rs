//! GitHub Actions workflows; Gitea and Forgejo use the same format.
//!
//! What other files add, reusable workflows and composite actions, is in `github_reuse`.

use std::sync::Arc;

use truelevel_documents::{Entry, Node};

use super::expressions::{bare, holds, literals};
use super::occasions::{Branches, Occasion, Occasions, Trigger, TriggerKind, of_triggers};
use super::{Action, FeatureKind, Job, Pipeline, Shared, Step, System, inputs, texts};
use crate::loading::Loader;
use crate::text::Place;

/// A workflow before calls between files are followed.
pub(super) struct Workflow {
    pub(super) pipeline: Pipeline,
    pub(super) calls: Vec<Call>,
    /// Calls whose path is the whole reference, `OWNER/NAME/PATH@VERSION`.
    pub(super) calls_elsewhere: Vec<Call>,
    /// The jobs that run although a job before them was skipped.
    pub(super) always: Vec<String>,
}

/// A job that runs a reusable workflow.
#[derive(Clone)]
pub(super) struct Call {
    pub(super) job: String,
    /// The path of the called workflow.
    pub(super) path: String,
    /// Where it is called.
    pub(super) place: Place,
    pub(super) inputs: Vec<(String, String)>,
}

pub(super) fn load(loader: &mut Loader<'_>, path: &Arc<str>, branches: &Branches) -> Option<Workflow> {
    let root = super::document(loader, path)?;
    let mut pipeline = Pipeline::new(System::GitHubActions, path);
    pipeline.name = root.get("name").and_then(Node::text).map(str::to_owned);
    let Some(on) = root.get("on").or_else(|| root.get("true")) else {
        loader.problem(path, root.line, root.column, "the workflow has no `on`; say there what starts it".into());
        return None;
    };
    pipeline.triggers = triggers(on, path, branches);
    let mut workflow = Workflow { pipeline, calls: Vec::new(), calls_elsewhere: Vec::new(), always: Vec::new() };
    let dispatch = on.at(["workflow_dispatch", "inputs"]);
    for entry in root.get("jobs").map_or(&[][..], Node::entries) {
        workflow.add_job(entry, dispatch, branches);
        if let Some(job) = workflow.pipeline.jobs.last_mut() {
            add_token(job, &entry.value, root.get("permissions"), path);
            let turns = entry.value.get("concurrency").or_else(|| root.get("concurrency"));
            job.has_if(FeatureKind::OneAtATime, turns.filter(|turns| !is_of_one_run(turns)), path);
        }
    }
    Some(workflow)
}

/// Whether a group of `concurrency` is another one for every run, or every commit.
fn is_of_one_run(concurrency: &Node) -> bool {
    let group = concurrency.get("group").unwrap_or(concurrency).text().unwrap_or_default();
    ["github.run_id", "github.run_number", "github.sha"].iter().any(|own| group.contains(own))
}

fn triggers(on: &Node, path: &Arc<str>, branches: &Branches) -> Vec<Trigger> {
    let mut triggers = Vec::new();
    if on.entries().is_empty() {
        for event in on.one_or_many() {
            trigger(event.text().unwrap_or_default(), None, Place::of(path, event), branches, &mut triggers);
        }
    }
    for entry in on.entries() {
        let event = entry.key.text().unwrap_or_default();
        trigger(event, Some(&entry.value), Place::of(path, &entry.key), branches, &mut triggers);
    }
    triggers
}

fn trigger(event: &str, filter: Option<&Node>, place: Place, branches: &Branches, triggers: &mut Vec<Trigger>) {
    let list = |key: &str| texts(filter.and_then(|filter| filter.get(key)));
    match event {
        "push" => {
            let has = |key: &str| filter.is_some_and(|filter| filter.get(key).is_some());
            let only_tags = (has("tags") || has("tags-ignore")) && !has("branches") && !has("branches-ignore");
            let only_branches = (has("branches") || has("branches-ignore")) && !has("tags") && !has("tags-ignore");
            if !only_tags {
                triggers.push(Trigger::push(branch_patterns(&list), branches, place.clone()));
            }
            if !only_branches {
                triggers.push(Trigger::tag(place));
            }
        }
        "pull_request" | "pull_request_target" => {
            let types = list("types");
            let patterns = branch_patterns(&list);
            let reaches_default = branches.occasions(&patterns).contains(Occasion::DefaultBranchPush);
            if !types.is_empty() && types.iter().all(|kind| kind == "closed") {
                // What runs when a review is closed runs on its merge.
                triggers.push(Trigger::push(patterns, branches, place));
            } else if reaches_default && (types.is_empty() || types.iter().any(|kind| is_proposal(kind))) {
                triggers.push(Trigger::change_proposed(place));
            } else {
                triggers.push(Trigger::other(event, place));
            }
        }
        "merge_group" => triggers.push(Trigger::change_proposed(place)),
        "release" => triggers.push(Trigger::tag(place)),
        "schedule" => triggers.push(Trigger::schedule(place)),
        "workflow_dispatch" => triggers.push(Trigger::manual(place)),
        // Its occasions are the ones of the workflows it waits for; they are known once all files are.
        "workflow_run" => {
            triggers.push(Trigger::new(TriggerKind::Completed(list("workflows")), Occasions::NONE, place))
        }
        // It starts nothing by itself: its jobs run as part of the workflows that call it.
        "workflow_call" => {
            let kind = TriggerKind::Other("workflow_call".into());
            triggers.push(Trigger::new(kind, Occasions::NONE, place));
        }
        event => triggers.push(Trigger::other(event, place)),
    }
}

/// Whether this activity changes what is proposed; labels and assignments do not.
fn is_proposal(kind: &str) -> bool {
    matches!(kind, "opened" | "synchronize" | "reopened" | "ready_for_review")
}

fn branch_patterns(list: &impl Fn(&str) -> Vec<String>) -> Vec<String> {
    let ignored = list("branches-ignore").into_iter().map(|pattern| format!("!{pattern}"));
    list("branches").into_iter().chain(ignored).collect()
}

impl Workflow {
    fn add_job(&mut self, entry: &Entry, dispatch: Option<&Node>, branches: &Branches) {
        let (Some(name), node) = (entry.key.text(), &entry.value) else { return };
        let path = self.pipeline.path.clone();
        let mut job = Job::new(name, Place::of(&path, &entry.key));
        let condition = node.get("if").and_then(Node::text);
        job.occasions = occasions(condition, branches);
        job.disabled = job.occasions.is_empty();
        if condition.is_some_and(|text| {
            text.contains("always()") || text.contains("!cancelled()") || text.contains("! cancelled()")
        }) {
            self.always.push(name.to_owned());
        }
        job.needs = texts(node.get("needs"));
        job.allow_failure = goes_on_when_it_fails(node);
        if let Some(place) = node.get("services").filter(|services| !services.entries().is_empty()) {
            job.has(FeatureKind::Services, Place::of(&path, place));
        }
        job.has_if(FeatureKind::Timeout, node.get("timeout-minutes"), &path);
        if let Some(environment) = node.get("environment") {
            add_environments(&mut job, environment, node, dispatch, &path);
        }
        if let Some(called) = node.get("uses")
            && let Some(reference) = called.text()
        {
            let (inputs, place) = (inputs(node.get("with")), Place::of(&path, called));
            let local = reference.strip_prefix("./");
            let call = Call {
                job: name.to_owned(),
                path: local.unwrap_or(reference).to_owned(),
                place: place.clone(),
                inputs: inputs.clone(),
            };
            if local.is_some() {
                self.calls.push(call);
            } else {
                self.calls_elsewhere.push(call);
                job.steps.push(Step::uses(reference, inputs, place.clone()));
                self.pipeline.shared.push(Shared { reference: reference.to_owned(), place, holds_jobs: !job.disabled });
            }
        }
        let steps = node.get("steps").map_or(&[][..], Node::items);
        for node in steps {
            let Some(step) = step(node, &path, branches) else { continue };
            let retried = retried(node, &step, &path);
            job.steps.push(step);
            if let Some(retried) = retried {
                job.has(FeatureKind::Retry, retried.place.clone());
                job.steps.push(retried);
            }
        }
        for step in &job.steps {
            if let Action::Uses { reference, .. } = &step.action
                && reference.contains("manual-approval")
            {
                job.manual = Occasions::ALL;
            }
        }
        self.pipeline.jobs.push(job);
    }

    /// Narrows the jobs to the occasions of the workflow, and to the ones on which the jobs before them run.
    pub(super) fn narrow(&mut self, triggers: Occasions) {
        let jobs = &mut self.pipeline.jobs;
        for job in jobs.iter_mut() {
            job.occasions = job.occasions.and(triggers);
        }
        let needs: Vec<Vec<usize>> = jobs
            .iter()
            .map(|job| {
                let waits = !self.always.contains(&job.name);
                let named = job.needs.iter().filter(|_| waits);
                named.filter_map(|name| jobs.iter().position(|job| job.name == *name)).collect()
            })
            .collect();
        // A chain is at most as long as the list; most are settled after one pass.
        for _ in 0..jobs.len() {
            let mut changed = false;
            for (index, needs) in needs.iter().enumerate() {
                let narrowed = needs.iter().fold(jobs[index].occasions, |set, &before| set.and(jobs[before].occasions));
                changed |= narrowed != jobs[index].occasions;
                jobs[index].occasions = narrowed;
            }
            if !changed {
                return;
            }
        }
    }

    /// The occasions that the workflow's own triggers name.
    pub(super) fn occasions(&self) -> Occasions {
        of_triggers(&self.pipeline.triggers)
    }
}

/// Notes what is said of the job's token: its own permissions, or else the workflow's.
fn add_token(job: &mut Job, node: &Node, of_workflow: Option<&Node>, path: &Arc<str>) {
    let Some(permissions) = node.get("permissions").or(of_workflow) else { return };
    if permissions.text() != Some("write-all") {
        job.has(FeatureKind::LimitedToken, Place::of(path, permissions));
    }
    if permissions.get("id-token").and_then(Node::text) == Some("write") {
        job.has(FeatureKind::IdentityToken, Place::of(path, permissions));
    }
}

fn occasions(condition: Option<&str>, branches: &Branches) -> Occasions {
    condition.map_or(Occasions::ALL, |text| Occasions::when(|occasion| holds(text, occasion, branches) != Some(false)))
}

/// Adds the environments that a job names, where the file or its matrix says which they are.
fn add_environments(job: &mut Job, environment: &Node, node: &Node, dispatch: Option<&Node>, path: &Arc<str>) {
    // With this key a job takes the environment's secrets without deploying to it.
    if environment.get("deployment").is_some_and(|value| value.boolean() == Some(false)) {
        return;
    }
    let named = environment.get("name").unwrap_or(environment);
    let Some(text) = named.text() else { return };
    for name in environment_names(text, node, dispatch) {
        job.uses_environment(name, Place::of(path, named));
    }
}

fn environment_names(text: &str, job: &Node, dispatch: Option<&Node>) -> Vec<String> {
    if !text.contains("${{") {
        return vec![text.to_owned()];
    }
    let expression = bare(text);
    let chosen = literals(expression);
    if !chosen.is_empty() {
        return chosen;
    }
    let mut names = Vec::new();
    if let Some(matrix) = job.at(["strategy", "matrix"])
        && let Some(path) = expression.strip_prefix("matrix.")
    {
        let keys: Vec<_> = path.split('.').collect();
        let listed = matrix
            .get(keys[0])
            .map_or(&[][..], Node::items)
            .iter()
            .filter_map(|item| item.at(keys[1..].iter().copied()));
        let included =
            matrix.get("include").map_or(&[][..], Node::items).iter().filter_map(|item| item.at(keys.iter().copied()));
        names.extend(listed.chain(included).filter_map(Node::text).map(str::to_owned));
    }
    let input = expression.strip_prefix("inputs.").or_else(|| expression.strip_prefix("github.event.inputs."));
    if let Some(input) = input.and_then(|input| dispatch?.get(input)) {
        names.extend(texts(input.get("options")));
    }
    if names.is_empty() {
        names.push(text.to_owned());
    }
    names.dedup();
    names
}

/// Whether a job or step says that its failure fails nothing.
fn goes_on_when_it_fails(node: &Node) -> bool {
    let said = node.get("continue-on-error");
    said.is_some_and(|said| said.boolean() == Some(true) || said.text().map(bare) == Some("true"))
}

/// What an action runs that tries a command again when it fails.
fn retried(node: &Node, step: &Step, path: &Arc<str>) -> Option<Step> {
    let Action::Uses { reference, .. } = &step.action else { return None };
    let tries_again = ["nick-fields/retry@", "nick-invision/retry@", "wandalen/wretry.action"];
    let is_one = tries_again.iter().any(|known| reference.to_ascii_lowercase().starts_with(known));
    let command = node.at(["with", "command"]).filter(|_| is_one)?;
    let run = Step::run(command.text()?, Place::of(path, command));
    Some(Step { allow_failure: step.allow_failure, disabled: step.disabled, ..run })
}

/// A step of a job or of a composite action.
pub(super) fn step(node: &Node, path: &Arc<str>, branches: &Branches) -> Option<Step> {
    let place = |node: &Node| Place::of(path, node);
    let mut step = match (node.get("run"), node.get("uses")) {
        (Some(run), _) => Step::run(run.text()?, place(run)),
        (None, Some(uses)) => Step::uses(uses.text()?, inputs(node.get("with")), place(uses)),
        (None, None) => return None,
    };
    step.allow_failure = goes_on_when_it_fails(node);
    step.disabled = occasions(node.get("if").and_then(Node::text), branches).is_empty();
    Some(step)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::test_support::repository;

    fn pipeline(text: &str) -> Pipeline {
        repository(&[(".github/workflows/ci.yml", text)]).pipelines().first().expect("the workflow is read").clone()
    }

    #[test]
    fn jobs_know_when_they_run() {
        let pipeline = pipeline(
            "on:\n  push: {branches: [main]}\n  pull_request:\njobs:\n  test:\n    steps: [{run: make test}]\n  deploy:\n    needs: test\n    if: github.ref == 'refs/heads/main'\n    environment: production\n    steps:\n      - run: |\n          set -e\n          helm upgrade app\n  off:\n    if: false\n    steps: [{run: a}]\n",
        );
        let deploy = pipeline.job("deploy").unwrap();
        assert_eq!(deploy.occasions, Occasions::of([Occasion::DefaultBranchPush]));
        assert!(deploy.environments[0].is_production);
        assert!(pipeline.runs_unattended(deploy, Occasion::DefaultBranchPush));
        assert!(pipeline.job("test").unwrap().runs_on_changes());
        assert_eq!(pipeline.active_jobs().count(), 2);
    }

    #[test]
    fn a_job_does_not_run_where_the_job_before_it_does_not() {
        let pipeline = pipeline(
            "on: [push, pull_request]\njobs:\n  a:\n    if: github.event_name == 'pull_request'\n    steps: [{run: a}]\n  b:\n    needs: [a]\n    steps: [{run: b}]\n  c:\n    needs: [a]\n    if: always()\n    steps: [{run: b}]\n",
        );
        assert_eq!(pipeline.job("b").unwrap().occasions, Occasions::of([Occasion::ChangeProposed]));
        assert!(pipeline.job("c").unwrap().occasions.contains(Occasion::DefaultBranchPush));
    }

    #[test]
    fn environments_come_from_the_matrix_from_options_and_from_choices() {
        let pipeline = pipeline(
            "on:\n  workflow_dispatch:\n    inputs:\n      to: {options: [staging, prod-eu]}\njobs:\n  a:\n    environment: {name: '${{ matrix.to }}', url: x}\n    strategy: {matrix: {to: [qa, production]}}\n  b:\n    environment: ${{ inputs.to }}\n  c:\n    environment: {name: production, deployment: false}\n",
        );
        let names = |job: &str| -> Vec<_> {
            pipeline.job(job).unwrap().environments.iter().map(|used| (used.name.clone(), used.is_production)).collect()
        };
        assert_eq!(names("a"), [("qa".to_owned(), false), ("production".to_owned(), true)]);
        assert_eq!(names("b"), [("staging".to_owned(), false), ("prod-eu".to_owned(), true)]);
        assert_eq!(names("c"), []);
    }

    #[test]
    fn a_failure_that_fails_nothing_may_be_written_as_an_expression() {
        let pipeline = pipeline(
            "on: push\njobs:\n  a:\n    continue-on-error: ${{ true }}\n    steps:\n      - {run: x, continue-on-error: true}\n      - {run: y, continue-on-error: \"${{ matrix.may }}\"}\n",
        );
        let job = pipeline.job("a").unwrap();
        assert!(job.allow_failure && job.steps[0].allow_failure && !job.steps[1].allow_failure);
    }

    #[test]
    fn what_is_tried_again_when_it_fails_is_a_command_like_any_other() {
        let pipeline = pipeline(
            "on: push\njobs:\n  a:\n    steps:\n      - uses: nick-fields/retry@v3\n        with: {max_attempts: 3, command: make test}\n",
        );
        let job = pipeline.job("a").unwrap();
        assert_eq!(job.steps[1].action, Action::Run("make test".to_owned()));
        assert_eq!(job.feature(&FeatureKind::Retry).map(|retry| retry.place.line), Some(6));
    }

    #[test]
    fn a_closed_review_counts_as_a_merge() {
        let merged = pipeline("on:\n  pull_request: {types: [closed]}\njobs: {a: {steps: [{run: x}]}}\n");
        let job = merged.job("a").unwrap();
        assert!(
            job.occasions.contains(Occasion::DefaultBranchPush) && !job.occasions.contains(Occasion::ChangeProposed)
        );
        let tagged = pipeline("on: {push: {tags: ['v*']}}\njobs: {a: {steps: [{run: x}]}}\n");
        assert_eq!(tagged.job("a").unwrap().occasions, Occasions::of([Occasion::Tag]));
    }
}
