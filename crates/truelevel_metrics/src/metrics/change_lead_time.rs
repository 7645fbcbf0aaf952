//! How long a change takes to reach production.

use std::collections::BTreeSet;

use truelevel_model::{Measurement, Span, Time, Unit, declare};

use super::{Basis, Metric};
use crate::service::{ServiceData, ShippedChange};
use crate::statistics::{Observation, median, quantile};

declare! {
    /// Change lead time
    ///
    /// From the author time of each change to the end of the first production deployment that ships it. What a review
    /// was squashed or rebased into begins with the review's first original commit, where that is known and earlier.
    ///
    /// Which deployment shipped a change is decided by the commit graph: the commits that the deployed commit reaches
    /// and no commit deployed to the service before does, merge commits left out. The first known deployment
    /// attributes nothing (`baseline`).
    ///
    /// Counted are the changes that deployments in the window shipped, and, as still open, the changes that are on
    /// the default branch at the as-of and that nothing shipped yet. Dropping those would make a team that stopped
    /// deploying look fast. Value, p75 and p90 are read off the Kaplan–Meier curve (1958); when too much is open for
    /// the curve to get there, the answer is "more than".
    ///
    /// **Interval**: order statistics for as many independent observations as there are deployments, not changes:
    /// changes that ship together arrive together (Woodruff 1952). None below 6 deployments for the median, 11 for
    /// p75, 29 for p90.
    ///
    /// **Segments**, each over the changes that have it: coding and review (written → on the default branch), merge to
    /// deploy, and, where other environments run before production, the wait before them and the wait between them and
    /// production. Where reviews are known: coding (written → review opened), pickup (→ first answer) and review (→
    /// merged). Where pipeline runs are known: pipeline (merged → every pipeline of the commit that brought it through).
    /// Where deployments tell: approval wait, and rollout (start → end of the deployment).
    ///
    /// **Source**: DORA's definition (dora.dev/guides/dora-metrics): from committed to version control to deployed
    /// in production.
    pub static CHANGE_LEAD_TIME: Metric = {
        id: "change_lead_time",
        version: 3,
        unit: Unit::Seconds,
        higher_is_better: Some(false),
        basis: Basis::Deployments,
        measure: measure,
    };
}

fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &CHANGE_LEAD_TIME;
    if let Some(missing) = metric.without_deployments(data) {
        return missing;
    }
    if data.facts.repository.is_none() {
        return metric.missing(data, "no repository is matched to the service, so its changes are not known");
    }
    if data.timeline.entries.iter().all(|entry| entry.commit.is_none()) {
        return metric.missing(data, "no deployed version leads to a commit of the service's repository");
    }
    let observations = observations(data);
    let deployments: BTreeSet<usize> = data.shipped.iter().map(|change| change.deployment).collect();
    // All that waits would ship with one deployment.
    let clusters = deployments.len() as u64 + u64::from(!data.undeployed.is_empty());
    let nothing = "no change was shipped in the window and none is waiting";
    let mut measurement = super::durations(metric, data, &observations, (clusters, "deployments"), nothing);
    if observations.is_empty() {
        return measurement;
    }
    if data.is_running_version_unknown() {
        let stale = "the version that runs leads to no known commit, so changes that wait are not counted";
        measurement.note = Some(measurement.note.map_or(stale.to_owned(), |note| format!("{note}; {stale}")));
    }
    if data.needs_details {
        measurement.details = segments(data);
    }
    measurement
}

/// How long each shipped change took, and how long each that waits has been open.
pub(crate) fn observations(data: &ServiceData<'_>) -> Vec<Observation> {
    let open = data.undeployed.iter().map(|change| (change.age, false));
    let shipped = data.shipped.iter().map(|change| (change.lead_time, true));
    let observation = |(span, is_event): (Span, bool)| Observation { duration_seconds: span.seconds(), is_event };
    shipped.chain(open).map(observation).collect()
}

type Segment = fn(&ServiceData<'_>, &ShippedChange) -> Option<Span>;

/// The parts of lead time. Some lie within others; none is there unless its facts are.
const SEGMENTS: [(&str, Segment); 10] = [
    ("approval_wait", |data, change| data.timeline.entries[change.deployment].deployment.approval_wait),
    ("coding", |data, change| {
        let repository = data.facts.repository.as_ref()?;
        between(repository.written_at(change.change), repository.review_of(change.change)?.opened_at)
    }),
    ("coding_and_review", |_, change| change.coding_and_review),
    ("merge_to_deploy", |_, change| change.merge_to_deploy),
    ("merge_to_preproduction", |_, change| change.merge_to_preproduction),
    ("pickup", |data, change| {
        let review = data.facts.repository.as_ref()?.review_of(change.change)?;
        between(review.opened_at, review.first_response_at?)
    }),
    ("pipeline", |data, change| {
        let repository = data.facts.repository.as_ref()?;
        let brought_by = repository.mainline?.brought_by(change.change)?;
        let through_at = repository.pipelines?.through_at(repository.history.id(brought_by))?;
        between(repository.history.committed_at(brought_by), through_at)
    }),
    ("preproduction_to_production", |_, change| change.preproduction_to_production),
    ("review", |data, change| {
        let review = data.facts.repository.as_ref()?.review_of(change.change)?;
        between(review.first_response_at?, review.merged_at?)
    }),
    ("rollout", |data, change| {
        let deployment = data.timeline.entries[change.deployment].deployment;
        between(deployment.started_at?, deployment.finished_at)
    }),
];

fn between(from: Time, to: Time) -> Option<Span> {
    let span = to.since(from);
    (!span.is_negative()).then_some(span)
}

/// Median and p75 of each segment over the changes that have it, with the number of those.
fn segments(data: &ServiceData<'_>) -> std::collections::BTreeMap<String, f64> {
    let mut details = std::collections::BTreeMap::new();
    for (name, segment) in SEGMENTS {
        let spans = data.shipped.iter().filter_map(|change| segment(data, change));
        let mut seconds: Vec<f64> = spans.map(Span::seconds).collect();
        // Each quantile sorts its own copy; what is in order already costs it one look.
        seconds.sort_unstable_by(f64::total_cmp);
        if let (Some(middle), Some(upper)) = (median(&seconds), quantile(&seconds, 0.75)) {
            details.insert(format!("{name}_seconds"), middle);
            details.insert(format!("{name}_p75_seconds"), upper);
            details.insert(format!("{name}_n"), seconds.len() as f64);
        }
    }
    let of_automation = |change: &&ShippedChange| {
        data.facts.repository.as_ref().is_some_and(|repository| repository.history.is_automation(change.change))
    };
    let after_unresolved = |change: &&ShippedChange| data.timeline.entries[change.deployment].follows_unresolved;
    let uncertain = data.shipped.iter().filter(after_unresolved).count();
    if uncertain > 0 {
        details.insert("changes_after_unresolved".to_owned(), uncertain as f64);
    }
    details.insert("changes_by_automation".to_owned(), data.shipped.iter().filter(of_automation).count() as f64);
    let people: Vec<f64> =
        data.shipped.iter().filter(|change| !of_automation(change)).map(|change| change.lead_time.seconds()).collect();
    if let Some(middle) = median(&people) {
        details.insert("median_without_automation_seconds".to_owned(), middle);
    }
    details
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};

    const HOUR: f64 = 3600.0;

    /// Datadog's published worked example: C is deployed; C1, C2 (3 pm) and C3 (4 pm, on a branch) follow; C4 merges
    /// the branch; C1 is deployed, then C4 at 7 pm. C2 takes 4 hours and C3 takes 3.
    #[test]
    fn a_published_example_gives_four_and_three_hours() {
        let measured = Example::days(2)
            .commit("C", &[], 10)
            .commit("C1", &["C"], 12)
            .commit("C2", &["C1"], 15)
            .commit("C3", &["C1"], 16)
            .commit("C4", &["C2", "C3"], 17)
            .deploy("C", 11)
            .deploy("C1", 13)
            .deploy("C4", 19)
            .data(|data| {
                let mut hours: Vec<f64> = data
                    .shipped
                    .iter()
                    .filter(|change| data.timeline.entries[change.deployment].deployment.version == "C4")
                    .map(|change| change.lead_time.seconds() / HOUR)
                    .collect();
                hours.sort_by(f64::total_cmp);
                assert_eq!(hours, [3.0, 4.0]);
                assert_eq!(data.exclusions.count(truelevel_model::Reason::MergeCommit), 1);
                (CHANGE_LEAD_TIME.measure)(data)
            });
        assert_eq!(measured.n, 3, "C1, C2 and C3; C is the baseline");
        close(measured.value, 3.0 * HOUR);
        assert_eq!(measured.low, None, "three deployments give no interval");
    }

    #[test]
    fn changes_that_wait_are_open_and_never_shorten_the_answer() {
        let shipped = Example::days(30).commit("A", &[], 0).deploy("A", 1).commit("B", &["A"], 10).deploy("B", 12);
        let alone = shipped.clone().measure(&CHANGE_LEAD_TIME);
        close(alone.value, 2.0 * HOUR);
        let waiting = shipped.clone().commit("C", &["B"], 20).commit("D", &["C"], 21).measure(&CHANGE_LEAD_TIME);
        assert_eq!((waiting.n, waiting.censored), (1, 2));
        assert_eq!(waiting.value, None, "two of three are open, so the median is not reached");
        assert!(waiting.at_least > alone.value);
        let merging = shipped.commit("C", &["A"], 20).commit("M", &["B", "C"], 21).data(|data| {
            assert_eq!(data.exclusions.count(truelevel_model::Reason::MergeCommit), 1, "M waits, and is left out");
            (CHANGE_LEAD_TIME.measure)(data)
        });
        assert_eq!((merging.n, merging.censored), (1, 1));
    }

    #[test]
    fn a_change_deployed_before_it_was_written_is_set_aside_and_counted() {
        let example = Example::days(30).commit("A", &[], 0).deploy("A", 1).commit("B", &["A"], 50).deploy("B", 40);
        example.data(|data| {
            assert_eq!(data.exclusions.count(truelevel_model::Reason::NegativeDuration), 1);
            assert!(data.shipped.is_empty());
        });
    }

    #[test]
    fn the_first_deployment_attributes_nothing_unless_a_baseline_is_declared() {
        let example = Example::days(30).commit("A", &[], 1).commit("B", &["A"], 2).deploy("B", 5);
        assert_eq!(example.clone().measure(&CHANGE_LEAD_TIME).n, 0);
        let measured = example.baseline("A").measure(&CHANGE_LEAD_TIME);
        assert_eq!(measured.n, 1);
        close(measured.value, 3.0 * HOUR);
    }

    #[test]
    fn a_version_that_does_not_resolve_leaves_its_changes_to_the_next() {
        let example = Example::days(30)
            .commit("A", &[], 0)
            .deploy("A", 1)
            .commit("B", &["A"], 10)
            .deploy("unknown", 11)
            .commit("C", &["B"], 20)
            .deploy("C", 21);
        example.data(|data| {
            assert_eq!(data.exclusions.count(truelevel_model::Reason::VersionUnresolved), 1);
            assert_eq!(data.shipped.len(), 2);
            assert!(data.timeline.entries[2].follows_unresolved);
        });
    }

    #[test]
    fn a_squashed_review_starts_at_its_first_original_commit() {
        let squashed = Example::days(30)
            .commit("A", &[], 0)
            .deploy("A", 1)
            .commit("S", &["A"], 20)
            .review(12, Some(20), |review| {
                review.merge_commit = Some(Example::id("S"));
                review.first_commit_at = Some(Example::at(10));
                review.first_response_at = Some(Example::at(15));
            })
            .run("ci", "S", 20, Some(21), truelevel_model::facts::RunOutcome::Succeeded)
            .deploy("S", 24)
            .deployment(|deployment| {
                deployment.started_at = Some(Example::at(23));
                deployment.approval_wait = Some(Span::from_seconds(2.0 * HOUR));
            })
            .measure(&CHANGE_LEAD_TIME);
        close(squashed.value, 14.0 * HOUR);
        let hours = |name: &str| squashed.details[&format!("{name}_seconds")] / HOUR;
        assert_eq!(
            ["coding", "pickup", "review", "pipeline", "approval_wait", "rollout", "merge_to_deploy"].map(hours),
            [2.0, 3.0, 5.0, 1.0, 2.0, 1.0, 4.0]
        );
    }

    #[test]
    fn commits_of_a_merged_review_keep_their_own_author_times() {
        let merged = Example::days(30)
            .commit("A", &[], 0)
            .deploy("A", 1)
            .commit("B", &["A"], 15)
            .commit("M", &["A", "B"], 20)
            .review(16, Some(20), |review| {
                review.merge_commit = Some(Example::id("M"));
                review.first_commit_at = Some(Example::at(10));
            })
            .deploy("M", 24)
            .measure(&CHANGE_LEAD_TIME);
        close(merged.value, 9.0 * HOUR);
        close(merged.details.get("coding_seconds").copied(), HOUR);
    }

    #[test]
    fn without_reviews_runs_and_reports_there_are_no_such_segments() {
        let measured = Example::days(30).commit("A", &[], 0).deploy("A", 1).commit("B", &["A"], 2).deploy("B", 3);
        let details = measured.measure(&CHANGE_LEAD_TIME).details;
        for name in ["approval_wait", "coding", "pickup", "pipeline", "review", "rollout"] {
            assert!(!details.contains_key(&format!("{name}_seconds")), "{name}");
        }
    }

    #[test]
    fn a_rollback_and_going_forward_again_ship_nothing_new() {
        let example = Example::days(30)
            .commit("A", &[], 0)
            .commit("B", &["A"], 5)
            .deploy("A", 1)
            .deploy("B", 6)
            .deploy("A", 7)
            .deploy("B", 9);
        close(example.measure(&CHANGE_LEAD_TIME).value, HOUR);
    }
}
