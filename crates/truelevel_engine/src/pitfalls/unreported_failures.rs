//! Unreported failures.

use truelevel_metrics::statistics::wilson_interval;

use super::{Found, PitfallKind, Seen, percent};

truelevel_model::declare! {
    /// Unreported failures
    ///
    /// Raised when the upper bound of the share of failures that an incident names lies under four of five, where incidents
    /// are reported at all. Failures show by rollbacks, hotfixes and incidents that began right after a deployment.
    pub static UNREPORTED_FAILURES: PitfallKind = {
        id: "unreported_failures",
        find: find,
    };
}

/// So much of what fails should be reported.
const EXPECTED: f64 = 0.8;
/// Of fewer failures one more or less that is reported says too much.
const FEWEST_FAILURES: u64 = 10;

fn find(seen: &Seen<'_>) -> Option<Found> {
    let (mut found, mut reported, mut failures) = (Found::default(), 0, 0);
    for service in seen.services {
        let Some(rate) = service.metrics.get("change_fail_rate") else { continue };
        let detail = |name: &str| rate.details.get(name).map(|count| *count as u64);
        let (Some(named), Some(all)) = (detail("reported"), detail("failures")) else { continue };
        reported += named;
        failures += all;
        if named < all {
            found.services.push(service.service.clone());
            found.evidence.push(format!("{}: {named} of {all} failures are reported", service.service));
        }
    }
    let interval = wilson_interval(reported, failures)?;
    (failures >= FEWEST_FAILURES && interval.high < EXPECTED).then(|| Found {
        finding: format!("an incident names the deployment for {reported} of {failures} failures"),
        effect: Some(format!(
            "by reports alone the fail rates would be {} of what they are",
            percent(reported as f64 / failures as f64)
        )),
        response: "failures count by every sign of them; the reported ones are shown apart".into(),
        ..found
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pitfalls::tests::{check, measuring};

    #[test]
    fn silence_is_seen_where_failures_are_many() {
        let planted = |reported: f64, failures: f64| {
            let mut service = measuring("a", "change_fail_rate", Some(0.1), 100);
            let rate = service.metrics.get_mut("change_fail_rate").unwrap();
            rate.details.insert("reported".into(), reported);
            rate.details.insert("failures".into(), failures);
            check(&UNREPORTED_FAILURES, vec![service], Vec::new())
        };
        assert!(planted(10.0, 40.0).is_some());
        assert!(planted(36.0, 40.0).is_none());
        assert!(planted(1.0, 3.0).is_none(), "too few to tell");
        assert!(planted(0.0, 0.0).is_none());
    }
}
