//! Open incidents dropped.

use super::{Found, PitfallKind, Seen, percent};

truelevel_model::declare! {
    /// Open incidents dropped
    ///
    /// Raised when at least two failures, and a tenth of all, have no end yet: a median of those that ended would flatter.
    pub static OPEN_INCIDENTS_DROPPED: PitfallKind = {
        id: "open_incidents_dropped",
        find: find,
    };
}

fn find(seen: &Seen<'_>) -> Option<Found> {
    let (mut found, mut open, mut all) = (Found::default(), 0, 0);
    for service in seen.services {
        let Some(recovery) = service.metrics.get("failed_deployment_recovery_time") else { continue };
        open += recovery.censored;
        all += recovery.censored + recovery.n;
        if recovery.censored > 0 {
            found.services.push(service.service.clone());
        }
    }
    (open >= 2 && open * 10 >= all).then(|| Found {
        finding: format!("{open} of {all} failures have not ended"),
        effect: Some(format!(
            "leaving them out would judge recovery by {} of the failures",
            percent((all - open) as f64 / all as f64)
        )),
        response: "each counts as lasting at least until the as-of".into(),
        ..found
    })
}
