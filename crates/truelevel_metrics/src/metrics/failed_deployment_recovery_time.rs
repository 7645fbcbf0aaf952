//! How long a failed deployment hurts.

use truelevel_model::{Measurement, Unit, declare};

use super::{Basis, Metric};
use crate::service::ServiceData;
use crate::statistics::Observation;

declare! {
    /// Failed deployment recovery time
    ///
    /// For each production deployment in the window that failed: from the start of impact (the incident's start, else
    /// the end of the deployment) until the service is restored (the incident resolved, else the rollback or fix
    /// deployed).
    ///
    /// Failures that are still open count as "at least this long" (Kaplan–Meier 1958); dropping them would make the
    /// worst ones disappear. What else goes wrong in production is not caused by a deployment and is not in here.
    ///
    /// Without incident data only failures that were rolled back or hotfixed are seen, which are the quickly mended
    /// ones: the value is then a lower bound.
    ///
    /// **Interval**: order statistics on the curve; none below 6 failures for the median, 11 for p75, 29 for p90.
    ///
    /// **Source**: DORA's definition since 2023 (dora.dev/insights/dora-metrics-history).
    pub static FAILED_DEPLOYMENT_RECOVERY_TIME: Metric = {
        id: "failed_deployment_recovery_time",
        version: 2,
        unit: Unit::Seconds,
        higher_is_better: Some(false),
        basis: Basis::Deployments,
        measure: measure,
    };
}

fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &FAILED_DEPLOYMENT_RECOVERY_TIME;
    if let Some(missing) = metric.without_deployments(data) {
        return missing;
    }
    let observations = observations(data);
    let nothing = match data.facts.incidents {
        Some(_) => "no deployment in the window is known to have failed",
        None => "no incident data, and no deployment in the window was rolled back or hotfixed",
    };
    let failures = observations.len() as u64;
    let mut measurement = super::durations(metric, data, &observations, (failures, "failures"), nothing);
    if data.facts.incidents.is_none() && failures > 0 {
        super::bound_below(&mut measurement, "no incident data: only what was rolled back or hotfixed shows");
    }
    measurement
}

/// How long each failure in the window hurt, and how long each that is open has hurt so far.
pub(crate) fn observations(data: &ServiceData<'_>) -> Vec<Observation> {
    data.failed_in_window()
        .map(|failure| (failure.recovered_at.unwrap_or(data.window.end).since(failure.started_at), failure))
        .filter(|(duration, _)| data.is_usable(*duration))
        .map(|(duration, failure)| Observation {
            duration_seconds: duration.seconds(),
            is_event: failure.recovered_at.is_some(),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};

    #[test]
    fn an_open_failure_never_shortens_recovery() {
        let mended = Example::days(30)
            .deploy("v1", 0)
            .deploy("v2", 10)
            .incident(10, Some(11), None)
            .deploy("v3", 100)
            .incident(101, Some(104), None);
        let before = mended.clone().measure(&FAILED_DEPLOYMENT_RECOVERY_TIME);
        close(before.value, 2.0 * 3600.0);
        let open = mended.deploy("v4", 200).incident(201, None, None).measure(&FAILED_DEPLOYMENT_RECOVERY_TIME);
        assert_eq!((open.n, open.censored), (2, 1));
        assert!(open.value >= before.value);
    }

    #[test]
    fn no_failure_is_no_number_rather_than_a_fast_recovery() {
        let measured = Example::days(30).deploy("v1", 0).no_incidents().measure(&FAILED_DEPLOYMENT_RECOVERY_TIME);
        assert_eq!((measured.value, measured.band), (None, None));
    }
}
