//! How often a pipeline is green.

use truelevel_model::{Measurement, Unit, declare};

use super::{Basis, Metric};
use crate::service::ServiceData;

declare! {
    /// Pipeline success rate
    ///
    /// Pipeline runs of the service's repository that succeeded ÷ runs that came to a verdict in the window.
    ///
    /// Every attempt is a run. Runs that were stopped or had nothing to do come to no verdict. A failure on a branch is
    /// feedback, one on the default branch stops everybody: the rate on the default branch is beside it as
    /// `default_branch_ratio`, with its number of runs.
    ///
    /// It is the state of the repository's pipelines, also for a service that is only a part of the repository.
    ///
    /// **Interval**: Wilson (1927), taking each run for independent.
    ///
    /// **Source**: DORA's capability "continuous integration" (dora.dev/capabilities/continuous-integration) asks for the
    /// share of builds and tests that pass.
    pub static PIPELINE_SUCCESS_RATE: Metric = {
        id: "pipeline_success_rate",
        version: 1,
        unit: Unit::Ratio,
        higher_is_better: Some(true),
        basis: Basis::PipelineRuns,
        measure: measure,
    };
}

fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &PIPELINE_SUCCESS_RATE;
    let Some(pipelines) = data.pipelines() else { return metric.without_pipelines(data) };
    let nothing = "no pipeline run came to a verdict in the window";
    let mut measurement = super::share(metric, data, pipelines.succeeded, nothing);
    let on_default_branch = pipelines.succeeded_on_default_branch;
    if on_default_branch.whole > 0 {
        let ratio = on_default_branch.part as f64 / on_default_branch.whole as f64;
        measurement.details.insert("default_branch_n".to_owned(), on_default_branch.whole as f64);
        measurement.details.insert("default_branch_ratio".to_owned(), ratio);
    }
    measurement
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};
    use truelevel_model::facts::RunOutcome::{Cancelled, Failed, InProgress, Skipped, Succeeded};

    #[test]
    fn only_verdicts_count_and_the_default_branch_stands_apart() {
        let measured = Example::days(30)
            .commit("A", &[], 0)
            .run("ci", "A", 1, Some(2), Succeeded)
            .run("ci", "elsewhere", 3, Some(4), Failed)
            .run("ci", "elsewhere", 5, Some(6), Failed)
            .run("ci", "A", 7, Some(8), Cancelled)
            .run("ci", "A", 9, Some(10), Skipped)
            .run("ci", "A", 11, None, InProgress)
            .measure(&PIPELINE_SUCCESS_RATE);
        assert_eq!(measured.n, 3);
        close(measured.value, 1.0 / 3.0);
        close(measured.details.get("default_branch_ratio").copied(), 1.0);
        assert_eq!(measured.details["default_branch_n"], 1.0);
    }

    #[test]
    fn a_verdict_after_the_as_of_is_not_known_yet() {
        let measured = Example::days(1).commit("A", &[], 0).run("ci", "A", 23, Some(25), Succeeded);
        assert_eq!(measured.measure(&PIPELINE_SUCCESS_RATE).n, 0);
    }
}
