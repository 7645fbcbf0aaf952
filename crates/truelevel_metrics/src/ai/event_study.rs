//! Services before and after they began with AI, against services that did not in the same weeks.
//!
//! Each service is compared with itself, less the median of what the others did meanwhile (a staggered difference in
//! differences with never and not yet adopters). The week of the beginning is left out: it is known by a change that shipped
//! in it, so that it is never one without a deployment. Where the two halves of the weeks before differ already, they were
//! drifting apart for other reasons, and nothing is claimed.

use truelevel_model::ai::{EventOutcome, EventStudy};
use truelevel_model::platform::ComparedAs;

use super::AiService;
use super::weeks::AiWeek;
use crate::statistics::{Interval, median, median_interval_missing};

/// What decides what a beginning is, and what is enough.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct EventRules {
    /// Weeks before a beginning without any sign, and as many after.
    pub weeks: usize,
    /// The share of changes with a sign from which on, in the weeks after, a service has begun.
    pub share_from: f64,
    /// Changes that the weeks before must hold, so that no sign among them means something.
    pub changes_before: u64,
    /// The chance, at most, that a service whose changes are signed as often as those after leaves none before.
    pub by_chance: f64,
    /// So many services must be seen to begin.
    pub adopters: usize,
    /// Each must stand beside so many others.
    pub others: usize,
}

/// The chance that any of a list's intervals misses: small, for an answer holds other lists beside it, and those who began
/// share the others beside them, so that their differences lean on each other and an interval misses more often than that.
const JOINT_ALPHA: f64 = 0.0025;
/// The chance that an interval misses which stands alone.
const USUAL_ALPHA: f64 = 0.05;

/// What is looked at: its name, whether it may lie between AI and the keys, how it is compared, and its value over weeks:
/// the logarithm for what is compared as a ratio.
type Outcome = (&'static str, bool, ComparedAs, fn(&[AiWeek]) -> Option<f64>);

const OUTCOMES: [Outcome; 4] = [
    ("deployment_frequency", false, ComparedAs::Ratio, frequency),
    ("change_lead_time", false, ComparedAs::Ratio, lead_time),
    ("change_fail_rate", false, ComparedAs::Difference, fail_rate),
    ("deployment_batch_size", true, ComparedAs::Ratio, batch_size),
];

fn sum(weeks: &[AiWeek], of: fn(&AiWeek) -> u64) -> f64 {
    weeks.iter().map(of).sum::<u64>() as f64
}

fn frequency(weeks: &[AiWeek]) -> Option<f64> {
    let deployments = sum(weeks, |week| week.deployments);
    (deployments > 0.0).then(|| (deployments / weeks.len() as f64).ln())
}

fn lead_time(weeks: &[AiWeek]) -> Option<f64> {
    let all: Vec<f64> = weeks.iter().flat_map(|week| week.lead_times_seconds.iter().copied()).collect();
    median(&all).filter(|median| *median > 0.0).map(f64::ln)
}

fn fail_rate(weeks: &[AiWeek]) -> Option<f64> {
    let attempts = sum(weeks, |week| week.attempts);
    (attempts > 0.0).then(|| sum(weeks, |week| week.failures) / attempts)
}

fn batch_size(weeks: &[AiWeek]) -> Option<f64> {
    let (changes, deployments) = (sum(weeks, |week| week.changes), sum(weeks, |week| week.deployments));
    (changes > 0.0 && deployments > 0.0).then(|| (changes / deployments).ln())
}

/// The weeks of a service from one place among all weeks to another; `None` where it does not have all of them.
fn between<'a>(service: &AiService<'a>, from: usize, to: usize) -> Option<&'a [AiWeek]> {
    let first = service.weeks.first()?.place;
    service.weeks.get(from.checked_sub(first)?..to.checked_sub(first)?)
}

/// What a service shipped in the weeks before a week, where that is enough to tell.
fn weeks_before<'a>(service: &AiService<'a>, week: usize, rules: &EventRules) -> Option<&'a [AiWeek]> {
    let before = between(service, week.checked_sub(rules.weeks)?, week)?;
    (before.iter().map(|week| week.changes).sum::<u64>() >= rules.changes_before).then_some(before)
}

/// The weeks after a week, without the week itself.
fn weeks_after<'a>(service: &AiService<'a>, week: usize, rules: &EventRules) -> Option<&'a [AiWeek]> {
    between(service, week + 1, week + 1 + rules.weeks)
}

/// The week in which a service began, as a place among all weeks.
fn beginning(service: &AiService<'_>, rules: &EventRules) -> Option<usize> {
    let has_begun = |week: &&AiWeek| {
        let (Some(before), Some(after)) =
            (weeks_before(service, week.place, rules), weeks_after(service, week.place, rules))
        else {
            return false;
        };
        let share = sum(after, |week| week.signed) / sum(after, |week| week.changes).max(1.0);
        let by_chance = (1.0 - share).powf(sum(before, |week| week.changes));
        week.signed > 0
            && sum(before, |week| week.signed) == 0.0
            && share >= rules.share_from
            && by_chance <= rules.by_chance
    };
    service.weeks.iter().find(has_begun).map(|week| week.place)
}

/// Two stretches of weeks, each from a place to another.
type Stretches = [[usize; 2]; 2];

/// How much an outcome moved from one stretch of weeks to the other.
fn moved(service: &AiService<'_>, value: fn(&[AiWeek]) -> Option<f64>, [from, to]: Stretches) -> Option<f64> {
    let of = |[first, end]: [usize; 2]| value(between(service, first, end)?);
    Some(of(to)? - of(from)?)
}

/// The study; `None` where no service is seen to begin.
pub fn event_study(services: &[AiService<'_>], rules: &EventRules) -> Option<EventStudy> {
    let began: Vec<(&AiService<'_>, usize)> =
        services.iter().filter_map(|service| Some((service, beginning(service, rules)?))).collect();
    if began.is_empty() {
        return None;
    }
    let others = |week: usize| -> Vec<&AiService<'_>> {
        // They are asked for as many changes before: who was busy then is less so later, and that must cancel out.
        let stands_beside = |service: &&AiService<'_>| {
            let span = between(service, week - rules.weeks, week + 1 + rules.weeks);
            let is_busy = weeks_before(service, week, rules).is_some();
            is_busy && span.is_some_and(|span| sum(span, |week| week.signed) == 0.0)
        };
        services.iter().filter(stands_beside).collect()
    };
    let beside: Vec<Vec<&AiService<'_>>> = began.iter().map(|(_, week)| others(*week)).collect();
    let mut study = EventStudy {
        adopters: began.len() as u64,
        others: beside.iter().map(Vec::len).min().unwrap_or(0) as u64,
        weeks: rules.weeks as u64,
        ..EventStudy::default()
    };
    study.note = match () {
        () if began.len() < rules.adopters => Some(format!(
            "{} services are seen to begin, fewer than {}: described only, nothing is compared",
            began.len(),
            rules.adopters
        )),
        () if (study.others as usize) < rules.others => Some(format!(
            "only {} services stand beside them without a sign, fewer than {}: what moved everybody could not be told apart",
            study.others, rules.others
        )),
        () => None,
    };
    if study.note.is_none() {
        study.outcomes = OUTCOMES.iter().map(|outcome| compared(outcome, &began, &beside, rules)).collect();
    }
    Some(study)
}

fn compared(
    (outcome, is_mediator, compared_as, value): &Outcome,
    began: &[(&AiService<'_>, usize)],
    beside: &[Vec<&AiService<'_>>],
    rules: &EventRules,
) -> EventOutcome {
    let differences = |stretch: &dyn Fn(usize) -> Stretches| -> Vec<f64> {
        let of = |((service, week), others): (&(&AiService<'_>, usize), &Vec<&AiService<'_>>)| {
            let own = moved(service, *value, stretch(*week))?;
            let theirs: Vec<f64> = others.iter().filter_map(|other| moved(other, *value, stretch(*week))).collect();
            Some(own - median(&theirs)?)
        };
        began.iter().zip(beside).filter_map(of).collect()
    };
    let of = rules.weeks;
    let after = differences(&|week| [[week - of, week], [week + 1, week + 1 + of]]);
    let before = differences(&|week| [[week - of, week - of / 2], [week - of / 2, week]]);
    let alpha = JOINT_ALPHA / OUTCOMES.len() as f64;
    let interval = median_interval_missing(&after, alpha).filter(|_| after.len() >= rules.adopters);
    // Drifting is found by the usual interval: to overlook it is worse than to claim too little.
    let drift = median_interval_missing(&before, USUAL_ALPHA);
    let leaves_out_none = |interval: Option<Interval>| interval.is_some_and(|interval| !interval.contains(0.0));
    let shown = |value: f64| if *compared_as == ComparedAs::Ratio { value.exp() } else { value };
    EventOutcome {
        outcome: (*outcome).to_owned(),
        is_mediator: *is_mediator,
        compared_as: *compared_as,
        n: after.len() as u64,
        estimate: median(&after).map(shown),
        low: interval.map(|interval| shown(interval.low)),
        high: interval.map(|interval| shown(interval.high)),
        before_low: drift.map(|interval| shown(interval.low)),
        before_high: drift.map(|interval| shown(interval.high)),
        drifted_before: leaves_out_none(drift),
        is_shown: leaves_out_none(interval) && !leaves_out_none(drift),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULES: EventRules =
        EventRules { weeks: 8, share_from: 0.1, changes_before: 20, by_chance: 0.01, adopters: 12, others: 5 };

    /// Twelve services that begin in different weeks, and eight that never do; `after` and `drift` multiply lead times of
    /// those that begin: from the beginning on, and every week.
    fn study(after: f64, drift: f64) -> EventStudy {
        let weeks_of = |number: usize| -> Vec<AiWeek> {
            let began = (number < 12).then_some(9 + number % 6);
            let week = |place: usize| {
                let is_after = began.is_some_and(|began| place >= began);
                // Everybody gets slower towards the end, and no two weeks are the same.
                let noise = 1.0 + ((number * 31 + place * 17) % 13) as f64 / 50.0 + place as f64 / 100.0;
                let own = if is_after { after } else { 1.0 };
                let drifted = if began.is_some() { drift.powi(place as i32) } else { 1.0 };
                AiWeek {
                    place,
                    changes: 6,
                    signed: if is_after { 3 } else { 0 },
                    deployments: 4 + ((number + place) % 3) as u64,
                    attempts: 5,
                    failures: u64::from((number + place).is_multiple_of(7)),
                    lead_times_seconds: vec![3600.0 * noise * own * drifted; 6],
                }
            };
            (0..26).map(week).collect()
        };
        let all: Vec<Vec<AiWeek>> = (0..20).map(weeks_of).collect();
        let services: Vec<AiService<'_>> =
            all.iter().map(|weeks| AiService { weeks, ..AiService::default() }).collect();
        event_study(&services, &RULES).unwrap()
    }

    fn lead_time_of(study: &EventStudy) -> &EventOutcome {
        study.outcomes.iter().find(|outcome| outcome.outcome == "change_lead_time").unwrap()
    }

    #[test]
    fn what_moved_with_the_beginning_is_shown_and_what_moved_everybody_is_not() {
        let planted = study(1.5, 1.0);
        assert_eq!((planted.adopters, planted.others, planted.note.as_deref()), (12, 8, None));
        let found = lead_time_of(&planted);
        assert!(found.is_shown && found.low.unwrap() > 1.3 && found.high.unwrap() < 1.7, "{found:?}");
        let clean = study(1.0, 1.0);
        assert!(clean.outcomes.iter().all(|outcome| !outcome.is_shown), "{clean:?}");
    }

    #[test]
    fn who_drifted_apart_before_is_not_claimed() {
        let drifting = study(1.0, 1.05);
        let found = lead_time_of(&drifting);
        assert!(found.drifted_before && !found.is_shown, "{found:?}");
    }

    #[test]
    fn services_that_always_used_assistants_a_little_are_not_seen_to_begin() {
        // A tenth of the changes of each carries a sign, and some weeks have none by chance.
        let weeks_of = |number: u64| -> Vec<AiWeek> {
            let mut random = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
            let mut next = move || {
                random ^= random << 13;
                random ^= random >> 7;
                random ^= random << 17;
                (random >> 11) as f64 / (1_u64 << 53) as f64
            };
            let week = |place: usize| {
                let changes = (0..10).filter(|_| next() < 0.3).count() as u64;
                let signed = (0..changes).filter(|_| next() < 0.1).count() as u64;
                AiWeek { place, changes, signed, deployments: changes, attempts: changes, ..AiWeek::default() }
            };
            (0..26).map(week).collect()
        };
        let all: Vec<Vec<AiWeek>> = (1..=2000).map(weeks_of).collect();
        let services: Vec<AiService<'_>> =
            all.iter().map(|weeks| AiService { weeks, ..AiService::default() }).collect();
        let study = event_study(&services, &RULES);
        let claimed = study.iter().flat_map(|study| &study.outcomes).filter(|outcome| outcome.is_shown);
        assert_eq!(claimed.collect::<Vec<_>>(), Vec::<&EventOutcome>::new(), "{study:?}");
    }

    #[test]
    fn few_services_are_only_described() {
        let strict = EventRules { adopters: 50, ..RULES };
        let weeks: Vec<AiWeek> = (0..20)
            .map(|place| AiWeek { place, changes: 5, signed: u64::from(place >= 10) * 2, ..AiWeek::default() })
            .collect();
        let services = [AiService { weeks: &weeks, ..AiService::default() }];
        let found = event_study(&services, &strict).unwrap();
        assert!(found.outcomes.is_empty() && found.note.unwrap().contains("described only"));
        assert_eq!(event_study(&[], &RULES), None);
    }
}
