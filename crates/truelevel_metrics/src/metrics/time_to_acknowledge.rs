//! How long an incident waits for somebody to take it.

use truelevel_model::{Measurement, Unit, declare};

use super::{Basis, Metric};
use crate::service::ServiceData;
use crate::statistics::Observation;

declare! {
    /// Time to acknowledge
    ///
    /// From the moment an incident is detected (its start, where that is not known) to the moment somebody takes it, for
    /// the incidents of the service that began in the window.
    ///
    /// One that is open and that nobody took counts as "at least this long" (Kaplan–Meier 1958). One that ended without
    /// having been taken is left out: many sources do not know.
    ///
    /// **Interval**: order statistics on the curve; none below 6 incidents for the median, 11 for p75, 29 for p90.
    ///
    /// **Source**: our own definition: what incident management calls MTTA, as a median instead of a mean.
    pub static TIME_TO_ACKNOWLEDGE: Metric = {
        id: "time_to_acknowledge",
        version: 2,
        unit: Unit::Seconds,
        higher_is_better: Some(false),
        basis: Basis::Incidents,
        measure: measure,
    };
}

fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &TIME_TO_ACKNOWLEDGE;
    if let Some(missing) = metric.without_incidents(data) {
        return missing;
    }
    // A source that never tells who took an incident says nothing by not telling.
    let tells = data.incidents.iter().any(|found| found.incident.acknowledged_at.is_some());
    let waits: Vec<Observation> = data
        .incidents_in_window()
        .filter_map(|found| {
            let taken_at = found.incident.acknowledged_at.filter(|at| *at <= data.window.end);
            let still_waits = tells && taken_at.is_none() && found.resolved_at.is_none();
            let until = taken_at.or(still_waits.then_some(data.window.end))?;
            let wait = until.since(found.incident.detected_at.unwrap_or(found.incident.started_at));
            let is_event = taken_at.is_some();
            data.is_usable(wait).then_some(Observation { duration_seconds: wait.seconds(), is_event })
        })
        .collect();
    let nothing = "of no incident in the window is it known when somebody took it";
    super::durations(metric, data, &waits, (waits.len() as u64, "incidents"), nothing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};

    #[test]
    fn detection_starts_the_clock_and_what_nobody_took_is_open() {
        let example = Example::days(30)
            .incident(10, Some(20), None)
            .incident_with(|incident| {
                incident.detected_at = Some(Example::at(12));
                incident.acknowledged_at = Some(Example::at(13));
            })
            .incident(30, Some(40), None)
            .incident_with(|incident| incident.acknowledged_at = Some(Example::at(33)))
            .incident(50, Some(60), None);
        let measured = example.clone().measure(&TIME_TO_ACKNOWLEDGE);
        assert_eq!(measured.n, 2);
        close(measured.value, 2.0 * 3600.0);
        let open = example.incident(100, None, None).measure(&TIME_TO_ACKNOWLEDGE);
        assert_eq!((open.n, open.censored), (2, 1));
        assert!(open.value >= measured.value);
    }

    #[test]
    fn a_source_that_never_tells_says_nothing_by_not_telling() {
        let measured = Example::days(30).incident(10, None, None).measure(&TIME_TO_ACKNOWLEDGE);
        assert_eq!((measured.value, measured.censored), (None, 0));
    }
}
