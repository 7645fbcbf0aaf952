//! What is known of an organisation's golden paths: who takes them, by what, and how those services fare. No word here
//! claims that a path caused anything.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Unit;
use crate::assessment::Answer;

/// The golden paths of a workspace.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Platform {
    /// Services on at least one path.
    pub adoption: Adoption,
    /// Each path: those that are declared, or else those that were found.
    pub paths: Vec<GoldenPath>,
    /// The keys on and off the paths, side by side.
    pub outcomes: Vec<Contrast>,
    /// How the keys lie over teams.
    pub spread: Vec<TeamSpread>,
    /// Three ways to run a platform, and how far each describes this organisation.
    pub profiles: Vec<Profile>,
    /// What research found: context, never a number of this workspace.
    pub context: Vec<Context>,
    /// What is not known, in sentences.
    pub notes: Vec<String>,
}

/// A published finding.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Context {
    /// What was found, in our words.
    pub finding: String,
    /// Who published it.
    pub source: String,
}

/// How far something is taken. Where nothing tells of some services the truth lies between `low` and `high`: those are
/// bounds, not a confidence interval, since every service is asked.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Adoption {
    /// Services that are on, by the rule of the catalog.
    pub on: u64,
    /// Services that are on with a part of their deployments.
    pub partly: u64,
    /// Services that are off.
    pub off: u64,
    /// Services of which nothing tells.
    pub unknown: u64,
    /// `on` of those that are known; absent where none is.
    pub share: Option<f64>,
    /// The share if none of the unknown were on; absent without services.
    pub low: Option<f64>,
    /// The share if all of the unknown were on.
    pub high: Option<f64>,
    /// Services whose pipelines say what ran.
    pub by_what_ran: u64,
    /// Services of which only files tell, as of the date asked.
    pub by_files: u64,
    /// Production deployments in the window whose pipelines executed it.
    pub deployments_on: u64,
    /// Production deployments in the window of which pipelines tell what they executed.
    pub deployments_known: u64,
    /// Production deployments in the window.
    pub deployments: u64,
    /// `deployments_on` of those known; absent where none is.
    pub deployment_share: Option<f64>,
}

/// How a service stands to a path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PathUse {
    /// On it.
    On,
    /// With a part of its deployments.
    Partly,
    /// Not on it.
    Off,
    /// Nothing tells.
    #[default]
    Unknown,
}

/// What tells how a service stands to a path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum UseBasis {
    /// What its pipelines executed.
    Ran,
    /// What its files declare, as of the date asked.
    Files,
    /// Nothing.
    #[default]
    Nothing,
}

/// One service on or off a path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceUse {
    /// The service.
    pub service: String,
    /// How it stands.
    #[serde(rename = "use")]
    pub state: PathUse,
    /// What tells.
    pub basis: UseBasis,
    /// The version that it used last, as written.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<String>,
    /// How many known versions are newer; absent where versions have no order.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub behind: Option<u64>,
    /// Its deployments in the window that went over the path.
    pub deployments_on: u64,
    /// Its deployments in the window of which it is known.
    pub deployments_known: u64,
    /// An exception covers it today.
    pub is_excepted: bool,
}

/// Whether a path was declared, or is a candidate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum PathOrigin {
    /// In `truelevel.toml`.
    Declared,
    /// The organisation's own, and several services take it; no gate counts it.
    #[default]
    Candidate,
}

/// One golden path.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GoldenPath {
    /// Its name.
    pub name: String,
    /// Declared or a candidate.
    pub origin: PathOrigin,
    /// What files and pipelines name when they use it.
    pub what: Vec<String>,
    /// Who answers for it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub owner: Option<String>,
    /// The day from which it is asked of everybody.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub mandated_on: Option<String>,
    /// How far it is taken.
    pub adoption: Adoption,
    /// The services that are on it, partly on it or excepted, and of which it is known that they are off.
    pub services: Vec<ServiceUse>,
    /// The newest version that anybody uses; absent where versions have no order.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub newest: Option<String>,
    /// The median of how many versions services are behind.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub median_behind: Option<f64>,
    /// Who stayed.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub retention: Option<Retention>,
    /// Who came before it was asked of everybody, and who after.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pull: Option<Pull>,
    /// Who is excused.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub exceptions: Vec<PathException>,
    /// From the first change of a new service to its first production deployment, on the path.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub first_deployment_on: Option<FirstDeployment>,
    /// The same off the path.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub first_deployment_off: Option<FirstDeployment>,
}

/// Services that were on a path before the window, and where they are now.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Retention {
    /// Still there.
    pub stayed: u64,
    /// Gone.
    pub left: u64,
    /// `stayed` of both; absent where nobody was there.
    pub share: Option<f64>,
    /// The first of those that left.
    pub left_services: Vec<String>,
}

/// Adoption before and after a mandate: who came by themselves is pulled, who came when it was asked is pushed.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Pull {
    /// On the path before the mandate.
    pub before: u64,
    /// Came on or after the day of the mandate.
    pub after: u64,
    /// On the path, and since when is not known.
    pub since_unknown: u64,
    /// `before` of those whose beginning is known to lie before or after; absent where none is.
    pub share: Option<f64>,
    /// Adoptions a day after the mandate ÷ adoptions a day before it, where pipelines tell when services came.
    pub rate_ratio: Option<f64>,
    /// Lower end of its 95 % interval.
    pub rate_ratio_low: Option<f64>,
    /// Upper end of its 95 % interval.
    pub rate_ratio_high: Option<f64>,
    /// Why nothing can be said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
}

/// Somebody answers for a service not being on a path.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PathException {
    /// The service.
    pub service: String,
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// The last day.
    pub expires: String,
    /// How often it was renewed.
    pub renewals: u64,
    /// Whether it covers the date asked; otherwise it has ended and excuses nothing.
    pub is_current: bool,
    /// The service is on the path all the same.
    pub is_unneeded: bool,
}

/// How long new services took to their first production deployment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct FirstDeployment {
    /// The Kaplan–Meier median; absent where too many wait, or none is new.
    pub median_seconds: Option<f64>,
    /// Lower end of its 95 % interval.
    pub low_seconds: Option<f64>,
    /// Upper end of its 95 % interval.
    pub high_seconds: Option<f64>,
    /// New services.
    pub n: u64,
    /// Of these, not deployed yet.
    pub waiting: u64,
}

/// What two groups are compared by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ComparedAs {
    /// One minus the other.
    #[default]
    Difference,
    /// One divided by the other.
    Ratio,
}

/// A key of those on the path beside those off it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Contrast {
    /// The metric.
    pub metric: String,
    /// Its unit.
    pub unit: Unit,
    /// What is counted: `team` or `service`.
    pub of: String,
    /// How many are on.
    pub n_on: u64,
    /// How many are off.
    pub n_off: u64,
    /// The median of those on.
    pub median_on: Option<f64>,
    /// The median of those off.
    pub median_off: Option<f64>,
    /// Difference or ratio.
    pub compared_as: ComparedAs,
    /// On against off: the Hodges–Lehmann estimate.
    pub estimate: Option<f64>,
    /// Lower end of its interval.
    pub low: Option<f64>,
    /// Upper end of its interval.
    pub high: Option<f64>,
    /// The confidence of all the intervals of the list together, 0.95.
    pub joint_confidence: f64,
    /// Whether the interval leaves out "no difference".
    pub differs: bool,
    /// Why nothing can be said.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
}

/// How a key lies over teams: each team stands with the median of its services.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TeamSpread {
    /// The metric.
    pub metric: String,
    /// Its unit.
    pub unit: Unit,
    /// Teams with a value.
    pub teams: u64,
    /// The lowest team.
    pub lowest: f64,
    /// A quarter of the teams lie below.
    pub p25: f64,
    /// Half of the teams lie below.
    pub median: f64,
    /// Three quarters of the teams lie below.
    pub p75: f64,
    /// The highest team.
    pub highest: f64,
    /// `p75` ÷ `p25`, for durations and frequencies.
    pub ratio: Option<f64>,
}

/// A way to run a platform.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Profile {
    /// Its id.
    pub profile: String,
    /// Its name.
    pub title: String,
    /// What it is.
    pub statement: String,
    /// What to expect of it.
    pub expect: String,
    /// Whether it describes this organisation.
    pub holds: Answer,
    /// What decides it, a sentence for each condition.
    pub because: Vec<String>,
}
