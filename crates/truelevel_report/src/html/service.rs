//! One service: its stages, its numbers, what proves or speaks against each gate.

use std::collections::BTreeMap;

use askama::Template;
use truelevel_model::assessment::{GateOutcome, ServiceResult, StageResult};
use truelevel_model::course::{FailedDeployment, IncidentInWindow, Newest};

use super::evidence::{GateRow, gate_row};
use super::overview::{LeftOut, left_out};
use super::parts::{Shown, Verdict, answer_verdict, figure, level_range, service_figure, shown_of_service, sparkline};
use super::{Page, Section, Site, rendered};
use crate::{decision, numbers, words};

#[derive(Template)]
#[template(path = "pages/service.html")]
struct Service {
    h: u8,
    facts: Vec<String>,
    stages: String,
    metrics: Vec<Shown>,
    /// How the keys went, side by side.
    trends: Vec<String>,
    /// Days, waiting, parts of lead time.
    figures: Vec<String>,
    failures: Vec<FailureRow>,
    failures_more: u64,
    incidents: Vec<IncidentRow>,
    incidents_more: u64,
    /// Where every failure and incident is explained.
    fail_rate_link: String,
    recovery_link: String,
    pitfalls: Vec<(String, String)>,
    questions: Vec<Question>,
    gates: Vec<Stage>,
    left_out: Vec<LeftOut>,
}

struct FailureRow {
    when: String,
    version: String,
    shown_by: String,
    restored: String,
}

struct IncidentRow {
    when: String,
    id: String,
    severity: String,
    lasted: String,
    deployment: String,
}

struct Question {
    text: String,
    link: String,
    verdict: Verdict,
    because: Vec<String>,
    parts: Vec<String>,
}

struct Stage {
    name: String,
    level: String,
    rows: Vec<GateRow>,
    unknown: Vec<Unknown>,
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
        html: body(site, service),
    }
}

pub(super) fn body(site: &Site<'_>, service: &ServiceResult) -> String {
    let is_one_file = site.links.is_one_file();
    let course = site.course(Some(service));
    let (failures, failures_more) = course.map(|course| newest(&course.failures, failure_row)).unwrap_or_default();
    let (incidents, incidents_more) = course.map(|course| newest(&course.incidents, incident_row)).unwrap_or_default();
    let template = Service {
        h: site.heading() + u8::from(is_one_file),
        facts: facts(service),
        stages: service_figure(site, service, "stages"),
        metrics: metrics(site, service),
        trends: if is_one_file { Vec::new() } else { trends(site, service) },
        figures: FIGURES.iter().map(|name| shown_figure(site, service, name)).filter(|html| !html.is_empty()).collect(),
        failures,
        failures_more,
        incidents,
        incidents_more,
        fail_rate_link: site.to(&Page::Metric("change_fail_rate".to_owned())),
        recovery_link: site.to(&Page::Metric("failed_deployment_recovery_time".to_owned())),
        pitfalls: pitfalls(site, &service.service),
        questions: service
            .questions
            .iter()
            .map(|result| Question {
                text: result.text.clone(),
                link: site.to(&Page::Definition(result.question.clone())),
                verdict: answer_verdict(result.answer),
                because: result.because.clone(),
                parts: result.parts.iter().filter_map(decision::part).collect(),
            })
            .collect(),
        gates: service.stages.iter().chain(&service.lanes).map(|stage| shown_stage(site, stage)).collect(),
        left_out: left_out(site, &service.exclusions),
    };
    rendered(&template)
}

fn facts(service: &ServiceResult) -> Vec<String> {
    let team = service.team.as_ref().map(|team| format!("owned by {team}"));
    let repositories = match service.repositories.as_slice() {
        [] => "no repository is matched to it".to_owned(),
        names => format!("code in {}", words::listed(names)),
    };
    let activity = (!service.is_active).then(|| "not deployed in the window".to_owned());
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

fn newest<T, Row>(found: &Newest<T>, row: fn(&T) -> Row) -> (Vec<Row>, u64) {
    (found.items.iter().map(row).collect(), found.count - found.items.len() as u64)
}

fn failure_row(failure: &FailedDeployment) -> FailureRow {
    let signals: Vec<String> = failure.signals.iter().map(|signal| signal.replace('_', " ")).collect();
    FailureRow {
        when: words::moment(failure.finished_at),
        version: failure.version.clone(),
        shown_by: signals.join(", "),
        restored: lasted(failure.seconds, failure.is_open),
    }
}

fn incident_row(incident: &IncidentInWindow) -> IncidentRow {
    IncidentRow {
        when: words::moment(incident.started_at),
        id: incident.id.clone(),
        severity: incident.severity.clone().unwrap_or_else(|| "not said".to_owned()),
        lasted: lasted(incident.seconds, incident.is_open),
        deployment: incident.version.clone().unwrap_or_else(|| "none".to_owned()),
    }
}

fn lasted(seconds: f64, is_open: bool) -> String {
    let duration = numbers::duration(seconds);
    if is_open { format!("open for {duration}") } else { duration }
}

/// What may mislead in this service's numbers: title and what was seen.
fn pitfalls(site: &Site<'_>, service: &str) -> Vec<(String, String)> {
    let found = site.assessment.pitfalls.iter().filter(|pitfall| pitfall.services.iter().any(|name| name == service));
    found.map(|pitfall| (pitfall.title.clone(), format!("{}; {}.", pitfall.finding, pitfall.response))).collect()
}

/// The keys first, then everything else that has a value.
fn metrics(site: &Site<'_>, service: &ServiceResult) -> Vec<Shown> {
    let is_key = |id: &str| words::KEYS.iter().any(|(key, _)| *key == id);
    let others = service.metrics.iter().filter(|(id, measured)| !is_key(id) && measured.value.is_some());
    let ids = words::KEYS.iter().map(|(id, _)| *id).chain(others.map(|(id, _)| id.as_str()));
    let shown = |id: &str| {
        let mut shown = shown_of_service(site, service, id)?;
        if !is_key(id) {
            shown.figure = String::new();
        } else if site.links.is_one_file() {
            shown.sparkline = sparkline(site, Some(service), id);
        }
        Some(shown)
    };
    ids.filter_map(shown).collect()
}

fn shown_stage(site: &Site<'_>, stage: &StageResult) -> Stage {
    let mut unknown: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    let mut rows = Vec::new();
    for gate in &stage.gates {
        if gate.outcome == GateOutcome::Unknown && gate.evidence.is_empty() {
            let link = site.to(&Page::Definition(gate.gate.clone()));
            unknown
                .entry(shared_reason(&gate.because))
                .or_default()
                .push((link, gate.statement.trim_end_matches('.').to_owned()));
        } else {
            rows.push(gate_row(site, gate));
        }
    }
    Stage {
        name: stage.stage.clone(),
        level: words::stage_level(stage),
        rows,
        unknown: unknown
            .into_iter()
            .map(|(because, gates)| Unknown { because: because.trim_end_matches('.').to_owned(), gates })
            .collect(),
    }
}

/// The reason itself, where every part of it is `PRACTICE: cannot tell, REASON` with the same reason: gates that cannot
/// be told for one reason are told together.
fn shared_reason(because: &str) -> String {
    let reasons: Option<Vec<&str>> =
        because.split("; ").map(|part| part.split_once(": cannot tell, ").map(|(_, reason)| reason)).collect();
    match reasons.as_deref() {
        Some([first, rest @ ..]) if rest.iter().all(|reason| reason == first) => (*first).to_owned(),
        _ => because.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::shared_reason;

    #[test]
    fn one_reason_for_several_practices_is_said_once() {
        let check = |because, expected| assert_eq!(shared_reason(because), expected);
        check("a: cannot tell, no repository; b: cannot tell, no repository", "no repository");
        check("a: cannot tell, no repository; b: exercised", "a: cannot tell, no repository; b: exercised");
        check("too few", "too few");
    }
}
