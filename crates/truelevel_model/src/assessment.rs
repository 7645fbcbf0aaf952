//! The answer: what an assessment says, and the contract of its JSON form (`truelevel/assessment/v1`).
//!
//! Fields are added, never renamed or given another meaning, while the schema's name stands.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::ai::Ai;
use crate::architecture::Architecture;
pub use crate::decision::{
    Action, Answer, AnswerServices, CommonCause, Constraint, Expected, Lack, LowestGate, PhaseResult, PhaseState,
    QuestionPart, QuestionResult, Roadmap, Segment, Unsettled, Veto,
};
use crate::deployment_data::DeploymentData;
use crate::platform::Platform;
use crate::trend::Trend;
use crate::{Band, Grade, Measurement, Shared, Time};

/// The name of the contract.
pub const SCHEMA: &str = "truelevel/assessment/v1";

/// A maturity level, 1 to 5.
pub type Level = u8;

/// A whole assessment.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Assessment {
    /// The name of the contract: `truelevel/assessment/v1`.
    pub schema: String,
    /// The version of the program.
    pub program_version: String,
    /// The workspace's name.
    pub workspace: String,
    /// The instant that the assessment answers for.
    #[schemars(with = "String")]
    pub as_of: Time,
    /// The length of the measured window.
    pub window_days: u32,
    /// The benchmark edition of all bands.
    pub edition: String,
    /// The time zone that days and weeks are counted in.
    #[serde(default)]
    pub time_zone: String,
    /// The level: that of the lowest stage.
    pub level: LevelRange,
    /// The stages that hold the level down.
    pub limiting_stages: Vec<String>,
    /// The five stages.
    pub stages: Vec<StageResult>,
    /// Cross-cutting subjects, scored the same way.
    pub lanes: Vec<StageResult>,
    /// Where belief and evidence lie furthest apart, at most three.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub belief_gaps: Vec<BeliefGap>,
    /// Each metric over all services, by metric id.
    pub metrics: BTreeMap<String, MetricSpread>,
    /// How metrics went over the last whole ISO weeks, by metric id.
    #[serde(default)]
    pub trends: BTreeMap<String, Trend>,
    /// The teams that own services, by name.
    #[serde(default)]
    pub teams: Vec<TeamResult>,
    /// The services.
    pub services: Vec<Shared<ServiceResult>>,
    /// Whether services are deployed alone; absent where too few deploy to tell.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub architecture: Option<Architecture>,
    /// The one constraint to fix next.
    pub first_constraint: Constraint,
    /// What to do, in order.
    pub roadmap: Roadmap,
    /// The golden paths, where any is declared or found.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub platform: Option<Platform>,
    /// Signs of AI in changes, where any change is known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub ai: Option<Ai>,
    /// Ways in which the numbers may mislead.
    pub pitfalls: Vec<Pitfall>,
    /// What was left out of the numbers, by reason code.
    pub exclusions: BTreeMap<String, ExclusionCount>,
    /// What was looked at, and what was missing.
    pub coverage: Coverage,
}

impl Assessment {
    /// The services, one after the other.
    pub fn each_service(&self) -> impl DoubleEndedIterator<Item = &ServiceResult> + ExactSizeIterator + Clone {
        self.services.iter().map(|service| &**service)
    }
}

/// A level as far as it is proven, and as far as it could be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LevelRange {
    /// What evidence proves; unknown counts as unmet. This is the headline.
    pub proven: Level,
    /// What could be true; unknown counts as met.
    pub possible: Level,
    /// What the team says of itself, where it said.
    pub declared: Option<Level>,
    /// What is proven when exempted gates and easier thresholds of the workspace's own count as met; absent where there
    /// are none. It never changes what is proven.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub with_exemptions: Option<Level>,
}

/// A stage or lane of a service or of all services.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct StageResult {
    /// The stage's id: build, test, deploy, observe or recover; for lanes platform or security.
    pub stage: String,
    /// What evidence proves.
    pub proven: Level,
    /// What could be true.
    pub possible: Level,
    /// What the team says of itself.
    pub declared: Option<Level>,
    /// What is proven when exempted gates and easier thresholds of the workspace's own count as met; absent where there
    /// are none.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub with_exemptions: Option<Level>,
    /// Why the proven level is not higher than it is, in a sentence.
    pub held_by: String,
    /// The gates, lowest level first.
    pub gates: Vec<GateResult>,
}

/// A stage of which a team says something else than evidence does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BeliefGap {
    /// The stage or lane.
    pub stage: String,
    /// The service; absent where all are spoken of.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub service: Option<String>,
    /// What the team says.
    pub declared: Level,
    /// What could be true.
    pub possible: Level,
    /// What evidence proves.
    pub proven: Level,
    /// What lies between, in a sentence.
    pub because: String,
    /// The gates that lie between: those that are not met, or else those that nothing shows.
    pub gates: Vec<String>,
}

/// Whether a gate is met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum GateOutcome {
    /// Every condition holds.
    Met,
    /// A condition was looked at and does not hold.
    Unmet,
    /// It cannot be told.
    Unknown,
    /// The gate has no meaning here.
    NotApplicable,
}

impl GateOutcome {
    /// In lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Met => "met",
            Self::Unmet => "unmet",
            Self::Unknown => "unknown",
            Self::NotApplicable => "not_applicable",
        }
    }
}

/// A gate of one service, or of all services together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GateResult {
    /// The gate's id.
    pub gate: String,
    /// The level that it guards.
    pub level: Level,
    /// What it asks.
    pub statement: String,
    /// Whether it is met.
    pub outcome: GateOutcome,
    /// Why, in a sentence.
    pub because: String,
    /// Declared, but not yet proven to run or to work.
    pub is_intention: bool,
    /// What would prove it, where it is an intention.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub provable_by: Option<String>,
    /// What proves it, or shows the intention.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub evidence: Vec<EvidenceResult>,
    /// How many services meet it; only for several services together.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub services: Option<GateServices>,
    /// Who answers for its not being met.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub exemption: Option<ExemptionResult>,
    /// Thresholds of the workspace's own, beside the catalog's.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub own_thresholds: Vec<OwnThreshold>,
    /// What the team says of it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub declared: Option<Answer>,
    /// Whether it is met when the exemption or an easier threshold counts, where there is one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub with_exemptions: Option<GateOutcome>,
}

impl GateResult {
    /// A gate that was judged, and nothing more.
    pub fn new(gate: &str, level: Level, statement: &str, outcome: GateOutcome, because: String) -> Self {
        Self {
            gate: gate.to_owned(),
            level,
            statement: statement.to_owned(),
            outcome,
            because,
            is_intention: false,
            provable_by: None,
            evidence: Vec::new(),
            services: None,
            exemption: None,
            own_thresholds: Vec::new(),
            declared: None,
            with_exemptions: None,
        }
    }
}

/// An exemption from a gate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExemptionResult {
    /// Who answers for it.
    pub owner: String,
    /// Why.
    pub reason: String,
    /// The last day.
    pub expires: String,
}

/// A threshold of the workspace's own. A stricter one decides; an easier one only changes the level with exemptions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct OwnThreshold {
    /// The metric.
    pub metric: String,
    /// The workspace's threshold.
    pub own: String,
    /// The catalog's.
    pub catalog: String,
    /// Whether the workspace's is met.
    pub outcome_by_own: GateOutcome,
    /// Whether the catalog's is met.
    pub outcome_by_catalog: GateOutcome,
    /// Why they differ.
    pub reason: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_zero(count: &u64) -> bool {
    *count == 0
}

/// How a gate stands over several services.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct GateServices {
    /// Services that meet it.
    pub met: u64,
    /// Services that do not.
    pub unmet: u64,
    /// Services of which it cannot be told.
    pub unknown: u64,
    /// Services where it has no meaning.
    pub not_applicable: u64,
    /// Services that are exempted from it; they count above, too.
    #[serde(skip_serializing_if = "is_zero", default)]
    pub exempted: u64,
}

/// A located observation.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct EvidenceResult {
    /// The practice, or the home-made commodity, that was observed.
    pub practice: String,
    /// How much it proves.
    pub grade: Grade,
    /// The repository, for files.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub repository: Option<String>,
    /// The commit whose tree holds the file.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub commit: Option<String>,
    /// The file.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub path: Option<String>,
    /// What a pipeline calls the file that takes it from another repository, version included: it was read there at the
    /// newest commit.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub named_as: Option<String>,
    /// The line, from 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub line: Option<u32>,
    /// The column in characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub column: Option<u32>,
    /// The line of the last matched character; absent where the end is not known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub end_line: Option<u32>,
    /// The column after the last matched character; absent where it is not known.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub end_column: Option<u32>,
    /// The matched text, or what was counted.
    pub text: String,
    /// Where to read it, where the repository has a web address.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub url: Option<String>,
    /// A source reported it, and nothing here can check it.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub is_reported: bool,
}

/// A metric over several services.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MetricSpread {
    /// The median over services, or the only service's own measurement.
    #[serde(flatten)]
    pub measurement: Measurement,
    /// How many services there are.
    pub services: u64,
    /// How many of them have a value.
    pub services_measured: u64,
    /// How many services stand in each band.
    pub services_by_band: BTreeMap<String, u64>,
    /// How many of these have an interval that lies in one band; for the others it reaches several, or there is none.
    #[serde(default)]
    pub services_in_one_band: u64,
    /// How the services' values lie; absent for a single service and where none has a value.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub distribution: Option<ServiceDistribution>,
    /// Every service's events counted together; only of shares whose events are alike from service to service.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub pooled: Option<PooledShare>,
}

/// A share over the events of several services.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PooledShare {
    /// So many.
    pub part: u64,
    /// Of so many.
    pub whole: u64,
    /// Lower end of the 95 % interval, wider where services differ.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// The services that have any of the events.
    pub services: u64,
}

/// Where the values of several services lie, in the metric's unit. Absent is what lies among services of which only
/// "more than" is known.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceDistribution {
    /// The lowest value.
    pub lowest: f64,
    /// A quarter of the services lie below.
    pub p25: Option<f64>,
    /// Half of the services lie below.
    pub median: Option<f64>,
    /// Three quarters of the services lie below.
    pub p75: Option<f64>,
    /// The highest value.
    pub highest: Option<f64>,
}

/// One team: its services together, by the same rules as the whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TeamResult {
    /// The team.
    pub team: String,
    /// The services that it owns. Those that stood still in the window are not part of what follows, unless all did.
    pub services: Vec<String>,
    /// The level: that of the lowest stage.
    pub level: LevelRange,
    /// The stages that hold the level down.
    pub limiting_stages: Vec<String>,
    /// The five stages.
    pub stages: Vec<StageResult>,
    /// Each metric over the team's services, by metric id.
    pub metrics: BTreeMap<String, MetricSpread>,
    /// Its one constraint to fix next; absent in what earlier versions kept.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub first_constraint: Option<Constraint>,
}

/// One production environment of a service that has several.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EnvironmentResult {
    /// The environment.
    pub environment: String,
    /// DORA's keys of this environment alone, by metric id.
    pub metrics: BTreeMap<String, Measurement>,
}

/// One service.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ServiceResult {
    /// The service.
    pub service: String,
    /// The team that owns it, where that is known.
    pub team: Option<String>,
    /// Its repositories.
    pub repositories: Vec<String>,
    /// What stands for its production deployments.
    pub deployment_data: DeploymentData,
    /// Whether it was deployed in the window, or has nothing that could tell.
    pub is_active: bool,
    /// Its level: that of its lowest stage.
    pub level: LevelRange,
    /// Its stages.
    pub stages: Vec<StageResult>,
    /// Its lanes.
    pub lanes: Vec<StageResult>,
    /// Its metrics, by id.
    pub metrics: BTreeMap<String, Measurement>,
    /// The production environments, where there are several.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub environments: Vec<EnvironmentResult>,
    /// Its answers to the ordered questions.
    pub questions: Vec<QuestionResult>,
    /// What was left out of its numbers, by reason code.
    pub exclusions: BTreeMap<String, ExclusionCount>,
}

/// A way in which the numbers may mislead.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Pitfall {
    /// Its id.
    pub pitfall: String,
    /// Its name.
    #[serde(default)]
    pub title: String,
    /// What was seen.
    pub finding: String,
    /// How much it moves the number.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub effect: Option<String>,
    /// What Truelevel did about it.
    pub response: String,
    /// The services where it was seen; the first ones.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub services: Vec<String>,
    /// How many services that are.
    #[serde(default)]
    pub services_affected: u64,
    /// What shows it; the first lines.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub evidence: Vec<String>,
}

/// How much was left out for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ExclusionCount {
    /// How many.
    pub count: u64,
    /// What the code means.
    pub meaning: String,
    /// The first ones.
    pub examples: Vec<String>,
}

/// What was looked at.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Coverage {
    /// The repositories.
    pub repositories: Vec<RepositoryCoverage>,
    /// How many services stand on each kind of deployment data.
    pub services_by_deployment_data: BTreeMap<String, u64>,
    /// Services that no repository was matched to.
    pub services_without_repository: Vec<String>,
    /// Production deployments in the window, all services together.
    pub production_deployments: u64,
    /// Releases in the window that stand in for deployments, of the services of which nothing better is known.
    #[serde(default)]
    pub releases: u64,
    /// Of both, how many versions lead to a commit; only services with a repository are asked.
    pub versions_resolved: u64,
    /// Of the services with a repository: how many production deployments and releases they had in the window.
    pub versions_asked: u64,
    /// Where facts come from, by name.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub sources: Vec<SourceCoverage>,
    /// What could not be read or was assumed, in sentences.
    pub warnings: Vec<String>,
    /// The files among them, with their places.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub file_warnings: Vec<FileWarning>,
}

/// What one source told until the as-of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SourceCoverage {
    /// The source.
    pub source: String,
    /// How many facts of which kind.
    pub facts: BTreeMap<String, u64>,
    /// When the newest of them happened.
    #[schemars(with = "Option<String>")]
    pub newest_at: Option<Time>,
    /// Nothing of it happened in the window.
    pub is_stale: bool,
}

impl Coverage {
    /// When the newest thing happened that is known of; nothing is known of what happened later.
    pub fn known_until(&self) -> Option<Time> {
        let told = self.sources.iter().filter_map(|source| source.newest_at);
        told.chain(self.repositories.iter().filter_map(|repository| repository.newest_change_at)).max()
    }
}

/// A file that matters and could not be read as it is meant.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct FileWarning {
    /// The repository.
    pub repository: String,
    /// The file.
    pub path: String,
    /// The line, from 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub line: Option<u32>,
    /// The column in characters, from 1.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub column: Option<u32>,
    /// What is wrong.
    pub message: String,
}

/// One repository that was looked at.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RepositoryCoverage {
    /// Its name.
    pub repository: String,
    /// The default branch, where there is a commit.
    pub branch: Option<String>,
    /// Its address for a browser, where it was cloned from one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub web_address: Option<String>,
    /// The commit whose files were read.
    pub commit: Option<String>,
    /// How many changes are known.
    pub changes: u64,
    /// How many tags lead to commits.
    pub tags: u64,
    /// What it was used for: `deployments`, `changes`, `release_tags`.
    pub used_for: Vec<String>,
    /// Cut off when it was cloned.
    pub is_shallow: bool,
    /// The newest commit at or before the as-of.
    #[schemars(with = "Option<String>")]
    pub newest_change_at: Option<Time>,
}

impl Assessment {
    /// A metric over all services.
    pub fn metric(&self, id: &str) -> Option<&MetricSpread> {
        self.metrics.get(id)
    }
}

impl MetricSpread {
    /// The number of services in a band.
    pub fn in_band(&self, band: Band) -> u64 {
        self.services_by_band.get(band.as_str()).copied().unwrap_or(0)
    }
}
