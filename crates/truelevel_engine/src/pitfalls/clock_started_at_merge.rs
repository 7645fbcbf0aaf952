//! A clock that starts when the work is done.

use truelevel_metrics::statistics::median;
use truelevel_report::numbers::duration;

use super::{Found, PitfallKind, Seen, percent};

truelevel_model::declare! {
    /// Clock started at the merge
    ///
    /// Raised when half or more of the shipped changes whose review is known, and at least ten, are dated within a minute
    /// before their merge, no first commit of the review is known, and the time from opening the review to the merge would
    /// make up more than 30 % of a lead time that began there. A squash or a rebase gives a change the date of its merge.
    ///
    /// What it cannot see: where no source reports reviews, nothing tells a squashed change from one written just then.
    pub static CLOCK_STARTED_AT_MERGE: PitfallKind = {
        id: "clock_started_at_merge",
        find: find,
    };
}

/// Fewer are chance.
const FEWEST: u64 = 10;

fn find(seen: &Seen<'_>) -> Option<Found> {
    let (mut found, mut reviewed, mut left_out) = (Found::default(), 0, Vec::new());
    for (service, trace) in seen.traced() {
        reviewed += trace.reviewed;
        let own = trace.review_seconds_left_out.len();
        if own > 0 {
            left_out.extend_from_slice(&trace.review_seconds_left_out);
            found.services.push(service.service.clone());
            found.evidence.push(format!("{}: {own} of {} reviewed changes", service.service, trace.reviewed));
        }
    }
    let shortened = left_out.len() as u64;
    let middle = median(&left_out)?;
    (shortened >= FEWEST && shortened * 2 >= reviewed).then(|| Found {
        finding: format!("the lead time of {shortened} of {reviewed} reviewed changes starts at their merge"),
        effect: Some(format!(
            "the review before it, {} in the middle, is missing in {} of these lead times",
            duration(middle),
            percent(shortened as f64 / reviewed as f64)
        )),
        response: "the clock starts at the first commit wherever a source of reviews tells it; connect one that does"
            .into(),
        ..found
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pitfalls::Trace;
    use crate::pitfalls::tests::{check, named};

    #[test]
    fn squashed_reviews_without_a_first_commit_are_seen_and_a_few_are_not() {
        let planted = |shortened, reviewed| {
            let trace = Trace { reviewed, review_seconds_left_out: vec![86_400.0; shortened], ..Trace::default() };
            check(&CLOCK_STARTED_AT_MERGE, vec![named("a")], vec![trace])
        };
        assert_eq!(planted(20, 30).unwrap().evidence, ["a: 20 of 30 reviewed changes"]);
        assert!(planted(20, 50).is_none());
        assert!(planted(9, 9).is_none(), "too few to tell");
        assert!(planted(0, 0).is_none());
    }
}
