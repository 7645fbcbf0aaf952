//! Granting levels: a stage stands at the highest level whose gates, and all below, are met.

use truelevel_model::assessment::{GateOutcome, GateResult, Level, LevelRange, StageResult};
use truelevel_model::deployment_data::DeploymentData;

use crate::catalog::{Catalog, LANES, STAGES, Stage};
use crate::conditions::{Known, judge};

/// Without delivery data nothing can be proven above this: that one measures is itself a sign of maturity.
const HIGHEST_WITHOUT_DELIVERY_DATA: Level = 2;

/// The level from which the platform lane holds the stages back.
const PLATFORM_HOLDS_FROM: Level = 4;
/// The level from which the security lane holds the stages back.
const SECURITY_HOLDS_FROM: Level = 5;

/// The stages and lanes of one service.
#[derive(Clone, Debug)]
pub struct ServiceStages {
    /// The five stages.
    pub stages: Vec<StageResult>,
    /// The lanes.
    pub lanes: Vec<StageResult>,
}

/// Judges every gate of one service and grants its stages.
pub fn judge_service(catalog: &Catalog, known: Known<'_>, deployment_data: DeploymentData) -> ServiceStages {
    let judged = |ids: &[&str]| {
        let stages = catalog.stages.iter().filter(|stage| ids.contains(&stage.id.as_str()));
        stages.map(|stage| judge_stage(stage, known, deployment_data)).collect::<Vec<_>>()
    };
    let lanes = judged(&LANES);
    let mut stages = judged(&STAGES);
    for stage in &mut stages {
        hold_back(stage, &lanes);
    }
    ServiceStages { stages, lanes }
}

/// The level of a service: its lowest stage, never the average.
pub fn lowest(stages: &[StageResult]) -> LevelRange {
    LevelRange {
        proven: stages.iter().map(|stage| stage.proven).min().unwrap_or(1),
        possible: stages.iter().map(|stage| stage.possible).min().unwrap_or(1),
        declared: stages.iter().filter_map(|stage| stage.declared).min(),
    }
}

fn judge_stage(stage: &Stage, known: Known<'_>, deployment_data: DeploymentData) -> StageResult {
    let gates: Vec<GateResult> = stage
        .gates
        .iter()
        .map(|gate| {
            let verdict = judge(&gate.requirement, known);
            GateResult {
                gate: gate.id.clone(),
                level: gate.level,
                statement: gate.statement.clone(),
                outcome: verdict.outcome,
                because: verdict.because.join("; "),
                is_intention: verdict.is_intention,
                evidence: verdict.evidence,
                services: None,
            }
        })
        .collect();
    let mut result = granted(&stage.id, gates);
    if deployment_data == DeploymentData::None && result.proven > HIGHEST_WITHOUT_DELIVERY_DATA {
        result.proven = HIGHEST_WITHOUT_DELIVERY_DATA;
        "there is no delivery data, and nothing is proven above level 2 without".clone_into(&mut result.held_by);
    }
    result
}

/// Grants a stage from its judged gates, lowest level first.
pub fn granted(stage: &str, gates: Vec<GateResult>) -> StageResult {
    let highest = gates.iter().map(|gate| gate.level).max().unwrap_or(1);
    let reached = |holds: &dyn Fn(GateOutcome) -> bool| {
        (2..=highest)
            .take_while(|level| gates.iter().filter(|gate| gate.level == *level).all(|gate| holds(gate.outcome)))
            .last()
            .unwrap_or(1)
    };
    let proven = reached(&|outcome| matches!(outcome, GateOutcome::Met | GateOutcome::NotApplicable));
    let possible = reached(&|outcome| outcome != GateOutcome::Unmet);
    let next: Vec<&GateResult> = gates
        .iter()
        .filter(|gate| {
            gate.level == proven + 1 && !matches!(gate.outcome, GateOutcome::Met | GateOutcome::NotApplicable)
        })
        .collect();
    let unmet = next.iter().find(|gate| gate.outcome == GateOutcome::Unmet);
    let held_by = match unmet.or(next.first()) {
        Some(gate) if gate.outcome == GateOutcome::Unmet => format!("unmet: {}", gate.statement),
        Some(gate) if gate.is_intention => format!("declared, not shown to run: {}", gate.statement),
        Some(gate) => format!("cannot tell: {}", gate.statement),
        None if proven == 5 => String::new(),
        None => format!("the catalog has no gate above level {proven} yet"),
    };
    StageResult { stage: stage.to_owned(), proven, possible, declared: None, held_by, gates }
}

fn hold_back(stage: &mut StageResult, lanes: &[StageResult]) {
    for (lane, from) in [("platform", PLATFORM_HOLDS_FROM), ("security", SECURITY_HOLDS_FROM)] {
        let Some(lane) = lanes.iter().find(|result| result.stage == lane) else { continue };
        let held =
            |level: Level, lane_level: Level| if level >= from { level.min(lane_level.max(from - 1)) } else { level };
        let proven = held(stage.proven, lane.proven);
        if proven < stage.proven {
            stage.held_by = format!("the {} lane stands at level {}", lane.stage, lane.proven);
        }
        stage.proven = proven;
        stage.possible = held(stage.possible, lane.possible);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(level: Level, outcome: GateOutcome) -> GateResult {
        GateResult {
            gate: format!("g{level}"),
            level,
            statement: "s".into(),
            outcome,
            because: String::new(),
            is_intention: false,
            evidence: Vec::new(),
            services: None,
        }
    }

    fn check(outcomes: &[(Level, GateOutcome)], proven: Level, possible: Level) {
        let gates = outcomes.iter().map(|(level, outcome)| gate(*level, *outcome)).collect();
        let stage = granted("build", gates);
        assert_eq!((stage.proven, stage.possible), (proven, possible), "{outcomes:?}");
    }

    use GateOutcome::{Met, NotApplicable, Unknown, Unmet};

    #[test]
    fn a_level_needs_all_gates_of_it_and_below() {
        check(&[(2, Met), (3, Met), (3, Unmet), (4, Met)], 2, 2);
        check(&[(2, Unmet), (3, Met)], 1, 1);
        check(&[(2, Met), (3, Met), (4, Met), (5, Met)], 5, 5);
        check(&[], 1, 1);
    }

    #[test]
    fn unknown_counts_as_unmet_for_proven_and_as_met_for_possible() {
        check(&[(2, Met), (3, Unknown), (4, Met), (5, Unmet)], 2, 4);
        check(&[(2, Unknown), (3, Unmet)], 1, 2);
    }

    #[test]
    fn what_is_not_applicable_holds_nothing_back() {
        check(&[(2, NotApplicable), (3, Met)], 3, 3);
    }

    #[test]
    fn lanes_hold_the_stages_back_from_their_levels_on() {
        let mut stage = granted("build", vec![gate(2, Met), gate(3, Met), gate(4, Met), gate(5, Met)]);
        let platform = granted("platform", vec![gate(2, Met), gate(3, Unmet)]);
        hold_back(&mut stage, &[platform]);
        assert_eq!((stage.proven, stage.possible), (3, 3));
        assert!(stage.held_by.contains("platform"));
        let mut low = granted("build", vec![gate(2, Met), gate(3, Met), gate(4, Unmet)]);
        hold_back(&mut low, &[granted("platform", Vec::new())]);
        assert_eq!(low.proven, 3, "below level 4 the lane holds nothing back");
    }
}
