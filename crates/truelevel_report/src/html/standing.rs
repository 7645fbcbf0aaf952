//! Where one gate or question stands: service by service, with why, and the evidence.

use askama::Template;
use truelevel_model::assessment::{Answer, EvidenceResult, GateOutcome, GateResult, QuestionResult, ServiceResult};

use super::evidence::{because, located, services_bar, services_counted};
use super::listing::{Cell, Column, Listing};
use super::markdown::coded;
use super::parts::{Verdict, answer_verdict, answers_bar, gate_verdict};
use super::{Page, Site, rendered};
use crate::decision;

#[derive(Template)]
#[template(path = "standing.html")]
struct Standing {
    h: u8,
    verdict: Verdict,
    because: Vec<String>,
    bar: String,
    counts: String,
    services: String,
}

/// The part of a definition's page that says where it stands; empty where nothing of it is known.
pub(super) fn html(site: &Site<'_>, id: &str) -> String {
    if let Some(gate) = whole_gate(site, id) {
        let counts = gate.services.as_ref();
        return rendered(&Standing {
            h: site.heading(),
            verdict: gate_verdict(gate.outcome, gate.is_intention),
            because: Some(because(gate)).filter(|why| !why.is_empty()).into_iter().collect(),
            bar: counts.map_or_else(String::new, services_bar),
            counts: counts.map_or_else(String::new, services_counted),
            services: gate_services(site, id).map_or_else(String::new, |listing| listing.html(site)),
        });
    }
    let Some(question) = whole_question(site, id) else { return String::new() };
    let counts = question.services.as_ref();
    rendered(&Standing {
        h: site.heading(),
        verdict: answer_verdict(question.answer),
        because: decision::reasons(question).iter().map(|reason| coded(reason)).collect(),
        bar: counts.map_or_else(String::new, answers_bar),
        counts: String::new(),
        services: question_services(site, id).map_or_else(String::new, |listing| listing.html(site)),
    })
}

fn whole_gate<'a>(site: &Site<'a>, id: &str) -> Option<&'a GateResult> {
    let stages = site.assessment.stages.iter().chain(&site.assessment.lanes);
    stages.flat_map(|stage| &stage.gates).find(|gate| gate.gate == id)
}

fn whole_question<'a>(site: &Site<'a>, id: &str) -> Option<&'a QuestionResult> {
    site.assessment.first_constraint.chain.iter().find(|question| question.question == id)
}

/// How a gate stands in each service: what is not met first, then what cannot be told.
pub(super) fn gate_services(site: &Site<'_>, id: &str) -> Option<Listing> {
    let columns = ["Service", "Stands", "Why", "Evidence"].map(Column::words);
    let mut listing = Listing::new(&format!("gate-{id}"), "services", columns).finding("service");
    let gate = |service: &'_ ServiceResult| {
        let stages = service.stages.iter().chain(&service.lanes);
        stages.flat_map(|stage| &stage.gates).find(|gate| gate.gate == id).cloned()
    };
    let mut found: Vec<(&ServiceResult, GateResult)> =
        site.judged().filter_map(|service| Some((service, gate(service)?))).collect();
    found.sort_by_key(|(service, gate)| (outcome_order(gate.outcome), service.service.clone()));
    for (service, gate) in found {
        let verdict = gate_verdict(gate.outcome, gate.is_intention);
        listing.push([
            name(site, service),
            Cell::words(format!("{} {}", verdict.sign, verdict.word)).coloured(verdict.class),
            Cell::words(&gate.because),
            first_place(&gate.evidence),
        ]);
    }
    (!listing.is_empty()).then_some(listing)
}

const fn outcome_order(outcome: GateOutcome) -> u8 {
    match outcome {
        GateOutcome::Unmet => 0,
        GateOutcome::Unknown => 1,
        GateOutcome::Met => 2,
        GateOutcome::NotApplicable => 3,
    }
}

/// Where the first evidence stands, and how much more there is.
fn first_place(evidence: &[EvidenceResult]) -> Cell {
    let Some(first) = evidence.first() else { return Cell::words("") };
    let (place, text) = located(first);
    let more = evidence.len() - 1;
    let more = if more > 0 { format!("{text} and {more} more") } else { text };
    let cell = Cell::words(place).standing_on(more.trim());
    match first.url.as_ref().filter(|url| url.starts_with("https://") || url.starts_with("http://")) {
        Some(url) => cell.linked(url.clone()),
        None => cell,
    }
}

/// How a question is answered for each service: no first, then what cannot be told.
pub(super) fn question_services(site: &Site<'_>, id: &str) -> Option<Listing> {
    let columns = ["Service", "Answer", "Why"].map(Column::words);
    let mut listing = Listing::new(&format!("question-{id}"), "services", columns).finding("service");
    let question = |service: &'_ ServiceResult| service.questions.iter().find(|asked| asked.question == id).cloned();
    let mut found: Vec<(&ServiceResult, QuestionResult)> =
        site.judged().filter_map(|service| Some((service, question(service)?))).collect();
    let order = |answer| match answer {
        Answer::No => 0,
        Answer::Unknown => 1,
        Answer::Yes => 2,
    };
    found.sort_by_key(|(service, asked)| (order(asked.answer), service.service.clone()));
    for (service, asked) in found {
        let verdict = answer_verdict(asked.answer);
        listing.push([
            name(site, service),
            Cell::words(format!("{} {}", verdict.sign, verdict.word)).coloured(verdict.class),
            Cell::words(asked.because.join("; ")),
        ]);
    }
    (!listing.is_empty()).then_some(listing)
}

fn name(site: &Site<'_>, service: &ServiceResult) -> Cell {
    Cell::words(&service.service).linked(site.to(&Page::Service(service.service.clone())))
}
