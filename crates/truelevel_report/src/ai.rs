//! Signs of AI in words, for the terminal, Markdown and the page.

use truelevel_model::Unit;
use truelevel_model::ai::{Ai, AssistantUse, Dose, EventOutcome, EventStudy, Sensitivity};
use truelevel_model::platform::ComparedAs;

use crate::numbers;
use crate::platform::{key_name, percent};

/// How many changes carry a sign.
pub(crate) fn share(ai: &Ai) -> String {
    let Some(share) = ai.share_at_least else { return "No shipped change is known.".to_owned() };
    format!(
        "At least {} of {} carry a sign of AI ({}), in {} of {}. Most use leaves none.",
        percent(share),
        numbers::count(ai.changes, "shipped change"),
        numbers::count(ai.signed, "change"),
        numbers::digits(ai.services_with_sign as f64),
        numbers::count(ai.services, "service")
    )
}

/// How many people used an assistant, as its vendor counts them.
pub(crate) fn usage(usage: &AssistantUse) -> String {
    let whose = usage.team.as_ref().map(|team| format!(" of {team}")).unwrap_or_default();
    let engaged = usage.people_engaged.map(|people| format!(", and {} took something of it", numbers::digits(people)));
    format!(
        "{}: {} people{whose} were active on a usual day{}, by its vendor's count of {} up to {}",
        usage.assistant.replace('_', " "),
        numbers::digits(usage.people_active),
        engaged.unwrap_or_default(),
        numbers::count(usage.days, "day"),
        usage.until
    )
}

fn name(metric: &str) -> String {
    if metric == "deployment_batch_size" { "Changes per deployment".to_owned() } else { key_name(metric) }
}

fn amount(compared_as: ComparedAs, value: f64) -> String {
    match compared_as {
        ComparedAs::Ratio => format!("{value:.2} times"),
        ComparedAs::Difference => format!("{:+.1} points", value * 100.0),
    }
}

fn interval(compared_as: ComparedAs, low: Option<f64>, high: Option<f64>) -> Option<String> {
    Some(format!("{} to {}", amount(compared_as, low?), amount(compared_as, high?)))
}

/// What goes with 25 points more.
pub(crate) fn dose(dose: &Dose) -> String {
    let beside = if dose.is_mediator { " (what may lie between)" } else { "" };
    debug_assert!(dose.unit != Unit::Ratio || dose.compared_as == ComparedAs::Difference);
    let start = format!("{}{beside}, over {}", name(&dose.metric), numbers::count(dose.n, &dose.of));
    match (dose.per_25_points, interval(dose.compared_as, dose.low, dose.high), &dose.note) {
        (Some(slope), Some(interval), _) => {
            let verdict = if dose.is_shown { "they go together" } else { "nothing is shown" };
            format!("{start}: {} with 25 points more ({interval}); {verdict}", amount(dose.compared_as, slope))
        }
        // A slope without an interval tells nothing, and would be read as if it did.
        (_, _, note) => format!("{start}: cannot tell, {}", note.as_deref().unwrap_or("no value")),
    }
}

/// What the event study is.
pub(crate) fn study(study: &EventStudy) -> String {
    match &study.note {
        Some(note) => format!("{}.", note.trim_end_matches('.')),
        None => format!(
            "{} are seen to begin, each {} weeks after against before, less what at least {} others did in the same weeks.",
            numbers::count(study.adopters, "service"),
            study.weeks,
            study.others
        ),
    }
}

/// One outcome of it.
pub(crate) fn outcome(outcome: &EventOutcome) -> String {
    let beside = if outcome.is_mediator { " (what may lie between)" } else { "" };
    let start = format!("{}{beside}, {}", name(&outcome.outcome), numbers::count(outcome.n, "service"));
    let Some(interval) = interval(outcome.compared_as, outcome.low, outcome.high) else {
        return format!("{start}: too few to tell");
    };
    let verdict = match (outcome.drifted_before, outcome.is_shown) {
        (true, _) => "they were drifting apart before: nothing is claimed",
        (false, true) => "it changed with the beginning",
        (false, false) => "no change is shown",
    };
    format!("{start}: {interval}; {verdict}")
}

/// What would explain the findings away.
pub(crate) fn sensitivity(found: &Sensitivity) -> String {
    format!(
        "Under-reporting: the median share is {} in the lower half of the services and {} in the higher. If assistants in the lower half left a sign in {} of the changes where those in the higher half leave one, both halves would use them alike, and how keys lie over shares would say nothing.",
        percent(found.lower_half),
        percent(found.higher_half),
        percent(found.coverage_to_vanish)
    )
}

/// What the terminal says.
pub(crate) fn short(ai: &Ai) -> Vec<String> {
    const TEAMS: usize = 3;
    let mut lines = vec![share(ai)];
    lines.extend(ai.usage.iter().take(TEAMS).map(|found| format!("· {}", usage(found))));
    lines.extend(ai.dose.iter().filter(|found| found.is_shown).map(|found| format!("· {}", dose(found))));
    if let Some(found) = &ai.event_study {
        let shown = found.outcomes.iter().filter(|outcome| outcome.is_shown);
        lines.extend(shown.map(|found| format!("· since they began: {}", outcome(found))));
    }
    lines
}
