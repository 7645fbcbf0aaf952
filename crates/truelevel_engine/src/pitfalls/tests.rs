use std::collections::BTreeMap;

use truelevel_metrics::weekly::{Series, WEEKLY};
use truelevel_model::assessment::{ExclusionCount, LevelRange, ServiceResult};
use truelevel_model::deployment_data::DeploymentData;
use truelevel_model::facts::Facts;
use truelevel_model::snapshot::SnapshotHead;
use truelevel_model::trend::TrendPoint;
use truelevel_model::{Incident, Measurement, ServiceId, Shared, SourceId, Span, Time, Unit, registry};

use super::*;
use crate::Silent;
use crate::assess::assess;
use crate::demo::tests::{asked, filled, plan};
use crate::demo::{Constraint, Plan};
use crate::past::{KeptMetric, PastSnapshot};

/// What a detector says of services with traces.
pub(crate) fn check(kind: &PitfallKind, services: Vec<ServiceResult>, mut traces: Vec<Trace>) -> Option<Pitfall> {
    traces.resize(services.len(), Trace::default());
    let services: Vec<Shared<ServiceResult>> = services.into_iter().map(Shared::new).collect();
    found(kind, (&services, &traces, &[]), (&Past::default(), &kept(90, 0.1)))
}

/// What a detector says of services `s0`, `s1`, … with weeks.
pub(crate) fn check_weeks(kind: &PitfallKind, weeks: Vec<ServiceWeeks>) -> Option<Pitfall> {
    seen_in(kind, &weeks, &Past::default(), &kept(90, 0.1))
}

/// What a detector says of snapshots and what is kept of the answer after them.
pub(crate) fn check_past(kind: &PitfallKind, past: &Past, now: &Summary) -> Option<Pitfall> {
    seen_in(kind, &[], past, now)
}

/// What a detector says of services `s0`, `s1`, … with weeks, after these snapshots.
pub(crate) fn seen_in(kind: &PitfallKind, weeks: &[ServiceWeeks], past: &Past, now: &Summary) -> Option<Pitfall> {
    let services: Vec<Shared<ServiceResult>> =
        (0..weeks.len()).map(|number| named(&format!("s{number}")).into()).collect();
    let traces = vec![Trace::default(); weeks.len()];
    found(kind, (&services, &traces, &weeks.iter().collect::<Vec<_>>()), (past, now))
}

/// What is kept of an answer for so many days, with its fail rate.
pub(crate) fn kept(window_days: u32, fail_rate: f64) -> Summary {
    let definition = "change_fail_rate/1".to_owned();
    let metric = KeptMetric { definition, unit: Unit::Ratio, value: Some(fail_rate) };
    Summary {
        window_days,
        edition: "2024".to_owned(),
        time_zone: "UTC".to_owned(),
        is_met: BTreeMap::new(),
        metrics: [("change_fail_rate".to_owned(), metric)].into(),
        exemptions: BTreeMap::new(),
    }
}

/// A snapshot of the n-th week, taken on its day.
pub(crate) fn taken(number: u64, window_days: u32) -> PastSnapshot {
    let as_of = Time::from_seconds(number as i64 * 7 * 86_400);
    let head = SnapshotHead {
        number,
        as_of,
        taken_at: as_of,
        is_backfilled: false,
        configuration: String::new(),
        catalog: String::new(),
        data_until: None,
        previous: String::new(),
        hash: String::new(),
    };
    PastSnapshot { head, summary: kept(window_days, 0.1) }
}

fn found(
    kind: &PitfallKind,
    (services, traces, weeks): (&[Shared<ServiceResult>], &[Trace], &[&ServiceWeeks]),
    (past, now): (&Past, &Summary),
) -> Option<Pitfall> {
    let seen = Seen {
        ended_exemptions: &[],
        stages: &[],
        level: LevelRange { proven: 1, possible: 1, declared: None, with_exemptions: None },
        services,
        traces: &traces.iter().collect::<Vec<_>>(),
        weeks,
        declarations: &[],
        window_days: now.window_days,
        past,
        now,
        copied: &[],
        switched_off: &[],
        architecture: None,
    };
    find(&seen).into_iter().find(|found| found.pitfall == kind.id)
}

pub(crate) fn named(service: &str) -> ServiceResult {
    ServiceResult {
        service: service.to_owned(),
        team: None,
        repositories: Vec::new(),
        deployment_data: DeploymentData::Reported,
        is_active: true,
        level: LevelRange { proven: 1, possible: 1, declared: None, with_exemptions: None },
        stages: Vec::new(),
        lanes: Vec::new(),
        metrics: BTreeMap::new(),
        environments: Vec::new(),
        questions: Vec::new(),
        exclusions: BTreeMap::new(),
    }
}

pub(crate) fn measuring(service: &str, metric: &str, value: Option<f64>, n: u64) -> ServiceResult {
    let mut measured = Measurement::missing(metric, Unit::Ratio, "2024", "");
    (measured.value, measured.n) = (value, n);
    ServiceResult { metrics: [(metric.to_owned(), measured)].into(), ..named(service) }
}

pub(crate) fn excluding(service: &str, code: &str, left_out: u64, counted: u64) -> ServiceResult {
    let excluded = ExclusionCount { count: left_out, meaning: String::new(), examples: Vec::new() };
    ServiceResult {
        exclusions: [(code.to_owned(), excluded)].into(),
        ..measuring(service, "deployment_frequency", None, counted)
    }
}

pub(crate) fn trace_of_days(days: impl IntoIterator<Item = i64>) -> Trace {
    Trace { days: days.into_iter().collect(), ..Trace::default() }
}

/// A service that deployed so often in each week.
pub(crate) fn frequencies(counts: &[u64]) -> ServiceWeeks {
    let mut weeks = ServiceWeeks::of_series(vec![Series::default(); WEEKLY.len()]);
    let points = counts.iter().enumerate().map(|(week, count)| point(week, Some(*count as f64 / 7.0), *count));
    series(&mut weeks, "deployment_frequency").points = points.collect();
    weeks
}

/// The same with the share of its deployments that failed in each week.
pub(crate) fn with_fail_rates(mut weeks: ServiceWeeks, shares: &[f64]) -> ServiceWeeks {
    let counts: Vec<u64> = series(&mut weeks, "deployment_frequency").points.iter().map(|point| point.n).collect();
    let points = shares.iter().zip(counts).enumerate();
    let points = points.map(|(week, (share, n))| point(week, Some((share * n as f64).round() / n as f64), n)).collect();
    series(&mut weeks, "change_fail_rate").points = points;
    weeks
}

fn series<'a>(weeks: &'a mut ServiceWeeks, metric: &str) -> &'a mut Series {
    let place = WEEKLY.iter().position(|weekly| weekly.id == metric).unwrap();
    &mut weeks.series[place]
}

fn point(week: usize, value: Option<f64>, n: u64) -> TrendPoint {
    let week_start = Time::from_seconds(week as i64 * 7 * 86_400);
    let week = format!("week {week}");
    TrendPoint { week, week_start, value, low: None, high: None, at_least: None, n, censored: 0 }
}

#[test]
fn pitfalls_are_sorted_and_documented() {
    assert!(PITFALLS.is_sorted_by(|a, b| a.id < b.id));
    for kind in PITFALLS {
        assert!(!registry::title(kind.docs).is_empty() && !registry::body(kind.docs).is_empty(), "{}", kind.id);
    }
}

#[test]
fn a_mean_of_unlike_services_is_seen_and_open_failures_are() {
    let rate = |value| measuring("s", "deployment_frequency", Some(value), 10);
    let unlike = [0.1, 0.1, 0.1, 0.2, 9.0].map(rate).to_vec();
    assert!(check(&averaged_services::AVERAGED_SERVICES, unlike, Vec::new()).is_some());
    let alike = [1.0, 1.1, 1.2, 0.9, 1.0].map(rate).to_vec();
    assert!(check(&averaged_services::AVERAGED_SERVICES, alike, Vec::new()).is_none());
    let open = |censored| {
        let mut service = measuring("s", "failed_deployment_recovery_time", None, 10);
        service.metrics.values_mut().for_each(|recovery| recovery.censored = censored);
        check(&open_incidents_dropped::OPEN_INCIDENTS_DROPPED, vec![service], Vec::new())
    };
    assert!(open(2).is_some() && open(1).is_none());
}

/// What an organisation that does well raises, once more incidents were written into its facts.
fn raised_with(incidents: impl Fn(&ServiceId, Time, usize) -> Incident) -> Vec<String> {
    let plan = Plan { weeks: 14, ..plan(6, Constraint::None) };
    let (_folder, mut workspace, truth) = filled(&plan);
    let start = plan.as_of.minus_days(80);
    let of_service = |service: &str| {
        let service = ServiceId::new(service);
        let at = |number: usize| start.plus(Span::from_millis(number as i64 * 2 * 86_400_000));
        (0..30).map(|number| incidents(&service, at(number), number)).collect::<Vec<_>>()
    };
    let incidents = truth.services.iter().flat_map(|planted| of_service(&planted.service)).collect();
    workspace.store.write(&Facts { incidents, ..Facts::default() }).unwrap();
    let found = assess(&mut workspace, &asked(&plan), &Silent).unwrap().pitfalls;
    found.into_iter().map(|found| found.pitfall).collect()
}

fn incident(service: &ServiceId, number: usize, started_at: Time, minutes: i64) -> Incident {
    Incident {
        source: SourceId::new("planted"),
        id: format!("{service}-{number}"),
        services: vec![service.clone()],
        severity: None,
        started_at,
        detected_at: None,
        detected_by_alert: None,
        acknowledged_at: None,
        resolved_at: Some(started_at.plus(Span::from_millis(minutes * 60_000))),
        caused_by: Some("nothing that was deployed".to_owned()),
        observed_at: started_at,
    }
}

#[test]
fn incidents_closed_before_they_were_over_are_found_and_others_are_not() {
    let hour = Span::from_millis(3_600_000);
    let again = |service: &ServiceId, at: Time, number: usize| {
        // Every second one begins an hour after the one before it ended.
        let at = if number % 2 == 1 { at.minus_days(2).plus(hour).plus(hour) } else { at };
        incident(service, number, at, 60)
    };
    assert!(raised_with(again).contains(&"early_closing".to_owned()));
    let apart = |service: &ServiceId, at: Time, number: usize| incident(service, number, at, 30 + number as i64 * 7);
    assert!(!raised_with(apart).contains(&"early_closing".to_owned()));
}

#[test]
fn half_a_year_of_doing_well_raises_no_pitfall_of_two_quarters() {
    for seed in 1..=8 {
        let plan = Plan { seed, weeks: 28, ..plan(12, Constraint::None) };
        let (_folder, mut workspace, _) = filled(&plan);
        let found = assess(&mut workspace, &asked(&plan), &Silent).unwrap().pitfalls;
        let of_quarters = ["mix_shift", "trade_offs_between_keys", "early_closing", "clock_started_at_merge"];
        let raised: Vec<_> = found.iter().filter(|found| of_quarters.contains(&found.pitfall.as_str())).collect();
        assert!(raised.is_empty(), "seed {seed}: {raised:?}");
    }
}
