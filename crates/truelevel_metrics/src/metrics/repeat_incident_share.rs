//! Whether what is mended stays mended.

use std::collections::HashSet;

use truelevel_model::{Measurement, Unit, declare};

use super::{Basis, Metric};
use crate::failures::NEAR;
use crate::pipelines::Tally;
use crate::service::ServiceData;

declare! {
    /// Repeat incidents
    ///
    /// Incidents of the service that began in the window and repeat an earlier one ÷ incidents that began in the window.
    ///
    /// One repeats an earlier one when it names the same cause, or when it begins within 24 hours after an earlier one of
    /// the service ended: then that one was closed too early, or mended too little. An incident that begins while another
    /// is open is part of the same trouble and is no repetition.
    ///
    /// **Interval**: Wilson (1927).
    ///
    /// **Source**: our own definition.
    pub static REPEAT_INCIDENT_SHARE: Metric = {
        id: "repeat_incident_share",
        version: 1,
        unit: Unit::Ratio,
        higher_is_better: Some(false),
        basis: Basis::Incidents,
        measure: measure,
    };
}

fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &REPEAT_INCIDENT_SHARE;
    if let Some(missing) = metric.without_incidents(data) {
        return missing;
    }
    let mut causes: HashSet<&str> = HashSet::new();
    let mut last_end = None;
    let mut tally = Tally::default();
    for found in &data.incidents {
        let started_at = found.incident.started_at;
        let names_again = found.incident.caused_by.as_deref().is_some_and(|cause| !causes.insert(cause));
        let comes_again = last_end.is_some_and(|end| started_at >= end && started_at.since(end) <= NEAR);
        if data.window.contains(started_at) {
            tally.whole += 1;
            tally.part += u64::from(names_again || comes_again);
        }
        // What is open or ended later hides what ended before it.
        last_end = last_end.max(Some(found.resolved_at.unwrap_or(data.window.end)));
    }
    super::share(metric, data, tally, "no incident began in the window")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};

    fn check(example: Example, expected: f64) {
        close(example.measure(&REPEAT_INCIDENT_SHARE).value, expected);
    }

    #[test]
    fn an_incident_that_comes_back_within_a_day_repeats_the_one_before() {
        let first = Example::days(30).incident(1, Some(3), None);
        check(first.clone().incident(10, Some(11), None), 0.5);
        check(first.clone().incident(100, Some(101), None), 0.0);
        check(first.incident(2, Some(5), None), 0.0);
    }

    #[test]
    fn the_same_cause_is_a_repetition_whenever_it_comes() {
        check(Example::days(30).incident(1, Some(3), Some("v1")).incident(300, None, Some("v1")), 0.5);
    }

    #[test]
    fn incidents_of_before_the_window_are_remembered() {
        check(Example::days(30).incident(-5, Some(-2), None).incident(1, Some(2), None), 1.0);
    }
}
