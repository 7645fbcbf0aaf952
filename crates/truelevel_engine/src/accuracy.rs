//! How often findings are right: made-up organisations in which nothing is wrong, or one thing.
//!
//! What is planted stands in [`FAULTS`], what it is planted in in [`GROUNDS`]. `cargo xtask accuracy findings` counts over
//! many seeds and writes `docs/accuracy-of-findings.md`; a few seeds of it run with the tests.

use std::collections::BTreeSet;

use truelevel_model::Time;
use truelevel_model::assessment::{Answer, Assessment};
use truelevel_model::trend::TrendVerdict;

use crate::assess::{AssessRequest, assess};
use crate::config::Config;
use crate::demo::{AiEffect, Constraint, Detail, Effects, Plan, fill};
pub use crate::demo::{FAULTS, Fault};
use crate::{EngineError, Silent, Workspace, WorkspaceSource, snapshots};

/// A finding on clean data may come up in so many organisations of a hundred.
pub const FALSE_ALARMS_ALLOWED: f64 = 0.05;

/// Findings that say what is there, without an estimate: in an organisation of which they are true they are no false alarm.
pub const COUNTED: &[&str] = &[
    "averaged_stages",
    "exemptions_inflated",
    "intentions_scored",
    "releases_counted_as_deployments",
    "small_samples",
];

/// An organisation in which nothing is wrong: quick, stable, on a golden path, every team alike but for a few percent.
pub struct Ground {
    /// Its name.
    pub name: &'static str,
    /// How many services it has.
    pub services: u32,
    /// How many weeks of its past are known.
    pub weeks: u32,
    /// Production deployments of a service on a working day.
    pub per_working_day: f64,
    /// Median lead time in hours.
    pub lead_time_hours: f64,
    /// Whether it has what the comparisons of golden paths and AI need, without any effect.
    pub is_compared: bool,
}

/// All of them.
pub static GROUNDS: &[Ground] = &[
    Ground { name: "small", services: 6, weeks: 14, per_working_day: 4.0, lead_time_hours: 6.0, is_compared: false },
    Ground { name: "middle", services: 12, weeks: 14, per_working_day: 2.0, lead_time_hours: 6.0, is_compared: false },
    Ground { name: "slow", services: 12, weeks: 14, per_working_day: 0.4, lead_time_hours: 24.0, is_compared: false },
    Ground {
        name: "half_year",
        services: 12,
        weeks: 28,
        per_working_day: 1.0,
        lead_time_hours: 12.0,
        is_compared: false,
    },
    Ground { name: "large", services: 60, weeks: 28, per_working_day: 0.6, lead_time_hours: 24.0, is_compared: true },
];

/// The constraints that are planted, each with the question that asks for it.
pub static CONSTRAINTS: &[(Constraint, &str)] = &[
    (Constraint::ChangeApproval, "deploy_on_demand"),
    (Constraint::LeadTime, "lead_time_under_a_day"),
    (Constraint::Stability, "stable_and_quick_to_recover"),
    (Constraint::Consistency, "consistent_on_a_platform"),
];

/// The plan of a seed that a constraint holds back.
pub fn held_back(constraint: Constraint, services: u32, seed: u64) -> Plan {
    Plan { constraint, services, effects: Effects::default(), ..GROUNDS[0].clean(seed) }
}

/// The first question of an assessment of the plan's organisation that is not answered yes, with its answer, once the
/// organisation is in the workspace.
///
/// # Errors
/// When the workspace cannot be written, or the assessment fails.
pub fn first_constraint(
    plan: &Plan,
    workspace: &mut Workspace,
) -> Result<(Option<String>, Option<Answer>), EngineError> {
    let found = assessed(plan, workspace)?.first_constraint;
    Ok((found.question, found.answer))
}

impl Ground {
    /// The plan of a seed, with nothing wrong in it.
    pub fn clean(&self, seed: u64) -> Plan {
        let compared = self.is_compared.then_some(AiEffect { share: 0.5, lead_time: 1.0, batch: 1.0 });
        let effects = Effects {
            golden_path: compared.map(|_| 1.0),
            ai: compared,
            pace: Some((self.per_working_day, self.lead_time_hours)),
            faults: Vec::new(),
        };
        // The end of a Friday: the last day has its share, and the trends a whole week before.
        let as_of = Time::from_seconds(1_787_331_600);
        let (services, weeks) = (self.services, self.weeks);
        Plan { seed, services, weeks, as_of, constraint: Constraint::None, detail: Detail::Full, batch: 1.0, effects }
    }
}

impl Fault {
    /// The plan of a seed with this fault in it, of a size.
    pub fn planted(&'static self, seed: u64, size: f64) -> Option<Plan> {
        let ground = GROUNDS.iter().find(|ground| ground.name == self.ground)?;
        let mut plan = ground.clean(seed);
        plan.effects.plant(self, size);
        Some(plan)
    }

    /// The plan of a seed with this fault and another one in it, both strong; none where they need different ground.
    pub fn planted_beside(&'static self, other: &'static Self, seed: u64) -> Option<Plan> {
        let mut plan = self.planted(seed, self.sizes[2]).filter(|_| self.ground == other.ground)?;
        plan.effects.plant(other, other.sizes[2]);
        Some(plan)
    }
}

/// What an assessment of the plan's organisation claims, once it is in the workspace: pitfalls by their id, and
/// comparisons by their place in the assessment, as `trends.change_lead_time`.
///
/// # Errors
/// When the workspace cannot be written, or the assessment fails.
pub fn findings(plan: &Plan, workspace: &mut Workspace) -> Result<BTreeSet<String>, EngineError> {
    Ok(claims(&assessed(plan, workspace)?))
}

fn assessed(plan: &Plan, workspace: &mut Workspace) -> Result<Assessment, EngineError> {
    fill(workspace, plan, &Silent)?;
    look_back(workspace, plan)?;
    let request = AssessRequest {
        as_of: Some(plan.as_of),
        now: plan.as_of,
        window_days: None,
        edition: None,
        services: Vec::new(),
    };
    assess(workspace, &request, &Silent)
}

/// Takes the snapshots that what is planted is about, each by the configuration of its day, and leaves the answer's.
fn look_back(workspace: &mut Workspace, plan: &Plan) -> Result<(), EngineError> {
    let WorkspaceSource::File(file) = workspace.source.clone() else { return Ok(()) };
    let usual = workspace.configuration_text()?.unwrap_or_default();
    for look in plan.looks() {
        std::fs::write(&file, format!("{usual}{}", look.configuration))
            .map_err(|error| EngineError::Usage(format!("{} cannot be written: {error}", file.display())))?;
        workspace.config = Config::read(&file)?;
        if look.weeks_ago > 0 {
            snapshots::take(workspace, Some(look.as_of), look.taken_at, &Silent)?;
        }
    }
    Ok(())
}

/// What an assessment claims: pitfalls by their id, and comparisons by their place in it.
pub fn claims(assessment: &Assessment) -> BTreeSet<String> {
    let mut claims: BTreeSet<String> = assessment.pitfalls.iter().map(|found| found.pitfall.clone()).collect();
    let moves = |verdict| matches!(verdict, TrendVerdict::Rising | TrendVerdict::Falling);
    let trends = assessment.trends.iter().filter(|(_, trend)| moves(trend.direction.verdict));
    claims.extend(trends.map(|(metric, _)| format!("trends.{metric}")));
    let outcomes = assessment.platform.iter().flat_map(|platform| &platform.outcomes).filter(|found| found.differs);
    claims.extend(outcomes.map(|found| format!("platform.outcomes.{}", found.metric)));
    let Some(ai) = &assessment.ai else { return claims };
    let dose = ai.dose.iter().filter(|found| found.is_shown);
    claims.extend(dose.map(|found| format!("ai.dose.{}", found.metric)));
    let began = ai.event_study.iter().flat_map(|study| &study.outcomes).filter(|found| found.is_shown);
    claims.extend(began.map(|found| format!("ai.event_study.{}", found.outcome)));
    claims
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use truelevel_metrics::statistics::wilson_interval;

    use super::*;
    use crate::demo::tests::empty;

    fn found(plan: &Plan) -> BTreeSet<String> {
        let (_folder, mut workspace) = empty();
        findings(plan, &mut workspace).unwrap()
    }

    #[test]
    fn a_clean_organisation_raises_no_finding_more_often_than_documented() {
        for ground in GROUNDS.iter().filter(|ground| ground.services < 60) {
            let (seeds, mut alarms) = (8, BTreeMap::<String, u64>::new());
            for seed in 1..=seeds {
                let found = self::found(&ground.clean(seed));
                found.into_iter().for_each(|finding| *alarms.entry(finding).or_default() += 1);
            }
            for (finding, raised) in alarms.iter().filter(|(finding, _)| !COUNTED.contains(&finding.as_str())) {
                let low = wilson_interval(*raised, seeds).unwrap().low;
                assert!(low <= FALSE_ALARMS_ALLOWED, "{}: {finding} in {raised} of {seeds} seeds", ground.name);
            }
        }
    }

    #[test]
    fn snapshots_in_which_little_is_wrong_raise_nothing_and_a_middling_fault_in_them_is_found() {
        for finding in ["definition_drift", "exemptions_renewed", "window_shopping"] {
            let fault = FAULTS.iter().find(|fault| fault.finding == finding).unwrap();
            let [weak, middling, _] = fault.sizes.map(|size| self::found(&fault.planted(1, size).unwrap()));
            assert!(!weak.contains(finding) && middling.contains(finding), "{finding}: {weak:?}, {middling:?}");
        }
    }

    #[test]
    fn a_strong_fault_of_every_kind_is_found() {
        for fault in FAULTS {
            let found = self::found(&fault.planted(1, fault.sizes[2]).unwrap());
            assert!(found.contains(fault.finding), "{}: only {found:?}", fault.finding);
        }
    }
}
