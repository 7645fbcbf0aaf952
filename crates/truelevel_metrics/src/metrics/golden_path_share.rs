//! How much of what is deployed went over a golden path.

use truelevel_model::{Measurement, Unit, declare};

use super::{Basis, Metric};
use crate::pipelines::Tally;
use crate::platform::paths::deployments;
use crate::service::ServiceData;

declare! {
    /// Deployments over a golden path
    ///
    /// Production deployments in the window whose pipelines executed a golden path ÷ those of which pipelines tell what
    /// they executed.
    ///
    /// The golden paths are those that `truelevel.toml` declares; candidates that were only found do not count. A deployment went over one when a pipeline run on the deployed commit, started before the deployment
    /// ended, names it among the shared workflows that it executed. What a file only declares does not count. A run whose
    /// list of shared workflows is empty executed none. Where the list is missing, it executed none if other runs of the same
    /// source name some; otherwise nothing is known of it.
    ///
    /// **Interval**: Wilson (1927).
    ///
    /// **Source**: our own definition.
    pub static GOLDEN_PATH_SHARE: Metric = {
        id: "golden_path_share",
        version: 3,
        unit: Unit::Ratio,
        higher_is_better: None,
        basis: Basis::PipelineRuns,
        measure: measure,
    };
}

fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &GOLDEN_PATH_SHARE;
    if data.facts.golden_paths.is_none_or(|paths| !paths.is_declared) {
        return metric.missing(data, "no golden path is declared");
    }
    let executed: Vec<bool> = deployments(data)
        .into_iter()
        .filter(|deployment| deployment.is_in_window)
        .filter_map(|deployment| Some(!deployment.executed?.is_empty()))
        .collect();
    let on = executed.iter().filter(|is_on| **is_on).count() as u64;
    let nothing = "of no deployment in the window do pipelines tell which shared workflows they executed";
    super::share(metric, data, Tally { part: on, whole: executed.len() as u64 }, nothing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};
    use truelevel_model::facts::RunOutcome;

    #[test]
    fn what_ran_on_the_deployed_commit_decides() {
        let mut example = Example::days(30);
        let shared: [&[&str]; 4] =
            [&["org/ci/deploy.yml@v2"], &[], &["org/cinema/deploy.yml@v1"], &["org/ci/test.yml@v1", "other@v1"]];
        for (at, (name, shared)) in ["A", "B", "C", "D"].into_iter().zip(shared).enumerate() {
            let at = at as i64 * 10;
            example = example.commit(name, &[], at).run("deploy", name, at, Some(at + 1), RunOutcome::Succeeded);
            example =
                example.run_with(|run| run.shared_workflows = Some(shared.iter().map(|&it| it.to_owned()).collect()));
            example = example.deploy(name, at + 2);
        }
        let example = example.commit("E", &[], 50).deploy("E", 52);
        let measured = example.clone().golden_path("org/ci").measure(&GOLDEN_PATH_SHARE);
        assert_eq!(measured.n, 4, "of the last deployment no run tells");
        close(measured.value, 0.5);
        assert_eq!(example.measure(&GOLDEN_PATH_SHARE).value, None, "no path is declared");
    }

    #[test]
    fn who_says_that_nothing_shared_ran_is_off_every_path_and_who_says_nothing_is_not_known() {
        let measured = |shared: Option<Vec<String>>| {
            let mut example = Example::days(30);
            for (at, name) in (0..).zip(["A", "B"]) {
                let at = at * 10;
                example = example.commit(name, &[], at).run("deploy", name, at, Some(at + 1), RunOutcome::Succeeded);
                let shared = shared.clone();
                example = example.run_with(move |run| run.shared_workflows = shared).deploy(name, at + 2);
            }
            example.golden_path("org/ci").measure(&GOLDEN_PATH_SHARE)
        };
        close(measured(Some(Vec::new())).value, 0.0);
        assert_eq!(measured(None).value, None);
    }
}
