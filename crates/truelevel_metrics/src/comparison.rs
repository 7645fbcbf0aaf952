//! One metric in two windows: by how much it differs, and whether that is more than noise.

use truelevel_model::comparison::{ChangeVerdict, ContrastKind, MetricChange};
use truelevel_model::{Measurement, Unit};

use crate::METRICS;
use crate::statistics::{
    Comparison, Contrast, Exposure, KnownQuantile, difference_of_quantiles, rate_ratio, ratio_of_quantiles,
};

/// A measurement with the length of its window.
#[derive(Clone, Copy, Debug)]
pub struct Measured<'a> {
    /// The measurement.
    pub measurement: &'a Measurement,
    /// Days of its window.
    pub days: u32,
}

/// Compares the same metric in two windows. The two samples are taken for independent: where the windows overlap they are
/// not, and the interval is too wide, never too narrow.
///
/// Counts of events of one service are compared by their exact ratio, other rates and durations by the ratio of their
/// values, shares by the difference: with Wilson's intervals that is Newcombe's (1998, method 10).
pub fn compare(metric: &str, before: Measured<'_>, after: Measured<'_>) -> MetricChange {
    let (first, second) = (before.measurement, after.measurement);
    let mut change = MetricChange {
        metric: metric.to_owned(),
        unit: second.unit,
        before: first.value,
        after: second.value,
        contrast: None,
        estimate: None,
        low: None,
        high: None,
        verdict: ChangeVerdict::CannotTell,
        note: None,
    };
    if first.definition != second.definition {
        change.verdict = ChangeVerdict::NotComparable;
        change.note = Some(format!("defined as {} before and as {} after", first.definition, second.definition));
        return change;
    }
    if first.is_proxy != second.is_proxy {
        change.verdict = ChangeVerdict::NotComparable;
        change.note = Some("one of them stands on release tags, the other on deployments".to_owned());
        return change;
    }
    if first.is_lower_bound || second.is_lower_bound {
        change.note = Some("only a lower bound is known".to_owned());
        return change;
    }
    let (Some(from), Some(to)) = (known(first), known(second)) else {
        let missing = if first.value.is_none() || second.value.is_none() { "value" } else { "interval" };
        change.note = Some(format!("one of them has no {missing}"));
        return change;
    };
    let found = match first.unit {
        Unit::PerDay => ratio_of_counts(before, after).or_else(|| ratio_of_quantiles(from, to)),
        Unit::Seconds => ratio_of_quantiles(from, to),
        Unit::Ratio | Unit::Count => None,
    };
    let found = found.unwrap_or_else(|| difference_of_quantiles(from, to));
    change.contrast = Some(match found.contrast {
        Contrast::Difference => ContrastKind::Difference,
        Contrast::Ratio => ContrastKind::Ratio,
    });
    (change.estimate, change.low, change.high) = (found.estimate, found.low, found.high);
    change.verdict = verdict(metric, &found, from.value < to.value);
    change
}

fn known(measurement: &Measurement) -> Option<KnownQuantile> {
    Some(KnownQuantile { value: measurement.value?, low: measurement.low?, high: measurement.high })
}

/// Where the measurement counts events itself, and is not the median over services.
fn ratio_of_counts(before: Measured<'_>, after: Measured<'_>) -> Option<Comparison> {
    let burst = |measured: Measured<'_>| measured.measurement.details.get("overdispersion").copied();
    let exposure = |measured: Measured<'_>| Exposure { count: measured.measurement.n, days: f64::from(measured.days) };
    rate_ratio(exposure(before), exposure(after), burst(before)?.max(burst(after)?))
}

fn verdict(metric: &str, found: &Comparison, rises: bool) -> ChangeVerdict {
    if !found.excludes_none() {
        return ChangeVerdict::NoChangeShown;
    }
    match METRICS.iter().find(|known| known.id == metric).and_then(|metric| metric.higher_is_better) {
        Some(higher_is_better) if higher_is_better == rises => ChangeVerdict::Better,
        Some(_) => ChangeVerdict::Worse,
        None => ChangeVerdict::Moved,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(unit: Unit, low: f64, value: f64, high: f64) -> Measurement {
        let mut measured = Measurement::missing("change_lead_time/1", unit, "2024", "");
        (measured.low, measured.value, measured.high) = (Some(low), Some(value), Some(high));
        measured
    }

    fn compared(metric: &str, before: &Measurement, after: &Measurement) -> MetricChange {
        compare(metric, Measured { measurement: before, days: 90 }, Measured { measurement: after, days: 90 })
    }

    #[test]
    fn a_difference_within_the_intervals_is_no_change() {
        let before = measured(Unit::Seconds, 80.0, 100.0, 130.0);
        let near = compared("change_lead_time", &before, &measured(Unit::Seconds, 70.0, 90.0, 120.0));
        assert_eq!((near.verdict, near.contrast), (ChangeVerdict::NoChangeShown, Some(ContrastKind::Ratio)));
        let half = compared("change_lead_time", &before, &measured(Unit::Seconds, 40.0, 50.0, 60.0));
        assert_eq!(half.verdict, ChangeVerdict::Better);
        assert!((half.estimate.unwrap() - 0.5).abs() < 1e-9);
        assert!(half.high.unwrap() < 1.0);
        let slow = compared("change_lead_time", &measured(Unit::Seconds, 40.0, 50.0, 60.0), &before);
        assert_eq!(slow.verdict, ChangeVerdict::Worse);
    }

    #[test]
    fn shares_are_subtracted_as_newcombe_does() {
        use crate::statistics::{Share, difference_of_proportions, wilson_interval};
        let share = |events, trials| {
            let interval = wilson_interval(events, trials).unwrap();
            measured(Unit::Ratio, interval.low, events as f64 / trials as f64, interval.high)
        };
        let found = compared("change_fail_rate", &share(30, 100), &share(10, 100));
        let expected =
            difference_of_proportions(Share { events: 30, trials: 100 }, Share { events: 10, trials: 100 }).unwrap();
        assert_eq!((found.low, found.estimate, found.high), (expected.low, expected.estimate, expected.high));
        assert_eq!(found.verdict, ChangeVerdict::Better);
    }

    #[test]
    fn counts_of_one_service_are_compared_exactly() {
        let counted = |count: u64| {
            let rate = count as f64 / 90.0;
            let mut measured = measured(Unit::PerDay, rate / 2.0, rate, rate * 2.0);
            measured.n = count;
            measured.details.insert("overdispersion".into(), 1.0);
            measured
        };
        let found = compared("deployment_frequency", &counted(20), &counted(40));
        // Clopper and Pearson of 40 in 60, as a ratio: 1.142 to 3.611.
        assert_eq!(format!("{:.3} {:.3}", found.low.unwrap(), found.high.unwrap()), "1.142 3.611");
        assert_eq!(found.verdict, ChangeVerdict::Better);
    }

    #[test]
    fn what_is_missing_or_defined_otherwise_is_not_compared() {
        let before = measured(Unit::Seconds, 80.0, 100.0, 130.0);
        let mut after = before.clone();
        after.definition = "change_lead_time/2".into();
        assert_eq!(compared("change_lead_time", &before, &after).verdict, ChangeVerdict::NotComparable);
        after = Measurement { low: None, high: None, ..before.clone() };
        let found = compared("change_lead_time", &before, &after);
        assert_eq!(found.note.as_deref(), Some("one of them has no interval"));
        after = Measurement { is_lower_bound: true, ..before.clone() };
        assert_eq!(compared("change_lead_time", &before, &after).verdict, ChangeVerdict::CannotTell);
    }
}
