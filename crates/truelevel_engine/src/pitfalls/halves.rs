//! A key in the window and in the equally long time before it, from whole weeks that share nothing.

use truelevel_metrics::Metric;
use truelevel_metrics::comparison::{Measured, compare};
use truelevel_metrics::environments::KEYS;
use truelevel_metrics::statistics::{
    Interval, median, overdispersion, quantile_interval, rate, wilson_interval_of_groups,
};
use truelevel_metrics::weekly::{Series, WEEKLY};
use truelevel_model::comparison::MetricChange;
use truelevel_model::trend::TrendPoint;
use truelevel_model::{Measurement, Unit};

use crate::trends::WEEKS;

/// Of fewer weeks no median has an interval.
const FEWEST_WEEKS: usize = 6;
/// A middle of fewer weeks is that of a few events.
const FEWEST_VALUES: usize = 3;

/// DORA's keys that have weekly values, in the order of [`WEEKLY`].
pub(super) fn keys() -> impl Iterator<Item = &'static Metric> {
    WEEKLY.iter().copied().filter(|metric| KEYS.iter().any(|key| key.id == metric.id))
}

/// The whole weeks of a window; none where they are too few, or where the weeks before it are not all measured.
pub(super) fn weeks_of(window_days: u32) -> Option<usize> {
    let weeks = window_days as usize / 7;
    (weeks >= FEWEST_WEEKS && 2 * weeks <= WEEKS).then_some(weeks)
}

/// One key of one service before and after. A half of which fewer than six weeks are known has no value.
pub(crate) struct Halves {
    pub(super) before: Option<f64>,
    pub(super) after: Option<f64>,
    /// How the one differs from the other, where both have a value.
    pub(super) change: Option<MetricChange>,
}

impl Halves {
    /// Of each of [`keys`], in their order. `series` are those of [`WEEKLY`].
    pub(crate) fn of_keys(series: &[Series], weeks: usize) -> Vec<Self> {
        let of_key = |metric: &'static Metric| {
            let place = WEEKLY.iter().position(|weekly| weekly.id == metric.id);
            place.and_then(|place| series.get(place)).map(|series| Self::of(metric, series, weeks))
        };
        keys().filter_map(of_key).collect()
    }

    fn of(metric: &Metric, series: &Series, weeks: usize) -> Self {
        let points = if series.is_lower_bound || series.is_proxy { &[] } else { series.points.as_slice() };
        let (earlier, after) = points.split_at(points.len().saturating_sub(weeks));
        let before = &earlier[earlier.len().saturating_sub(weeks)..];
        let measure = |half: &[TrendPoint]| measured(metric, if half.len() < FEWEST_WEEKS { &[] } else { half });
        let (before, after) = (measure(before), measure(after));
        let change = before.value.and(after.value).map(|_| changed(metric, &before, &after, weeks));
        Self { before: before.value, after: after.value, change }
    }
}

/// How a key differs over so many weeks from as many before.
pub(super) fn changed(metric: &Metric, before: &Measurement, after: &Measurement, weeks: usize) -> MetricChange {
    let days = weeks as u32 * 7;
    compare(metric.id, Measured { measurement: before, days }, Measured { measurement: after, days })
}

/// What the last weeks say together that ended some weeks before the newest; none where not all of them are known.
pub(super) fn over(metric: &Metric, series: &Series, weeks: usize, weeks_earlier: usize) -> Option<f64> {
    let last = series.points.len().checked_sub(weeks_earlier)?;
    measured(metric, series.points.get(last.checked_sub(weeks)?..last)?).value
}

/// The median over services, with its interval.
pub(super) fn middle(metric: &Metric, values: &[f64]) -> Measurement {
    with(metric, median(values), quantile_interval(values, 0.5), values.len() as u64)
}

fn measured(metric: &Metric, weeks: &[TrendPoint]) -> Measurement {
    let known = weeks.iter().filter_map(|week| Some((week.value?, week.n)));
    match metric.unit {
        Unit::PerDay => {
            let counts: Vec<u64> = known.map(|(_, n)| n).collect();
            let (count, days) = (counts.iter().sum(), counts.len() as f64 * 7.0);
            let burst = overdispersion(&counts).unwrap_or(1.0);
            let rate = rate(count, days, burst).filter(|_| count > 0);
            let interval = rate.as_ref().map(|rate| Interval { low: rate.low, high: rate.high });
            let mut measured = with(metric, rate.map(|rate| rate.per_day), interval, count);
            measured.details.insert("overdispersion".to_owned(), burst);
            measured
        }
        Unit::Ratio => {
            let groups: Vec<(u64, u64)> = known.map(|(share, n)| ((share * n as f64).round() as u64, n)).collect();
            let (events, all) = groups.iter().fold((0, 0), |(a, b), (events, n)| (a + events, b + n));
            let share = (all > 0).then(|| events as f64 / all as f64);
            with(metric, share, wilson_interval_of_groups(&groups), all)
        }
        Unit::Seconds | Unit::Count => {
            let values: Vec<f64> = known.map(|(value, _)| value).collect();
            let middle = median(&values).filter(|_| values.len() >= FEWEST_VALUES);
            with(metric, middle, quantile_interval(&values, 0.5), values.len() as u64)
        }
    }
}

fn with(metric: &Metric, value: Option<f64>, interval: Option<Interval>, n: u64) -> Measurement {
    Measurement {
        value,
        low: interval.map(|interval| interval.low),
        high: interval.map(|interval| interval.high),
        n,
        ..Measurement::missing(metric.id, metric.unit, "", "")
    }
}
