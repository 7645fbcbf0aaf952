//! Services that were taken out: since when nothing of one runs in production.

use std::collections::BTreeMap;

use truelevel_model::{Deployment, DeploymentOutcome, EnvironmentId, Time};

/// When a service was taken out of the last of its production environments, as known at an instant; absent while it runs
/// in any, and where nothing tells that it ever did.
pub fn taken_out_at<'a>(
    deployments: impl IntoIterator<Item = &'a Deployment>,
    is_production: &dyn Fn(&EnvironmentId) -> bool,
    known_at: Time,
) -> Option<Time> {
    // None of an environment that is not production.
    let mut newest: BTreeMap<&EnvironmentId, Option<&Deployment>> = BTreeMap::new();
    let order = |deployment: &Deployment| (deployment.finished_at, deployment.sequence);
    for deployment in deployments {
        let arrived = deployment.is_removal || deployment.outcome == DeploymentOutcome::Succeeded;
        if !arrived || deployment.finished_at > known_at {
            continue;
        }
        let first = || is_production(&deployment.environment).then_some(deployment);
        if let Some(last) = newest.entry(&deployment.environment).or_insert_with(first)
            && order(deployment) > order(last)
        {
            *last = deployment;
        }
    }
    let removed_at = |deployment: &&Deployment| deployment.is_removal.then_some(deployment.finished_at);
    let removed: Option<Vec<Time>> = newest.values().flatten().map(removed_at).collect();
    removed?.into_iter().max()
}
