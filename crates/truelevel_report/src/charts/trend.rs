//! A value over time, with the interval and sample of each point and the natural limits of its noise.

use truelevel_model::Unit;

use super::Chart;
use super::scale::Scale;
use super::svg::{Anchor, Svg, through};
use crate::numbers;
use crate::table::Table;

const TOP: f64 = 14.0;
const HEIGHT: f64 = 190.0;
/// Samples and dates stand below the plot.
const FOOT: f64 = 40.0;
/// How many points are labelled at most.
const MOST_LABELS: usize = 7;

/// One period.
#[derive(Clone, Debug)]
pub struct TrendPoint {
    /// When: a date or a week.
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
    /// The metric's name.
    pub title: &'a str,
    /// What the values count.
    pub unit: Unit,
    /// The periods, oldest first.
    pub points: &'a [TrendPoint],
    /// The limits, where there are enough points for them.
    pub limits: Option<Limits>,
    /// What else happened: the index of the period, and what (a change of definition, an initiative).
    pub notes: &'a [(usize, String)],
}

/// The chart; `None` when no period has a value.
pub fn trend(trend: &Trend<'_>) -> Option<Chart> {
    let known: Vec<f64> = trend.points.iter().filter_map(|point| point.value).collect();
    if known.is_empty() {
        return None;
    }
    let ends = trend.points.iter().filter_map(|point| point.interval).flat_map(|(low, high)| [low, high]);
    let limits = trend.limits.iter().flat_map(|limits| [limits.centre, limits.lower, limits.upper]);
    let scale = Scale::holding(trend.unit, known.iter().copied().chain(ends).chain(limits), false);
    let y = |value: f64| TOP + HEIGHT * (1.0 - scale.share(value));
    let x = |at: usize| match trend.points.len() {
        1 => 54.0,
        several => 12.0 + 84.0 * at as f64 / (several - 1) as f64,
    };
    let mut svg = Svg::default();
    for (value, label) in scale.ticks() {
        svg.line("c-grid", (0.0, y(value)), (100.0, y(value)));
        svg.text("c-label", (0.0, y(value) - 4.0), Anchor::Start, &label);
    }
    if let Some(limits) = &trend.limits {
        let top = y(limits.upper);
        svg.rect("c-limits", (8.0, top), (92.0, y(limits.lower) - top), "");
        svg.line("c-centre", (8.0, y(limits.centre)), (100.0, y(limits.centre)));
        svg.text("c-label c-over", (100.0, top - 4.0), Anchor::End, "limits of noise");
    }
    for (at, note) in trend.notes {
        svg.line("c-note", (x(*at), TOP), (x(*at), TOP + HEIGHT));
        svg.text("c-label c-over", (x(*at), TOP - 3.0), Anchor::inside(x(*at)), note);
    }
    draw_line(&mut svg, trend.points, x, |value| y(value) - TOP);
    let every = trend.points.len().div_ceil(MOST_LABELS).max(1);
    for (at, point) in trend.points.iter().enumerate() {
        draw_point(&mut svg, trend.unit, point, x(at), y);
        if (trend.points.len() - 1 - at).is_multiple_of(every) {
            svg.text("c-label", (x(at), TOP + HEIGHT + 18.0), Anchor::inside(x(at)), &point.label);
            svg.text("c-sample", (x(at), TOP + HEIGHT + 33.0), Anchor::inside(x(at)), &format!("n {}", point.n));
        }
    }
    Some(Chart {
        title: format!("{} over time", trend.title),
        finding: finding(trend),
        table: table(trend),
        height: TOP + HEIGHT + FOOT,
        body: svg.finish(),
    })
}

/// The line, broken where a period has no value; `y` is measured from the plot's top.
fn draw_line(svg: &mut Svg, points: &[TrendPoint], x: impl Fn(usize) -> f64, y: impl Fn(f64) -> f64) {
    let mut path = String::new();
    let mut run: Vec<(f64, f64)> = Vec::new();
    for (at, point) in points.iter().enumerate() {
        match point.value {
            Some(value) => run.push((x(at), y(value))),
            None => path += &through(&std::mem::take(&mut run)),
        }
    }
    path += &through(&run);
    svg.paths(TOP, HEIGHT, &[("c-line", path)]);
}

fn draw_point(svg: &mut Svg, unit: Unit, point: &TrendPoint, x: f64, y: impl Fn(f64) -> f64) {
    let Some(value) = point.value else { return };
    if let Some((low, high)) = point.interval {
        svg.line("c-whisker", (x, y(low)), (x, y(high)));
    }
    let range = point.interval.map_or_else(String::new, |(low, high)| {
        format!(", 95 %: {} to {}", numbers::value(unit, low), numbers::value(unit, high))
    });
    let tip = format!("{}: {}{range}; n {}", point.label, numbers::value(unit, value), point.n);
    if point.is_signal {
        svg.mark("c-signal", (x, y(value)), "M0 -7L7 0L0 7L-7 0Z", &format!("{tip}; more than noise"));
    } else {
        svg.dot("c-value-small", (x, y(value)), 4.0, &tip);
    }
}

fn finding(trend: &Trend<'_>) -> String {
    let known: Vec<_> = trend.points.iter().filter_map(|point| Some((point.label.as_str(), point.value?))).collect();
    let signals: Vec<&str> =
        trend.points.iter().filter(|point| point.is_signal).map(|point| point.label.as_str()).collect();
    let range = match (known.first(), known.last()) {
        (Some((first, a)), Some((last, b))) if first != last => {
            format!("{} in {first}, {} in {last}", numbers::value(trend.unit, *a), numbers::value(trend.unit, *b))
        }
        (Some((label, value)), _) => format!("{} in {label}", numbers::value(trend.unit, *value)),
        _ => String::new(),
    };
    match (&trend.limits, signals.as_slice()) {
        (None, _) => format!("{range}; too few periods to tell a change from noise."),
        (Some(_), []) => format!("{range}; nothing outside what noise explains."),
        (Some(_), signals) => format!("{range}; more than noise in {}.", signals.join(", ")),
    }
}

fn table(trend: &Trend<'_>) -> Table {
    let mut table = Table::new(["period", "value", "95 % low", "95 % high", "n", "more than noise"]);
    let shown = |value: Option<f64>| value.map_or_else(|| "none".to_owned(), |v| numbers::value(trend.unit, v));
    for point in trend.points {
        table.push([
            point.label.clone(),
            shown(point.value),
            shown(point.interval.map(|(low, _)| low)),
            shown(point.interval.map(|(_, high)| high)),
            point.n.to_string(),
            if point.is_signal { "yes" } else { "no" }.to_owned(),
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
            point("15 Jun", Some(7000.0), false),
            point("22 Jun", Some(90_000.0), true),
        ];
        let limits = Some(Limits { centre: 7200.0, lower: 3600.0, upper: 14_400.0 });
        let notes = [(2, "definition 2".to_owned())];
        let drawn =
            |points, limits| trend(&Trend { title: "Lead time", unit: Unit::Seconds, points, limits, notes: &notes });
        let chart = drawn(&points, limits).unwrap();
        super::super::testing::check(&chart);
        assert_eq!(chart.finding, "2 h in 1 Jun, 25 h in 22 Jun; more than noise in 22 Jun.");
        assert_eq!(chart.svg().matches("c-signal").count(), 1);
        assert_eq!(chart.table.rows[1][1], "none");
        assert!(drawn(&points, None).unwrap().finding.ends_with("too few periods to tell a change from noise."));
        assert!(drawn(&points[1..2], None).is_none());
    }
}
