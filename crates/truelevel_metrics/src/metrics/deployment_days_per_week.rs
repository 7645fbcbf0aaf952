//! On how many days production changes.

use std::collections::BTreeSet;

use truelevel_model::{Measurement, Unit, declare};

use super::{Basis, Metric};
use crate::service::ServiceData;
use crate::statistics::wilson_interval;

declare! {
    /// Deployment days per week
    ///
    /// Days, in the workspace's time zone, on which at least one production deployment counted in the frequency, per week
    /// of the window, or of the part of it of which deployments are known, as in the frequency.
    ///
    /// An average of deployments hides batching; days do not. Thirty deployments on one day are one day.
    ///
    /// **Interval**: that of the share of the window's days (Wilson 1927), times seven.
    ///
    /// **Source**: the days-per-week rule of the Four Keys project (github.com/dora-team/fourkeys).
    pub static DEPLOYMENT_DAYS_PER_WEEK: Metric = {
        id: "deployment_days_per_week",
        version: 1,
        unit: Unit::Count,
        higher_is_better: Some(true),
        basis: Basis::Deployments,
        measure: measure,
    };
}

fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &DEPLOYMENT_DAYS_PER_WEEK;
    if let Some(missing) = metric.without_deployments(data) {
        return missing;
    }
    let times = data.counted().map(|entry| entry.deployment.finished_at);
    let days: BTreeSet<i64> = times.map(|time| data.facts.calendar.day(time)).collect();
    // A window may begin and end within a day and so touch one day more than it is long.
    let (with, all) = (days.len() as u64, u64::from(data.observed_days()).max(days.len() as u64));
    let mut measurement = metric.missing(data, "");
    measurement.note = None;
    measurement.n = with;
    measurement.value = Some(with as f64 * 7.0 / all as f64);
    if let Some(interval) = wilson_interval(with, all) {
        (measurement.low, measurement.high) = (Some(interval.low * 7.0), Some(interval.high * 7.0));
    }
    measurement.band_by(data.bands, metric.id);
    measurement
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};

    #[test]
    fn twenty_deployments_on_one_day_are_one_day() {
        let hours: Vec<i64> = (0..20).map(|minute| 24 * 10 + minute / 5).collect();
        let measured =
            Example::days(28).deploy("before", -1).deploy_at_hours(&hours).measure(&DEPLOYMENT_DAYS_PER_WEEK);
        assert_eq!(measured.n, 1);
        close(measured.value, 0.25);
    }

    #[test]
    fn no_deployment_is_a_measured_zero_and_no_data_is_no_number() {
        let idle = Example::days(28).deploy("v1", -100).measure(&DEPLOYMENT_DAYS_PER_WEEK);
        close(idle.value, 0.0);
        assert!(idle.high.is_some_and(|high| high > 0.5));
        assert_eq!(Example::days(28).measure(&DEPLOYMENT_DAYS_PER_WEEK).value, None);
    }
}
