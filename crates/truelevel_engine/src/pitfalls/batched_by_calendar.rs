//! Release trains behind a fair average.

use truelevel_report::numbers::count;

use super::{FALSE_ALARMS, Found, PitfallKind, Seen};

truelevel_model::declare! {
    /// Release trains behind a fair average
    ///
    /// Raised for a service when at least four of five of its deployment days, of six or more, fall on one weekday (UTC), and
    /// chance would bring that about in fewer than one of a hundred organisations: binomial tail with one fifth for each of
    /// five weekdays, times the services that were asked.
    pub static BATCHED_BY_CALENDAR: PitfallKind = {
        id: "batched_by_calendar",
        find: find,
    };
}

/// Fewer days say nothing.
const FEWEST_DAYS: u64 = 6;
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

fn find(seen: &Seen<'_>) -> Option<Found> {
    let asked: Vec<_> = seen.traced().filter(|(_, trace)| trace.days.len() as u64 >= FEWEST_DAYS).collect();
    let mut found = Found::default();
    for (service, trace) in &asked {
        let mut of_week = [0_u64; 7];
        // The first day of 1970 was a Thursday.
        trace.days.iter().for_each(|day| of_week[(day + 3).rem_euclid(7) as usize] += 1);
        let Some((weekday, most)) = of_week.iter().enumerate().max_by_key(|(_, most)| **most) else { continue };
        let days = trace.days.len() as u64;
        let by_chance = 5.0 * asked.len() as f64 * at_least(*most, days, 0.2);
        if *most * 5 >= days * 4 && by_chance < FALSE_ALARMS {
            found.services.push(service.service.clone());
            found
                .evidence
                .push(format!("{}: {most} of {days} deployment days are a {}", service.service, WEEKDAYS[weekday]));
        }
    }
    let trains = found.services.len() as u64;
    (trains > 0).then(|| Found {
        finding: format!("{} deployed on one weekday only, or nearly so", count(trains, "service")),
        effect: Some("an average per day shows a steadiness that is not there; a change waits for the day".into()),
        response: "deployment days per week and the time between deployments stand beside the frequency".into(),
        ..found
    })
}

/// The chance of at least so many of n events, each of a probability.
pub(super) fn at_least(events: u64, trials: u64, probability: f64) -> f64 {
    let mut exactly = (1.0 - probability).powf(trials as f64);
    let mut below = 0.0;
    for place in 0..events {
        below += exactly;
        exactly *= (trials - place) as f64 / (place + 1) as f64 * probability / (1.0 - probability);
    }
    (1.0 - below).max(0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pitfalls::tests::{check, named, trace_of_days};

    #[test]
    fn the_tail_is_that_of_the_binomial_distribution() {
        // R: pbinom(5, 6, 0.2, lower.tail = FALSE); pbinom(2, 10, 0.2, lower.tail = FALSE)
        assert!((at_least(6, 6, 0.2) - 6.4e-5).abs() < 1e-12);
        assert!((at_least(3, 10, 0.2) - 0.322_200_473_6).abs() < 1e-9);
    }

    #[test]
    fn a_weekly_train_is_seen_and_a_service_that_deploys_any_day_is_not() {
        let thursdays = trace_of_days((0..12).map(|week| week * 7));
        let found = check(&BATCHED_BY_CALENDAR, vec![named("train")], vec![thursdays]).unwrap();
        assert_eq!(found.evidence, ["train: 12 of 12 deployment days are a Thursday"]);
        let any_day = trace_of_days((0..60).filter(|day| day % 3 == 0));
        assert!(check(&BATCHED_BY_CALENDAR, vec![named("steady")], vec![any_day]).is_none());
        assert!(check(&BATCHED_BY_CALENDAR, vec![named("new")], vec![trace_of_days([0, 7, 14])]).is_none());
    }
}
