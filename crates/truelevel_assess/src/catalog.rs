//! The catalog: gates, questions and phases as data, read from `catalog/` and compiled in.

use std::collections::BTreeSet;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use truelevel_model::Grade;
use truelevel_model::assessment::Level;

use crate::conditions::{Bound, Condition, Subject};
use crate::quantity;

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
    /// The phases of the plan.
    pub phases: Vec<Phase>,
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
    /// What it makes possible.
    pub unlocks: String,
    /// Where the same is asked for in open frameworks.
    pub references: Vec<String>,
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

/// Conditions that must hold together, or of which one is enough.
#[derive(Clone, Debug)]
pub enum Requirement {
    /// Every one.
    All(Vec<Condition>),
    /// At least one.
    Any(Vec<Condition>),
}

impl Requirement {
    /// The conditions.
    pub fn conditions(&self) -> &[Condition] {
        match self {
            Self::All(conditions) | Self::Any(conditions) => conditions,
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
    /// What makes the answer yes.
    pub requirement: Requirement,
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct StageFile {
    stage: String,
    title: String,
    gate: Vec<GateEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GateEntry {
    id: String,
    level: Level,
    statement: String,
    why: String,
    how: String,
    effort: Effort,
    unlocks: String,
    references: Vec<String>,
    all: Option<Vec<ConditionEntry>>,
    any: Option<Vec<ConditionEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuestionFile {
    question: Vec<QuestionEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct QuestionEntry {
    id: String,
    text: String,
    constraint: String,
    action: String,
    connect: Vec<String>,
    all: Option<Vec<ConditionEntry>>,
    any: Option<Vec<ConditionEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PhaseFile {
    phase: Vec<Phase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ConditionEntry {
    practice: Option<String>,
    grade: Option<Grade>,
    metric: Option<String>,
    at_least: Option<String>,
    more_than: Option<String>,
    at_most: Option<String>,
    less_than: Option<String>,
}

impl Catalog {
    /// The catalog that is compiled in.
    pub fn embedded() -> Result<Self, CatalogError> {
        let mut stages = Vec::new();
        for text in MATURITY {
            let file: StageFile = read("maturity", text)?;
            let gates = file.gate.into_iter().map(GateEntry::check).collect::<Result<Vec<_>, _>>()?;
            stages.push(Stage { id: file.stage, title: file.title, gates });
        }
        let file: QuestionFile = read("constraint.toml", CONSTRAINT)?;
        let questions = file.question.into_iter().map(QuestionEntry::check).collect::<Result<Vec<_>, _>>()?;
        let PhaseFile { phase } = read("roadmap.toml", ROADMAP)?;
        Ok(Self { stages, questions, phases: phase })
    }

    /// A gate and its stage.
    pub fn gate(&self, id: &str) -> Option<(&Stage, &Gate)> {
        self.stages.iter().find_map(|stage| Some((stage, stage.gates.iter().find(|gate| gate.id == id)?)))
    }

    /// A question.
    pub fn question(&self, id: &str) -> Option<&Question> {
        self.questions.iter().find(|question| question.id == id)
    }

    /// Everything wrong with the catalog, given the practices and metrics that exist.
    pub fn faults(&self, practices: &[&str], metrics: &[&str]) -> Vec<String> {
        let mut faults = Vec::new();
        let mut ids = BTreeSet::new();
        let named = self.stages.iter().flat_map(|stage| &stage.gates).map(|gate| (&gate.id, &gate.requirement));
        let asked = self.questions.iter().map(|question| (&question.id, &question.requirement));
        for (id, requirement) in named.chain(asked) {
            if !ids.insert(id) {
                faults.push(format!("`{id}` stands twice"));
            }
            for condition in requirement.conditions() {
                match &condition.subject {
                    Subject::Practice { practice, .. } if !practices.contains(&practice.as_str()) => {
                        faults.push(format!("`{id}` asks for the practice `{practice}`, which does not exist"));
                    }
                    Subject::Metric { metric, .. } if !metrics.contains(&metric.as_str()) => {
                        faults.push(format!("`{id}` asks for the metric `{metric}`, which does not exist"));
                    }
                    Subject::Practice { .. } | Subject::Metric { .. } => {}
                }
            }
        }
        for stage in &self.stages {
            if !stage.gates.is_sorted_by_key(|gate| gate.level) {
                faults.push(format!("the gates of `{}` are not in the order of their levels", stage.id));
            }
        }
        let expected: Vec<&str> = STAGES.into_iter().chain(LANES).collect();
        let found: Vec<&str> = self.stages.iter().map(|stage| stage.id.as_str()).collect();
        if found != expected {
            faults.push(format!("the stages are {found:?} and should be {expected:?}"));
        }
        faults
    }
}

impl GateEntry {
    fn check(self) -> Result<Gate, CatalogError> {
        if !(2..=5).contains(&self.level) {
            return Err(CatalogError::Invalid { what: format!("`{}`: a gate guards level 2 to 5", self.id) });
        }
        let grade = match self.level {
            2 => Grade::Declared,
            3 => Grade::Exercised,
            _ => Grade::Effective,
        };
        let requirement = requirement(&self.id, self.all, self.any, grade)?;
        Ok(Gate {
            id: self.id,
            level: self.level,
            statement: self.statement,
            why: self.why,
            how: self.how,
            effort: self.effort,
            unlocks: self.unlocks,
            references: self.references,
            requirement,
        })
    }
}

impl QuestionEntry {
    fn check(self) -> Result<Question, CatalogError> {
        let requirement = requirement(&self.id, self.all, self.any, Grade::Exercised)?;
        Ok(Question {
            id: self.id,
            text: self.text,
            constraint: self.constraint,
            action: self.action,
            connect: self.connect,
            requirement,
        })
    }
}

fn requirement(
    id: &str,
    all: Option<Vec<ConditionEntry>>,
    any: Option<Vec<ConditionEntry>>,
    grade: Grade,
) -> Result<Requirement, CatalogError> {
    let check = |entries: Vec<ConditionEntry>| {
        let conditions: Option<Vec<_>> = entries.into_iter().map(|entry| entry.check(grade)).collect();
        conditions
            .filter(|conditions| !conditions.is_empty())
            .ok_or_else(|| CatalogError::Invalid { what: format!("a condition of `{id}`") })
    };
    match (all, any) {
        (Some(all), None) => Ok(Requirement::All(check(all)?)),
        (None, Some(any)) => Ok(Requirement::Any(check(any)?)),
        _ => Err(CatalogError::Invalid { what: format!("`{id}`: it needs either `all` or `any`") }),
    }
}

impl ConditionEntry {
    fn check(self, usual_grade: Grade) -> Option<Condition> {
        let bounds = [
            (self.at_least, true, true),
            (self.more_than, true, false),
            (self.at_most, false, true),
            (self.less_than, false, false),
        ];
        let bounds: Vec<Bound> = bounds
            .into_iter()
            .filter_map(|(text, is_lower, is_inclusive)| text.map(|text| (text, is_lower, is_inclusive)))
            .map(|(text, is_lower, is_inclusive)| {
                Some(Bound { value: quantity::parse(&text)?, is_lower, is_inclusive, text })
            })
            .collect::<Option<_>>()?;
        let subject = match (self.practice, self.metric, <[Bound; 1]>::try_from(bounds).ok()) {
            (Some(practice), None, None) => Subject::Practice { practice, grade: self.grade.unwrap_or(usual_grade) },
            (None, Some(metric), Some([bound])) if self.grade.is_none() => Subject::Metric { metric, bound },
            _ => return None,
        };
        Some(Condition { subject })
    }
}

pub(crate) fn read<T: DeserializeOwned>(file: &str, text: &str) -> Result<T, CatalogError> {
    toml::from_str(text).map_err(|error| CatalogError::Unreadable { file: file.to_owned(), reason: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_catalog_reads_and_every_stage_has_a_gate_for_the_next_level() {
        let catalog = Catalog::embedded().unwrap();
        for stage in &catalog.stages {
            let levels: BTreeSet<Level> = stage.gates.iter().map(|gate| gate.level).collect();
            let highest = levels.last().copied().unwrap_or(1);
            assert_eq!(levels, (2..=highest).collect(), "`{}` skips a level", stage.id);
        }
        assert_eq!(catalog.questions.len(), 4);
        assert_eq!(catalog.phases.len(), 4);
        for gate in catalog.stages.iter().flat_map(|stage| &stage.gates) {
            assert!(!gate.why.is_empty() && !gate.how.is_empty() && !gate.unlocks.is_empty(), "{}", gate.id);
            assert!(!gate.references.is_empty(), "{}", gate.id);
        }
    }

    #[test]
    fn what_a_condition_names_must_exist() {
        let catalog = Catalog::embedded().unwrap();
        let faults = catalog.faults(&[], &[]);
        assert!(faults.iter().any(|fault| fault.contains("the practice `scripted_build`, which does not exist")));
        assert!(faults.iter().any(|fault| fault.contains("the metric `change_lead_time`, which does not exist")));
    }

    #[test]
    fn a_gate_needs_one_kind_of_requirement_and_readable_bounds() {
        let condition = |text: &str| toml::from_str::<ConditionEntry>(text).unwrap().check(Grade::Declared);
        assert!(condition("practice = \"x\"").is_some());
        assert!(condition("metric = \"x\"\nat_least = \"1 per week\"").is_some());
        assert!(condition("metric = \"x\"").is_none(), "no bound");
        assert!(condition("metric = \"x\"\nat_least = \"often\"").is_none());
        assert!(condition("metric = \"x\"\nat_least = \"1\"\nat_most = \"2\"").is_none(), "two bounds");
        assert!(condition("practice = \"x\"\nat_least = \"1\"").is_none());
    }
}
