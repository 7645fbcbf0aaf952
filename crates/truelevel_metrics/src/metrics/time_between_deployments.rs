//! How long production stays as it is.

use truelevel_model::{Measurement, Unit, declare};

use super::{Basis, Metric};
use crate::service::ServiceData;
use crate::statistics::Observation;

declare! {
    /// Time between deployments
    ///
    /// From one production deployment that counts in the frequency to the next, for each pair whose later one is in the
    /// window.
    ///
    /// The time since the last deployment counts as "at least this long" (Kaplan–Meier 1958): a service that stopped
    /// deploying must not look as it did before. A first deployment has none before it and opens no gap.
    ///
    /// **Interval**: order statistics on the curve; none below 6 gaps for the median, 11 for p75, 29 for p90.
    ///
    /// **Source**: DORA's guide names it as the other form of deployment frequency (dora.dev/guides/dora-metrics).
    pub static TIME_BETWEEN_DEPLOYMENTS: Metric = {
        id: "time_between_deployments",
        version: 2,
        unit: Unit::Seconds,
        higher_is_better: Some(false),
        basis: Basis::Deployments,
        measure: measure,
    };
}

fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &TIME_BETWEEN_DEPLOYMENTS;
    if let Some(missing) = metric.without_deployments(data) {
        return missing;
    }
    let entries = data.timeline.entries.iter().filter(|entry| entry.kind.is_counted());
    let mut times: Vec<_> = entries.map(|entry| entry.deployment.finished_at).collect();
    times.sort_unstable();
    let gaps = times.windows(2).filter(|pair| data.window.contains(pair[1])).map(|pair| (pair[1].since(pair[0]), true));
    let since_last = times.last().map(|last| (data.window.end.since(*last), false));
    let gaps: Vec<Observation> = gaps
        .chain(since_last)
        .map(|(gap, is_event)| Observation { duration_seconds: gap.seconds(), is_event })
        .collect();
    let nothing = "no deployment that counts in the frequency is known";
    super::durations(metric, data, &gaps, (gaps.len() as u64, "gaps"), nothing)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};

    #[test]
    fn the_gap_that_reaches_into_the_window_counts_and_the_last_one_is_open() {
        let measured = Example::days(30).deploy_at_hours(&[-10, 20, 30, 719]).measure(&TIME_BETWEEN_DEPLOYMENTS);
        assert_eq!((measured.n, measured.censored), (3, 1));
        close(measured.value, 30.0 * 3600.0);
    }

    #[test]
    fn a_service_that_stopped_deploying_does_not_look_as_before() {
        let measured = Example::days(90).deploy_at_hours(&[0, 10, 20]).measure(&TIME_BETWEEN_DEPLOYMENTS);
        assert!(measured.p75.is_some_and(|p75| p75.value.is_none() && p75.at_least > Some(2000.0 * 3600.0)));
    }

    #[test]
    fn redeployments_do_not_shorten_it() {
        let measured = Example::days(30).deploy("v1", 0).deploy("v1", 5).deploy("v2", 10);
        close(measured.deploy("v3", 20).measure(&TIME_BETWEEN_DEPLOYMENTS).value, 10.0 * 3600.0);
    }
}
