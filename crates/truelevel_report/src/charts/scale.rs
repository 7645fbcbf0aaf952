//! Where a value stands on an axis, and which ticks a person expects there.

use truelevel_model::Unit;
use truelevel_model::time::{DAY_SECONDS, MONTH_DAYS, WEEK_DAYS};

use super::svg::Anchor;
use crate::numbers;

/// Room left free at both ends, in percent of the width.
const MARGIN: f64 = 1.5;
/// How many labelled ticks an axis has at most.
const MOST_TICKS: usize = 7;

/// A letter of a label on a narrow page (6.5 of 340 pixels), in percent of the width.
const LETTER_WIDTH: f64 = 1.9;

const HOUR: f64 = 3600.0;
const WEEK: f64 = WEEK_DAYS * DAY_SECONDS;
const MONTH: f64 = MONTH_DAYS * DAY_SECONDS;

/// Durations that people have words for.
const DURATIONS: [(f64, &str); 14] = [
    (1.0, "1 s"),
    (10.0, "10 s"),
    (60.0, "1 min"),
    (600.0, "10 min"),
    (HOUR, "1 h"),
    (6.0 * HOUR, "6 h"),
    (DAY_SECONDS, "1 day"),
    (WEEK, "1 week"),
    (MONTH, "1 month"),
    (6.0 * MONTH, "6 months"),
    (12.0 * MONTH, "1 year"),
    (60.0 * MONTH, "5 years"),
    (120.0 * MONTH, "10 years"),
    (600.0 * MONTH, "50 years"),
];

/// More of them, for an axis between two neighbours of the above.
const FINE_DURATIONS: [(f64, &str); 34] = [
    (1.0, "1 s"),
    (2.0, "2 s"),
    (5.0, "5 s"),
    (10.0, "10 s"),
    (20.0, "20 s"),
    (30.0, "30 s"),
    (60.0, "1 min"),
    (120.0, "2 min"),
    (300.0, "5 min"),
    (600.0, "10 min"),
    (1200.0, "20 min"),
    (1800.0, "30 min"),
    (HOUR, "1 h"),
    (2.0 * HOUR, "2 h"),
    (4.0 * HOUR, "4 h"),
    (8.0 * HOUR, "8 h"),
    (12.0 * HOUR, "12 h"),
    (DAY_SECONDS, "1 day"),
    (2.0 * DAY_SECONDS, "2 days"),
    (4.0 * DAY_SECONDS, "4 days"),
    (WEEK, "1 week"),
    (2.0 * WEEK, "2 weeks"),
    (MONTH, "1 month"),
    (2.0 * MONTH, "2 months"),
    (3.0 * MONTH, "3 months"),
    (6.0 * MONTH, "6 months"),
    (12.0 * MONTH, "1 year"),
    (24.0 * MONTH, "2 years"),
    (36.0 * MONTH, "3 years"),
    (60.0 * MONTH, "5 years"),
    (84.0 * MONTH, "7 years"),
    (120.0 * MONTH, "10 years"),
    (240.0 * MONTH, "20 years"),
    (600.0 * MONTH, "50 years"),
];

/// Rates that people have words for.
const RATES: [(f64, &str); 9] = [
    (1.0 / (12.0 * MONTH_DAYS), "1 a year"),
    (1.0 / (6.0 * MONTH_DAYS), "2 a year"),
    (1.0 / MONTH_DAYS, "1 a month"),
    (1.0 / WEEK_DAYS, "1 a week"),
    (1.0, "1 a day"),
    (3.0, "3 a day"),
    (10.0, "10 a day"),
    (100.0, "100 a day"),
    (1000.0, "1,000 a day"),
];

/// More of them, for an axis between two neighbours of the above.
const FINE_RATES: [(f64, &str); 13] = [
    (1.0 / MONTH_DAYS, "1 a month"),
    (2.0 / MONTH_DAYS, "2 a month"),
    (1.0 / WEEK_DAYS, "1 a week"),
    (2.0 / WEEK_DAYS, "2 a week"),
    (3.0 / WEEK_DAYS, "3 a week"),
    (5.0 / WEEK_DAYS, "5 a week"),
    (1.0, "1 a day"),
    (2.0, "2 a day"),
    (3.0, "3 a day"),
    (5.0, "5 a day"),
    (10.0, "10 a day"),
    (20.0, "20 a day"),
    (50.0, "50 a day"),
];

/// Steps of a linear axis of durations.
const DURATION_STEPS: [f64; 17] = [
    1.0,
    10.0,
    60.0,
    300.0,
    900.0,
    HOUR,
    3.0 * HOUR,
    6.0 * HOUR,
    12.0 * HOUR,
    DAY_SECONDS,
    2.0 * DAY_SECONDS,
    5.0 * DAY_SECONDS,
    10.0 * DAY_SECONDS,
    30.0 * DAY_SECONDS,
    90.0 * DAY_SECONDS,
    365.0 * DAY_SECONDS,
    3650.0 * DAY_SECONDS,
];

/// Steps of a linear axis of rates: whole numbers a week, then a day.
const RATE_STEPS: [f64; 8] = [1.0 / 7.0, 2.0 / 7.0, 5.0 / 7.0, 1.0, 2.0, 5.0, 10.0, 20.0];

/// An axis over the width (or, in shares, any length) of a chart.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    unit: Unit,
    low: f64,
    high: f64,
    is_log: bool,
    is_reversed: bool,
}

impl Scale {
    /// An axis that holds all the values. Durations and rates are logarithmic: they range from minutes to months, and
    /// a halving is as much at either end. Shares and counts are linear from zero. Reversed axes put more to the left.
    pub fn holding(unit: Unit, values: impl IntoIterator<Item = f64>, is_reversed: bool) -> Self {
        let is_log = matches!(unit, Unit::Seconds | Unit::PerDay);
        let values = values.into_iter().filter(|value| value.is_finite() && (!is_log || *value > 0.0));
        let ends = values.fold(None, |ends: Option<(f64, f64)>, value| {
            Some(ends.map_or((value, value), |(low, high)| (low.min(value), high.max(value))))
        });
        let (low, high) = match (unit, ends) {
            (Unit::Seconds, Some((low, high))) => (low / 1.8, high * 1.8),
            (Unit::Seconds, None) => (60.0, MONTH),
            (Unit::PerDay, Some((low, high))) => (low / 1.8, high * 1.8),
            (Unit::PerDay, None) => (1.0 / MONTH_DAYS, 10.0),
            (Unit::Ratio, ends) => (0.0, (ends.map_or(0.1, |(_, high)| high) * 1.15).clamp(0.1, 1.0)),
            (Unit::Count, ends) => (0.0, (ends.map_or(1.0, |(_, high)| high) * 1.08).max(1.0)),
        };
        Self { unit, low, high, is_log, is_reversed }
    }

    /// A linear axis from zero, whatever the unit.
    pub fn from_zero(unit: Unit, high: f64) -> Self {
        Self { unit, low: 0.0, high: if high > 0.0 { high } else { 1.0 }, is_log: false, is_reversed: false }
    }

    /// The share of the axis at which a value stands, 0 to 1; what lies outside stands at the end.
    pub fn share(&self, value: f64) -> f64 {
        let share = if self.is_log {
            if value <= 0.0 { 0.0 } else { (value / self.low).ln() / (self.high / self.low).ln() }
        } else {
            (value - self.low) / (self.high - self.low)
        };
        let share = share.clamp(0.0, 1.0);
        if self.is_reversed { 1.0 - share } else { share }
    }

    /// Where a value stands, in percent of the width.
    pub fn x(&self, value: f64) -> f64 {
        MARGIN + self.share(value) * (100.0 - 2.0 * MARGIN)
    }

    /// The left and right end, in percent of the width.
    pub const fn ends(&self) -> (f64, f64) {
        (MARGIN, 100.0 - MARGIN)
    }

    /// The value at a share of the axis: the inverse of [`Self::share`].
    pub fn value_at(&self, share: f64) -> f64 {
        let share = if self.is_reversed { 1.0 - share } else { share };
        if self.is_log {
            self.low * (self.high / self.low).powf(share)
        } else {
            self.low + share * (self.high - self.low)
        }
    }

    /// Values worth a label, with the label, ordered from small to large.
    pub fn ticks(&self) -> Vec<(f64, String)> {
        self.ticks_with(&[])
    }

    /// The same for an upright axis, where labels stand one over the other.
    pub fn rows(&self) -> Vec<(f64, String)> {
        let ticks = match (self.is_log, self.unit) {
            (true, Unit::PerDay) => self.named(&RATES, &FINE_RATES),
            (true, _) => self.named(&DURATIONS, &FINE_DURATIONS),
            (false, Unit::Seconds) => {
                let step = DURATION_STEPS.into_iter().find(|step| self.high / step <= MOST_TICKS as f64);
                self.stepped(step.unwrap_or(self.high))
            }
            (false, Unit::PerDay) => {
                let step = RATE_STEPS.into_iter().find(|step| self.high / step <= 5.0);
                let ticks = self.stepped(step.unwrap_or_else(|| nice_step(self.high)));
                let of_weeks = |(value, label): (f64, String)| match value {
                    value if value > 0.0 && step.is_some_and(|step| step < 1.0) => {
                        (value, format!("{} per week", numbers::digits((value * WEEK_DAYS).round())))
                    }
                    value => (value, label),
                };
                ticks.into_iter().map(of_weeks).collect()
            }
            (false, Unit::Ratio) => self.stepped(nice_step(self.high)),
            (false, _) => self.stepped(nice_step(self.high).max(1.0)),
        };
        thinned(ticks)
    }

    /// The same, where these values are labelled before others. Labels that would touch on a narrow page are left out.
    pub fn ticks_with(&self, edges: &[f64]) -> Vec<(f64, String)> {
        let is_edge = |value: f64| edges.iter().any(|edge| (value / edge - 1.0).abs() < 0.02);
        let (mut wanted, others): (Vec<_>, Vec<_>) = self.rows().into_iter().partition(|(value, _)| is_edge(*value));
        wanted.extend(others);
        let mut kept: Vec<(f64, String)> = Vec::new();
        for (value, label) in wanted {
            if kept.iter().all(|(other, beside)| self.is_apart((value, &label), (*other, beside))) {
                kept.push((value, label));
            }
        }
        kept.sort_by(|a, b| a.0.total_cmp(&b.0));
        kept
    }

    /// Whether two labels do not touch; one near an edge stands inside of it.
    fn is_apart(&self, a: (f64, &str), b: (f64, &str)) -> bool {
        let span = |(value, label): (f64, &str)| {
            let (x, width) = (self.x(value), label.chars().count() as f64 * LETTER_WIDTH);
            match Anchor::inside(x) {
                Anchor::Start => (x, x + width),
                Anchor::Middle => (x - width / 2.0, x + width / 2.0),
                Anchor::End => (x - width, x),
            }
        };
        let (a, b) = (span(a), span(b));
        a.1 + LETTER_WIDTH < b.0 || b.1 + LETTER_WIDTH < a.0
    }

    /// Values with names inside of the axis: coarse ones where there are enough, then fine ones, then equal steps.
    fn named(&self, coarse: &[(f64, &str)], fine: &[(f64, &str)]) -> Vec<(f64, String)> {
        let is_inside = |value: f64| value >= self.low && value <= self.high;
        let inside = |names: &[(f64, &str)]| -> Vec<(f64, String)> {
            let names = names.iter().filter(|(value, _)| is_inside(*value));
            names.map(|(value, name)| (*value, (*name).to_owned())).collect()
        };
        let (coarse, fine) = (inside(coarse), inside(fine));
        if coarse.len() >= 3 || (coarse.len() == 2 && fine.len() < 3) {
            return coarse;
        }
        if fine.len() >= 2 {
            return fine;
        }
        let span = self.high - self.low;
        let holds_two = |step: &f64| (self.high / step).floor() - (self.low / step).ceil() >= 1.0;
        let step = match self.unit {
            Unit::Seconds => DURATION_STEPS.into_iter().rfind(holds_two),
            _ => None,
        };
        let step = step.unwrap_or_else(|| nice_step(span));
        let first = (self.low / step).ceil() as u64;
        let last = (self.high / step).floor() as u64;
        (first..=last).map(|at| at as f64 * step).map(|value| (value, numbers::value(self.unit, value))).collect()
    }

    fn stepped(&self, step: f64) -> Vec<(f64, String)> {
        let count = (self.high / step).floor() as usize;
        (0..=count).map(|at| at as f64 * step).map(|value| (value, self.label(value))).collect()
    }

    fn label(&self, value: f64) -> String {
        if value == 0.0 { "0".to_owned() } else { numbers::value(self.unit, value) }
    }
}

/// 1, 2 or 5 times a power of ten, so that about five steps fill the axis.
fn nice_step(high: f64) -> f64 {
    let raw = high / 5.0;
    let power = 10f64.powf(raw.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().find(|nice| nice * power >= raw * 0.999).unwrap_or(10.0);
    step * power
}

fn thinned(ticks: Vec<(f64, String)>) -> Vec<(f64, String)> {
    let every = ticks.len().div_ceil(MOST_TICKS).max(1);
    ticks.into_iter().step_by(every).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(scale: &Scale) -> String {
        scale.ticks().into_iter().map(|(_, label)| label).collect::<Vec<_>>().join(" | ")
    }

    #[test]
    fn ticks_are_what_people_have_words_for() {
        let check = |scale: Scale, expected: &str| assert_eq!(labels(&scale), expected);
        check(Scale::holding(Unit::Seconds, [60.0, WEEK], true), "1 min | 10 min | 1 h | 6 h | 1 day | 1 week");
        check(Scale::holding(Unit::PerDay, [0.02, 4.0], false), "1 a month | 1 a week | 1 a day | 3 a day");
        check(Scale::holding(Unit::Ratio, [0.2], false), "0 | 5 % | 10 % | 15 % | 20 %");
        check(Scale::holding(Unit::Count, [7.0], false), "0 | 2 | 4 | 6");
        check(Scale::from_zero(Unit::Seconds, 3.0 * DAY_SECONDS), "0 | 12 h | 24 h | 36 h | 2 days | 2.5 days");
        check(Scale::from_zero(Unit::PerDay, 5.0 / 7.0), "0 | 1 per week | 3 per week | 5 per week");
        check(Scale::holding(Unit::Seconds, [100.0, 110.0], false), "1 min | 2 min");
        check(Scale::holding(Unit::Seconds, [30.0 * HOUR, 40.0 * HOUR], false), "1 day | 2 days");
        check(Scale::holding(Unit::Seconds, [7.0 * HOUR, 9.0 * HOUR], false), "4 h | 8 h | 12 h");
        check(Scale::holding(Unit::PerDay, [0.3, 0.4], false), "2 a week | 3 a week | 5 a week");
        check(Scale::holding(Unit::Seconds, [60.0 * MONTH, 60.0 * MONTH], false), "3 years | 5 years | 7 years");
    }

    #[test]
    fn places_are_monotone_and_nothing_leaves_the_axis() {
        let scale = Scale::holding(Unit::Seconds, [60.0, WEEK], true);
        assert!(scale.x(60.0) > scale.x(HOUR) && scale.x(HOUR) > scale.x(WEEK));
        assert_eq!((scale.x(0.0), scale.x(f64::MAX)), (98.5, 1.5));
        assert!((scale.value_at(scale.share(HOUR)) - HOUR).abs() < 1e-6);
        assert_eq!(Scale::from_zero(Unit::Count, 0.0).share(0.0), 0.0);
    }
}
