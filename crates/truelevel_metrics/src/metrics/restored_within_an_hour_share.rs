//! How many failed deployments are over within the hour.

use truelevel_model::{Measurement, Span, Unit, declare};

use super::{Basis, Metric};
use crate::pipelines::Tally;
use crate::service::ServiceData;

declare! {
    /// Failures restored within an hour
    ///
    /// Failed production deployments in the window whose service was restored within an hour ÷ failed production
    /// deployments. Start and end are those of the recovery time. A failure that is open for more than an hour counts as
    /// not restored in time; one that is open and younger is left out, since it may still be.
    ///
    /// The median recovery time lies under an hour exactly where this share is above one half. A share needs fewer
    /// failures than a median does to tell (four of four are enough), and unlike durations it may be counted over
    /// several services together.
    ///
    /// Not measured without incident data: what shows without it is what was mended quickly.
    ///
    /// **Interval**: Wilson (1927); over several services with the design effect of services that differ (Rao and Scott
    /// 1981).
    ///
    /// **Source**: DORA's recovery time, seen at the one edge that decides.
    pub static RESTORED_WITHIN_AN_HOUR_SHARE: Metric = {
        id: "restored_within_an_hour_share",
        version: 2,
        unit: Unit::Ratio,
        higher_is_better: Some(true),
        basis: Basis::Deployments,
        measure: measure,
    };
}

const HOUR: Span = Span::from_millis(3_600_000);

fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &RESTORED_WITHIN_AN_HOUR_SHARE;
    if let Some(missing) = metric.without_deployments(data).or_else(|| metric.without_incidents(data)) {
        return missing;
    }
    let attempts = data.attempts();
    let told: Vec<bool> = data
        .failed_in_window()
        .map(|failure| {
            (failure.recovered_at, failure.recovered_at.unwrap_or(data.window.end).since(failure.started_at))
        })
        .filter(|(_, lasted)| !lasted.is_negative())
        .filter(|(recovered_at, lasted)| recovered_at.is_some() || *lasted >= HOUR)
        .map(|(recovered_at, lasted)| recovered_at.is_some() && lasted < HOUR)
        .collect();
    let tally =
        Tally { part: told.iter().filter(|is_restored| **is_restored).count() as u64, whole: told.len() as u64 };
    let nothing = format!("no failure in {attempts} attempted, so there is no recovery to measure");
    let mut measurement = super::share(metric, data, tally, &nothing);
    // Without an attempt nothing is known, which is not the same as no failure.
    if attempts > 0 {
        measurement.details.insert("failures".into(), data.failed_in_window().count() as f64);
    }
    measurement
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};

    fn with_recovery(hours: Option<i64>) -> Measurement {
        Example::days(30)
            .deploy("v1", 0)
            .deploy("v2", 10)
            .incident(10, Some(10), None)
            .deploy("v3", 100)
            .incident(101, hours.map(|hours| 101 + hours), None)
            .measure(&RESTORED_WITHIN_AN_HOUR_SHARE)
    }

    #[test]
    fn an_hour_and_more_and_an_open_failure_are_not_in_time() {
        for (hours, expected) in [(Some(0), 1.0), (Some(1), 0.5), (Some(3), 0.5), (None, 0.5)] {
            let measured = with_recovery(hours);
            close(measured.value, expected);
            assert_eq!((measured.n, measured.details.get("failures")), (2, Some(&2.0)), "{hours:?}");
        }
    }

    #[test]
    fn no_failure_is_nothing_to_measure_and_no_incident_data_is_nothing_known() {
        let quiet = Example::days(30).deploy("v1", 0).deploy("v2", 1).no_incidents();
        let measured = quiet.measure(&RESTORED_WITHIN_AN_HOUR_SHARE);
        assert_eq!((measured.value, measured.details.get("failures")), (None, Some(&0.0)));
        assert!(measured.note.unwrap().contains("no failure in "));
        let unknown = Example::days(30).deploy("v1", 0).deploy("v2", 1).measure(&RESTORED_WITHIN_AN_HOUR_SHARE);
        assert_eq!(unknown.details.get("failures"), None);
    }
}
