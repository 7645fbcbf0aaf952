//! Checks that merges went around.

use truelevel_metrics::statistics::wilson_interval;

use super::{Found, PitfallKind, Seen, percent};

truelevel_model::declare! {
    /// Checks bypassed
    ///
    /// Raised when the lower bound of the share of merges whose checks were not green lies above one in twenty, over all
    /// services, and for each of them at one in five: a check that is merged around proves nothing of what it checks.
    pub static CHECKS_BYPASSED: PitfallKind = {
        id: "checks_bypassed",
        find: find,
    };
}

/// So few merges past a red check happen anywhere.
const USUAL: f64 = 0.05;
/// A service stands out by so many.
const OUTSTANDING: f64 = 0.2;

fn find(seen: &Seen<'_>) -> Option<Found> {
    let (mut red, mut all, mut found) = (0, 0, Found::default());
    for service in seen.services {
        let Some(green) = service.metrics.get("checks_green_at_merge") else { continue };
        let Some(share) = green.value else { continue };
        let own = ((1.0 - share) * green.n as f64).round() as u64;
        red += own;
        all += green.n;
        if wilson_interval(own, green.n).is_some_and(|interval| interval.low > OUTSTANDING) {
            found.services.push(service.service.clone());
            found.evidence.push(format!("{}: {own} of {} merges", service.service, green.n));
        }
    }
    let interval = wilson_interval(red, all)?;
    (interval.low > USUAL).then(|| Found {
        finding: format!("{red} of {all} reviews were merged while a check was not green"),
        effect: Some(format!("the checks spoke for {} of the merges only", percent(1.0 - red as f64 / all as f64))),
        response: "the share of green merges stands beside the checks, and gates ask for it".into(),
        ..found
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pitfalls::tests::{check, measuring};

    #[test]
    fn many_red_merges_are_seen_and_a_few_are_not() {
        let planted = |green, merges| {
            let service = measuring("a", "checks_green_at_merge", Some(green), merges);
            check(&CHECKS_BYPASSED, vec![service], Vec::new())
        };
        assert_eq!(planted(0.5, 40).unwrap().services, ["a"]);
        assert!(planted(0.97, 100).is_none());
        assert!(planted(0.0, 0).is_none());
    }
}
