//! Charts of how things went: week by week, day by day, and how long they waited.

use std::collections::BTreeMap;

use truelevel_model::Measurement;
use truelevel_model::assessment::ServiceResult;
use truelevel_model::course::{Days, Waiting};
use truelevel_model::plan::InitiativeResult;
use truelevel_model::trend::{ChartKind, Trend, TrendChart, TrendPoint};

use super::Site;
use crate::charts::{self, Chart};
use crate::{numbers, trends, words};

const LEAD_TIME: &str = "change_lead_time";
/// A curve of fewer is no curve.
const FEWEST: u64 = 6;
/// At so many times the curves of several services are compared.
const TIMES: usize = 60;
/// The parts of lead time, as far as facts go, in their order; the first set that is known is taken.
const BEFORE_MERGE: [&[&str]; 2] = [&["coding", "pickup", "review"], &["coding_and_review"]];
const AFTER_MERGE: [&[&str]; 2] = [&["merge_to_preproduction", "preproduction_to_production"], &["merge_to_deploy"]];

/// The weeks of a metric. Where only a lower bound is known, because nobody told of what failed, a line along it would say
/// that nothing did.
fn of_weeks<'a>(site: &Site<'a>, service: Option<&ServiceResult>, id: &str) -> Option<&'a Trend> {
    let measured = match service {
        Some(service) => service.metrics.get(id),
        None => site.assessment.metric(id).map(|spread| &spread.measurement),
    };
    if measured.is_some_and(|measured| measured.is_lower_bound) {
        return None;
    }
    match service {
        Some(service) => site.courses.services.get(&service.service)?.trends.get(id),
        None => site.assessment.trends.get(id),
    }
}

/// The limits that hold for the weekly values: days between events are another quantity.
fn limits(trend: &Trend) -> Option<&TrendChart> {
    trend.chart.as_ref().filter(|chart| chart.kind != ChartKind::DaysBetweenEvents)
}

/// A metric week by week, of one service or of all.
pub(super) fn trend(site: &Site<'_>, service: Option<&ServiceResult>, id: &str, is_small: bool) -> Option<Chart> {
    let trend = of_weeks(site, service, id)?;
    let limits = limits(trend);
    let is_signal = |point: &TrendPoint| {
        let signals = limits.iter().flat_map(|chart| &chart.signals);
        signals.into_iter().any(|signal| signal.first <= point.week_start && point.week_start <= signal.last)
    };
    let points: Vec<charts::TrendPoint> = trend
        .points
        .iter()
        .map(|point| charts::TrendPoint {
            label: words::short_monday(point.week_start),
            value: point.value,
            interval: point.low.zip(point.high),
            n: point.n,
            is_signal: is_signal(point),
        })
        .collect();
    let title = site.reference.title(id);
    charts::trend(&charts::Trend {
        title: &if is_small { title } else { format!("{title}, week by week") },
        unit: trend.unit,
        points: &points,
        sample: if service.is_some() || trend.services == 1 { "observations" } else { "services" },
        limits: limits.map(|chart| charts::Limits {
            centre: chart.centre,
            lower: chart.lower.unwrap_or(0.0),
            upper: chart.upper,
        }),
        says: &trends::verdict(trend),
        is_small,
    })
}

/// The same in the size of a word, where it can be told from noise: nobody reads the fine print of so small a line.
pub(super) fn sparkline(site: &Site<'_>, service: Option<&ServiceResult>, id: &str) -> Option<Chart> {
    let trend = of_weeks(site, service, id).filter(|trend| trend.chart.is_some())?;
    let values: Vec<(String, Option<f64>)> =
        trend.points.iter().map(|point| (words::short_monday(point.week_start), point.value)).collect();
    charts::sparkline(&charts::Sparkline {
        title: &format!("{}, week by week", site.reference.title(id)),
        unit: trend.unit,
        values: &values,
        limits: limits(trend).map(|chart| (chart.lower.unwrap_or(0.0), chart.upper)),
        says: &trends::verdict(trend),
    })
}

/// How long something waited: of one service its own curve, of several what lies in the middle of theirs.
pub(super) fn survival(site: &Site<'_>, service: Option<&ServiceResult>, id: &str) -> Option<Chart> {
    let title = match id {
        LEAD_TIME => "Changes that still wait for production",
        _ => "Failed deployments that are not recovered from",
    };
    if let Some(course) = site.course(service) {
        let waiting = course.waiting.get(id).filter(|waiting| waiting.ended + waiting.open >= FEWEST)?;
        let steps: Vec<charts::SurvivalStep> = waiting
            .steps
            .iter()
            .map(|step| charts::SurvivalStep { seconds: step.seconds, share: step.share, range: step.interval })
            .collect();
        return charts::survival(&charts::Survival {
            title,
            steps: &steps,
            censored_seconds: &waiting.open_seconds,
            range: "95 % interval",
            basis: &format!("{} ended, {} still open", digits(waiting.ended), digits(waiting.open)),
        });
    }
    let judged = site.judged().filter_map(|service| site.courses.services.get(&service.service));
    let curves = judged.filter_map(|course| course.waiting.get(id));
    let curves: Vec<&Waiting> = curves.filter(|curve| curve.ended >= FEWEST).collect();
    if service.is_some() || curves.len() < 2 {
        return None;
    }
    charts::survival(&charts::Survival {
        title: &format!("{title}, in the middle service"),
        steps: &middle(&curves),
        censored_seconds: &[],
        range: "middle half of services",
        basis: &format!("{} with {FEWEST} or more", numbers::count(curves.len() as u64, "service")),
    })
}

fn digits(number: u64) -> String {
    numbers::digits(number as f64)
}

/// At each of some times what is left in the middle service and in the middle half of them. Durations of several services
/// are never pooled: a service with many changes would speak for those with few.
fn middle(curves: &[&Waiting]) -> Vec<charts::SurvivalStep> {
    let mut times: Vec<f64> = curves.iter().flat_map(|curve| &curve.steps).map(|step| step.seconds).collect();
    times.sort_unstable_by(f64::total_cmp);
    let every = times.len().div_ceil(TIMES).max(1);
    let left = |curve: &Waiting, seconds: f64| {
        let passed = curve.steps.partition_point(|step| step.seconds <= seconds);
        if passed == 0 { 1.0 } else { curve.steps[passed - 1].share }
    };
    let at = |seconds: f64| {
        let mut shares: Vec<f64> = curves.iter().map(|curve| left(curve, seconds)).collect();
        shares.sort_unstable_by(f64::total_cmp);
        let (last, pick) =
            (shares.len() - 1, |share: f64| shares[(share * (shares.len() - 1) as f64).round() as usize]);
        let share = f64::midpoint(shares[last / 2], shares[last.div_ceil(2)]);
        charts::SurvivalStep { seconds, share, range: Some((pick(0.25), pick(0.75))) }
    };
    times.into_iter().step_by(every).map(at).collect()
}

/// The parts of lead time one after the other: the 75th percentile of each, of one service or in the middle of those of
/// which the same parts are known.
pub(super) fn segments(site: &Site<'_>, service: Option<&ServiceResult>) -> Option<Chart> {
    let asked: Vec<&ServiceResult> = match service {
        Some(service) => vec![service],
        None => site.judged().collect(),
    };
    let mut by_parts: BTreeMap<Vec<&str>, Vec<&Measurement>> = BTreeMap::new();
    for measured in asked.iter().filter_map(|service| service.metrics.get(LEAD_TIME)) {
        let parts = parts(measured);
        if !parts.is_empty() {
            by_parts.entry(parts).or_default().push(measured);
        }
    }
    let (parts, measured) = by_parts.into_iter().max_by_key(|(_, measured)| measured.len())?;
    let part = |name: &&str| {
        let mut values: Vec<f64> = measured.iter().filter_map(|measured| p75(measured, name)).collect();
        values.sort_unstable_by(f64::total_cmp);
        let middle = f64::midpoint(values[(values.len() - 1) / 2], values[values.len() / 2]);
        charts::LeadTimeSegment {
            name: words::segment_name(name).to_owned(),
            seconds: middle,
            n: match measured.as_slice() {
                [only] => only.details.get(&format!("{name}_n")).map_or(0, |count| *count as u64),
                several => several.len() as u64,
            },
        }
    };
    let parts: Vec<charts::LeadTimeSegment> = parts.iter().map(part).collect();
    charts::segments("p75", &parts, if measured.len() == 1 { "changes" } else { "services" })
}

fn p75(measured: &Measurement, part: &str) -> Option<f64> {
    measured.details.get(&format!("{part}_p75_seconds")).copied()
}

fn parts(measured: &Measurement) -> Vec<&'static str> {
    let known = |sets: [&'static [&'static str]; 2]| {
        sets.into_iter().find(|set| set.iter().all(|part| p75(measured, part).is_some())).unwrap_or_default()
    };
    [known(BEFORE_MERGE), known(AFTER_MERGE)].concat()
}

/// The production deployments of a service, day by day.
pub(super) fn calendar(site: &Site<'_>, service: Option<&ServiceResult>) -> Option<Chart> {
    let ground = (site.links.is_one_file() && service.is_some()).then_some(CALENDAR_GROUND);
    charts::calendar("Deployments by day", &days(&site.course(service)?.days), ground)
}

/// In a report the days of all services are the same and lie below each picture.
pub(super) const CALENDAR_GROUND: &str = "ground-calendar";

pub(super) fn days(days: &Days) -> Vec<charts::Day> {
    let counted = (days.first..).zip(&days.counts);
    counted.map(|(day, count)| charts::Day { day, count: u64::from(*count) }).collect()
}

/// How many gates of an initiative were met, week by week.
pub(super) fn initiative(initiative: &InitiativeResult) -> Option<Chart> {
    let values: Vec<(String, Option<f64>)> =
        initiative.past.iter().map(|(week, met)| (week.clone(), Some(*met as f64))).collect();
    charts::sparkline(&charts::Sparkline {
        title: &format!("Gates met of {}", initiative.name),
        unit: truelevel_model::Unit::Count,
        values: &values,
        limits: Some((0.0, initiative.gates.len() as f64)),
        says: &format!("of {}", numbers::count(initiative.gates.len() as u64, "gate")),
    })
}
