//! A line of a word's size: where a number has been.

use super::Chart;
use super::svg::{Svg, through};
use crate::numbers;
use crate::table::Table;
use truelevel_model::Unit;

const HEIGHT: f64 = 28.0;
const ROOM: f64 = 4.0;

/// The chart of labelled values, oldest first; gaps break the line. `None` when fewer than two are known.
pub fn sparkline(title: &str, unit: Unit, values: &[(String, Option<f64>)]) -> Option<Chart> {
    let known: Vec<f64> = values.iter().filter_map(|(_, value)| *value).filter(|value| value.is_finite()).collect();
    let (first, last) = (known.first()?, known.last()?);
    if known.len() < 2 {
        return None;
    }
    let low = known.iter().copied().fold(f64::INFINITY, f64::min);
    let high = known.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let x = |at: usize| 2.0 + 94.0 * at as f64 / (values.len() - 1) as f64;
    let y = |value: f64| {
        let share = if high > low { (value - low) / (high - low) } else { 0.5 };
        HEIGHT - ROOM - share * (HEIGHT - 2.0 * ROOM)
    };
    let mut svg = Svg::default();
    let mut path = String::new();
    let mut run: Vec<(f64, f64)> = Vec::new();
    for (at, (_, value)) in values.iter().enumerate() {
        match value {
            Some(value) => run.push((x(at), y(*value))),
            None => path += &through(&std::mem::take(&mut run)),
        }
    }
    path += &through(&run);
    svg.paths(0.0, HEIGHT, &[("c-line", path)]);
    if let Some(at) = values.iter().rposition(|(_, value)| value.is_some()) {
        svg.dot("c-value-small", (x(at), y(*last)), 3.0, &numbers::value(unit, *last));
    }
    let mut table = Table::new(["when", "value"]);
    for (label, value) in values {
        table.push([label.clone(), value.map_or_else(|| "no value".into(), |value| numbers::value(unit, value))]);
    }
    Some(Chart {
        title: title.to_owned(),
        finding: format!("From {} to {}.", numbers::value(unit, *first), numbers::value(unit, *last)),
        table,
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
        let chart = sparkline("Deployments", Unit::Count, &values).unwrap();
        super::super::testing::check(&chart);
        assert_eq!(chart.finding, "From 2 to 3.");
        assert_eq!(chart.svg().matches('M').count(), 2, "two runs: {}", chart.svg());
        assert_eq!(chart.table.rows[1], ["w2", "no value"]);
        assert!(sparkline("Deployments", Unit::Count, &values[..2]).is_none());
    }
}
