//! The decision in sentences that every format shares, so that all who read it read the same.

use truelevel_model::Unit;
use truelevel_model::architecture::{Architecture, LockstepGroup};
use truelevel_model::assessment::{Action, Answer, Constraint, GateOutcome, PhaseResult, PhaseState, QuestionPart};

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
    // Where it cannot be told, showing it is the work: that moves no number, and nothing has to be bought.
    if action.outcome == GateOutcome::Unknown {
        return waits.into_iter().collect();
    }
    waits.into_iter().chain(expected).chain(supply(action).map(str::to_owned)).collect()
}

/// What comes before the actions whose gates cannot be told; none where all can be.
pub(crate) fn tell_first(actions: &[Action]) -> Option<String> {
    let unknown = actions.iter().filter(|action| action.outcome == GateOutcome::Unknown).count();
    let which = match unknown {
        0 => return None,
        n if n == actions.len() => "Nothing of this was seen to be missing: what is open cannot be told yet".to_owned(),
        1 => "One of them was not seen to be missing: it cannot be told yet".to_owned(),
        n => format!("{n} of them were not seen to be missing: they cannot be told yet"),
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

/// How far a phase is, in a sentence.
pub(crate) fn phase(phase: &PhaseResult) -> String {
    let open = phase.open.len() as u64;
    let done = format!("{} of {} gates are met", phase.gates - open, phase.gates);
    match phase.state {
        PhaseState::Done => format!("Done: {done}."),
        state => {
            let waits = if state == PhaseState::Waits { "Waits for the phase before; " } else { "Now: " };
            format!(
                "{waits}{done}, and {} stand open in services: {} of the weight of all phases.",
                numbers::digits(phase.open_in_services as f64),
                numbers::value(Unit::Ratio, phase.weight)
            )
        }
    }
}

/// One thing that is asked, with its value and what would turn it; none where the answer is yes and nothing is measured.
pub(crate) fn part(part: &QuestionPart) -> Option<String> {
    let subject = words::capitalised(&part.subject.replace('_', " "));
    let answer = match part.answer {
        Some(Answer::Unknown) => "cannot be told",
        Some(Answer::Yes) => "yes",
        Some(Answer::No) => "no",
        None => return Some(words::sentence(&part.because)),
    };
    let value = part.value.zip(part.unit).map(|(value, unit)| {
        let interval = part.low.map(|low| {
            let high = part.high.map_or_else(|| "without an upper end".to_owned(), |high| numbers::value(unit, high));
            format!(", 95 % interval {} to {high}", numbers::value(unit, low))
        });
        let events = if unit == Unit::Ratio { "of" } else { "from" };
        let n = part.n.map(|n| format!(" {events} {}", numbers::digits(n as f64))).unwrap_or_default();
        format!("It is {}{n}{}. ", numbers::value(unit, value), interval.unwrap_or_default())
    });
    let turned =
        part.turned_by.as_ref().map(|turned| format!(" What would change that: {}.", turned.trim_end_matches('.')));
    if value.is_none() && turned.is_none() {
        return None;
    }
    Some(format!(
        "{subject}: asked is {}. {}The answer: {answer}.{}",
        part.wanted,
        value.unwrap_or_default(),
        turned.unwrap_or_default()
    ))
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
            turned_by: Some("9 further events in a row that are good".into()),
        }
    }

    #[test]
    fn a_part_says_its_value_interval_sample_and_what_would_turn_it() {
        assert_eq!(
            part(&asked(Some(Answer::Unknown))).unwrap(),
            "Change fail rate: asked is at most 20 %. It is 10 % of 30, 95 % interval 2 % to 24 %. The answer: cannot be \
             told. What would change that: 9 further events in a row that are good."
        );
        assert_eq!(part(&asked(None)).unwrap(), "Change fail rate: no failure.");
    }
}
