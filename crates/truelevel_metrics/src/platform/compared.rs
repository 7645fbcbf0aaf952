//! The keys on and off a path side by side, and how they lie over teams.

use std::collections::{BTreeMap, BTreeSet};

use truelevel_model::Unit;
use truelevel_model::platform::{ComparedAs, Contrast, PathUse, TeamSpread};

use super::PathService;
use crate::METRICS;
use crate::statistics::{hodges_lehmann_difference_missing, hodges_lehmann_ratio_missing, median, quantile};

/// What is compared: DORA's keys.
pub const KEYS: [&str; 5] = [
    "deployment_frequency",
    "change_lead_time",
    "change_fail_rate",
    "failed_deployment_recovery_time",
    "deployment_rework_rate",
];

/// The chance that any of a list's intervals misses.
const JOINT_ALPHA: f64 = 0.05;

/// Each key of those on against those off. What is counted are teams, where teams are known: services of one team share
/// its habits, so they are no independent witnesses. A team on both sides stands on both, each with its own services.
pub fn outcomes(services: &[PathService<'_>], uses: &[PathUse]) -> Vec<Contrast> {
    let side = |wanted: PathUse| -> Vec<&PathService<'_>> {
        services.iter().zip(uses).filter(|(_, used)| **used == wanted).map(|(service, _)| service).collect()
    };
    let (on, off) = (side(PathUse::On), side(PathUse::Off));
    let by_team = services.iter().all(|service| service.team.is_some());
    KEYS.iter()
        .map(|metric| contrast(metric, &values(metric, &on, by_team), &values(metric, &off, by_team), by_team))
        .collect()
}

fn unit_of(metric: &str) -> Unit {
    METRICS.iter().find(|known| known.id == metric).map_or(Unit::Count, |known| known.unit)
}

/// A value for each team or service. Lower bounds are no values, and a duration or frequency of zero has no ratio.
fn values(metric: &str, services: &[&PathService<'_>], by_team: bool) -> Vec<f64> {
    let mut groups: BTreeMap<&str, Vec<f64>> = BTreeMap::new();
    for service in services {
        let Some(value) = value(metric, service) else { continue };
        let group = if by_team { service.team.unwrap_or(service.service) } else { service.service };
        groups.entry(group).or_default().push(value);
    }
    groups.values().filter_map(|values| median(values)).collect()
}

fn value(metric: &str, service: &PathService<'_>) -> Option<f64> {
    let measured = service.metrics?.get(metric).filter(|measured| !measured.is_lower_bound)?;
    measured.value.filter(|value| *value > 0.0 || measured.unit == Unit::Ratio)
}

fn contrast(metric: &str, on: &[f64], off: &[f64], by_team: bool) -> Contrast {
    let unit = unit_of(metric);
    let compared_as = if unit == Unit::Ratio { ComparedAs::Difference } else { ComparedAs::Ratio };
    let alpha = JOINT_ALPHA / KEYS.len() as f64;
    let found = match compared_as {
        ComparedAs::Difference => hodges_lehmann_difference_missing(off, on, alpha),
        ComparedAs::Ratio => hodges_lehmann_ratio_missing(off, on, alpha),
    };
    let of = if by_team { "team" } else { "service" };
    let note = match &found {
        None => Some("one of the sides has no value".to_owned()),
        Some(found) if found.low.is_none() && found.high.is_none() => {
            Some(format!("no interval: {} and {} {of}s are too few", on.len(), off.len()))
        }
        Some(_) => None,
    };
    Contrast {
        metric: metric.to_owned(),
        unit,
        of: of.to_owned(),
        n_on: on.len() as u64,
        n_off: off.len() as u64,
        median_on: median(on),
        median_off: median(off),
        compared_as,
        estimate: found.and_then(|found| found.estimate),
        low: found.and_then(|found| found.low),
        high: found.and_then(|found| found.high),
        joint_confidence: 1.0 - JOINT_ALPHA,
        differs: found.is_some_and(|found| found.excludes_none()),
        note,
    }
}

/// How each key lies over teams; only keys that at least two teams have.
pub fn spread(services: &[PathService<'_>]) -> Vec<TeamSpread> {
    let all: Vec<&PathService<'_>> = services.iter().filter(|service| service.team.is_some()).collect();
    let teams: BTreeSet<&str> = all.iter().filter_map(|service| service.team).collect();
    if teams.len() < 2 {
        return Vec::new();
    }
    let of = |metric: &&str| {
        let values = values(metric, &all, true);
        let at = |p| quantile(&values, p);
        let (p25, p75) = (at(0.25)?, at(0.75)?);
        let unit = unit_of(metric);
        (values.len() > 1).then_some(TeamSpread {
            metric: (*metric).to_owned(),
            unit,
            teams: values.len() as u64,
            lowest: values.iter().copied().reduce(f64::min)?,
            p25,
            median: at(0.5)?,
            p75,
            highest: values.iter().copied().reduce(f64::max)?,
            ratio: (unit != Unit::Ratio && p25 > 0.0).then(|| p75 / p25),
        })
    };
    KEYS.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use truelevel_model::Measurement;

    fn metrics(lead_time: f64) -> BTreeMap<String, Measurement> {
        let mut measured = Measurement::missing("change_lead_time/1", Unit::Seconds, "2024", "");
        measured.value = Some(lead_time);
        BTreeMap::from([("change_lead_time".to_owned(), measured)])
    }

    fn found(lead_times: &[(f64, PathUse)], services_per_team: usize) -> Contrast {
        let metrics: Vec<_> = lead_times.iter().map(|(value, _)| metrics(*value)).collect();
        let names: Vec<String> = (0..lead_times.len()).map(|at| format!("s{at}")).collect();
        let teams: Vec<String> = (0..lead_times.len()).map(|at| format!("t{}", at / services_per_team)).collect();
        let services: Vec<PathService<'_>> = (0..lead_times.len())
            .map(|at| PathService {
                service: &names[at],
                team: Some(&teams[at]),
                metrics: Some(&metrics[at]),
                ..PathService::default()
            })
            .collect();
        let uses: Vec<PathUse> = lead_times.iter().map(|(_, used)| *used).collect();
        outcomes(&services, &uses).into_iter().find(|found| found.metric == "change_lead_time").unwrap()
    }

    #[test]
    fn a_clear_difference_is_seen_and_teams_are_counted_not_services() {
        let sides: Vec<(f64, PathUse)> = (0..12)
            .map(|at| if at < 6 { (10.0 + f64::from(at), PathUse::On) } else { (100.0 + f64::from(at), PathUse::Off) })
            .collect();
        let services = found(&sides, 1);
        assert!(services.differs && services.high.is_some_and(|high| high < 0.3), "{services:?}");
        let teams = found(&sides, 6);
        assert_eq!((teams.n_on, teams.n_off, teams.differs), (1, 1, false));
        assert!(teams.note.is_some_and(|note| note.contains("too few")));
    }

    #[test]
    fn the_same_on_both_sides_is_no_difference() {
        let sides: Vec<(f64, PathUse)> =
            (0..16).map(|at| (10.0 + f64::from(at), if at % 2 == 0 { PathUse::On } else { PathUse::Off })).collect();
        assert!(!found(&sides, 1).differs);
        assert_eq!(found(&[], 1).note.as_deref(), Some("one of the sides has no value"));
    }
}
