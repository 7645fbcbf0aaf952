//! How values spread: a dot for each when they are few, bins when they are many.

use truelevel_model::{BandRule, Unit};

use super::Chart;
use super::scale::Scale;
use super::svg::{Anchor, Svg};
use crate::numbers;
use crate::table::{Cell, Table};

/// Up to so many values are dots.
const MOST_DOTS: usize = 60;
/// Dots stacked higher than this are a bar already.
const TALLEST_STACK: usize = 10;
const BINS: usize = 40;
/// Columns that dots are stacked in.
const COLUMNS: usize = 64;
const DOT: f64 = 11.0;
const TOP: f64 = 18.0;
const BINS_HEIGHT: f64 = 120.0;

/// What is drawn.
#[derive(Clone, Debug)]
pub struct Distribution<'a> {
    /// What is spread: `Change lead time by service`.
    pub title: &'a str,
    /// What one value belongs to, as a noun: `service`, `deployment`.
    pub noun: &'a str,
    /// What the values count.
    pub unit: Unit,
    /// The values with what they belong to.
    pub values: &'a [(String, f64)],
    /// The bands, where the edition bands the metric.
    pub rule: Option<&'a BandRule>,
    /// Less is better; better is to the right.
    pub lower_is_better: bool,
}

/// The chart; `None` without a value.
pub fn distribution(distribution: &Distribution<'_>) -> Option<Chart> {
    let mut values: Vec<&(String, f64)> = distribution.values.iter().filter(|(_, value)| value.is_finite()).collect();
    if values.is_empty() {
        return None;
    }
    values.sort_by(|a, b| a.1.total_cmp(&b.1).then_with(|| a.0.cmp(&b.0)));
    let edges = distribution
        .rule
        .map_or_else(Vec::new, |rule| rule.edges().rev().map(|(band, edge)| (band.as_str(), edge.value)).collect());
    let held = values.iter().map(|(_, value)| *value).chain(edges.iter().map(|(_, edge)| *edge));
    let scale = Scale::holding(distribution.unit, held, distribution.lower_is_better);
    let mut svg = Svg::default();
    let plot = if values.len() <= MOST_DOTS && tallest(&scale, &values) <= TALLEST_STACK {
        dots(&mut svg, distribution.unit, &scale, &values)
    } else {
        bins(&mut svg, distribution, &scale, &values)
    };
    for (name, edge) in &edges {
        let x = scale.x(*edge);
        svg.line("c-note", (x, TOP - 4.0), (x, TOP + plot));
        svg.text("c-label", (x, TOP - 7.0), Anchor::inside(x), &format!("{name} →"));
    }
    let (left, right) = scale.ends();
    svg.line("c-axis", (left, TOP + plot), (right, TOP + plot));
    let at_edges: Vec<f64> = edges.iter().map(|(_, edge)| *edge).collect();
    for (value, label) in scale.ticks_with(&at_edges) {
        let x = scale.x(value);
        svg.line("c-tick", (x, TOP + plot), (x, TOP + plot + 4.0));
        svg.text("c-label", (x, TOP + plot + 18.0), Anchor::inside(x), &label);
    }
    let mut table = Table::new([distribution.noun, "value"]);
    for (name, value) in &values {
        table.push([name.as_str().into(), Cell::measured(distribution.unit, *value)]);
    }
    Some(Chart {
        title: distribution.title.to_owned(),
        finding: finding(distribution, &values),
        table,
        key: Vec::new(),
        height: TOP + plot + 24.0,
        body: svg.finish(),
    })
}

fn column(scale: &Scale, value: f64) -> usize {
    (scale.share(value) * COLUMNS as f64).round() as usize
}

fn tallest(scale: &Scale, values: &[&(String, f64)]) -> usize {
    let mut counts = [0usize; COLUMNS + 1];
    values.iter().for_each(|(_, value)| counts[column(scale, *value)] += 1);
    counts.into_iter().max().unwrap_or(1)
}

/// Dots, stacked where they would cover each other. Answers with the height.
fn dots(svg: &mut Svg, unit: Unit, scale: &Scale, values: &[&(String, f64)]) -> f64 {
    let mut stacked = [0usize; COLUMNS + 1];
    let height = (tallest(scale, values) as f64 * DOT + 8.0).max(44.0);
    for (name, value) in values {
        let at = column(scale, *value);
        let y = TOP + height - DOT / 2.0 - 2.0 - stacked[at] as f64 * DOT;
        stacked[at] += 1;
        svg.dot("c-dot", (scale.x(*value), y), DOT / 2.0 - 0.8, &format!("{name}: {}", numbers::value(unit, *value)));
    }
    height
}

fn bins(svg: &mut Svg, distribution: &Distribution<'_>, scale: &Scale, values: &[&(String, f64)]) -> f64 {
    let bin = |value: f64| ((scale.share(value) * BINS as f64) as usize).min(BINS - 1);
    let mut counts = [0u64; BINS];
    values.iter().for_each(|(_, value)| counts[bin(*value)] += 1);
    let most = counts.iter().copied().max().unwrap_or(1) as f64;
    let (left, right) = scale.ends();
    let width = (right - left) / BINS as f64;
    for (at, count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        let height = *count as f64 / most * (BINS_HEIGHT - 4.0);
        let ends = [at as f64, at as f64 + 1.0].map(|at| scale.value_at(at / BINS as f64));
        let tip = format!(
            "{}, {} to {}",
            numbers::count(*count, distribution.noun),
            numbers::value(distribution.unit, ends[0].min(ends[1])),
            numbers::value(distribution.unit, ends[0].max(ends[1]))
        );
        let place = (left + at as f64 * width, TOP + BINS_HEIGHT - height);
        svg.rect("c-bin", place, (width - 0.2, height), &tip);
    }
    BINS_HEIGHT
}

fn finding(distribution: &Distribution<'_>, values: &[&(String, f64)]) -> String {
    let shown = |at: usize| numbers::value(distribution.unit, values[at].1);
    let count = numbers::count(values.len() as u64, distribution.noun);
    match values.len() {
        1 => format!("{count}: {}.", shown(0)),
        len => format!(
            "{count}, from {} to {}; half are between {} and {}.",
            shown(0),
            shown(len - 1),
            shown(len / 4),
            shown(len * 3 / 4)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_values_are_dots_and_many_are_bins() {
        let values: Vec<(String, f64)> = (1..=200).map(|at| (format!("s{at}"), f64::from(at) * 600.0)).collect();
        let drawn = |values: &[(String, f64)]| {
            distribution(&Distribution {
                title: "Lead time by service",
                noun: "service",
                unit: Unit::Seconds,
                values,
                rule: None,
                lower_is_better: true,
            })
        };
        let few = drawn(&values[..30]).unwrap();
        super::super::testing::check(&few);
        assert_eq!(few.svg().matches("c-dot").count(), 30);
        let many = drawn(&values).unwrap();
        super::super::testing::check(&many);
        assert!(many.svg().matches("c-bin").count() <= BINS);
        assert_eq!(many.finding, "200 services, from 10 min to 33 h; half are between 8.5 h and 25 h.");
        assert_eq!(many.table.rows.len(), 200);
        assert!(drawn(&[]).is_none());
    }
}
