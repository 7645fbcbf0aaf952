//! Whether incidents are noticed by machines.

use truelevel_model::{Measurement, Unit, declare};

use super::{Basis, Metric};
use crate::pipelines::Tally;
use crate::service::ServiceData;

declare! {
    /// Incidents detected by an alert
    ///
    /// Incidents of the service that began in the window and that an alert noticed first ÷ those of which it is known
    /// whether an alert or a person did.
    ///
    /// What no alert noticed, users usually did.
    ///
    /// **Interval**: Wilson (1927).
    ///
    /// **Source**: DORA's capability "monitoring and observability" asks for false negatives: failures without an alert.
    pub static DETECTION_BY_ALERT_SHARE: Metric = {
        id: "detection_by_alert_share",
        version: 1,
        unit: Unit::Ratio,
        higher_is_better: Some(true),
        basis: Basis::Incidents,
        measure: measure,
    };
}

fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &DETECTION_BY_ALERT_SHARE;
    if let Some(missing) = metric.without_incidents(data) {
        return missing;
    }
    let known: Vec<bool> = data.incidents_in_window().filter_map(|found| found.incident.detected_by_alert).collect();
    let by_alert = known.iter().filter(|by_alert| **by_alert).count();
    let nothing = "of no incident in the window is it known what noticed it";
    super::share(metric, data, Tally { part: by_alert as u64, whole: known.len() as u64 }, nothing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};

    #[test]
    fn incidents_of_which_nobody_knows_are_left_out() {
        let detected =
            |by: Option<bool>| move |incident: &mut truelevel_model::Incident| incident.detected_by_alert = by;
        let measured = Example::days(30)
            .incident(1, Some(2), None)
            .incident_with(detected(Some(true)))
            .incident(3, Some(4), None)
            .incident_with(detected(Some(false)))
            .incident(5, Some(6), None)
            .measure(&DETECTION_BY_ALERT_SHARE);
        assert_eq!(measured.n, 2);
        close(measured.value, 0.5);
    }

    #[test]
    fn no_source_of_incidents_and_no_incident_are_both_no_number() {
        assert_eq!(Example::days(30).measure(&DETECTION_BY_ALERT_SHARE).value, None);
        assert_eq!(Example::days(30).no_incidents().measure(&DETECTION_BY_ALERT_SHARE).value, None);
    }
}
