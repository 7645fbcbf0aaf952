//! A measured value with everything that a reader needs to judge it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What a value counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// Durations.
    Seconds,
    /// Events per calendar day.
    PerDay,
    /// A share between 0 and 1.
    Ratio,
    /// A number of things.
    Count,
}

impl Unit {
    /// In snake case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Seconds => "seconds",
            Self::PerDay => "per_day",
            Self::Ratio => "ratio",
            Self::Count => "count",
        }
    }
}

/// A performance band. Ordered from low to elite.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Band {
    /// The lowest.
    Low,
    /// The second.
    Medium,
    /// The third.
    High,
    /// The highest.
    Elite,
}

impl Band {
    /// All, from low to elite.
    pub const ALL: [Self; 4] = [Self::Low, Self::Medium, Self::High, Self::Elite];

    /// In lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
            Self::Elite => "elite",
        }
    }
}

/// The edge of a band.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BandEdge {
    /// The value at the edge, in the metric's unit.
    pub value: f64,
    /// Whether a value exactly at the edge belongs to the better band.
    pub is_inclusive: bool,
}

impl BandEdge {
    /// Whether a value lies on the better side.
    fn takes(&self, value: f64, higher_is_better: bool) -> bool {
        (self.is_inclusive && value == self.value)
            || (if higher_is_better { value > self.value } else { value < self.value })
    }
}

/// Which values of a metric fall into which band, without gaps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BandRule {
    /// Whether more is better, as for frequencies.
    pub higher_is_better: bool,
    /// What elite takes; absent in an edition without that level.
    pub elite: Option<BandEdge>,
    /// What high takes.
    pub high: BandEdge,
    /// What medium takes; the rest is low.
    pub medium: BandEdge,
}

impl BandRule {
    /// The bands that have an edge, best first.
    pub fn edges(&self) -> impl DoubleEndedIterator<Item = (Band, BandEdge)> {
        let elite = self.elite.map(|edge| (Band::Elite, edge));
        elite.into_iter().chain([(Band::High, self.high), (Band::Medium, self.medium)])
    }

    /// The band of a value.
    pub fn band(&self, value: f64) -> Band {
        let takes = |edge: BandEdge| edge.takes(value, self.higher_is_better);
        match () {
            () if self.elite.is_some_and(takes) => Band::Elite,
            () if takes(self.high) => Band::High,
            () if takes(self.medium) => Band::Medium,
            () => Band::Low,
        }
    }
}

/// Published shares of respondents by answer.
#[derive(Clone, Debug, PartialEq)]
pub struct Distribution {
    /// Whether more is better.
    pub higher_is_better: bool,
    /// Where each answer ends on its worse side, with the percentage of respondents whose answer is worse; best answer
    /// first. What no edge takes has the worst answer.
    pub answers: Vec<(BandEdge, f64)>,
}

impl Distribution {
    /// The percentage of respondents, 0 to 100, whose answer is worse than the one that holds the value. Those who gave
    /// the same answer are not counted: how they stand to the value is not known.
    pub fn percentile(&self, value: f64) -> f64 {
        let holds = |(edge, _): &&(BandEdge, f64)| edge.takes(value, self.higher_is_better);
        self.answers.iter().find(holds).map_or(0.0, |(_, worse)| *worse)
    }
}

/// What one benchmark edition compares values with.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BandRules {
    /// The edition's name.
    pub edition: String,
    /// A rule for each metric id that the edition bands.
    pub rules: std::collections::BTreeMap<String, BandRule>,
    /// Published answers for each metric id of which the edition has them.
    pub distributions: std::collections::BTreeMap<String, Distribution>,
}

/// A value at a quantile, with its interval.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Quantile {
    /// The value; absent when the curve never reaches the quantile.
    pub value: Option<f64>,
    /// Lower end of the 95 % interval; absent when the sample is too small for one.
    pub low: Option<f64>,
    /// Upper end of the 95 % interval; absent when the sample is too small or the curve never gets there.
    pub high: Option<f64>,
    /// Known to be at least this, when `value` is absent because too much is still open.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub at_least: Option<f64>,
}

/// One metric of one service, or of several together.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Measurement {
    /// The value: the median for durations. Absent when nothing can be said.
    pub value: Option<f64>,
    /// What the value counts.
    pub unit: Unit,
    /// Lower end of the 95 % interval; absent when the sample is too small for one.
    pub low: Option<f64>,
    /// Upper end of the 95 % interval.
    pub high: Option<f64>,
    /// Known to be at least this, when `value` is absent because too much is still open.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub at_least: Option<f64>,
    /// The 75th percentile of durations.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub p75: Option<Quantile>,
    /// The 90th percentile of durations.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub p90: Option<Quantile>,
    /// How many observations stand behind the value; open ones are not among them.
    pub n: u64,
    /// How many of them are independent: changes that ship together arrive together.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub n_independent: Option<u64>,
    /// How many observations are still open. They count as "at least this long".
    pub censored: u64,
    /// The band of the value.
    pub band: Option<Band>,
    /// The worst band that the interval reaches.
    pub band_low: Option<Band>,
    /// The best band that the interval reaches.
    pub band_high: Option<Band>,
    /// In an edition of distributions: the percentage of respondents, 0 to 100, whose answer is worse than the value's.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub percentile: Option<f64>,
    /// The percentage at the worse end of the interval.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub percentile_low: Option<f64>,
    /// The percentage at the better end of the interval.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub percentile_high: Option<f64>,
    /// The benchmark edition of bands and percentages.
    pub edition: String,
    /// Metric id and version of its definition.
    pub definition: String,
    /// Why there is no value or no interval.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub note: Option<String>,
    /// The number stands in for something it is not (release tags for deployments).
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub is_proxy: bool,
    /// The value is only a lower bound of the truth: it can show that something is bad, never that it is good.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub is_lower_bound: bool,
    /// Further numbers behind the value, by name; durations in seconds.
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty", default)]
    pub details: std::collections::BTreeMap<String, f64>,
}

impl Measurement {
    /// Compares the value and the interval with an edition; without an interval the value alone says nothing certain, so
    /// only a measurement with both ends gets a range.
    pub fn band_by(&mut self, rules: &BandRules, metric: &str) {
        let ends = self.low.zip(self.high).map(|(low, high)| [low, high]);
        if let Some(rule) = rules.rules.get(metric) {
            self.band = self.value.map(|value| rule.band(value));
            let ends = ends.map(|ends| ends.map(|end| rule.band(end)));
            self.band_low = ends.and_then(|ends| ends.into_iter().min());
            self.band_high = ends.and_then(|ends| ends.into_iter().max());
        }
        if let Some(distribution) = rules.distributions.get(metric) {
            self.percentile = self.value.map(|value| distribution.percentile(value));
            let ends = ends.map(|ends| ends.map(|end| distribution.percentile(end)));
            self.percentile_low = ends.map(|[a, b]| a.min(b));
            self.percentile_high = ends.map(|[a, b]| a.max(b));
        }
    }

    /// Takes every comparison with an edition back: for values that only a part of the truth is known of.
    pub fn unband(&mut self) {
        (self.band, self.band_low, self.band_high) = (None, None, None);
        (self.percentile, self.percentile_low, self.percentile_high) = (None, None, None);
    }

    /// A measurement without a value.
    pub fn missing(definition: &str, unit: Unit, edition: &str, note: impl Into<String>) -> Self {
        Self {
            value: None,
            unit,
            low: None,
            high: None,
            at_least: None,
            p75: None,
            p90: None,
            n: 0,
            n_independent: None,
            censored: 0,
            band: None,
            band_low: None,
            band_high: None,
            percentile: None,
            percentile_low: None,
            percentile_high: None,
            edition: edition.to_owned(),
            definition: definition.to_owned(),
            note: Some(note.into()),
            is_proxy: false,
            is_lower_bound: false,
            details: std::collections::BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_edge_belongs_to_the_better_band_only_when_it_says_so() {
        let edge = |value, is_inclusive| BandEdge { value, is_inclusive };
        let frequency = BandRule {
            higher_is_better: true,
            elite: Some(edge(1.0, false)),
            high: edge(0.5, true),
            medium: edge(0.1, true),
        };
        assert_eq!(
            [1.1, 1.0, 0.5, 0.1, 0.0].map(|value| frequency.band(value)),
            [Band::Elite, Band::High, Band::High, Band::Medium, Band::Low]
        );
        let duration = BandRule {
            higher_is_better: false,
            elite: Some(edge(1.0, false)),
            high: edge(7.0, false),
            medium: edge(30.0, false),
        };
        assert_eq!(
            [0.9, 1.0, 7.0, 30.0].map(|value| duration.band(value)),
            [Band::Elite, Band::High, Band::Medium, Band::Low]
        );
        let without_elite = BandRule { elite: None, ..duration };
        assert_eq!(without_elite.band(0.9), Band::High);
    }

    #[test]
    fn an_interval_over_several_answers_has_two_percentages() {
        let edge = |value| BandEdge { value, is_inclusive: false };
        let answers = vec![(edge(10.0), 70.0), (edge(100.0), 20.0)];
        let distributions = [("m".to_owned(), Distribution { higher_is_better: false, answers })].into();
        let rules = BandRules { distributions, ..BandRules::default() };
        let check = |low: Option<f64>, value: f64, high: Option<f64>, expected: [Option<f64>; 3]| {
            let mut measured = Measurement::missing("m/1", Unit::Seconds, "x", "");
            (measured.low, measured.value, measured.high) = (low, Some(value), high);
            measured.band_by(&rules, "m");
            let found = [measured.percentile_low, measured.percentile, measured.percentile_high];
            assert_eq!((found, measured.band), (expected, None));
            measured.unband();
            assert_eq!(measured.percentile, None);
        };
        check(Some(5.0), 9.0, Some(50.0), [Some(20.0), Some(70.0), Some(70.0)]);
        check(Some(10.0), 100.0, Some(200.0), [Some(0.0), Some(0.0), Some(20.0)]);
        check(Some(5.0), 9.0, None, [None, Some(70.0), None]);
    }
}
