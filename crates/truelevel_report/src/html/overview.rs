//! The first page: the answer, in the order in which people ask.

use askama::Template;
use truelevel_model::architecture::Architecture;
use truelevel_model::assessment::{Action, Answer, Assessment, Constraint, ExclusionCount, QuestionResult};

use super::evidence::services_counted;
use super::markdown::coded;
use super::parts::{
    ANSWERS, Shown, Verdict, answer_verdict, answers_bar, gate_verdict, share_key, shown_spread, sparkline,
    untitled_figure,
};
use super::{Page, Section, Site, rendered};
use crate::{decision, numbers, words};

/// How many actions the first page shows.
const ACTIONS_SHOWN: usize = 3;
/// DORA's fifth key, which few can measure.
const REWORK: &str = "deployment_rework_rate";
/// How many warnings the first page shows.
const DOUBTS_SHOWN: usize = 6;

#[derive(Template)]
#[template(path = "pages/overview.html")]
struct Overview {
    h: u8,
    level: u8,
    level_name: &'static str,
    level_looks: &'static str,
    held: String,
    possible: Option<String>,
    /// The gap, and how much it asks for attention.
    declared: Option<(String, &'static str)>,
    stages: String,
    maturity_link: String,
    constraint: ShownConstraint,
    decision_link: String,
    delivery: String,
    keys: Vec<Shown>,
    /// Where the keys go, where that is more than noise.
    moves: Vec<String>,
    edition: String,
    tell_first: Option<String>,
    actions: Vec<ShownAction>,
    plan_link: String,
    left_out: Vec<LeftOut>,
    doubts: Vec<String>,
    coverage_link: String,
    pitfalls_link: String,
}

/// The constraint with the chain that led to it.
pub(super) struct ShownConstraint {
    pub(super) statement: String,
    pub(super) action: String,
    /// What stands below the answer.
    pub(super) below: Vec<String>,
    pub(super) steps: Vec<Step>,
    /// What the colours of the bars stand for, as HTML; empty where there are none.
    pub(super) share_key: String,
}

/// A question of the chain.
pub(super) struct Step {
    pub(super) text: String,
    pub(super) link: String,
    pub(super) verdict: Verdict,
    pub(super) reasons: Vec<String>,
    pub(super) connect: String,
    pub(super) share: String,
    /// Services that decide it: address and name.
    pub(super) deciding: Vec<(String, String)>,
    pub(super) deciding_word: &'static str,
    pub(super) deciding_more: u64,
    pub(super) is_unknown: bool,
    pub(super) is_constraint: bool,
    pub(super) is_later: bool,
}

/// An action of the plan.
pub(super) struct ShownAction {
    pub(super) action: String,
    pub(super) gate: String,
    pub(super) link: String,
    pub(super) place: String,
    pub(super) effort: String,
    pub(super) verdict: Verdict,
    pub(super) services: Option<String>,
    /// What it should move, what comes before it, and where what it needs comes from.
    pub(super) notes: Vec<String>,
}

/// What was left out for one reason.
pub(super) struct LeftOut {
    pub(super) meaning: String,
    pub(super) link: String,
    pub(super) count: String,
    pub(super) examples: Vec<String>,
}

pub(super) fn section(site: &Site<'_>) -> Section {
    let assessment = site.assessment;
    let level = assessment.level;
    let doubts: Vec<String> = assessment
        .pitfalls
        .iter()
        .map(|pitfall| format!("{}; {}", pitfall.finding, pitfall.response))
        .chain(assessment.coverage.warnings.iter().cloned())
        .map(|doubt| coded(&words::sentence(&doubt)))
        .collect();
    let more = doubts.len().saturating_sub(DOUBTS_SHOWN);
    let more = (more > 0).then(|| format!("{more} more are on the page of what was looked at."));
    let possible =
        format!("It could be as high as {}, if everything that cannot be told yet were true.", level.possible);
    let next = &assessment.roadmap.next;
    let template = Overview {
        h: site.heading(),
        level: level.proven,
        level_name: words::level_name(level.proven),
        level_looks: words::level_looks(level.proven),
        held: held(assessment),
        possible: (level.possible > level.proven).then_some(possible),
        declared: level.declared.map(|declared| {
            let class = if declared > level.proven { "callout-attention" } else { "" };
            (words::declared_gap(declared, level.proven), class)
        }),
        stages: untitled_figure(site, None, "stages"),
        maturity_link: site.to(&Page::Maturity),
        constraint: shown_constraint(site, &assessment.first_constraint, assessment.architecture.as_ref()),
        decision_link: site.to(&Page::Decision),
        delivery: delivery(assessment),
        keys: keys(site),
        moves: crate::trends::sentences(assessment),
        edition: format!("{} Better is to the right.", words::sentence(&words::edition(assessment))),
        tell_first: decision::tell_first(&next[..next.len().min(ACTIONS_SHOWN)]).map(|first| coded(&first)),
        actions: actions(site).into_iter().take(ACTIONS_SHOWN).collect(),
        plan_link: site.to(&Page::Plan),
        left_out: left_out(site, &assessment.exclusions),
        doubts: doubts.into_iter().take(DOUBTS_SHOWN).chain(more).collect(),
        coverage_link: site.to(&Page::Coverage),
        pitfalls_link: site.to(&Page::Pitfalls),
    };
    Section {
        page: Page::Overview,
        title: if site.links.is_one_file() { "Overview".to_owned() } else { assessment.workspace.clone() },
        lead: freshness(assessment),
        html: rendered(&template),
    }
}

/// The keys with their courses.
fn keys(site: &Site<'_>) -> Vec<Shown> {
    let shown = |id: &str| Some(Shown { sparkline: sparkline(site, None, id), ..shown_spread(site, id)? });
    words::KEYS.iter().map(|(id, _)| *id).chain([REWORK]).filter_map(shown).collect()
}

/// What is looked at, and how new it is.
fn freshness(assessment: &Assessment) -> String {
    let services = assessment.services.len() as u64;
    let active = assessment.each_service().filter(|service| service.is_active).count() as u64;
    let active =
        if active == services { String::new() } else { format!(", {} active", numbers::digits(active as f64)) };
    let newest = assessment.coverage.repositories.iter().filter_map(|repository| repository.newest_change_at).max();
    let newest = newest.map_or_else(String::new, |at| format!(" The newest change seen is from {}.", words::day(at)));
    format!("{}{active}.{newest}", numbers::count(services, "service"))
}

fn held(assessment: &Assessment) -> String {
    let stages = words::listed(&assessment.limiting_stages);
    match assessment.limiting_stages.len() {
        0 => String::new(),
        1 => format!("The lowest stage is the level: {stages} holds it at {}.", assessment.level.proven),
        n if n == assessment.stages.len() => format!("All stages stand at {}.", assessment.level.proven),
        _ => format!("The lowest stage is the level: {stages} hold it at {}.", assessment.level.proven),
    }
}

fn delivery(assessment: &Assessment) -> String {
    if words::ends_before_window(assessment).is_some() {
        return words::sentence(&words::delivery(assessment));
    }
    format!(
        "{} in {} days; {}.",
        words::capitalised(&words::deployments(assessment)),
        assessment.window_days,
        words::boundary(assessment)
    )
}

/// The constraint and the chain.
pub(super) fn shown_constraint(
    site: &Site<'_>,
    constraint: &Constraint,
    architecture: Option<&Architecture>,
) -> ShownConstraint {
    let at = constraint.chain.iter().position(|step| constraint.question.as_deref() == Some(step.question.as_str()));
    ShownConstraint {
        statement: coded(&constraint.statement),
        action: coded(&constraint.action),
        below: decision::below(constraint, architecture).iter().map(|sentence| coded(sentence)).collect(),
        share_key: if constraint.chain.iter().any(|step| step.services.is_some()) {
            share_key(ANSWERS)
        } else {
            String::new()
        },
        steps: constraint
            .chain
            .iter()
            .enumerate()
            .map(|(number, result)| step(site, result, at == Some(number), at.is_some_and(|at| number > at)))
            .collect(),
    }
}

fn step(site: &Site<'_>, result: &QuestionResult, is_constraint: bool, is_later: bool) -> Step {
    let services = result.services.as_ref();
    let deciding = services.map_or(&[][..], |services| services.deciding.as_slice());
    let decided_by = services.map_or(0, |services| match result.answer {
        Answer::No if services.no > 0 => services.no,
        _ => services.no + services.unknown,
    });
    Step {
        text: result.text.clone(),
        link: site.to(&Page::Definition(result.question.clone())),
        verdict: answer_verdict(result.answer),
        reasons: decision::reasons(result),
        connect: coded(&result.connect.join("; ")),
        share: services.map_or_else(String::new, answers_bar),
        deciding: deciding.iter().map(|name| (site.to(&Page::Service(name.clone())), name.clone())).collect(),
        deciding_word: if result.answer == Answer::Yes { "Not, or not known, in" } else { "Furthest from a yes:" },
        deciding_more: decided_by.saturating_sub(deciding.len() as u64),
        is_unknown: result.answer == Answer::Unknown,
        is_constraint,
        is_later,
    }
}

/// The actions of the plan.
pub(super) fn actions(site: &Site<'_>) -> Vec<ShownAction> {
    let is_shared = site.assessment.services.len() > 1;
    let shown = |action: &Action| ShownAction {
        action: coded(&action.action),
        gate: site.reference.title(&action.gate),
        link: site.to(&Page::Definition(action.gate.clone())),
        place: format!("{}, level {}", action.stage, action.level),
        effort: format!("{} of work for one team", action.effort),
        verdict: gate_verdict(action.outcome, false),
        services: is_shared.then(|| standing(site, action)),
        notes: decision::notes(action, &|gate| site.reference.title(gate)).iter().map(|note| coded(note)).collect(),
    };
    site.assessment.roadmap.next.iter().map(shown).collect()
}

/// In how many services an action's gate stands how.
fn standing(site: &Site<'_>, action: &Action) -> String {
    let stages = site.assessment.stages.iter().chain(&site.assessment.lanes);
    let gate = stages.flat_map(|stage| &stage.gates).find(|gate| gate.gate == action.gate);
    let counts = gate.and_then(|gate| gate.services.as_ref());
    counts.map_or_else(|| numbers::count(action.services, "service"), services_counted)
}

/// What was left out, largest first.
pub(super) fn left_out(
    site: &Site<'_>,
    exclusions: &std::collections::BTreeMap<String, ExclusionCount>,
) -> Vec<LeftOut> {
    let mut sorted: Vec<(&String, &ExclusionCount)> = exclusions.iter().collect();
    sorted.sort_by_key(|(code, excluded)| (std::cmp::Reverse(excluded.count), code.as_str()));
    sorted
        .into_iter()
        .map(|(code, excluded)| LeftOut {
            meaning: excluded.meaning.clone(),
            link: site.to(&Page::Definition(code.clone())),
            count: numbers::digits(excluded.count as f64),
            examples: excluded.examples.clone(),
        })
        .collect()
}
