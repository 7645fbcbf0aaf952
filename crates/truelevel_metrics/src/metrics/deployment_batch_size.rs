//! How many changes ship together.

use std::collections::BTreeMap;

use truelevel_model::{Measurement, Unit, declare};

use super::{Basis, Metric};
use crate::service::ServiceData;

declare! {
    /// Changes per deployment
    ///
    /// The median number of changes that a production deployment in the window shipped, over the deployments that
    /// shipped any.
    ///
    /// Rollbacks, redeployments and deployments whose version leads to no commit ship none and are left out. Small
    /// batches are what makes deployments safe and failures quick to find.
    ///
    /// **Interval**: order statistics; none below 6 deployments.
    ///
    /// **Source**: DORA's capability "working in small batches" (dora.dev/capabilities/working-in-small-batches).
    pub static DEPLOYMENT_BATCH_SIZE: Metric = {
        id: "deployment_batch_size",
        version: 1,
        unit: Unit::Count,
        higher_is_better: Some(false),
        basis: Basis::Deployments,
        measure: measure,
    };
}

fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &DEPLOYMENT_BATCH_SIZE;
    if let Some(missing) = metric.without_deployments(data) {
        return missing;
    }
    let mut sizes: BTreeMap<usize, f64> = BTreeMap::new();
    for change in &data.shipped {
        *sizes.entry(change.deployment).or_default() += 1.0;
    }
    let sizes: Vec<f64> = sizes.into_values().collect();
    super::numbers(metric, data, &sizes, "no deployment in the window is known to have shipped a change")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};

    #[test]
    fn deployments_that_ship_nothing_do_not_pull_the_median_down() {
        let measured = Example::days(30)
            .commit("A", &[], 0)
            .deploy("A", 1)
            .commit("B", &["A"], 2)
            .commit("C", &["B"], 3)
            .deploy("C", 4)
            .deploy("A", 5)
            .deploy("C", 6)
            .measure(&DEPLOYMENT_BATCH_SIZE);
        assert_eq!(measured.n, 1);
        close(measured.value, 2.0);
    }
}
