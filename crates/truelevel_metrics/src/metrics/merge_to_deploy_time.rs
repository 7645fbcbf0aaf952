//! How long what is merged waits for production.

use std::collections::BTreeSet;

use truelevel_model::{Measurement, Span, Unit, declare};

use super::{Basis, Metric};
use crate::service::ServiceData;
use crate::statistics::Observation;

declare! {
    /// Merge to deploy
    ///
    /// From the moment a change joins the default branch to the end of the first production deployment that ships it:
    /// the part of the lead time that is left to the pipeline, to gates and to waiting for a date.
    ///
    /// A change joins with the first-parent commit that brings it. Changes on the default branch that nothing shipped
    /// yet count as still open, as in the change lead time, and the interval is made the same way. A change that seems
    /// to have joined the branch after it was deployed has a wrong clock and is counted under `negative_duration`.
    ///
    /// **Source**: our own definition: the part of lead time that comes after review.
    pub static MERGE_TO_DEPLOY_TIME: Metric = {
        id: "merge_to_deploy_time",
        version: 2,
        unit: Unit::Seconds,
        higher_is_better: Some(false),
        basis: Basis::Deployments,
        measure: measure,
    };
}

fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &MERGE_TO_DEPLOY_TIME;
    if let Some(missing) = metric.without_deployments(data) {
        return missing;
    }
    let Some((repository, mainline)) =
        data.facts.repository.as_ref().and_then(|repository| Some((repository, repository.mainline?)))
    else {
        return metric.missing(data, "no repository with a default branch is matched to the service");
    };
    let shipped = data.shipped.iter().filter_map(|change| Some((change.merge_to_deploy?, true)));
    let waiting = data.undeployed.iter().filter_map(|change| {
        let merged_at = mainline.merged_at(repository.history, change.change)?;
        Some((data.window.end.since(merged_at), false))
    });
    let observations: Vec<Observation> = shipped
        .chain(waiting)
        .filter(|(span, _): &(Span, bool)| !span.is_negative())
        .map(|(span, is_event)| Observation { duration_seconds: span.seconds(), is_event })
        .collect();
    let deployments: BTreeSet<usize> =
        data.shipped.iter().filter(|change| change.merge_to_deploy.is_some()).map(|change| change.deployment).collect();
    let is_any_open = observations.iter().any(|observation| !observation.is_event);
    let clusters = deployments.len() as u64 + u64::from(is_any_open);
    let nothing = "no change was shipped from the default branch in the window, and none is waiting";
    super::durations(metric, data, &observations, (clusters, "deployments"), nothing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};

    #[test]
    fn the_wait_begins_with_the_merge_and_not_with_the_writing() {
        let measured = Example::days(30)
            .commit("A", &[], 0)
            .deploy("A", 1)
            .commit("B", &["A"], 2)
            .commit("M", &["A", "B"], 10)
            .deploy("M", 13)
            .measure(&MERGE_TO_DEPLOY_TIME);
        close(measured.value, 3.0 * 3600.0);
    }
}
