//! Several services together: a stage stands where at least 80 % of the active services have reached, and the level
//! is the lowest stage. Nothing is averaged.

use truelevel_model::assessment::{GateOutcome, GateResult, GateServices, Level, StageResult};

use crate::catalog::Stage;

/// Whether so many of all services carry a claim for all: four of five.
pub fn carries(part: usize, whole: usize) -> bool {
    whole > 0 && part * 5 >= whole * 4
}

/// Whether so many of all services deny a claim that the others cannot carry it.
pub fn denies(part: usize, whole: usize) -> bool {
    part * 5 > whole
}

/// Rolls one stage or lane up over services.
pub fn roll_up(stage: &Stage, services: &[&StageResult]) -> StageResult {
    if let [only] = services {
        return (*only).clone();
    }
    let gates: Vec<GateResult> = stage
        .gates
        .iter()
        .map(|gate| {
            let judged: Vec<&GateResult> = services
                .iter()
                .filter_map(|service| service.gates.iter().find(|result| result.gate == gate.id))
                .collect();
            let of = |outcome| judged.iter().filter(|result| result.outcome == outcome).count() as u64;
            let counts = GateServices {
                met: of(GateOutcome::Met),
                unmet: of(GateOutcome::Unmet),
                unknown: of(GateOutcome::Unknown),
                not_applicable: of(GateOutcome::NotApplicable),
                exempted: judged.iter().filter(|result| result.exemption.is_some()).count() as u64,
            };
            let outcome = outcome(&counts);
            let because = format!(
                "of {} services, {} met, {} unmet, {} cannot tell",
                judged.len(),
                counts.met,
                counts.unmet,
                counts.unknown
            );
            let intention = judged.iter().find(|result| outcome == GateOutcome::Unknown && result.is_intention);
            GateResult {
                is_intention: intention.is_some(),
                provable_by: intention.and_then(|result| result.provable_by.clone()),
                services: Some(counts),
                ..GateResult::new(&gate.id, gate.level, &gate.statement, outcome, because)
            }
        })
        .collect();
    let proven = reached(services.iter().map(|service| service.proven));
    let mut result = crate::levels::granted(&stage.id, gates);
    if services.is_empty() {
        "there is no active service".clone_into(&mut result.held_by);
    } else if result.proven != proven || result.held_by.is_empty() {
        let below = services.iter().filter(|service| service.proven <= proven).count();
        result.held_by = format!("{below} of {} services stand at level {proven} or below", services.len());
    }
    result.proven = proven;
    result.possible = reached(services.iter().map(|service| service.possible));
    let with_exemptions = crate::levels::with_exemptions(services.iter().copied());
    result.with_exemptions = with_exemptions.map(|levels| reached(levels.into_iter()));
    result.declared = services.iter().filter_map(|service| service.declared).min();
    result
}

/// The highest level that at least 80 % have reached.
fn reached(levels: impl Iterator<Item = Level>) -> Level {
    let levels: Vec<Level> = levels.collect();
    let at_least = |level: Level| levels.iter().filter(|reached| **reached >= level).count();
    (2..=5).take_while(|level| carries(at_least(*level), levels.len())).last().unwrap_or(1)
}

fn outcome(counts: &GateServices) -> GateOutcome {
    let (met, unmet) = (counts.met as usize, counts.unmet as usize);
    let asked = met + unmet + counts.unknown as usize;
    match () {
        () if asked == 0 && counts.not_applicable > 0 => GateOutcome::NotApplicable,
        () if asked == 0 => GateOutcome::Unknown,
        () if carries(met, asked) => GateOutcome::Met,
        () if denies(unmet, asked) => GateOutcome::Unmet,
        () => GateOutcome::Unknown,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn four_of_five_services_carry_a_level() {
        assert_eq!(reached([3, 3, 3, 3, 1].into_iter()), 3);
        assert_eq!(reached([3, 3, 3, 1, 1].into_iter()), 1);
        assert_eq!(reached([5, 4, 3, 2, 2].into_iter()), 2, "the average would be 3.2");
        assert_eq!(reached([].into_iter()), 1);
    }
}
