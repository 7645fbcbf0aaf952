//! Which charts there are, by name: the name is that of the download too.

use truelevel_model::assessment::{ServiceResult, StageResult};

use super::Site;
use crate::charts::{self, Chart};

/// Services that are drawn one by one under a value; more would be a smear.
const MOST_IN_RUG: usize = 400;

/// The chart of a name, of one service or of all; `None` when the name is unknown or there is nothing to draw.
///
/// `lockstep-NUMBER` who deploys with whom in a group, from 0; `stages` the waterline; `grid` stages over services; `metric-ID` a value against its bands; `spread-ID` the values
/// of the services.
pub(super) fn named(site: &Site<'_>, service: Option<&ServiceResult>, name: &str) -> Option<Chart> {
    if let Some(id) = name.strip_prefix("metric-") {
        return quantity(site, service, id);
    }
    if let Some(id) = name.strip_prefix("spread-") {
        return spread(site, id);
    }
    if let Some(number) = name.strip_prefix("lockstep-") {
        let group = site.assessment.architecture.as_ref()?.groups.get(number.parse::<usize>().ok()?)?;
        return charts::codeployment(&group.services, &group.shares);
    }
    match (name, service) {
        ("stages", Some(service)) => Some(waterline(&service.stages, &service.lanes)),
        ("stages", None) => Some(waterline(&site.assessment.stages, &site.assessment.lanes)),
        ("grid", _) => grid(site),
        _ => None,
    }
}

fn waterline(stages: &[StageResult], lanes: &[StageResult]) -> Chart {
    let row =
        |stage: &StageResult, is_lane| (stage.stage.clone(), stage.proven, stage.possible, stage.declared, is_lane);
    let rows: Vec<_> =
        stages.iter().map(|stage| row(stage, false)).chain(lanes.iter().map(|lane| row(lane, true))).collect();
    let rows: Vec<charts::Stage<'_>> = rows
        .iter()
        .map(|(name, proven, possible, declared, is_lane)| charts::Stage {
            name,
            proven: *proven,
            possible: *possible,
            declared: *declared,
            is_lane: *is_lane,
        })
        .collect();
    charts::waterline(&rows)
}

fn grid(site: &Site<'_>) -> Option<Chart> {
    let stages: Vec<&str> = site.assessment.stages.iter().map(|stage| stage.stage.as_str()).collect();
    let active = site.assessment.services.iter().filter(|service| service.is_active);
    let services: Vec<charts::GridService<'_>> = active
        .map(|service| charts::GridService {
            name: &service.service,
            levels: service.stages.iter().map(|stage| stage.proven).collect(),
        })
        .collect();
    charts::level_grid(&stages, &services)
}

fn quantity(site: &Site<'_>, service: Option<&ServiceResult>, id: &str) -> Option<Chart> {
    let (measurement, values) = match service {
        Some(service) => (service.metrics.get(id)?, Vec::new()),
        None => {
            let values: Vec<f64> = values(site, id).into_iter().map(|(_, value)| value).collect();
            (&site.assessment.metric(id)?.measurement, values)
        }
    };
    let services = if values.len() > 1 && values.len() <= MOST_IN_RUG { values.as_slice() } else { &[] };
    charts::quantity(&charts::Quantity {
        title: &site.reference.title(id),
        measurement,
        rule: site.reference.bands.rules.get(id),
        services,
    })
}

fn spread(site: &Site<'_>, id: &str) -> Option<Chart> {
    charts::distribution(&charts::Distribution {
        title: &format!("{} by service", site.reference.title(id)),
        noun: "service",
        unit: site.assessment.metric(id)?.measurement.unit,
        values: &values(site, id),
        rule: site.reference.bands.rules.get(id),
    })
}

/// The services' values of a metric; a lower bound is no value to compare.
fn values(site: &Site<'_>, id: &str) -> Vec<(String, f64)> {
    let measured = site.assessment.services.iter().filter_map(|service| Some((service, service.metrics.get(id)?)));
    measured
        .filter(|(_, measured)| !measured.is_lower_bound)
        .filter_map(|(service, measured)| Some((service.service.clone(), measured.value?)))
        .collect()
}
