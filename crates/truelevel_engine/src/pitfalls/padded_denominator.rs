//! A fail rate that is low because of what could not fail.

use super::{Found, PitfallKind, Seen, percent};

truelevel_model::declare! {
    /// Padded denominator
    ///
    /// Raised when the fail rate over all that was deployed, repetitions of the running version and changes of nothing
    /// included, lies at least a tenth below the fail rate over what changed something: at least five such deployments are
    /// needed, and at least five failures. Deploying nothing cannot fail, and makes everything else seem to fail less.
    ///
    /// What it cannot see: changes of a comment or of a version number alone, and changes whose size is not known.
    pub static PADDED_DENOMINATOR: PitfallKind = {
        id: "padded_denominator",
        find: find,
    };
}

/// Fewer are chance.
const FEWEST: u64 = 5;
/// A rate that is lowered by less is not worth a word.
const LOWERED: f64 = 0.1;

/// What the fail rate of one or several services is made of.
#[derive(Clone, Copy, Default)]
struct Parts {
    failed: u64,
    attempts: u64,
    /// Attempts that changed nothing and did not fail.
    empty: u64,
    /// Repetitions of the running version: no attempts, and counted by others.
    repeated: u64,
}

impl Parts {
    const fn add(&mut self, other: Self) {
        self.failed += other.failed;
        self.attempts += other.attempts;
        self.empty += other.empty;
        self.repeated += other.repeated;
    }

    const fn padding(self) -> u64 {
        self.empty + self.repeated
    }

    fn padded_rate(self) -> f64 {
        self.failed as f64 / (self.attempts + self.repeated).max(1) as f64
    }

    fn rate(self) -> f64 {
        self.failed as f64 / (self.attempts - self.empty.min(self.attempts)).max(1) as f64
    }
}

fn find(seen: &Seen<'_>) -> Option<Found> {
    let (mut all, mut found) = (Parts::default(), Found::default());
    for (service, trace) in seen.traced() {
        let repeated = service.exclusions.get("redeployment").map_or(0, |excluded| excluded.count);
        let parts = Parts { failed: trace.failed, attempts: trace.attempts, empty: trace.padding, repeated };
        all.add(parts);
        if parts.padding() > 0 && parts.failed > 0 {
            found.services.push(service.service.clone());
            found.evidence.push(format!(
                "{}: {} of {} failed, {} of nothing beside them and {} repeated",
                service.service,
                parts.failed,
                parts.attempts - parts.empty,
                parts.empty,
                parts.repeated
            ));
        }
    }
    let is_enough = all.padding() >= FEWEST && all.failed >= FEWEST;
    (is_enough && all.padded_rate() <= (1.0 - LOWERED) * all.rate()).then(|| Found {
        finding: format!(
            "{} deployments that changed nothing stand in the way of the fail rate: {} of nothing, {} repeated",
            all.padding(),
            all.empty,
            all.repeated
        ),
        effect: Some(format!(
            "{} failed of what changed something, and {} of all that was deployed",
            percent(all.rate()),
            percent(all.padded_rate())
        )),
        response:
            "repetitions are no attempts and never lower the rate; changes of nothing count, and the rate without \
                   them stands here"
                .into(),
        ..found
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pitfalls::Trace;
    use crate::pitfalls::tests::{check, excluding};
    use truelevel_model::assessment::Pitfall;

    fn planted(failed: u64, attempts: u64, padding: u64, repeated: u64) -> Option<Pitfall> {
        let trace = Trace { failed, attempts, padding, ..Trace::default() };
        check(&PADDED_DENOMINATOR, vec![excluding("a", "redeployment", repeated, attempts)], vec![trace])
    }

    #[test]
    fn a_rate_that_nothing_lowers_is_told_beside_the_one_it_hides() {
        let found = planted(10, 100, 50, 0).unwrap();
        assert_eq!(
            found.effect.as_deref(),
            Some("20 % failed of what changed something, and 10 % of all that was deployed")
        );
        assert_eq!(found.evidence, ["a: 10 of 50 failed, 50 of nothing beside them and 0 repeated"]);
        let repeated = planted(10, 100, 0, 100).unwrap();
        assert_eq!(
            repeated.effect.as_deref(),
            Some("10 % failed of what changed something, and 5 % of all that was deployed")
        );
    }

    #[test]
    fn a_few_or_none_that_fail_are_not() {
        assert!(planted(10, 100, 8, 0).is_none(), "the rate is hardly lowered");
        assert!(planted(10, 20, 4, 0).is_none(), "few of nothing");
        assert!(planted(4, 100, 50, 0).is_none(), "few failures");
        assert!(planted(0, 0, 0, 0).is_none());
    }
}
