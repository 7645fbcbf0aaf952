//! Granting levels: a stage stands at the highest level whose gates, and all below, are met.

use truelevel_model::assessment::{GateOutcome, GateResult, Level, LevelRange, StageResult};
use truelevel_model::deployment_data::DeploymentData;

use crate::catalog::{Catalog, LANES, STAGES, Stage};
use crate::conditions::{Known, judge};
use crate::own::{Exemption, exempt};

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

/// The level from which a stage or lane holds the others back: a stage always does.
pub(crate) fn holds_from(stage: &str) -> Level {
    match stage {
        "platform" => PLATFORM_HOLDS_FROM,
        "security" => SECURITY_HOLDS_FROM,
        _ => 2,
    }
}

/// What stands beside the evidence of a gate.
#[derive(Clone, Copy)]
pub struct Waiver<'a, 'e> {
    /// Finds the exemption that covers a gate of the service.
    pub exemption: &'a dyn Fn(&str) -> Option<&'e Exemption>,
    /// Whether a gate is supposed to be met, whatever is known.
    pub is_supposed: &'a dyn Fn(&str) -> bool,
}

/// Judges every gate of one service and grants its stages.
pub fn judge_service(
    catalog: &Catalog,
    known: Known<'_>,
    deployment_data: DeploymentData,
    waiver: Waiver<'_, '_>,
) -> ServiceStages {
    let judged = |ids: &[&str]| {
        let stages = catalog.stages.iter().filter(|stage| ids.contains(&stage.id.as_str()));
        stages.map(|stage| judge_stage(stage, known, deployment_data, waiver)).collect::<Vec<_>>()
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
        with_exemptions: with_exemptions(stages.iter()).and_then(|levels| levels.into_iter().min()),
    }
}

/// The level of each stage with exemptions; none where no stage has any.
pub(crate) fn with_exemptions<'s>(stages: impl Iterator<Item = &'s StageResult> + Clone) -> Option<Vec<Level>> {
    let has_any = stages.clone().any(|stage| stage.with_exemptions.is_some());
    has_any.then(|| stages.map(|stage| stage.with_exemptions.unwrap_or(stage.proven)).collect())
}

fn judge_stage(
    stage: &Stage,
    known: Known<'_>,
    deployment_data: DeploymentData,
    waiver: Waiver<'_, '_>,
) -> StageResult {
    let gates: Vec<GateResult> = stage
        .gates
        .iter()
        .map(|gate| {
            let verdict = judge(&gate.requirement, known);
            let because = verdict.because.join("; ");
            let mut result = GateResult {
                is_intention: verdict.is_intention,
                provable_by: verdict.is_intention.then(|| verdict.provable_by.join("; ")),
                evidence: verdict.evidence,
                own_thresholds: verdict.own_thresholds,
                with_exemptions: (verdict.eased != verdict.outcome).then_some(verdict.eased),
                ..GateResult::new(&gate.id, gate.level, &gate.statement, verdict.outcome, because)
            };
            exempt(&mut result, (waiver.exemption)(&gate.id));
            if (waiver.is_supposed)(&gate.id) {
                (result.outcome, result.is_intention, result.because) =
                    (GateOutcome::Met, false, "supposed".to_owned());
                result.provable_by = None;
            }
            result
        })
        .collect();
    let mut result = granted(&stage.id, gates);
    if deployment_data == DeploymentData::None && result.proven > HIGHEST_WITHOUT_DELIVERY_DATA {
        result.proven = HIGHEST_WITHOUT_DELIVERY_DATA;
        result.with_exemptions = result.with_exemptions.map(|level| level.min(HIGHEST_WITHOUT_DELIVERY_DATA));
        "there is no delivery data, and nothing is proven above level 2 without".clone_into(&mut result.held_by);
    }
    result
}

/// Grants a stage from its judged gates, lowest level first.
pub fn granted(stage: &str, gates: Vec<GateResult>) -> StageResult {
    let highest = gates.iter().map(|gate| gate.level).max().unwrap_or(1);
    let reached = |holds: &dyn Fn(&GateResult) -> bool| {
        (2..=highest)
            .take_while(|level| gates.iter().filter(|gate| gate.level == *level).all(holds))
            .last()
            .unwrap_or(1)
    };
    let is_met = |outcome| matches!(outcome, GateOutcome::Met | GateOutcome::NotApplicable);
    let proven = reached(&|gate| is_met(gate.outcome));
    let possible = reached(&|gate| gate.outcome != GateOutcome::Unmet);
    let has_exemptions = gates.iter().any(|gate| gate.with_exemptions.is_some());
    let with_exemptions = has_exemptions.then(|| reached(&|gate| is_met(gate.with_exemptions.unwrap_or(gate.outcome))));
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
    StageResult { stage: stage.to_owned(), proven, possible, declared: None, with_exemptions, held_by, gates }
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
        let lane_level = lane.with_exemptions.unwrap_or(lane.proven);
        stage.with_exemptions = stage.with_exemptions.map(|level| held(level, lane_level));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(level: Level, outcome: GateOutcome) -> GateResult {
        GateResult::new(&format!("g{level}"), level, "s", outcome, String::new())
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
    fn an_exemption_changes_the_level_with_exemptions_and_never_what_is_proven() {
        let exempted = GateResult { with_exemptions: Some(Met), ..gate(3, Unmet) };
        let stage = granted("build", vec![gate(2, Met), exempted, gate(4, Unmet)]);
        assert_eq!((stage.proven, stage.possible, stage.with_exemptions), (2, 2, Some(3)));
        let other = granted("test", vec![gate(2, Met), gate(3, Met)]);
        assert_eq!(lowest(&[stage, other.clone()]).with_exemptions, Some(3));
        assert_eq!(lowest(&[other]).with_exemptions, None);
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
