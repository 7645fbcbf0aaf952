//! How much of going back is left to machines.

use truelevel_model::{DeploymentOutcome, Initiator, Measurement, Unit, declare};

use super::{Basis, Metric};
use crate::pipelines::Tally;
use crate::service::ServiceData;
use crate::timeline::{DeploymentKind, TimelineEntry};

declare! {
    /// Rollbacks done by automation
    ///
    /// Returns to an earlier version that automation made ÷ returns of which it is known what made them, in production
    /// in the window.
    ///
    /// A return is a rollback, or an attempt that failed and was stopped by automation: what ran before runs again. It is
    /// automation's when automation stopped the attempt or started the rollback without a person in between.
    ///
    /// Without any return there is nothing to measure: that nobody had to go back does not prove that it would have been
    /// automatic.
    ///
    /// **Interval**: Wilson (1927).
    ///
    /// **Source**: our own definition.
    pub static AUTOMATED_ROLLBACK_SHARE: Metric = {
        id: "automated_rollback_share",
        version: 1,
        unit: Unit::Ratio,
        higher_is_better: Some(true),
        basis: Basis::Deployments,
        measure: measure,
    };
}

fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &AUTOMATED_ROLLBACK_SHARE;
    if let Some(missing) = metric.without_deployments(data) {
        return missing;
    }
    if data.is_proxy() {
        return metric.missing(data, "releases are not rolled back: a proxy cannot show this");
    }
    let known: Vec<bool> = data.in_window().filter_map(was_automatic).collect();
    let automatic = known.iter().filter(|was_automatic| **was_automatic).count();
    let nothing = "of no rollback in the window is it known what made it";
    super::share(metric, data, Tally { part: automatic as u64, whole: known.len() as u64 }, nothing)
}

/// Whether automation went back; `None` for what is no return, and where nobody knows.
fn was_automatic(entry: &TimelineEntry<'_>) -> Option<bool> {
    let deployment = entry.deployment;
    let was_stopped = deployment.aborted_automatically == Some(true);
    match entry.kind {
        DeploymentKind::NotSucceeded => {
            (was_stopped && deployment.outcome == DeploymentOutcome::Failed).then_some(true)
        }
        DeploymentKind::Rollback if was_stopped => Some(true),
        DeploymentKind::Rollback => deployment.initiated_by.map(|initiator| initiator == Initiator::Automation),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};

    #[test]
    fn only_returns_of_which_somebody_knows_the_start_are_counted() {
        let example = Example::days(30)
            .deploy("v1", 1)
            .deploy_by("v2", 2, Some(Initiator::Automation))
            .deploy_by("v1", 3, Some(Initiator::Person))
            .deploy("v3", 4)
            .deploy("v1", 5)
            .deploy("v4", 6)
            .deployment(|deployment| {
                deployment.outcome = DeploymentOutcome::Failed;
                deployment.aborted_automatically = Some(true);
            });
        let measured = example.measure(&AUTOMATED_ROLLBACK_SHARE);
        assert_eq!(measured.n, 2, "a person's, an automatic one; of the third nobody knows");
        close(measured.value, 0.5);
    }

    #[test]
    fn nothing_to_roll_back_proves_nothing() {
        let measured = Example::days(30).deploy("v1", 1).deploy("v2", 2).measure(&AUTOMATED_ROLLBACK_SHARE);
        assert_eq!(measured.value, None);
    }
}
