//! Bunching under a threshold.

use super::Trace;
use super::{Found, PitfallKind, Seen};

truelevel_model::declare! {
    /// Bunching under a threshold
    ///
    /// Raised when deployments whose oldest change took 20 to 24 hours are more, and those of 24 to 28 hours fewer, than a
    /// smooth distribution allows: the log of the step at 24 hours, less the mean of the steps at 20 and 28 hours, lies three
    /// standard errors above zero and is a factor of two or more. Counts of all services are added; their durations are not.
    ///
    /// **Source**: the idea of McCrary (2008), a jump of the density at a threshold, on four bins.
    pub static BUNCHED_UNDER_THRESHOLD: PitfallKind = {
        id: "bunched_under_threshold",
        find: find,
    };
}

/// The step at the threshold must be so many times the steps beside it.
const FACTOR: f64 = 2.0;
/// And so many standard errors above it.
const ERRORS: f64 = 3.0;

fn find(seen: &Seen<'_>) -> Option<Found> {
    let mut bins = [0_u64; 4];
    for (_, trace) in seen.traced() {
        bins.iter_mut().zip(trace.around_a_day).for_each(|(sum, count)| *sum += count);
    }
    let jump = jump(bins)?;
    let just_under = |trace: &Trace| trace.around_a_day[1] > trace.around_a_day[2] + trace.around_a_day[0];
    Some(Found {
        finding: format!(
            "{} deployments brought their oldest change in 20 to 24 hours, and {} in 24 to 28",
            bins[1], bins[2]
        ),
        effect: Some(format!("the step at 24 hours is {jump:.1} times the ones beside it")),
        response: "lead time is shown with p75 and p90 and its distribution, not only as under a day".into(),
        services: seen
            .traced()
            .filter(|(_, trace)| just_under(trace))
            .map(|(found, _)| found.service.clone())
            .collect(),
        ..Found::default()
    })
}

/// The step from the second to the third bin against the mean of its neighbours, when it is more than noise.
pub(super) fn jump(bins: [u64; 4]) -> Option<f64> {
    // Half a count for each bin, so that an empty one has a logarithm.
    let [a, b, c, d] = bins.map(|count| count as f64 + 0.5);
    let log = (b / c).ln() - ((a / b).ln() + (c / d).ln()) / 2.0;
    let variance = 2.25 / b + 2.25 / c + 0.25 / a + 0.25 / d;
    (log > FACTOR.ln() && log > ERRORS * variance.sqrt()).then(|| log.exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_is_seen_and_a_smooth_fall_is_not() {
        assert!(jump([40, 90, 10, 30]).is_some());
        assert_eq!(jump([80, 40, 20, 10]), None, "halved in every bin");
        assert_eq!(jump([2, 4, 0, 1]), None, "too few");
        assert_eq!(jump([0, 0, 0, 0]), None);
    }
}
