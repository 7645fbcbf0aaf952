//! One service: its stages, its numbers, what proves or speaks against each gate.

use std::collections::BTreeMap;

use askama::Template;
use truelevel_model::assessment::{GateOutcome, GateResult, Pitfall, QuestionResult, ServiceResult, StageResult};
use truelevel_model::course::{MOST_NAMED, ShownBy};
use truelevel_model::{Time, Unit};

use super::evidence::{GateRow, gate_row};
use super::listing::{Cell, Column, Listing};
use super::notes::{Block, Notes, Reference, Within};
use super::overview::{LeftOut, left_out};
use super::parts::{
    ALL_GATES, ALL_VALUES, Shown, Verdict, answer_verdict, figure, gate_verdict, level_range, service_figure,
    shown_of_service, sparkline,
};
use super::{Page, Section, Site, rendered};
use crate::{decision, numbers, words};

#[derive(Template)]
#[template(path = "pages/service.html")]
struct Service {
    h: u8,
    facts: Vec<String>,
    stages: String,
    metrics: Vec<Shown>,
    /// In a report all but the keys are rows; of many services they stand in one table.
    others: Vec<Shown>,
    others_link: Option<String>,
    /// How the keys went, side by side.
    trends: Vec<String>,
    /// Days, waiting, parts of lead time.
    figures: Vec<String>,
    /// As HTML.
    failures: String,
    failures_more: u64,
    /// As HTML.
    incidents: String,
    incidents_more: u64,
    /// Where every failure and incident is explained.
    fail_rate_link: String,
    recovery_link: String,
    /// Title and what was seen.
    pitfalls: Vec<(String, String)>,
    pitfalls_link: String,
    /// As HTML.
    questions: Vec<String>,
    shared_questions: Vec<Reference>,
    gates: Vec<Stage>,
    gates_csv: Option<String>,
    /// In a report of many services: where the gates of all of them stand.
    gates_link: Option<String>,
    left_out: Vec<LeftOut>,
}

#[derive(Template)]
#[template(path = "question.html")]
struct Question {
    text: String,
    link: String,
    verdict: Verdict,
    reasons: Vec<String>,
}

#[derive(Template)]
#[template(path = "gate.html")]
struct Gate {
    gate: GateRow,
}

/// What cannot be told, by reason.
#[derive(Template)]
#[template(path = "unknown.html")]
struct Unknowns {
    unknown: Vec<Unknown>,
}

struct Stage {
    name: String,
    level: String,
    /// As HTML.
    rows: Vec<String>,
    /// As HTML.
    unknown: String,
    shared: Vec<Reference>,
}

/// Gates that cannot be told for the same reason.
struct Unknown {
    because: String,
    /// Address and statement.
    gates: Vec<(String, String)>,
}

pub(super) fn section(site: &Site<'_>, service: &ServiceResult) -> Section {
    Section {
        page: Page::Service(service.service.clone()),
        title: service.service.clone(),
        lead: format!("Level {}, {}.", level_range(service.level), words::level_name(service.level.proven)),
        html: body(site, service, &Notes::default()),
    }
}

/// Everything of a service that may stand alike in others.
pub(super) fn blocks(site: &Site<'_>, service: &ServiceResult) -> Vec<Block> {
    let shown = stages(service).filter(|_| !site.is_brief());
    let gates = shown.flat_map(|stage| gates(site, stage).into_iter().chain(unknown(site, stage)));
    questions(site, service).into_iter().chain(gates).collect()
}

pub(super) fn body(site: &Site<'_>, service: &ServiceResult, notes: &Notes) -> String {
    let (questions, shared_questions) = notes.split(questions(site, service));
    let is_one_file = site.links.is_one_file();
    let course = site.course(Some(service));
    let mut metrics = metrics(site, service);
    let others = if is_one_file { metrics.split_off(metrics.len().min(words::KEYS.len())) } else { Vec::new() };
    let template = Service {
        h: site.heading() + u8::from(is_one_file),
        facts: facts(site, service),
        stages: service_figure(site, service, "stages"),
        others_link: (site.is_brief() && !others.is_empty()).then(|| format!("#{ALL_VALUES}")),
        others: if site.is_brief() { Vec::new() } else { others },
        metrics,
        trends: if is_one_file { Vec::new() } else { trends(site, service) },
        figures: FIGURES.iter().map(|name| shown_figure(site, service, name)).filter(|html| !html.is_empty()).collect(),
        failures: as_fits(site, failures(site, service)).html(site),
        failures_more: course.map_or(0, |course| course.failures.count).saturating_sub(fitting(site)),
        incidents: as_fits(site, incidents(site, service)).html(site),
        incidents_more: course.map_or(0, |course| course.incidents.count).saturating_sub(fitting(site)),
        fail_rate_link: site.to(&Page::Metric("change_fail_rate".to_owned())),
        recovery_link: site.to(&Page::Metric("failed_deployment_recovery_time".to_owned())),
        pitfalls: pitfalls(site, &service.service),
        pitfalls_link: site.to(&Page::Pitfalls),
        questions,
        shared_questions,
        gates_csv: site.links.download("gates.csv"),
        gates: stages(service).map(|stage| shown_stage(site, stage, notes)).collect(),
        gates_link: site.is_brief().then(|| format!("#{ALL_GATES}")),
        left_out: left_out(site, &service.exclusions),
    };
    rendered(&template)
}

fn facts(site: &Site<'_>, service: &ServiceResult) -> Vec<String> {
    let team = service.team.as_ref().map(|team| format!("owned by {team}"));
    let repositories = match service.repositories.as_slice() {
        [] => "no repository is matched to it".to_owned(),
        names => format!("code in {}", words::listed(names)),
    };
    let idle = if site.ends_before_window().is_some() {
        "what happened in the window is not known"
    } else {
        "not deployed in the window"
    };
    let activity = (!service.is_active).then(|| idle.to_owned());
    let deployments = format!("deployments from {}", service.deployment_data.describe());
    team.into_iter().chain([repositories, deployments]).chain(activity).collect()
}

/// Of a service, in this order.
const FIGURES: [&str; 4] =
    ["calendar", "segments", "survival-change_lead_time", "survival-failed_deployment_recovery_time"];

/// A report of many services has room for the days alone: numbers say the rest.
fn shown_figure(site: &Site<'_>, service: &ServiceResult, name: &str) -> String {
    match (site.links.is_one_file(), name) {
        (false, name) => figure(site, Some(service), name),
        (true, "calendar" | "segments") => service_figure(site, service, name),
        (true, _) => String::new(),
    }
}

/// DORA's keys week by week.
fn trends(site: &Site<'_>, service: &ServiceResult) -> Vec<String> {
    let keys = words::KEYS.iter().map(|(id, _)| *id).chain(["deployment_rework_rate"]);
    keys.map(|id| figure(site, Some(service), &format!("small-{id}"))).filter(|html| !html.is_empty()).collect()
}

/// So many failures and incidents of each of many services has a report room for.
const NEWEST_IN_BRIEF: u64 = 5;

/// How many failures and incidents a page shows.
fn fitting(site: &Site<'_>) -> u64 {
    if site.is_brief() { NEWEST_IN_BRIEF } else { MOST_NAMED as u64 }
}

fn as_fits(site: &Site<'_>, listing: Listing) -> Listing {
    let newest = listing.first(fitting(site) as usize);
    if site.links.is_one_file() { newest.in_order() } else { newest }
}

/// What shows that a deployment failed, and where that was found.
fn signal(shown: &ShownBy) -> String {
    let signal = shown.signal.replace('_', " ");
    match &shown.origin {
        Some(origin) => format!("{signal} ({origin})"),
        None => signal,
    }
}

/// The deployments of a service that failed, newest first.
pub(super) fn failures(site: &Site<'_>, service: &ServiceResult) -> Listing {
    let columns = [
        Column::words("Finished"),
        Column::words("Version"),
        Column::words("Shown by"),
        Column::numbers("Restored after"),
    ];
    let mut listing = Listing::new("failures", "failed deployments", columns);
    for failure in site.course(Some(service)).iter().flat_map(|course| &course.failures.items) {
        let signals: Vec<String> = failure.shown_by.iter().map(signal).collect();
        listing.push([
            at(failure.finished_at),
            Cell::words(&failure.version),
            Cell::words(signals.join(", ")),
            lasted(failure.seconds, failure.is_open),
        ]);
    }
    listing
}

/// The incidents of a service, newest first.
pub(super) fn incidents(site: &Site<'_>, service: &ServiceResult) -> Listing {
    let columns = [
        Column::words("Began"),
        Column::words("Incident"),
        Column::words("Severity"),
        Column::words("Belongs to"),
        Column::numbers("Lasted"),
    ];
    let mut listing = Listing::new("incidents", "incidents", columns);
    for incident in site.course(Some(service)).iter().flat_map(|course| &course.incidents.items) {
        listing.push([
            at(incident.started_at),
            Cell::words(&incident.id),
            Cell::words(incident.severity.as_deref().unwrap_or("not said")),
            Cell::words(incident.version.as_deref().unwrap_or("none")),
            lasted(incident.seconds, incident.is_open),
        ]);
    }
    listing
}

fn at(time: Time) -> Cell {
    Cell::by(words::moment(time), Some(time.millis() as f64)).taken(time.to_string())
}

fn lasted(seconds: f64, is_open: bool) -> Cell {
    let cell = Cell::number(Unit::Seconds, Some(seconds));
    if is_open { cell.said(|duration| format!("open for {duration}")) } else { cell }
}

/// What may mislead in this service's numbers.
fn pitfalls(site: &Site<'_>, service: &str) -> Vec<(String, String)> {
    let found = site.assessment.pitfalls.iter().filter(|pitfall| pitfall.services.iter().any(|name| name == service));
    let seen = |pitfall: &Pitfall| {
        let own = pitfall.evidence.iter().find_map(|line| line.strip_prefix(service)?.strip_prefix(": "));
        match (own, site.links.is_one_file()) {
            (Some(own), _) => format!("{own}; {}.", pitfall.response),
            // In a report the link leads to the words.
            (None, true) => String::new(),
            (None, false) => {
                let services = numbers::count(pitfall.services_affected, "service");
                format!("one of {services}, together: {}; {}.", pitfall.finding, pitfall.response)
            }
        }
    };
    found.map(|pitfall| (pitfall.title.clone(), seen(pitfall))).collect()
}

/// The keys first, then everything else that has a value.
fn metrics(site: &Site<'_>, service: &ServiceResult) -> Vec<Shown> {
    let is_key = |id: &str| words::KEYS.iter().any(|(key, _)| *key == id);
    let others = service.metrics.iter().filter(|(id, measured)| !is_key(id) && measured.value.is_some());
    let ids = words::KEYS.iter().map(|(id, _)| *id).chain(others.map(|(id, _)| id.as_str()));
    let shown = |id: &str| {
        let mut shown = shown_of_service(site, service, id)?;
        if is_key(id) {
            shown.figure = service_figure(site, service, &format!("metric-{id}"));
            if site.links.is_one_file() {
                shown.sparkline = sparkline(site, Some(service), id);
            }
        }
        Some(shown)
    };
    ids.filter_map(shown).collect()
}

fn stages(service: &ServiceResult) -> impl Iterator<Item = &StageResult> {
    service.stages.iter().chain(&service.lanes)
}

fn questions(site: &Site<'_>, service: &ServiceResult) -> Vec<Block> {
    let question = |result: &QuestionResult| {
        let verdict = answer_verdict(result.answer);
        let question = Question {
            text: result.text.clone(),
            link: site.to(&Page::Definition(result.question.clone())),
            verdict,
            // Where space is short, the answer's own reason is enough.
            reasons: if site.is_brief() { result.because.clone() } else { decision::reasons(result) },
        };
        Block { within: Within::Questions, html: rendered(&question), label: result.text.clone(), verdict }
    };
    service.questions.iter().map(question).collect()
}

/// Whether nothing can be shown of a gate but why it cannot be told.
fn is_bare(gate: &GateResult) -> bool {
    gate.outcome == GateOutcome::Unknown && gate.evidence.is_empty()
}

fn gates(site: &Site<'_>, stage: &StageResult) -> Vec<Block> {
    let gate = |gate: &GateResult| {
        let row = gate_row(site, gate);
        let verdict = row.verdict;
        Block {
            within: Within::Gates,
            html: rendered(&Gate { gate: row }),
            label: gate.gate.replace('_', " "),
            verdict,
        }
    };
    stage.gates.iter().filter(|gate| !is_bare(gate)).map(gate).collect()
}

fn unknown(site: &Site<'_>, stage: &StageResult) -> Option<Block> {
    let mut by_reason: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for gate in stage.gates.iter().filter(|gate| is_bare(gate)) {
        let link = site.to(&Page::Definition(gate.gate.clone()));
        let statement = gate.statement.trim_end_matches('.').to_owned();
        by_reason.entry(shared_reason(&gate.because)).or_default().push((link, statement));
    }
    let count: usize = by_reason.values().map(Vec::len).sum();
    let unknown: Vec<Unknown> = by_reason
        .into_iter()
        .map(|(because, gates)| Unknown { because: because.trim_end_matches('.').to_owned(), gates })
        .collect();
    (count > 0).then(|| Block {
        within: Within::Nothing,
        html: rendered(&Unknowns { unknown }),
        label: format!("{}, and why", numbers::count(count as u64, "gate")),
        verdict: gate_verdict(GateOutcome::Unknown, false),
    })
}

fn shown_stage(site: &Site<'_>, stage: &StageResult, notes: &Notes) -> Stage {
    let (name, level) = (stage.stage.clone(), words::stage_level(stage));
    if site.is_brief() {
        let level = format!("{level}: {}", counted(stage));
        return Stage { name, level, rows: Vec::new(), unknown: String::new(), shared: Vec::new() };
    }
    let (rows, mut shared) = notes.split(gates(site, stage));
    let (own, unknown) = notes.split(unknown(site, stage).into_iter().collect());
    shared.extend(unknown);
    Stage { name, level, rows, unknown: own.concat(), shared }
}

/// How many of a stage's gates have each verdict.
fn counted(stage: &StageResult) -> String {
    let mut counts: Vec<(&str, u64)> = Vec::new();
    for gate in &stage.gates {
        let word = gate_verdict(gate.outcome, gate.is_intention).word;
        match counts.iter_mut().find(|(known, _)| *known == word) {
            Some((_, count)) => *count += 1,
            None => counts.push((word, 1)),
        }
    }
    let counted: Vec<String> = counts.iter().map(|(word, count)| format!("{count} {word}")).collect();
    counted.join(", ")
}

/// `A: REASON; B: cannot tell, REASON` told once: `A, B: REASON`, and `REASON` alone where there is no other. The order is
/// that of the first mention.
fn shared_reason(because: &str) -> String {
    let mut by_reason: Vec<(&str, Vec<&str>)> = Vec::new();
    for part in because.split("; ") {
        let Some((what, reason)) = part.split_once(": ") else { return because.to_owned() };
        let reason = reason.strip_prefix("cannot tell, ").unwrap_or(reason);
        match by_reason.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, whats)) => whats.push(what),
            None => by_reason.push((reason, vec![what])),
        }
    }
    match by_reason.as_slice() {
        [(reason, _)] if because.contains(": cannot tell, ") => (*reason).to_owned(),
        _ => {
            let told = by_reason.iter().map(|(reason, whats)| format!("{}: {reason}", whats.join(", ")));
            told.collect::<Vec<_>>().join("; ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::shared_reason;

    #[test]
    fn one_reason_for_several_practices_is_said_once() {
        let check = |because, expected| assert_eq!(shared_reason(because), expected);
        check("a: cannot tell, no repository; b: cannot tell, no repository", "no repository");
        check("a: cannot tell, no repository; m: no repository", "no repository");
        check("a: cannot tell, no repository; b: exercised; c: no repository", "a, c: no repository; b: exercised");
        check("lead time: too few", "lead time: too few");
        check("too few", "too few");
    }
}
