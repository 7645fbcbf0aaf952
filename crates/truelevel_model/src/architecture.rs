//! Services that deploy together: part of the contract `truelevel/assessment/v1`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Whether services are deployed alone.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Architecture {
    /// Services with deployments enough to tell.
    pub services_asked: u64,
    /// Of them, those that deploy in a group.
    pub services_in_lockstep: u64,
    /// Whether so many do that the architecture is the constraint.
    pub is_constraint: bool,
    /// The groups, largest first; the first ones.
    pub groups: Vec<LockstepGroup>,
    /// How many groups there are.
    pub groups_found: u64,
}

/// Services that leave within minutes of each other.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct LockstepGroup {
    /// The services; the first ones.
    pub services: Vec<String>,
    /// How many services there are.
    pub size: u64,
    /// Their deployments in the window.
    pub deployments: u64,
    /// The share of the group's other services that leave within minutes of a deployment, as the mean over all of them,
    /// 0 to 1: the lockstep ratio.
    pub together_ratio: f64,
    /// The same by chance, 0 to 1.
    pub by_chance_ratio: f64,
    /// Of the deployments with company, the share that brought the same version or commit, 0 to 1.
    pub same_version_ratio: f64,
    /// How often the group left.
    pub departures: u64,
    /// How often that is per day: where the services have to leave together, none is deployed more often.
    pub ceiling_per_day: f64,
    /// The weekday of a release train (UTC), where nearly all departures are on one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub weekday: Option<String>,
    /// For each of the named services, the share of its deployments that came with each of the others, 0 to 1.
    pub shares: Vec<Vec<f64>>,
}

impl Architecture {
    /// The share of services that deploy in a group, 0 to 1.
    pub fn lockstep_ratio(&self) -> f64 {
        self.services_in_lockstep as f64 / self.services_asked.max(1) as f64
    }
}
