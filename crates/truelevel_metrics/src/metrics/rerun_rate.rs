//! How often a pipeline is started again.

use truelevel_model::{Measurement, Unit, declare};

use super::{Basis, Metric};
use crate::service::ServiceData;

declare! {
    /// Re-run rate
    ///
    /// Pipeline runs of the service's repository that were started again at least once ÷ runs that started in the window,
    /// counting all attempts of a run as one.
    ///
    /// People start a run again when they do not believe it. How often they were right is the flake rate.
    ///
    /// It is the state of the repository's pipelines, also for a service that is only a part of the repository.
    ///
    /// **Interval**: Wilson (1927).
    ///
    /// **Source**: our own definition.
    pub static RERUN_RATE: Metric = {
        id: "rerun_rate",
        version: 1,
        unit: Unit::Ratio,
        higher_is_better: Some(false),
        basis: Basis::PipelineRuns,
        measure: measure,
    };
}

fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &RERUN_RATE;
    let Some(pipelines) = data.pipelines() else { return metric.without_pipelines(data) };
    super::share(metric, data, pipelines.rerun, "no pipeline run started in the window")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};
    use truelevel_model::facts::RunOutcome::{Failed, Succeeded};

    #[test]
    fn attempts_of_one_run_are_one_run_that_was_started_again() {
        let again = |run: &mut truelevel_model::PipelineRun| {
            run.id = "0".to_owned();
            run.attempt = 2;
        };
        let measured = Example::days(30)
            .commit("A", &[], 0)
            .run("ci", "A", 1, Some(2), Failed)
            .run("ci", "A", 3, Some(4), Succeeded)
            .run_with(again)
            .run("ci", "B", 5, Some(6), Succeeded)
            .measure(&RERUN_RATE);
        assert_eq!(measured.n, 2);
        close(measured.value, 0.5);
    }

    #[test]
    fn the_last_attempt_alone_shows_that_there_were_others() {
        let measured = Example::days(30)
            .commit("A", &[], 0)
            .run("ci", "A", 1, Some(2), Succeeded)
            .run_with(|run| run.attempt = 3)
            .measure(&RERUN_RATE);
        close(measured.value, 1.0);
    }
}
