//! How long deployments wait for somebody to allow them.

use truelevel_model::{DeploymentOutcome, Measurement, Unit, declare};

use super::{Basis, Metric};
use crate::service::ServiceData;
use crate::statistics::Observation;

declare! {
    /// Approval wait
    ///
    /// How long a production deployment in the window waited for an approval, over the deployments of which that is
    /// known.
    ///
    /// One that still waits counts as "at least this long" (Kaplan–Meier 1958). A source that says nothing of approvals
    /// leaves the wait unknown, which is not none; a deployment that is known to need none waits zero.
    ///
    /// Beside it stands `share_of_lead_time`: of all the time that the changes of these deployments took, the part that
    /// they waited for an approval.
    ///
    /// **Interval**: order statistics on the curve; none below 6 deployments for the median, 11 for p75, 29 for p90.
    ///
    /// **Source**: DORA's capability "streamlining change approval" asks for the time changes wait for approval.
    pub static APPROVAL_WAIT_TIME: Metric = {
        id: "approval_wait_time",
        version: 2,
        unit: Unit::Seconds,
        higher_is_better: Some(false),
        basis: Basis::Deployments,
        measure: measure,
    };
}

fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &APPROVAL_WAIT_TIME;
    if let Some(missing) = metric.without_deployments(data) {
        return missing;
    }
    let waits: Vec<Observation> = data
        .in_window()
        .filter_map(|entry| Some((entry.deployment.approval_wait?, entry.deployment.outcome)))
        .filter(|(wait, _)| !wait.is_negative())
        .map(|(wait, outcome)| Observation {
            duration_seconds: wait.seconds(),
            is_event: outcome != DeploymentOutcome::InProgress,
        })
        .collect();
    let deployments = waits.len() as u64;
    let nothing = "of no deployment in the window is it known how long it waited for an approval";
    let mut measurement = super::durations(metric, data, &waits, (deployments, "deployments"), nothing);
    let (mut waited, mut taken) = (0.0, 0.0);
    for change in &data.shipped {
        if let Some(wait) = data.timeline.entries[change.deployment].deployment.approval_wait {
            // What came in while the deployment already waited, waited no longer than it took.
            waited += wait.min(change.lead_time).seconds().max(0.0);
            taken += change.lead_time.seconds();
        }
    }
    if taken > 0.0 {
        measurement.details.insert("share_of_lead_time".to_owned(), waited / taken);
    }
    measurement
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};
    use truelevel_model::Span;

    fn waiting(hours: f64) -> Option<Span> {
        Some(Span::from_seconds(hours * 3600.0))
    }

    #[test]
    fn an_unknown_wait_is_no_zero_and_an_open_one_never_shortens() {
        let known = Example::days(30)
            .deploy("v1", 1)
            .deploy("v2", 10)
            .deployment(|deployment| deployment.approval_wait = waiting(2.0))
            .deploy("v3", 20)
            .deployment(|deployment| deployment.approval_wait = waiting(4.0));
        let measured = known.clone().measure(&APPROVAL_WAIT_TIME);
        assert_eq!(measured.n, 2);
        close(measured.value, 3.0 * 3600.0);
        let open = known.deploy("v4", 30).deployment(|deployment| {
            deployment.approval_wait = waiting(1.0);
            deployment.outcome = DeploymentOutcome::InProgress;
        });
        let open = open.measure(&APPROVAL_WAIT_TIME);
        assert_eq!((open.n, open.censored), (2, 1));
        assert!(open.value >= measured.value);
        assert_eq!(Example::days(30).deploy("v1", 1).measure(&APPROVAL_WAIT_TIME).value, None);
    }

    #[test]
    fn the_share_of_lead_time_is_that_of_the_changes_that_waited() {
        let measured = Example::days(30)
            .commit("A", &[], 0)
            .deploy("A", 1)
            .commit("B", &["A"], 2)
            .deploy("B", 12)
            .deployment(|deployment| deployment.approval_wait = waiting(4.0))
            .measure(&APPROVAL_WAIT_TIME);
        close(measured.details.get("share_of_lead_time").copied(), 0.4);
    }
}
