//! How often production changes.

use std::collections::BTreeSet;

use truelevel_model::{Measurement, Unit, declare};

use super::{Basis, Metric};
use crate::service::ServiceData;
use crate::statistics::{median, overdispersion, rate};
use crate::timeline::DeploymentKind;

declare! {
    /// Deployment frequency
    ///
    /// Succeeded production deployments per calendar day of the window, or of the part of it of which deployments are
    /// known: where the first known deployment of the service lies inside the window, the days before it are not counted
    /// as days without a deployment. That part is taken for a week where it is shorter, and the note says how long it is.
    /// A window behind everything that the sources of deployments told, of whatever service, has no value: a clone that
    /// nobody fetched looks like an organisation that stopped.
    ///
    /// A deployment of the version already running (`redeployment`) changes nothing and does not count; one version
    /// that reaches several production environments counts once (`fan_out`); rollbacks count and are shown apart.
    /// Beside the rate stand the days with a deployment per week, in the workspace's time zone, and the time between deployments, because an
    /// average hides batching: thirty deployments on one day are not one a day.
    ///
    /// **Interval**: exact for a Poisson count (Garwood 1936), widened by the variance of the weeks where deployments come
    /// in bursts. These weeks are counted back from the end of the window, because calendar weeks would be cut at its ends.
    ///
    /// **Source**: DORA's definition (dora.dev/guides/dora-metrics): deployments per period, or the time between them.
    pub static DEPLOYMENT_FREQUENCY: Metric = {
        id: "deployment_frequency",
        version: 3,
        unit: Unit::PerDay,
        higher_is_better: Some(true),
        basis: Basis::Deployments,
        measure: measure,
    };
}

const DAY_MILLIS: i64 = 86_400_000;

fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &DEPLOYMENT_FREQUENCY;
    if let Some(missing) = metric.without_deployments(data) {
        return missing;
    }
    let times: Vec<_> = data.counted().map(|entry| entry.deployment.finished_at).collect();
    let count = times.len() as u64;
    let mut measurement = metric.missing(data, "");
    measurement.note = None;
    measurement.n = count;

    // Whole weeks, counted back from the as-of; the first week that is known may be a part of one.
    let observed_days = data.observed_days();
    let weeks = observed_days.div_ceil(7).min(data.window.days / 7) as usize;
    let mut per_week = vec![0u64; weeks];
    for time in &times {
        let back = (data.window.end.since(*time).millis() / (7 * DAY_MILLIS)) as usize;
        if let Some(week) = per_week.get_mut(back) {
            *week += 1;
        }
    }
    let burstiness = overdispersion(&per_week).unwrap_or(1.0);
    if observed_days < data.window.days {
        measurement.note = Some(format!("deployments are known of {observed_days} of the {} days", data.window.days));
    }
    if let Some(rate) = rate(count, f64::from(observed_days), burstiness) {
        measurement.value = Some(rate.per_day);
        (measurement.low, measurement.high) = (Some(rate.low), Some(rate.high));
    }
    if !data.needs_details {
        return measurement;
    }
    measurement.band_by(data.bands, metric.id);

    let days: BTreeSet<i64> = times.iter().map(|time| data.facts.calendar.day(*time)).collect();
    let between: Vec<f64> = times.windows(2).map(|pair| pair[1].since(pair[0]).seconds()).collect();
    let kind = |kind| data.in_window().filter(|entry| entry.kind == kind).count() as f64;
    let details = [
        ("deployments", Some(count as f64)),
        ("deployment_days", Some(days.len() as f64)),
        ("deployment_days_per_week", Some(days.len() as f64 * 7.0 / f64::from(observed_days))),
        ("weeks_with_deployments", Some(per_week.iter().filter(|count| **count > 0).count() as f64)),
        ("observed_days", Some(f64::from(observed_days))),
        ("weeks", Some(weeks as f64)),
        ("median_between_deployments_seconds", median(&between)),
        ("overdispersion", Some(burstiness)),
        ("rollbacks", Some(kind(DeploymentKind::Rollback))),
        ("redeployments", Some(kind(DeploymentKind::Redeployment))),
    ];
    measurement.details = details.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))).collect();
    measurement
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};
    use truelevel_model::Band;

    #[test]
    fn deployments_in_the_window_are_counted_per_day() {
        let example = Example::days(90).deploy_every_hours(24, 90);
        let measured = example.measure(&DEPLOYMENT_FREQUENCY);
        assert_eq!(measured.n, 90);
        close(measured.value, 1.0);
        assert_eq!(measured.band, Some(Band::Elite));
    }

    #[test]
    fn no_deployment_in_the_window_is_a_measured_zero_with_an_upper_bound() {
        let measured = Example::days(30).deploy_at_hours(&[-24 * 60]).measure(&DEPLOYMENT_FREQUENCY);
        close(measured.value, 0.0);
        close(measured.high, 3.688_879_454 / 30.0);
        assert_eq!((measured.band_low, measured.band_high), (Some(Band::Low), Some(Band::Medium)));
    }

    #[test]
    fn a_window_behind_everything_that_was_told_is_not_a_window_without_a_deployment() {
        let stale = || Example::days(30).deploy_at_hours(&[-24 * 60]);
        let measured = stale().known_until(-24).measure(&DEPLOYMENT_FREQUENCY);
        assert_eq!((measured.value, measured.band), (None, None));
        assert_eq!(measured.note.unwrap(), "what is known of deployments ends on 2023-11-13, before the window");
        close(stale().known_until(24).measure(&DEPLOYMENT_FREQUENCY).value, 0.0);
    }

    #[test]
    fn days_of_which_nothing_is_known_are_not_days_without_a_deployment() {
        let measured =
            Example::days(90).deploy_at_hours(&[24 * 60 + 1, 24 * 70, 24 * 80]).measure(&DEPLOYMENT_FREQUENCY);
        close(measured.value, 0.1);
        assert!(measured.note.is_some_and(|note| note.contains("30 of the 90 days")));
        let elsewhere = Example::days(90)
            .deploy("v1", -10)
            .deployment(|deployment| deployment.environment = "staging".into())
            .deploy_at_hours(&[24 * 60 + 1, 24 * 70, 24 * 80]);
        close(elsewhere.measure(&DEPLOYMENT_FREQUENCY).value, 3.0 / 90.0);
    }

    #[test]
    fn a_first_day_is_not_taken_for_every_day() {
        let measured = Example::days(90).deploy_at_hours(&[24 * 89 + 20, 24 * 89 + 22]).measure(&DEPLOYMENT_FREQUENCY);
        close(measured.value, 2.0 / 7.0);
    }

    #[test]
    fn no_deployment_data_is_no_number() {
        let measured = Example::days(90).measure(&DEPLOYMENT_FREQUENCY);
        assert_eq!((measured.value, measured.band), (None, None));
        assert!(measured.note.is_some());
    }

    #[test]
    fn twenty_deployments_on_one_day_are_one_deployment_day_with_a_wide_interval() {
        let hours: Vec<i64> = (0..20).map(|hour| 24 * 40 + hour).collect();
        let burst = Example::days(90).deploy("before", -1).deploy_at_hours(&hours).measure(&DEPLOYMENT_FREQUENCY);
        let spread = Example::days(90).deploy_every_hours(24 * 4, 20).measure(&DEPLOYMENT_FREQUENCY);
        assert_eq!(burst.details["deployment_days"], 1.0);
        assert!(burst.low < spread.low && burst.high > spread.high, "{burst:?} {spread:?}");
    }
}
