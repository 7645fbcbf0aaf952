//! Deployments that changed nothing.

use super::{Found, PitfallKind, Seen, percent};

truelevel_model::declare! {
    /// Empty deployments
    ///
    /// Raised when at least five deployments, and more than a tenth of those whose changes are known by size, shipped changes
    /// that touch no file: a commit made to be deployed.
    ///
    /// What it cannot see: a change of a space or of a comment, and one whose size is not known.
    pub static EMPTY_DEPLOYMENTS: PitfallKind = {
        id: "empty_deployments",
        find: find,
    };
}

/// Fewer are chance.
const FEWEST: u64 = 5;

fn find(seen: &Seen<'_>) -> Option<Found> {
    let (mut found, mut empty, mut sized) = (Found::default(), 0, 0);
    for (service, trace) in seen.traced() {
        empty += trace.empty;
        sized += trace.sized;
        if trace.empty > 0 {
            found.services.push(service.service.clone());
            found.evidence.push(format!("{}: {} of {} deployments", service.service, trace.empty, trace.sized));
        }
    }
    (empty >= FEWEST && empty * 10 > sized).then(|| Found {
        finding: format!("{empty} of {sized} deployments shipped changes that touch no file"),
        effect: Some(format!(
            "without them the frequency is {} lower, and the fail rate has as many fewer to be a share of",
            percent(empty as f64 / sized as f64)
        )),
        response: "they count; the lines that a deployment ships stand beside the frequency".into(),
        ..found
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pitfalls::Trace;
    use crate::pitfalls::tests::{check, named};

    #[test]
    fn more_than_a_tenth_of_what_is_known_is_worth_a_word() {
        let planted = |empty, sized| {
            let trace = Trace { empty, sized, ..Trace::default() };
            check(&EMPTY_DEPLOYMENTS, vec![named("a")], vec![trace])
        };
        assert_eq!(planted(11, 100).unwrap().evidence, ["a: 11 of 100 deployments"]);
        assert!(planted(10, 100).is_none());
        assert!(planted(4, 4).is_none(), "too few to tell");
        assert!(planted(0, 0).is_none());
    }
}
