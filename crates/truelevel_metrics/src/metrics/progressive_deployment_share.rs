//! How much reaches production in steps that are judged.

use truelevel_model::facts::DeploymentStrategy;
use truelevel_model::{Measurement, Unit, declare};

use super::{Basis, Metric};
use crate::pipelines::Tally;
use crate::service::ServiceData;

declare! {
    /// Progressive deployments
    ///
    /// Production deployments in the window made as a canary or blue-green ÷ production deployments of which the
    /// strategy is known.
    ///
    /// Both put the new version beside the old one, so that it can be judged before everybody has it. A rolling update
    /// replaces in batches without a judgement and does not count; how often it was used is beside the value.
    ///
    /// **Interval**: Wilson (1927).
    ///
    /// **Source**: our own definition.
    pub static PROGRESSIVE_DEPLOYMENT_SHARE: Metric = {
        id: "progressive_deployment_share",
        version: 1,
        unit: Unit::Ratio,
        higher_is_better: Some(true),
        basis: Basis::Deployments,
        measure: measure,
    };
}

fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &PROGRESSIVE_DEPLOYMENT_SHARE;
    if let Some(missing) = metric.without_deployments(data) {
        return missing;
    }
    let known: Vec<DeploymentStrategy> = data
        .in_window()
        .filter(|entry| !entry.deployment.is_initial_state)
        .filter_map(|entry| entry.deployment.strategy)
        .collect();
    let made_as = |strategy| known.iter().filter(|known| **known == strategy).count() as u64;
    let counts = [
        ("all_at_once", made_as(DeploymentStrategy::AllAtOnce)),
        ("blue_green", made_as(DeploymentStrategy::BlueGreen)),
        ("canary", made_as(DeploymentStrategy::Canary)),
        ("rolling", made_as(DeploymentStrategy::Rolling)),
    ];
    let part = made_as(DeploymentStrategy::BlueGreen) + made_as(DeploymentStrategy::Canary);
    let nothing = "of no deployment in the window is the strategy known";
    let mut measurement = super::share(metric, data, Tally { part, whole: known.len() as u64 }, nothing);
    let used = counts.into_iter().filter(|(_, count)| *count > 0);
    measurement.details.extend(used.map(|(name, count)| (name.to_owned(), count as f64)));
    measurement
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};

    #[test]
    fn a_rolling_update_judges_nothing() {
        let by = |strategy| move |deployment: &mut truelevel_model::Deployment| deployment.strategy = Some(strategy);
        let measured = Example::days(30)
            .deploy("v1", 1)
            .deploy("v2", 2)
            .deployment(by(DeploymentStrategy::Canary))
            .deploy("v3", 3)
            .deployment(by(DeploymentStrategy::Rolling))
            .deploy("v4", 4)
            .deployment(by(DeploymentStrategy::BlueGreen))
            .measure(&PROGRESSIVE_DEPLOYMENT_SHARE);
        assert_eq!((measured.n, measured.details["rolling"]), (3, 1.0));
        close(measured.value, 2.0 / 3.0);
        assert_eq!(Example::days(30).deploy("v1", 1).measure(&PROGRESSIVE_DEPLOYMENT_SHARE).value, None);
    }
}
