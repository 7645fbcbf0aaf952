//! The decision and the plan: parts of the contract `truelevel/assessment/v1`.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Unit;
use crate::assessment::{EvidenceResult, GateOutcome, Level};

/// Yes, no, or cannot tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// The data says so.
    Yes,
    /// The data says not.
    No,
    /// The data does not decide it, or is missing.
    Unknown,
}

impl Answer {
    /// In lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Yes => "yes",
            Self::No => "no",
            Self::Unknown => "unknown",
        }
    }
}

/// Why an answer is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Lack {
    /// Nothing tells of deployments.
    Deployments,
    /// Only releases are known, which stand in for deployments.
    OnlyReleases,
    /// What is known of deployments ends before the window.
    Stale,
    /// No repository of the service is given.
    Repository,
    /// The versions that are deployed lead to no commit.
    Versions,
    /// Nothing tells of what is asked: incidents, or pipeline runs.
    Events,
    /// It is measured, and the sample is too small or too close to tell.
    Sample,
}

/// One question of the chain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QuestionResult {
    /// The question's id.
    pub question: String,
    /// The question.
    pub text: String,
    /// The answer.
    pub answer: Answer,
    /// What decided it, a sentence for each condition.
    pub because: Vec<String>,
    /// What to connect when the data is missing.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub connect: Vec<String>,
    /// Why the answer is unknown; over several services what most of those that cannot tell lack.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub lack: Option<Lack>,
    /// How many services answer yes, no and unknown; only for several services together.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub services: Option<AnswerServices>,
    /// Each thing that is asked, with its own answer.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub parts: Vec<QuestionPart>,
}

/// One thing that a question asks: a metric within a bound, or a practice.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QuestionPart {
    /// The metric or practice.
    pub subject: String,
    /// What is asked of it: `at most 20 %`, or the grade of a practice.
    pub wanted: String,
    /// The answer; absent where there is nothing to ask of.
    pub answer: Option<Answer>,
    /// Why, in a sentence.
    pub because: String,
    /// The value, in the metric's unit; over several services the share of all their events where these may be counted
    /// together, else the middle of the services.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub value: Option<f64>,
    /// Lower end of its 95 % interval.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub low: Option<f64>,
    /// Upper end of its 95 % interval.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub high: Option<f64>,
    /// What the value counts.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub unit: Option<Unit>,
    /// How many observations stand behind it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub n: Option<u64>,
    /// The value is the middle of several services, and `n` counts services.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub is_median: bool,
    /// It is measured by releases, which stand in for deployments and prove nothing.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub is_proxy: bool,
    /// How many services answer this part yes, no and unknown; only for several services together.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub services: Option<AnswerServices>,
    /// What would turn the answer to yes, to be read after "yes once"; absent where it is yes.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub turned_by: Option<String>,
}

/// How a question is answered over several services.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct AnswerServices {
    /// Yes.
    pub yes: u64,
    /// No.
    pub no: u64,
    /// Cannot tell.
    pub unknown: u64,
    /// The services that answer no, and where the answer is not no those that cannot tell: what lies furthest from a yes
    /// comes first. Only the first ones.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub deciding: Vec<String>,
}

/// Where to act: the first question whose answer is not yes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Constraint {
    /// The question's id; absent when every answer is yes.
    pub question: Option<String>,
    /// The answer that makes it the constraint.
    pub answer: Option<Answer>,
    /// The constraint in a sentence.
    pub statement: String,
    /// What to do about it.
    pub action: String,
    /// The whole chain.
    pub chain: Vec<QuestionResult>,
    /// The largest part of lead time, where segments are known.
    pub largest_segment: Option<Segment>,
    /// Why advice to go faster is withheld, where it is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub veto: Option<Veto>,
    /// The lowest open gates of the lowest stages.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub lowest_gates: Vec<LowestGate>,
    /// Gates that hold many services at their lowest stage: a cause that no team removes alone.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub common_causes: Vec<CommonCause>,
}

/// Stability so low that going faster would do harm.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Veto {
    /// The questions whose advice is withheld.
    pub withheld: Vec<String>,
    /// Why, a sentence for each reason.
    pub because: Vec<String>,
    /// The services that are too unstable; the first ones.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub services: Vec<String>,
    /// How many services that are.
    pub services_affected: u64,
}

/// An open gate of a stage that holds the level down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LowestGate {
    /// The gate.
    pub gate: String,
    /// Its stage.
    pub stage: String,
    /// The level that it guards.
    pub level: Level,
    /// What it asks.
    pub statement: String,
    /// Unmet, or not to be told.
    pub outcome: GateOutcome,
}

/// A gate that is unmet at the lowest stage of many services.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CommonCause {
    /// The gate.
    pub gate: String,
    /// Its stage.
    pub stage: String,
    /// What it asks.
    pub statement: String,
    /// The services that it holds at their lowest stage.
    pub services: u64,
    /// All services that were judged.
    pub of: u64,
}

/// A part of lead time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Segment {
    /// Its name.
    pub name: String,
    /// The median of those services' 75th percentiles.
    pub p75_seconds: f64,
    /// In how many services it is the largest part.
    pub services: u64,
    /// Its 75th percentile as a share of those of all parts, 0 to 1: the median over those services.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub share: Option<f64>,
}

/// What to do, in order.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Roadmap {
    /// The phase that the proven level calls for.
    pub phase: String,
    /// The next actions, most useful first.
    pub next: Vec<Action>,
    /// All phases, first to last.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub phases: Vec<PhaseResult>,
    /// What everybody can buy or adopt, and repositories show to be home-made.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub home_made: Vec<HomeMade>,
}

/// A commodity that a repository shows to be home-made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct HomeMade {
    /// What was built: its id.
    pub commodity: String,
    /// Its name.
    pub title: String,
    /// What to buy or adopt in its place.
    pub instead: String,
    /// The repository.
    pub repository: String,
    /// Where it stands there.
    pub places: Vec<EvidenceResult>,
}

/// A gate to work on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Action {
    /// The gate.
    pub gate: String,
    /// Its stage.
    pub stage: String,
    /// The level it guards.
    pub level: Level,
    /// What to do.
    pub action: String,
    /// Whether the gate is unmet, or cannot be told: then connecting data is the action.
    pub outcome: GateOutcome,
    /// Rough effort for one team.
    pub effort: String,
    /// How many services it would unlock.
    pub services: u64,
    /// The open gates that come before it.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub waits_for: Vec<String>,
    /// Where what it needs comes from: `commodity` (buy or adopt), `thin_layer` (build) or `own_work`.
    #[serde(default)]
    pub supply: String,
    /// What it should move.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub expected: Option<Expected>,
}

/// What an action should move, and when to look.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Expected {
    /// The metric that should move.
    pub metric: String,
    /// Which way: `up` or `down`.
    pub direction: String,
    /// The metric that moves before it does.
    pub leading: String,
    /// The day to measure again, `YYYY-MM-DD`.
    pub remeasure_on: String,
}

/// How far a phase is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PhaseState {
    /// Every gate of it is met, and was in four weekly snapshots in a row.
    Done,
    /// Every gate of it is met, and some have not been for so long that one could build on them.
    Settling,
    /// The first one with open gates.
    Now,
    /// It waits for the one before.
    Waits,
}

/// A phase of the plan with what this workspace has to do in it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PhaseResult {
    /// Its id.
    pub phase: String,
    /// Its name.
    pub title: String,
    /// The level that it starts from.
    pub from_level: Level,
    /// The level that it leads to.
    pub to_level: Level,
    /// What it mostly costs.
    pub dominant_cost: String,
    /// What the investment usually looks like.
    pub typical_shape: String,
    /// What happens if it is starved.
    pub risk_if_underfunded: String,
    /// How far it is.
    pub state: PhaseState,
    /// The gates that it asks for.
    pub gates: u64,
    /// How many teams have one of them open; absent where services belong to no team.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub teams: Option<u64>,
    /// Those of them that are open.
    pub open: Vec<String>,
    /// The open gates of all services together: what is to be done.
    pub open_in_services: u64,
    /// Those that are met, and were not in each of four weekly snapshots in a row: what comes next waits for them, too.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub unsettled: Vec<Unsettled>,
    /// Their weight by effort as a share of all phases, 0 to 1. It compares phases with each other, and is no quote.
    pub weight: f64,
}

/// A gate that is met, and not for long enough to build on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Unsettled {
    /// The gate.
    pub gate: String,
    /// In how many of the newest weekly snapshots in a row it was met.
    pub weeks_held: u64,
}
