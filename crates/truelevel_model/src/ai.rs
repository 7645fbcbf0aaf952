//! What is known of AI in an organisation's changes, beside how delivery went. Never of a person, and no word here claims
//! that AI caused anything.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Unit;
use crate::platform::{ComparedAs, Context};

/// Signs of AI, and what went along with them.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ai {
    /// Changes that deployments in the window shipped, merges left out.
    pub changes: u64,
    /// Of these, the ones that carry a sign of an assistant.
    pub signed: u64,
    /// `signed` of `changes`: a lower bound of the truth, since most assistants leave no sign. Absent without changes.
    pub share_at_least: Option<f64>,
    /// Services of which changes are known.
    pub services: u64,
    /// Of these, the ones with a sign.
    pub services_with_sign: u64,
    /// Services whose repository holds files for assistants, while no change carries a sign: use that leaves none.
    pub context_files_without_sign: u64,
    /// Services by share, the highest first; at most a hundred.
    pub by_service: Vec<ServiceSigns>,
    /// How many people used assistants, as their vendors count them.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub usage: Vec<AssistantUse>,
    /// How the keys lie over shares.
    pub dose: Vec<Dose>,
    /// Services before and after they began.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub event_study: Option<EventStudy>,
    /// What it would take for the findings to vanish, where there is a dose to speak of.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub sensitivity: Option<Sensitivity>,
    /// What nobody sees.
    pub blind_spots: Vec<String>,
    /// What research found: context, never a number of this workspace.
    pub context: Vec<Context>,
}

/// How many people of a team used an assistant in the window, as its vendor counts them: another sign than those in changes,
/// and with other blind spots. Teams of fewer than five people are not told of.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct AssistantUse {
    /// The assistant.
    pub assistant: String,
    /// The team; everybody whom the vendor counts, when absent.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub team: Option<String>,
    /// Days of the window on which anybody was active.
    pub days: u64,
    /// People who were active on the median of these days.
    pub people_active: f64,
    /// Those who took something of it, or asked it something, on the median of the days of which that is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub people_engaged: Option<f64>,
    /// The last of these days, `YYYY-MM-DD`.
    pub until: String,
}

/// Signs in a service's changes.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceSigns {
    /// The service.
    pub service: String,
    /// Its changes.
    pub changes: u64,
    /// Those with a sign.
    pub signed: u64,
}

/// How a key lies over the share of changes with a sign.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Dose {
    /// The metric.
    pub metric: String,
    /// Its unit.
    pub unit: Unit,
    /// Changes per deployment: what may lie between AI and the keys.
    pub is_mediator: bool,
    /// What is counted: `team` or `service`.
    pub of: String,
    /// How many have both.
    pub n: u64,
    /// Difference or ratio.
    pub compared_as: ComparedAs,
    /// What goes with 25 points more of changes with a sign: the Theil–Sen slope.
    pub per_25_points: Option<f64>,
    /// Lower end of its interval.
    pub low: Option<f64>,
    /// Upper end of its interval.
    pub high: Option<f64>,
    /// Whether the interval leaves out "none". The intervals of the list hold together with 99 %.
    pub is_shown: bool,
    /// Why nothing can be said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
}

/// Services before and after they began, against those that did not in the same weeks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EventStudy {
    /// Services whose beginning is seen.
    pub adopters: u64,
    /// Services without any sign in those weeks, the fewest that any of them is held against.
    pub others: u64,
    /// Weeks before the beginning, and as many after.
    pub weeks: u64,
    /// Each outcome; empty where there are too few services or weeks.
    pub outcomes: Vec<EventOutcome>,
    /// Why it is only described.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
}

/// One outcome of the event study: after against before, less what the others did.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EventOutcome {
    /// What: `deployment_frequency`, `change_lead_time`, `change_fail_rate` or `deployment_batch_size`.
    pub outcome: String,
    /// Changes per deployment: what may lie between AI and the keys.
    pub is_mediator: bool,
    /// Difference or ratio.
    pub compared_as: ComparedAs,
    /// Services with the outcome before and after.
    pub n: u64,
    /// The median over services.
    pub estimate: Option<f64>,
    /// Lower end of its interval.
    pub low: Option<f64>,
    /// Upper end of its interval.
    pub high: Option<f64>,
    /// The same between the two halves of the weeks before: lower end. It should not leave out "none".
    pub before_low: Option<f64>,
    /// Upper end.
    pub before_high: Option<f64>,
    /// They were drifting apart before anything began: nothing is claimed.
    pub drifted_before: bool,
    /// Whether a change is shown. The intervals of the list hold together with 99 %.
    pub is_shown: bool,
}

/// How much under-reporting would explain the findings away.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sensitivity {
    /// The median share of the half with the lower shares.
    pub lower_half: f64,
    /// The median share of the half with the higher shares.
    pub higher_half: f64,
    /// If assistants in the lower half left a sign in only this share of the changes where those in the higher half leave
    /// one, both halves would use them alike, and the dose would say nothing.
    pub coverage_to_vanish: f64,
}
