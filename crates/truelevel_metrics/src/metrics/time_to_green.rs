//! How long the default branch stays red.

use truelevel_model::{Measurement, Unit, declare};

use super::{Basis, Metric};
use crate::pipelines::RedSpell;
use crate::service::ServiceData;
use crate::statistics::Observation;

declare! {
    /// Time to green
    ///
    /// From the end of the first failed run of a pipeline on the default branch to the end of its next run there that
    /// succeeded, for each time it turned red in the window.
    ///
    /// What is still red counts as "at least this long" (Kaplan–Meier 1958). A run is on the default branch when its
    /// commit is on the branch's own line; where the commit is not known, when the branch it names is the default one.
    ///
    /// It is the state of the repository's pipelines, also for a service that is only a part of the repository.
    ///
    /// **Interval**: order statistics on the curve; none below 6 times for the median, 11 for p75, 29 for p90.
    ///
    /// **Source**: DORA's capability "continuous integration" asks how long a broken build stays broken.
    pub static TIME_TO_GREEN: Metric = {
        id: "time_to_green",
        version: 2,
        unit: Unit::Seconds,
        higher_is_better: Some(false),
        basis: Basis::PipelineRuns,
        measure: measure,
    };
}

fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &TIME_TO_GREEN;
    let Some(pipelines) = data.pipelines() else { return metric.without_pipelines(data) };
    let nothing = "no pipeline turned red on the default branch in the window";
    if !pipelines.knows_default_branch {
        return metric.missing(data, "which branch is the default one is not known without the repository");
    }
    let spell = |spell: &RedSpell<'_>| Observation {
        duration_seconds: spell.green_at.unwrap_or(data.window.end).since(spell.since).seconds(),
        is_event: spell.green_at.is_some(),
    };
    let spells: Vec<Observation> = pipelines.red.iter().map(spell).collect();
    let times = spells.len() as u64;
    super::durations(metric, data, &spells, (times, "times that it turned red"), nothing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};
    use truelevel_model::facts::RunOutcome::{Failed, Succeeded};

    #[test]
    fn red_lasts_from_the_first_failure_to_the_next_success_of_the_same_pipeline() {
        let example = Example::days(30)
            .commit("A", &[], 0)
            .commit("B", &["A"], 10)
            .run("ci", "A", 1, Some(2), Failed)
            .run("ci", "A", 3, Some(4), Failed)
            .run("lint", "B", 5, Some(6), Succeeded)
            .run("ci", "elsewhere", 5, Some(6), Succeeded)
            .run("ci", "B", 11, Some(12), Succeeded);
        let measured = example.clone().measure(&TIME_TO_GREEN);
        assert_eq!(measured.n, 1);
        close(measured.value, 10.0 * 3600.0);
        let red = example.run("ci", "B", 100, Some(101), Failed).measure(&TIME_TO_GREEN);
        assert_eq!((red.n, red.censored), (1, 1));
        assert!(red.value.or(red.at_least) >= measured.value);
    }

    #[test]
    fn a_branch_that_was_never_red_has_no_time_to_green() {
        let measured = Example::days(30).commit("A", &[], 0).run("ci", "A", 1, Some(2), Succeeded);
        assert_eq!(measured.measure(&TIME_TO_GREEN).value, None);
    }
}
