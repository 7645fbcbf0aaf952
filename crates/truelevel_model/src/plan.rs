//! The plan as a whole, with what weekly snapshots and a workspace's own configuration add to it.

use serde::Serialize;

use crate::Time;
use crate::assessment::{Action, PhaseResult};
use crate::decision::HomeMade;

/// What to do, in order, and what is already under way.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Plan {
    /// The workspace.
    pub workspace: String,
    /// The instant that the plan starts from.
    pub as_of: Time,
    /// The constraint in a sentence.
    pub constraint: String,
    /// What to do about it.
    pub advice: String,
    /// All phases, first to last.
    pub phases: Vec<PhaseResult>,
    /// How many of the last four whole weeks have a snapshot.
    pub weekly_snapshots: u64,
    /// What to do, most useful first.
    pub items: Vec<Item>,
    /// What everybody can buy or adopt, and repositories show to be home-made.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub home_made: Vec<HomeMade>,
    /// What the workspace has taken on.
    pub initiatives: Vec<InitiativeResult>,
    /// What the phases cost by the workspace's own rates; absent without.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
}

/// An action with what an issue says of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Item {
    /// The action.
    #[serde(flatten)]
    pub action: Action,
    /// What the gate asks.
    pub statement: String,
    /// Why it is open.
    pub because: String,
    /// The initiative that it belongs to.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub initiative: Option<String>,
    /// When the initiative is to be done.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub due: Option<String>,
}

/// A chosen set of gates, with somebody who answers for it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct InitiativeResult {
    /// Its name.
    pub name: String,
    /// The team or role that answers for it.
    pub owner: String,
    /// The day on which it is to be done.
    pub due: String,
    /// Its gates.
    pub gates: Vec<String>,
    /// The gates that are open.
    pub open: Vec<String>,
    /// Not done, and the day has passed.
    pub is_overdue: bool,
    /// How many of its gates were met in weekly snapshots: ISO week and count, oldest first.
    pub past: Vec<(String, u64)>,
}

/// What the open gates of each phase cost by a workspace's own rates.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Cost {
    /// How it is reckoned.
    pub formula: String,
    /// The currency, as written.
    pub currency: String,
    /// Phase, days of work, amount.
    pub phases: Vec<(String, f64, f64)>,
}
