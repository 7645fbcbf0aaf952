//! Deployments that changed nothing but space.

use super::{Found, PitfallKind, Seen, percent};

truelevel_model::declare! {
    /// Trivial deployments
    ///
    /// Raised when at least five deployments, and more than a tenth of those whose changes are known by size, shipped changes
    /// that move nothing but space: blank lines, spaces at the ends of lines, line ends, the mode of a file. Looked at are
    /// changes of up to 20 lines, where the repository is there to be read. Indentation is no mere space, as some languages go
    /// by it.
    ///
    /// What it cannot see: changes of a comment or of a version number alone, and those of repositories of which only facts
    /// are known.
    pub static TRIVIAL_DEPLOYMENTS: PitfallKind = {
        id: "trivial_deployments",
        find: find,
    };
}

/// Fewer are chance.
const FEWEST: u64 = 5;

fn find(seen: &Seen<'_>) -> Option<Found> {
    let (mut found, mut trivial, mut sized) = (Found::default(), 0, 0);
    for (service, trace) in seen.traced() {
        trivial += trace.only_space;
        sized += trace.sized;
        if trace.only_space > 0 {
            found.services.push(service.service.clone());
            found.evidence.push(format!("{}: {} of {} deployments", service.service, trace.only_space, trace.sized));
        }
    }
    (trivial >= FEWEST && trivial * 10 > sized).then(|| Found {
        finding: format!("{trivial} of {sized} deployments shipped changes that move nothing but space"),
        effect: Some(format!("without them the frequency is {} lower", percent(trivial as f64 / sized as f64))),
        response: "they count; what the fail rate is without them is told where it differs (padded_denominator)".into(),
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
        let planted = |only_space, sized| {
            let trace = Trace { only_space, sized, ..Trace::default() };
            check(&TRIVIAL_DEPLOYMENTS, vec![named("a")], vec![trace])
        };
        assert_eq!(planted(11, 100).unwrap().evidence, ["a: 11 of 100 deployments"]);
        assert!(planted(10, 100).is_none());
        assert!(planted(4, 4).is_none(), "too few to tell");
        assert!(planted(0, 0).is_none());
    }
}
