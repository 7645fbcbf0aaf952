//! Facts that no clock could have shown are kept out, with the reason.

use truelevel_model::events::Reading;
use truelevel_model::{Span, Time};

/// A sender's clock may be a little ahead of ours; more is a mistake.
const AHEAD: Span = Span::from_millis(3_600_000);
/// 1990-01-01T00:00:00Z: what lies before comes from a clock that was never set.
const EARLIEST: Time = Time::from_seconds(631_152_000);

/// Takes out what ends before it begins, or lies before 1990 or after its receipt, and says so. `now` is the time of the
/// receipt or a later one.
pub(super) fn keep_plausible(reading: &mut Reading, now: Time) {
    let Reading { facts, problems, .. } = reading;
    let mut keep = |what: String, start: Option<Time>, end: Option<Time>| {
        let problem = problem(start, end, now);
        problems.extend(problem.iter().map(|problem| format!("{what}: {problem}")));
        problem.is_none()
    };
    facts.deployments.retain(|deployment| {
        keep(format!("deployment {}", shown(&deployment.id)), deployment.started_at, Some(deployment.finished_at))
    });
    facts.incidents.retain(|incident| {
        keep(format!("incident {}", shown(&incident.id)), Some(incident.started_at), incident.resolved_at)
    });
    facts
        .pipeline_runs
        .retain(|run| keep(format!("pipeline run {}", shown(&run.id)), Some(run.started_at), run.finished_at));
    facts.reviews.retain(|review| keep(format!("review {}", review.number), Some(review.opened_at), review.merged_at));
}

fn shown(id: &str) -> String {
    truelevel_model::printable(id).chars().take(80).collect()
}

fn problem(start: Option<Time>, end: Option<Time>, now: Time) -> Option<String> {
    for time in [start, end].into_iter().flatten() {
        if time < EARLIEST {
            return Some(format!("{time} lies before 1990"));
        }
        if time.since(now) > AHEAD {
            return Some(format!("{time} lies after its receipt"));
        }
    }
    match (start, end) {
        (Some(start), Some(end)) if end < start => Some(format!("it ends at {end}, before it begins at {start}")),
        _ => None,
    }
}
