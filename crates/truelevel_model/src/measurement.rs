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

/// Which values of a metric fall into which band, without gaps.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct BandRule {
    /// Whether more is better, as for frequencies.
    pub higher_is_better: bool,
    /// What elite takes.
    pub elite: BandEdge,
    /// What high takes.
    pub high: BandEdge,
    /// What medium takes; the rest is low.
    pub medium: BandEdge,
}

impl BandRule {
    /// The band of a value.
    pub fn band(&self, value: f64) -> Band {
        let takes = |edge: &BandEdge| {
            (edge.is_inclusive && value == edge.value)
                || (if self.higher_is_better { value > edge.value } else { value < edge.value })
        };
        match () {
            () if takes(&self.elite) => Band::Elite,
            () if takes(&self.high) => Band::High,
            () if takes(&self.medium) => Band::Medium,
            () => Band::Low,
        }
    }
}

/// The band rules of one benchmark edition.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct BandRules {
    /// The edition's name.
    pub edition: String,
    /// A rule for each metric id that the edition bands.
    pub rules: std::collections::BTreeMap<String, BandRule>,
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
    /// The benchmark edition of the bands.
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
    /// Bands the value and the interval; without an interval the value's band alone says nothing certain, so only a
    /// measurement with both ends gets a range.
    pub fn band_by(&mut self, rules: &BandRules, metric: &str) {
        let Some(rule) = rules.rules.get(metric) else { return };
        self.band = self.value.map(|value| rule.band(value));
        if let (Some(low), Some(high)) = (self.low, self.high) {
            let ends = [rule.band(low), rule.band(high)];
            self.band_low = ends.iter().min().copied();
            self.band_high = ends.iter().max().copied();
        }
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
            elite: edge(1.0, false),
            high: edge(0.5, true),
            medium: edge(0.1, true),
        };
        assert_eq!(
            [1.1, 1.0, 0.5, 0.1, 0.0].map(|value| frequency.band(value)),
            [Band::Elite, Band::High, Band::High, Band::Medium, Band::Low]
        );
        let duration = BandRule {
            higher_is_better: false,
            elite: edge(1.0, false),
            high: edge(7.0, false),
            medium: edge(30.0, false),
        };
        assert_eq!(
            [0.9, 1.0, 7.0, 30.0].map(|value| duration.band(value)),
            [Band::Elite, Band::High, Band::Medium, Band::Low]
        );
    }
}
