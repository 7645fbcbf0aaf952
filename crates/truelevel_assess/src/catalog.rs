//! The catalog: gates, questions and phases as data, read from `catalog/` and compiled in.

use serde::Deserialize;
use serde::de::DeserializeOwned;
use truelevel_model::assessment::Level;

use crate::conditions::{Bound, Condition};
use crate::entries::{GateEntry, PhaseFile, QuestionEntry, QuestionFile, StageFile};
use crate::references::{Framework, FrameworkFile, Reference};

/// The five stages in the order of delivery.
pub const STAGES: [&str; 5] = ["build", "test", "deploy", "observe", "recover"];
/// The cross-cutting subjects.
pub const LANES: [&str; 2] = ["platform", "security"];

/// The names of the levels, the first one for level 1.
pub const LEVEL_NAMES: [&str; 5] = ["Ad-hoc", "Managed", "Defined", "Measured", "Optimizing"];

static MATURITY: [&str; 7] = [
    include_str!("../../../catalog/maturity/build.toml"),
    include_str!("../../../catalog/maturity/test.toml"),
    include_str!("../../../catalog/maturity/deploy.toml"),
    include_str!("../../../catalog/maturity/observe.toml"),
    include_str!("../../../catalog/maturity/recover.toml"),
    include_str!("../../../catalog/maturity/platform.toml"),
    include_str!("../../../catalog/maturity/security.toml"),
];
static CONSTRAINT: &str = include_str!("../../../catalog/constraint.toml");
static ROADMAP: &str = include_str!("../../../catalog/roadmap.toml");
static FRAMEWORKS: &str = include_str!("../../../catalog/frameworks.toml");

/// The texts that decide levels, the constraint and the plan, in a fixed order.
pub fn texts() -> impl Iterator<Item = &'static str> {
    MATURITY.iter().copied().chain([CONSTRAINT, ROADMAP])
}

/// What is wrong with a catalog.
#[derive(Debug, thiserror::Error)]
pub enum CatalogError {
    /// A file cannot be read.
    #[error("the catalog's {file} cannot be read: {reason}")]
    Unreadable {
        /// Which part.
        file: String,
        /// Why.
        reason: String,
    },
    /// A value makes no sense.
    #[error("the catalog is wrong at {what}")]
    Invalid {
        /// Where, and what.
        what: String,
    },
    /// No such benchmark edition.
    #[error("there is no benchmark edition `{name}`; known: {}", known.join(", "))]
    UnknownEdition {
        /// What was asked for.
        name: String,
        /// What there is.
        known: Vec<&'static str>,
    },
}

/// Everything that decides levels, the constraint and the plan.
#[derive(Clone, Debug)]
pub struct Catalog {
    /// The five stages, then the lanes.
    pub stages: Vec<Stage>,
    /// The ordered questions.
    pub questions: Vec<Question>,
    /// What withholds advice to go faster.
    pub veto: StabilityVeto,
    /// The share of services, 0 to 1, from which on a gate that is lowest in them is a common cause.
    pub common_cause_share: f64,
    /// The share of services, 0 to 1, from which on deploying in lockstep makes the architecture a constraint.
    pub lockstep_share: f64,
    /// The phases of the plan.
    pub phases: Vec<Phase>,
    /// What the work on a stage should move.
    pub measures: Vec<StageMeasure>,
    /// After how many days to look again.
    pub remeasure_days: ByEffort,
    /// What an open gate of one service weighs beside others.
    pub effort_weight: ByEffort,
    /// The open frameworks that gates refer to.
    pub frameworks: Vec<Framework>,
}

/// A stage or lane with its gates, lowest level first.
#[derive(Clone, Debug)]
pub struct Stage {
    /// The id.
    pub id: String,
    /// The title.
    pub title: String,
    /// The gates.
    pub gates: Vec<Gate>,
}

/// A condition of a level.
#[derive(Clone, Debug)]
pub struct Gate {
    /// The id.
    pub id: String,
    /// The level that it guards, 2 to 5.
    pub level: Level,
    /// What it asks.
    pub statement: String,
    /// Why it matters.
    pub why: String,
    /// How to get there.
    pub how: String,
    /// Rough effort for one team: hours, days, weeks or months.
    pub effort: Effort,
    /// Whether what it needs is bought, built or done.
    pub supply: Supply,
    /// Gates without which it stands on nothing; never of a higher level.
    pub needs: Vec<String>,
    /// What it makes possible.
    pub unlocks: String,
    /// Where the same is asked for in open frameworks.
    pub references: Vec<Reference>,
    /// What must hold.
    pub requirement: Requirement,
}

/// Rough effort for one team, smallest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effort {
    /// Less than a day.
    Hours,
    /// Less than a week.
    Days,
    /// Less than a quarter.
    Weeks,
    /// A quarter or more.
    Months,
}

impl Effort {
    /// In lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hours => "hours",
            Self::Days => "days",
            Self::Weeks => "weeks",
            Self::Months => "months",
        }
    }
}

/// Where what a gate needs comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Supply {
    /// Buy or adopt it: what everybody needs alike is no advantage when home-made.
    Commodity,
    /// Build it: the thin layer that is specific to the organisation.
    ThinLayer,
    /// Neither: teams change how they work.
    #[default]
    OwnWork,
}

impl Supply {
    /// In lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Commodity => "commodity",
            Self::ThinLayer => "thin_layer",
            Self::OwnWork => "own_work",
        }
    }
}

/// What the work on a stage should move.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StageMeasure {
    /// The stage or lane.
    pub stage: String,
    /// The metric that should move.
    pub moves: String,
    /// Which way.
    pub direction: Direction,
    /// The metric that moves before it does.
    pub leading: String,
}

/// Which way a metric should go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    /// More.
    Up,
    /// Less.
    Down,
}

impl Direction {
    /// In lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Up => "up",
            Self::Down => "down",
        }
    }
}

/// A number for each effort.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ByEffort {
    hours: u32,
    days: u32,
    weeks: u32,
    months: u32,
}

impl ByEffort {
    /// The number of an effort.
    pub const fn of(&self, effort: Effort) -> u32 {
        match effort {
            Effort::Hours => self.hours,
            Effort::Days => self.days,
            Effort::Weeks => self.weeks,
            Effort::Months => self.months,
        }
    }
}

/// Conditions that must hold together, or of which one is enough, or of which the first that is known decides.
#[derive(Clone, Debug)]
pub enum Requirement {
    /// Every one.
    All(Vec<Condition>),
    /// At least one.
    Any(Vec<Condition>),
    /// The first of which enough is known to say something; the others stand in for it.
    FirstKnown(Vec<Condition>),
}

impl Requirement {
    /// The conditions.
    pub fn conditions(&self) -> &[Condition] {
        match self {
            Self::All(conditions) | Self::Any(conditions) | Self::FirstKnown(conditions) => conditions,
        }
    }

    pub(crate) const fn conditions_mut(&mut self) -> &mut Vec<Condition> {
        match self {
            Self::All(conditions) | Self::Any(conditions) | Self::FirstKnown(conditions) => conditions,
        }
    }
}

/// One question of the chain.
#[derive(Clone, Debug)]
pub struct Question {
    /// The id.
    pub id: String,
    /// The question.
    pub text: String,
    /// What the constraint is when the answer is no.
    pub constraint: String,
    /// What to do then.
    pub action: String,
    /// What to connect when the data is missing.
    pub connect: Vec<String>,
    /// It is about changes or files, so that without a service's repository there is no answer.
    pub needs_repository: bool,
    /// What makes the answer yes.
    pub requirement: Requirement,
}

/// Stability so low that going faster would do harm.
#[derive(Clone, Debug)]
pub struct StabilityVeto {
    /// The question to act on instead.
    pub question: String,
    /// The questions whose advice is withheld.
    pub withholds: Vec<String>,
    /// Metrics of which one is enough when its whole interval lies above the bound.
    pub bounds: Vec<(String, Bound)>,
}

/// A phase of the plan.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Phase {
    /// The id.
    pub id: String,
    /// The title.
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
}

impl Catalog {
    /// The catalog that is compiled in.
    pub fn embedded() -> Result<Self, CatalogError> {
        let FrameworkFile { framework: frameworks } = read("frameworks.toml", FRAMEWORKS)?;
        let mut stages = Vec::new();
        for text in MATURITY {
            let file: StageFile = read("maturity", text)?;
            let check = |gate: GateEntry| gate.check(&frameworks);
            let gates = file.gate.into_iter().map(check).collect::<Result<Vec<_>, _>>()?;
            stages.push(Stage { id: file.stage, title: file.title, gates });
        }
        let file: QuestionFile = read("constraint.toml", CONSTRAINT)?;
        let questions = file.question.into_iter().map(QuestionEntry::check).collect::<Result<Vec<_>, _>>()?;
        let (veto, common_cause_share) = (file.stability_veto.check(&questions)?, file.common_cause.check()?);
        let lockstep_share = file.lockstep.check()?;
        let PhaseFile { phase, measure, remeasure_days, effort_weight } = read("roadmap.toml", ROADMAP)?;
        Ok(Self {
            stages,
            questions,
            veto,
            common_cause_share,
            lockstep_share,
            phases: phase,
            measures: measure,
            remeasure_days,
            effort_weight,
            frameworks,
        })
    }

    /// A gate and its stage.
    pub fn gate(&self, id: &str) -> Option<(&Stage, &Gate)> {
        self.stages.iter().find_map(|stage| Some((stage, stage.gates.iter().find(|gate| gate.id == id)?)))
    }

    /// A question.
    pub fn question(&self, id: &str) -> Option<&Question> {
        self.questions.iter().find(|question| question.id == id)
    }
}

pub(crate) fn read<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, CatalogError> {
    toml::from_str(text).map_err(|error| CatalogError::Unreadable { file: file.to_owned(), reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_catalog_reads_and_every_gate_says_all_there_is_to_say() {
        let catalog = Catalog::embedded().unwrap();
        assert_eq!(catalog.questions.len(), 5);
        assert_eq!(catalog.phases.len(), 4);
        for gate in catalog.stages.iter().flat_map(|stage| &stage.gates) {
            assert!(!gate.why.is_empty() && !gate.how.is_empty() && !gate.unlocks.is_empty(), "{}", gate.id);
            assert!(!gate.references.is_empty(), "{}", gate.id);
        }
    }
}
