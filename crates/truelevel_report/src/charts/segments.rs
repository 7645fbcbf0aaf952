//! The parts of lead time, one after the other.

use truelevel_model::Unit;

use super::Chart;
use super::scale::Scale;
use super::svg::{Anchor, Svg};
use crate::numbers;
use crate::table::{Cell, Table};

const BAR: f64 = 26.0;
const LINE: f64 = 38.0;

/// One part.
#[derive(Clone, Debug)]
pub struct LeadTimeSegment {
    /// Its name for readers.
    pub name: String,
    /// How long it takes, as the median or another quantile of its own.
    pub seconds: f64,
    /// How many changes or services it is known of.
    pub n: u64,
}

/// The chart; `statistic` says which quantile the parts are (`median`, `p75`), `counted` what their samples count. `None`
/// without a part.
///
/// Quantiles of parts do not add up to the quantile of the whole: the bar compares parts, and its end is no lead time.
pub fn segments(statistic: &str, parts: &[LeadTimeSegment], counted: &str) -> Option<Chart> {
    let total: f64 = parts.iter().map(|part| part.seconds.max(0.0)).sum();
    let longest = parts.iter().max_by(|a, b| a.seconds.total_cmp(&b.seconds))?;
    if total <= 0.0 {
        return None;
    }
    let scale = Scale::from_zero(Unit::Seconds, total);
    let mut svg = Svg::default();
    let mut table = Table::new(["part", statistic, "share", counted]);
    let mut before = 0.0;
    for (at, part) in parts.iter().enumerate() {
        let (from, to) = (scale.x(before), scale.x(before + part.seconds.max(0.0)));
        let share = numbers::value(Unit::Ratio, part.seconds / total);
        let duration = numbers::duration(part.seconds);
        let class = format!("segment-{}", at % 6 + 1);
        svg.rect(&class, (from, 0.0), (to - from - 0.2, BAR), &format!("{}: {statistic} {duration}", part.name));
        let line = BAR + 10.0 + at as f64 * LINE;
        svg.rect(&class, (scale.ends().0, line), (1.4, 12.0), "");
        svg.text("c-name", (scale.ends().0 + 4.0, line + 11.0), Anchor::Start, &part.name);
        svg.text("c-label", (scale.ends().0 + 4.0, line + 27.0), Anchor::Start, &format!("{duration}, {share}"));
        table.push([
            part.name.as_str().into(),
            Cell::measured(Unit::Seconds, part.seconds),
            Cell::measured(Unit::Ratio, part.seconds / total),
            Cell::measured(Unit::Count, part.n as f64),
        ]);
        before += part.seconds.max(0.0);
    }
    Some(Chart {
        title: format!("Parts of the lead time ({statistic})"),
        finding: format!("The longest part is {}: {}.", longest.name, numbers::duration(longest.seconds)),
        table,
        key: Vec::new(),
        height: BAR + 14.0 + parts.len() as f64 * LINE,
        body: svg.finish(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_part_is_named() {
        let part = |name: &str, seconds, n| LeadTimeSegment { name: name.to_owned(), seconds, n };
        let chart =
            segments("p75", &[part("review <b>", 7200.0, 40), part("merge to deploy", 1800.0, 40)], "changes").unwrap();
        super::super::testing::check(&chart);
        assert_eq!(chart.finding, "The longest part is review <b>: 2 h.");
        assert!(chart.svg().contains("review &lt;b&gt;"));
        assert_eq!(chart.table.rows[1], ["merge to deploy", "30 min", "20 %", "40"]);
        assert!(segments("p75", &[], "changes").is_none());
    }
}
