//! What a service's deployments leave behind for the detectors, small enough to keep for every service.

use std::collections::BTreeSet;

use truelevel_metrics::failures::{NEAR, Signal};
use truelevel_metrics::incidents::ServiceIncident;
use truelevel_metrics::lockstep::Moment;
use truelevel_metrics::service::ServiceData;
use truelevel_metrics::timeline::{DeploymentKind, TimelineEntry};
use truelevel_model::{ChangeIndex, Span, Time};

/// A day in milliseconds.
const DAY_MILLIS: i64 = 86_400_000;
/// A deployment so soon after the one before it, by the same hand and of one change each, is a part of the same work.
const SAME_WORK: Span = Span::from_millis(15 * 60_000);
/// The bins around a day of lead time, in hours: two below the threshold, two above it.
const BINS_FROM_HOURS: f64 = 16.0;
const BIN_HOURS: f64 = 4.0;
/// The bins around an hour of an incident, in minutes: two below the threshold, two above it.
const BINS_FROM_MINUTES: f64 = 40.0;
const BIN_MINUTES: f64 = 10.0;
/// A change that is dated so shortly before its merge got its date from it.
const AT_MERGE: Span = Span::from_millis(60_000);
/// Less of a lead time than this may be missing without a word.
const SHORTENED: f64 = 0.3;

/// Traces of one service in the window.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Trace {
    /// The days with a deployment that counts, as days since 1970 in UTC, in order.
    pub(crate) days: BTreeSet<i64>,
    /// Deployments whose oldest change took 16 to 20, 20 to 24, 24 to 28 and 28 to 32 hours.
    pub(crate) around_a_day: [u64; 4],
    /// Deployments that shipped one change a few minutes after another one by the same hand.
    pub(crate) splinters: u64,
    /// Deployments that count.
    pub(crate) counted: u64,
    /// When they finished and what they brought, in order.
    pub(crate) moments: Vec<Moment>,
    /// Deployments that shipped something, all of it of known size.
    pub(crate) sized: u64,
    /// Those of them whose changes touch no file.
    pub(crate) empty: u64,
    /// Those of them whose changes move nothing but space, or touch no file, and not all of them nothing.
    pub(crate) only_space: u64,
    /// Those of the empty ones and of those with space alone that did not fail.
    pub(crate) padding: u64,
    /// Attempts that the fail rate counts.
    pub(crate) attempts: u64,
    /// Those of them that failed.
    pub(crate) failed: u64,
    /// Changes that were shipped.
    pub(crate) shipped: u64,
    /// Shipped changes whose review is known.
    pub(crate) reviewed: u64,
    /// For those of them whose clock started at their merge: how long the review had taken by then, in seconds.
    pub(crate) review_seconds_left_out: Vec<f64>,
    pub(crate) incident_ends: IncidentEnds,
}

/// How the incidents ended that began in the window.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct IncidentEnds {
    /// So many ended.
    pub(crate) closed: u64,
    /// So many of them another one would follow by chance within a day, at the pace of the service's incidents.
    pub(crate) expected_again: f64,
    /// For those that did not stay ended: how much longer they lasted than was said, in seconds.
    pub(crate) longer_seconds: Vec<f64>,
    /// Those that lasted 40 to 50, 50 to 60, 60 to 70 and 70 to 80 minutes.
    pub(crate) around_an_hour: [u64; 4],
}

impl Trace {
    /// `only_space` are the changes of the service's repository that move nothing but space, where that is known.
    pub(crate) fn of(data: &ServiceData<'_>, only_space: Option<&BTreeSet<ChangeIndex>>) -> Self {
        let failed: BTreeSet<usize> = data.failed_in_window().map(|failure| failure.deployment).collect();
        let mut trace = Self {
            attempts: data.attempts(),
            failed: failed.len() as u64,
            shipped: data.shipped.len() as u64,
            ..Self::default()
        };
        let mut before: Option<&TimelineEntry<'_>> = None;
        for entry in data.counted() {
            trace.counted += 1;
            trace.moments.push(moment(data, entry));
            trace.days.insert(entry.deployment.finished_at.millis().div_euclid(DAY_MILLIS));
            trace.splinters += u64::from(before.is_some_and(|before| is_splinter(data, before, entry)));
            before = Some(entry);
        }
        trace.moments.sort_by_key(|moment| (moment.at_millis, moment.version));
        for shipped in data.shipped.chunk_by(|a, b| a.deployment == b.deployment) {
            let oldest = shipped.iter().map(|shipped| shipped.lead_time.seconds() / 3600.0).fold(0.0, f64::max);
            let bin = (oldest - BINS_FROM_HOURS) / BIN_HOURS;
            if let Some(count) = (bin >= 0.0).then(|| trace.around_a_day.get_mut(bin as usize)).flatten() {
                *count += 1;
            }
            let history = data.facts.repository.as_ref().map(|repository| repository.history);
            let sizes: Option<Vec<_>> = shipped.iter().map(|shipped| history?.size(shipped.change)).collect();
            if let Some(sizes) = sizes {
                let is_nothing = |place: usize| sizes[place].files == 0;
                let is_space = |place: usize| only_space.is_some_and(|known| known.contains(&shipped[place].change));
                let is_empty = (0..sizes.len()).all(is_nothing);
                let is_padding = (0..sizes.len()).all(|place| is_nothing(place) || is_space(place));
                trace.sized += 1;
                trace.empty += u64::from(is_empty);
                trace.only_space += u64::from(is_padding && !is_empty);
                trace.padding += u64::from(is_padding && !failed.contains(&shipped[0].deployment));
            }
        }
        trace.look_at_reviews(data);
        trace.incident_ends = IncidentEnds::of(data);
        trace
    }

    fn look_at_reviews(&mut self, data: &ServiceData<'_>) {
        let Some(repository) = data.facts.repository.as_ref().filter(|repository| repository.reviews.is_some()) else {
            return;
        };
        for shipped in &data.shipped {
            let Some(review) = repository.review_of(shipped.change) else { continue };
            self.reviewed += 1;
            let is_at_merge = shipped.coding_and_review.is_some_and(|span| span <= AT_MERGE);
            let (true, None, Some(merged_at)) = (is_at_merge, review.first_commit_at, review.merged_at) else {
                continue;
            };
            let missing = merged_at.since(review.opened_at).seconds();
            if missing > SHORTENED * (missing + shipped.lead_time.seconds()) {
                self.review_seconds_left_out.push(missing);
            }
        }
    }
}

impl IncidentEnds {
    fn of(data: &ServiceData<'_>) -> Self {
        let mut ends = Self::default();
        for (place, found) in data.incidents.iter().enumerate() {
            let (true, Some(end)) = (data.window.contains(found.incident.started_at), found.resolved_at) else {
                continue;
            };
            ends.closed += 1;
            let minutes = end.since(found.incident.started_at).seconds() / 60.0;
            // What lasted exactly an hour was ended within it.
            let bin = ((minutes - BINS_FROM_MINUTES) / BIN_MINUTES).ceil() - 1.0;
            if let Some(count) = (bin >= 0.0).then(|| ends.around_an_hour.get_mut(bin as usize)).flatten() {
                *count += 1;
            }
            let over_at = came_again(data, found, &data.incidents[place + 1..], end).max(rolled_back(data, found, end));
            ends.longer_seconds.extend(over_at.map(|over_at| over_at.since(end).seconds()));
        }
        let pace = data.incidents_in_window().count() as f64 / f64::from(data.window.days.max(1));
        ends.expected_again = ends.closed as f64 * -(-pace * NEAR.days()).exp_m1();
        ends
    }
}

/// When the incident ended, or is open still, that began within a day after the end of another one and that no other
/// deployment explains.
fn came_again(
    data: &ServiceData<'_>,
    found: &ServiceIncident<'_>,
    later: &[ServiceIncident<'_>],
    end: Time,
) -> Option<Time> {
    let mut soon = later.iter().take_while(|next| next.incident.started_at.since(end) <= NEAR);
    let is_same = |next: &ServiceIncident<'_>| {
        next.cause.deployment().is_none_or(|cause| found.cause.deployment() == Some(cause))
    };
    let next = soon.find(|next| next.incident.started_at >= end && is_same(next))?;
    Some(next.resolved_at.unwrap_or(data.window.end))
}

/// When production went back behind the deployment that caused an incident, within a day after the end of it.
fn rolled_back(data: &ServiceData<'_>, found: &ServiceIncident<'_>, end: Time) -> Option<Time> {
    let cause = found.cause.deployment()?;
    let failure = data.failures.iter().find(|failure| failure.deployment == cause)?;
    let is_late = |entry: &&TimelineEntry<'_>| {
        let after = entry.deployment.finished_at.since(end);
        entry.kind == DeploymentKind::Rollback && after > Span::from_millis(0) && after <= NEAR
    };
    let went_back = failure.signals().any(|signal| signal == Signal::RolledBack);
    let rollbacks = data.timeline.entries.iter().skip(cause).find(is_late).filter(|_| went_back);
    rollbacks.map(|entry| entry.deployment.finished_at)
}

/// When a deployment finished, and what it brought: the commit, where its version leads to one, for `v7` of one repository
/// is nothing like `v7` of another one. A version that leads nowhere is its own service's alone, unless it is long enough to
/// be of no other thing, as a digest or commit is.
fn moment(data: &ServiceData<'_>, entry: &TimelineEntry<'_>) -> Moment {
    const UNIQUE_FROM: usize = 12;
    // FNV-1a (Fowler, Noll and Vo): the same on every machine.
    let hash = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    let deployment = entry.deployment;
    let commit = entry.commit.zip(data.facts.repository.as_ref());
    let commit = commit.map(|(place, repository)| repository.history.id(place)).or(deployment.commit);
    let brought = match commit {
        Some(commit) => commit.to_string(),
        None if deployment.version.len() >= UNIQUE_FROM => deployment.version.clone(),
        None => format!("{} {}", deployment.service.as_str(), deployment.version),
    };
    let version = brought.bytes().fold(0xcbf2_9ce4_8422_2325, hash);
    Moment { at_millis: deployment.finished_at.millis(), version }
}

/// Whether two deployments in a row shipped one change each, by the same hand, within minutes.
fn is_splinter(data: &ServiceData<'_>, before: &TimelineEntry<'_>, entry: &TimelineEntry<'_>) -> bool {
    let Some(repository) = &data.facts.repository else { return false };
    let history = repository.history;
    let is_soon = entry.deployment.finished_at.since(before.deployment.finished_at) <= SAME_WORK;
    let ([earlier], [later]) = (before.ships.as_slice(), entry.ships.as_slice()) else { return false };
    is_soon
        && before.kind == DeploymentKind::Forward
        && entry.kind == DeploymentKind::Forward
        && history.author(*earlier) == history.author(*later)
}
