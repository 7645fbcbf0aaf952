//! Another mix of services.

use truelevel_metrics::Metric;
use truelevel_metrics::comparison::{compare_within, correct};
use truelevel_model::Measurement;
use truelevel_model::assessment::ServiceResult;
use truelevel_model::comparison::MetricChange;
use truelevel_report::numbers::{count, value};

use super::halves::{Halves, changed, keys, middle, weeks_of};
use super::{Found, PitfallKind, Seen};

truelevel_model::declare! {
    /// Another mix of services
    ///
    /// Raised when the median of a key over the services differs between the weeks of the window and as many weeks before, by
    /// more than its interval (after the correction of Benjamini and Hochberg (1995) over the keys), and the services that
    /// have a value in both do not show it: others came or went, and no service changed. Asked where six services or more are in both, and only of windows of 6 to 13 weeks.
    ///
    /// What it cannot see: a sum over services that moves because one of them deploys more. No such sum is made here.
    ///
    /// **Source**: Simpson (1951). The services in both are compared each with itself; the median of these contrasts stands
    /// with its order-statistic interval (Thompson 1936).
    pub static MIX_SHIFT: PitfallKind = {
        id: "mix_shift",
        find: find,
    };
}

fn find(seen: &Seen<'_>) -> Option<Found> {
    let weeks = weeks_of(seen.window_days)?;
    let all: Vec<Shift> =
        keys().enumerate().map(|(place, metric)| Shift::of(seen.halves(place, weeks), metric)).collect();
    let mut changes: Vec<MetricChange> =
        all.iter().map(|shift| changed(shift.metric, &shift.before, &shift.after, weeks)).collect();
    correct(&mut changes);
    let mut found = Found::default();
    for (shift, mut change) in all.into_iter().zip(changes) {
        let was_change = change.verdict.is_change();
        compare_within(&mut change, shift.both.iter().copied());
        let (true, false, Some(earlier), Some(later)) =
            (was_change, change.verdict.is_change(), change.before, change.after)
        else {
            continue;
        };
        let unit = shift.metric.unit;
        found.evidence.push(format!(
            "{}: {} before over {}, {} after over {}; {} in both",
            shift.metric.id,
            value(unit, earlier),
            count(shift.before.n, "service"),
            value(unit, later),
            count(shift.after.n, "service"),
            shift.both.len()
        ));
        found.services.extend(shift.moved);
    }
    found.services.sort();
    found.services.dedup();
    let metrics = found.evidence.len() as u64;
    (metrics > 0).then(|| Found {
        finding: format!("the middle of {} moved because other services stand behind it", count(metrics, "key")),
        effect: Some("none of the difference is shown by the services that are in both".into()),
        response: "comparisons take such a change back, and show the services that are in both beside it".into(),
        ..found
    })
}

/// One key over the services, before and after.
struct Shift {
    metric: &'static Metric,
    before: Measurement,
    after: Measurement,
    /// The values of the services that have one in both.
    both: Vec<(f64, f64)>,
    /// The services that have one in one of them.
    moved: Vec<String>,
}

impl Shift {
    fn of<'a>(services: impl Iterator<Item = (&'a ServiceResult, &'a Halves)>, metric: &'static Metric) -> Self {
        let (mut before, mut after, mut both, mut moved) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (service, halves) in services {
            let values = (halves.before, halves.after);
            before.extend(values.0);
            after.extend(values.1);
            match values {
                (Some(earlier), Some(later)) => both.push((earlier, later)),
                (None, None) => {}
                _ => moved.push(service.service.clone()),
            }
        }
        Self { metric, before: middle(metric, &before), after: middle(metric, &after), both, moved }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pitfalls::tests::{check_weeks, frequencies};

    #[test]
    fn busy_services_that_came_are_seen_and_services_that_changed_are_not() {
        let quiet = |number: u64| frequencies(&[1 + number % 2; 24]);
        let busy = |number: u64| frequencies(&[20 + number % 3; 12]);
        let came: Vec<_> = (0..8).map(quiet).chain((0..20).map(busy)).collect();
        let found = check_weeks(&MIX_SHIFT, came).unwrap();
        assert!(found.evidence[0].starts_with("deployment_frequency: "), "{:?}", found.evidence);
        assert_eq!(found.services_affected, 20);
        let changed = |number: u64| frequencies(&[[1 + number % 2; 12], [20 + number % 3; 12]].concat());
        assert!(check_weeks(&MIX_SHIFT, (0..12).map(changed).collect()).is_none());
        assert!(check_weeks(&MIX_SHIFT, (0..12).map(quiet).collect()).is_none());
    }

    #[test]
    fn few_services_or_few_weeks_do_not_tell() {
        let came = (0..3).map(|_| frequencies(&[1; 24])).chain((0..20).map(|_| frequencies(&[20; 12]))).collect();
        assert!(check_weeks(&MIX_SHIFT, came).is_none());
        assert!(check_weeks(&MIX_SHIFT, (0..30).map(|_| frequencies(&[20; 10])).collect()).is_none());
        assert!(check_weeks(&MIX_SHIFT, Vec::new()).is_none());
    }
}
