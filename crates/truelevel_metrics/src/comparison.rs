//! One metric in two windows: by how much it differs, and whether that is more than noise.

use truelevel_model::comparison::{ChangeVerdict, ContrastKind, MetricChange, WithinServices};
use truelevel_model::{Measurement, Unit};

use crate::METRICS;
use crate::statistics::{
    Comparison, Contrast, Exposure, Interval, KnownQuantile, difference_of_quantiles, discoveries, median,
    quantile_interval, rate_ratio, ratio_of_quantiles,
};

pub use crate::statistics::FALSE_DISCOVERY_RATE;

/// A measurement with the length of its window.
#[derive(Clone, Copy, Debug)]
pub struct Measured<'a> {
    /// The measurement.
    pub measurement: &'a Measurement,
    /// Days of its window.
    pub days: u32,
}

impl Measured<'_> {
    /// The days of which events are known: those by which a count becomes a rate.
    fn observed_days(&self) -> f64 {
        self.measurement.details.get("observed_days").copied().unwrap_or(f64::from(self.days))
    }
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
        p: None,
        within_services: None,
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
    change.p = Some(found.p());
    change.verdict = verdict(metric, &found);
    change
}

/// Compares each service that is in both with itself, and takes a change back that these do not show: then only the mix
/// of services moved the middle. `services` are the values before and after.
///
/// The median of the services' contrasts stands with its order-statistic interval (Thompson 1936): stratified by service,
/// as Simpson's paradox (1951) asks for. Where the services in both are too few for an interval, nothing is taken back.
pub fn compare_within(change: &mut MetricChange, services: impl IntoIterator<Item = (f64, f64)>) {
    let Some(kind) = change.contrast else { return };
    let contrast = |(before, after): (f64, f64)| match kind {
        ContrastKind::Difference => Some(after - before),
        ContrastKind::Ratio => (before > 0.0 && after > 0.0).then_some(after / before),
    };
    let contrasts: Vec<f64> = services.into_iter().filter_map(contrast).collect();
    let Some(estimate) = median(&contrasts) else { return };
    let interval = quantile_interval(&contrasts, 0.5);
    let none = if kind == ContrastKind::Ratio { 1.0 } else { 0.0 };
    let moves_alike = |interval: Interval| match change.estimate {
        Some(estimate) if estimate > none => interval.low > none,
        Some(_) => interval.high < none,
        None => interval.low > none || interval.high < none,
    };
    if change.verdict.is_change() && interval.is_some_and(|interval| !moves_alike(interval)) {
        change.verdict = ChangeVerdict::NoChangeShown;
        change.note = Some(format!(
            "another mix of services may have moved the middle; the {} that are in both do not show it",
            contrasts.len()
        ));
    }
    change.within_services = Some(WithinServices {
        services: contrasts.len() as u64,
        estimate,
        low: interval.map(|interval| interval.low),
        high: interval.map(|interval| interval.high),
    });
}

/// Takes back what may be chance among so many comparisons (see [`discoveries`]). Answers how many there were.
pub fn correct<'a>(changes: impl IntoIterator<Item = &'a mut MetricChange>) -> u64 {
    let mut compared: Vec<(&mut MetricChange, f64)> =
        changes.into_iter().filter_map(|change| change.p.map(|p| (change, p))).collect();
    let stands = discoveries(&compared.iter().map(|(_, p)| *p).collect::<Vec<_>>());
    let comparisons = compared.len() as u64;
    for ((change, _), stands) in compared.iter_mut().zip(stands) {
        if change.verdict.is_change() && !stands {
            change.verdict = ChangeVerdict::NoChangeShown;
            change.note = Some(format!("by itself it would be, but among {comparisons} comparisons it may be chance"));
        }
    }
    comparisons
}

fn known(measurement: &Measurement) -> Option<KnownQuantile> {
    Some(KnownQuantile { value: measurement.value?, low: measurement.low?, high: measurement.high })
}

/// Where the measurement counts events itself, and is not the median over services.
fn ratio_of_counts(before: Measured<'_>, after: Measured<'_>) -> Option<Comparison> {
    let burst = |measured: Measured<'_>| measured.measurement.details.get("overdispersion").copied();
    let exposure = |measured: Measured<'_>| Exposure { count: measured.measurement.n, days: measured.observed_days() };
    rate_ratio(exposure(before), exposure(after), burst(before)?.max(burst(after)?))
}

fn verdict(metric: &str, found: &Comparison) -> ChangeVerdict {
    if !found.excludes_none() {
        return ChangeVerdict::NoChangeShown;
    }
    let rises = found.is_rise();
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
    fn a_count_is_compared_over_the_days_of_which_something_is_known() {
        // One deployment a day, known of the last third of the window and of all of it.
        let daily = |days: u32| {
            let mut measured = measured(Unit::PerDay, 0.7, 1.0, 1.4);
            measured.n = u64::from(days);
            measured.details.insert("overdispersion".into(), 1.0);
            measured.details.insert("observed_days".into(), f64::from(days));
            measured
        };
        let found = compared("deployment_frequency", &daily(30), &daily(90));
        assert_eq!((found.verdict, found.estimate), (ChangeVerdict::NoChangeShown, Some(1.0)));
        let twice = Measurement { n: 180, value: Some(2.0), ..daily(90) };
        assert_eq!(compared("deployment_frequency", &daily(30), &twice).verdict, ChangeVerdict::Better);
    }

    #[test]
    fn another_mix_of_services_is_no_improvement() {
        let slow = measured(Unit::Seconds, 80.0, 100.0, 130.0);
        let fast = measured(Unit::Seconds, 40.0, 50.0, 60.0);
        let mut mixed = compared("change_lead_time", &slow, &fast);
        assert_eq!(mixed.verdict, ChangeVerdict::Better);
        // Quick services came in; those that were there before became slower.
        compare_within(&mut mixed, (0..12).map(|number| (100.0, 104.0 + f64::from(number))));
        assert_eq!(mixed.verdict, ChangeVerdict::NoChangeShown);
        let within = mixed.within_services.as_ref().unwrap();
        assert!(within.services == 12 && within.low.unwrap() > 1.0, "{within:?}");
        let mut real = compared("change_lead_time", &slow, &fast);
        compare_within(&mut real, (0..12).map(|number| (100.0, 40.0 + f64::from(number))));
        assert_eq!(real.verdict, ChangeVerdict::Better);
        let mut few = compared("change_lead_time", &slow, &fast);
        compare_within(&mut few, [(100.0, 120.0); 3]);
        assert_eq!((few.verdict, few.within_services.unwrap().low), (ChangeVerdict::Better, None));
    }

    #[test]
    fn one_surprise_among_many_comparisons_is_taken_back_and_a_clear_change_stays() {
        let before = measured(Unit::Seconds, 80.0, 100.0, 130.0);
        let mut changes: Vec<MetricChange> = (0..40)
            .map(|_| compared("change_lead_time", &before, &measured(Unit::Seconds, 75.0, 97.0, 125.0)))
            .collect();
        changes.push(compared("change_lead_time", &before, &measured(Unit::Seconds, 60.0, 70.0, 85.0)));
        changes.push(compared("change_lead_time", &before, &measured(Unit::Seconds, 18.0, 20.0, 23.0)));
        assert!(changes[40].verdict == ChangeVerdict::Better && changes[41].verdict == ChangeVerdict::Better);
        assert_eq!(correct(&mut changes), 42);
        assert_eq!(changes[40].verdict, ChangeVerdict::NoChangeShown);
        assert!(changes[40].note.as_ref().unwrap().contains("among 42 comparisons"));
        assert_eq!(changes[41].verdict, ChangeVerdict::Better);
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
