//! Clocks in disagreement.

use super::{Found, PitfallKind, Seen};

truelevel_model::declare! {
    /// Clocks in disagreement
    ///
    /// Raised when more than one of a hundred shipped changes, and at least five, have a negative duration or no usable time.
    pub static CLOCKS_IN_DISAGREEMENT: PitfallKind = {
        id: "clocks_in_disagreement",
        find: find,
    };
}

/// Fewer are chance.
const FEWEST: u64 = 5;

fn find(seen: &Seen<'_>) -> Option<Found> {
    let (negative, mut services) = seen.left_out("negative_duration");
    let (unset, more) = seen.left_out("unset_clock");
    let shipped: u64 =
        seen.services.iter().filter_map(|found| found.metrics.get("change_lead_time")).map(|m| m.n).sum();
    let wrong = negative + unset;
    services.extend(more);
    services.sort();
    services.dedup();
    (wrong >= FEWEST && wrong * 100 > shipped + wrong).then(|| Found {
        finding: format!("{negative} changes seem deployed before they were written, {unset} have no usable time"),
        effect: Some(format!("{wrong} of {} lead times are not known", shipped + wrong)),
        response: "they count as shipped and their durations are not used".into(),
        services,
        ..Found::default()
    })
}
