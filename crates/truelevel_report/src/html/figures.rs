//! Which charts there are, by name: the name is that of the download too.

use truelevel_model::Unit;
use truelevel_model::assessment::{ServiceResult, StageResult};

use super::{Site, courses};
use crate::charts::{self, Chart};
use crate::words;

/// Services that are drawn one by one under a value; more would be a smear.
const MOST_IN_RUG: usize = 400;

/// The chart of a name, of one service or of all; `None` when the name is unknown or there is nothing to draw.
///
/// `lockstep-NUMBER` who deploys with whom in a group, from 0; `stages` the waterline; `ai-shares` the services by how many changes carry a sign of AI; `grid` stages over services; `metric-ID` a value against its bands; `spread-ID` the values
/// of the services; `teams-ID` the values of the teams; `trend-ID` a metric week by week, and `small-ID` the same in
/// little; `survival-ID` how long something waited; `segments` the parts of lead time; `calendar` a service's deployments
/// day by day; `initiative-NUMBER` what was taken on, from 0.
pub(super) fn named(site: &Site<'_>, service: Option<&ServiceResult>, name: &str) -> Option<Chart> {
    if let Some(id) = name.strip_prefix("metric-") {
        return quantity(site, service, id);
    }
    if let Some(id) = name.strip_prefix("spread-") {
        return spread(site, id);
    }
    if let Some(id) = name.strip_prefix("teams-") {
        return teams(site, id);
    }
    if let Some(id) = name.strip_prefix("trend-") {
        return courses::trend(site, service, id, false);
    }
    if let Some(id) = name.strip_prefix("small-") {
        return courses::trend(site, service, id, true);
    }
    if let Some(id) = name.strip_prefix("survival-") {
        return courses::survival(site, service, id);
    }
    if let Some(number) = name.strip_prefix("initiative-") {
        return courses::initiative(site.courses.initiatives.get(number.parse::<usize>().ok()?)?);
    }
    if let Some(number) = name.strip_prefix("lockstep-") {
        let group = site.assessment.architecture.as_ref()?.groups.get(number.parse::<usize>().ok()?)?;
        return charts::codeployment(&group.services, &group.shares);
    }
    match (name, service) {
        ("stages", Some(service)) => {
            let ground = site.links.is_one_file().then_some(STAGES_GROUND);
            Some(waterline(&service.stages, &service.lanes, ground))
        }
        ("stages", None) => Some(waterline(&site.assessment.stages, &site.assessment.lanes, None)),
        ("grid", _) => grid(site),
        ("ai-shares", None) => ai_shares(site),
        ("segments", service) => courses::segments(site, service),
        ("calendar", service) => courses::calendar(site, service),
        _ => None,
    }
}

/// In a report the stages of all services have names and levels in common.
const STAGES_GROUND: &str = "ground-stages";

pub(super) fn waterline(stages: &[StageResult], lanes: &[StageResult], ground: Option<&str>) -> Chart {
    charts::waterline(&rows(stages, lanes), ground)
}

fn rows<'a>(stages: &'a [StageResult], lanes: &'a [StageResult]) -> Vec<charts::Stage<'a>> {
    let row = |stage: &'a StageResult, is_lane| charts::Stage {
        name: &stage.stage,
        proven: stage.proven,
        possible: stage.possible,
        declared: stage.declared,
        is_lane,
    };
    stages.iter().map(|stage| row(stage, false)).chain(lanes.iter().map(|lane| row(lane, true))).collect()
}

fn grid(site: &Site<'_>) -> Option<Chart> {
    let stages: Vec<&str> = site.assessment.stages.iter().map(|stage| stage.stage.as_str()).collect();
    let services: Vec<charts::GridService<'_>> = site
        .judged()
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
    let axis_id = axis_id(id);
    // In a report the services of a metric share an axis, which is drawn once.
    let axis = service.filter(|_| site.links.is_one_file()).and_then(|_| Some((axis_id.as_str(), *axis(site, id)?)));
    charts::quantity(&charts::Quantity {
        title: &site.reference.title(id),
        measurement,
        rule: site.reference.bands.rules.get(id),
        lower_is_better: lower_is_better(site, id),
        services,
        axis,
    })
}

/// Whether less of a metric is better: as its bands say, else as its trend does.
fn lower_is_better(site: &Site<'_>, id: &str) -> bool {
    let by_trend = || site.assessment.trends.get(id)?.higher_is_better;
    let higher_is_better = site.reference.bands.rules.get(id).map(|rule| rule.higher_is_better).or_else(by_trend);
    higher_is_better.map_or_else(
        || site.assessment.metric(id).is_some_and(|spread| spread.measurement.unit == Unit::Seconds),
        |higher_is_better| !higher_is_better,
    )
}

fn axis_id(id: &str) -> String {
    format!("axis-{id}")
}

/// The axis that holds all services' values of a key.
fn axis<'s>(site: &'s Site<'_>, id: &str) -> Option<&'s charts::Scale> {
    let axis = |(id, _): (&'static str, &str)| {
        let unit = site.assessment.metric(id)?.measurement.unit;
        let held = site.assessment.each_service().filter_map(|service| service.metrics.get(id)).flat_map(charts::held);
        let rule = site.reference.bands.rules.get(id);
        Some((id, charts::quantity_scale(rule, unit, lower_is_better(site, id), held)))
    };
    site.axes.get_or_init(|| words::KEYS.into_iter().filter_map(axis).collect()).get(id)
}

/// What the pictures of services share in a report, as one picture that shows nothing by itself.
pub(super) fn shared(site: &Site<'_>) -> String {
    let axis = |(id, _): (&str, &str)| {
        let body = charts::quantity_axis(axis(site, id)?, site.reference.bands.rules.get(id));
        Some(format!("<g class=\"chart\" id=\"{}\">{body}</g>", axis_id(id)))
    };
    let ground = |id: &str, body: String| format!("<g class=\"chart\" id=\"{id}\">{body}</g>");
    let stages = charts::waterline_ground(&rows(&site.assessment.stages, &site.assessment.lanes));
    let days = site.courses.services.values().find(|course| !course.days.counts.is_empty()).and_then(|course| {
        Some(ground(courses::CALENDAR_GROUND, charts::calendar_ground(&courses::days(&course.days))?))
    });
    let shared: String =
        words::KEYS.into_iter().filter_map(axis).chain([ground(STAGES_GROUND, stages)]).chain(days).collect();
    format!("<svg class=\"chart hidden\" width=\"1\" height=\"1\" aria-hidden=\"true\"><defs>{shared}</defs></svg>")
}

/// Of these shares each is a lower bound, like that of the whole.
fn ai_shares(site: &Site<'_>) -> Option<Chart> {
    let shares = site.assessment.ai.as_ref()?.by_service.iter().filter(|signs| signs.changes > 0);
    let values: Vec<(String, f64)> =
        shares.map(|signs| (signs.service.clone(), signs.signed as f64 / signs.changes as f64)).collect();
    charts::distribution(&charts::Distribution {
        title: "Changes with a sign of AI by service, at least",
        noun: "service",
        unit: Unit::Ratio,
        values: &values,
        rule: None,
        lower_is_better: false,
    })
}

fn spread(site: &Site<'_>, id: &str) -> Option<Chart> {
    charts::distribution(&charts::Distribution {
        title: &format!("{} by service", site.reference.title(id)),
        noun: "service",
        unit: site.assessment.metric(id)?.measurement.unit,
        values: &values(site, id),
        rule: site.reference.bands.rules.get(id),
        lower_is_better: lower_is_better(site, id),
    })
}

fn teams(site: &Site<'_>, id: &str) -> Option<Chart> {
    let teams = site.assessment.teams.iter().filter_map(|team| Some((team, &team.metrics.get(id)?.measurement)));
    let known = teams.filter(|(_, measured)| !measured.is_lower_bound);
    let values: Vec<(String, f64)> =
        known.filter_map(|(team, measured)| Some((team.team.clone(), measured.value?))).collect();
    charts::distribution(&charts::Distribution {
        title: &site.reference.title(id),
        noun: "team",
        unit: site.assessment.metric(id)?.measurement.unit,
        values: &values,
        rule: site.reference.bands.rules.get(id),
        lower_is_better: lower_is_better(site, id),
    })
}

/// The values of the services that the metric of the whole stands on; a lower bound is no value to compare.
fn values(site: &Site<'_>, id: &str) -> Vec<(String, f64)> {
    site.judged()
        .filter_map(|service| Some((service, service.metrics.get(id)?)))
        .filter(|(_, measured)| !measured.is_lower_bound)
        .filter_map(|(service, measured)| Some((service.service.clone(), measured.value?)))
        .collect()
}
