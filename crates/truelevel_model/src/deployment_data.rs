//! Where a service's production boundary was found.

use serde::{Deserialize, Serialize};

/// What stands for "production deployments" of a service, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeploymentData {
    /// Deployments reported by a system that makes them, kept in the store.
    Reported,
    /// Versions in a deployment repository: the moment the desired state changed, not the end of the rollout.
    DeploymentRepository,
    /// Release tags of the service's own repository: a proxy, since a release is not a deployment.
    ReleaseTags,
    /// Nothing.
    None,
}

impl DeploymentData {
    /// Whether the number stands in for something it is not.
    pub const fn is_proxy(self) -> bool {
        matches!(self, Self::ReleaseTags)
    }

    /// As a reader would say it.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Reported => "reported deployments",
            Self::DeploymentRepository => "a deployment repository",
            Self::ReleaseTags => "release tags (proxy)",
            Self::None => "no deployment data",
        }
    }
}
