//! Whether what is merged was green.

use truelevel_model::{CommitId, Measurement, Review, Unit, declare};

use super::{Basis, Metric};
use crate::pipelines::{Checks, Tally};
use crate::service::{ServiceData, ServiceRepository};

declare! {
    /// Checks green at merge
    ///
    /// Reviews merged in the window whose pipelines were all green when they were merged ÷ merged reviews whose last
    /// commit is known to have had pipelines by then.
    ///
    /// The last run of each pipeline that had started on the review's last commit decides; one that was still running
    /// was not green. That last commit is the one the review names, else the second parent of its merge, else the merge
    /// itself where the review was fast-forwarded. Which pipelines a merge requires is not among the facts, so every one
    /// counts that ran; those that a timetable starts do not. A review without a known run is left out and counted as
    /// `merges_without_runs`: that is not red.
    ///
    /// It is the state of the repository's reviews, also for a service that is only a part of the repository.
    ///
    /// **Interval**: Wilson (1927).
    ///
    /// **Source**: our own definition.
    pub static CHECKS_GREEN_AT_MERGE: Metric = {
        id: "checks_green_at_merge",
        version: 1,
        unit: Unit::Ratio,
        higher_is_better: Some(true),
        basis: Basis::Reviews,
        measure: measure,
    };
}

fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &CHECKS_GREEN_AT_MERGE;
    let Some(reviews) = data.reviews() else { return metric.without_reviews(data) };
    let Some(pipelines) = data.pipelines() else { return metric.without_pipelines(data) };
    let (mut tally, mut without_runs) = (Tally::default(), 0.0);
    for review in reviews.merged() {
        let last = last_commit(review, data.facts.repository.as_ref());
        match review.merged_at.zip(last).map(|(merged_at, commit)| pipelines.checks(commit, merged_at)) {
            Some(Checks::Green) => tally = Tally { part: tally.part + 1, whole: tally.whole + 1 },
            Some(Checks::NotGreen) => tally.whole += 1,
            Some(Checks::Unknown) | None => without_runs += 1.0,
        }
    }
    let nothing = "no review was merged in the window whose last commit is known to have had pipelines";
    let mut measurement = super::share(metric, data, tally, nothing);
    measurement.details.insert("merges_without_runs".to_owned(), without_runs);
    measurement
}

fn last_commit(review: &Review, repository: Option<&ServiceRepository<'_>>) -> Option<CommitId> {
    if let Some(last) = review.commits.last() {
        return Some(*last);
    }
    let merge = review.merge_commit?;
    let history = repository.map(|repository| repository.history);
    let merged = history.and_then(|history| match history.parents(history.find(&merge)?) {
        [_, merged, ..] => Some(history.id(*merged)),
        _ => None,
    });
    merged.or(Some(merge))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};
    use truelevel_model::facts::RunOutcome::{Failed, Succeeded};

    fn merged(hours: &[(i64, &'static str)]) -> Example {
        let example = Example::days(30).commit("A", &[], 0).commit("B", &["A"], 1).commit("M", &["A", "B"], 10);
        let example = example.review(2, Some(10), |review| review.merge_commit = Some(Example::id("M")));
        hours.iter().fold(example.no_runs(), |example, (hour, outcome)| {
            example.run("ci", "B", *hour, Some(hour + 2), if *outcome == "green" { Succeeded } else { Failed })
        })
    }

    #[test]
    fn the_last_run_before_the_merge_decides() {
        let check = |runs: &[(i64, &'static str)], expected: f64| {
            let measured = merged(runs).measure(&CHECKS_GREEN_AT_MERGE);
            assert_eq!(measured.n, 1);
            close(measured.value, expected);
        };
        check(&[(3, "green")], 1.0);
        check(&[(3, "red"), (6, "green")], 1.0);
        check(&[(3, "green"), (6, "red")], 0.0);
        check(&[(3, "red"), (11, "green")], 0.0);
        check(&[(9, "green")], 0.0);
    }

    #[test]
    fn a_merge_without_a_known_run_is_not_red() {
        let measured = merged(&[]).measure(&CHECKS_GREEN_AT_MERGE);
        assert_eq!((measured.value, measured.n), (None, 0));
        assert_eq!(measured.details["merges_without_runs"], 1.0);
    }

    #[test]
    fn the_commits_that_a_squashed_review_names_are_what_ran() {
        let example = Example::days(30)
            .commit("A", &[], 0)
            .commit("S", &["A"], 10)
            .review(2, Some(10), |review| {
                review.merge_commit = Some(Example::id("S"));
                review.commits = vec![Example::id("one"), Example::id("two")];
            })
            .run("ci", "one", 3, Some(4), Failed)
            .run("ci", "two", 5, Some(6), Succeeded);
        close(example.measure(&CHECKS_GREEN_AT_MERGE).value, 1.0);
    }
}
