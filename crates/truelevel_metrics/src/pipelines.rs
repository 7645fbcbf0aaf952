//! The pipeline runs of a repository, prepared once for all the services that it holds.

use std::collections::{BTreeMap, HashMap};

use truelevel_model::facts::RunOutcome;
use truelevel_model::ids::IdHash;
use truelevel_model::{CommitId, History, PipelineRun, Span, Time, Window};

use crate::mainline::Mainline;
use crate::statistics::{Observation, Survival};

/// A part of a whole, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many have it.
    pub part: u64,
    /// How many there are.
    pub whole: u64,
}

impl Tally {
    fn add(&mut self, has_it: bool) {
        self.whole += 1;
        self.part += u64::from(has_it);
    }
}

/// What the checks of a commit said at an instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Checks {
    /// Every pipeline that had run was through and green.
    Green,
    /// One was red, stopped or not through.
    NotGreen,
    /// None is known to have run.
    Unknown,
}

/// What the pipeline runs of one repository come to in a window.
#[derive(Debug)]
pub struct Pipelines<'a> {
    by_commit: HashMap<CommitId, Vec<&'a PipelineRun>, IdHash>,
    window: Window,
    /// How long the slowest pipeline of each commit took, where one started in the window.
    pub durations: Survival,
    /// Runs that succeeded, of those that came to a verdict in the window.
    pub succeeded: Tally,
    /// The same, of runs on the default branch.
    pub succeeded_on_default_branch: Tally,
    /// Each time that a pipeline of the default branch turned red in the window, by pipeline and time.
    pub red: Vec<RedSpell<'a>>,
    /// Whether it is known which branch is the default one.
    pub knows_default_branch: bool,
    /// Runs that were started again, of those that started in the window.
    pub rerun: Tally,
    /// Failures of a pipeline on a commit that the same pipeline took back on the same commit, of all pairs of commit
    /// and pipeline with a verdict in the window.
    pub flaky: Tally,
    /// Pairs of commit and pipeline of which only a later attempt is known.
    pub unseen_attempts: u64,
}

/// A time that a pipeline was red.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RedSpell<'a> {
    /// The pipeline.
    pub workflow: &'a str,
    /// When a run on the default branch failed, after one that succeeded or as the first.
    pub since: Time,
    /// When one succeeded again; absent while it is red.
    pub green_at: Option<Time>,
}

/// The repository that pipelines ran on.
#[derive(Clone, Copy, Debug)]
pub struct PipelineRepository<'a> {
    /// Its changes.
    pub history: &'a History,
    /// Its default branch as of the date asked.
    pub mainline: Option<&'a Mainline>,
    /// The name of that branch.
    pub default_branch: Option<&'a str>,
}

impl<'a> Pipelines<'a> {
    /// Takes what had started by the window's end, in any order; of one attempt the latest observation stays.
    pub fn prepare(
        runs: impl IntoIterator<Item = &'a PipelineRun>,
        repository: PipelineRepository<'_>,
        window: Window,
    ) -> Self {
        let mut runs: Vec<&PipelineRun> = runs.into_iter().filter(|run| run.started_at <= window.end).collect();
        runs.sort_by(|a, b| {
            let identity = (&a.source, &a.id, a.attempt).cmp(&(&b.source, &b.id, b.attempt));
            identity.then_with(|| b.observed_at.cmp(&a.observed_at)).then_with(|| a.started_at.cmp(&b.started_at))
        });
        runs.dedup_by(|later, first| {
            (&later.source, &later.id, later.attempt) == (&first.source, &first.id, first.attempt)
        });
        let mut by_commit: HashMap<CommitId, Vec<&PipelineRun>, IdHash> = HashMap::default();
        for run in &runs {
            by_commit.entry(run.commit).or_default().push(run);
        }
        let on_default_branch: Vec<&PipelineRun> =
            runs.iter().copied().filter(|run| is_on_default_branch(run, repository)).collect();
        let (flaky, unseen_attempts) = flaky(&runs, window);
        Self {
            durations: durations(&runs, window),
            succeeded: succeeded(&runs, window),
            succeeded_on_default_branch: succeeded(&on_default_branch, window),
            red: red(on_default_branch, window),
            knows_default_branch: repository.mainline.is_some() || repository.default_branch.is_some(),
            rerun: rerun(&runs, window),
            flaky,
            unseen_attempts,
            by_commit,
            window,
        }
    }

    /// The runs that started in the window, oldest first.
    pub fn runs(&self) -> Vec<&'a PipelineRun> {
        let all = self.by_commit.values().flatten().copied();
        let mut runs: Vec<&PipelineRun> = all.filter(|run| self.window.contains(run.started_at)).collect();
        runs.sort_by(|a, b| {
            (a.started_at, &a.workflow, &a.source, &a.id, a.attempt).cmp(&(
                b.started_at,
                &b.workflow,
                &b.source,
                &b.id,
                b.attempt,
            ))
        });
        runs
    }

    /// The runs on a commit that had started by the window's end.
    pub fn of_commit(&self, commit: CommitId) -> &[&'a PipelineRun] {
        self.by_commit.get(&commit).map(Vec::as_slice).unwrap_or_default()
    }

    /// What the pipelines of a commit said at an instant: the last run of each that had started by then decides.
    pub fn checks(&self, commit: CommitId, at: Time) -> Checks {
        let mut last: BTreeMap<&str, &PipelineRun> = BTreeMap::new();
        for run in self.by_commit.get(&commit).into_iter().flatten() {
            if run.started_at > at || is_scheduled(run) {
                continue;
            }
            let kept = last.entry(&run.workflow).or_insert(run);
            if (kept.started_at, kept.attempt) <= (run.started_at, run.attempt) {
                *kept = run;
            }
        }
        let is_green = |run: &&PipelineRun| {
            matches!(run.outcome, RunOutcome::Succeeded | RunOutcome::Skipped)
                && run.finished_at.is_some_and(|finished_at| finished_at <= at)
        };
        match last.is_empty() {
            true => Checks::Unknown,
            false if last.values().all(is_green) => Checks::Green,
            false => Checks::NotGreen,
        }
    }

    /// When the last pipeline of a commit that counts for feedback was through; absent while one runs, and where none
    /// is known.
    pub fn through_at(&self, commit: CommitId) -> Option<Time> {
        let runs = self.by_commit.get(&commit)?;
        let first = runs.iter().filter(|run| run.attempt == 1 && !is_scheduled(run));
        first.map(|run| ended_at(run, self.window)).try_fold(None, |last, end| Some(last.max(Some(end?))))?
    }
}

/// Runs that a timetable starts say nothing about a change: they come when they come.
fn is_scheduled(run: &PipelineRun) -> bool {
    run.trigger.to_ascii_lowercase().contains("schedule")
}

/// The verdict as of the window's end: what ended later had not ended yet.
fn verdict(run: &PipelineRun, window: Window) -> Option<bool> {
    ended_at(run, window)?;
    match run.outcome {
        RunOutcome::Succeeded => Some(true),
        RunOutcome::Failed => Some(false),
        RunOutcome::Cancelled | RunOutcome::Skipped | RunOutcome::InProgress => None,
    }
}

fn ended_at(run: &PipelineRun, window: Window) -> Option<Time> {
    run.finished_at.filter(|end| *end <= window.end && *end >= run.started_at && run.outcome != RunOutcome::InProgress)
}

/// On the branch's own line; where the commit is not known, on a branch of its name. A branch of that name elsewhere (a
/// fork's) has commits that are not on the line.
fn is_on_default_branch(run: &PipelineRun, repository: PipelineRepository<'_>) -> bool {
    let named = run.branch.as_deref().zip(repository.default_branch).map(|(branch, default)| branch == default);
    let on_line =
        repository.mainline.and_then(|mainline| Some(mainline.is_on_line(repository.history.find(&run.commit)?)));
    match (on_line, named) {
        (Some(false), _) | (_, Some(false)) | (None, None) => false,
        (Some(true), _) | (None, Some(true)) => true,
    }
}

fn durations(runs: &[&PipelineRun], window: Window) -> Survival {
    let mut slowest: BTreeMap<CommitId, (Span, bool)> = BTreeMap::new();
    for run in runs.iter().filter(|run| window.contains(run.started_at) && !is_scheduled(run)) {
        let is_through = verdict(run, window).is_some();
        // What was stopped or had nothing to do does not say how long it takes.
        let is_running = run.finished_at.is_none_or(|end| end > window.end);
        if !is_through && !is_running {
            continue;
        }
        let end = ended_at(run, window).unwrap_or(window.end);
        let (longest, all_through) = slowest.entry(run.commit).or_insert((Span::from_millis(0), true));
        *longest = (*longest).max(end.since(run.started_at));
        *all_through &= is_through;
    }
    fit(slowest.into_values())
}

fn fit(spans: impl IntoIterator<Item = (Span, bool)>) -> Survival {
    let observation = |(span, is_event): (Span, bool)| Observation { duration_seconds: span.seconds(), is_event };
    Survival::fit(&spans.into_iter().map(observation).collect::<Vec<_>>())
}

fn succeeded(runs: &[&PipelineRun], window: Window) -> Tally {
    let mut tally = Tally::default();
    for run in runs {
        if let Some(verdict) = verdict(run, window)
            && ended_at(run, window).is_some_and(|end| window.contains(end))
        {
            tally.add(verdict);
        }
    }
    tally
}

fn red<'a>(mut runs: Vec<&'a PipelineRun>, window: Window) -> Vec<RedSpell<'a>> {
    runs.sort_by(|a, b| {
        (&a.workflow, a.finished_at, &a.source, &a.id, a.attempt).cmp(&(
            &b.workflow,
            b.finished_at,
            &b.source,
            &b.id,
            b.attempt,
        ))
    });
    let mut spells = Vec::new();
    for of_workflow in runs.chunk_by(|a, b| a.workflow == b.workflow) {
        let workflow = of_workflow[0].workflow.as_str();
        let mut red_since = None;
        let verdicts = of_workflow.iter().filter_map(|run| Some((ended_at(run, window)?, verdict(run, window)?)));
        for (at, is_green) in verdicts {
            match (is_green, red_since) {
                (false, None) => red_since = Some(at),
                (true, Some(since)) => {
                    spells.push(RedSpell { workflow, since, green_at: Some(at) });
                    red_since = None;
                }
                (false, Some(_)) | (true, None) => {}
            }
        }
        spells.extend(red_since.map(|since| RedSpell { workflow, since, green_at: None }));
    }
    spells.retain(|spell| window.contains(spell.since));
    spells
}

fn rerun(runs: &[&PipelineRun], window: Window) -> Tally {
    let mut tally = Tally::default();
    // Attempts of one run stand together.
    for attempts in runs.chunk_by(|a, b| (&a.source, &a.id) == (&b.source, &b.id)) {
        if attempts.iter().any(|run| window.contains(run.started_at)) {
            tally.add(attempts.iter().any(|run| run.attempt > 1));
        }
    }
    tally
}

fn flaky(runs: &[&PipelineRun], window: Window) -> (Tally, u64) {
    let mut ended: Vec<&PipelineRun> = runs
        .iter()
        .copied()
        .filter(|run| ended_at(run, window).is_some_and(|end| window.contains(end)) && verdict(run, window).is_some())
        .collect();
    ended.sort_by(|a, b| {
        (a.commit, &a.workflow, a.finished_at, a.attempt, &a.id).cmp(&(
            b.commit,
            &b.workflow,
            b.finished_at,
            b.attempt,
            &b.id,
        ))
    });
    let (mut tally, mut unseen) = (Tally::default(), 0);
    for pair in ended.chunk_by(|a, b| (a.commit, &a.workflow) == (b.commit, &b.workflow)) {
        let failed = pair.iter().position(|run| run.outcome == RunOutcome::Failed);
        let is_taken_back = failed.is_some_and(|at| pair[at..].iter().any(|run| run.outcome == RunOutcome::Succeeded));
        tally.add(is_taken_back);
        unseen += u64::from(failed.is_none() && pair.iter().all(|run| run.attempt > 1));
    }
    (tally, unseen)
}
