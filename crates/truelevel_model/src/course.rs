//! How services and initiatives went: what is drawn beside the numbers. Made of the same facts as the answer and no part
//! of its JSON form, which would be many times as large with it.

use std::collections::BTreeMap;

use crate::plan::InitiativeResult;
use crate::trend::Trend;
use crate::{Shared, Time};

/// What is drawn beside an answer. Empty where only a stored answer is known.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Courses {
    /// How each service went, by name.
    pub services: BTreeMap<String, Shared<Course>>,
    /// What the workspace has taken on, with how many gates were met week by week.
    pub initiatives: Vec<InitiativeResult>,
}

/// How one service went.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Course {
    /// DORA's keys over the last whole weeks, by metric id.
    pub trends: BTreeMap<String, Trend>,
    /// Its production deployments, day by day.
    pub days: Days,
    /// How long what may still be open takes, by metric id.
    pub waiting: BTreeMap<String, Waiting>,
    /// The deployments in the window that failed, newest first.
    pub failures: Newest<FailedDeployment>,
    /// The incidents that began in the window, newest first.
    pub incidents: Newest<IncidentInWindow>,
}

/// Counts for days in a row, in the workspace's time zone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Days {
    /// The first day, counted from 1970-01-01.
    pub first: i64,
    /// How many deployments that count finished on each day.
    pub counts: Vec<u32>,
}

/// A Kaplan–Meier curve as far as an eye can tell it apart.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Waiting {
    /// The steps, earliest first; neighbours closer than a hundredth are one.
    pub steps: Vec<WaitingStep>,
    /// How long what is still open has waited, in seconds, shortest first; evenly chosen where they are many.
    pub open_seconds: Vec<f64>,
    /// How many came to an end.
    pub ended: u64,
    /// How many are still open.
    pub open: u64,
}

/// A step of the curve: after `seconds`, `share` is still waiting.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct WaitingStep {
    /// When the step is taken.
    pub seconds: f64,
    /// What is left after it, 0 to 1.
    pub share: f64,
    /// The 95 % interval of what is left; absent where it is not defined.
    pub interval: Option<(f64, f64)>,
}

/// So many failures and incidents are named.
pub const MOST_NAMED: usize = 20;

/// The newest of some things, and how many there are.
#[derive(Clone, Debug, PartialEq)]
pub struct Newest<T> {
    /// The newest ones, newest first.
    pub items: Vec<T>,
    /// How many there are in all.
    pub count: u64,
}

impl<T> Default for Newest<T> {
    fn default() -> Self {
        Self { items: Vec::new(), count: 0 }
    }
}

/// A deployment that needed intervention.
#[derive(Clone, Debug, PartialEq)]
pub struct FailedDeployment {
    /// When it finished.
    pub finished_at: Time,
    /// What was to run.
    pub version: String,
    /// What shows that it failed, strongest first.
    pub shown_by: Vec<ShownBy>,
    /// From the start of impact until the service was restored, in seconds; until the as-of while it is open.
    pub seconds: f64,
    /// Whether it is still open.
    pub is_open: bool,
}

/// What shows that a deployment failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownBy {
    /// The id of the signal.
    pub signal: &'static str,
    /// The incident, rollback or fix that it comes from, in words; absent where the deployment says it of itself.
    pub origin: Option<String>,
}

/// An incident of the service.
#[derive(Clone, Debug, PartialEq)]
pub struct IncidentInWindow {
    /// The source's own id.
    pub id: String,
    /// Severity as the source writes it.
    pub severity: Option<String>,
    /// Start of impact.
    pub started_at: Time,
    /// How long it lasted, in seconds; until the as-of while it is open.
    pub seconds: f64,
    /// Whether it is still open.
    pub is_open: bool,
    /// The version of the deployment that it belongs to, where it belongs to one.
    pub version: Option<String>,
}
