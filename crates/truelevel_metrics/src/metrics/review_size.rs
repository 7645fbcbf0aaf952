//! How much is looked at together.

use truelevel_model::{Measurement, Reason, Review, Unit, declare};

use super::{Basis, Metric};
use crate::service::ServiceData;

declare! {
    /// Review size
    ///
    /// The median number of lines changed by a review of people merged in the window, over the reviews of which it is
    /// known.
    ///
    /// Large reviews wait longer and are looked at less closely. What automation opened is left out
    /// (`automation_excluded`).
    ///
    /// It is the state of the repository's reviews, also for a service that is only a part of the repository.
    ///
    /// **Interval**: order statistics; none below 6 reviews for the median, 11 for p75, 29 for p90.
    ///
    /// **Source**: DORA's capability "working in small batches" (dora.dev/capabilities/working-in-small-batches).
    pub static REVIEW_SIZE: Metric = {
        id: "review_size",
        version: 1,
        unit: Unit::Count,
        higher_is_better: Some(false),
        basis: Basis::Reviews,
        measure: measure,
    };
}

fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &REVIEW_SIZE;
    let Some(reviews) = data.reviews() else { return metric.without_reviews(data) };
    let is_counted = |review: &&&Review| !review.is_automation || !data.leaves_out(Reason::AutomationExcluded);
    let of_people = reviews.merged().iter().filter(is_counted);
    let lines: Vec<f64> = of_people.filter_map(|review| review.lines_changed).map(|lines| lines as f64).collect();
    super::numbers(metric, data, &lines, "of no person's review merged in the window is the size known")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};

    #[test]
    fn reviews_of_unknown_size_are_not_small() {
        let sized = |lines| move |review: &mut truelevel_model::Review| review.lines_changed = Some(lines);
        let measured = Example::days(30)
            .commit("A", &[], 0)
            .review(1, Some(2), sized(10))
            .review(3, Some(4), sized(200))
            .review(5, Some(6), |_| {})
            .review(7, None, sized(9000))
            .measure(&REVIEW_SIZE);
        assert_eq!(measured.n, 2);
        close(measured.value, 105.0);
    }
}
