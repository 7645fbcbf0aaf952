//! How many lines ship together.

use std::collections::BTreeMap;

use truelevel_model::{Measurement, Unit, declare};

use super::{Basis, Metric};
use crate::service::ServiceData;

declare! {
    /// Lines per deployment
    ///
    /// The median number of lines, added and removed together, in the changes that a production deployment in the
    /// window shipped.
    ///
    /// Only deployments of which every change has a known size count: a part of a batch is not a small batch. Changes of
    /// more than a thousand files are imports or moves, and have none; files that hold no text have no lines.
    ///
    /// **Interval**: order statistics; none below 6 deployments.
    ///
    /// **Source**: DORA's capability "working in small batches" (dora.dev/capabilities/working-in-small-batches).
    pub static DEPLOYMENT_BATCH_LINES: Metric = {
        id: "deployment_batch_lines",
        version: 1,
        unit: Unit::Count,
        higher_is_better: Some(false),
        basis: Basis::Deployments,
        measure: measure,
    };
}

fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &DEPLOYMENT_BATCH_LINES;
    if let Some(missing) = metric.without_deployments(data) {
        return missing;
    }
    let history = data.facts.repository.as_ref().map(|repository| repository.history);
    let mut batches: BTreeMap<usize, Option<u64>> = BTreeMap::new();
    for shipped in &data.shipped {
        let size = history.and_then(|history| history.size(shipped.change));
        let batch = batches.entry(shipped.deployment).or_insert(Some(0));
        *batch = batch.zip(size).map(|(sum, size)| sum + u64::from(size.lines));
    }
    let lines: Vec<f64> = batches.into_values().flatten().map(|lines| lines as f64).collect();
    super::numbers(metric, data, &lines, "no deployment in the window shipped changes whose sizes are all known")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};

    #[test]
    fn a_batch_of_which_a_part_is_unknown_does_not_count() {
        let measured = Example::days(30)
            .commit("A", &[], 0)
            .deploy("A", 1)
            .commit("B", &["A"], 2)
            .of_lines(30)
            .commit("C", &["B"], 3)
            .of_lines(12)
            .deploy("C", 4)
            .commit("D", &["C"], 5)
            .of_lines(1)
            .commit("E", &["D"], 6)
            .deploy("E", 7)
            .measure(&DEPLOYMENT_BATCH_LINES);
        assert_eq!(measured.n, 1);
        close(measured.value, 42.0);
    }
}
