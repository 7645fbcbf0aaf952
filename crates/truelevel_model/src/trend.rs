//! How a metric went, week by week, and what of it is more than noise.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{Time, Unit};

/// How a metric went over the last whole ISO weeks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Trend {
    /// What the values count.
    pub unit: Unit,
    /// Whether more is better; absent where it depends.
    pub higher_is_better: Option<bool>,
    /// How many services stand behind it: of several, the same ones in every week.
    pub services: u64,
    /// The weeks since something is known, oldest first.
    pub points: Vec<TrendPoint>,
    /// What is usual, and what is not; absent where there is too little to say.
    pub chart: Option<TrendChart>,
    /// Where it goes.
    pub direction: TrendDirection,
    /// What limits the whole.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
}

/// One week.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrendPoint {
    /// The week: `2026-W21`.
    pub week: String,
    /// Its first instant, in the workspace's time zone.
    #[schemars(with = "String")]
    pub week_start: Time,
    /// The metric of this week alone; for several services their median. Absent when nothing can be said.
    pub value: Option<f64>,
    /// Lower end of the 95 % interval.
    pub low: Option<f64>,
    /// Upper end of the 95 % interval.
    pub high: Option<f64>,
    /// Known to be at least this, when `value` is absent because too much is still open.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub at_least: Option<f64>,
    /// How many observations stand behind the value; for several services, how many of them have one.
    pub n: u64,
    /// How many observations were still open at the end of the week.
    pub censored: u64,
}

/// What a process behaviour chart draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ChartKind {
    /// The weekly values.
    WeeklyValues,
    /// The weekly values, with limits that were computed on their logarithms.
    WeeklyLogarithms,
    /// The days between successive events, where there are too few in a week to chart.
    DaysBetweenEvents,
}

/// The usual variation of a series, and what it does not explain. `centre` and limits are in the unit of what is charted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrendChart {
    /// What is charted.
    pub kind: ChartKind,
    /// The centre line.
    pub centre: f64,
    /// The lower limit; absent where nothing can be below it.
    pub lower: Option<f64>,
    /// The upper limit.
    pub upper: f64,
    /// For a chart of the days between events: each event but the first.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub between: Vec<BetweenEvents>,
    /// What the usual variation does not explain: points beyond a limit in order, then runs in order.
    pub signals: Vec<TrendSignal>,
}

/// An event, and the time since the one before.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct BetweenEvents {
    /// When it was.
    #[schemars(with = "String")]
    pub at: Time,
    /// Days since the event before it.
    pub days: f64,
}

/// The rule that found a signal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignalRule {
    /// A point beyond a limit.
    BeyondLimit,
    /// Eight or more points in a row on one side of the centre.
    RunOfEight,
}

/// A side of the centre line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum SignalSide {
    /// Above it.
    Above,
    /// Below it.
    Below,
}

/// Something in a series that its usual variation does not explain.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrendSignal {
    /// What found it.
    pub rule: SignalRule,
    /// On which side.
    pub side: SignalSide,
    /// The start of its first week, or the time of its first event.
    #[schemars(with = "String")]
    pub first: Time,
    /// The start of its last week, or the time of its last event.
    #[schemars(with = "String")]
    pub last: Time,
}

/// Whether a series moves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TrendVerdict {
    /// It rises, and more than noise would.
    Rising,
    /// It falls, and more than noise would.
    Falling,
    /// Nothing shows that it moves, which is not the same as standing still.
    NoChangeShown,
    /// There are too few weeks to say.
    TooLittleData,
}

/// Where a series goes: Theil–Sen slope with Sen's interval, and the Mann–Kendall test.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TrendDirection {
    /// The verdict: a direction only when the interval excludes standing still and the test agrees.
    pub verdict: TrendVerdict,
    /// How many weeks have a value.
    pub weeks: u64,
    /// The slopes are factors per week (0.97: 3 % less each week), as for durations; else they are in the unit, per week.
    pub is_factor: bool,
    /// The slope per week.
    pub slope: Option<f64>,
    /// Lower end of its 95 % interval.
    pub slope_low: Option<f64>,
    /// Upper end of its 95 % interval.
    pub slope_high: Option<f64>,
    /// The fitted line at the first week with a value.
    pub from: Option<f64>,
    /// The fitted line at the last week with a value.
    pub to: Option<f64>,
    /// The chance of such a series without any trend (Mann–Kendall, two-sided).
    pub p: Option<f64>,
}

impl Trend {
    /// Whether the direction is for the better; absent without a direction, or where it depends.
    pub fn is_improvement(&self) -> Option<bool> {
        let rises = match self.direction.verdict {
            TrendVerdict::Rising => true,
            TrendVerdict::Falling => false,
            TrendVerdict::NoChangeShown | TrendVerdict::TooLittleData => return None,
        };
        Some(rises == self.higher_is_better?)
    }
}
