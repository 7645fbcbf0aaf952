//! How adoption went: who stayed, who came before a mandate and who after, and how long new services took.

use truelevel_model::platform::{FirstDeployment, PathUse, Pull, Retention};
use truelevel_model::{Span, Time, Window};

use super::PathService;
use super::adoption::Asked;
use crate::statistics::{Exposure, Observation, Survival, rate_ratio};

/// How many names are given.
const NAMED: usize = 10;

/// Services that were on a path at the start of the window, and where they are at its end. `uses` are those of today, in
/// the order of the services. Absent where of no service it is known what was before.
pub fn retention(services: &[PathService<'_>], uses: &[PathUse], asked: Asked, window: Window) -> Option<Retention> {
    let mut found = Retention::default();
    let mut is_known = false;
    for (service, used) in services.iter().zip(uses) {
        let earlier = service.deployments.iter().rev().filter(|deployment| deployment.at <= window.start);
        let ran = earlier.filter_map(|deployment| asked.ran(deployment)).next();
        let Some(was_on) = ran.or_else(|| asked.declared(service, window.start)) else { continue };
        is_known = true;
        match used {
            PathUse::On | PathUse::Partly if was_on => found.stayed += 1,
            PathUse::Off if was_on => {
                found.left += 1;
                if found.left_services.len() < NAMED {
                    found.left_services.push(service.service.to_owned());
                }
            }
            _ => {}
        }
    }
    let known = found.stayed + found.left;
    found.share = (known > 0).then(|| found.stayed as f64 / known as f64);
    is_known.then_some(found)
}

/// When a service came to a path.
enum Came {
    /// Its pipelines show the first time.
    At(Time),
    /// It was on it when it was first seen, then.
    Before(Time),
}

fn came(service: &PathService<'_>, asked: Asked) -> Option<Came> {
    let mut known = service.deployments.iter().filter_map(|found| Some((found.at, asked.ran(found)?))).peekable();
    let first = known.peek().copied()?;
    if first.1 {
        return Some(Came::Before(first.0));
    }
    known.find(|(_, is_on)| *is_on).map(|(at, _)| Came::At(at))
}

/// Adoption before and after a mandate. `uses` are those of today, in the order of the services; `known_from` is the first
/// instant of which anything is known of any of them.
pub fn pull(
    services: &[PathService<'_>],
    uses: &[PathUse],
    asked: Asked,
    mandated_on: Time,
    (known_from, as_of): (Time, Time),
) -> Pull {
    let mut pull = Pull::default();
    if mandated_on > as_of {
        pull.note = Some(format!("the mandate of {} lies after the date asked", mandated_on.date()));
        return pull;
    }
    if mandated_on <= known_from {
        pull.note = Some(format!(
            "the mandate of {} lies before everything that is known, from {} on",
            mandated_on.date(),
            known_from.date()
        ));
        return pull;
    }
    let (mut came_before, mut came_after) = (0, 0);
    for (service, used) in services.iter().zip(uses) {
        if matches!(used, PathUse::Off | PathUse::Unknown) {
            continue;
        }
        match (came(service, asked), asked.declared(service, mandated_on)) {
            (Some(Came::At(at)), _) if at < mandated_on => {
                came_before += 1;
                pull.before += 1;
            }
            (Some(Came::At(_)), _) => {
                came_after += 1;
                pull.after += 1;
            }
            (Some(Came::Before(at)), _) if at < mandated_on => pull.before += 1,
            (_, Some(true)) => pull.before += 1,
            (_, Some(false)) => pull.after += 1,
            (_, None) => pull.since_unknown += 1,
        }
    }
    let known = pull.before + pull.after;
    pull.share = (known > 0).then(|| pull.before as f64 / known as f64);
    let days = |from: Time, to: Time| to.since(from).days();
    let before = Exposure { count: came_before, days: days(known_from, mandated_on) };
    let after = Exposure { count: came_after, days: days(mandated_on, as_of) };
    if let Some(ratio) = rate_ratio(before, after, 1.0) {
        (pull.rate_ratio, pull.rate_ratio_low, pull.rate_ratio_high) = (ratio.estimate, ratio.low, ratio.high);
    }
    pull
}

/// How long new services took to their first production deployment: those that stand so to the path.
pub fn first_deployment<'a>(
    services: impl Iterator<Item = &'a PathService<'a>>,
    as_of: Time,
) -> Option<FirstDeployment> {
    let born = services.filter_map(|service| Some((service, service.born_at?)));
    let seconds = |span: Span| span.seconds();
    let observations: Vec<Observation> = born
        .map(|(service, born_at)| {
            let first = service.deployments.first().map(|deployment| deployment.at.since(born_at));
            Observation {
                duration_seconds: seconds(first.unwrap_or_else(|| as_of.since(born_at))),
                is_event: first.is_some(),
            }
        })
        .filter(|observation| observation.duration_seconds >= 0.0)
        .collect();
    if observations.is_empty() {
        return None;
    }
    let curve = Survival::fit(&observations);
    let interval = curve.quantile_interval(0.5, curve.n());
    Some(FirstDeployment {
        median_seconds: curve.quantile(0.5).value,
        low_seconds: interval.as_ref().map(|interval| interval.low),
        high_seconds: interval.and_then(|interval| interval.high),
        n: curve.n(),
        waiting: curve.censored(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::paths::PathDeployment;
    use std::collections::BTreeMap;

    const DAY: i64 = 86_400;

    fn day(day: i64) -> Time {
        Time::from_seconds(day * DAY)
    }

    fn deployed(on: &[(i64, bool)]) -> Vec<PathDeployment> {
        let of = |(at, is_on): &(i64, bool)| PathDeployment {
            at: day(*at),
            is_in_window: true,
            executed: Some(if *is_on { BTreeMap::from([(0, None)]) } else { BTreeMap::new() }),
        };
        on.iter().map(of).collect()
    }

    #[test]
    fn who_came_before_the_mandate_was_pulled() {
        let histories =
            [deployed(&[(1, false), (20, true)]), deployed(&[(2, true)]), deployed(&[(3, false), (60, true)])];
        let services: Vec<PathService<'_>> =
            histories.iter().map(|deployments| PathService { deployments, ..PathService::default() }).collect();
        let uses = [PathUse::On; 3];
        let at = |mandate| pull(&services, &uses, Asked::Any, day(mandate), (day(1), day(90)));
        let found = at(30);
        assert_eq!((found.before, found.after, found.since_unknown), (2, 1, 0));
        assert!(found.rate_ratio.is_some_and(|ratio| ratio < 1.0), "one in 29 days, then one in 60");
        assert!(at(100).note.is_some_and(|note| note.contains("after the date asked")));
        assert!(at(0).note.is_some_and(|note| note.contains("before everything")));
    }

    #[test]
    fn who_was_there_before_the_window_stayed_or_left() {
        let histories = [deployed(&[(1, true)]), deployed(&[(1, true), (50, false)]), deployed(&[(50, true)])];
        let services: Vec<PathService<'_>> = histories
            .iter()
            .map(|deployments| PathService { service: "web", deployments, ..PathService::default() })
            .collect();
        let window = Window::ending(day(90), 60);
        let uses = [PathUse::On, PathUse::Off, PathUse::On];
        let found = retention(&services, &uses, Asked::Any, window).unwrap();
        assert_eq!((found.stayed, found.left, found.share), (1, 1, Some(0.5)));
        assert_eq!(retention(&services[2..], &uses[2..], Asked::Any, window), None);
    }

    #[test]
    fn new_services_that_wait_are_open() {
        let deployments = deployed(&[(10, true)]);
        let services = [
            PathService { deployments: &deployments, born_at: Some(day(8)), ..PathService::default() },
            PathService { born_at: Some(day(50)), ..PathService::default() },
            PathService::default(),
        ];
        let found = first_deployment(services.iter(), day(60)).unwrap();
        assert_eq!((found.n, found.waiting), (2, 1));
        assert_eq!(first_deployment(services[2..].iter(), day(60)), None);
    }
}
