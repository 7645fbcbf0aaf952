//! Freezes.

use truelevel_model::Time;
use truelevel_report::numbers::count;

use super::{FALSE_ALARMS, Found, PitfallKind, Seen};

truelevel_model::declare! {
    /// Freezes
    ///
    /// Raised for a service when ten days or more pass between two of its deployment days, and its own pace would bring that
    /// about in fewer than one of a hundred organisations: n · e^(−λ·gap) with n deployment days, λ of them per day, times
    /// the services that were asked.
    pub static FROZEN: PitfallKind = {
        id: "frozen",
        find: find,
    };
}

/// Shorter pauses are holidays.
const SHORTEST_DAYS: i64 = 10;
/// Fewer deployment days have no pace.
const FEWEST_DAYS: usize = 6;

fn find(seen: &Seen<'_>) -> Option<Found> {
    let asked: Vec<_> = seen.traced().filter(|(_, trace)| trace.days.len() >= FEWEST_DAYS).collect();
    let (mut found, mut longest) = (Found::default(), 0);
    for (service, trace) in &asked {
        let gaps = trace.days.iter().zip(trace.days.iter().skip(1)).map(|(from, to)| (to - from, *from, *to));
        let Some((gap, from, to)) = gaps.max() else { continue };
        let days = trace.days.len() as f64;
        let pace = days / f64::from(seen.window_days.max(1));
        let by_chance = asked.len() as f64 * days * (-pace * gap as f64).exp();
        if gap >= SHORTEST_DAYS && by_chance < FALSE_ALARMS {
            let date = |day: i64| Time::from_seconds(day * 86_400).date();
            found.services.push(service.service.clone());
            found.evidence.push(format!("{}: nothing between {} and {}", service.service, date(from), date(to)));
            longest = longest.max(gap);
        }
    }
    (longest > 0).then(|| Found {
        finding: format!(
            "{} stood still for far longer than its pace explains",
            count(found.services.len() as u64, "service")
        ),
        effect: Some(format!("up to {longest} days without a deployment stand behind the average")),
        response: "the frequency counts the days without; changes that waited keep their whole lead time".into(),
        ..found
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pitfalls::tests::{check, named, trace_of_days};

    #[test]
    fn a_month_without_deployments_is_seen_and_a_slow_pace_is_not() {
        let frozen = trace_of_days((0..90).filter(|day| !(40..70).contains(day)));
        let found = check(&FROZEN, vec![named("a")], vec![frozen]).unwrap();
        assert_eq!(found.evidence, ["a: nothing between 1970-02-09 and 1970-03-12"]);
        let weekly = trace_of_days((0..12).map(|week| week * 7).filter(|day| *day != 42));
        assert!(check(&FROZEN, vec![named("a")], vec![weekly]).is_none());
    }
}
