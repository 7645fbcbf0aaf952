//! What is merged and waits for production.

use truelevel_model::{Measurement, Unit, declare};

use super::{Basis, Metric};
use crate::service::ServiceData;
use crate::statistics::median;

declare! {
    /// Changes that wait for production
    ///
    /// The number of changes on the default branch at the as-of that no production deployment shipped, merge commits
    /// left out.
    ///
    /// They enter the change lead time as still open. Their age (median and oldest, from being written) is beside
    /// the number: a growing inventory is a deployment that gets riskier every day.
    ///
    /// **Source**: our own definition.
    pub static UNDEPLOYED_CHANGES: Metric = {
        id: "undeployed_changes",
        version: 1,
        unit: Unit::Count,
        higher_is_better: Some(false),
        basis: Basis::Deployments,
        measure: measure,
    };
}

fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &UNDEPLOYED_CHANGES;
    if let Some(missing) = metric.without_deployments(data).or_else(|| metric.without_running_version(data)) {
        return missing;
    }
    let mut measurement = metric.missing(data, "");
    measurement.note = None;
    let ages: Vec<f64> = data.undeployed.iter().map(|change| change.age.seconds()).collect();
    measurement.n = ages.len() as u64;
    measurement.value = Some(ages.len() as f64);
    let oldest = ages.iter().copied().max_by(f64::total_cmp);
    for (name, value) in [("median_age_seconds", median(&ages)), ("oldest_age_seconds", oldest)] {
        if let Some(value) = value {
            measurement.details.insert(name.to_owned(), value);
        }
    }
    measurement
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};

    #[test]
    fn what_waits_is_unknown_when_the_running_version_is() {
        let stale = Example::days(30).commit("A", &[], 0).deploy("A", 1).commit("B", &["A"], 10).deploy("unknown", 20);
        assert_eq!(stale.measure(&UNDEPLOYED_CHANGES).value, None);
    }

    #[test]
    fn what_is_on_the_default_branch_and_not_deployed_waits() {
        let example =
            Example::days(30).commit("A", &[], 0).deploy("A", 1).commit("B", &["A"], 10).commit("C", &["B"], 20);
        let measured = example.measure(&UNDEPLOYED_CHANGES);
        close(measured.value, 2.0);
        close(measured.details.get("oldest_age_seconds").copied(), (30.0 * 24.0 - 10.0) * 3600.0);
    }
}
