//! Averages that hide stages.

use super::{Found, PitfallKind, Seen};

truelevel_model::declare! {
    /// Averages that hide stages
    ///
    /// Raised when the mean of the stages lies half a level or more above the lowest one.
    pub static AVERAGED_STAGES: PitfallKind = {
        id: "averaged_stages",
        find: find,
    };
}

fn find(seen: &Seen<'_>) -> Option<Found> {
    let mean = seen.stages.iter().map(|stage| f64::from(stage.proven)).sum::<f64>() / seen.stages.len().max(1) as f64;
    let below = seen.stages.iter().filter(|stage| f64::from(stage.proven) < mean);
    let hidden: Vec<&str> = below.map(|stage| stage.stage.as_str()).collect();
    let gap = mean - f64::from(seen.level.proven);
    (gap >= 0.5).then(|| Found {
        finding: format!("an average over the stages would say {mean:.1} and hide {}", hidden.join(", ")),
        effect: Some(format!("{gap:.1} levels too high")),
        response: format!("the level is that of the lowest stage: {}", seen.level.proven),
        ..Found::default()
    })
}
