//! The series of Pelorus' exporters (<https://github.com/dora-metrics/pelorus>), for rules and dashboards that were written
//! for them: times of commits, deployments and failures, as they happen.

use std::collections::BTreeMap;

use truelevel_model::facts::DeploymentOutcome;
use truelevel_model::{Span, Time};

use crate::{EngineError, Workspace};

/// Older ones are not told, as by Pelorus' exporters: Prometheus takes no sample that is much older than its last one.
const TOLD_FOR: Span = Span::from_millis(30 * 60_000);

/// A series, and its values by their labels.
pub struct Series {
    /// Its name.
    pub name: &'static str,
    /// The names of its labels.
    pub labels: &'static [&'static str],
    /// Whether its samples are of the times that they tell.
    pub is_stamped: bool,
    /// Times by values of the labels.
    pub samples: BTreeMap<Vec<String>, Time>,
}

/// What happened in the last half hour.
pub fn series(workspace: &Workspace, now: Time) -> Result<Vec<Series>, EngineError> {
    let empty = |name, labels, is_stamped| Series { name, labels, is_stamped, samples: BTreeMap::new() };
    let mut commits =
        empty("commit_timestamp", &["namespace", "app", "commit", "image_sha", "commit_link"] as &[_], false);
    let mut deployments = empty("deploy_timestamp", &["namespace", "app", "image_sha"], true);
    let mut begun = empty("failure_creation_timestamp", &["app", "issue_number"], true);
    let mut ended = empty("failure_resolution_timestamp", &["app", "issue_number"], true);
    let is_told = |time: Time| time <= now && now.since(time) <= TOLD_FOR;
    let store = &workspace.store;
    for deployment in store.deployments()? {
        let is_new = deployment.outcome == DeploymentOutcome::Succeeded && !deployment.is_initial_state;
        if !is_new || !is_told(deployment.finished_at) {
            continue;
        }
        let (namespace, app) = (deployment.environment.as_str().to_owned(), deployment.service.as_str().to_owned());
        if let Some(commit) = deployment.commit
            && let Some(committed_at) = store.committed_at(&commit)?
        {
            let labels =
                vec![namespace.clone(), app.clone(), commit.to_string(), deployment.version.clone(), String::new()];
            commits.samples.insert(labels, committed_at);
        }
        deployments.samples.insert(vec![namespace, app, deployment.version], deployment.finished_at);
    }
    for incident in store.incidents()? {
        for service in &incident.services {
            let labels = || vec![service.as_str().to_owned(), incident.id.clone()];
            if is_told(incident.started_at) {
                begun.samples.insert(labels(), incident.started_at);
            }
            if let Some(resolved_at) = incident.resolved_at.filter(|at| is_told(*at)) {
                ended.samples.insert(labels(), resolved_at);
            }
        }
    }
    Ok(vec![commits, deployments, begun, ended])
}
