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
    /// Further numbers behind the value, by name; durations in seconds.
    #[serde(skip_serializing_if = "std::collections::BTreeMap::is_empty", default)]
    pub details: std::collections::BTreeMap<String, f64>,
}

impl Measurement {
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
            details: std::collections::BTreeMap::new(),
        }
    }
}
