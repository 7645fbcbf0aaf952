//! What a service's deployments leave behind for the detectors, small enough to keep for every service.

use std::collections::BTreeSet;

use truelevel_metrics::lockstep::Moment;
use truelevel_metrics::service::ServiceData;
use truelevel_metrics::timeline::{DeploymentKind, TimelineEntry};
use truelevel_model::Span;

/// A day in milliseconds.
const DAY_MILLIS: i64 = 86_400_000;
/// A deployment so soon after the one before it, by the same hand and of one change each, is a part of the same work.
const SAME_WORK: Span = Span::from_millis(15 * 60_000);
/// The bins around a day of lead time, in hours: two below the threshold, two above it.
const BINS_FROM_HOURS: f64 = 16.0;
const BIN_HOURS: f64 = 4.0;

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
}

impl Trace {
    pub(crate) fn of(data: &ServiceData<'_>) -> Self {
        let mut trace = Self::default();
        let mut before: Option<&TimelineEntry<'_>> = None;
        for entry in data.counted() {
            trace.counted += 1;
            trace.moments.push(moment(entry));
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
        }
        trace
    }
}

/// When a deployment finished, and what it brought.
fn moment(entry: &TimelineEntry<'_>) -> Moment {
    // FNV-1a (Fowler, Noll and Vo): the same on every machine.
    let hash = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    let version = entry.deployment.version.as_bytes().iter().fold(0xcbf2_9ce4_8422_2325, hash);
    Moment { at_millis: entry.deployment.finished_at.millis(), version }
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
