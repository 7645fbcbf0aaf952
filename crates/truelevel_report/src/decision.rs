//! The decision in sentences that every format shares, so that all who read it read the same.

use std::collections::BTreeMap;

use truelevel_model::Unit;
use truelevel_model::architecture::{Architecture, LockstepGroup};
use truelevel_model::assessment::{
    Action, Answer, AnswerServices, Constraint, EvidenceResult, GateOutcome, PhaseResult, PhaseState, QuestionPart,
    QuestionResult,
};
use truelevel_model::decision::HomeMade;

use crate::{numbers, words};

/// What stands below the answer, most urgent first.
pub(crate) fn below(constraint: &Constraint, architecture: Option<&Architecture>) -> Vec<String> {
    let veto = constraint.veto.as_ref().map(|veto| {
        format!("Advice to go faster is withheld while so much fails or stays broken: {}.", veto.because.join("; "))
    });
    let causes = constraint.common_causes.iter().map(|cause| {
        format!(
            "A common cause, so one for a platform and not for each team: \"{}\" is unmet at the lowest stage of {} of {} \
             services (`{}`).",
            cause.statement, cause.services, cause.of, cause.gate
        )
    });
    let lockstep = architecture.filter(|architecture| architecture.is_constraint).map(|architecture| {
        format!(
            "The architecture may be a constraint too: {} of {} leave in groups. Ask whether they have to.",
            architecture.services_in_lockstep,
            numbers::count(architecture.services_asked, "service")
        )
    });
    let segment = segment(constraint);
    veto.into_iter().chain(segment).chain(lowest_gates(constraint)).chain(causes).chain(lockstep).collect()
}

fn segment(constraint: &Constraint) -> Option<String> {
    let segment = constraint.largest_segment.as_ref()?;
    let share = segment.share.map(|share| format!(", about {:.0} % of it", share * 100.0)).unwrap_or_default();
    let stands_on = if segment.services == 1 {
        String::new()
    } else {
        format!(" in {}", numbers::count(segment.services, "service"))
    };
    Some(format!(
        "The longest part of the lead time{share}: {} (p75 {}{stands_on}).",
        words::segment_name(&segment.name),
        numbers::duration(segment.p75_seconds)
    ))
}

fn lowest_gates(constraint: &Constraint) -> Option<String> {
    let gate = |gate: &truelevel_model::assessment::LowestGate| {
        let outcome = if gate.outcome == GateOutcome::Unmet { "unmet" } else { "cannot tell" };
        format!("{}: {} ({outcome})", gate.stage, gate.statement.trim_end_matches('.'))
    };
    let gates: Vec<String> = constraint.lowest_gates.iter().map(gate).collect();
    let level = constraint.lowest_gates.first()?.level;
    Some(format!("What holds the lowest stage below level {level}: {}.", gates.join("; ")))
}

/// What is known of services that deploy together, in sentences: the whole first, then each group.
pub(crate) fn lockstep(architecture: &Architecture) -> Vec<String> {
    let asked = numbers::count(architecture.services_asked, "service");
    if architecture.groups.is_empty() {
        return vec![format!(
            "No two of {asked} with deployments enough to tell deploy together more than chance would."
        )];
    }
    let all = format!(
        "{} of {asked} deploy together, {} of those that can be told.",
        architecture.services_in_lockstep,
        numbers::value(Unit::Ratio, architecture.lockstep_ratio())
    );
    std::iter::once(all).chain(architecture.groups.iter().map(group)).collect()
}

/// One group.
pub(crate) fn group(group: &LockstepGroup) -> String {
    let more = group.size - group.services.len() as u64;
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let train = group.weekday.as_ref().map(|day| format!(", nearly always on a {day}")).unwrap_or_default();
    let ratio = |share| numbers::value(Unit::Ratio, share);
    format!(
        "{}{more}: {} of the others leave within minutes when one does, {} would by chance; {} with the same version or \
         commit. In {} they left {}{train}. If they have to leave together, none is deployed more often than {}; if one \
         hand or one update brings them, nothing holds them.",
        group.services.join(", "),
        ratio(group.together_ratio),
        ratio(group.by_chance_ratio),
        ratio(group.same_version_ratio),
        numbers::count(group.deployments, "deployment"),
        numbers::count(group.departures, "time"),
        numbers::value(Unit::PerDay, group.ceiling_per_day)
    )
}

/// What an action should move, what comes before it, and where what it needs comes from. `called` is what a reader calls a
/// gate.
pub(crate) fn notes(action: &Action, called: &dyn Fn(&str) -> String) -> Vec<String> {
    let words = |id: &str| id.replace('_', " ");
    let expected = action.expected.as_ref().map(|expected| {
        format!(
            "Should bring {} {}; {} moves first. Measure again on {}.",
            words(&expected.metric),
            expected.direction,
            words(&expected.leading),
            expected.remeasure_on
        )
    });
    let before: Vec<String> = action.waits_for.iter().map(|gate| called(gate)).collect();
    let waits = (!before.is_empty()).then(|| format!("After {}.", before.join(" and ").trim_end_matches('.')));
    let rest: Vec<String> = expected.into_iter().chain(supply(action).map(str::to_owned)).collect();
    // Where it cannot be told, showing it is the work that comes first; the rest is for those who find it missing.
    let rest = match action.outcome {
        GateOutcome::Unknown if !rest.is_empty() => vec![format!("Where it is missing: {}", lower(&rest.join(" ")))],
        _ => rest,
    };
    waits.into_iter().chain(rest).collect()
}

fn lower(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_lowercase().chain(letters).collect()).unwrap_or_default()
}

/// What comes before the actions whose gates cannot be told; none where all can be.
pub(crate) fn tell_first(actions: &[Action]) -> Option<String> {
    let unknown = actions.iter().filter(|action| action.outcome == GateOutcome::Unknown).count();
    let which = match unknown {
        0 => return None,
        n if n == actions.len() => "Of these it cannot be told yet whether they are missing".to_owned(),
        1 => "Of one of them it cannot be told yet whether it is missing".to_owned(),
        n => format!("Of {n} of them it cannot be told yet whether they are missing"),
    };
    Some(format!("{which}. Give the repositories with their files and connect what `truelevel doctor` names, to know."))
}

/// Whether to buy, to build, or neither.
pub(crate) fn supply(action: &Action) -> Option<&'static str> {
    match action.supply.as_str() {
        "commodity" => Some("Buy or adopt what it needs: it is the same for everybody."),
        "thin_layer" => Some("Build it: a thin layer of your own on bought ground."),
        _ => None,
    }
}

/// What to know of home-made commodities before the first.
pub(crate) const HOME_MADE: &str =
    "Everybody can buy or adopt these, and they were built here. What you sell yourself is no commodity to you.";

/// What is home-made: what it is, where it stands, and what to take in its place.
pub(crate) fn home_made(found: &HomeMade) -> String {
    const PLACES: usize = 3;
    let place = |place: &EvidenceResult| {
        let line = place.line.map(|line| format!(":{line}")).unwrap_or_default();
        Some(format!("{}{line}", place.path.as_ref()?))
    };
    let places: Vec<String> = found.places.iter().filter_map(place).take(PLACES).collect();
    let more = found.places.len().saturating_sub(PLACES);
    let more = if more > 0 { format!(" and {}", numbers::count(more as u64, "more place")) } else { String::new() };
    format!("{}, in {} ({}{more}). In its place: {}.", found.title, found.repository, places.join(", "), found.instead)
}

/// How far a phase is, in a sentence.
pub(crate) fn phase(phase: &PhaseResult) -> String {
    let open = phase.open.len() as u64;
    let met = format!("{} of {} gates are met", phase.gates - open, phase.gates);
    let left = || {
        let teams = phase.teams.map(|teams| format!(" of {}", numbers::count(teams, "team"))).unwrap_or_default();
        format!(
            "{met}; counted service by service, {} to meet{teams}, {} of the weight of all phases",
            if phase.open_in_services == 1 {
                "1 is left".to_owned()
            } else {
                format!("{} are left", numbers::digits(phase.open_in_services as f64))
            },
            numbers::value(Unit::Ratio, phase.weight)
        )
    };
    match phase.state {
        PhaseState::Done => format!("Done: {met}, for four weeks or more."),
        PhaseState::Settling => {
            format!("Met, not yet settled: {met}, {} of them not yet for four weeks.", phase.unsettled.len())
        }
        PhaseState::Now => format!("Now: {}.", left()),
        PhaseState::Waits if phase.open.is_empty() => format!("Waits for the phase before; {met}."),
        PhaseState::Waits => format!("Waits for the phase before; {}.", left()),
    }
}

/// The gates of a phase that are met, and have not held for four weeks; none where it has not come to that.
pub(crate) fn settling(phase: &PhaseResult) -> Option<String> {
    if phase.state == PhaseState::Waits || phase.unsettled.is_empty() {
        return None;
    }
    let mut by_weeks: BTreeMap<u64, Vec<&str>> = BTreeMap::new();
    for gate in &phase.unsettled {
        by_weeks.entry(gate.weeks_held).or_default().push(&gate.gate);
    }
    let named = by_weeks.iter().map(|(weeks, gates)| {
        let gates: Vec<String> = gates.iter().map(|gate| format!("`{gate}`")).collect();
        let held = match weeks {
            0 => "in no weekly snapshot yet".to_owned(),
            weeks => format!("in {} in a row", numbers::count(*weeks, "weekly snapshot")),
        };
        format!("{held}: {}", gates.join(", "))
    });
    Some(format!("met, and not yet seen to hold for four weeks: {}.", named.collect::<Vec<_>>().join("; ")))
}

/// Why a question is answered as it is: how many services say what, and each thing that is asked.
pub(crate) fn reasons(result: &QuestionResult) -> Vec<String> {
    let counted = result.services.as_ref().map(|services| {
        let all = services.yes + services.no + services.unknown;
        format!("Of {}: {}.", numbers::count(all, "service"), tally(services))
    });
    let asked = result.parts.iter().filter(|part| part.answer.is_some()).count();
    let parts: Vec<String> = result.parts.iter().filter_map(|part| shown_part(part, asked)).collect();
    // A part alone says how many services say what of it.
    let is_one = parts.len() == 1 && result.parts.iter().any(|part| part.services.is_some());
    let all: Vec<String> = counted.filter(|_| !is_one).into_iter().chain(parts).collect();
    if all.is_empty() { result.because.iter().map(|why| words::sentence(why)).collect() } else { all }
}

fn tally(services: &AnswerServices) -> String {
    let digits = |count: u64| numbers::digits(count as f64);
    let unknown =
        if services.unknown > 0 { format!(", {} cannot tell", digits(services.unknown)) } else { String::new() };
    format!("{} yes, {} no{unknown}", digits(services.yes), digits(services.no))
}

/// One of several things that are asked, with its answer, its value and what would turn it; none where it was not asked, since
/// others spoke in its place.
fn shown_part(part: &QuestionPart, of: usize) -> Option<String> {
    let answer = match part.answer {
        Some(Answer::Yes) => "Yes",
        Some(Answer::No) => "No",
        Some(Answer::Unknown) => "Cannot tell",
        None => return (!part.because.is_empty()).then(|| words::sentence(&part.because)),
    };
    let found = part.value.zip(part.unit).map(|(value, unit)| found(part, value, unit));
    // Where it cannot be told for any service, that is all there is to say; the question says for how many.
    let is_known = part.services.as_ref().is_none_or(|services| services.yes + services.no > 0);
    if !is_known && found.is_none() && of > 1 {
        return Some(format!("{} {}? {answer} for any service.", subject(&part.subject), part.wanted));
    }
    let counted = part.services.as_ref().map(|services| {
        let asked = services.yes + services.no + services.unknown;
        format!("of {}: {}", numbers::count(asked, "service"), tally(services))
    });
    let why = match (&counted, &found) {
        // The subject stands before it already.
        (None, None) => Some(part.because.split_once(": ").map_or(part.because.as_str(), |(_, why)| why).to_owned()),
        _ => None,
    };
    // Over several services the counts decide, and a value beside them may lie on the other side of what is asked.
    let told: Vec<String> = [why, counted, found].into_iter().flatten().filter(|told| !told.is_empty()).collect();
    let told = if told.is_empty() { String::new() } else { format!(": {}", told.join("; ")) };
    let turned =
        part.turned_by.as_ref().filter(|_| is_known).map(|turned| format!(" Yes once {turned}.")).unwrap_or_default();
    Some(format!("{} {}? {answer}{told}.{turned}", subject(&part.subject), part.wanted))
}

fn found(part: &QuestionPart, value: f64, unit: Unit) -> String {
    let interval = part.low.map(|low| match part.high {
        Some(high) => format!(", 95 %: {} to {}", numbers::value(unit, low), numbers::value(unit, high)),
        None => format!(", 95 %: {} or more", numbers::value(unit, low)),
    });
    let n = part.n.filter(|_| !part.is_median).map(|n| match unit {
        Unit::Ratio => format!(" of {}", numbers::digits(n as f64)),
        _ => format!(" from {}", numbers::digits(n as f64)),
    });
    let whose = match part.n {
        Some(n) if part.is_median => format!("the middle of {} measured: ", numbers::digits(n as f64)),
        _ if part.services.is_some() => "all together: ".to_owned(),
        _ => String::new(),
    };
    format!("{whose}{}{}{}", numbers::value(unit, value), n.unwrap_or_default(), interval.unwrap_or_default())
}

/// What is asked about, as the beginning of a question.
fn subject(id: &str) -> String {
    match id {
        "approval_wait_time" => "Wait for an approval".to_owned(),
        "change_fail_rate" => "Deployments that fail".to_owned(),
        "change_lead_time" => "From commit to production in".to_owned(),
        "deployment_frequency" => "Deployed".to_owned(),
        "golden_path_share" => "Deployments over a golden path".to_owned(),
        "merge_to_deploy_time" => "From merge to production in".to_owned(),
        "restored_within_an_hour_share" => "Failures mended within an hour".to_owned(),
        other => words::capitalised(&other.replace('_', " ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(answer: Option<Answer>) -> QuestionPart {
        QuestionPart {
            subject: "change_fail_rate".into(),
            wanted: "at most 20 %".into(),
            answer,
            because: "change fail rate: no failure".into(),
            value: Some(0.1),
            low: Some(0.02),
            high: Some(0.24),
            unit: Some(Unit::Ratio),
            n: Some(30),
            is_median: false,
            is_proxy: false,
            services: None,
            turned_by: Some("the next 9 in a row do not fail".into()),
        }
    }

    #[test]
    fn a_part_says_its_value_interval_sample_and_what_would_turn_it() {
        assert_eq!(
            shown_part(&asked(Some(Answer::Unknown)), 1).unwrap(),
            "Deployments that fail at most 20 %? Cannot tell: 10 % of 30, 95 %: 2 % to 24 %. Yes once the next 9 in a row do \
             not fail."
        );
        assert_eq!(shown_part(&asked(None), 1).unwrap(), "Change fail rate: no failure.");
        let unknown = QuestionPart { value: None, turned_by: None, ..asked(Some(Answer::Unknown)) };
        assert_eq!(shown_part(&unknown, 1).unwrap(), "Deployments that fail at most 20 %? Cannot tell: no failure.");
    }

    #[test]
    fn what_cannot_be_told_of_any_service_is_said_in_short() {
        let services = Some(AnswerServices { unknown: 48, ..AnswerServices::default() });
        let unknown = QuestionPart { value: None, services, ..asked(Some(Answer::Unknown)) };
        assert_eq!(
            shown_part(&unknown, 2).unwrap(),
            "Deployments that fail at most 20 %? Cannot tell for any service."
        );
        assert_eq!(
            shown_part(&unknown, 1).unwrap(),
            "Deployments that fail at most 20 %? Cannot tell: of 48 services: 0 yes, 0 no, 48 cannot tell.",
            "alone it says for how many"
        );
    }

    #[test]
    fn over_several_services_a_part_counts_its_own_answers() {
        let services = Some(AnswerServices { yes: 1, no: 11, ..AnswerServices::default() });
        let shared = QuestionPart {
            services,
            is_median: true,
            n: Some(12),
            turned_by: Some("9 more of 12 services say yes".into()),
            ..asked(Some(Answer::No))
        };
        assert_eq!(
            shown_part(&shared, 1).unwrap(),
            "Deployments that fail at most 20 %? No: of 12 services: 1 yes, 11 no; the middle of 12 measured: 10 %, 95 %: 2 % to \
             24 %. Yes once 9 more of 12 services say yes."
        );
    }
}
