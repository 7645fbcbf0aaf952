//! How long a change waits for its pipeline.

use truelevel_model::{Measurement, Unit, declare};

use super::{Basis, Metric};
use crate::service::ServiceData;

declare! {
    /// Pipeline duration
    ///
    /// How long the slowest pipeline of a commit took from start to end, for each commit of the service's repository on
    /// which one started in the window.
    ///
    /// A commit is known to be good when its slowest pipeline is through; the median over all runs would be that of the
    /// many short ones. A pipeline that still runs counts as "at least this long" (Kaplan–Meier 1958). Runs that were
    /// stopped or had nothing to do, and runs that a timetable started, are left out. Waiting inside a run, for a
    /// machine or for an approval, is part of it.
    ///
    /// It is the state of the repository's pipelines, also for a service that is only a part of the repository.
    ///
    /// **Interval**: order statistics on the curve; none below 6 commits for the median, 11 for p75, 29 for p90.
    ///
    /// **Source**: DORA's capabilities "continuous integration" and "test automation" ask for feedback within ten minutes.
    pub static PIPELINE_DURATION: Metric = {
        id: "pipeline_duration",
        version: 2,
        unit: Unit::Seconds,
        higher_is_better: Some(false),
        basis: Basis::PipelineRuns,
        measure: measure,
    };
}

fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &PIPELINE_DURATION;
    let Some(pipelines) = data.pipelines() else { return metric.without_pipelines(data) };
    let nothing = "no pipeline started in the window that came to a verdict or still runs";
    let commits = pipelines.durations.n();
    super::survival(metric, data, &pipelines.durations, (commits, "commits"), nothing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};
    use truelevel_model::facts::RunOutcome::{Cancelled, Failed, InProgress, Succeeded};

    #[test]
    fn the_slowest_pipeline_of_each_commit_counts() {
        let measured = Example::days(30)
            .commit("A", &[], 0)
            .run("lint", "A", 1, Some(2), Succeeded)
            .run("test", "A", 1, Some(4), Failed)
            .run("lint", "B", 10, Some(11), Succeeded)
            .run("test", "B", 10, Some(19), Cancelled)
            .run("nightly", "A", 30, Some(90), Succeeded)
            .run_with(|run| run.trigger = "Schedule".to_owned())
            .measure(&PIPELINE_DURATION);
        assert_eq!(measured.n, 2);
        close(measured.value, 2.0 * 3600.0);
    }

    #[test]
    fn a_run_that_does_not_end_never_shortens_it() {
        let example = Example::days(30)
            .commit("A", &[], 0)
            .run("test", "A", 1, Some(4), Succeeded)
            .run("test", "B", 1, None, InProgress);
        let measured = example.measure(&PIPELINE_DURATION);
        assert_eq!((measured.n, measured.censored), (1, 1));
        assert!(measured.value.is_none_or(|value| value >= 3.0 * 3600.0));
    }

    #[test]
    fn no_source_of_pipeline_runs_is_no_number() {
        let measured = Example::days(30).commit("A", &[], 0).measure(&PIPELINE_DURATION);
        assert_eq!(measured.value, None);
        assert!(measured.note.is_some_and(|note| note.contains("no source reports")));
    }
}
