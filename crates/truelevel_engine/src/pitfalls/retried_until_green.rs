//! Retry until green.

use truelevel_metrics::statistics::wilson_interval;

use super::{Found, OnePerRepository, PitfallKind, Seen, percent};

truelevel_model::declare! {
    /// Retry until green
    ///
    /// Raised when the lower bound of the flake rate over all services lies above a tenth: red checks that turned green on the
    /// same commit say that someone pressed the button again.
    pub static RETRIED_UNTIL_GREEN: PitfallKind = {
        id: "retried_until_green",
        find: find,
    };
}

/// Above this share of unstable checks, a green one says little.
const TOO_FLAKY: f64 = 0.1;

fn find(seen: &Seen<'_>) -> Option<Found> {
    let (mut flaky, mut all, mut services) = (0, 0, Vec::new());
    let mut counted = OnePerRepository::default();
    for service in seen.services {
        let Some(rate) = service.metrics.get("flake_rate") else { continue };
        if counted.is_first(service) {
            flaky += (rate.value.unwrap_or(0.0) * rate.n as f64).round() as u64;
            all += rate.n;
        }
        if rate.low.is_some_and(|low| low > TOO_FLAKY) {
            services.push(service.service.clone());
        }
    }
    let interval = wilson_interval(flaky, all)?;
    (interval.low > TOO_FLAKY).then(|| Found {
        finding: format!("{flaky} of {all} checks were red and then green on the same commit"),
        effect: Some(format!(
            "{} of the checks count as green only because they ran again",
            percent(flaky as f64 / all as f64)
        )),
        response: "the flake rate stands beside the success rate".into(),
        services,
        ..Found::default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pitfalls::tests::{check, measuring};

    #[test]
    fn many_flaky_checks_are_seen_and_a_few_are_not() {
        let planted =
            |share, n| check(&RETRIED_UNTIL_GREEN, vec![measuring("a", "flake_rate", Some(share), n)], Vec::new());
        assert!(planted(0.25, 200).is_some());
        assert!(planted(0.08, 1000).is_none());
        assert!(planted(0.25, 8).is_none(), "too few to tell");
        // Eight checks of one repository stay eight, however many services it holds.
        let shared = |name| {
            let mut service = measuring(name, "flake_rate", Some(0.25), 8);
            service.repositories = vec!["mono".into()];
            service
        };
        assert!(check(&RETRIED_UNTIL_GREEN, ["a", "b", "c", "d", "e"].map(shared).into(), Vec::new()).is_none());
    }
}
