//! What to do next: the unmet gates of the lowest stages, the small ones first.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use truelevel_model::assessment::{
    Action, Expected, GateOutcome, GateResult, Level, PhaseResult, PhaseState, Roadmap, ServiceResult, StageResult,
    Unsettled,
};
use truelevel_model::{Span, Time};

use crate::catalog::{Catalog, Direction, Gate, Phase};
use crate::conditions::Subject;
use crate::levels::holds_from;

/// A gate must have held so many weekly snapshots before the next phase builds on it.
pub const WEEKS_TO_HOLD: u64 = 4;
/// How many actions are shown.
const SHOWN: usize = 25;

/// What would move a gate: building it where it is missing, and showing it where it is declared and not seen to run.
fn action(gate: &Gate, result: &GateResult) -> String {
    if result.outcome == GateOutcome::Unknown && result.is_intention {
        let proof = result.provable_by.as_ref().map(|by| format!(" What would prove it: {by}.")).unwrap_or_default();
        return format!("It is declared, and nothing shows it at work.{proof} {}", gate.how);
    }
    gate.how.clone()
}

/// What several services are planned from.
#[derive(Clone, Copy)]
pub struct Planned<'a> {
    /// The level that is proven.
    pub level: Level,
    /// The stages of all of them together.
    pub stages: &'a [StageResult],
    /// The lanes.
    pub lanes: &'a [StageResult],
    /// How many services there are.
    pub services: u64,
    /// The services that are judged.
    pub judged: &'a [&'a ServiceResult],
    /// In how many of the newest weekly snapshots in a row a gate was met.
    pub weeks_held: &'a dyn Fn(&str) -> u64,
    /// The instant that the plan starts from.
    pub as_of: Time,
}

/// Orders the next gates by lowest stage, what others wait for, what is known to be missing before what cannot be told,
/// effort, and the services that it unlocks.
pub fn plan(catalog: &Catalog, planned: Planned<'_>) -> Roadmap {
    let phase = catalog.phases.iter().find(|phase| phase.from_level == planned.level).or(catalog.phases.last());
    let open = |id: &str| planned.gates().any(|(_, result)| result.gate == id && is_open(result));
    let mut actions = Vec::new();
    // A lane is worked on in the phase before it holds the stages back.
    let holds = |stage: &&StageResult| planned.level + 1 >= holds_from(&stage.stage);
    for stage in planned.stages.iter().chain(planned.lanes).filter(holds) {
        for result in stage.gates.iter().filter(|result| result.level == stage.proven + 1 && is_open(result)) {
            let Some((_, gate)) = catalog.gate(&result.gate) else { continue };
            let unlocked = unlocked(result, planned.services);
            let action = Action {
                gate: gate.id.clone(),
                stage: stage.stage.clone(),
                level: gate.level,
                action: action(gate, result),
                outcome: result.outcome,
                effort: gate.effort.as_str().to_owned(),
                services: unlocked,
                waits_for: gate.needs.iter().filter(|need| open(need)).cloned().collect(),
                supply: gate.supply.as_str().to_owned(),
                expected: expected(catalog, &stage.stage, gate, planned.as_of),
            };
            let order = (gate.level, !action.waits_for.is_empty(), result.outcome, gate.effort, Reverse(unlocked));
            actions.push((order, action));
        }
    }
    actions.sort_by_key(|(order, _)| *order);
    Roadmap {
        phase: phase.map(|phase| phase.id.clone()).unwrap_or_default(),
        next: actions.into_iter().take(SHOWN).map(|(_, action)| action).collect(),
        phases: phases(catalog, planned),
        home_made: Vec::new(),
    }
}

impl<'a> Planned<'a> {
    fn gates(&self) -> impl Iterator<Item = (&'a StageResult, &'a GateResult)> + use<'a> {
        let stages = self.stages.iter().chain(self.lanes);
        stages.flat_map(|stage| stage.gates.iter().map(move |gate| (stage, gate)))
    }
}

const fn is_open(result: &GateResult) -> bool {
    matches!(result.outcome, GateOutcome::Unmet | GateOutcome::Unknown)
}

/// The services that meeting a gate would bring further.
fn unlocked(result: &GateResult, services: u64) -> u64 {
    result.services.as_ref().map_or(services, |counts| counts.unmet + counts.unknown)
}

/// What a gate's own metric, or else its stage's, should do; looked at again when its effort could have shown.
fn expected(catalog: &Catalog, stage: &str, gate: &Gate, as_of: Time) -> Option<Expected> {
    let usual = catalog.measures.iter().find(|measure| measure.stage == stage)?;
    // What moves first cannot be what should move after it: then the gate's metric leads, and the stage's follows.
    let own = gate.requirement.conditions().iter().find_map(|condition| match &condition.subject {
        Subject::Metric { metric, bound } if *metric != usual.leading => {
            Some((metric.clone(), if bound.is_lower { Direction::Up } else { Direction::Down }))
        }
        Subject::Metric { .. } | Subject::Practice { .. } => None,
    });
    let (metric, direction) = own.unwrap_or_else(|| (usual.moves.clone(), usual.direction));
    let days = i64::from(catalog.remeasure_days.of(gate.effort));
    Some(Expected {
        metric,
        direction: direction.as_str().to_owned(),
        leading: usual.leading.clone(),
        remeasure_on: as_of.plus(Span::from_millis(days * 86_400_000)).date(),
    })
}

/// Every phase with its gates: those that guard the level that it leads to, of the stages and of the lanes that hold them
/// back there.
fn phases(catalog: &Catalog, planned: Planned<'_>) -> Vec<PhaseResult> {
    let weigh = |result: &GateResult| {
        let effort = catalog.gate(&result.gate).map_or(0, |(_, gate)| catalog.effort_weight.of(gate.effort));
        u64::from(effort) * if is_open(result) { unlocked(result, planned.services) } else { 0 }
    };
    let of = |phase: &Phase| {
        let (from, to) = (phase.from_level, phase.to_level);
        let asked = planned.gates().filter(move |(stage, result)| {
            let first = holds_from(&stage.stage);
            // What a lane asks for below the level where it begins to hold is asked for there.
            (from < result.level.max(first)) && result.level.max(first) <= to
        });
        asked.map(|(_, result)| result).collect::<Vec<_>>()
    };
    let all: u64 = catalog.phases.iter().flat_map(of).map(weigh).sum();
    let mut is_before_settled = true;
    let shown = |phase: &Phase| {
        let gates = of(phase);
        let open: Vec<&&GateResult> = gates.iter().filter(|result| is_open(result)).collect();
        let held = |result: &&&GateResult| result.outcome == GateOutcome::Met;
        let unsettled: Vec<Unsettled> = gates
            .iter()
            .filter(held)
            .map(|result| Unsettled { gate: result.gate.clone(), weeks_held: (planned.weeks_held)(&result.gate) })
            .filter(|gate| gate.weeks_held < WEEKS_TO_HOLD)
            .collect();
        let state = match () {
            () if !is_before_settled => PhaseState::Waits,
            () if !open.is_empty() => PhaseState::Now,
            () if !unsettled.is_empty() => PhaseState::Settling,
            () => PhaseState::Done,
        };
        is_before_settled &= open.is_empty() && unsettled.is_empty();
        PhaseResult {
            phase: phase.id.clone(),
            title: phase.title.clone(),
            from_level: phase.from_level,
            to_level: phase.to_level,
            dominant_cost: phase.dominant_cost.clone(),
            typical_shape: phase.typical_shape.clone(),
            risk_if_underfunded: phase.risk_if_underfunded.clone(),
            state,
            gates: gates.len() as u64,
            teams: teams(planned.judged, &open),
            unsettled,
            open: open.iter().map(|result| result.gate.clone()).collect(),
            open_in_services: open.iter().map(|result| unlocked(result, planned.services)).sum(),
            weight: gates.iter().map(|result| weigh(result)).sum::<u64>() as f64 / all.max(1) as f64,
        }
    };
    catalog.phases.iter().map(shown).collect()
}

/// How many teams own a service that has one of these gates open; none where services belong to no team.
fn teams(services: &[&ServiceResult], open: &[&&GateResult]) -> Option<u64> {
    services.iter().find(|service| service.team.is_some())?;
    let open: BTreeSet<&str> = open.iter().map(|result| result.gate.as_str()).collect();
    let has_open = |service: &&&ServiceResult| {
        let mut gates = service.stages.iter().chain(&service.lanes).flat_map(|stage| &stage.gates);
        gates.any(|result| is_open(result) && open.contains(result.gate.as_str()))
    };
    let teams: BTreeSet<&String> =
        services.iter().filter(has_open).filter_map(|service| service.team.as_ref()).collect();
    Some(teams.len() as u64)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::STAGES;
    use crate::levels::{granted, lowest};

    /// Stages whose gates are all met but these.
    fn stages(catalog: &Catalog, is_stage: bool, open: &[(&str, GateOutcome)]) -> Vec<StageResult> {
        let stages = catalog.stages.iter().filter(|stage| STAGES.contains(&stage.id.as_str()) == is_stage);
        stages
            .map(|stage| {
                let outcome =
                    |gate: &Gate| open.iter().find(|(id, _)| *id == gate.id).map_or(GateOutcome::Met, |it| it.1);
                let judged = |gate: &Gate| GateResult::new(&gate.id, gate.level, "", outcome(gate), String::new());
                granted(&stage.id, stage.gates.iter().map(judged).collect())
            })
            .collect()
    }

    fn planned(open: &[(&str, GateOutcome)]) -> Roadmap {
        planned_after(open, &|_| WEEKS_TO_HOLD)
    }

    fn planned_after(open: &[(&str, GateOutcome)], weeks_held: &dyn Fn(&str) -> u64) -> Roadmap {
        let catalog = Catalog::embedded().unwrap();
        let (stages, lanes) = (stages(&catalog, true, open), stages(&catalog, false, open));
        let level = lowest(&stages).proven;
        let as_of = Time::from_seconds(0);
        let (stages, lanes) = (&stages[..], &lanes[..]);
        plan(&catalog, Planned { level, stages, lanes, services: 4, judged: &[], weeks_held, as_of })
    }

    use GateOutcome::{Unknown, Unmet};

    #[test]
    fn what_others_wait_for_comes_first_and_the_lowest_stage_before_all() {
        let open = [
            ("deployments_are_weekly_or_better", Unmet),
            ("deployment_is_automatic", Unknown),
            ("builds_are_repeatable", Unmet),
            ("few_deployments_fail", Unmet),
        ];
        let found = planned(&open);
        let order: Vec<&str> = found.next.iter().map(|action| action.gate.as_str()).collect();
        assert_eq!(order, ["builds_are_repeatable", "deployment_is_automatic", "deployments_are_weekly_or_better"]);
        assert_eq!(found.next[2].waits_for, ["deployment_is_automatic"]);
        let expected = found.next[2].expected.as_ref().unwrap();
        assert_eq!((expected.metric.as_str(), expected.direction.as_str()), ("deployment_frequency", "up"));
        assert_eq!(expected.remeasure_on, "1970-02-26", "56 days for weeks of work");
        assert_eq!(found.next[0].supply, "own_work");
    }

    #[test]
    fn a_phase_waits_for_the_one_before_and_lanes_are_asked_where_they_hold() {
        let found = planned(&[("builds_are_repeatable", Unmet), ("shared_pipelines_are_used", Unmet)]);
        let states: Vec<PhaseState> = found.phases.iter().map(|phase| phase.state).collect();
        assert_eq!(states, [PhaseState::Done, PhaseState::Now, PhaseState::Waits, PhaseState::Waits]);
        assert_eq!(found.phases[1].open, ["builds_are_repeatable"]);
        assert_eq!(found.phases[2].open, ["shared_pipelines_are_used"], "the platform holds from level 4 on");
        assert_eq!((found.phases[1].open_in_services, found.phases[2].open_in_services), (4, 4));
        let weights: Vec<f64> = found.phases.iter().map(|phase| phase.weight).collect();
        assert_eq!(weights, [0.0, 0.2, 0.8, 0.0], "days of work beside weeks");
        assert!(planned(&[]).phases.iter().all(|phase| phase.state == PhaseState::Done));
    }

    #[test]
    fn a_phase_waits_until_what_is_met_before_it_has_held_for_four_weeks() {
        let held = |gate: &str| if gate == "builds_are_repeatable" { 3 } else { WEEKS_TO_HOLD };
        let found = planned_after(&[("shared_pipelines_are_used", Unmet)], &held);
        let states: Vec<PhaseState> = found.phases.iter().map(|phase| phase.state).collect();
        assert_eq!(states, [PhaseState::Done, PhaseState::Settling, PhaseState::Waits, PhaseState::Waits]);
        let unsettled = [Unsettled { gate: "builds_are_repeatable".into(), weeks_held: 3 }];
        assert_eq!(found.phases[1].unsettled, unsettled);
        let fresh = planned_after(&[], &|_| 0);
        assert_eq!(fresh.phases[0].state, PhaseState::Settling, "nothing has been seen to hold yet");
    }

    #[test]
    fn what_moves_first_is_never_what_should_move_after_it() {
        let catalog = Catalog::embedded().unwrap();
        for stage in &catalog.stages {
            for gate in &stage.gates {
                let expected = expected(&catalog, &stage.id, gate, Time::from_seconds(0)).unwrap();
                assert_ne!(expected.metric, expected.leading, "{}", gate.id);
            }
        }
    }
}
