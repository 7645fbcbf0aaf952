//! Incidents closed before they were over.

use truelevel_metrics::statistics::median;
use truelevel_report::numbers::{count, digits, duration};

use super::batched_by_calendar::at_least;
use super::bunched_under_threshold::jump;
use super::{FALSE_ALARMS, Found, PitfallKind, Seen, percent};

truelevel_model::declare! {
    /// Early closing
    ///
    /// Raised when of the incidents that ended, at least five and a tenth did not stay ended: within 24 hours another
    /// incident of the service began that no other deployment explains, or production went back behind the deployment that
    /// had caused it. So many must be more than chance brings about in one of a hundred organisations: binomial tail, where
    /// each service's incidents come at their own pace, 1 − e^(−λ · 24 h). Raised also when incidents that lasted 50 to 60
    /// minutes are more, and those of 60 to 70 fewer, than a smooth distribution allows (as for `bunched_under_threshold`).
    ///
    /// What it cannot see: an incident that its source opened again. Facts hold the last end that a source told, so that
    /// such an incident is as long as it should be.
    pub static EARLY_CLOSING: PitfallKind = {
        id: "early_closing",
        find: find,
    };
}

/// Fewer are chance.
const FEWEST: u64 = 5;

fn find(seen: &Seen<'_>) -> Option<Found> {
    let mut found = Found::default();
    let (mut closed, mut expected, mut longer, mut bins) = (0, 0.0, Vec::new(), [0_u64; 4]);
    for (service, trace) in seen.traced() {
        let ends = &trace.incident_ends;
        closed += ends.closed;
        expected += ends.expected_again;
        longer.extend_from_slice(&ends.longer_seconds);
        bins.iter_mut().zip(ends.around_an_hour).for_each(|(sum, count)| *sum += count);
        let again = ends.longer_seconds.len() as u64;
        if again > 0 {
            found.services.push(service.service.clone());
            found.evidence.push(format!("{}: {again} of {} did not stay ended", service.service, ends.closed));
        }
    }
    let again = longer.len() as u64;
    let by_chance = (expected / (closed.max(1) as f64)).min(1.0);
    let came_again = again >= FEWEST && again * 10 >= closed && at_least(again, closed, by_chance) < FALSE_ALARMS;
    let bunched = jump(bins);
    let mut findings = Vec::new();
    if came_again {
        findings.push(format!(
            "{} of {} that ended were followed within 24 hours by another one or by a rollback",
            digits(again as f64),
            count(closed, "incident")
        ));
    } else {
        found = Found::default();
    }
    if bunched.is_some() {
        findings.push(format!("{} incidents lasted 50 to 60 minutes, and {} lasted 60 to 70", bins[1], bins[2]));
    }
    let middle = median(&longer).filter(|_| came_again).map(duration);
    let effect = match (middle, bunched) {
        (Some(middle), _) => format!(
            "counted until they held, {} of the incidents would last longer, half of them by {middle} or more",
            percent(again as f64 / closed as f64)
        ),
        (None, Some(jump)) => format!("the step at an hour is {jump:.1} times the ones beside it"),
        (None, None) => return None,
    };
    Some(Found {
        finding: findings.join("; "),
        effect: Some(effect),
        response: "several incidents of one failed deployment count as one, from the first start to the last end; \
                   the share of repeated incidents stands beside the recovery time"
            .into(),
        ..found
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pitfalls::Trace;
    use crate::pitfalls::tests::{check, named};
    use crate::pitfalls::trace::IncidentEnds;

    fn planted(ends: IncidentEnds) -> Option<truelevel_model::assessment::Pitfall> {
        check(&EARLY_CLOSING, vec![named("a")], vec![Trace { incident_ends: ends, ..Trace::default() }])
    }

    fn again(closed: u64, again: usize, expected_again: f64) -> IncidentEnds {
        IncidentEnds { closed, expected_again, longer_seconds: vec![7200.0; again], ..IncidentEnds::default() }
    }

    #[test]
    fn incidents_that_come_back_are_seen_and_chance_is_not() {
        let found = planted(again(40, 12, 4.0)).unwrap();
        assert_eq!(found.evidence, ["a: 12 of 40 did not stay ended"]);
        assert!(found.effect.unwrap().contains("30 %"));
        assert!(planted(again(40, 12, 11.0)).is_none(), "its incidents come that often");
        assert!(planted(again(40, 4, 0.1)).is_none(), "too few to tell");
        assert!(planted(again(0, 0, 0.0)).is_none());
    }

    #[test]
    fn ends_just_under_an_hour_are_seen() {
        let ends = |around_an_hour| IncidentEnds { around_an_hour, ..again(200, 0, 0.0) };
        assert!(planted(ends([40, 90, 10, 30])).unwrap().finding.contains("50 to 60 minutes"));
        assert!(planted(ends([80, 40, 20, 10])).is_none());
    }
}
