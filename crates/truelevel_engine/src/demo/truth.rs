//! What is true of a made-up organisation, as counted while it was made up.

use std::collections::BTreeMap;

use serde::Serialize;
use truelevel_model::Time;

use super::plan::{Constraint, Habits};

/// The true answers.
#[derive(Clone, Debug, Serialize)]
pub struct Truth {
    /// Where the known past ends.
    pub as_of: Time,
    /// The length of the window in which was counted.
    pub window_days: u32,
    /// What it was made from.
    pub seed: u64,
    /// What holds it back.
    pub constraint: Constraint,
    /// How each team was made to deliver.
    pub teams: BTreeMap<String, Habits>,
    /// What happened to each service.
    pub services: Vec<ServiceTruth>,
}

/// What happened to a service in the window.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ServiceTruth {
    /// The service.
    pub service: String,
    /// Its team.
    pub team: String,
    /// Production deployments that succeeded, rollbacks and fixes included.
    pub deployments: u64,
    /// Of these, returns to an earlier version.
    pub rollbacks: u64,
    /// Deployments that failed.
    pub failures: u64,
    /// Of these, the ones that an incident names.
    pub reported_failures: u64,
    /// Failures without an end yet.
    pub open_failures: u64,
    /// Changes that deployments shipped.
    pub shipped: u64,
    /// The median of their lead times.
    pub median_lead_time_seconds: Option<f64>,
    /// Changes that wait at the end.
    pub undeployed: u64,
    /// Incidents that no deployment caused.
    pub other_incidents: u64,
    /// The median of how long failures hurt; absent without any, and while one of them is open.
    pub median_recovery_seconds: Option<f64>,
    /// Production deployments that were made to mend a failure.
    pub rework: u64,
    /// Shipped changes with a sign of AI.
    pub ai_shipped: u64,
    /// Whether its pipelines take the golden path.
    pub is_on_golden_path: bool,
    /// Pipeline runs that came to a verdict.
    pub pipeline_runs: u64,
    /// Of these, the ones that failed.
    pub pipeline_runs_failed: u64,
}
