//! Several services together: the whole organisation, and each team.

use std::collections::{BTreeMap, BTreeSet};

use truelevel_assess::catalog::{LANES, STAGES};
use truelevel_assess::{levels, organisation};
use truelevel_metrics::METRICS;
use truelevel_metrics::organisation::spread;
use truelevel_model::Measurement;
use truelevel_model::assessment::{LevelRange, MetricSpread, ServiceResult, StageResult, TeamResult};

use crate::assess::Prepared;

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
    pub(crate) fn teams(&self, services: &[ServiceResult]) -> Vec<TeamResult> {
        let names: BTreeSet<&String> = services.iter().filter_map(|service| service.team.as_ref()).collect();
        let team = |name: &String| {
            let own = services.iter().filter(|service| service.team.as_ref() == Some(name));
            let rolled = self.roll_up(&judged(own.clone()));
            TeamResult {
                team: name.clone(),
                services: own.map(|service| service.service.clone()).collect(),
                level: rolled.level,
                limiting_stages: rolled.limiting_stages,
                stages: rolled.stages,
                metrics: rolled.metrics,
            }
        };
        names.into_iter().map(team).collect()
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
            .iter()
            .map(|metric| {
                let measured: Vec<&Measurement> =
                    services.iter().filter_map(|service| service.metrics.get(metric.id)).collect();
                let spread = spread(metric, &measured, &self.bands);
                let services_by_band =
                    spread.services_by_band.iter().map(|(band, count)| (band.as_str().to_owned(), *count)).collect();
                let result = MetricSpread {
                    measurement: spread.measurement,
                    services: spread.services,
                    services_measured: spread.services_measured,
                    services_by_band,
                    distribution: spread.distribution,
                };
                (metric.id.to_owned(), result)
            })
            .collect()
    }
}
