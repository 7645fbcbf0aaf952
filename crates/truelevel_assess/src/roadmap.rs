//! What to do next: the unmet gates of the lowest stages, the small ones first.

use std::cmp::Reverse;

use truelevel_model::assessment::{Action, GateOutcome, Level, Roadmap, StageResult};

use crate::catalog::Catalog;

/// How many actions are shown.
const SHOWN: usize = 10;

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
                action: gate.how.clone(),
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
