//! How much of what a service deploys leaves together with others.

use truelevel_model::{Measurement, Unit, declare};

use super::{Basis, Metric};
use crate::lockstep::FEWEST_DEPLOYMENTS;
use crate::service::ServiceData;
use crate::statistics::wilson_interval;

declare! {
    /// Lockstep ratio
    ///
    /// Production deployments of the service in the window that ended within ten minutes of one of another service of its
    /// group ÷ all of them that count in the frequency.
    ///
    /// A group are services that deploy together far more often than chance would have it, found over all services that are
    /// asked about. A service in no group has 0: to be near others now and then is chance. Below six deployments nothing can
    /// be told. Where a service cannot be deployed alone, the architecture is the ceiling.
    ///
    /// **Interval**: Wilson (1927).
    ///
    /// **Source**: our own definition. DORA's capability "loosely coupled teams" (dora.dev/capabilities/loosely-coupled-teams)
    /// asks whether a team can deploy its service independently of those that it depends on.
    pub static LOCKSTEP_RATIO: Metric = {
        id: "lockstep_ratio",
        version: 1,
        unit: Unit::Ratio,
        higher_is_better: Some(false),
        basis: Basis::Deployments,
        measure: measure,
    };
}

/// No service knows by itself what it leaves with; see [`put_down`].
fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &LOCKSTEP_RATIO;
    let together = "found over several services together";
    metric.without_deployments(data).unwrap_or_else(|| metric.missing(data, together))
}

/// Puts down what was found over all services: of how many deployments of this one, how many left with others.
pub fn put_down(measurement: &mut Measurement, together: u64, deployments: u64) {
    measurement.n = deployments;
    if (deployments as usize) < FEWEST_DEPLOYMENTS {
        measurement.note =
            Some(format!("fewer than {FEWEST_DEPLOYMENTS} deployments say nothing of what leaves together"));
        return;
    }
    measurement.note = None;
    measurement.value = Some(together as f64 / deployments as f64);
    if let Some(interval) = wilson_interval(together, deployments) {
        (measurement.low, measurement.high) = (Some(interval.low), Some(interval.high));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};

    #[test]
    fn a_service_knows_its_ratio_only_from_all_of_them() {
        let mut measured = Example::days(30).deploy_every_hours(24, 10).measure(&LOCKSTEP_RATIO);
        assert_eq!(measured.value, None);
        put_down(&mut measured, 4, 10);
        close(measured.value, 0.4);
        assert!(measured.low < Some(0.4) && measured.high > Some(0.4) && measured.note.is_none());
    }

    #[test]
    fn few_deployments_say_nothing() {
        let mut measured = Example::days(30).deploy_every_hours(24, 5).measure(&LOCKSTEP_RATIO);
        put_down(&mut measured, 5, 5);
        assert_eq!(measured.value, None);
    }
}
