//! Several services together: the whole organisation, and each team.

use std::collections::BTreeMap;

use rayon::prelude::*;
use truelevel_assess::catalog::{LANES, STAGES};
use truelevel_assess::constraint::{Findings, first_constraint};
use truelevel_assess::questions::ask_all;
use truelevel_assess::{levels, organisation};
use truelevel_metrics::METRICS;
use truelevel_metrics::organisation::spread;
use truelevel_metrics::statistics::median;
use truelevel_model::assessment::{
    Constraint, LevelRange, MetricSpread, QuestionResult, Segment, ServiceResult, StageResult, TeamResult,
};
use truelevel_model::{Measurement, Shared};

use crate::assess::Prepared;
use crate::turning;

/// What several services come to.
pub(crate) struct RolledUp {
    pub(crate) level: LevelRange,
    pub(crate) limiting_stages: Vec<String>,
    pub(crate) stages: Vec<StageResult>,
    pub(crate) lanes: Vec<StageResult>,
    pub(crate) metrics: BTreeMap<String, MetricSpread>,
}

/// The services that are judged. A level says how delivery works now: where nothing moved in the window there is nothing
/// to say. If nothing moved anywhere, the services are taken as they are.
pub(crate) fn judged<'a>(services: impl Iterator<Item = &'a ServiceResult> + Clone) -> Vec<&'a ServiceResult> {
    let active: Vec<&ServiceResult> = services.clone().filter(|service| service.is_active).collect();
    if active.is_empty() { services.collect() } else { active }
}

impl Prepared {
    /// Rolls services up: stages by the rule of four of five, the level as the lowest stage, each metric as the median.
    pub(crate) fn roll_up(&self, services: &[&ServiceResult]) -> RolledUp {
        let stages = self.stages(services, &STAGES, |service| &service.stages);
        let level = levels::lowest(&stages);
        let limiting = stages.iter().filter(|stage| stage.proven == level.proven);
        RolledUp {
            level,
            limiting_stages: limiting.map(|stage| stage.stage.clone()).collect(),
            lanes: self.stages(services, &LANES, |service| &service.lanes),
            metrics: self.spreads(services),
            stages,
        }
    }

    /// Each team that owns services, by name.
    pub(crate) fn teams(&self, services: &[Shared<ServiceResult>]) -> Vec<TeamResult> {
        let mut teams: BTreeMap<&String, Vec<&ServiceResult>> = BTreeMap::new();
        for service in services {
            if let Some(team) = &service.team {
                teams.entry(team).or_default().push(service);
            }
        }
        let team = |(name, own): (&String, Vec<&ServiceResult>)| {
            let judged = judged(own.iter().copied());
            let rolled = self.roll_up(&judged);
            TeamResult {
                team: name.clone(),
                services: own.iter().map(|service| service.service.clone()).collect(),
                first_constraint: Some(self.decide(&judged, &rolled.stages, &rolled.metrics)),
                level: rolled.level,
                limiting_stages: rolled.limiting_stages,
                stages: rolled.stages,
                metrics: rolled.metrics,
            }
        };
        teams.into_iter().collect::<Vec<_>>().into_par_iter().map(team).collect()
    }

    /// The ordered questions over several services, and where to act.
    pub(crate) fn decide(
        &self,
        services: &[&ServiceResult],
        stages: &[StageResult],
        metrics: &BTreeMap<String, MetricSpread>,
    ) -> Constraint {
        let answered: Vec<(&str, &[QuestionResult])> =
            services.iter().map(|service| (service.service.as_str(), service.questions.as_slice())).collect();
        let mut chain = ask_all(&self.catalog, &answered, metrics);
        turning::fill(&self.catalog, &mut chain);
        let largest_segment = largest_segment(services);
        first_constraint(&self.catalog, Findings { chain, services, stages, metrics, largest_segment })
    }

    fn stages(
        &self,
        services: &[&ServiceResult],
        ids: &[&str],
        of: fn(&ServiceResult) -> &[StageResult],
    ) -> Vec<StageResult> {
        let stages = self.catalog.stages.iter().filter(|stage| ids.contains(&stage.id.as_str()));
        stages
            .map(|stage| {
                let results =
                    services.iter().filter_map(|service| of(service).iter().find(|result| result.stage == stage.id));
                organisation::roll_up(stage, &results.collect::<Vec<_>>())
            })
            .collect()
    }

    fn spreads(&self, services: &[&ServiceResult]) -> BTreeMap<String, MetricSpread> {
        METRICS
            .par_iter()
            .zip(by_metric(services))
            .map(|(metric, measured)| {
                let spread = spread(metric, &measured, &self.bands);
                let services_by_band =
                    spread.services_by_band.iter().map(|(band, count)| (band.as_str().to_owned(), *count)).collect();
                let result = MetricSpread {
                    measurement: spread.measurement,
                    services: spread.services,
                    services_measured: spread.services_measured,
                    services_by_band,
                    services_in_one_band: spread.services_in_one_band,
                    distribution: spread.distribution,
                    pooled: spread.pooled,
                };
                (metric.id.to_owned(), result)
            })
            .collect()
    }
}

/// The measurements of each of [`METRICS`], in their order. Metrics stand sorted there and in a service: both are gone
/// through once, where looking up each would cost more than all that is made of them.
fn by_metric<'a>(services: &[&'a ServiceResult]) -> Vec<Vec<&'a Measurement>> {
    let mut measured = vec![Vec::with_capacity(services.len()); METRICS.len()];
    for service in services {
        let mut place = 0;
        for (id, measurement) in &service.metrics {
            place += METRICS[place..].iter().take_while(|metric| metric.id < id.as_str()).count();
            if METRICS.get(place).is_some_and(|metric| metric.id == id) {
                measured[place].push(measurement);
            }
        }
    }
    measured
}

/// The segment that is the largest in most services, by the 75th percentile of what they shipped in the window: each
/// service is asked for its own, since not every service has the same segments.
fn largest_segment(services: &[&ServiceResult]) -> Option<Segment> {
    let mut largest: BTreeMap<&str, Vec<(f64, f64)>> = BTreeMap::new();
    for service in services {
        let Some(lead_time) = service.metrics.get("change_lead_time") else { continue };
        let segments = segments(&lead_time.details);
        let all: f64 = segments.iter().map(|(_, seconds)| seconds).sum();
        if let Some((name, seconds)) = segments.into_iter().max_by(|a, b| a.1.total_cmp(&b.1))
            && all > 0.0
        {
            largest.entry(name).or_default().push((seconds, seconds / all));
        }
    }
    let (name, found) = largest.into_iter().max_by_key(|(_, found)| found.len())?;
    let (seconds, shares): (Vec<f64>, Vec<f64>) = found.into_iter().unzip();
    let services = seconds.len() as u64;
    Some(Segment { name: name.to_owned(), p75_seconds: median(&seconds)?, services, share: median(&shares) })
}

/// What lies within the way after the merge, where deployments and pipelines tell of it.
const AFTER_MERGE: [&str; 3] = ["pipeline", "approval_wait", "rollout"];

/// The segments of a service's lead time that lie side by side, each with its 75th percentile in seconds.
fn segments(details: &BTreeMap<String, f64>) -> Vec<(&'static str, f64)> {
    let p75 = |name: &str| details.get(&format!("{name}_p75_seconds")).copied();
    // A segment of few changes says nothing of the others.
    let told_of = |name: &str| details.get(&format!("{name}_n")).copied().unwrap_or(0.0);
    let is_told = |name: &&str| told_of(name) * 2.0 >= told_of("coding_and_review");
    // Where reviews are known, the way before the merge has parts of its own.
    let before_merge: &[&str] =
        if p75("review").is_some() { &["coding", "pickup", "review"] } else { &["coding_and_review"] };
    // Where no environment before production is known, the way after the merge is one segment.
    let after_merge: &[&str] = if p75("merge_to_preproduction").is_some() {
        &["merge_to_preproduction", "preproduction_to_production"]
    } else {
        &["merge_to_deploy"]
    };
    let known = |names: &[&'static str]| -> Vec<(&'static str, f64)> {
        names.iter().filter_map(|name| Some((*name, p75(name)?))).collect()
    };
    let (mut segments, after) = (known(before_merge), known(after_merge));
    let told: Vec<&'static str> = AFTER_MERGE.into_iter().filter(|name| is_told(name)).collect();
    let within = known(&told);
    if within.is_empty() {
        segments.extend(after);
        return segments;
    }
    let sum = |parts: &[(&str, f64)]| parts.iter().map(|(_, seconds)| seconds).sum::<f64>();
    segments.push(("waiting_after_merge", (sum(&after) - sum(&within)).max(0.0)));
    segments.extend(within);
    segments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_after_the_merge_is_told_apart_where_its_parts_are_known() {
        let check = |known: &[(&str, f64, f64)], expected: &str| {
            let details = known
                .iter()
                .flat_map(|(name, seconds, n)| [(format!("{name}_p75_seconds"), *seconds), (format!("{name}_n"), *n)]);
            let found = segments(&details.collect());
            let largest = found.iter().max_by(|a, b| a.1.total_cmp(&b.1)).map(|(name, _)| *name);
            assert_eq!(largest, Some(expected), "{found:?}");
        };
        let (coding, merged) = (("coding_and_review", 50.0, 40.0), ("merge_to_deploy", 100.0, 40.0));
        check(&[coding, merged], "merge_to_deploy");
        check(&[coding, merged, ("approval_wait", 80.0, 40.0)], "approval_wait");
        check(&[coding, merged, ("approval_wait", 20.0, 40.0), ("rollout", 5.0, 40.0)], "waiting_after_merge");
        check(&[coding, merged, ("approval_wait", 80.0, 3.0)], "merge_to_deploy");
        check(&[coding, ("merge_to_deploy", 20.0, 40.0), ("pipeline", 15.0, 40.0)], "coding_and_review");
    }
}
