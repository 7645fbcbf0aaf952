//! What ran of what files declare: pipelines by their runs, alerts by what they noticed, reviews of incidents by their
//! pages, and what a deployed version carries by its deployments.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use truelevel_model::facts::RunOutcome;
use truelevel_model::{Detection, Evidence, Grade, Incident, Locator, PipelineRun, RepositoryId, Time, Window};
use truelevel_practices::pipelines::Pipeline;
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

/// The practice of which it is known that it worked when a pipeline failed that does nothing else.
const WORKS_BY_FAILING: &str = "scans_gate";

/// The practice that ran when an incident was written up.
const WRITTEN_UP: &str = "post_mortems";

/// A pipeline as runs name it: by its file, or by the name in it.
#[derive(Clone, Debug)]
pub(crate) struct PipelineFile {
    path: String,
    names: Vec<String>,
    files: Vec<File>,
    jobs: Vec<JobLines>,
}

/// A file by its repository and path: a pipeline may be made of files of several.
type File = (RepositoryId, String);

/// The lines of a file that define a job.
#[derive(Clone, Debug)]
struct JobLines {
    file: File,
    lines: Range<u32>,
}

/// How often each workflow came to a verdict in a window.
#[derive(Debug, Default)]
pub(crate) struct WorkflowRuns<'a>(BTreeMap<&'a str, Verdicts>);

/// Runs that came to a verdict.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Verdicts {
    runs: u64,
    last: Time,
    failed: u64,
    last_failed: Option<Time>,
}

impl Verdicts {
    fn and(self, other: Self) -> Self {
        Self {
            runs: self.runs + other.runs,
            last: self.last.max(other.last),
            failed: self.failed + other.failed,
            last_failed: self.last_failed.max(other.last_failed),
        }
    }
}

impl PipelineFile {
    /// The pipelines of a repository.
    pub(crate) fn all(repository: &Repository) -> Vec<Self> {
        let of = |pipeline: &Pipeline| {
            let short = pipeline.path.rsplit('/').next().unwrap_or_default();
            let stem = short.rsplit_once('.').map_or(short, |(stem, _)| stem);
            let names = [Some(&*pipeline.path), Some(short), Some(stem), pipeline.name.as_deref()];
            let files = pipeline.includes.iter().chain([&pipeline.path]).map(|path| file(repository, path));
            Self {
                path: pipeline.path.to_string(),
                names: names.into_iter().flatten().map(str::to_owned).collect(),
                files: files.collect(),
                jobs: JobLines::of(repository, pipeline),
            }
        };
        repository.pipelines().iter().map(of).collect()
    }

    /// Whether one of the files that it is made of declares what was found.
    fn declares(&self, found: &[Evidence]) -> bool {
        places(found).any(|(id, path, _)| self.files.iter().any(|file| file.0 == *id && file.1 == path))
    }

    /// Whether every job of it that can run holds a place of what was found.
    fn does_nothing_but(&self, found: &[Evidence]) -> bool {
        let holds = |job: &JobLines| {
            places(found).any(|(id, path, line)| job.file.0 == *id && job.file.1 == path && job.lines.contains(&line))
        };
        !self.jobs.is_empty() && self.jobs.iter().all(holds)
    }
}

impl JobLines {
    /// The jobs that can run: each from its own line to that of the next one in its file.
    fn of(repository: &Repository, pipeline: &Pipeline) -> Vec<Self> {
        let lines = |job: &truelevel_practices::pipelines::Job| {
            let others = pipeline.jobs.iter().filter(|other| other.place.path == job.place.path);
            let next = others.map(|other| other.place.line).filter(|line| *line > job.place.line).min();
            job.place.line..next.unwrap_or(u32::MAX)
        };
        let jobs = pipeline.active_jobs();
        jobs.map(|job| Self { file: file(repository, &job.place.path), lines: lines(job) }).collect()
    }
}

/// A file as a repository names it, by where it is kept.
fn file(repository: &Repository, path: &str) -> File {
    let origin = repository.origin(path);
    (origin.repository, origin.path)
}

/// The places in files at which something was found.
fn places(found: &[Evidence]) -> impl Iterator<Item = (&RepositoryId, &str, u32)> {
    found.iter().filter_map(|evidence| match &evidence.locator {
        Locator::File { repository, path, line, .. } => Some((repository, path.as_str(), *line)),
        Locator::Facts { .. } | Locator::Elsewhere { .. } => None,
    })
}

impl<'a> WorkflowRuns<'a> {
    /// The runs of a window that came to a verdict, whichever it was: what failed ran.
    pub(crate) fn new(runs: &[&'a PipelineRun], window: Window) -> Self {
        let mut found = BTreeMap::new();
        for run in runs {
            let has_verdict = matches!(run.outcome, RunOutcome::Succeeded | RunOutcome::Failed);
            if has_verdict && window.contains(run.started_at) {
                let has_failed = run.outcome == RunOutcome::Failed;
                let one = Verdicts {
                    runs: 1,
                    last: run.started_at,
                    failed: u64::from(has_failed),
                    last_failed: has_failed.then_some(run.started_at),
                };
                let all = found.entry(run.workflow.as_str());
                all.and_modify(|before: &mut Verdicts| *before = before.and(one)).or_insert(one);
            }
        }
        Self(found)
    }

    /// Runs of a pipeline. Where it is the only one there is, every run is one of it, whatever the source calls it.
    fn of(&self, pipeline: &PipelineFile, is_only_one: bool) -> Option<Verdicts> {
        let is_named = |workflow: &str| pipeline.names.iter().any(|name| name == workflow);
        let runs = self.0.iter().filter(|(workflow, _)| is_only_one || is_named(workflow)).map(|(_, runs)| *runs);
        runs.reduce(Verdicts::and)
    }
}

/// That pipelines ran whose files declare the practice; and that it worked, where failing shows it.
pub(crate) fn by_runs(
    practice: &str,
    found: &Detection,
    pipelines: &[PipelineFile],
    runs: &WorkflowRuns<'_>,
) -> Vec<Evidence> {
    let Detection::Present(evidence) = found else { return Vec::new() };
    let of = |is_one: &dyn Fn(&PipelineFile) -> bool| {
        let chosen = pipelines.iter().filter(|pipeline| is_one(pipeline));
        chosen.filter_map(|pipeline| runs.of(pipeline, pipelines.len() == 1)).reduce(Verdicts::and)
    };
    let Some(ran) = of(&|pipeline| pipeline.declares(evidence)) else { return Vec::new() };
    let mut shown = vec![exercised(format!("{} of the pipelines that declare it", count(ran.runs, "run")), ran.last)];
    if practice == WORKS_BY_FAILING
        && let Some(stopped) = of(&|pipeline| pipeline.does_nothing_but(evidence))
        && let Some(observed_at) = stopped.last_failed
    {
        let summary = format!("{} of pipelines that do nothing else", count(stopped.failed, "failed run"));
        shown.push(Evidence { grade: Grade::Effective, locator: Locator::Facts { summary }, observed_at });
    }
    shown
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

/// The pages of a practice that is exercised by writing them; none for other practices.
pub(crate) fn pages<'d>(practice: &str, found: &'d Detection) -> Vec<&'d str> {
    match found {
        Detection::Present(evidence) if practice == WRITTEN_UP => places(evidence).map(|(_, path, _)| path).collect(),
        _ => Vec::new(),
    }
}

/// That an incident of the window was written up: a page about one was written or changed after it began.
pub(crate) fn by_pages(
    incidents: Option<&[&Incident]>,
    window: Window,
    written: impl Fn(Time) -> Option<Time>,
) -> Option<Evidence> {
    let began = || incidents.unwrap_or_default().iter().filter(|it| window.contains(it.started_at));
    let last = written(began().map(|incident| incident.started_at).min()?)?;
    let incidents = count(began().count() as u64, "incident");
    Some(exercised(format!("{incidents}, and a page on incidents was written or changed since"), last))
}

/// What would show a practice in a grade that files declare, readable after a colon.
pub(crate) fn provable_by<'a>(
    practice: &str,
    grade: Grade,
    found: Option<&Detection>,
    pipelines: impl Iterator<Item = &'a PipelineFile>,
) -> String {
    let mut ways: Vec<String> = Vec::new();
    let evidence = match found {
        Some(Detection::Present(evidence)) => evidence.as_slice(),
        _ => &[],
    };
    let needs_effect = grade == Grade::Effective;
    let declaring = pipelines.filter(|pipeline| pipeline.declares(evidence));
    let declaring: BTreeSet<&str> = declaring.map(|pipeline| pipeline.path.as_str()).take(PIPELINES_NAMED).collect();
    if !declaring.is_empty() && !needs_effect {
        ways.push(format!("a run of {}", declaring.into_iter().collect::<Vec<_>>().join(" or ")));
    }
    if needs_effect && practice == WORKS_BY_FAILING {
        ways.push("a failed run of a pipeline that does nothing but scan".to_owned());
    }
    if !needs_effect && CARRIED_BY_DEPLOYMENTS.contains(&practice) {
        ways.push("a production deployment".to_owned());
    }
    if !needs_effect && SHOWN_BY_ALERTS.contains(&practice) {
        ways.push("an incident that an alert was the first to notice".to_owned());
    }
    if !needs_effect && practice == WRITTEN_UP {
        ways.push("an incident, and a page about it written or changed since".to_owned());
    }
    if let Some(in_facts) = truelevel_practices::practice(practice).and_then(|practice| practice.in_facts) {
        ways.push(in_facts.shown_by.to_owned());
    }
    let with = if needs_effect { "an address and what was measured" } else { "an address" };
    ways.push(format!("evidence with {with}, by `truelevel import`"));
    ways.join("; or ")
}

/// So many pipelines are named that could run.
const PIPELINES_NAMED: usize = 3;

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
            shared_workflows: None,
            branch: None,
            observed_at: Time::from_seconds(at),
        }
    }

    fn incident(at: i64, by_alert: Option<bool>) -> Incident {
        Incident {
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
        }
    }

    fn declared(path: &str) -> Detection {
        let locator = Locator::File {
            repository: "web".into(),
            commit: CommitId([1; 20]),
            path: path.to_owned(),
            named_as: None,
            line: 1,
            column: 1,
            end_line: 0,
            end_column: 0,
            text: String::new(),
        };
        Detection::Present(vec![Evidence { grade: Grade::Declared, locator, observed_at: Time::from_seconds(0) }])
    }

    fn pipeline(path: &str, name: &str) -> PipelineFile {
        let file = ("web".into(), path.to_owned());
        let jobs = vec![JobLines { file: file.clone(), lines: 1..9 }];
        PipelineFile { path: path.to_owned(), names: vec![path.to_owned(), name.to_owned()], files: vec![file], jobs }
    }

    fn check(runs: &[PipelineRun], pipelines: &[PipelineFile], path: &str, expected: Option<(&str, i64)>) {
        let window = Window { start: Time::from_seconds(100), end: Time::from_seconds(200), days: 1 };
        let runs: Vec<&PipelineRun> = runs.iter().collect();
        let found = by_runs("tests_run_in_ci", &declared(path), pipelines, &WorkflowRuns::new(&runs, window));
        let expected = expected.map(|(summary, at)| exercised(summary.to_owned(), Time::from_seconds(at)));
        let expected: Vec<Evidence> = expected.into_iter().collect();
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
    fn a_scan_worked_when_a_pipeline_failed_that_does_nothing_else() {
        let window = Window { start: Time::from_seconds(100), end: Time::from_seconds(200), days: 1 };
        let runs = [run("Scan", 120, RunOutcome::Failed), run("Scan", 150, RunOutcome::Succeeded)];
        let runs: Vec<&PipelineRun> = runs.iter().collect();
        let runs = WorkflowRuns::new(&runs, window);
        let best = |practice, pipeline: PipelineFile| {
            let shown = by_runs(practice, &declared("scan.yml"), &[pipeline], &runs);
            shown.into_iter().map(|evidence| (evidence.grade, evidence.observed_at)).max()
        };
        let alone = pipeline("scan.yml", "Scan");
        let mut beside = alone.clone();
        beside.jobs.push(JobLines { file: ("web".into(), "scan.yml".to_owned()), lines: 9..20 });
        assert_eq!(best("scans_gate", alone.clone()), Some((Grade::Effective, Time::from_seconds(120))));
        assert_eq!(
            best("scans_gate", beside),
            Some((Grade::Exercised, Time::from_seconds(150))),
            "what failed is open"
        );
        assert_eq!(best("code_scanning", alone), Some((Grade::Exercised, Time::from_seconds(150))));
    }

    #[test]
    fn what_would_prove_a_practice_names_the_pipeline_and_the_facts() {
        let check = |practice, grade, file, expected: &str| {
            let pipelines = [pipeline("ci.yml", "CI")];
            assert_eq!(provable_by(practice, grade, Some(&declared(file)), pipelines.iter()), expected);
        };
        let report = "evidence with an address, by `truelevel import`";
        check("tests_run_in_ci", Grade::Exercised, "ci.yml", &format!("a run of ci.yml; or {report}"));
        check("dashboards_as_code", Grade::Exercised, "board.json", report);
        check("tracing", Grade::Exercised, "app.yml", &format!("a production deployment; or {report}"));
        let rollback = "a production deployment that goes back to an earlier version";
        check("rollback_path", Grade::Exercised, "Makefile", &format!("{rollback}; or {report}"));
        let measured = "evidence with an address and what was measured, by `truelevel import`";
        check("restore_tests", Grade::Effective, "ci.yml", measured);
    }

    #[test]
    fn a_review_of_an_incident_is_a_page_that_came_after_it() {
        let window = Window { start: Time::from_seconds(100), end: Time::from_seconds(200), days: 1 };
        let (first, second) = (incident(120, None), incident(150, None));
        let seen = |incidents: &[&Incident], written: Option<i64>| {
            let written = |since: Time| written.map(Time::from_seconds).filter(|at| *at >= since);
            by_pages(Some(incidents), window, written).map(|evidence| evidence.observed_at)
        };
        assert_eq!(seen(&[&first, &second], Some(180)), Some(Time::from_seconds(180)));
        assert_eq!(seen(&[&first, &second], Some(110)), None, "the page was there before");
        assert_eq!(seen(&[&first], None), None);
        assert_eq!(seen(&[], Some(180)), None, "nothing happened");
        let declared = declared("docs/postmortems/2026-03-02.md");
        assert_eq!(pages("post_mortems", &declared), ["docs/postmortems/2026-03-02.md"]);
        assert!(pages("runbooks", &declared).is_empty());
    }

    #[test]
    fn an_alert_ran_when_it_was_the_first_to_notice() {
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
