//! A value over time, with the interval and sample of each point and the natural limits of its noise.

use truelevel_model::Unit;

use super::Chart;
use super::key::{Key, Mark};
use super::scale::Scale;
use super::svg::{Anchor, Svg, runs, through};
use crate::numbers;
use crate::table::{Cell, Table};

const TOP: f64 = 14.0;
/// Samples and dates stand below the plot.
const FOOT: f64 = 40.0;

/// What depends on how much room there is.
struct Form {
    height: f64,
    foot: f64,
    /// Where the plot begins, in percent of the width: values stand before it.
    left: f64,
    labels: usize,
    /// Labels of values are at least so many pixels apart.
    apart: f64,
}

const LARGE: Form = Form { height: 190.0, foot: FOOT, left: 12.0, labels: 7, apart: 24.0 };
const SMALL: Form = Form { height: 92.0, foot: 24.0, left: 20.0, labels: 3, apart: 34.0 };
/// Where the plot ends, in percent of the width.
const RIGHT: f64 = 97.0;

/// One period.
#[derive(Clone, Debug)]
pub struct TrendPoint {
    /// When it began.
    pub label: String,
    /// The value; absent when the period has too little.
    pub value: Option<f64>,
    /// The 95 % interval, where there is one.
    pub interval: Option<(f64, f64)>,
    /// The sample.
    pub n: u64,
    /// Outside what noise explains.
    pub is_signal: bool,
}

/// Centre and natural process limits of an XmR chart (Wheeler).
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The centre line.
    pub centre: f64,
    /// The lower natural process limit.
    pub lower: f64,
    /// The upper natural process limit.
    pub upper: f64,
}

/// What is drawn.
#[derive(Clone, Debug)]
pub struct Trend<'a> {
    /// What went.
    pub title: &'a str,
    /// What the values count.
    pub unit: Unit,
    /// The periods, oldest first.
    pub points: &'a [TrendPoint],
    /// What a sample counts, as a plural.
    pub sample: &'a str,
    /// The limits, where there are enough points for them.
    pub limits: Option<Limits>,
    /// What there is to say of the course; it goes on after `;`.
    pub says: &'a str,
    /// One of several side by side.
    pub is_small: bool,
}

/// The chart; `None` when no period has a value.
pub fn trend(trend: &Trend<'_>) -> Option<Chart> {
    let known: Vec<f64> = trend.points.iter().filter_map(|point| point.value).collect();
    if known.is_empty() {
        return None;
    }
    let form = if trend.is_small { SMALL } else { LARGE };
    let scale = scale(trend, &known);
    let plot = |value: f64| form.height * (1.0 - scale.share(value));
    let y = |value: f64| TOP + plot(value);
    let x = |at: usize| match trend.points.len() {
        1 => f64::midpoint(form.left, RIGHT),
        several => form.left + (RIGHT - form.left) * at as f64 / (several - 1) as f64,
    };
    let mut svg = Svg::default();
    if let Some(limits) = &trend.limits {
        let (left, top) = (form.left - 2.0, y(limits.upper));
        svg.rect("c-limits", (left, top), (100.0 - left, y(limits.lower) - top), "");
        svg.line("c-centre", (left, y(limits.centre)), (100.0, y(limits.centre)));
    }
    let rows = scale.rows();
    for (value, _) in &rows {
        svg.line("c-grid", (0.0, y(*value)), (100.0, y(*value)));
    }
    let whiskers = trend.points.iter().enumerate().filter_map(|(at, point)| {
        let (low, high) = point.interval.filter(|_| point.value.is_some())?;
        Some(through(&[(x(at), plot(low)), (x(at), plot(high))]))
    });
    let line = runs(trend.points.iter().enumerate().map(|(at, point)| (x(at), point.value.map(plot))));
    svg.paths(TOP, form.height, &[("c-whisker", whiskers.collect()), ("c-line", line)]);
    let every = trend.points.len().div_ceil(form.labels).max(1);
    for (at, point) in trend.points.iter().enumerate() {
        draw_point(&mut svg, trend, point, (x(at), y));
        let before_last = trend.points.len() - 1 - at;
        if before_last.is_multiple_of(every) {
            // On a narrow page every second one has room.
            let wide = if trend.is_small || before_last.is_multiple_of(2 * every) { "" } else { " wide" };
            let anchor = Anchor::inside(x(at));
            svg.text(&format!("c-label{wide}"), (x(at), TOP + form.height + 18.0), anchor, &point.label);
            if !trend.is_small {
                let n = format!("n {}", point.n);
                svg.text(&format!("c-sample{wide}"), (x(at), TOP + form.height + 33.0), anchor, &n);
            }
        }
    }
    // Above the lines, which may run below them on a narrow page.
    let mut label_above = f64::INFINITY;
    for (value, label) in rows {
        if label_above - y(value) >= form.apart {
            svg.text("c-label c-over", (0.0, y(value) - 4.0), Anchor::Start, &label);
            label_above = y(value);
        }
    }
    Some(Chart {
        title: trend.title.to_owned(),
        finding: finding(trend),
        table: table(trend),
        key: if trend.is_small { Vec::new() } else { key(trend) },
        height: TOP + form.height + form.foot,
        body: svg.finish(),
    })
}

/// Rates of weeks are whole numbers, none among them, so their axis begins at none.
fn scale(trend: &Trend<'_>, known: &[f64]) -> Scale {
    let ends = trend.points.iter().filter_map(|point| point.interval).flat_map(|(low, high)| [low, high]);
    let limits = trend.limits.iter().flat_map(|limits| [limits.centre, limits.lower, limits.upper]);
    let held = known.iter().copied().chain(ends).chain(limits);
    match trend.unit {
        Unit::PerDay => Scale::from_zero(trend.unit, held.fold(0.0, f64::max) * 1.05),
        unit => Scale::holding(unit, held, false),
    }
}

fn draw_point(svg: &mut Svg, trend: &Trend<'_>, point: &TrendPoint, (x, y): (f64, impl Fn(f64) -> f64)) {
    let Some(value) = point.value else { return };
    let shown = |value: f64| numbers::value(trend.unit, value);
    let range =
        point.interval.map_or_else(String::new, |(low, high)| format!(", 95 %: {} to {}", shown(low), shown(high)));
    let tip = format!("Week from {}: {}{range}; {} {}", point.label, shown(value), point.n, trend.sample);
    if point.is_signal {
        svg.mark("c-signal", (x, y(value)), "M0 -7L7 0L0 7L-7 0Z", &format!("{tip}; more than noise"));
    } else {
        svg.dot("c-value-small", (x, y(value)), if trend.is_small { 3.0 } else { 4.0 }, &tip);
    }
}

fn key(trend: &Trend<'_>) -> Vec<Key> {
    let interval = trend.points.iter().any(|point| point.interval.is_some());
    let interval = interval.then(|| Key::new(Mark::Upright, "c-whisker", "95 % interval"));
    let limits = trend.limits.map(|_| {
        [
            Key::new(Mark::Line, "c-centre", "the usual"),
            Key::new(Mark::Area, "c-limits", "in this band noise explains everything"),
        ]
    });
    let signal = trend.points.iter().any(|point| point.is_signal);
    let signal = signal.then(|| Key::new(Mark::Diamond, "c-signal", "more than noise"));
    interval.into_iter().chain(limits.into_iter().flatten()).chain(signal).collect()
}

fn finding(trend: &Trend<'_>) -> String {
    let known: Vec<_> = trend.points.iter().filter_map(|point| Some((point.label.as_str(), point.value?))).collect();
    let shown = |value: f64| numbers::value(trend.unit, value);
    let range = match (known.first(), known.last()) {
        (Some((first, a)), Some((last, b))) if first != last => {
            format!("{} in the week from {first}, {} from {last}", shown(*a), shown(*b))
        }
        (Some((label, value)), _) => format!("{} in the week from {label}", shown(*value)),
        _ => String::new(),
    };
    let signals = signals(trend.points);
    let unusual = if signals.is_empty() { String::new() } else { format!("; more than noise: {}", signals.join(", ")) };
    let says = if trend.says.is_empty() { String::new() } else { format!("; {}", trend.says) };
    format!("{range}{unusual}{says}.")
}

/// The periods that noise does not explain; those in a row are one.
fn signals(points: &[TrendPoint]) -> Vec<String> {
    let known: Vec<&TrendPoint> = points.iter().filter(|point| point.value.is_some()).collect();
    let runs = known.chunk_by(|a, b| a.is_signal == b.is_signal).filter(|run| run[0].is_signal);
    runs.map(|run| match run {
        [only] => only.label.clone(),
        run => format!("{} to {}", run[0].label, run[run.len() - 1].label),
    })
    .collect()
}

fn table(trend: &Trend<'_>) -> Table {
    let mut table = Table::new(["week from", "value", "95 % low", "95 % high", trend.sample, "more than noise"]);
    let shown = |value: Option<f64>| Cell::known(trend.unit, value, "none");
    for point in trend.points {
        table.push([
            point.label.as_str().into(),
            shown(point.value),
            shown(point.interval.map(|(low, _)| low)),
            shown(point.interval.map(|(_, high)| high)),
            point.n.to_string().into(),
            if point.is_signal { "yes" } else { "no" }.into(),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_have_a_shape_of_their_own_and_gaps_stay_gaps() {
        let point = |label: &str, value: Option<f64>, is_signal| TrendPoint {
            label: label.to_owned(),
            value,
            interval: value.map(|value| (value * 0.6, value * 1.5)),
            n: 12,
            is_signal,
        };
        let points = [
            point("1 Jun", Some(7200.0), false),
            point("8 Jun", None, false),
            point("15 Jun", Some(80_000.0), true),
            point("22 Jun", Some(90_000.0), true),
        ];
        let limits = Some(Limits { centre: 7200.0, lower: 3600.0, upper: 14_400.0 });
        let drawn = |points, limits, is_small| {
            let (title, sample, says) = ("Lead time", "changes", "no direction is shown");
            trend(&Trend { title, unit: Unit::Seconds, points, sample, limits, says, is_small })
        };
        let chart = drawn(&points, limits, false).unwrap();
        super::super::testing::check(&chart);
        assert_eq!(
            chart.finding,
            "2 h in the week from 1 Jun, 25 h from 22 Jun; more than noise: 15 Jun to 22 Jun; no direction is shown."
        );
        assert_eq!(chart.svg().matches("c-signal").count(), 2);
        assert_eq!(chart.table.rows[1][1], "none");
        let small = drawn(&points, None, true).unwrap();
        super::super::testing::check(&small);
        assert!(small.height < chart.height && !small.svg().contains("c-limits"));
        assert!(drawn(&points[1..2], None, false).is_none());
    }
}
