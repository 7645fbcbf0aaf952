//! How much of deploying is left to machines.

use truelevel_model::{Initiator, Measurement, Unit, declare};

use super::{Basis, Metric};
use crate::pipelines::Tally;
use crate::service::ServiceData;

declare! {
    /// Deployments started by automation
    ///
    /// Production deployments that a pipeline, controller or timetable started ÷ production deployments of which it
    /// is known what started them.
    ///
    /// In a deployment repository the author of the commit decides: an automation account or a person. A person who
    /// merges what automation proposed has started it. Rollbacks and redeployments are deployments here.
    ///
    /// **Interval**: Wilson (1927).
    ///
    /// **Source**: DORA's capability "deployment automation" (dora.dev/capabilities/deployment-automation) asks for it; the
    /// share is our own definition.
    pub static DEPLOYMENT_AUTOMATION_SHARE: Metric = {
        id: "deployment_automation_share",
        version: 1,
        unit: Unit::Ratio,
        higher_is_better: Some(true),
        basis: Basis::Deployments,
        measure: measure,
    };
}

fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &DEPLOYMENT_AUTOMATION_SHARE;
    if let Some(missing) = metric.without_deployments(data) {
        return missing;
    }
    let known: Vec<Initiator> = data
        .in_window()
        .filter(|entry| !entry.deployment.is_initial_state)
        .filter_map(|entry| entry.deployment.initiated_by)
        .collect();
    let automated = known.iter().filter(|initiator| **initiator != Initiator::Person).count();
    let nothing = "of no deployment in the window is it known what started it";
    super::share(metric, data, Tally { part: automated as u64, whole: known.len() as u64 }, nothing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};

    #[test]
    fn only_deployments_with_a_known_start_are_counted() {
        let example = Example::days(30)
            .deploy_by("v1", 1, None)
            .deploy_by("v2", 2, Some(Initiator::Automation))
            .deploy_by("v3", 3, Some(Initiator::Schedule))
            .deploy_by("v4", 4, Some(Initiator::Person));
        let measured = example.measure(&DEPLOYMENT_AUTOMATION_SHARE);
        assert_eq!(measured.n, 3);
        close(measured.value, 2.0 / 3.0);
        let unknown = Example::days(30).deploy_by("v1", 1, None).measure(&DEPLOYMENT_AUTOMATION_SHARE);
        assert_eq!(unknown.value, None);
    }
}
