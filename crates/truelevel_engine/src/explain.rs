//! What a metric, practice, gate, question or reason code means, and what it is in this workspace.

use std::collections::BTreeSet;

pub use truelevel_assess::benchmarks::DEFAULT_EDITION;
use truelevel_assess::catalog::{Gate, Question, Requirement, Stage};
use truelevel_assess::conditions::Subject;
use truelevel_assess::platform::PlatformRules;
use truelevel_assess::{Catalog, CatalogError, Reference, benchmarks};
use truelevel_metrics::METRICS;
use truelevel_metrics::asking::Asking;
use truelevel_model::assessment::{Answer, Assessment, GateResult};
use truelevel_model::{Detection, Locator, Reason, registry, taken_from};
use truelevel_practices::home_made::COMMODITIES;
use truelevel_practices::{Content, OwnPractice};
use truelevel_report::numbers;
use truelevel_report::sarif::Rule;

use crate::assess::Prepared;
use crate::left_out::{counted_in, unknowable};
use crate::measure::Measuring;
use crate::pitfalls::PITFALLS;
use crate::{EngineError, Workspace};

/// How many events are listed unless all are asked for.
const EVENTS_SHOWN: usize = 10;

/// A definition, and what it comes to here.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Explanation {
    /// The id.
    pub id: String,
    /// What it is: metric, practice, gate, question, profile, pitfall, home-made commodity or reason code.
    pub kind: &'static str,
    /// Its name.
    pub title: String,
    /// Its definition, as Markdown.
    pub body: String,
    /// What it is here: headings with lines.
    pub sections: Vec<Section>,
}

/// Lines under a heading.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Section {
    /// The heading.
    pub heading: String,
    /// The lines.
    pub lines: Vec<String>,
}

/// Everything that can be explained: id and title.
pub fn known_ids() -> Result<Vec<(String, String)>, CatalogError> {
    let catalog = Catalog::embedded()?;
    let titled = |id: &str, docs: &str| (id.to_owned(), registry::title(docs).to_owned());
    let mut ids: Vec<(String, String)> = METRICS.iter().map(|metric| titled(metric.id, metric.docs)).collect();
    ids.extend(truelevel_practices::PRACTICES.iter().map(|practice| titled(practice.id, practice.docs)));
    ids.extend(COMMODITIES.iter().map(|commodity| titled(commodity.id, commodity.docs)));
    ids.extend(PITFALLS.iter().map(|kind| titled(kind.id, kind.docs)));
    ids.extend(Reason::ALL.iter().map(|reason| titled(reason.code(), reason.docs())));
    ids.extend(
        catalog.stages.iter().flat_map(|stage| &stage.gates).map(|gate| (gate.id.clone(), gate.statement.clone())),
    );
    ids.extend(catalog.questions.iter().map(|question| (question.id.clone(), question.text.clone())));
    let rules = PlatformRules::embedded()?;
    ids.extend(rules.ids().filter_map(|id| Some((id.to_owned(), rules.defined(id)?.0))));
    ids.sort();
    ids.dedup_by(|a, b| a.0 == b.0);
    Ok(ids)
}

/// The definition behind an id; `None` when nothing has it.
pub fn define(id: &str) -> Result<Option<Explanation>, CatalogError> {
    let catalog = Catalog::embedded()?;
    let page = |kind, docs: &str| Explanation {
        id: id.to_owned(),
        kind,
        title: registry::title(docs).to_owned(),
        body: registry::body(docs),
        sections: Vec::new(),
    };
    if let Some(metric) = METRICS.iter().find(|metric| metric.id == id) {
        let mut explanation = page("metric", metric.docs);
        explanation.body += &format!("\n\nDefinition: {}.", metric.definition());
        return Ok(Some(explanation));
    }
    if let Some(practice) = truelevel_practices::practice(id) {
        return Ok(Some(page("practice", practice.docs)));
    }
    if let Some(kind) = PITFALLS.iter().find(|kind| kind.id == id) {
        return Ok(Some(page("pitfall", kind.docs)));
    }
    if let Some(commodity) = COMMODITIES.iter().find(|commodity| commodity.id == id) {
        let mut explanation = page("home-made commodity", commodity.docs);
        explanation.body += &format!("\n\n**In its place**: {}.", commodity.instead);
        return Ok(Some(explanation));
    }
    if let Some(reason) = Reason::ALL.iter().find(|reason| reason.code() == id) {
        return Ok(Some(page("reason code", reason.docs())));
    }
    if let Some((stage, gate)) = catalog.gate(id) {
        return Ok(Some(gate_page(&stage.id, gate)));
    }
    if let Some((title, body)) = PlatformRules::embedded()?.defined(id) {
        return Ok(Some(Explanation { title, body, ..page("profile", "") }));
    }
    Ok(catalog.question(id).map(question_page))
}

/// The definition of a gate or practice of the workspace's own.
pub fn define_own(workspace: &Workspace, id: &str) -> Result<Option<Explanation>, CatalogError> {
    if let Some(practice) = workspace.config.own.practices.iter().find(|practice| practice.id == id) {
        return Ok(Some(own_practice_page(practice)));
    }
    Ok(workspace.catalog()?.gate(id).map(|(stage, gate)| gate_page(&stage.id, gate)))
}

fn own_practice_page(practice: &OwnPractice) -> Explanation {
    let what = match &practice.content {
        Content::Anything => "Shown by such a file".to_owned(),
        Content::Line(pattern) => format!("Shown by a line of it that matches `{pattern}`"),
        Content::Value { path, pattern: None } => format!("Shown by a value at `{}`", path.join(".")),
        Content::Value { path, pattern: Some(pattern) } => {
            format!("Shown by a value at `{}` that matches `{pattern}`", path.join("."))
        }
    };
    Explanation {
        id: practice.id.clone(),
        kind: "practice",
        title: practice.title.clone(),
        body: format!("A practice of this workspace's own.\n\n**Files**: `{}`. {what}.", practice.files),
        sections: Vec::new(),
    }
}

fn gate_page(stage: &str, gate: &Gate) -> Explanation {
    Explanation {
        id: gate.id.clone(),
        kind: "gate",
        title: gate.statement.clone(),
        body: format!(
            "A gate of stage {stage}, level {}.\n\n**Why**: {}\n\n**How to get there**: {}\n\n**Effort**: {} for one team. **Unlocks**: {}\n\n**Met when** {}{}",
            gate.level,
            gate.why,
            gate.how,
            gate.effort.as_str(),
            gate.unlocks,
            in_words(&gate.requirement),
            see_also(gate)
        ),
        sections: Vec::new(),
    }
}

/// What each gate says of itself, for the findings of code scanning.
pub fn rules(workspace: &Workspace) -> Result<Vec<Rule>, EngineError> {
    let catalog = workspace.catalog()?;
    let rule = |(stage, gate): (&Stage, &Gate)| Rule {
        id: gate.id.clone(),
        stage: stage.id.clone(),
        level: gate.level,
        statement: gate.statement.clone(),
        why: gate.why.clone(),
        help: gate_page(&stage.id, gate).body,
        help_uri: gate.references.first().map(|reference| reference.url.clone()),
    };
    let gates = catalog.stages.iter().flat_map(|stage| stage.gates.iter().map(move |gate| (stage, gate)));
    Ok(gates.map(rule).collect())
}

fn see_also(gate: &Gate) -> String {
    let references: Vec<String> = gate.references.iter().map(in_framework).collect();
    if references.is_empty() { String::new() } else { format!("\n\n**See also**: {}", references.join("; ")) }
}

fn in_framework(reference: &Reference) -> String {
    format!("{}: {} ({}, {})", reference.id, reference.title, reference.framework, reference.url)
}

fn question_page(question: &Question) -> Explanation {
    Explanation {
        id: question.id.clone(),
        kind: "question",
        title: question.text.clone(),
        body: format!(
            "One of the ordered questions; the first that is not answered yes is where to act.\n\n**Yes when** {}\n\n**When no**: {} {}\n\n**When the data is missing**: connect {}.",
            in_words(&question.requirement),
            question.constraint,
            question.action,
            question.connect.join("; ")
        ),
        sections: Vec::new(),
    }
}

fn in_words(requirement: &Requirement) -> String {
    let (all, joint) = match requirement {
        Requirement::All(conditions) => (conditions, " and "),
        Requirement::Any(conditions) => (conditions, " or "),
        Requirement::FirstKnown(conditions) => (conditions, "; where nothing is known of that, "),
    };
    let words = all.iter().map(|condition| {
        let now = match &condition.subject {
            Subject::Practice { practice, grade } => format!("the practice `{practice}` is {}", grade.as_str()),
            Subject::Metric { metric, bound } => {
                format!("the whole interval of `{metric}` is {} {}", bound.words(), bound.text)
            }
        };
        let now = match condition.decides {
            Some(Answer::Yes) => format!("{now} (where it is not, that does not mean no)"),
            Some(Answer::No) => format!("{now} (where it is, others have to say so too)"),
            Some(Answer::Unknown) | None => now,
        };
        if condition.held_before { format!("{now}, in this window and in the one before") } else { now }
    });
    words.collect::<Vec<_>>().join(joint) + "."
}

/// Adds what a benchmark edition says of a metric; of anything else there is nothing to say.
pub fn add_benchmark(explanation: &mut Explanation, edition: &str) -> Result<(), CatalogError> {
    let edition = benchmarks::edition(edition)?;
    let is_it = |metric: &str| explanation.kind == "metric" && metric == explanation.id;
    let thresholds = edition.thresholds().filter(|(metric, _)| is_it(metric));
    let mut lines: Vec<String> = thresholds
        .flat_map(|(_, bands)| bands)
        .map(|(band, threshold)| format!("house rule, {}: {threshold}", band.as_str()))
        .collect();
    let published = edition.published.iter().filter_map(|row| Some((row.get("level")?, row.get(&explanation.id)?)));
    lines.extend(published.map(|(level, answer)| format!("published, {level}: {answer}")));
    for (at, answer) in edition.distribution.get(&explanation.id).into_iter().flatten().enumerate() {
        let share = answer.share_percent.map_or("the rest".to_owned(), |share| format!("{share} %"));
        let edge = answer.edge().map(|edge| format!("; house rule: {edge}")).unwrap_or_default();
        lines.push(format!("published, answer {}: {}, {share}{edge}", at + 1, answer.answer));
    }
    section(explanation, format!("Benchmark edition {}", edition.edition), lines, usize::MAX);
    Ok(())
}

/// Adds what the id comes to in a workspace.
pub fn explain(explanation: &mut Explanation, prepared: &Prepared, assessment: &Assessment, shows_all: bool) {
    let limit = if shows_all { usize::MAX } else { EVENTS_SHOWN };
    match explanation.kind {
        "metric" => explain_metric(explanation, prepared, assessment, limit),
        "practice" => explain_practice(explanation, prepared, limit),
        "reason code" => explain_reason(explanation, prepared, limit),
        "gate" => explain_gate(explanation, assessment, limit),
        "profile" => explain_profile(explanation, assessment),
        _ => explain_question(explanation, assessment, limit),
    }
}

fn explain_profile(explanation: &mut Explanation, assessment: &Assessment) {
    let profiles = assessment.platform.iter().flat_map(|platform| &platform.profiles);
    let Some(found) = profiles.clone().find(|profile| profile.profile == explanation.id) else { return };
    section(explanation, format!("Here: {}", found.holds.as_str()), found.because.clone(), usize::MAX);
}

fn section(explanation: &mut Explanation, heading: impl Into<String>, lines: Vec<String>, limit: usize) {
    if lines.is_empty() {
        return;
    }
    let more = lines.len().saturating_sub(limit);
    let mut lines: Vec<String> = lines.into_iter().take(limit).collect();
    if more > 0 {
        lines.push(format!("and {more} more; `--all` lists them"));
    }
    explanation.sections.push(Section { heading: heading.into(), lines });
}

fn explain_metric(explanation: &mut Explanation, prepared: &Prepared, assessment: &Assessment, limit: usize) {
    let id = explanation.id.clone();
    let Some(spread) = assessment.metric(&id) else { return };
    let Some(metric) = METRICS.iter().find(|metric| metric.id == id) else { return };
    let measured = &spread.measurement;
    let mut lines = vec![format!("value: {}", numbers::headline(measured))];
    lines.extend(numbers::interval(measured).map(|interval| format!("95 % interval: {interval}")));
    for (name, quantile) in [("p75", measured.p75), ("p90", measured.p90)] {
        if let Some(quantile) = quantile {
            let words = match (quantile.value, quantile.at_least) {
                (Some(value), _) => numbers::value(measured.unit, value),
                (None, Some(least)) => format!("more than {}", numbers::value(measured.unit, least)),
                (None, None) => "no value".to_owned(),
            };
            lines.push(format!("{name}: {words}"));
        }
    }
    lines.extend(
        numbers::bands(spread).map(|bands| format!("band, edition {}, house rule: {bands}", assessment.edition)),
    );
    lines.push(format!(
        "sample: {} observed, {} still open",
        numbers::digits(measured.n as f64),
        numbers::digits(measured.censored as f64)
    ));
    if spread.services > 1 {
        lines.push(format!("median of {} of {}", spread.services_measured, numbers::count(spread.services, "service")));
    }
    lines.extend(measured.note.clone().map(|note| format!("note: {note}")));
    for (name, value) in &measured.details {
        let shown = if name.ends_with("_seconds") { numbers::duration(*value) } else { numbers::digits(*value) };
        lines.push(format!("{}: {shown}", name.trim_end_matches("_seconds").replace('_', " ")));
    }
    section(explanation, format!("In {}", truelevel_model::printable(&assessment.workspace)), lines, usize::MAX);
    if spread.services > 1 {
        let of = |service: &truelevel_model::assessment::ServiceResult| {
            let measured = service.metrics.get(&id)?;
            let interval = numbers::interval(measured).map(|interval| format!(" ({interval})")).unwrap_or_default();
            measured.value.or(measured.at_least)?;
            Some(format!(
                "{}: {}{interval}, n {}",
                truelevel_model::printable(&service.service),
                numbers::headline(measured),
                measured.n
            ))
        };
        section(explanation, "Services", assessment.each_service().filter_map(of).collect(), limit);
    }
    let windows = prepared.windows();
    let measuring = prepared.measuring(&windows);
    let (mut events, mut with_left_out, mut how_to_decide, mut is_measured) = (Vec::new(), Vec::new(), None, false);
    for service in &prepared.services {
        measuring.measure(service, |data, measured| {
            events.extend(crate::events::events(&id, &data));
            how_to_decide = how_to_decide.take().or_else(|| crate::events::how_to_decide(&id, &data));
            if let Some(value) = measured.metrics.get(id.as_str()) {
                is_measured |= value.value.or(value.at_least).is_some();
                let of_service = counted_in(metric, (service, &measuring), value, &measured.exclusions);
                with_left_out.extend(of_service);
            }
        });
    }
    section(explanation, "Events behind it", events, limit);
    section(explanation, "Where it is uncertain", how_to_decide.into_iter().collect(), 1);
    let reasons: BTreeSet<Reason> = with_left_out.iter().map(|(reason, _)| *reason).collect();
    section(explanation, "With what was left out", with_left_out.into_iter().map(|(_, line)| line).collect(), limit);
    let counted = |reason: Reason| assessment.exclusions.get(reason.code());
    let told = |reason: Reason| {
        let count = counted(reason).map(|excluded| format!("{} ", numbers::digits(excluded.count as f64)));
        format!("{}{}: {}", count.unwrap_or_default(), reason.code(), registry::title(reason.docs()))
    };
    let mut left_out: Vec<String> = reasons.into_iter().map(told).collect();
    let unknowable = unknowable(metric).iter().filter(|(reason, _)| counted(*reason).is_some());
    left_out.extend(unknowable.map(|(reason, why)| format!("{}; {why}", told(*reason))));
    if left_out.is_empty() && is_measured {
        left_out.push("nothing that would change the value".to_owned());
    }
    section(explanation, "Left out", left_out, usize::MAX);
}

fn explain_practice(explanation: &mut Explanation, prepared: &Prepared, limit: usize) {
    let windows = prepared.windows();
    let measuring = prepared.measuring(&windows);
    let id = explanation.id.clone();
    let mut lines = Vec::new();
    for service in &prepared.services {
        let detection = measuring.measure(service, |_, measured| measured.detections.get(id.as_str()).cloned());
        let answer = match detection {
            None => continue,
            Some(Detection::Absent { looked_at }) => format!("absent; looked at {}", looked_at.join(", ")),
            Some(Detection::Unknown { reason }) => format!("unknown: {reason}"),
            Some(Detection::NotApplicable { reason }) => format!("not applicable: {reason}"),
            Some(Detection::Present(evidence)) => {
                let proofs: Vec<String> = evidence
                    .iter()
                    .take(3)
                    .map(|proof| format!("{} at {}", proof.grade.as_str(), place(&proof.locator)))
                    .collect();
                proofs.join("; ")
            }
        };
        lines.push(format!("{}: {answer}", service.id));
    }
    section(explanation, "Services", lines, limit);
}

fn place(locator: &Locator) -> String {
    match locator {
        Locator::Facts { summary } => summary.clone(),
        Locator::Elsewhere { summary, address } => {
            let address = address.as_deref().map(|address| format!(" ({})", truelevel_model::printable(address)));
            format!("{}{}", truelevel_model::printable(summary), address.unwrap_or_default())
        }
        Locator::File { repository, path, line, text, named_as, .. } => {
            let (path, text) = (truelevel_model::printable(path), truelevel_model::printable(text));
            format!("{repository}:{path}:{line} `{text}`{}", taken_from(repository.as_str(), named_as.as_deref()))
        }
    }
}

fn explain_reason(explanation: &mut Explanation, prepared: &Prepared, limit: usize) {
    let Some(reason) = Reason::ALL.iter().find(|reason| reason.code() == explanation.id) else { return };
    let windows = prepared.windows();
    let measuring = prepared.measuring(&windows);
    let (mut total, mut lines) = (0, Vec::new());
    for service in &prepared.services {
        measuring.prepare_asking(service, Asking { names_all: true, ..Asking::default() }, |data| {
            let exclusions = Measuring::exclusions(service, &data);
            for (_, count, named) in exclusions.iter().filter(|(code, ..)| code == reason) {
                total += count;
                lines.extend(named.iter().map(|exclusion| exclusion.subject.clone()));
                let unnamed = count - named.len() as u64;
                if unnamed > 0 {
                    lines.push(format!(
                        "{}: {} that are counted without a name",
                        service.id,
                        numbers::digits(unnamed as f64)
                    ));
                }
            }
        });
    }
    if *reason == Reason::NotProduction {
        let outside = prepared.outside_production.iter().flat_map(|outside| outside.in_window(prepared.window));
        for (count, line) in outside {
            total += count;
            lines.push(line);
        }
    }
    let here = if total == 0 {
        "nothing was left out for this reason".to_owned()
    } else {
        format!("{} left out", numbers::digits(total as f64))
    };
    section(explanation, "Here", vec![here], 1);
    section(explanation, "What", lines, limit);
}

fn explain_gate(explanation: &mut Explanation, assessment: &Assessment, limit: usize) {
    let find = |gates: &[GateResult]| gates.iter().find(|gate| gate.gate == explanation.id).cloned();
    let stages = assessment.stages.iter().chain(&assessment.lanes);
    let overall = stages.into_iter().find_map(|stage| find(&stage.gates));
    let mut lines = Vec::new();
    for service in &assessment.services {
        let Some(gate) = service.stages.iter().chain(&service.lanes).find_map(|stage| find(&stage.gates)) else {
            continue;
        };
        lines.push(format!(
            "{}: {}; {}",
            truelevel_model::printable(&service.service),
            gate.outcome.as_str(),
            gate.because
        ));
        for evidence in gate.evidence.iter().take(3) {
            let place = match (&evidence.path, evidence.line) {
                (Some(path), Some(line)) => format!(
                    "{}:{line} `{}`",
                    truelevel_model::printable(path),
                    truelevel_model::printable(&evidence.text)
                ),
                (Some(path), None) => truelevel_model::printable(path).into_owned(),
                (None, _) => evidence.text.clone(),
            };
            let taken = taken_from(evidence.repository.as_deref().unwrap_or_default(), evidence.named_as.as_deref());
            lines.push(format!("  {} {}: {place}{taken}", evidence.grade.as_str(), evidence.practice));
        }
    }
    if let Some(overall) = overall {
        section(explanation, "Here", vec![format!("{}: {}", overall.outcome.as_str(), overall.because)], 1);
    }
    section(explanation, "Services", lines, limit.saturating_mul(2));
}

fn explain_question(explanation: &mut Explanation, assessment: &Assessment, limit: usize) {
    let id = explanation.id.clone();
    if let Some(overall) = assessment.first_constraint.chain.iter().find(|result| result.question == id) {
        let line = format!("{}: {}", overall.answer.as_str(), overall.because.join("; "));
        section(explanation, "Here", vec![line], 1);
    }
    let lines = assessment
        .services
        .iter()
        .filter_map(|service| {
            let result = service.questions.iter().find(|result| result.question == id)?;
            Some(format!(
                "{}: {}; {}",
                truelevel_model::printable(&service.service),
                result.answer.as_str(),
                result.because.join("; ")
            ))
        })
        .collect();
    section(explanation, "Services", lines, limit);
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn every_id_means_one_thing() {
        let catalog = Catalog::embedded().unwrap();
        let ids = METRICS
            .iter()
            .map(|metric| metric.id.to_owned())
            .chain(truelevel_practices::PRACTICES.iter().map(|practice| practice.id.to_owned()))
            .chain(Reason::ALL.iter().map(|reason| reason.code().to_owned()))
            .chain(catalog.stages.iter().flat_map(|stage| &stage.gates).map(|gate| gate.id.clone()))
            .chain(catalog.questions.iter().map(|question| question.id.clone()));
        let mut counts: BTreeMap<String, u32> = BTreeMap::new();
        ids.for_each(|id| *counts.entry(id).or_default() += 1);
        let twice: Vec<_> = counts.into_iter().filter(|(_, count)| *count > 1).collect();
        assert_eq!(twice, []);
    }

    #[test]
    fn everything_that_is_listed_can_be_explained() {
        for (id, title) in known_ids().unwrap() {
            let explanation = define(&id).unwrap().unwrap();
            assert_eq!(explanation.title, title);
            assert!(!explanation.body.is_empty(), "{id}");
        }
    }
}
