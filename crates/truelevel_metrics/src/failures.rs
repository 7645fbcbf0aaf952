//! Which deployments failed, and how that shows.
//!
//! No single signal sees every failure, so each failure keeps all of its signals. Only an incident that names the
//! deployment, or a person's decision, is a report; the rest is inferred, and says with what confidence.

use std::collections::{BTreeMap, HashMap};

use truelevel_model::{ChangeIndex, EnvironmentId, Span, Time};

use crate::incidents::{Cause, ServiceIncident};
use crate::service::ServiceFacts;
use crate::timeline::{DeploymentKind, Timeline, TimelineEntry};

/// A fix or an incident within this time is taken to belong to the deployment before it.
pub const NEAR: Span = Span::from_millis(24 * 3600 * 1000);

/// What shows that a deployment failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Signal {
    /// Somebody decided that an incident belongs to the deployment.
    LinkedToIncident,
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
            Self::LinkedToIncident => "linked_to_incident",
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
            Self::LinkedToIncident | Self::NamedByIncident | Self::AbortedAutomatically => 1.0,
            Self::RolledBack => 0.95,
            Self::Hotfixed => 0.8,
            Self::FollowedByIncident => 0.5,
        }
    }

    /// Whether somebody said so; otherwise it is inferred.
    pub const fn is_report(self) -> bool {
        matches!(self, Self::LinkedToIncident | Self::NamedByIncident)
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

impl Failure {
    /// Whether an incident or a person says so, and not only the course of the deployments.
    pub fn is_reported(&self) -> bool {
        self.signals.iter().any(|signal| signal.is_report())
    }

    /// How sure it is that this deployment failed: that of its strongest signal.
    pub fn confidence(&self) -> f64 {
        self.signals.iter().map(|signal| signal.confidence()).fold(0.0, f64::max)
    }
}

#[derive(Default)]
struct Found {
    signals: Vec<Signal>,
    incident: Option<(Time, Option<Time>)>,
    mended_at: Option<Time>,
}

/// Finds the failures among all deployments of a timeline, in its order. `reverts` are those of [`reverts`], `incidents`
/// the service's as of the date asked.
pub fn failures(
    timeline: &Timeline<'_>,
    reverts: &[(usize, usize)],
    incidents: &[ServiceIncident<'_>],
) -> Vec<Failure> {
    let mut found: BTreeMap<usize, Found> = BTreeMap::new();
    find_rollbacks(timeline, &mut found);
    find_aborts(timeline, &mut found);
    for (fix, failed) in reverts {
        let [fixed_at, failed_at] = [*fix, *failed].map(|place| timeline.entries[place].deployment.finished_at);
        if fixed_at.since(failed_at) <= NEAR {
            let failure = found.entry(*failed).or_default();
            failure.signals.push(Signal::Hotfixed);
            mend(failure, fixed_at);
        }
    }
    for found_incident in incidents {
        let (place, signal) = match found_incident.cause {
            Cause::Decided(place) => (place, Signal::LinkedToIncident),
            Cause::Named(place) => (place, Signal::NamedByIncident),
            Cause::Near(place) => (place, Signal::FollowedByIncident),
            Cause::DecidedOtherwise | Cause::NamedElsewhere | Cause::None => continue,
        };
        let (started_at, resolved_at) = (found_incident.incident.started_at, found_incident.resolved_at);
        let failure = found.entry(place).or_default();
        failure.signals.push(signal);
        failure.incident = Some(match failure.incident {
            // Several incidents of one failure: it lasts from the first start to the last end.
            Some((start, end)) => (start.min(started_at), end.zip(resolved_at).map(|(one, other)| one.max(other))),
            None => (started_at, resolved_at),
        });
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

/// What one environment ran, in order, with the last place of each version and commit.
#[derive(Default)]
struct Ran<'a> {
    places: Vec<usize>,
    versions: HashMap<&'a str, usize>,
    commits: HashMap<ChangeIndex, usize>,
}

impl<'a> Ran<'a> {
    fn add(&mut self, place: usize, entry: &TimelineEntry<'a>) {
        let at = self.places.len();
        self.places.push(place);
        self.versions.insert(&entry.deployment.version, at);
        if let Some(commit) = entry.commit {
            self.commits.insert(commit, at);
        }
    }

    /// The first deployment after the version that a rollback returns to; the last one, when that never ran.
    fn failed_before(&self, rollback: &TimelineEntry<'_>) -> Option<usize> {
        let version = self.versions.get(rollback.deployment.version.as_str());
        let commit = rollback.commit.and_then(|commit| self.commits.get(&commit));
        let after_target = version.max(commit).and_then(|target| self.places.get(target + 1));
        after_target.or(self.places.last()).copied()
    }
}

/// A rollback goes back behind the first deployment that followed the version it returns to: that one failed. After
/// V1, V2, V3 a return to V1 means that V2 was bad already; otherwise the way would have led to V2.
fn find_rollbacks(timeline: &Timeline<'_>, found: &mut BTreeMap<usize, Found>) {
    let mut environments: HashMap<&EnvironmentId, Ran<'_>> = HashMap::new();
    for (place, entry) in timeline.entries.iter().enumerate() {
        if matches!(entry.kind, DeploymentKind::Redeployment | DeploymentKind::NotSucceeded) {
            continue;
        }
        let ran = environments.entry(&entry.deployment.environment).or_default();
        // When the initial state began to run is not known, so neither is how long it hurt.
        let is_event = |failed: &usize| timeline.entries[*failed].kind != DeploymentKind::InitialState;
        if entry.kind == DeploymentKind::Rollback
            && let Some(failed) = ran.failed_before(entry).filter(is_event)
        {
            let failure = found.entry(failed).or_default();
            failure.signals.push(Signal::RolledBack);
            mend(failure, entry.deployment.finished_at);
        }
        ran.add(place, entry);
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

/// Deployments that shipped the revert of a change, each with the earlier deployment that had shipped that change.
pub fn reverts(facts: &ServiceFacts<'_>, timeline: &Timeline<'_>) -> Vec<(usize, usize)> {
    let (Some(repository), Some(attribution)) = (facts.repository.as_ref(), timeline.attribution.as_ref()) else {
        return Vec::new();
    };
    let history = repository.history;
    // In a repository of several services only what touches this one can mend it; and to revert a revert is to land
    // the change again, not to mend the fix.
    let is_own = |change: ChangeIndex| repository.touches.is_none_or(|touches| touches(change));
    let shipped = timeline.entries.iter().enumerate();
    let shipped = shipped.flat_map(|(place, fix)| fix.ships.iter().map(move |change| (place, *change)));
    shipped
        .filter_map(|(fix, change)| {
            let reverted = history.find(&history.reverts(change)?)?;
            if history.reverts(reverted).is_some() || !is_own(change) || !is_own(reverted) {
                return None;
            }
            let failed = attribution.first_deployment(reverted)? as usize;
            let entry = timeline.entries.get(failed)?;
            (failed < fix && !entry.ships.is_empty()).then_some((fix, failed))
        })
        .collect()
}

fn mend(failure: &mut Found, at: Time) {
    failure.mended_at = Some(failure.mended_at.map_or(at, |earlier| earlier.min(at)));
}

#[cfg(test)]
mod tests;
