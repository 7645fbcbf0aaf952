//! One value with its interval, against the edges of the bands.

use truelevel_model::{Band, BandRule, Measurement, Unit};

use super::Chart;
use super::scale::Scale;
use super::svg::{Anchor, Svg};
use crate::numbers;
use crate::table::{Cell, Table};

const TRACK_TOP: f64 = 20.0;
const TRACK_HEIGHT: f64 = 30.0;
const MIDDLE: f64 = TRACK_TOP + TRACK_HEIGHT / 2.0;
/// A band narrower than this, in percent of the width, is not named.
const NAMED_WIDTH: f64 = 9.0;

/// What is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Quantity<'a> {
    /// The metric's name.
    pub title: &'a str,
    /// Value, interval, unit and sample.
    pub measurement: &'a Measurement,
    /// The bands, where the edition bands the metric.
    pub rule: Option<&'a BandRule>,
    /// Less is better; better is to the right.
    pub lower_is_better: bool,
    /// The values of the services that the value sums up; empty for a single service.
    pub services: &'a [f64],
    /// An axis that is drawn once for several values, with the id of its picture; absent where the value has its own.
    pub axis: Option<(&'a str, Scale)>,
}

/// An axis that holds values and the edges of the bands. Better is to the right.
pub fn quantity_scale(
    rule: Option<&BandRule>,
    unit: Unit,
    lower_is_better: bool,
    held: impl Iterator<Item = f64>,
) -> Scale {
    let edges: Vec<f64> = rule.map_or_else(Vec::new, |rule| rule.edges().map(|(_, edge)| edge.value).collect());
    Scale::holding(unit, held.chain(edges.into_iter().flat_map(|edge| beyond(unit, edge))), lower_is_better)
}

/// What of a measurement an axis must hold.
pub fn held(measured: &Measurement) -> impl Iterator<Item = f64> {
    [measured.value, measured.low, measured.high, measured.at_least].into_iter().flatten()
}

/// The inside of a picture with bands and ticks alone.
pub fn quantity_axis(scale: &Scale, rule: Option<&BandRule>) -> String {
    let mut svg = Svg::default();
    track(&mut svg, scale, rule);
    ticks(&mut svg, scale, rule);
    svg.finish().marks
}

/// The chart; `None` when there is nothing to draw. Better is to the right, wherever the metric says what better is.
pub fn quantity(quantity: &Quantity<'_>) -> Option<Chart> {
    let measured = quantity.measurement;
    let known = measured.value.or(measured.at_least);
    if known.is_none() && quantity.services.is_empty() {
        return None;
    }
    let mut svg = Svg::default();
    let scale = match quantity.axis {
        Some((id, scale)) => {
            svg.reuse(id);
            scale
        }
        None => {
            let all = held(measured).chain(quantity.services.iter().copied());
            let scale = quantity_scale(quantity.rule, measured.unit, quantity.lower_is_better, all);
            track(&mut svg, &scale, quantity.rule);
            scale
        }
    };
    for value in quantity.services {
        let tip = numbers::value(measured.unit, *value);
        svg.rect("c-rug", (scale.x(*value), MIDDLE - 10.0), (0.18, 20.0), &tip);
    }
    interval(&mut svg, &scale, measured);
    if quantity.axis.is_none() {
        ticks(&mut svg, &scale, quantity.rule);
    }
    Some(Chart {
        title: quantity.title.to_owned(),
        finding: finding(quantity),
        table: table(quantity),
        key: Vec::new(),
        height: TRACK_TOP + TRACK_HEIGHT + 22.0,
        body: svg.finish(),
    })
}

/// Room beyond a band edge on both sides, so that the outer bands show.
fn beyond(unit: Unit, edge: f64) -> [f64; 2] {
    match unit {
        Unit::Seconds | Unit::PerDay => [edge / 3.0, edge * 3.0],
        Unit::Ratio | Unit::Count => [edge, edge * 1.3],
    }
}

fn track(svg: &mut Svg, scale: &Scale, rule: Option<&BandRule>) {
    let (left, right) = scale.ends();
    let Some(rule) = rule else {
        svg.rect("c-track", (left, TRACK_TOP), (right - left, TRACK_HEIGHT), "");
        return;
    };
    let elite = rule.elite.map_or(right, |edge| scale.x(edge.value));
    let places = [left, scale.x(rule.medium.value), scale.x(rule.high.value), elite, right];
    for (band, ends) in Band::ALL.into_iter().zip(places.windows(2)) {
        let width = ends[1] - ends[0];
        // Where levels share a published answer, only the best of them takes values.
        if width <= 0.15 {
            continue;
        }
        svg.rect(&format!("band-{}", band.as_str()), (ends[0], TRACK_TOP), (width - 0.15, TRACK_HEIGHT), "");
        if width >= NAMED_WIDTH {
            svg.text("c-band", (f64::midpoint(ends[0], ends[1]), 13.0), Anchor::Middle, band.as_str());
        }
    }
}

fn ticks(svg: &mut Svg, scale: &Scale, rule: Option<&BandRule>) {
    let edges: Vec<f64> = rule.map_or_else(Vec::new, |rule| rule.edges().map(|(_, edge)| edge.value).collect());
    for (value, label) in scale.ticks_with(&edges) {
        let x = scale.x(value);
        svg.line("c-tick", (x, TRACK_TOP + TRACK_HEIGHT), (x, TRACK_TOP + TRACK_HEIGHT + 4.0));
        svg.text("c-label", (x, TRACK_TOP + TRACK_HEIGHT + 18.0), Anchor::inside(x), &label);
    }
}

fn interval(svg: &mut Svg, scale: &Scale, measured: &Measurement) {
    let worst = scale.x(if scale.share(0.0) > 0.5 { f64::MAX } else { 0.0 });
    let tip = numbers::interval(measured).map_or_else(String::new, |interval| format!("95 %: {interval}"));
    let bar = |svg: &mut Svg, from: f64, to: f64| {
        let (from, to) = (from.min(to), from.max(to));
        svg.rect("c-interval", (from, MIDDLE - 3.0), ((to - from).max(0.3), 6.0), &tip);
    };
    match (measured.value, measured.at_least) {
        (Some(value), _) => {
            let x = scale.x(value);
            if measured.is_lower_bound {
                let to = scale.x(f64::MAX);
                bar(svg, x, to);
                svg.dot("c-value-open", (x, MIDDLE), 7.0, &numbers::headline(measured));
                return;
            }
            if let Some(low) = measured.low {
                bar(svg, scale.x(low), measured.high.map_or(worst, |high| scale.x(high)));
            }
            svg.dot("c-value", (x, MIDDLE), 7.0, &numbers::headline(measured));
        }
        (None, Some(least)) => {
            bar(svg, scale.x(least), scale.x(f64::MAX));
            svg.dot("c-value-open", (scale.x(least), MIDDLE), 7.0, &numbers::headline(measured));
        }
        (None, None) => {}
    }
}

fn finding(quantity: &Quantity<'_>) -> String {
    let measured = quantity.measurement;
    let mut finding = numbers::headline(measured);
    if let Some(interval) = numbers::interval(measured) {
        finding += &format!(", 95 % interval {interval}");
    }
    finding += &match (measured.band_low, measured.band_high) {
        (Some(low), Some(high)) if low == high => format!(", in band {} of {}", low.as_str(), measured.edition),
        (Some(low), Some(high)) => {
            format!(", between bands {} and {} of {}", low.as_str(), high.as_str(), measured.edition)
        }
        _ => {
            numbers::percentiles(measured).map(|range| format!(", {range} in {}", measured.edition)).unwrap_or_default()
        }
    };
    if !quantity.services.is_empty() {
        finding += &format!(", with {}", numbers::count(quantity.services.len() as u64, "service"));
    }
    finding + "."
}

fn table(quantity: &Quantity<'_>) -> Table {
    let measured = quantity.measurement;
    let mut table = Table::new(["what", "value", "95 % low", "95 % high", "observations", "still open"]);
    let count = |count: u64| Cell::measured(Unit::Count, count as f64);
    let limits = if measured.is_lower_bound { (None, None) } else { (measured.low, measured.high) };
    let value = measured.value.or(measured.at_least);
    table.push([
        numbers::headline(measured).into(),
        Cell::known(measured.unit, value, "none"),
        Cell::known(measured.unit, limits.0, "none"),
        Cell::known(measured.unit, limits.1, "none"),
        count(measured.n),
        count(measured.censored),
    ]);
    for (band, edge) in quantity.rule.into_iter().flat_map(BandRule::edges) {
        let side = match (edge.is_inclusive, quantity.lower_is_better) {
            (true, false) => "at least",
            (false, false) => "more than",
            (true, true) => "at most",
            (false, true) => "less than",
        };
        let none = || Cell::from("");
        let what = format!("band {}: {side}", band.as_str()).into();
        table.push([what, Cell::measured(measured.unit, edge.value), none(), none(), none(), none()]);
    }
    table
}

#[cfg(test)]
mod tests {
    use truelevel_model::BandEdge;
    use truelevel_model::time::{DAY_SECONDS, MONTH_DAYS, WEEK_DAYS};

    use super::*;

    fn lead_time_rule() -> BandRule {
        let edge = |days: f64| BandEdge { value: days * DAY_SECONDS, is_inclusive: false };
        BandRule { higher_is_better: false, elite: Some(edge(1.0)), high: edge(WEEK_DAYS), medium: edge(MONTH_DAYS) }
    }

    fn drawn(measurement: &Measurement) -> Option<Chart> {
        let rule = lead_time_rule();
        quantity(&Quantity {
            title: "Lead time",
            measurement,
            rule: Some(&rule),
            lower_is_better: true,
            services: &[],
            axis: None,
        })
    }

    #[test]
    fn the_finding_says_value_interval_and_bands() {
        let mut measured = Measurement::missing("change_lead_time/1", Unit::Seconds, "2024", "");
        (measured.value, measured.low, measured.high) = (Some(82_800.0), Some(72_000.0), Some(172_800.0));
        measured.band_by(
            &truelevel_model::BandRules {
                edition: "2024".into(),
                rules: [("change_lead_time".to_owned(), lead_time_rule())].into(),
                ..truelevel_model::BandRules::default()
            },
            "change_lead_time",
        );
        let chart = drawn(&measured).unwrap();
        super::super::testing::check(&chart);
        assert_eq!(chart.finding, "23 h, 95 % interval 20 h to 2 days, between bands high and elite of 2024.");
        for band in ["low", "medium", "high", "elite"] {
            assert!(chart.svg().contains(&format!("class=\"band-{band}\"")));
        }
    }

    #[test]
    fn what_is_open_is_drawn_hollow_and_nothing_is_drawn_of_nothing() {
        let mut measured = Measurement::missing("change_lead_time/1", Unit::Seconds, "2024", "too few");
        assert!(drawn(&measured).is_none());
        measured.at_least = Some(3.0 * DAY_SECONDS);
        let chart = drawn(&measured).unwrap();
        super::super::testing::check(&chart);
        assert!(chart.svg().contains("c-value-open"));
        assert_eq!(chart.finding, "more than 3 days.");
    }
}
