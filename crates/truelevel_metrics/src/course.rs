//! How one service went in the window: days with deployments, curves of what waits, failures and incidents.

use std::collections::BTreeMap;

use truelevel_model::Time;
use truelevel_model::course::{
    Course, Days, FailedDeployment, IncidentInWindow, MOST_NAMED, Newest, ShownBy, Waiting, WaitingStep,
};

use crate::metrics::{change_lead_time, failed_deployment_recovery_time};
use crate::service::ServiceData;
use crate::statistics::{Observation, Survival};

/// Steps of a curve that are closer than this cannot be told apart in a picture.
const SMALLEST_STEP: f64 = 0.01;
/// More marks of what is still open than this are a smear.
const MOST_MARKS: usize = 100;

/// The course of a service, without its trends.
pub fn course(data: &ServiceData<'_>) -> Course {
    let curves = [
        (change_lead_time::CHANGE_LEAD_TIME.id, change_lead_time::observations(data)),
        (
            failed_deployment_recovery_time::FAILED_DEPLOYMENT_RECOVERY_TIME.id,
            failed_deployment_recovery_time::observations(data),
        ),
    ];
    let curves = curves.into_iter().filter(|(_, observations)| !observations.is_empty());
    Course {
        trends: BTreeMap::new(),
        days: days(data),
        waiting: curves.map(|(id, observations)| (id.to_owned(), waiting(&observations))).collect(),
        failures: failures(data),
        incidents: incidents(data),
    }
}

fn days(data: &ServiceData<'_>) -> Days {
    // What nobody told of is no row of days without a deployment.
    if data.silent_since().is_some() {
        return Days::default();
    }
    let calendar = data.facts.calendar;
    // The window begins right after its start.
    let first = calendar.day(Time::from_millis(data.window.start.millis() + 1));
    let last = calendar.day(data.window.end);
    let mut counts = vec![0; usize::try_from(last - first + 1).unwrap_or(0)];
    for entry in data.counted() {
        let place = usize::try_from(calendar.day(entry.deployment.finished_at) - first);
        if let Some(count) = place.ok().and_then(|place| counts.get_mut(place)) {
            *count += 1;
        }
    }
    Days { first, counts }
}

fn waiting(observations: &[Observation]) -> Waiting {
    let curve = Survival::fit(observations);
    let mut steps: Vec<WaitingStep> = Vec::new();
    let last = curve.steps().len().saturating_sub(1);
    for (place, step) in curve.steps().iter().enumerate() {
        let before = steps.last().map_or(1.0, |step| step.share);
        if before - step.survival >= SMALLEST_STEP || place == last {
            let interval = step.survival_interval().map(|interval| (interval.low, interval.high));
            steps.push(WaitingStep { seconds: step.time_seconds, share: step.survival, interval });
        }
    }
    let open = observations.iter().filter(|observation| !observation.is_event);
    let mut open: Vec<f64> = open.map(|observation| observation.duration_seconds).collect();
    open.sort_unstable_by(f64::total_cmp);
    let every = open.len().div_ceil(MOST_MARKS).max(1);
    Waiting {
        steps,
        ended: curve.n() - curve.censored(),
        open: curve.censored(),
        // From the longest on, so that it is among them.
        open_seconds: open.into_iter().rev().step_by(every).collect::<Vec<_>>().into_iter().rev().collect(),
    }
}

fn failures(data: &ServiceData<'_>) -> Newest<FailedDeployment> {
    let deployment = |place: usize| data.timeline.entries[place].deployment;
    newest(
        data.failed_in_window().map(|failure| FailedDeployment {
            finished_at: deployment(failure.deployment).finished_at,
            version: deployment(failure.deployment).version.clone(),
            shown_by: failure
                .proofs
                .iter()
                .map(|proof| ShownBy { signal: proof.signal.as_str(), origin: proof.describe(data) })
                .collect(),
            seconds: failure.recovered_at.unwrap_or(data.window.end).since(failure.started_at).seconds().max(0.0),
            is_open: failure.recovered_at.is_none(),
        }),
        |failure| failure.finished_at,
    )
}

fn incidents(data: &ServiceData<'_>) -> Newest<IncidentInWindow> {
    newest(
        data.incidents_in_window().map(|found| IncidentInWindow {
            id: found.incident.id.clone(),
            severity: found.incident.severity.clone(),
            started_at: found.incident.started_at,
            seconds: found.resolved_at.unwrap_or(data.window.end).since(found.incident.started_at).seconds().max(0.0),
            is_open: found.resolved_at.is_none(),
            version: found.cause.deployment().map(|place| data.timeline.entries[place].deployment.version.clone()),
        }),
        |incident| incident.started_at,
    )
}

fn newest<T>(items: impl Iterator<Item = T>, at: fn(&T) -> Time) -> Newest<T> {
    let mut items: Vec<T> = items.collect();
    let count = items.len() as u64;
    items.sort_by_key(|item| std::cmp::Reverse(at(item)));
    items.truncate(MOST_NAMED);
    Newest { items, count }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::Example;

    #[test]
    fn days_without_a_deployment_are_there_and_curves_know_what_waits() {
        let example = Example::days(30)
            .commit("A", &[], 0)
            .deploy("A", 1)
            .commit("B", &["A"], 10)
            .deploy("B", 12)
            .commit("C", &["B"], 20);
        let course = example.owned_data(|data| course(&data));
        assert_eq!(course.days.counts.iter().sum::<u32>(), 2);
        assert!((30..=31).contains(&course.days.counts.len()));
        let waiting = &course.waiting["change_lead_time"];
        assert_eq!((waiting.ended, waiting.open, waiting.open_seconds.len()), (1, 1, 1));
        assert_eq!(waiting.steps[0].seconds, 2.0 * 3600.0);
        assert_eq!(course.failures.count, 0);
    }

    #[test]
    fn a_curve_of_thousands_keeps_its_shape_in_a_hundred_steps() {
        let observations: Vec<Observation> =
            (1..=5000).map(|at| Observation { duration_seconds: f64::from(at), is_event: at % 5 != 0 }).collect();
        let (curve, whole) = (waiting(&observations), Survival::fit(&observations));
        assert!(curve.steps.len() <= 101, "{}", curve.steps.len());
        assert_eq!((curve.ended, curve.open), (4000, 1000));
        assert!(curve.open_seconds.len() <= MOST_MARKS && curve.open_seconds.last() == Some(&5000.0));
        for step in &curve.steps {
            assert_eq!(Some(step.share), whole.survival_after(step.seconds), "at {}", step.seconds);
        }
    }
}
