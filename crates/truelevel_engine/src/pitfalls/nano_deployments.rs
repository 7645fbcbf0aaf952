//! Nano-deployments.

use super::Trace;
use super::{Found, PitfallKind, Seen, percent};

truelevel_model::declare! {
    /// Nano-deployments
    ///
    /// Raised for a service when at least ten of its deployments, and a fifth of them, follow another one within 15 minutes,
    /// each shipping one change by the same hand: one piece of work deployed in splinters.
    pub static NANO_DEPLOYMENTS: PitfallKind = {
        id: "nano_deployments",
        find: find,
    };
}

/// Fewer are chance.
const FEWEST: u64 = 10;

fn find(seen: &Seen<'_>) -> Option<Found> {
    let split = |trace: &Trace| trace.splinters >= FEWEST && trace.splinters * 5 >= trace.counted;
    let (mut found, mut splinters, mut counted) = (Found::default(), 0, 0);
    for (service, trace) in seen.traced().filter(|(_, trace)| split(trace)) {
        found.services.push(service.service.clone());
        found.evidence.push(format!("{}: {} of {} deployments", service.service, trace.splinters, trace.counted));
        splinters += trace.splinters;
        counted += trace.counted;
    }
    (splinters > 0).then(|| Found {
        finding: format!(
            "{splinters} of {counted} deployments came minutes after another one, a single change each by the same hand"
        ),
        effect: Some(format!(
            "without them the frequency of these services is {} lower",
            percent(splinters as f64 / counted as f64)
        )),
        response: "they count; read the frequency beside batch size and deployment days per week".into(),
        ..found
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pitfalls::tests::{check, named};

    #[test]
    fn a_fifth_of_the_deployments_in_splinters_is_worth_a_word() {
        let planted = |splinters, counted| {
            let trace = Trace { splinters, counted, ..Trace::default() };
            check(&NANO_DEPLOYMENTS, vec![named("a")], vec![trace])
        };
        assert_eq!(
            planted(10, 50).unwrap().effect.as_deref(),
            Some("without them the frequency of these services is 20 % lower")
        );
        assert!(planted(9, 20).is_none());
        assert!(planted(10, 51).is_none());
    }
}
