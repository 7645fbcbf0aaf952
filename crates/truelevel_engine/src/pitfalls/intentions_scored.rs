//! Intentions scored as practice.

use super::{Found, PitfallKind, Seen};

truelevel_model::declare! {
    /// Intentions scored as practice
    ///
    /// Raised when a gate's practice is declared in files and nothing shows it running.
    pub static INTENTIONS_SCORED: PitfallKind = {
        id: "intentions_scored",
        find: find,
    };
}

fn find(seen: &Seen<'_>) -> Option<Found> {
    let gates = seen.stages.iter().flat_map(|stage| &stage.gates).filter(|gate| gate.is_intention);
    let declared: Vec<String> = gates.map(|gate| gate.gate.clone()).collect();
    let (possible, proven) = (seen.level.possible, seen.level.proven);
    (!declared.is_empty()).then(|| Found {
        finding: format!(
            "{} declared in files, and nothing known shows it running",
            if declared.len() == 1 { "1 gate is".to_owned() } else { format!("{} gates are", declared.len()) }
        ),
        effect: (possible > proven).then(|| format!("part of the way from level {proven} to level {possible}")),
        response: "they are listed as intentions and raise only the possible level".into(),
        evidence: declared,
        ..Found::default()
    })
}
