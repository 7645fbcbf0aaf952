//! What if: the level, the answer and the plan if gates were met or metrics had other values.
//!
//! Everything is judged anew by the same rules; only what is supposed is put in the place of what is known. A supposed
//! gate counts as met in every service, and its practices as working; a supposed value is taken as certain, in this window
//! and in the one before.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};

use serde::{Serialize, Serializer};
use truelevel_assess::Catalog;
use truelevel_assess::conditions::{Before, Subject};
use truelevel_assess::quantity;
use truelevel_metrics::METRICS;
use truelevel_model::assessment::{Action, Answer, Assessment, Level, LevelRange, LowestGate};
use truelevel_model::{Detection, Evidence, Grade, Locator, Measurement, Time};

use crate::assess::{AssessRequest, prepare};
use crate::{EngineError, Talk, Workspace};

/// So many observations make a supposed share certain.
const CERTAIN: u64 = 10_000;

type Detections = BTreeMap<Cow<'static, str>, Detection>;

/// What is supposed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Supposed {
    gates: BTreeSet<String>,
    practices: BTreeSet<String>,
    metrics: BTreeMap<&'static str, f64>,
}

impl Supposed {
    /// Reads ids of gates, and metrics as `id=value` with values as the catalog writes them: `1 hour`, `5 %`.
    pub fn parse(catalog: &Catalog, gates: &[String], metrics: &[String]) -> Result<Self, EngineError> {
        let mut supposed = Self::default();
        for id in gates {
            let Some((_, gate)) = catalog.gate(id) else {
                let id = truelevel_model::printable(id);
                return Err(EngineError::Usage(format!("there is no gate `{id}`; `truelevel explain` lists all")));
            };
            supposed.gates.insert(id.clone());
            supposed.practices.extend(gate.requirement.conditions().iter().filter_map(|condition| {
                match &condition.subject {
                    Subject::Practice { practice, .. } => Some(practice.clone()),
                    Subject::Metric { .. } => None,
                }
            }));
        }
        for text in metrics {
            let (id, value) = parse_metric(text)?;
            supposed.metrics.insert(id, value);
        }
        Ok(supposed)
    }

    /// Whether a gate is supposed to be met.
    pub(crate) fn is_met(&self, gate: &str) -> bool {
        self.gates.contains(gate)
    }

    pub(crate) fn detections<'a>(&self, known: &'a Detections) -> Cow<'a, Detections> {
        if self.practices.is_empty() {
            return Cow::Borrowed(known);
        }
        let mut detections = known.clone();
        for practice in &self.practices {
            let locator = Locator::Facts { summary: "supposed".to_owned() };
            let evidence = Evidence { grade: Grade::Effective, locator, observed_at: Time::from_seconds(0) };
            detections.insert(Cow::Owned(practice.clone()), Detection::Present(vec![evidence]));
        }
        Cow::Owned(detections)
    }

    pub(crate) fn metrics<'a>(
        &self,
        known: &'a BTreeMap<&'static str, Measurement>,
    ) -> Cow<'a, BTreeMap<&'static str, Measurement>> {
        if self.metrics.is_empty() {
            return Cow::Borrowed(known);
        }
        let mut metrics = known.clone();
        for (id, value) in &self.metrics {
            if let Some(measured) = metrics.get_mut(id) {
                (measured.value, measured.low, measured.high) = (Some(*value), Some(*value), Some(*value));
                (measured.at_least, measured.note) = (None, None);
                (measured.is_proxy, measured.is_lower_bound) = (false, false);
                measured.n = measured.n.max(CERTAIN);
                measured.details.remove("failures");
                measured.unband();
            }
        }
        Cow::Owned(metrics)
    }

    pub(crate) fn before(&self, before: Before) -> Before {
        Before {
            detections: self.detections(&before.detections).into_owned(),
            metrics: self.metrics(&before.metrics).into_owned(),
        }
    }
}

fn parse_metric(text: &str) -> Result<(&'static str, f64), EngineError> {
    let shown = truelevel_model::printable(text);
    let usage = |what: &str| EngineError::Usage(format!("`{shown}`: {what}"));
    let (id, value) =
        text.split_once('=').ok_or_else(|| usage("write a metric and a value, as `change_lead_time=6 hours`"))?;
    let metric = METRICS.iter().find(|metric| metric.id == id.trim());
    let metric = metric.ok_or_else(|| usage("there is no such metric; `truelevel explain` lists all"))?;
    let value = quantity::parse_as(value, metric.unit).map_err(|wrong| usage(&format!("the value is {wrong}")))?;
    Ok((metric.id, value))
}

/// Where things stand.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Standing {
    /// The level.
    pub level: LevelRange,
    /// What each stage and lane has proven, in their order; in JSON an object.
    #[serde(serialize_with = "as_object")]
    pub stages: Vec<(String, Level)>,
    /// The first question that is not answered yes.
    pub question: Option<String>,
    /// Its answer.
    pub answer: Option<Answer>,
    /// The constraint in a sentence.
    pub statement: String,
    /// What to do about it.
    pub action: String,
}

/// What would come of what is supposed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WhatIf {
    /// What is supposed, a line each.
    pub supposed: Vec<String>,
    /// As it is.
    pub now: Standing,
    /// As it would be.
    pub then: Standing,
    /// How many services would stand at a higher level.
    pub services_raised: u64,
    /// How many services there are.
    pub services: u64,
    /// What would still hold the lowest stages.
    pub still_blocks: Vec<LowestGate>,
    /// What the plan would begin with.
    pub next: Vec<Action>,
}

/// Assesses twice: as it is, and as it is supposed to be.
pub fn what_if(
    workspace: &mut Workspace,
    request: &AssessRequest,
    (gates, metrics): (&[String], &[String]),
    talk: &dyn Talk,
) -> Result<WhatIf, EngineError> {
    if gates.is_empty() && metrics.is_empty() {
        return Err(EngineError::Usage("nothing is supposed; give --gate or --metric".to_owned()));
    }
    let supposed = Supposed::parse(&workspace.catalog()?, gates, metrics)?;
    let mut prepared = prepare(workspace, request, talk)?;
    let now = prepared.assess(talk);
    prepared.supposed = supposed;
    let then = prepared.assess(talk);
    let level = |assessment: &Assessment| -> Vec<u8> {
        assessment.each_service().map(|service| service.level.proven).collect()
    };
    let raised = level(&now).iter().zip(level(&then)).filter(|(now, then)| *now < then).count();
    Ok(WhatIf {
        supposed: gates.iter().map(|gate| format!("{gate} is met")).chain(metrics.iter().cloned()).collect(),
        now: standing(&now),
        services_raised: raised as u64,
        services: now.services.len() as u64,
        still_blocks: then.first_constraint.lowest_gates.clone(),
        next: then.roadmap.next.iter().take(3).cloned().collect(),
        then: standing(&then),
    })
}

fn as_object<S: Serializer>(stages: &[(String, Level)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(stages.iter().map(|(stage, level)| (stage, level)))
}

fn standing(assessment: &Assessment) -> Standing {
    let stages = assessment.stages.iter().chain(&assessment.lanes);
    let constraint = &assessment.first_constraint;
    Standing {
        level: assessment.level,
        stages: stages.map(|stage| (stage.stage.clone(), stage.proven)).collect(),
        question: constraint.question.clone(),
        answer: constraint.answer,
        statement: constraint.statement.clone(),
        action: constraint.action.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_does_not_exist_cannot_be_supposed() {
        let catalog = Catalog::embedded().unwrap();
        let check = |gates: &[&str], metrics: &[&str], expected: &str| {
            let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
            let found = Supposed::parse(&catalog, &owned(gates), &owned(metrics));
            match found {
                Ok(_) => assert_eq!(expected, ""),
                Err(error) => assert!(error.to_string().contains(expected) && !expected.is_empty(), "{error}"),
            }
        };
        check(&["no_such_gate"], &[], "there is no gate `no_such_gate`");
        check(&[], &["change_lead_time"], "write a metric and a value");
        check(&[], &["speed=3"], "no such metric");
        check(&[], &["change_lead_time=soon"], "no quantity");
        check(&[], &["change_lead_time=5 %"], "the value is no duration");
        check(&[], &["change_lead_time=-1 hour"], "no quantity");
        check(&[], &["change_fail_rate=150 %"], "the value is no share between 0 % and 100 %");
        check(&[], &["change_fail_rate=6 hours"], "no share");
        check(&[], &["deployment_frequency=3"], "no frequency");
        check(&[], &["deployment_batch_size=1 day"], "no number");
        check(&["the_golden_path_is_what_runs"], &["change_lead_time=6 hours", "change_fail_rate=5 %"], "");
    }
}
