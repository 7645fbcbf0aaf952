//! How long a review waits for the first answer.

use truelevel_model::{Measurement, Reason, Review, Unit, declare};

use super::{Basis, Metric};
use crate::service::ServiceData;
use crate::statistics::Observation;

declare! {
    /// Review pickup time
    ///
    /// From opening a review to the first answer of somebody else, for the reviews of people opened in the window.
    ///
    /// One that still waits counts as "at least this long" (Kaplan–Meier 1958). One that was merged without any answer
    /// had no pickup; those are counted as `merged_without_response`. When a review was closed without a merge is not
    /// among the facts, so one that was given up looks as if it still waited: the value can read long, never short. What
    /// automation opened is left out (`automation_excluded`).
    ///
    /// It is the state of the repository's reviews, also for a service that is only a part of the repository.
    ///
    /// **Interval**: order statistics on the curve; none below 6 reviews for the median, 11 for p75, 29 for p90.
    ///
    /// **Source**: our own definition.
    pub static REVIEW_PICKUP_TIME: Metric = {
        id: "review_pickup_time",
        version: 2,
        unit: Unit::Seconds,
        higher_is_better: Some(false),
        basis: Basis::Reviews,
        measure: measure,
    };
}

fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &REVIEW_PICKUP_TIME;
    let Some(reviews) = data.reviews() else { return metric.without_reviews(data) };
    let is_counted = |review: &Review| !review.is_automation || !data.leaves_out(Reason::AutomationExcluded);
    let of_people: Vec<&Review> = reviews.opened().iter().copied().filter(|review| is_counted(review)).collect();
    let (observations, unanswered) = waits(&of_people, data);
    let count = observations.len() as u64;
    let nothing = "no person's review was opened in the window that was answered or waits";
    let mut measurement = super::durations(metric, data, &observations, (count, "reviews"), nothing);
    measurement.details.insert("merged_without_response".to_owned(), unanswered as f64);
    measurement
}

/// How long each review waited, and how many were merged without an answer.
fn waits(reviews: &[&Review], data: &ServiceData<'_>) -> (Vec<Observation>, u64) {
    let as_of = data.window.end;
    let (mut observations, mut unanswered) = (Vec::new(), 0);
    for review in reviews {
        let answered_at = review.first_response_at.filter(|at| *at <= as_of);
        if answered_at.is_none() && review.merged_at.is_some_and(|at| at <= as_of) {
            unanswered += 1;
            continue;
        }
        let wait = answered_at.unwrap_or(as_of).since(review.opened_at);
        if data.is_usable(wait) {
            observations.push(Observation { duration_seconds: wait.seconds(), is_event: answered_at.is_some() });
        }
    }
    (observations, unanswered)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};

    #[test]
    fn what_waits_is_open_and_what_nobody_answered_is_apart() {
        let answered = Example::days(30)
            .commit("A", &[], 0)
            .review(10, Some(20), |review| review.first_response_at = Some(Example::at(12)))
            .review(30, Some(50), |review| review.first_response_at = Some(Example::at(34)))
            .review(60, Some(61), |_| {})
            .review(70, Some(90), |review| review.is_automation = true);
        let measured = answered.clone().measure(&REVIEW_PICKUP_TIME);
        assert_eq!((measured.n, measured.details["merged_without_response"]), (2, 1.0));
        close(measured.value, 3.0 * 3600.0);
        answered.data(|data| assert_eq!(data.exclusions.count(truelevel_model::Reason::AutomationExcluded), 1));
        let waiting = answered.review(100, None, |_| {}).measure(&REVIEW_PICKUP_TIME);
        assert_eq!((waiting.n, waiting.censored), (2, 1));
        assert!(waiting.value >= measured.value);
    }

    #[test]
    fn no_source_of_reviews_is_no_number() {
        assert_eq!(Example::days(30).commit("A", &[], 0).measure(&REVIEW_PICKUP_TIME).value, None);
    }
}
