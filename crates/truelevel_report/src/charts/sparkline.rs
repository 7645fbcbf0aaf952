//! A line of a word's size: where a number has been, and what of it noise explains.

use truelevel_model::Unit;

use super::Chart;
use super::svg::{Svg, cell, runs};
use crate::numbers;
use crate::table::{Cell, Table};

const HEIGHT: f64 = 36.0;
const ROOM: f64 = 4.0;

/// What is drawn.
#[derive(Clone, Debug)]
pub struct Sparkline<'a> {
    /// What went.
    pub title: &'a str,
    /// What the values count.
    pub unit: Unit,
    /// The labelled values, oldest first.
    pub values: &'a [(String, Option<f64>)],
    /// Between them noise explains everything.
    pub limits: Option<(f64, f64)>,
    /// What there is to say of the course; it goes on after `;`.
    pub says: &'a str,
}

/// The chart; gaps break the line. `None` when fewer than two values are known.
pub fn sparkline(spark: &Sparkline<'_>) -> Option<Chart> {
    let known: Vec<f64> =
        spark.values.iter().filter_map(|(_, value)| *value).filter(|value| value.is_finite()).collect();
    let (first, last) = (known.first()?, known.last()?);
    if known.len() < 2 {
        return None;
    }
    let held = || known.iter().copied().chain(spark.limits.into_iter().flat_map(|(low, high)| [low, high]));
    let low = held().fold(f64::INFINITY, f64::min);
    let high = held().fold(f64::NEG_INFINITY, f64::max);
    let x = |at: usize| 2.0 + 94.0 * at as f64 / (spark.values.len() - 1) as f64;
    let y = |value: f64| {
        let share = if high > low { (value - low) / (high - low) } else { 0.5 };
        HEIGHT - ROOM - share * (HEIGHT - 2.0 * ROOM)
    };
    let path = runs(spark.values.iter().enumerate().map(|(at, (_, value))| (x(at), value.map(y))));
    let limits = spark.limits.map(|(low, high)| cell((0.0, y(high)), (100.0, y(low) - y(high))));
    let mut svg = Svg::default();
    svg.paths(0.0, HEIGHT, &[("c-limits", limits.unwrap_or_default()), ("c-line", path)]);
    if let Some(at) = spark.values.iter().rposition(|(_, value)| value.is_some()) {
        svg.dot("c-value-small", (x(at), y(*last)), 3.5, &numbers::value(spark.unit, *last));
    }
    let mut table = Table::new(["when", "value"]);
    for (label, value) in spark.values {
        table.push([label.as_str().into(), Cell::known(spark.unit, *value, "no value")]);
    }
    let says = if spark.says.is_empty() { String::new() } else { format!("; {}", spark.says) };
    Some(Chart {
        title: spark.title.to_owned(),
        finding: format!("From {} to {}{says}.", numbers::value(spark.unit, *first), numbers::value(spark.unit, *last)),
        table,
        key: Vec::new(),
        height: HEIGHT,
        body: svg.finish(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_break_the_line_and_are_not_zero() {
        let values = [("w1", Some(2.0)), ("w2", None), ("w3", Some(4.0)), ("w4", Some(3.0))];
        let values = values.map(|(label, value)| (label.to_owned(), value));
        let drawn = |values, limits| {
            sparkline(&Sparkline { title: "Deployments", unit: Unit::Count, values, limits, says: "steady" })
        };
        let chart = drawn(&values, None).unwrap();
        super::super::testing::check(&chart);
        assert_eq!(chart.finding, "From 2 to 3; steady.");
        assert_eq!(chart.svg().matches('M').count(), 2, "two runs: {}", chart.svg());
        assert_eq!(chart.table.rows[1], ["w2", "no value"]);
        assert!(drawn(&values, Some((1.0, 9.0))).unwrap().svg().contains("c-limits"));
        assert!(drawn(&values[..2], None).is_none());
    }
}
