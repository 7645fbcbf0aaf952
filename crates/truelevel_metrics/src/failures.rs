//! Which deployments failed, and how that shows.
//!
//! No single signal sees every failure, so each failure keeps all of its signals. Only an incident that names the
//! deployment, or a person's decision, is a report; the rest is inferred, and says with what confidence.

use std::collections::{BTreeMap, HashMap};

use truelevel_model::{ChangeIndex, EnvironmentId, Span, Time, printable};

use crate::fixes::{LabelledFix, Revert};
use crate::incidents::{Cause, ServiceIncident};
use crate::service::ServiceData;
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
    /// A review that is labelled as a hotfix, an incident or a regression was opened while it ran and deployed within 24
    /// hours.
    FollowedByLabelledFix,
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
            Self::FollowedByLabelledFix => "followed_by_labelled_fix",
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
            Self::FollowedByLabelledFix => 0.6,
            Self::FollowedByIncident => 0.5,
        }
    }

    /// Whether somebody said so; otherwise it is inferred.
    pub const fn is_report(self) -> bool {
        matches!(self, Self::LinkedToIncident | Self::NamedByIncident)
    }
}

/// Where a signal comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Origin {
    /// The incident at this place in the service's.
    Incident(usize),
    /// The rollback at this place on the timeline.
    Rollback(usize),
    /// What the deployment says of itself.
    Deployment,
    /// The revert at this place in the service's.
    Revert(usize),
    /// The labelled fix at this place in the service's.
    LabelledFix(usize),
}

/// One thing that shows that a deployment failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Proof {
    /// What it is.
    pub signal: Signal,
    /// Where it comes from.
    pub origin: Origin,
}

impl Proof {
    /// Where it comes from, in words; none where the deployment says it of itself.
    pub fn describe(self, data: &ServiceData<'_>) -> Option<String> {
        let told = |place: usize| {
            let deployment = data.timeline.entries[place].deployment;
            format!("{} of {}", printable(&deployment.version), deployment.finished_at.minute())
        };
        match self.origin {
            Origin::Deployment => None,
            Origin::Incident(place) => {
                let incident = data.incidents[place].incident;
                Some(format!("{} of {}", printable(&incident.id), incident.started_at.minute()))
            }
            Origin::Rollback(place) => Some(format!("by {}", told(place))),
            Origin::Revert(place) => {
                let Revert { fix, change, reverted, .. } = data.reverts[place];
                let history = data.facts.repository.as_ref()?.history;
                let [change, reverted] = [change, reverted].map(|change| history.id(change).short());
                Some(format!("by {}, where {change} reverts {reverted}", told(fix)))
            }
            Origin::LabelledFix(place) => {
                let LabelledFix { fix, review } = &data.labelled_fixes[place];
                let labels: Vec<_> = review.labels.iter().map(|label| printable(label)).collect();
                Some(format!("review {}, labelled {}, by {}", review.number, labels.join(" and "), told(*fix)))
            }
        }
    }
}

/// A deployment that needed intervention.
#[derive(Clone, Debug, PartialEq)]
pub struct Failure {
    /// Its place on the timeline.
    pub deployment: usize,
    /// What shows it, strongest first.
    pub proofs: Vec<Proof>,
    /// Start of impact: the incident's, else the end of the deployment.
    pub started_at: Time,
    /// When the service was restored: the incident's end, else that of the rollback or fix. Absent while open.
    pub recovered_at: Option<Time>,
}

impl Failure {
    /// The signals that show it, each once, strongest first.
    pub fn signals(&self) -> impl Iterator<Item = Signal> {
        self.proofs.chunk_by(|one, next| one.signal == next.signal).map(|same| same[0].signal)
    }

    /// Whether an incident or a person says so, and not only the course of the deployments.
    pub fn is_reported(&self) -> bool {
        self.signals().any(Signal::is_report)
    }

    /// How sure it is that this deployment failed: that of its strongest signal.
    pub fn confidence(&self) -> f64 {
        self.signals().map(Signal::confidence).fold(0.0, f64::max)
    }
}

#[derive(Default)]
struct Found {
    proofs: Vec<Proof>,
    incident: Option<(Time, Option<Time>)>,
    mended_at: Option<Time>,
}

impl Found {
    fn shown_by(&mut self, signal: Signal, origin: Origin) -> &mut Self {
        self.proofs.push(Proof { signal, origin });
        self
    }

    fn mended_at(&mut self, at: Time) {
        self.mended_at = Some(self.mended_at.map_or(at, |earlier| earlier.min(at)));
    }
}

/// Finds the failures among all deployments of a timeline, in its order, from the reverts and repairs that were deployed
/// and the service's incidents as of the date asked.
pub fn failures(
    timeline: &Timeline<'_>,
    reverts: &[Revert],
    labelled_fixes: &[LabelledFix<'_>],
    incidents: &[ServiceIncident<'_>],
) -> Vec<Failure> {
    let mut found: BTreeMap<usize, Found> = BTreeMap::new();
    find_rollbacks(timeline, &mut found);
    find_aborts(timeline, &mut found);
    for (place, Revert { fix, failed, .. }) in reverts.iter().enumerate() {
        let [fixed_at, failed_at] = [*fix, *failed].map(|place| timeline.entries[place].deployment.finished_at);
        if fixed_at.since(failed_at) <= NEAR {
            found.entry(*failed).or_default().shown_by(Signal::Hotfixed, Origin::Revert(place)).mended_at(fixed_at);
        }
    }
    find_labelled_fixes(timeline, labelled_fixes, &mut found);
    for (at, found_incident) in incidents.iter().enumerate() {
        let (place, signal) = match found_incident.cause {
            Cause::Decided(place) => (place, Signal::LinkedToIncident),
            Cause::Named(place) => (place, Signal::NamedByIncident),
            Cause::Near(place) => (place, Signal::FollowedByIncident),
            Cause::DecidedOtherwise | Cause::NamedElsewhere | Cause::BeforeObservation | Cause::None => continue,
        };
        let (started_at, resolved_at) = (found_incident.incident.started_at, found_incident.resolved_at);
        let failure = found.entry(place).or_default();
        failure.shown_by(signal, Origin::Incident(at));
        failure.incident = Some(match failure.incident {
            // Several incidents of one failure: it lasts from the first start to the last end.
            Some((start, end)) => (start.min(started_at), end.zip(resolved_at).map(|(one, other)| one.max(other))),
            None => (started_at, resolved_at),
        });
    }
    found
        .into_iter()
        .map(|(deployment, mut failure)| {
            failure.proofs.sort_unstable();
            let finished_at = timeline.entries[deployment].deployment.finished_at;
            let (started_at, recovered_at) = match failure.incident {
                Some((started_at, resolved_at)) => (started_at, resolved_at),
                None => (finished_at, failure.mended_at),
            };
            Failure { deployment, proofs: failure.proofs, started_at, recovered_at }
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
            failure.shown_by(Signal::RolledBack, Origin::Rollback(place)).mended_at(entry.deployment.finished_at);
        }
        ran.add(place, entry);
    }
}

fn find_aborts(timeline: &Timeline<'_>, found: &mut BTreeMap<usize, Found>) {
    for (place, entry) in timeline.entries.iter().enumerate() {
        if entry.deployment.aborted_automatically == Some(true) {
            let failure = found.entry(place).or_default();
            failure.shown_by(Signal::AbortedAutomatically, Origin::Deployment).mended_at(entry.deployment.finished_at);
        }
    }
}

/// What was opened while a version ran, and is labelled as urgent, mends what that version brought.
fn find_labelled_fixes(
    timeline: &Timeline<'_>,
    labelled_fixes: &[LabelledFix<'_>],
    found: &mut BTreeMap<usize, Found>,
) {
    let urgent: Vec<_> = labelled_fixes.iter().enumerate().filter(|(_, labelled)| labelled.is_urgent()).collect();
    if urgent.is_empty() {
        return;
    }
    let reached = timeline.entries.iter().enumerate().filter(|(_, entry)| {
        let is_event = !matches!(entry.kind, DeploymentKind::NotSucceeded | DeploymentKind::InitialState);
        is_event && entry.kind != DeploymentKind::Redeployment
    });
    let mut by_end: Vec<(Time, usize)> = reached.map(|(place, entry)| (entry.deployment.finished_at, place)).collect();
    by_end.sort_unstable();
    for (at, LabelledFix { fix, review }) in urgent {
        let fixed_at = timeline.entries[*fix].deployment.finished_at;
        let before = by_end.partition_point(|(end, _)| *end <= review.opened_at);
        let Some((failed_at, failed)) = by_end[..before].last() else { continue };
        if failed != fix && fixed_at >= *failed_at && fixed_at.since(*failed_at) <= NEAR {
            let failure = found.entry(*failed).or_default();
            failure.shown_by(Signal::FollowedByLabelledFix, Origin::LabelledFix(at)).mended_at(fixed_at);
        }
    }
}

#[cfg(test)]
mod tests;
