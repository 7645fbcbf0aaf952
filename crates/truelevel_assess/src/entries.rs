//! How the catalog's files are written, and what their entries come to.

use serde::Deserialize;
use truelevel_model::Grade;
use truelevel_model::assessment::{Answer, Level};

use crate::catalog::{
    ByEffort, CatalogError, Effort, Gate, Phase, Question, Requirement, StabilityVeto, StageMeasure, Supply,
};
use crate::conditions::{Bound, Condition, Subject};
use crate::quantity;
use crate::references::{Framework, find};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct StageFile {
    pub(crate) stage: String,
    pub(crate) title: String,
    pub(crate) gate: Vec<GateEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct GateEntry {
    id: String,
    level: Level,
    statement: String,
    why: String,
    how: String,
    effort: Effort,
    supply: Supply,
    #[serde(default)]
    needs: Vec<String>,
    unlocks: String,
    references: Vec<String>,
    all: Option<Vec<ConditionEntry>>,
    any: Option<Vec<ConditionEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuestionFile {
    pub(crate) question: Vec<QuestionEntry>,
    pub(crate) stability_veto: VetoEntry,
    pub(crate) common_cause: ShareEntry,
    pub(crate) lockstep: ShareEntry,
}

/// What withholds advice to go faster.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct VetoEntry {
    question: String,
    withholds: Vec<String>,
    any: Vec<ConditionEntry>,
}

impl VetoEntry {
    pub(crate) fn check(self, questions: &[Question]) -> Result<StabilityVeto, CatalogError> {
        let invalid = |what: String| CatalogError::Invalid { what: format!("`stability_veto`: {what}") };
        let known = |id: &String| questions.iter().any(|question| question.id == *id);
        if let Some(id) = std::iter::once(&self.question).chain(&self.withholds).find(|id| !known(id)) {
            return Err(invalid(format!("there is no question `{id}`")));
        }
        let bound = |entry: ConditionEntry| match entry.check(Grade::Exercised, false).map_err(invalid)?.subject {
            Subject::Metric { metric, bound } if bound.is_lower => Ok((metric, bound)),
            _ => Err(invalid("it asks for metrics above something".to_owned())),
        };
        let bounds = self.any.into_iter().map(bound).collect::<Result<_, _>>()?;
        Ok(StabilityVeto { question: self.question, withholds: self.withholds, bounds })
    }
}

/// A share of something.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ShareEntry {
    at_least: String,
}

impl ShareEntry {
    pub(crate) fn check(self) -> Result<f64, CatalogError> {
        let invalid = || CatalogError::Invalid { what: format!("`{}` is no share", self.at_least) };
        quantity::parse(&self.at_least).filter(|share| (0.0..=1.0).contains(share)).ok_or_else(invalid)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuestionEntry {
    id: String,
    text: String,
    constraint: String,
    action: String,
    connect: Vec<String>,
    #[serde(default)]
    needs_repository: bool,
    all: Option<Vec<ConditionEntry>>,
    any: Option<Vec<ConditionEntry>>,
    first_known: Option<Vec<ConditionEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct PhaseFile {
    pub(crate) phase: Vec<Phase>,
    pub(crate) measure: Vec<StageMeasure>,
    pub(crate) remeasure_days: ByEffort,
    pub(crate) effort_weight: ByEffort,
}

/// What a condition is.
const ALLOWED: &str = "a condition is a `practice`, perhaps with a `grade`, or a `metric` with one of `at_least`, \
                       `more_than`, `at_most` and `less_than`";

/// A condition as it is written: a practice, perhaps with a grade, or a metric with one bound.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConditionEntry {
    /// A practice.
    pub practice: Option<String>,
    /// What it must have shown.
    pub grade: Option<Grade>,
    /// A metric.
    pub metric: Option<String>,
    /// Good from here up.
    pub at_least: Option<String>,
    /// Good above.
    pub more_than: Option<String>,
    /// Good from here down.
    pub at_most: Option<String>,
    /// Good below.
    pub less_than: Option<String>,
    /// A count among the metric's details without which there is nothing to ask of.
    pub if_any: Option<String>,
    /// Where single services cannot tell, the events of all of them together decide.
    pub pooled: Option<bool>,
    /// The only answer that it can give, `yes` or `no`: to say the other one it is not enough.
    pub decides: Option<Answer>,
}

impl GateEntry {
    pub(crate) fn check(self, frameworks: &[Framework]) -> Result<Gate, CatalogError> {
        if !(2..=5).contains(&self.level) {
            return Err(CatalogError::Invalid { what: format!("`{}`: a gate guards level 2 to 5", self.id) });
        }
        let requirement = requirement(&self.id, [self.all, self.any, None], Usual::of_level(self.level))?;
        let reference = |id: &String| {
            find(frameworks, id)
                .ok_or_else(|| CatalogError::Invalid { what: format!("`{}`: no framework has `{id}`", self.id) })
        };
        let references = self.references.iter().map(reference).collect::<Result<_, _>>()?;
        Ok(Gate {
            id: self.id,
            level: self.level,
            statement: self.statement,
            why: self.why,
            how: self.how,
            effort: self.effort,
            supply: self.supply,
            needs: self.needs,
            unlocks: self.unlocks,
            references,
            requirement,
        })
    }
}

impl QuestionEntry {
    pub(crate) fn check(self) -> Result<Question, CatalogError> {
        let requirement = requirement(
            &self.id,
            [self.all, self.any, self.first_known],
            Usual { grade: Grade::Exercised, held_before: false },
        )?;
        Ok(Question {
            id: self.id,
            text: self.text,
            constraint: self.constraint,
            action: self.action,
            connect: self.connect,
            needs_repository: self.needs_repository,
            requirement,
        })
    }
}

/// What a condition asks for where it does not say.
#[derive(Clone, Copy, Debug)]
pub struct Usual {
    /// The grade of a practice.
    pub grade: Grade,
    /// Whether it must have held in the window before, too.
    pub held_before: bool,
}

impl Usual {
    /// Level 2 asks for what is declared, 3 for what ran, 4 for what worked, and 5 for the same in two windows.
    pub const fn of_level(level: Level) -> Self {
        let grade = match level {
            ..=2 => Grade::Declared,
            3 => Grade::Exercised,
            _ => Grade::Effective,
        };
        Self { grade, held_before: level >= 5 }
    }
}

fn requirement(id: &str, given: [Option<Vec<ConditionEntry>>; 3], usual: Usual) -> Result<Requirement, CatalogError> {
    let is_ordered = given[2].is_some();
    let check = |entries: Vec<ConditionEntry>| {
        if !is_ordered && entries.iter().any(|entry| entry.decides.is_some()) {
            return Err(CatalogError::Invalid { what: format!("`{id}`: only a `first_known` has what `decides`") });
        }
        let check = |entry: ConditionEntry| {
            entry
                .check(usual.grade, usual.held_before)
                .map_err(|why| CatalogError::Invalid { what: format!("`{id}`: {why}") })
        };
        let conditions = entries.into_iter().map(check).collect::<Result<Vec<_>, _>>()?;
        if conditions.is_empty() {
            return Err(CatalogError::Invalid { what: format!("`{id}`: it has no condition") });
        }
        Ok(conditions)
    };
    match given {
        [Some(all), None, None] => Ok(Requirement::All(check(all)?)),
        [None, Some(any), None] => Ok(Requirement::Any(check(any)?)),
        [None, None, Some(first_known)] => Ok(Requirement::FirstKnown(check(first_known)?)),
        _ => Err(CatalogError::Invalid { what: format!("`{id}`: it needs one of `all`, `any` and `first_known`") }),
    }
}

impl ConditionEntry {
    /// The condition, where it is about one practice, or one metric with one bound; else what is allowed.
    pub fn check(self, usual_grade: Grade, held_before: bool) -> Result<Condition, String> {
        let mut bounds = [
            (self.at_least, true, true),
            (self.more_than, true, false),
            (self.at_most, false, true),
            (self.less_than, false, false),
        ]
        .into_iter()
        .filter_map(|(text, is_lower, is_inclusive)| Some((text?, is_lower, is_inclusive)))
        .map(|(text, is_lower, is_inclusive)| Bound::parse(text, is_lower, is_inclusive));
        let subject = match (self.practice, self.metric, bounds.next(), bounds.next()) {
            (Some(practice), None, None, None) => {
                Subject::Practice { practice, grade: self.grade.unwrap_or(usual_grade) }
            }
            (None, Some(metric), Some(bound), None) if self.grade.is_none() => {
                Subject::Metric { metric, bound: bound? }
            }
            _ => return Err(ALLOWED.to_owned()),
        };
        if matches!(subject, Subject::Practice { .. }) && (self.if_any.is_some() || self.pooled.is_some()) {
            return Err(ALLOWED.to_owned());
        }
        if self.decides == Some(Answer::Unknown) {
            return Err("what a condition `decides` is `yes` or `no`".to_owned());
        }
        let is_pooled = self.pooled.unwrap_or(false);
        let (if_any, decides) = (self.if_any, self.decides);
        Ok(Condition { subject, held_before, own_bound: None, if_any, is_pooled, decides })
    }
}

impl Bound {
    /// A bound as people write it: `1 per week`, `1 day`, `80 %`, `3`.
    pub fn parse(text: String, is_lower: bool, is_inclusive: bool) -> Result<Self, String> {
        let value = quantity::parse(&text).ok_or_else(|| {
            format!("`{text}` is no quantity; written are `1 per week`, `1 day`, `80 %` or `3`, and the like")
        })?;
        Ok(Self { value, is_lower, is_inclusive, text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_needs_one_kind_of_requirement_and_readable_bounds() {
        let condition = |text: &str| toml::from_str::<ConditionEntry>(text).unwrap().check(Grade::Declared, false);
        assert!(condition("practice = \"x\"").is_ok());
        assert!(condition("metric = \"x\"\nat_least = \"1 per week\"").is_ok());
        assert!(condition("metric = \"x\"").is_err(), "no bound");
        assert!(condition("metric = \"x\"\nat_least = \"often\"").is_err());
        assert!(condition("metric = \"x\"\nat_least = \"1\"\nat_most = \"2\"").is_err(), "two bounds");
        assert!(condition("practice = \"x\"\nat_least = \"1\"").is_err());
    }
}
