//! How long an incident goes unnoticed.

use truelevel_model::{Measurement, Unit, declare};

use super::{Basis, Metric};
use crate::service::ServiceData;
use crate::statistics::Observation;

declare! {
    /// Time to detect
    ///
    /// From the start of impact to the moment somebody or something noticed, for the incidents of the service that began
    /// in the window and of which both are known.
    ///
    /// Incidents that nobody has noticed are in no source: the value can only read short.
    ///
    /// **Interval**: order statistics; none below 6 incidents for the median, 11 for p75, 29 for p90.
    ///
    /// **Source**: our own definition: what incident management calls MTTD, as a median instead of a mean.
    pub static TIME_TO_DETECT: Metric = {
        id: "time_to_detect",
        version: 1,
        unit: Unit::Seconds,
        higher_is_better: Some(false),
        basis: Basis::Incidents,
        measure: measure,
    };
}

fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &TIME_TO_DETECT;
    if let Some(missing) = metric.without_incidents(data) {
        return missing;
    }
    let spans: Vec<Observation> = data
        .incidents_in_window()
        .filter_map(|found| Some(found.incident.detected_at?.since(found.incident.started_at)))
        .filter(|span| data.is_usable(*span))
        .map(|span| Observation { duration_seconds: span.seconds(), is_event: true })
        .collect();
    let nothing = "of no incident in the window is it known when it was noticed";
    super::durations(metric, data, &spans, (spans.len() as u64, "incidents"), nothing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};

    #[test]
    fn an_unknown_detection_is_no_zero() {
        let measured = Example::days(30)
            .incident(10, Some(20), None)
            .incident_with(|incident| incident.detected_at = Some(Example::at(12)))
            .incident(30, Some(40), None)
            .measure(&TIME_TO_DETECT);
        assert_eq!(measured.n, 1);
        close(measured.value, 2.0 * 3600.0);
    }
}
