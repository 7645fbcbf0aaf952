//! How much deploying is repair.

use std::collections::BTreeMap;

use truelevel_model::{Measurement, Unit, declare};

use super::{Basis, Metric};
use crate::failures::NEAR;
use crate::incidents::ServiceIncident;
use crate::pipelines::Tally;
use crate::service::ServiceData;
use crate::timeline::DeploymentKind;

declare! {
    /// Deployment rework rate
    ///
    /// Unplanned production deployments in the window ÷ production deployments that count in the frequency.
    ///
    /// Two wordings are published and both are computed. **Strict** is the value: deployments made because of an incident
    /// or to go back. Those are rollbacks, and the deployment after which an incident of the service ended: the last one
    /// that finished while it was open, within 24 hours of its end. **Broad**, beside it as `broad_ratio`, adds what
    /// mends a fault without an incident: deployments that ship the revert of a change shipped earlier, and those that
    /// first ship the merge of a review labelled as a hotfix or a bug (the words bug, bugfix, hotfix, incident and
    /// regression, in any spelling of a label such as `kind/bug`).
    ///
    /// Without incident data only rollbacks show: the value is then a lower bound.
    ///
    /// **Interval**: Wilson (1927).
    ///
    /// **Source**: strict is DORA's guide (dora.dev/guides/dora-metrics), broad its survey question ("not planned, but
    /// performed to address a user-facing bug").
    pub static DEPLOYMENT_REWORK_RATE: Metric = {
        id: "deployment_rework_rate",
        version: 2,
        unit: Unit::Ratio,
        higher_is_better: Some(false),
        basis: Basis::Deployments,
        measure: measure,
    };
}

fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &DEPLOYMENT_REWORK_RATE;
    if let Some(missing) = metric.without_deployments(data) {
        return missing;
    }
    if data.is_proxy() && data.facts.incidents.is_none() {
        return metric.missing(data, "releases are not rolled back: without incident data a proxy shows no rework");
    }
    let entries = &data.timeline.entries;
    let counted: Vec<Rework> = data
        .rework()
        .iter()
        .filter(|(place, _)| entries[**place].kind.is_counted())
        .filter(|(place, _)| data.window.contains(entries[**place].deployment.finished_at))
        .map(|(_, why)| *why)
        .collect();
    let part = counted.iter().filter(|why| why.is_strict()).count() as u64;
    let whole = data.counted().count() as u64;
    let mut measurement = super::share(metric, data, Tally { part, whole }, "no deployment in the window");
    measurement.details.insert("strict".to_owned(), part as f64);
    measurement.details.insert("broad".to_owned(), counted.len() as f64);
    if whole > 0 {
        measurement.details.insert("broad_ratio".to_owned(), counted.len() as f64 / whole as f64);
        if data.facts.incidents.is_none() {
            super::bound_below(&mut measurement, "no incident data: only rollbacks show, so this is a lower bound");
        }
    }
    measurement
}

/// Why a deployment was not planned; the strongest reason first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rework {
    /// It went back to an earlier version.
    Rollback,
    /// An incident ended after it.
    EndedIncident,
    /// It shipped the revert of a change.
    Revert,
    /// It shipped a review that is labelled as a repair.
    Labelled,
}

impl Rework {
    /// Whether it counts in the strict sense.
    pub const fn is_strict(self) -> bool {
        matches!(self, Self::Rollback | Self::EndedIncident)
    }

    /// In words.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Rollback => "went back to an earlier version",
            Self::EndedIncident => "an incident ended after it",
            Self::Revert => "ships the revert of a change",
            Self::Labelled => "ships a review labelled as a repair",
        }
    }
}

/// See [`ServiceData::rework`], which keeps the answer.
pub(crate) fn rework(data: &ServiceData<'_>) -> BTreeMap<usize, Rework> {
    let entries = data.timeline.entries.iter().enumerate();
    let rollbacks = entries.filter(|(_, entry)| entry.kind == DeploymentKind::Rollback);
    let found = rollbacks
        .map(|(place, _)| (place, Rework::Rollback))
        .chain(incident_ends(data).into_iter().map(|place| (place, Rework::EndedIncident)))
        .chain(data.reverts.iter().map(|revert| (revert.fix, Rework::Revert)))
        .chain(data.labelled_fixes.iter().map(|labelled| (labelled.fix, Rework::Labelled)));
    let mut places: BTreeMap<usize, Rework> = BTreeMap::new();
    for (place, why) in found {
        let strongest = places.entry(place).or_insert(why);
        *strongest = why.min(*strongest);
    }
    places
}

/// The deployments after which an incident ended.
fn incident_ends(data: &ServiceData<'_>) -> Vec<usize> {
    let mut by_end: Vec<_> = data
        .timeline
        .entries
        .iter()
        .enumerate()
        .filter(|(_, entry)| entry.kind.is_counted())
        .map(|(place, entry)| (entry.deployment.finished_at, place))
        .collect();
    by_end.sort_unstable();
    let ended_by = |found: &ServiceIncident<'_>| {
        let resolved_at = found.resolved_at?;
        let before = by_end.partition_point(|(end, _)| *end <= resolved_at);
        let (end, place) = by_end[..before].last()?;
        let is_while_open = *end > found.incident.started_at && resolved_at.since(*end) <= NEAR;
        // What caused it cannot have been made because of it.
        (is_while_open && found.cause.deployment() != Some(*place)).then_some(*place)
    };
    data.incidents.iter().filter_map(ended_by).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};

    #[test]
    fn a_rollback_and_what_ends_an_incident_are_rework() {
        let measured = Example::days(30)
            .deploy("v1", 1)
            .deploy("v2", 10)
            .deploy("v1", 12)
            .deploy("v3", 100)
            .incident(101, Some(105), None)
            .deploy("v4", 104)
            .deploy("v5", 200)
            .measure(&DEPLOYMENT_REWORK_RATE);
        assert_eq!(measured.n, 6);
        close(measured.value, 2.0 / 6.0);
        assert!(!measured.is_lower_bound);
    }

    #[test]
    fn a_deployment_that_caused_an_incident_is_not_its_repair() {
        let measured = Example::days(30)
            .deploy("v1", 1)
            .deploy("v2", 10)
            .incident(9, Some(11), Some("v2"))
            .measure(&DEPLOYMENT_REWORK_RATE);
        close(measured.value, 0.0);
    }

    #[test]
    fn labels_and_reverts_are_rework_in_the_broad_sense_only() {
        let measured = Example::days(30)
            .commit("A", &[], 0)
            .deploy("A", 1)
            .commit("B", &["A"], 2)
            .review(2, Some(3), |review| {
                review.merge_commit = Some(Example::id("B"));
                review.labels = vec!["kind/Bug".to_owned()];
            })
            .deploy("B", 4)
            .commit("C", &["B"], 10)
            .review(9, Some(10), |review| {
                review.merge_commit = Some(Example::id("C"));
                review.labels = vec!["debugging".to_owned()];
            })
            .deploy("C", 12)
            .revert("D", "C", &["C"], 20)
            .deploy("D", 100)
            .no_incidents()
            .measure(&DEPLOYMENT_REWORK_RATE);
        close(measured.value, 0.0);
        close(measured.details.get("broad_ratio").copied(), 0.5);
    }

    #[test]
    fn without_incident_data_the_rate_is_a_lower_bound() {
        let measured = Example::days(30).deploy("v1", 1).deploy("v2", 2).measure(&DEPLOYMENT_REWORK_RATE);
        assert!(measured.is_lower_bound && measured.band.is_none());
    }
}
