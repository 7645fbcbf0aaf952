//! How often a pipeline fails for nothing.

use truelevel_model::{Measurement, Unit, declare};

use super::{Basis, Metric};
use crate::service::ServiceData;

declare! {
    /// Flake rate
    ///
    /// Pairs of commit and pipeline where a run failed and a later one of the same pipeline on the same commit
    /// succeeded ÷ pairs with a verdict, in the window.
    ///
    /// The commit did not change, so the failure was none of its doing. Where a source tells only the last attempt of a
    /// run, the first ones are not known; such pairs are counted as `unseen_attempts` and make the value a lower bound.
    ///
    /// It is the state of the repository's pipelines, also for a service that is only a part of the repository.
    ///
    /// **Interval**: Wilson (1927).
    ///
    /// **Source**: a flaky result is one that passes and fails with the same code (Micco 2016, testing.googleblog.com).
    pub static FLAKE_RATE: Metric = {
        id: "flake_rate",
        version: 1,
        unit: Unit::Ratio,
        higher_is_better: Some(false),
        basis: Basis::PipelineRuns,
        measure: measure,
    };
}

fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &FLAKE_RATE;
    let Some(pipelines) = data.pipelines() else { return metric.without_pipelines(data) };
    let nothing = "no pipeline run came to a verdict in the window";
    let mut measurement = super::share(metric, data, pipelines.flaky, nothing);
    if pipelines.unseen_attempts > 0 {
        measurement.details.insert("unseen_attempts".to_owned(), pipelines.unseen_attempts as f64);
        super::bound_below(&mut measurement, "of some runs only a later attempt is known, so this is a lower bound");
    }
    measurement
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};
    use truelevel_model::facts::RunOutcome::{Failed, Succeeded};

    #[test]
    fn a_failure_that_the_same_commit_takes_back_is_a_flake() {
        let measured = Example::days(30)
            .commit("A", &[], 0)
            .run("ci", "A", 1, Some(2), Failed)
            .run("ci", "A", 3, Some(4), Succeeded)
            .run("ci", "B", 5, Some(6), Failed)
            .run("ci", "C", 7, Some(8), Succeeded)
            .run("lint", "A", 1, Some(2), Succeeded)
            .measure(&FLAKE_RATE);
        assert_eq!(measured.n, 4);
        close(measured.value, 0.25);
        assert!(!measured.is_lower_bound);
    }

    #[test]
    fn success_before_a_failure_is_no_flake() {
        let measured = Example::days(30)
            .commit("A", &[], 0)
            .run("ci", "A", 1, Some(2), Succeeded)
            .run("ci", "A", 3, Some(4), Failed)
            .measure(&FLAKE_RATE);
        close(measured.value, 0.0);
    }

    #[test]
    fn a_second_attempt_whose_first_is_not_known_makes_it_a_lower_bound() {
        let measured = Example::days(30)
            .commit("A", &[], 0)
            .run("ci", "A", 1, Some(2), Succeeded)
            .run_with(|run| run.attempt = 2)
            .measure(&FLAKE_RATE);
        assert!(measured.is_lower_bound);
    }
}
