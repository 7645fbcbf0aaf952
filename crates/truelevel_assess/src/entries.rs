//! How the catalog's files are written, and what their entries come to.

use serde::Deserialize;
use truelevel_model::Grade;
use truelevel_model::assessment::Level;

use crate::catalog::{CatalogError, Effort, Gate, Phase, Question, Requirement};
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
    unlocks: String,
    references: Vec<String>,
    all: Option<Vec<ConditionEntry>>,
    any: Option<Vec<ConditionEntry>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuestionFile {
    pub(crate) question: Vec<QuestionEntry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct QuestionEntry {
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
pub(crate) struct PhaseFile {
    pub(crate) phase: Vec<Phase>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ConditionEntry {
    practice: Option<String>,
    grade: Option<Grade>,
    metric: Option<String>,
    at_least: Option<String>,
    more_than: Option<String>,
    at_most: Option<String>,
    less_than: Option<String>,
}

impl GateEntry {
    pub(crate) fn check(self, frameworks: &[Framework]) -> Result<Gate, CatalogError> {
        if !(2..=5).contains(&self.level) {
            return Err(CatalogError::Invalid { what: format!("`{}`: a gate guards level 2 to 5", self.id) });
        }
        let requirement = requirement(&self.id, self.all, self.any, Usual::of_level(self.level))?;
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
            unlocks: self.unlocks,
            references,
            requirement,
        })
    }
}

impl QuestionEntry {
    pub(crate) fn check(self) -> Result<Question, CatalogError> {
        let requirement =
            requirement(&self.id, self.all, self.any, Usual { grade: Grade::Exercised, held_before: false })?;
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

/// What a condition asks for where it does not say.
#[derive(Clone, Copy)]
struct Usual {
    grade: Grade,
    held_before: bool,
}

impl Usual {
    /// Level 2 asks for what is declared, 3 for what ran, 4 for what worked, and 5 for the same in two windows.
    const fn of_level(level: Level) -> Self {
        let grade = match level {
            ..=2 => Grade::Declared,
            3 => Grade::Exercised,
            _ => Grade::Effective,
        };
        Self { grade, held_before: level >= 5 }
    }
}

fn requirement(
    id: &str,
    all: Option<Vec<ConditionEntry>>,
    any: Option<Vec<ConditionEntry>>,
    usual: Usual,
) -> Result<Requirement, CatalogError> {
    let check = |entries: Vec<ConditionEntry>| {
        let conditions: Option<Vec<_>> =
            entries.into_iter().map(|entry| entry.check(usual.grade, usual.held_before)).collect();
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
    pub(crate) fn check(self, usual_grade: Grade, held_before: bool) -> Option<Condition> {
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
        Some(Condition { subject, held_before })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_needs_one_kind_of_requirement_and_readable_bounds() {
        let condition = |text: &str| toml::from_str::<ConditionEntry>(text).unwrap().check(Grade::Declared, false);
        assert!(condition("practice = \"x\"").is_some());
        assert!(condition("metric = \"x\"\nat_least = \"1 per week\"").is_some());
        assert!(condition("metric = \"x\"").is_none(), "no bound");
        assert!(condition("metric = \"x\"\nat_least = \"often\"").is_none());
        assert!(condition("metric = \"x\"\nat_least = \"1\"\nat_most = \"2\"").is_none(), "two bounds");
        assert!(condition("practice = \"x\"\nat_least = \"1\"").is_none());
    }
}
