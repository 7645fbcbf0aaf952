//! What to do next: the unmet gates of the lowest stages, the small ones first.

use std::cmp::Reverse;

use truelevel_model::assessment::{Action, GateOutcome, GateResult, Level, Roadmap, StageResult};

use crate::catalog::{Catalog, Gate};
use crate::conditions::Subject;

/// How many actions are shown.
const SHOWN: usize = 10;

/// What would move a gate: building it where it is missing, and showing it where it cannot be told.
fn action(gate: &Gate, result: &GateResult) -> String {
    let asks_for_practices =
        gate.requirement.conditions().iter().any(|condition| matches!(condition.subject, Subject::Practice { .. }));
    match result.outcome {
        GateOutcome::Unknown if result.is_intention => {
            format!("It is declared; show that it runs, with the pipeline's runs or deployments. {}", gate.how)
        }
        GateOutcome::Unknown if asks_for_practices => {
            format!(
                "Give the services' repositories with their files, so that it can be looked for. If it is missing: {}",
                gate.how
            )
        }
        _ => gate.how.clone(),
    }
}

/// Orders the next gates by lowest stage, what is known to be missing before what cannot be told, effort, and the
/// services that it unlocks.
pub fn plan(catalog: &Catalog, level: Level, stages: &[StageResult], services: u64) -> Roadmap {
    let phase = catalog.phases.iter().find(|phase| phase.from_level == level).or(catalog.phases.last());
    let mut actions = Vec::new();
    for stage in stages {
        for result in stage.gates.iter().filter(|result| result.level == stage.proven + 1) {
            let Some((_, gate)) = catalog.gate(&result.gate) else { continue };
            if matches!(result.outcome, GateOutcome::Met | GateOutcome::NotApplicable) {
                continue;
            }
            let unlocked = result.services.as_ref().map_or(services, |counts| counts.unmet + counts.unknown);
            let action = Action {
                gate: gate.id.clone(),
                stage: stage.stage.clone(),
                level: gate.level,
                action: action(gate, result),
                outcome: result.outcome,
                effort: gate.effort.as_str().to_owned(),
                services: unlocked,
            };
            actions.push(((gate.level, result.outcome, gate.effort, Reverse(unlocked)), action));
        }
    }
    actions.sort_by_key(|(order, _)| *order);
    Roadmap {
        phase: phase.map(|phase| phase.id.clone()).unwrap_or_default(),
        next: actions.into_iter().take(SHOWN).map(|(_, action)| action).collect(),
    }
}
