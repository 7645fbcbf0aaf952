//! Which deployments failed, and how that shows.
//!
//! No single signal sees every failure, so each failure keeps all of its signals. Only an incident that names the
//! deployment is a report; the rest is inferred, and says with what confidence.

use std::collections::BTreeMap;

use truelevel_model::{ChangeIndex, Deployment, Incident, Span, Time};

use crate::service::ServiceFacts;
use crate::timeline::{DeploymentKind, Timeline};

/// A fix or an incident within this time is taken to belong to the deployment before it.
const NEAR: Span = Span::from_millis(24 * 3600 * 1000);

/// What shows that a deployment failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Signal {
    /// An incident names the deployment, its version or its commit.
    NamedByIncident,
    /// Production went back behind it.
    RolledBack,
    /// Automation stopped or reverted it.
    AbortedAutomatically,
    /// A change of it was reverted and the revert was deployed within 24 hours.
    Hotfixed,
    /// An incident of the service began after it, before the next deployment and within 24 hours.
    FollowedByIncident,
}

impl Signal {
    /// The id.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::NamedByIncident => "named_by_incident",
            Self::RolledBack => "rolled_back",
            Self::AbortedAutomatically => "aborted_automatically",
            Self::Hotfixed => "hotfixed",
            Self::FollowedByIncident => "followed_by_incident",
        }
    }

    /// How sure the signal makes it that this deployment failed, 0 to 1. House values, for ordering and display:
    /// every signal counts in the rate.
    pub const fn confidence(self) -> f64 {
        match self {
            Self::NamedByIncident | Self::AbortedAutomatically => 1.0,
            Self::RolledBack => 0.95,
            Self::Hotfixed => 0.8,
            Self::FollowedByIncident => 0.5,
        }
    }
}

/// A deployment that needed intervention.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// Its place on the timeline.
    pub deployment: usize,
    /// What shows it, strongest first.
    pub signals: Vec<Signal>,
    /// Start of impact: the incident's, else the end of the deployment.
    pub started_at: Time,
    /// When the service was restored: the incident's end, else that of the rollback or fix. Absent while open.
    pub recovered_at: Option<Time>,
}

#[derive(Default)]
struct Found {
    signals: Vec<Signal>,
    incident: Option<(Time, Option<Time>)>,
    mended_at: Option<Time>,
}

/// Finds the failures among all deployments of a timeline, in its order, looking no further than `as_of`.
pub fn failures(facts: &ServiceFacts<'_>, timeline: &Timeline<'_>, as_of: Time) -> Vec<Failure> {
    let mut found: BTreeMap<usize, Found> = BTreeMap::new();
    find_rollbacks(timeline, &mut found);
    find_aborts(timeline, &mut found);
    find_hotfixes(facts, timeline, &mut found);
    for incident in facts.incidents.unwrap_or_default() {
        if incident.started_at <= as_of
            && let Some((place, signal)) = cause(facts, timeline, incident)
        {
            let failure = found.entry(place).or_default();
            failure.signals.push(signal);
            let resolved_at = incident.resolved_at.filter(|at| *at <= as_of);
            failure.incident = Some(match failure.incident {
                // Several incidents of one failure: it lasts from the first start to the last end.
                Some((start, end)) => {
                    (start.min(incident.started_at), end.zip(resolved_at).map(|(one, other)| one.max(other)))
                }
                None => (incident.started_at, resolved_at),
            });
        }
    }
    found
        .into_iter()
        .map(|(deployment, mut failure)| {
            failure.signals.sort_unstable();
            failure.signals.dedup();
            let finished_at = timeline.entries[deployment].deployment.finished_at;
            let (started_at, recovered_at) = match failure.incident {
                Some((started_at, resolved_at)) => (started_at, resolved_at),
                None => (finished_at, failure.mended_at),
            };
            Failure { deployment, signals: failure.signals, started_at, recovered_at }
        })
        .collect()
}

/// A rollback goes back behind the first deployment that followed the version it returns to: that one failed. After
/// V1, V2, V3 a return to V1 means that V2 was bad already; otherwise the way would have led to V2.
fn find_rollbacks(timeline: &Timeline<'_>, found: &mut BTreeMap<usize, Found>) {
    let changes_what_runs = |kind| {
        matches!(
            kind,
            DeploymentKind::InitialState
                | DeploymentKind::Baseline
                | DeploymentKind::Forward
                | DeploymentKind::Rollback
                | DeploymentKind::FanOut
        )
    };
    // When the initial state began to run is not known, so neither is how long it hurt.
    let is_event = |place: &usize| timeline.entries[*place].kind != DeploymentKind::InitialState;
    for (place, rollback) in timeline.entries.iter().enumerate() {
        if rollback.kind != DeploymentKind::Rollback {
            continue;
        }
        let earlier = || {
            timeline.entries[..place].iter().enumerate().rev().filter(|(_, entry)| {
                entry.deployment.environment == rollback.deployment.environment && changes_what_runs(entry.kind)
            })
        };
        let mut failed = earlier().next().map(|(at, _)| at);
        let mut after_target = None;
        for (at, entry) in earlier() {
            let is_target = entry.deployment.version == rollback.deployment.version
                || (entry.commit.is_some() && entry.commit == rollback.commit);
            if is_target {
                failed = after_target.or(failed);
                break;
            }
            after_target = Some(at);
        }
        if let Some(failed) = failed.filter(is_event) {
            let failure = found.entry(failed).or_default();
            failure.signals.push(Signal::RolledBack);
            mend(failure, rollback.deployment.finished_at);
        }
    }
}

fn find_aborts(timeline: &Timeline<'_>, found: &mut BTreeMap<usize, Found>) {
    for (place, entry) in timeline.entries.iter().enumerate() {
        if entry.deployment.aborted_automatically == Some(true) {
            let failure = found.entry(place).or_default();
            failure.signals.push(Signal::AbortedAutomatically);
            mend(failure, entry.deployment.finished_at);
        }
    }
}

fn find_hotfixes(facts: &ServiceFacts<'_>, timeline: &Timeline<'_>, found: &mut BTreeMap<usize, Found>) {
    let (Some(repository), Some(attribution)) = (facts.repository.as_ref(), timeline.attribution.as_ref()) else {
        return;
    };
    let history = repository.history;
    for (place, fix) in timeline.entries.iter().enumerate() {
        for change in &fix.ships {
            let reverted = history.reverts(*change).and_then(|reverted| history.find(&reverted));
            // In a repository of several services only what touches this one can mend it; and to revert a revert is
            // to land the change again, not to mend the fix.
            let is_own = |change: ChangeIndex| repository.touches.is_none_or(|touches| touches(change));
            let reverted = reverted
                .filter(|reverted| history.reverts(*reverted).is_none() && is_own(*change) && is_own(*reverted));
            let Some(failed) = reverted.and_then(|reverted| attribution.first_deployment(reverted)) else { continue };
            let failed = failed as usize;
            let Some(entry) = timeline.entries.get(failed) else { continue };
            let between = fix.deployment.finished_at.since(entry.deployment.finished_at);
            if failed < place && between <= NEAR && !entry.ships.is_empty() {
                let failure = found.entry(failed).or_default();
                failure.signals.push(Signal::Hotfixed);
                mend(failure, fix.deployment.finished_at);
            }
        }
    }
}

fn mend(failure: &mut Found, at: Time) {
    failure.mended_at = Some(failure.mended_at.map_or(at, |earlier| earlier.min(at)));
}

/// The deployment that an incident belongs to.
fn cause(facts: &ServiceFacts<'_>, timeline: &Timeline<'_>, incident: &Incident) -> Option<(usize, Signal)> {
    let can_fail = |kind| {
        matches!(
            kind,
            DeploymentKind::Baseline
                | DeploymentKind::Forward
                | DeploymentKind::Rollback
                | DeploymentKind::FanOut
                | DeploymentKind::NotSucceeded
        )
    };
    let mut before = timeline
        .entries
        .iter()
        .enumerate()
        .rev()
        .filter(|(_, entry)| can_fail(entry.kind) && entry.deployment.finished_at <= incident.started_at);
    match &incident.caused_by {
        Some(named) => {
            let is_named = |deployment: &Deployment| deployment.id == *named || deployment.version == *named;
            let commit_of =
                |commit| facts.repository.as_ref().map(|repository| repository.history.id(commit).to_string());
            let is_commit =
                |commit| named.len() >= 7 && commit_of(commit).is_some_and(|id| id.starts_with(named.as_str()));
            // Named after the fact, an incident may have begun while the deployment still ran.
            let mut all = timeline.entries.iter().enumerate().rev().filter(|(_, entry)| can_fail(entry.kind));
            let place = before
                .find(|(_, entry)| is_named(entry.deployment) || entry.commit.is_some_and(is_commit))
                .or_else(|| all.find(|(_, entry)| is_named(entry.deployment) || entry.commit.is_some_and(is_commit)));
            place.map(|(place, _)| (place, Signal::NamedByIncident))
        }
        None => {
            let (place, entry) = before.next()?;
            let is_near = incident.started_at.since(entry.deployment.finished_at) <= NEAR;
            is_near.then_some((place, Signal::FollowedByIncident))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::Example;

    /// The versions of the failed deployments, each with its signals and hours to recovery.
    fn found(example: &Example) -> Vec<(String, Vec<Signal>, Option<f64>)> {
        example.data(|data| {
            data.failures
                .iter()
                .map(|failure| {
                    let version = data.timeline.entries[failure.deployment].deployment.version.clone();
                    let hours = failure.recovered_at.map(|at| at.since(failure.started_at).seconds() / 3600.0);
                    (version, failure.signals.clone(), hours)
                })
                .collect()
        })
    }

    fn check(example: Example, expected: &[(&str, &[Signal], Option<f64>)]) {
        let expected: Vec<_> = expected.iter().map(|(v, s, h)| ((*v).to_owned(), s.to_vec(), *h)).collect();
        assert_eq!(found(&example), expected);
    }

    use Signal::{FollowedByIncident, Hotfixed, NamedByIncident, RolledBack};

    /// Datadog's published example: after V1, V2, V3 a return to V1 makes V2 the failure; V1 again is no rollback.
    #[test]
    fn a_rollback_blames_the_first_deployment_after_the_version_it_returns_to() {
        let line = Example::days(30).deploy("V1", 0).deploy("V2", 1).deploy("V3", 2).deploy("V1", 5);
        check(line, &[("V2", &[RolledBack], Some(4.0))]);
        check(Example::days(30).deploy("V1", 0).deploy("V1", 1), &[]);
    }

    #[test]
    fn each_rollback_of_a_chain_blames_its_own() {
        let chain = Example::days(30).deploy("A", 0).deploy("B", 1).deploy("C", 2).deploy("B", 3).deploy("A", 4);
        check(chain, &[("B", &[RolledBack], Some(3.0)), ("C", &[RolledBack], Some(1.0))]);
        let again = Example::days(30).deploy("A", 0).deploy("B", 1).deploy("A", 2).deploy("B", 3).deploy("A", 5);
        check(again, &[("B", &[RolledBack], Some(1.0)), ("B", &[RolledBack], Some(2.0))]);
    }

    #[test]
    fn a_deployed_revert_within_a_day_is_a_hotfix() {
        let example = |hours| {
            Example::days(30)
                .commit("A", &[], 0)
                .deploy("A", 1)
                .commit("B", &["A"], 2)
                .deploy("B", 3)
                .revert("C", "B", &["B"], 4)
                .deploy("C", hours)
        };
        check(example(5), &[("B", &[Hotfixed], Some(2.0))]);
        check(example(28), &[]);
    }

    #[test]
    fn landing_a_reverted_change_again_does_not_blame_the_fix() {
        let example = Example::days(30)
            .commit("A", &[], 0)
            .deploy("A", 1)
            .commit("B", &["A"], 2)
            .deploy("B", 3)
            .revert("C", "B", &["B"], 4)
            .deploy("C", 5)
            .revert("D", "C", &["C"], 6)
            .deploy("D", 7);
        check(example, &[("B", &[Hotfixed], Some(2.0))]);
    }

    #[test]
    fn an_incident_belongs_to_what_it_names_or_to_the_deployment_shortly_before() {
        let deployed = Example::days(30).deploy("v1", 0).deploy("v2", 10).deploy("v3", 20);
        check(deployed.clone().incident(25, Some(27), Some("v2")), &[("v2", &[NamedByIncident], Some(2.0))]);
        check(deployed.clone().incident(21, Some(24), None), &[("v3", &[FollowedByIncident], Some(3.0))]);
        check(deployed.clone().incident(20, Some(21), None), &[("v3", &[FollowedByIncident], Some(1.0))]);
        check(deployed.clone().incident(45, None, None), &[]);
        check(deployed.clone().incident(22, None, None), &[("v3", &[FollowedByIncident], None)]);
        check(deployed.incident(22, Some(23), Some("no such version")), &[]);
        check(Example::days(30).deploy("v1", 10).incident(5, Some(6), None), &[]);
    }

    #[test]
    fn several_signals_and_incidents_make_one_failure() {
        let example = Example::days(30)
            .deploy("v1", 0)
            .deploy("v2", 10)
            .incident(11, Some(12), None)
            .incident(12, Some(15), Some("v2"))
            .deploy("v1", 14);
        check(example, &[("v2", &[NamedByIncident, RolledBack, FollowedByIncident], Some(4.0))]);
    }
}
