//! What weekly series say: what is usual, what is not, and where they go.

use truelevel_model::trend::{
    BetweenEvents, ChartKind, SignalRule, SignalSide, Trend, TrendChart, TrendDirection, TrendPoint, TrendSignal,
    TrendVerdict,
};
use truelevel_model::{Time, Unit};

use crate::Metric;
use crate::organisation::middle;
use crate::statistics::{
    Chart, Point, Scale, Side, Signal, individuals_chart, mann_kendall, median, theil_sen, time_between_events_chart,
};
use crate::weekly::{Series, WEEKLY};

/// With fewer weeks the Mann–Kendall test is not good, and a direction is not worth a word.
const NEEDED_WEEKS: usize = 10;
/// With fewer events in a usual week, counts are charted as times between events: a chart of small counts cries wolf.
const RARE_PER_WEEK: f64 = 3.0;
/// The chance that any of an answer's trends is claimed where nothing moves.
const JOINT_ALPHA: f64 = 0.02;

/// The trend of a metric over one service or several. Of several, each week is the median over the services that have a
/// value in at least half of the weeks: were they others from week to week, the mix would move the number.
pub fn trend(metric: &Metric, services: &[&Series]) -> Trend {
    let (points, events, behind) = match services {
        [only] => (only.points.clone(), only.events.as_deref(), 1),
        _ => {
            let panel = panel(services);
            (medians(&panel), None, panel.len() as u64)
        }
    };
    let is_lower_bound = services.iter().any(|series| series.is_lower_bound);
    let is_thin = services.len() > 1 && metric.unit == Unit::Ratio && is_rare(services);
    let is_withheld = is_lower_bound || is_thin;
    let known = known(&points);
    let scale = if metric.unit == Unit::Seconds && known.iter().all(|(_, value)| *value > 0.0) {
        Scale::Logarithmic
    } else {
        Scale::Linear
    };
    let direction = if is_withheld { undecided(&known) } else { direction(metric, &points, &known, scale) };
    let chart = if is_withheld { None } else { chart(&points, &known, scale, events) };
    Trend {
        unit: metric.unit,
        higher_is_better: metric.higher_is_better,
        services: behind,
        chart,
        direction,
        note: note(services, &points, is_lower_bound, is_thin),
        points,
    }
}

/// Whether a usual service has so few of the events in a week that its weekly share is none, one in five or the like: the
/// middle of such shares jumps between a few values, and a chart of it tells of nothing else.
fn is_rare(services: &[&Series]) -> bool {
    let per_week = |series: &&Series| {
        let events = series.events.as_ref().map_or(0, Vec::len);
        (!series.points.is_empty()).then(|| events as f64 / series.points.len() as f64)
    };
    let usual = median(&services.iter().filter_map(per_week).collect::<Vec<_>>());
    usual.is_none_or(|events| events < RARE_PER_WEEK)
}

fn note(services: &[&Series], points: &[TrendPoint], is_lower_bound: bool, is_thin: bool) -> Option<String> {
    let open = points.iter().filter(|point| point.value.is_none() && point.at_least.is_some()).count();
    let notes = [
        is_lower_bound.then(|| "only a lower bound is known, and its course says nothing of the truth".to_owned()),
        is_thin.then(|| {
            "too few of them in a week of a usual service for a course; look at a service, or compare quarters"
                .to_owned()
        }),
        (open > 0).then(|| format!("weeks in which too much was still open for a value: {open}")),
        services.iter().any(|series| series.is_proxy).then(|| "release tags stand in for deployments".to_owned()),
    ];
    let notes: Vec<String> = notes.into_iter().flatten().collect();
    (!notes.is_empty()).then(|| notes.join("; "))
}

/// The services that have something in at least half of the weeks.
fn panel<'a>(services: &[&'a Series]) -> Vec<&'a Series> {
    let weeks = services.iter().map(|series| series.points.len()).max().unwrap_or(0);
    let has = |point: &&TrendPoint| point.value.or(point.at_least).is_some();
    services.iter().filter(|series| series.points.iter().filter(has).count() * 2 >= weeks.max(1)).copied().collect()
}

fn medians(panel: &[&Series]) -> Vec<TrendPoint> {
    let Some(longest) = panel.iter().max_by_key(|series| series.points.len()) else { return Vec::new() };
    let of_week = |(place, week): (usize, &TrendPoint)| {
        // All series end with the same week.
        let from_end = longest.points.len() - place;
        let points: Vec<&TrendPoint> =
            panel.iter().filter_map(|series| series.points.get(series.points.len().checked_sub(from_end)?)).collect();
        let values: Vec<f64> = points.iter().filter_map(|point| point.value).collect();
        let open: Vec<f64> =
            points.iter().filter(|point| point.value.is_none()).filter_map(|point| point.at_least).collect();
        let middle = middle(&values, &open);
        TrendPoint {
            value: middle.value,
            low: middle.low,
            high: middle.high,
            at_least: middle.at_least,
            n: values.len() as u64,
            censored: points.iter().map(|point| point.censored).sum(),
            ..week.clone()
        }
    };
    longest.points.iter().enumerate().map(of_week).collect()
}

/// The values with their places among the weeks.
fn known(points: &[TrendPoint]) -> Vec<(usize, f64)> {
    points.iter().enumerate().filter_map(|(place, point)| Some((place, point.value?))).collect()
}

fn undecided(known: &[(usize, f64)]) -> TrendDirection {
    TrendDirection {
        verdict: TrendVerdict::TooLittleData,
        weeks: known.len() as u64,
        is_factor: false,
        slope: None,
        slope_low: None,
        slope_high: None,
        from: None,
        to: None,
        p: None,
    }
}

fn direction(metric: &Metric, points: &[TrendPoint], known: &[(usize, f64)], scale: Scale) -> TrendDirection {
    let is_factor = scale == Scale::Logarithmic;
    let onto = |value: f64| if is_factor { value.ln() } else { value };
    let back = |value: f64| if is_factor { value.exp() } else { value };
    let fitted: Vec<Point> =
        known.iter().map(|(place, value)| Point { at: *place as f64, value: onto(*value) }).collect();
    let nothing = undecided(known);
    let (true, Some(line)) = (known.len() >= NEEDED_WEEKS, theil_sen(&fitted)) else { return nothing };
    let test = mann_kendall(&fitted.iter().map(|point| point.value).collect::<Vec<_>>());
    // An answer tells the trends of all weekly metrics, so each may err the less (Bonferroni).
    let alpha = JOINT_ALPHA / WEEKLY.len() as f64;
    let moves = line.excludes_none() && test.is_some_and(|test| test.p < alpha);
    // Weeks of which only "more than" is known are missing here: they can hide that a duration did not fall.
    let has_open = points.iter().any(|point| point.value.is_none() && point.at_least.is_some());
    let verdict = match moves {
        true if line.slope > 0.0 => TrendVerdict::Rising,
        true if !(has_open && metric.unit == Unit::Seconds) => TrendVerdict::Falling,
        _ => TrendVerdict::NoChangeShown,
    };
    let at = |place: Option<&(usize, f64)>| place.map(|(place, _)| back(line.intercept + line.slope * *place as f64));
    TrendDirection {
        verdict,
        is_factor,
        slope: Some(back(line.slope)),
        slope_low: line.interval.map(|interval| back(interval.low)),
        slope_high: line.interval.map(|interval| back(interval.high)),
        from: at(known.first()),
        to: at(known.last()),
        p: test.map(|test| test.p),
        ..nothing
    }
}

fn chart(points: &[TrendPoint], known: &[(usize, f64)], scale: Scale, events: Option<&[Time]>) -> Option<TrendChart> {
    if let Some(events) = events
        && (events.len() as f64) < RARE_PER_WEEK * points.len() as f64
    {
        return chart_between(events);
    }
    let values: Vec<f64> = known.iter().map(|(_, value)| *value).collect();
    let times: Vec<Time> = known.iter().map(|(place, _)| points[*place].week_start).collect();
    let kind = match scale {
        Scale::Linear => ChartKind::WeeklyValues,
        Scale::Logarithmic => ChartKind::WeeklyLogarithms,
    };
    Some(drawn(kind, individuals_chart(&values, scale).ok()?, &times, Vec::new()))
}

fn chart_between(events: &[Time]) -> Option<TrendChart> {
    let between: Vec<BetweenEvents> =
        events.windows(2).map(|pair| BetweenEvents { at: pair[1], days: pair[1].since(pair[0]).days() }).collect();
    let chart = time_between_events_chart(&between.iter().map(|event| event.days).collect::<Vec<_>>()).ok()?;
    let times: Vec<Time> = between.iter().map(|event| event.at).collect();
    Some(drawn(ChartKind::DaysBetweenEvents, chart, &times, between))
}

fn drawn(kind: ChartKind, chart: Chart, times: &[Time], between: Vec<BetweenEvents>) -> TrendChart {
    let signal = |signal: &Signal| {
        let (rule, side, first, last) = match *signal {
            Signal::Beyond { index, side } => (SignalRule::BeyondLimit, side, index, index),
            Signal::Run { first, last, side } => (SignalRule::RunOfEight, side, first, last),
        };
        let side = match side {
            Side::Above => SignalSide::Above,
            Side::Below => SignalSide::Below,
        };
        TrendSignal { rule, side, first: times[first], last: times[last] }
    };
    TrendChart {
        kind,
        centre: chart.centre,
        // Nothing that is counted or lasts can lie below zero.
        lower: chart.lower.filter(|lower| *lower > 0.0),
        upper: chart.upper,
        signals: chart.signals.iter().map(signal).collect(),
        between,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::change_fail_rate::CHANGE_FAIL_RATE;
    use crate::metrics::change_lead_time::CHANGE_LEAD_TIME;
    use crate::metrics::deployment_frequency::DEPLOYMENT_FREQUENCY;

    fn week(number: usize, value: Option<f64>) -> TrendPoint {
        TrendPoint {
            week: format!("2026-W{:02}", number + 1),
            week_start: Time::from_seconds(604_800 * number as i64),
            value,
            low: None,
            high: None,
            at_least: None,
            n: 1,
            censored: 0,
        }
    }

    fn series(values: &[f64]) -> Series {
        let points = values.iter().enumerate().map(|(number, value)| week(number, Some(*value))).collect();
        Series { points, ..Series::default() }
    }

    /// Falls from 40 to about 20 hours, with noise of a few hours.
    fn falling() -> Vec<f64> {
        (0..20).map(|week| 3600.0 * (40.0 - f64::from(week) + f64::from(week * 7 % 5))).collect()
    }

    #[test]
    fn a_duration_that_falls_is_said_with_its_factor_and_its_ends() {
        let trend = trend(&CHANGE_LEAD_TIME, &[&series(&falling())]);
        assert_eq!((trend.direction.verdict, trend.is_improvement()), (TrendVerdict::Falling, Some(true)));
        let direction = &trend.direction;
        assert!(direction.is_factor && direction.weeks == 20 && direction.p.unwrap() < 0.001);
        let (low, slope, high) =
            (direction.slope_low.unwrap(), direction.slope.unwrap(), direction.slope_high.unwrap());
        assert!(low < slope && slope < high && high < 1.0 && slope > 0.95, "{direction:?}");
        assert!((38.0..44.0).contains(&(direction.from.unwrap() / 3600.0)), "{direction:?}");
        assert!((20.0..26.0).contains(&(direction.to.unwrap() / 3600.0)), "{direction:?}");
        assert_eq!(trend.chart.unwrap().kind, ChartKind::WeeklyLogarithms);
    }

    #[test]
    fn noise_is_no_change_and_a_few_weeks_are_too_little() {
        let noise: Vec<f64> = (0..20).map(|week| 3600.0 * (30.0 + f64::from(week * 7 % 11))).collect();
        assert_eq!(trend(&CHANGE_LEAD_TIME, &[&series(&noise)]).direction.verdict, TrendVerdict::NoChangeShown);
        let few = trend(&CHANGE_LEAD_TIME, &[&series(&falling()[..9])]);
        assert_eq!((few.direction.verdict, few.direction.slope), (TrendVerdict::TooLittleData, None));
        assert_eq!(trend(&CHANGE_LEAD_TIME, &[]).direction.verdict, TrendVerdict::TooLittleData);
    }

    #[test]
    fn a_fall_is_not_claimed_while_weeks_are_only_known_to_be_long() {
        let mut frozen = series(&falling());
        frozen.points[19] = TrendPoint { at_least: Some(2e6), ..week(19, None) };
        let trend = trend(&CHANGE_LEAD_TIME, &[&frozen]);
        assert_eq!(trend.direction.verdict, TrendVerdict::NoChangeShown);
        assert!(trend.note.unwrap().contains("for a value: 1"));
    }

    #[test]
    fn a_lower_bound_has_no_course() {
        let rates = Series { is_lower_bound: true, ..series(&falling()) };
        let trend = trend(&CHANGE_FAIL_RATE, &[&rates]);
        assert_eq!((trend.direction.verdict, trend.chart), (TrendVerdict::TooLittleData, None));
    }

    #[test]
    fn rare_events_are_charted_by_the_time_between_them() {
        let day = |day: i64| Time::from_seconds(day * 86_400);
        let mut days: Vec<i64> = (0..14).map(|number| number * 5 + number % 2).collect();
        days.push(140);
        let rare = Series { events: Some(days.iter().map(|at| day(*at)).collect()), ..series(&[0.2; 20]) };
        let chart = trend(&DEPLOYMENT_FREQUENCY, &[&rare]).chart.unwrap();
        assert_eq!((chart.kind, chart.between.len()), (ChartKind::DaysBetweenEvents, 14));
        let beyond =
            TrendSignal { rule: SignalRule::BeyondLimit, side: SignalSide::Above, first: day(140), last: day(140) };
        assert!(chart.signals.contains(&beyond), "{chart:?}");
        let often = Series { events: Some(vec![day(1); 60]), ..series(&[0.2; 20]) };
        assert_eq!(trend(&DEPLOYMENT_FREQUENCY, &[&often]).chart.unwrap().kind, ChartKind::WeeklyValues);
    }

    #[test]
    fn the_middle_of_shares_of_a_few_deployments_has_no_course() {
        let failing = |weeks: &[i64]| {
            let events = weeks.iter().map(|week| Time::from_seconds(week * 604_800)).collect();
            let shares: Vec<f64> = (0..20).map(|week| if weeks.contains(&week) { 0.2 } else { 0.0 }).collect();
            Series { events: Some(events), ..series(&shares) }
        };
        let rare: Vec<Series> = (0..8).map(|first| failing(&[first, first + 8])).collect();
        let trend = trend(&CHANGE_FAIL_RATE, &rare.iter().collect::<Vec<_>>());
        assert_eq!((trend.chart, trend.direction.verdict), (None, TrendVerdict::TooLittleData));
        assert!(trend.note.unwrap().contains("too few of them"));
        assert_eq!(trend.points.len(), 20, "the weeks themselves are there");
    }

    #[test]
    fn services_that_come_and_go_do_not_move_the_number() {
        let steady = series(&[10.0; 20]);
        let mut guest = series(&[1000.0; 20]);
        for point in guest.points.iter_mut().take(15) {
            point.value = None;
        }
        let trend = trend(&CHANGE_LEAD_TIME, &[&steady, &steady.clone(), &guest]);
        assert_eq!(trend.services, 2);
        assert!(trend.points.iter().all(|point| point.value == Some(10.0)));
        assert_eq!(trend.direction.verdict, TrendVerdict::NoChangeShown);
    }
}
