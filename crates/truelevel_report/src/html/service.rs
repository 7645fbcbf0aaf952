//! One service: its stages, its numbers, what proves or speaks against each gate.

use std::collections::BTreeMap;

use askama::Template;
use truelevel_model::assessment::{GateOutcome, ServiceResult, StageResult};

use super::evidence::{GateRow, gate_row};
use super::overview::{LeftOut, left_out};
use super::parts::{Shown, Verdict, answer_verdict, level_range, service_figure, shown_of_service};
use super::{Page, Section, Site, rendered};
use crate::{decision, words};

#[derive(Template)]
#[template(path = "pages/service.html")]
struct Service {
    h: u8,
    facts: Vec<String>,
    stages: String,
    metrics: Vec<Shown>,
    questions: Vec<Question>,
    gates: Vec<Stage>,
    left_out: Vec<LeftOut>,
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
    let template = Service {
        h: site.heading() + u8::from(site.links.is_one_file()),
        facts: facts(service),
        stages: service_figure(site, service, "stages"),
        metrics: metrics(site, service),
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

/// The keys first, then everything else that has a value.
fn metrics(site: &Site<'_>, service: &ServiceResult) -> Vec<Shown> {
    let is_key = |id: &str| words::KEYS.iter().any(|(key, _)| *key == id);
    let others = service.metrics.iter().filter(|(id, measured)| !is_key(id) && measured.value.is_some());
    let ids = words::KEYS.iter().map(|(id, _)| *id).chain(others.map(|(id, _)| id.as_str()));
    let shown = |id: &str| {
        let mut shown = shown_of_service(site, service, id)?;
        if !is_key(id) {
            shown.figure = String::new();
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
