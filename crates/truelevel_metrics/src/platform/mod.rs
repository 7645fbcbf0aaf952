//! Golden paths over several services: how far they are taken, by what, how far behind, and how the services on and off
//! them fare. No threshold is known here, and no word says that a path causes anything.

pub mod adoption;
pub mod compared;
pub mod course;
pub mod paths;

use std::collections::BTreeMap;

use truelevel_model::{Measurement, Time};

use paths::PathDeployment;

/// What is known of one service.
#[derive(Clone, Debug, Default)]
pub struct PathService<'a> {
    /// The service.
    pub service: &'a str,
    /// Its team, where that is known.
    pub team: Option<&'a str>,
    /// Its production deployments, oldest first.
    pub deployments: &'a [PathDeployment],
    /// The paths that its files take at each instant that was looked at, with the version; an instant at which its files
    /// could not be read, or did not exist, is absent.
    pub files: BTreeMap<Time, BTreeMap<usize, Option<String>>>,
    /// Its measured metrics, by id.
    pub metrics: Option<&'a BTreeMap<String, Measurement>>,
    /// When its first change was written, where it is younger than what is known of deployments.
    pub born_at: Option<Time>,
}
