//! How the keys lie over the share of changes with a sign, across teams or services.

use std::collections::BTreeMap;

use truelevel_model::Unit;
use truelevel_model::ai::{Dose, Sensitivity};
use truelevel_model::platform::ComparedAs;

use super::AiService;
use crate::METRICS;
use crate::platform::compared::KEYS;
use crate::statistics::{Point, median, theil_sen_missing};

/// What lies between AI and the keys, if anything does.
pub const MEDIATOR: &str = "deployment_batch_size";

/// The chance that any of a list's intervals misses: small, for an answer holds other lists beside it.
const JOINT_ALPHA: f64 = 0.005;
/// So many points of share are spoken of, as DORA does.
const POINTS: f64 = 0.25;

/// The share and the key of each team, where teams are known, else of each service.
fn points(services: &[AiService<'_>], metric: &str, unit: Unit, by_team: bool) -> Vec<Point> {
    let mut groups: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    for service in services {
        let measured = service.metrics.and_then(|metrics| metrics.get(metric)).filter(|it| !it.is_lower_bound);
        let value = measured.and_then(|it| it.value).filter(|value| unit == Unit::Ratio || *value > 0.0);
        let (Some(share), Some(value)) = (service.share(), value) else { continue };
        let group = if by_team { service.team.unwrap_or(service.service) } else { service.service };
        groups.entry(group).or_default().push((share, if unit == Unit::Ratio { value } else { value.ln() }));
    }
    let middle =
        |of: &dyn Fn(&(f64, f64)) -> f64, pairs: &[(f64, f64)]| median(&pairs.iter().map(of).collect::<Vec<_>>());
    let point =
        |pairs: Vec<(f64, f64)>| Some(Point { at: middle(&|it| it.0, &pairs)?, value: middle(&|it| it.1, &pairs)? });
    groups.into_values().filter_map(point).collect()
}

/// Each key, and what may lie between. With fewer than `at_least` teams or services there is only the slope, and no interval.
pub fn dose(services: &[AiService<'_>], at_least: u64) -> Vec<Dose> {
    let by_team = services.iter().all(|service| service.team.is_some());
    let metrics: Vec<&str> = KEYS.into_iter().chain([MEDIATOR]).collect();
    let alpha = JOINT_ALPHA / metrics.len() as f64;
    let of = |metric: &&str| {
        let unit = METRICS.iter().find(|known| known.id == *metric).map_or(Unit::Count, |known| known.unit);
        let points = points(services, metric, unit, by_team);
        let compared_as = if unit == Unit::Ratio { ComparedAs::Difference } else { ComparedAs::Ratio };
        let slope = theil_sen_missing(&points, alpha);
        let scaled = |slope: f64| match compared_as {
            ComparedAs::Difference => slope * POINTS,
            ComparedAs::Ratio => (slope * POINTS).exp(),
        };
        let is_enough = points.len() as u64 >= at_least;
        let interval = slope.as_ref().filter(|_| is_enough).and_then(|slope| slope.interval);
        let noun = if by_team { "team" } else { "service" };
        let note = match (&slope, interval) {
            (None, _) => Some(format!("the {noun}s do not differ in their share, or have no value")),
            (Some(_), None) => Some(format!("no interval: {} {noun}s are fewer than {at_least}", points.len())),
            _ => None,
        };
        Dose {
            metric: (*metric).to_owned(),
            unit,
            is_mediator: *metric == MEDIATOR,
            of: noun.to_owned(),
            n: points.len() as u64,
            compared_as,
            per_25_points: slope.map(|slope| scaled(slope.slope)),
            low: interval.map(|interval| scaled(interval.low)),
            high: interval.map(|interval| scaled(interval.high)),
            is_shown: interval.is_some_and(|interval| !interval.contains(0.0)),
            note,
        }
    };
    metrics.iter().map(of).collect()
}

/// How few signs the half with the lower shares would have to leave for the dose to vanish. `None` where nobody leaves any.
pub fn sensitivity(services: &[AiService<'_>]) -> Option<Sensitivity> {
    let mut shares: Vec<f64> = services.iter().filter_map(AiService::share).collect();
    shares.sort_unstable_by(f64::total_cmp);
    let (low, high) = shares.split_at(shares.len() / 2);
    let (lower_half, higher_half) = (median(low)?, median(high)?);
    (higher_half > 0.0).then(|| Sensitivity { lower_half, higher_half, coverage_to_vanish: lower_half / higher_half })
}

#[cfg(test)]
mod tests {
    use super::*;
    use truelevel_model::Measurement;

    fn services(n: u64, lead_time: impl Fn(u64) -> f64) -> (Vec<String>, Vec<BTreeMap<String, Measurement>>) {
        let measured = |at| {
            let mut measured = Measurement::missing("change_lead_time/1", Unit::Seconds, "2024", "");
            measured.value = Some(lead_time(at));
            BTreeMap::from([("change_lead_time".to_owned(), measured)])
        };
        ((0..n).map(|at| format!("s{at}")).collect(), (0..n).map(measured).collect())
    }

    fn found(n: u64, lead_time: impl Fn(u64) -> f64) -> (Dose, Option<Sensitivity>) {
        let (names, metrics) = services(n, lead_time);
        let all: Vec<AiService<'_>> = (0..n as usize)
            .map(|at| AiService {
                service: &names[at],
                changes: 100,
                signed: at as u64,
                metrics: Some(&metrics[at]),
                ..AiService::default()
            })
            .collect();
        let dose = dose(&all, 10).into_iter().find(|dose| dose.metric == "change_lead_time").unwrap();
        (dose, sensitivity(&all))
    }

    #[test]
    fn a_planted_dose_is_seen_and_scrambled_values_are_not() {
        let (rising, sensitivity) = found(20, |at| 3600.0 * (f64::from(at as u32) / 25.0).exp2());
        assert!(rising.is_shown && (rising.per_25_points.unwrap() - 2.0).abs() < 1e-6, "{rising:?}");
        assert!((sensitivity.unwrap().coverage_to_vanish - 4.5 / 14.5).abs() < 1e-9);
        let (scrambled, _) = found(20, |at| 3600.0 + f64::from((at * 7 % 20) as u32));
        assert!(!scrambled.is_shown);
        let (few, _) = found(6, |at| 3600.0 * f64::from(at as u32 + 1));
        assert!(few.note.is_some() && !few.is_shown && few.per_25_points.is_some());
    }
}
