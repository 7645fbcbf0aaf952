//! What changed between two assessments, and whether it is more than noise: the contract `truelevel/comparison/v1`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::assessment::{Answer, GateOutcome, LevelRange};
use crate::{Time, Unit};

/// The name of the contract.
pub const SCHEMA: &str = "truelevel/comparison/v1";

/// Two assessments side by side.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// The name of the contract: `truelevel/comparison/v1`.
    pub schema: String,
    /// The workspace's name, as the later one has it.
    pub workspace: String,
    /// The first one.
    pub before: ComparedSide,
    /// The second one.
    pub after: ComparedSide,
    /// How many days both windows share. Their numbers then share data, and intervals are too wide rather than too narrow.
    pub overlap_days: f64,
    /// What else changed, so that a difference may come from it.
    pub basis: Vec<BasisChange>,
    /// How changes are told from what so many comparisons bring up by chance.
    pub correction: Correction,
    /// The level.
    pub level: Compared<LevelRange>,
    /// The stages and lanes whose level moved.
    pub stages: Vec<StageChange>,
    /// The gates whose outcome moved.
    pub gates: Vec<GateChange>,
    /// The questions whose answer moved.
    pub questions: Vec<QuestionChange>,
    /// Every metric that both have.
    pub metrics: Vec<MetricChange>,
    /// Services that are only in the second one.
    pub services_added: Vec<String>,
    /// Services that are only in the first one.
    pub services_removed: Vec<String>,
    /// Services whose level moved, or of which a key moved by more than noise.
    pub services: Vec<ServiceChange>,
}

/// How changes are told from what many comparisons bring up by chance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Correction {
    /// The method: `benjamini_hochberg` (1995).
    pub method: String,
    /// The share of false ones that is allowed, on average, among the changes that are called so.
    pub false_discovery_rate: f64,
    /// How many metrics of the whole were compared; they are judged together.
    pub comparisons: u64,
    /// How many keys of services were compared; they are judged together.
    pub comparisons_of_services: u64,
}

/// One of the two.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ComparedSide {
    /// The instant that it answers for.
    #[schemars(with = "String")]
    pub as_of: Time,
    /// The length of its window.
    pub window_days: u32,
    /// Its benchmark edition.
    pub edition: String,
    /// The version of the program that made it.
    pub program_version: String,
    /// The number of the snapshot; absent for a file.
    pub snapshot: Option<u64>,
    /// The snapshot was made later, from the facts that were known then.
    pub is_backfilled: bool,
}

/// A value in both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Compared<T> {
    /// In the first one.
    pub before: T,
    /// In the second one.
    pub after: T,
}

/// Something that decides numbers or levels and is not the same in both.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BasisChange {
    /// What: `window`, `edition`, `configuration`, `catalog`, `time_zone`, or the id of a metric whose definition changed.
    pub what: String,
    /// In the first one.
    pub before: String,
    /// In the second one.
    pub after: String,
    /// What cannot be compared for it.
    pub so: String,
}

/// A stage or lane whose level moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct StageChange {
    /// The stage.
    pub stage: String,
    /// Its level in the first one.
    pub before: LevelRange,
    /// Its level in the second one.
    pub after: LevelRange,
}

/// A gate whose outcome moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GateChange {
    /// The gate.
    pub gate: String,
    /// Its stage.
    pub stage: String,
    /// What it asks.
    pub statement: String,
    /// The outcome in the first one; absent where it did not exist.
    pub before: Option<GateOutcome>,
    /// The outcome in the second one; absent where it does not exist any more.
    pub after: Option<GateOutcome>,
}

/// A question whose answer moved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct QuestionChange {
    /// The question's id.
    pub question: String,
    /// The question.
    pub text: String,
    /// The answer in the first one.
    pub before: Answer,
    /// The answer in the second one.
    pub after: Answer,
}

/// What a comparison of two values says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChangeVerdict {
    /// It moved for the better, by more than noise.
    Better,
    /// It moved for the worse, by more than noise.
    Worse,
    /// It moved by more than noise, and whether that is good depends.
    Moved,
    /// Nothing shows that it moved, which is not the same as standing still.
    NoChangeShown,
    /// A value or an interval is missing.
    CannotTell,
    /// The two are not the same measure.
    NotComparable,
}

/// How two values are contrasted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ContrastKind {
    /// After minus before, in the metric's unit.
    Difference,
    /// After divided by before.
    Ratio,
}

/// A metric in both.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MetricChange {
    /// The metric's id.
    pub metric: String,
    /// What the values count.
    pub unit: Unit,
    /// The value in the first one.
    pub before: Option<f64>,
    /// The value in the second one.
    pub after: Option<f64>,
    /// How they are contrasted; absent where they cannot be.
    pub contrast: Option<ContrastKind>,
    /// The contrast.
    pub estimate: Option<f64>,
    /// Lower end of its 95 % interval.
    pub low: Option<f64>,
    /// Upper end of its 95 % interval.
    pub high: Option<f64>,
    /// The chance of a contrast so far from "no change" where nothing changed, read off the interval.
    #[serde(default)]
    pub p: Option<f64>,
    /// Each service that is in both compared with itself, so that another mix of services does not show; only for several
    /// services.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub within_services: Option<WithinServices>,
    /// What it says, given all the other comparisons (`correction`).
    pub verdict: ChangeVerdict,
    /// Why nothing can be said, or why it is not said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
}

/// The services that are in both, each compared with itself.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WithinServices {
    /// How many have a value in both.
    pub services: u64,
    /// The median of their contrasts, of the kind of `contrast`.
    pub estimate: f64,
    /// Lower end of its 95 % interval; absent where the services are too few.
    pub low: Option<f64>,
    /// Upper end of its 95 % interval.
    pub high: Option<f64>,
}

/// A service that moved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceChange {
    /// The service.
    pub service: String,
    /// Its level.
    pub level: Compared<LevelRange>,
    /// Its keys that moved by more than noise.
    pub metrics: Vec<MetricChange>,
}

impl ChangeVerdict {
    /// Whether it is more than noise.
    pub const fn is_change(self) -> bool {
        matches!(self, Self::Better | Self::Worse | Self::Moved)
    }
}
