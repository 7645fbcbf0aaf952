//! Checks that merges went around.

use truelevel_metrics::statistics::wilson_interval;

use super::{Found, OnePerRepository, PitfallKind, Seen, percent};

truelevel_model::declare! {
    /// Checks bypassed
    ///
    /// Raised when the lower bound of the share of merges whose checks were not green lies above one in twenty, over all
    /// repositories, and for a service at one in five: a check that is merged around proves nothing of what it checks. Also
    /// raised when of the merges into repositories whose pipelines are known surely more than one in five had no run at all,
    /// as where a commit says `[skip ci]`.
    ///
    /// What it cannot see: required checks that were switched off and on again, and who merged with more rights than others.
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
    let (mut red, mut unchecked, mut found) = (Share::default(), Share::default(), Found::default());
    let mut counted = OnePerRepository::default();
    for service in seen.services {
        let Some(green) = service.metrics.get("checks_green_at_merge") else { continue };
        let Some(share) = green.value else { continue };
        let own = Share { part: ((1.0 - share) * green.n as f64).round() as u64, whole: green.n };
        let without = green.details.get("merges_without_runs").copied().unwrap_or(0.0) as u64;
        let own_unchecked = Share { part: without, whole: green.n + without };
        if counted.is_first(service) {
            red.add(own);
            unchecked.add(own_unchecked);
        }
        if own.is_above(OUTSTANDING) || own_unchecked.is_above(OUTSTANDING) {
            found.services.push(service.service.clone());
            let without = if without > 0 { format!(", {without} more without a run") } else { String::new() };
            found.evidence.push(format!("{}: {} of {} merges{without}", service.service, own.part, own.whole));
        }
    }
    let (is_red, is_unchecked) = (red.is_above(USUAL), unchecked.is_above(OUTSTANDING));
    let findings = [
        is_red.then(|| format!("{} of {} reviews were merged while a check was not green", red.part, red.whole)),
        is_unchecked.then(|| format!("{} of {} reviews were merged without a run", unchecked.part, unchecked.whole)),
    ];
    let spoken = (red.whole - red.part) as f64 / unchecked.whole.max(1) as f64;
    (is_red || is_unchecked).then(|| Found {
        finding: findings.into_iter().flatten().collect::<Vec<_>>().join(", and "),
        effect: Some(format!("the checks spoke for {} of the merges only", percent(spoken))),
        response: "the share of green merges stands beside the checks, and gates ask for it".into(),
        ..found
    })
}

/// So many of so many merges.
#[derive(Clone, Copy, Default)]
struct Share {
    part: u64,
    whole: u64,
}

impl Share {
    const fn add(&mut self, other: Self) {
        self.part += other.part;
        self.whole += other.whole;
    }

    fn is_above(self, share: f64) -> bool {
        wilson_interval(self.part, self.whole).is_some_and(|interval| interval.low > share)
    }
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

    #[test]
    fn merges_past_pipelines_that_run_elsewhere_are_seen() {
        let planted = |without: f64| {
            let mut service = measuring("a", "checks_green_at_merge", Some(1.0), 40);
            let green = service.metrics.get_mut("checks_green_at_merge").unwrap();
            green.details.insert("merges_without_runs".into(), without);
            check(&CHECKS_BYPASSED, vec![service], Vec::new())
        };
        let found = planted(30.0).unwrap();
        assert_eq!(found.finding, "30 of 70 reviews were merged without a run");
        assert_eq!(found.effect.as_deref(), Some("the checks spoke for 57 % of the merges only"));
        assert!(planted(4.0).is_none());
    }

    #[test]
    fn reviews_of_a_repository_that_several_services_share_are_counted_once() {
        let of = |name| {
            let mut service = measuring(name, "checks_green_at_merge", Some(0.5), 14);
            service.repositories = vec!["mono".into()];
            service
        };
        let found = check(&CHECKS_BYPASSED, ["a", "b", "c"].map(of).into(), Vec::new()).unwrap();
        assert!(found.finding.starts_with("7 of 14 reviews"), "{}", found.finding);
    }
}
