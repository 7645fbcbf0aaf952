//! How old what waits for production is.

use truelevel_model::{Measurement, Unit, declare};

use super::{Basis, Metric};
use crate::service::ServiceData;

declare! {
    /// Age of changes that wait
    ///
    /// From being written to the as-of: the median over the changes on the default branch that no production deployment
    /// shipped, merge commits left out, with the oldest beside it.
    ///
    /// It is the age so far, not how long they will take; that is in the change lead time, where they count as still open.
    /// What waits together will ship together, so there is no interval.
    ///
    /// **Source**: our own definition.
    pub static UNDEPLOYED_CHANGE_AGE: Metric = {
        id: "undeployed_change_age",
        version: 1,
        unit: Unit::Seconds,
        higher_is_better: Some(false),
        basis: Basis::Deployments,
        measure: measure,
    };
}

fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &UNDEPLOYED_CHANGE_AGE;
    if let Some(missing) = metric.without_deployments(data).or_else(|| metric.without_running_version(data)) {
        return missing;
    }
    let ages: Vec<f64> = data.undeployed.iter().map(|change| change.age.seconds()).collect();
    let mut measurement = super::numbers(metric, data, &ages, "no change waits for production");
    if let Some(oldest) = ages.iter().copied().max_by(f64::total_cmp) {
        (measurement.low, measurement.high) = (None, None);
        measurement.note = Some("no interval: what waits together ships together".to_owned());
        measurement.n_independent = Some(1);
        measurement.details.insert("oldest_seconds".to_owned(), oldest);
        for quantile in [&mut measurement.p75, &mut measurement.p90].into_iter().flatten() {
            (quantile.low, quantile.high) = (None, None);
        }
    }
    measurement
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};

    #[test]
    fn the_age_is_that_of_what_waits_and_nothing_waiting_is_no_age() {
        let deployed = Example::days(10).commit("A", &[], 0).deploy("A", 1);
        assert_eq!(deployed.clone().measure(&UNDEPLOYED_CHANGE_AGE).value, None);
        let waiting = deployed.commit("B", &["A"], 140).commit("C", &["B"], 200).measure(&UNDEPLOYED_CHANGE_AGE);
        assert_eq!((waiting.n, waiting.low), (2, None));
        close(waiting.value, 70.0 * 3600.0);
        close(waiting.details.get("oldest_seconds").copied(), 100.0 * 3600.0);
    }
}
