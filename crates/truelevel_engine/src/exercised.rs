//! What ran of what files declare: pipelines by their runs, alerts by what they noticed, and what a deployed version
//! carries by its deployments.

use std::collections::BTreeMap;

use truelevel_model::facts::RunOutcome;
use truelevel_model::{Detection, Evidence, Grade, Incident, Locator, PipelineRun, Time, Window};
use truelevel_practices::{DeliveryFacts, Repository};
use truelevel_report::numbers::count;

/// Practices that are part of what is deployed: they run wherever the version does.
const CARRIED_BY_DEPLOYMENTS: [&str; 7] = [
    "database_migrations",
    "dependencies_locked",
    "disruption_budgets",
    "feature_flags",
    "health_checks",
    "redundancy",
    "tracing",
];

/// Practices that ran when an alert was the first to notice an incident.
const SHOWN_BY_ALERTS: [&str; 2] = ["alert_routing", "alert_rules"];

/// A pipeline as runs name it: by its file, or by the name in it.
#[derive(Clone, Debug)]
pub(crate) struct PipelineFile {
    names: Vec<String>,
    files: Vec<String>,
}

/// How often each workflow came to a verdict in a window, and when last.
#[derive(Debug, Default)]
pub(crate) struct WorkflowRuns<'a>(BTreeMap<&'a str, (u64, Time)>);

impl PipelineFile {
    /// The pipelines of a repository.
    pub(crate) fn all(repository: &Repository) -> Vec<Self> {
        let of = |pipeline: &truelevel_practices::pipelines::Pipeline| {
            let file = pipeline.path.rsplit('/').next().unwrap_or_default();
            let stem = file.rsplit_once('.').map_or(file, |(stem, _)| stem);
            let names = [Some(&*pipeline.path), Some(file), Some(stem), pipeline.name.as_deref()];
            let files = pipeline.includes.iter().chain([&pipeline.path]).map(|path| path.to_string());
            Self { names: names.into_iter().flatten().map(str::to_owned).collect(), files: files.collect() }
        };
        repository.pipelines().iter().map(of).collect()
    }
}

impl<'a> WorkflowRuns<'a> {
    /// The runs of a window that came to a verdict, whichever it was: what failed ran.
    pub(crate) fn new(runs: &[&'a PipelineRun], window: Window) -> Self {
        let mut found = BTreeMap::new();
        for run in runs {
            let has_verdict = matches!(run.outcome, RunOutcome::Succeeded | RunOutcome::Failed);
            if has_verdict && window.contains(run.started_at) {
                let (count, last) = found.entry(run.workflow.as_str()).or_insert((0, run.started_at));
                *count += 1;
                *last = run.started_at.max(*last);
            }
        }
        Self(found)
    }

    /// Runs of a pipeline. Where it is the only one there is, every run is one of it, whatever the source calls it.
    fn of(&self, pipeline: &PipelineFile, is_only_one: bool) -> Option<(u64, Time)> {
        let is_named = |workflow: &str| pipeline.names.iter().any(|name| name == workflow);
        let runs = self.0.iter().filter(|(workflow, _)| is_only_one || is_named(workflow)).map(|(_, runs)| *runs);
        runs.reduce(|(some, earlier), (more, later)| (some + more, earlier.max(later)))
    }
}

/// That a pipeline ran whose file declares the practice.
pub(crate) fn by_runs(found: &Detection, pipelines: &[PipelineFile], runs: &WorkflowRuns<'_>) -> Option<Evidence> {
    let Detection::Present(evidence) = found else { return None };
    let declares = |pipeline: &&PipelineFile| {
        evidence.iter().any(|evidence| match &evidence.locator {
            Locator::File { path, .. } => pipeline.files.contains(path),
            Locator::Facts { .. } | Locator::Elsewhere { .. } => false,
        })
    };
    let ran = pipelines.iter().filter(declares).filter_map(|pipeline| runs.of(pipeline, pipelines.len() == 1));
    let (runs, last) = ran.reduce(|(some, earlier), (more, later)| (some + more, earlier.max(later)))?;
    Some(exercised(format!("{} of the pipelines that declare it", count(runs, "run")), last))
}

/// That production runs a version which carries the practice.
pub(crate) fn by_deployments(practice: &str, found: &Detection, facts: &DeliveryFacts) -> Option<Evidence> {
    let is_carried = CARRIED_BY_DEPLOYMENTS.contains(&practice) && matches!(found, Detection::Present(_));
    let last = facts.last_deployment_at.filter(|_| is_carried && facts.production_deployments > 0)?;
    Some(exercised(format!("part of {}", count(facts.production_deployments, "production deployment")), last))
}

/// That an alert was the first to notice an incident.
pub(crate) fn by_incidents(
    practice: &str,
    found: &Detection,
    incidents: Option<&[&Incident]>,
    window: Window,
) -> Option<Evidence> {
    let is_shown = SHOWN_BY_ALERTS.contains(&practice) && matches!(found, Detection::Present(_));
    let incidents = incidents.filter(|_| is_shown).unwrap_or_default();
    let noticed = || incidents.iter().filter(|it| it.detected_by_alert == Some(true) && window.contains(it.started_at));
    let last = noticed().map(|incident| incident.started_at).max()?;
    Some(exercised(format!("an alert was the first to notice {}", count(noticed().count() as u64, "incident")), last))
}

fn exercised(summary: String, observed_at: Time) -> Evidence {
    Evidence { grade: Grade::Exercised, locator: Locator::Facts { summary }, observed_at }
}

#[cfg(test)]
mod tests {
    use super::*;
    use truelevel_model::CommitId;

    fn run(workflow: &str, at: i64, outcome: RunOutcome) -> PipelineRun {
        PipelineRun {
            source: "ci".into(),
            id: format!("{workflow}{at}"),
            attempt: 1,
            repository: "web".into(),
            workflow: workflow.to_owned(),
            commit: CommitId([1; 20]),
            trigger: "push".to_owned(),
            started_at: Time::from_seconds(at),
            finished_at: None,
            outcome,
            shared_workflows: Vec::new(),
            branch: None,
            observed_at: Time::from_seconds(at),
        }
    }

    fn declared(path: &str) -> Detection {
        let locator = Locator::File {
            repository: "web".into(),
            commit: CommitId([1; 20]),
            path: path.to_owned(),
            line: 1,
            column: 1,
            end_column: 0,
            text: String::new(),
        };
        Detection::Present(vec![Evidence { grade: Grade::Declared, locator, observed_at: Time::from_seconds(0) }])
    }

    fn pipeline(path: &str, name: &str) -> PipelineFile {
        PipelineFile { names: vec![path.to_owned(), name.to_owned()], files: vec![path.to_owned()] }
    }

    fn check(runs: &[PipelineRun], pipelines: &[PipelineFile], path: &str, expected: Option<(&str, i64)>) {
        let window = Window { start: Time::from_seconds(100), end: Time::from_seconds(200), days: 1 };
        let runs: Vec<&PipelineRun> = runs.iter().collect();
        let found = by_runs(&declared(path), pipelines, &WorkflowRuns::new(&runs, window));
        let expected = expected.map(|(summary, at)| exercised(summary.to_owned(), Time::from_seconds(at)));
        assert_eq!(found, expected);
    }

    #[test]
    fn a_practice_ran_when_a_pipeline_that_declares_it_did() {
        let pipelines = [pipeline("ci.yml", "CI"), pipeline("nightly.yml", "Nightly")];
        let runs = [
            run("CI", 50, RunOutcome::Succeeded),
            run("CI", 120, RunOutcome::Failed),
            run("CI", 150, RunOutcome::Succeeded),
            run("CI", 160, RunOutcome::Cancelled),
            run("Nightly", 170, RunOutcome::InProgress),
        ];
        check(&runs, &pipelines, "ci.yml", Some(("2 runs of the pipelines that declare it", 150)));
        check(&runs, &pipelines, "nightly.yml", None);
        check(&runs, &pipelines, "Makefile", None);
    }

    #[test]
    fn every_run_is_one_of_the_only_pipeline_whatever_it_is_called() {
        let runs = [run("shop/web", 150, RunOutcome::Succeeded)];
        check(&runs, &[pipeline("ci.yml", "CI")], "ci.yml", Some(("1 run of the pipelines that declare it", 150)));
        check(&runs, &[pipeline("ci.yml", "CI"), pipeline("other.yml", "Other")], "ci.yml", None);
    }

    #[test]
    fn an_alert_ran_when_it_was_the_first_to_notice() {
        let incident = |at: i64, by_alert: Option<bool>| Incident {
            source: "pager".into(),
            id: at.to_string(),
            services: vec!["web".into()],
            severity: None,
            started_at: Time::from_seconds(at),
            detected_at: None,
            detected_by_alert: by_alert,
            acknowledged_at: None,
            resolved_at: None,
            caused_by: None,
            observed_at: Time::from_seconds(at),
        };
        let all =
            [incident(50, Some(true)), incident(120, Some(true)), incident(150, Some(false)), incident(160, None)];
        let all: Vec<&Incident> = all.iter().collect();
        let window = Window { start: Time::from_seconds(100), end: Time::from_seconds(200), days: 1 };
        let found = |practice, detection: &Detection| by_incidents(practice, detection, Some(&all), window);
        let summary = "an alert was the first to notice 1 incident";
        let expected = Some(exercised(summary.to_owned(), Time::from_seconds(120)));
        assert_eq!(found("alert_rules", &declared("rules.yml")), expected);
        assert_eq!(found("tracing", &declared("rules.yml")), None);
        assert_eq!(found("alert_rules", &Detection::Absent { looked_at: Vec::new() }), None);
    }
}
