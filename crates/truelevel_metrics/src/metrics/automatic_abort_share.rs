//! How often automation stops a deployment.

use truelevel_model::{Measurement, Unit, declare};

use super::{Basis, Metric};
use crate::pipelines::Tally;
use crate::service::ServiceData;

declare! {
    /// Deployments stopped by automation
    ///
    /// Production deployments in the window that automation stopped or reverted because of what it measured ÷ production
    /// deployments of which it is known whether it did.
    ///
    /// Each of them is a failure that few users saw. Neither more nor less is better by itself: none can mean that
    /// nothing went wrong, or that nothing watches.
    ///
    /// **Interval**: Wilson (1927).
    ///
    /// **Source**: our own definition.
    pub static AUTOMATIC_ABORT_SHARE: Metric = {
        id: "automatic_abort_share",
        version: 1,
        unit: Unit::Ratio,
        higher_is_better: None,
        basis: Basis::Deployments,
        measure: measure,
    };
}

fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &AUTOMATIC_ABORT_SHARE;
    if let Some(missing) = metric.without_deployments(data) {
        return missing;
    }
    let known: Vec<bool> = data
        .in_window()
        .filter(|entry| !entry.deployment.is_initial_state)
        .filter_map(|entry| entry.deployment.aborted_automatically)
        .collect();
    let stopped = known.iter().filter(|was_stopped| **was_stopped).count();
    let nothing = "of no deployment in the window is it known whether automation would have stopped it";
    super::share(metric, data, Tally { part: stopped as u64, whole: known.len() as u64 }, nothing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};

    #[test]
    fn deployments_of_which_nothing_is_known_do_not_count_as_let_through() {
        let example = Example::days(30)
            .deploy("v1", 1)
            .deploy("v2", 2)
            .deployment(|deployment| deployment.aborted_automatically = Some(true))
            .deploy("v3", 3)
            .deployment(|deployment| deployment.aborted_automatically = Some(false));
        let measured = example.measure(&AUTOMATIC_ABORT_SHARE);
        assert_eq!(measured.n, 2);
        close(measured.value, 0.5);
        assert_eq!(Example::days(30).deploy("v1", 1).measure(&AUTOMATIC_ABORT_SHARE).value, None);
    }
}
