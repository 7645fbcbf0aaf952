//! How long what no deployment caused hurts.

use truelevel_model::{Measurement, Unit, declare};

use super::{Basis, Metric};
use crate::service::ServiceData;
use crate::statistics::Observation;

declare! {
    /// Incident duration
    ///
    /// From the start of impact to its end, for each incident of the service that began in the window and that no
    /// deployment of the service caused.
    ///
    /// What a deployment caused is in the failed deployment recovery time: to throw both together would measure neither.
    /// Incidents that are still open count as "at least this long" (Kaplan–Meier 1958). Which deployment an incident
    /// belongs to is decided as for the change fail rate; what somebody decided wins.
    ///
    /// **Interval**: order statistics on the curve; none below 6 incidents for the median, 11 for p75, 29 for p90.
    ///
    /// **Source**: DORA separated the two in 2023 (dora.dev/insights/dora-metrics-history).
    pub static INCIDENT_DURATION: Metric = {
        id: "incident_duration",
        version: 2,
        unit: Unit::Seconds,
        higher_is_better: Some(false),
        basis: Basis::Incidents,
        measure: measure,
    };
}

fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &INCIDENT_DURATION;
    if let Some(missing) = metric.without_incidents(data) {
        return missing;
    }
    let observations: Vec<Observation> = data
        .incidents_in_window()
        .filter(|found| found.cause.deployment().is_none())
        .map(|found| (found.resolved_at.unwrap_or(data.window.end).since(found.incident.started_at), found))
        .filter(|(span, _)| data.is_usable(*span))
        .map(|(span, found)| Observation { duration_seconds: span.seconds(), is_event: found.resolved_at.is_some() })
        .collect();
    let incidents = observations.len() as u64;
    let nothing = "no incident began in the window that no deployment caused";
    super::durations(metric, data, &observations, (incidents, "incidents"), nothing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};

    #[test]
    fn what_a_deployment_caused_is_not_in_it() {
        let measured = Example::days(30)
            .deploy("v1", 1)
            .deploy("v2", 10)
            .incident(11, Some(12), None)
            .incident(100, Some(103), None)
            .incident(200, Some(205), None)
            .measure(&INCIDENT_DURATION);
        assert_eq!(measured.n, 2);
        close(measured.value, 4.0 * 3600.0);
    }

    #[test]
    fn an_open_incident_never_shortens_it() {
        let closed = Example::days(30).incident(100, Some(103), None).incident(200, Some(205), None);
        let before = closed.clone().measure(&INCIDENT_DURATION);
        let after = closed.incident(300, None, None).measure(&INCIDENT_DURATION);
        assert_eq!((after.n, after.censored), (2, 1));
        assert!(after.value >= before.value);
    }
}
