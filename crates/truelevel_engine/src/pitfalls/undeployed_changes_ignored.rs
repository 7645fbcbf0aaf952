//! Undeployed changes ignored.

use super::{Found, PitfallKind, Seen, percent};

truelevel_model::declare! {
    /// Undeployed changes ignored
    ///
    /// Raised when more than a tenth of the changes are merged and not deployed.
    pub static UNDEPLOYED_CHANGES_IGNORED: PitfallKind = {
        id: "undeployed_changes_ignored",
        find: find,
    };
}

fn find(seen: &Seen<'_>) -> Option<Found> {
    let lead_times = || seen.services.iter().filter_map(|service| service.metrics.get("change_lead_time"));
    let open: u64 = lead_times().map(|lead_time| lead_time.censored).sum();
    let all: u64 = lead_times().map(|lead_time| lead_time.censored + lead_time.n).sum();
    (all > 0 && open * 10 > all).then(|| Found {
        finding: format!(
            "{open} of {all} changes are merged and not deployed; leaving them out would make lead times look shorter"
        ),
        effect: Some(format!("{} of the changes", percent(open as f64 / all as f64))),
        response: "they count as still open in every lead time".into(),
        ..Found::default()
    })
}
