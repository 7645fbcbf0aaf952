//! How much is still waiting after how long: a survival curve, with marks where something is still open.

use truelevel_model::Unit;

use super::Chart;
use super::key::{Key, Mark};
use super::scale::Scale;
use super::svg::{Anchor, Svg, through};
use crate::numbers;
use crate::table::{Cell, Table};

const TOP: f64 = 16.0;
const HEIGHT: f64 = 180.0;
/// The picture ends some way after so few are left.
const NEARLY_ALL: f64 = 0.04;
/// How many rows of the curve the table behind it has at most.
const MOST_ROWS: usize = 60;

/// A step of the curve: after `seconds`, `share` is still waiting.
#[derive(Clone, Copy, Debug)]
pub struct SurvivalStep {
    /// When the step is taken.
    pub seconds: f64,
    /// What is left after it, 0 to 1.
    pub share: f64,
    /// Where what is left lies: its interval, or what lies in the middle of several curves.
    pub range: Option<(f64, f64)>,
}

/// What is drawn.
#[derive(Clone, Debug)]
pub struct Survival<'a> {
    /// What waits for what: `Changes waiting for production`.
    pub title: &'a str,
    /// The steps, earliest first; the curve begins at 1.
    pub steps: &'a [SurvivalStep],
    /// How long what is still open has waited.
    pub censored_seconds: &'a [f64],
    /// What the ranges are: `95 %`.
    pub range: &'a str,
    /// What the curve stands on: `40 ended, 2 still open`.
    pub basis: &'a str,
}

impl Survival<'_> {
    /// What is left after a while.
    fn share_after(&self, seconds: f64) -> f64 {
        self.steps.iter().take_while(|step| step.seconds <= seconds).last().map_or(1.0, |step| step.share)
    }

    /// When the curve first falls to a share.
    fn falls_to(&self, share: f64) -> Option<f64> {
        self.steps.iter().find(|step| step.share <= share).map(|step| step.seconds)
    }
}

/// The chart; `None` when nothing ended and nothing waits.
pub fn survival(survival: &Survival<'_>) -> Option<Chart> {
    let times = survival.steps.iter().map(|step| step.seconds).chain(survival.censored_seconds.iter().copied());
    let longest = times.fold(0.0, f64::max);
    if longest <= 0.0 {
        return None;
    }
    // The last few of a hundred often take many times as long as all others, who would stand in a corner.
    let longest = survival.falls_to(NEARLY_ALL).map_or(longest, |all| longest.min(all * 1.6));
    let (near, beyond): (Vec<f64>, Vec<f64>) = survival.censored_seconds.iter().partition(|open| **open <= longest);
    let scale = Scale::from_zero(Unit::Seconds, longest * 1.04);
    let y = |share: f64| HEIGHT * (1.0 - share.clamp(0.0, 1.0));
    let mut svg = Svg::default();
    for (share, label) in [(1.0, "100 % waiting"), (0.75, "75 %"), (0.5, "50 %"), (0.25, "25 %"), (0.0, "0")] {
        svg.line("c-grid", (0.0, TOP + y(share)), (100.0, TOP + y(share)));
        svg.text("c-label", (100.0, TOP + y(share) - 4.0), Anchor::End, label);
    }
    let end = scale.x(longest);
    let steps: Vec<SurvivalStep> = survival.steps.iter().copied().filter(|step| step.seconds <= longest).collect();
    svg.paths(
        TOP,
        HEIGHT,
        &[
            ("c-area", band(&steps, &scale, y, end)),
            ("c-line", through(&stairs(steps.iter().map(|s| (s.seconds, s.share)), &scale, y, end))),
        ],
    );
    for seconds in &near {
        let place = (scale.x(*seconds), TOP + y(survival.share_after(*seconds)));
        svg.mark("c-censored", place, "M0 -6V6", &format!("still open after {}", numbers::duration(*seconds)));
    }
    if !beyond.is_empty() {
        let more = format!("{} still open beyond →", numbers::digits(beyond.len() as f64));
        svg.text("c-label c-over", (100.0, TOP + HEIGHT - 18.0), Anchor::End, &more);
    }
    if let Some(median) = survival.falls_to(0.5) {
        let x = scale.x(median);
        svg.line("c-note", (x, TOP + y(0.5)), (x, TOP + HEIGHT));
        svg.dot("c-value-small", (x, TOP + y(0.5)), 4.0, &format!("half after {}", numbers::duration(median)));
    }
    for (value, label) in scale.ticks() {
        let x = scale.x(value);
        svg.text("c-label", (x, TOP + HEIGHT + 18.0), Anchor::inside(x), &label);
    }
    Some(Chart {
        title: survival.title.to_owned(),
        finding: finding(survival),
        table: table(survival),
        key: key(survival, !near.is_empty()),
        height: TOP + HEIGHT + 24.0,
        body: svg.finish(),
    })
}

/// A step function from the top left corner to `end`.
fn stairs(steps: impl Iterator<Item = (f64, f64)>, scale: &Scale, y: impl Fn(f64) -> f64, end: f64) -> Vec<(f64, f64)> {
    let mut points = vec![(scale.x(0.0), y(1.0))];
    let mut share_before = 1.0;
    for (seconds, share) in steps {
        points.push((scale.x(seconds), y(share_before)));
        points.push((scale.x(seconds), y(share)));
        share_before = share;
    }
    points.push((end, y(share_before)));
    points
}

fn band(steps: &[SurvivalStep], scale: &Scale, y: impl Fn(f64) -> f64 + Copy, end: f64) -> String {
    let side = |pick: fn((f64, f64)) -> f64| {
        steps.iter().filter_map(move |step| Some((step.seconds, pick(step.range?)))).collect::<Vec<_>>()
    };
    let (low, high) = (side(|(low, _)| low), side(|(_, high)| high));
    if low.is_empty() {
        return String::new();
    }
    let mut points = stairs(high.into_iter(), scale, y, end);
    let mut back = stairs(low.into_iter(), scale, y, end);
    back.reverse();
    points.extend(back);
    through(&points) + "Z"
}

fn key(survival: &Survival<'_>, shows_open: bool) -> Vec<Key> {
    let range = survival.steps.iter().any(|step| step.range.is_some());
    let range = range.then(|| Key::new(Mark::Area, "c-area", survival.range));
    let open = shows_open.then(|| Key::new(Mark::Upright, "c-censored", "still open after so long"));
    range.into_iter().chain(open).chain([Key::new(Mark::Upright, "c-note", "half are done")]).collect()
}

fn finding(survival: &Survival<'_>) -> String {
    let half = survival.falls_to(0.5).map_or_else(
        || "More than half are still waiting".to_owned(),
        |median| format!("Half are done after {}", numbers::duration(median)),
    );
    let tenth = survival
        .falls_to(0.1)
        .map_or_else(String::new, |p90| format!(", nine in ten after {}", numbers::duration(p90)));
    format!("{half}{tenth}; {}.", survival.basis)
}

fn table(survival: &Survival<'_>) -> Table {
    let mut table = Table::new([
        "after",
        "still waiting",
        &format!("{}, low", survival.range),
        &format!("{}, high", survival.range),
    ]);
    let shown = |share: Option<f64>| Cell::known(Unit::Ratio, share, "none");
    table.push([Cell::measured(Unit::Seconds, 0.0), shown(Some(1.0)), shown(None), shown(None)]);
    let every = survival.steps.len().div_ceil(MOST_ROWS).max(1);
    for step in survival.steps.iter().step_by(every) {
        table.push([
            Cell::measured(Unit::Seconds, step.seconds),
            shown(Some(step.share)),
            shown(step.range.map(|(low, _)| low)),
            shown(step.range.map(|(_, high)| high)),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    fn step(hours: f64, share: f64) -> SurvivalStep {
        SurvivalStep { seconds: hours * 3600.0, share, range: Some((share * 0.8, (share * 1.2).min(1.0))) }
    }

    fn drawn(steps: &[SurvivalStep], censored_seconds: &[f64]) -> Option<Chart> {
        survival(&Survival { title: "Changes waiting", steps, censored_seconds, range: "95 %", basis: "3 ended" })
    }

    #[test]
    fn what_is_open_is_marked_on_the_curve() {
        let chart = drawn(&[step(1.0, 0.7), step(5.0, 0.45), step(30.0, 0.08)], &[7200.0, 40_000.0]).unwrap();
        super::super::testing::check(&chart);
        assert_eq!(chart.finding, "Half are done after 5 h, nine in ten after 30 h; 3 ended.");
        assert_eq!(chart.svg().matches("c-censored").count(), 2);
        let meanings: Vec<&str> = chart.key.iter().map(|key| key.meaning.as_str()).collect();
        assert_eq!(meanings, ["95 %", "still open after so long", "half are done"]);
        let late = drawn(&[step(1.0, 0.7), step(5.0, 0.03), step(900.0, 0.01)], &[7200.0, 4_000_000.0]).unwrap();
        assert!(late.svg().contains("1 still open beyond") && late.svg().matches("c-censored").count() == 1);
    }

    #[test]
    fn when_most_wait_there_is_no_median() {
        let chart = drawn(&[step(1.0, 0.8)], &[90_000.0]).unwrap();
        super::super::testing::check(&chart);
        assert!(chart.finding.starts_with("More than half are still waiting;"));
        assert!(drawn(&[], &[]).is_none());
    }
}
