//! The metrics of one service, week by week.
//!
//! Weeks do not overlap: points that share data show trends that are none. Each value is therefore that of its own week,
//! by the metric's own definition: what ended in the week, and for durations what was still open at its end.

use truelevel_model::calendar::Week;
use truelevel_model::trend::TrendPoint;
use truelevel_model::{ChangeIndex, Measurement, Span, Time, Window};

use crate::Metric;
use crate::metrics::{
    change_fail_rate, change_lead_time, deployment_batch_size, deployment_frequency, deployment_rework_rate,
    failed_deployment_recovery_time, merge_to_deploy_time, rollback_share,
};
use crate::service::{ServiceData, ShippedChange, UndeployedChange};
use crate::timeline::DeploymentKind;

/// The metrics that have a weekly series, by id. Not `undeployed_changes`: most of what waits at the end of a week waited
/// a week before, too.
pub static WEEKLY: &[&Metric] = &[
    &change_fail_rate::CHANGE_FAIL_RATE,
    &change_lead_time::CHANGE_LEAD_TIME,
    &deployment_batch_size::DEPLOYMENT_BATCH_SIZE,
    &deployment_frequency::DEPLOYMENT_FREQUENCY,
    &deployment_rework_rate::DEPLOYMENT_REWORK_RATE,
    &failed_deployment_recovery_time::FAILED_DEPLOYMENT_RECOVERY_TIME,
    &merge_to_deploy_time::MERGE_TO_DEPLOY_TIME,
    &rollback_share::ROLLBACK_SHARE,
];

/// One metric of one service, week by week.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Series {
    /// The weeks since the first known deployment, oldest first.
    pub points: Vec<TrendPoint>,
    /// When the events were that the metric counts, in order; absent for what is no count of events.
    pub events: Option<Vec<Time>>,
    /// Some week's value is only a lower bound.
    pub is_lower_bound: bool,
    /// The deployments are stand-ins.
    pub is_proxy: bool,
}

/// All weekly series of a service, in the order of [`WEEKLY`]. `data` is prepared for any window that ends at the as-of.
pub fn weekly(data: ServiceData<'_>, weeks: &[Week]) -> Vec<Series> {
    let known_from = data.timeline.entries.first().map(|entry| entry.deployment.finished_at);
    // What happened in a part of a week would be taken for all of it.
    let whole = |week: &&Week| known_from.is_some_and(|from| from <= week.start);
    let weeks: Vec<&Week> = weeks.iter().filter(whole).collect();
    let Some(first) = weeks.first() else {
        return vec![Series { is_proxy: data.is_proxy(), ..Series::default() }; WEEKLY.len()];
    };
    let window = Window { start: first.window().start, ..data.window };
    let mut data = if data.window == window { data } else { data.over(window) };
    data.needs_details = false;
    let mut all: Vec<Series> = WEEKLY
        .iter()
        .map(|metric| Series {
            points: Vec::with_capacity(weeks.len()),
            events: events(metric, &data, &weeks),
            is_lower_bound: false,
            is_proxy: data.is_proxy(),
        })
        .collect();
    let waiting = Waiting::all(&data);
    let shipped = std::mem::take(&mut data.shipped);
    for week in weeks {
        data.window = week.window();
        let is_of_week = |change: &&ShippedChange| data.window.contains(finished_at(&data, change.deployment));
        let of_week = shipped.iter().filter(is_of_week).copied().collect();
        (data.shipped, data.undeployed) =
            (of_week, waiting.iter().filter_map(|change| change.at(data.window.end)).collect());
        for (series, metric) in all.iter_mut().zip(WEEKLY) {
            let measured = (metric.measure)(&data);
            series.is_lower_bound |= measured.is_lower_bound;
            series.points.push(point(week, &measured));
        }
    }
    all
}

fn point(week: &Week, measured: &Measurement) -> TrendPoint {
    TrendPoint {
        week: week.name.clone(),
        week_start: week.start,
        value: measured.value,
        low: measured.low,
        high: measured.high,
        at_least: measured.at_least,
        n: measured.n,
        censored: measured.censored,
    }
}

fn finished_at(data: &ServiceData<'_>, deployment: usize) -> Time {
    data.timeline.entries[deployment].deployment.finished_at
}

/// A change of the default branch, and from when to when it waited for production.
struct Waiting {
    change: ChangeIndex,
    written_at: Time,
    merged_at: Time,
    deployed_at: Option<Time>,
}

impl Waiting {
    /// Every change that waited at some time: shipped in the window, or not yet.
    fn all(data: &ServiceData<'_>) -> Vec<Self> {
        let Some((repository, mainline)) =
            data.facts.repository.as_ref().and_then(|repository| Some((repository, repository.mainline?)))
        else {
            return Vec::new();
        };
        let shipped = data.shipped.iter().map(|change| (change.change, Some(finished_at(data, change.deployment))));
        let undeployed = data.undeployed.iter().map(|change| (change.change, None));
        let waiting = |(change, deployed_at)| {
            let merged_at = mainline.merged_at(repository.history, change)?;
            Some(Self { change, written_at: repository.written_at(change), merged_at, deployed_at })
        };
        shipped.chain(undeployed).filter_map(waiting).collect()
    }

    /// The change as it waited at an instant, if it did.
    fn at(&self, at: Time) -> Option<UndeployedChange> {
        let waits = self.merged_at <= at && self.deployed_at.is_none_or(|deployed_at| deployed_at > at);
        let age = at.since(self.written_at);
        (waits && age > Span::from_millis(0)).then_some(UndeployedChange { change: self.change, age })
    }
}

fn events(metric: &Metric, data: &ServiceData<'_>, weeks: &[&Week]) -> Option<Vec<Time>> {
    let deployed = |is_event: &dyn Fn(DeploymentKind) -> bool| -> Vec<Time> {
        let entries = data.timeline.entries.iter().filter(|entry| is_event(entry.kind));
        entries.map(|entry| entry.deployment.finished_at).collect()
    };
    let mut times = match metric.id {
        "deployment_frequency" => deployed(&DeploymentKind::is_counted),
        "rollback_share" => deployed(&|kind| kind == DeploymentKind::Rollback),
        "change_fail_rate" => data.failures.iter().map(|failure| finished_at(data, failure.deployment)).collect(),
        "deployment_rework_rate" => {
            let strict = data.rework().iter().filter(|(_, why)| why.is_strict());
            strict.map(|(place, _)| finished_at(data, *place)).collect()
        }
        _ => return None,
    };
    times.retain(|time| weeks.iter().any(|week| week.window().contains(*time)));
    times.sort_unstable();
    Some(times)
}

#[cfg(test)]
mod tests {
    use truelevel_model::calendar::Calendar;

    use super::*;
    use crate::metrics::examples::Example;

    /// The example begins on Tuesday 14 November 2023; its whole weeks begin after 144 and 312 hours.
    fn series(example: &Example, metric: &Metric) -> Series {
        example.owned_data(|data| {
            let weeks = Calendar::default().weeks_up_to(data.window.end, 3);
            let place = WEEKLY.iter().position(|known| known.id == metric.id).unwrap();
            weekly(data, &weeks).swap_remove(place)
        })
    }

    fn values(series: &Series) -> Vec<Option<f64>> {
        series.points.iter().map(|point| point.value).collect()
    }

    #[test]
    fn each_week_counts_its_own_and_only_whole_known_weeks_are_there() {
        let example = Example::days(28).deploy_at_hours(&[100, 150, 200, 500, 660]);
        let frequency = series(&example, &deployment_frequency::DEPLOYMENT_FREQUENCY);
        assert_eq!(values(&frequency), [Some(2.0 / 7.0), Some(0.0), Some(1.0 / 7.0)], "{frequency:?}");
        assert_eq!(frequency.points[0].week, "2023-W47");
        assert_eq!(
            frequency.events.unwrap().len(),
            3,
            "neither what was before the first whole week nor after the last"
        );
    }

    #[test]
    fn what_waited_at_the_end_of_a_week_is_open_there_however_it_ended() {
        let example = Example::days(28)
            .commit("A", &[], 0)
            .deploy("A", 100)
            .commit("B", &["A"], 200)
            .deploy("B", 210)
            .commit("C", &["B"], 230)
            .deploy("C", 400);
        let lead_time = series(&example, &change_lead_time::CHANGE_LEAD_TIME);
        let counts: Vec<(u64, u64)> = lead_time.points.iter().map(|point| (point.n, point.censored)).collect();
        assert_eq!(counts, [(1, 1), (1, 0), (0, 0)], "C waited at the end of the first week");
        assert_eq!(lead_time.points[1].value, Some(170.0 * 3600.0));
        assert_eq!(lead_time.events, None);
    }
}
