//! Statistics for honest measurement: estimates that carry their interval, or say that there is none.
//!
//! Everything here takes numbers and gives numbers: no clock, no randomness, no input or output, and no word of
//! deployments or incidents. Every interval is two-sided at 95 % unless its name says otherwise. What cannot be said is
//! `None`, never zero and never NaN. No function changes its input or depends on the order of a sample; series
//! (`individuals_chart`, `mann_kendall`) are the exception and say so.
//!
//! Results are the same bit for bit on one platform; `ln` and `exp` may differ in the last digit between platforms, so
//! whoever prints rounds.

mod comparison;
mod difference;
mod distributions;
mod hodges_lehmann;
mod kaplan_meier;
mod poisson;
mod proportion;
mod quantile;
#[cfg(test)]
mod reference;
mod survival_quantile;
mod time_between_events;
mod trend;
mod xmr;

pub use comparison::{Comparison, Contrast, FALSE_DISCOVERY_RATE, discoveries};
pub use difference::{
    Exposure, KnownQuantile, Share, difference_of_proportions, difference_of_quantiles, rate_ratio, ratio_of_quantiles,
};
pub use hodges_lehmann::{
    hodges_lehmann_difference, hodges_lehmann_difference_missing, hodges_lehmann_ratio, hodges_lehmann_ratio_missing,
};
pub use kaplan_meier::{DelayedObservation, Observation, Step, Survival};
pub use poisson::{Rate, overdispersion, poisson_interval, rate};
pub use proportion::{
    clopper_pearson_interval, clopper_pearson_upper_bound, wilson_interval, wilson_interval_of_groups,
};
pub use quantile::{median, median_interval_missing, order_statistic_ranks, quantile, quantile_interval};
pub use survival_quantile::{QuantileEstimate, QuantileInterval};
pub use time_between_events::time_between_events_chart;
pub use trend::{MannKendall, Point, TheilSen, mann_kendall, theil_sen, theil_sen_missing};
pub use xmr::{Chart, NoChart, Scale, Side, Signal, individuals_chart};

/// The chance that an interval misses, both sides together.
const ALPHA: f64 = 0.05;

/// A closed interval, both ends known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Interval {
    /// Lower end.
    pub low: f64,
    /// Upper end.
    pub high: f64,
}

impl Interval {
    /// Whether the value lies between the ends or on one.
    pub fn contains(&self, value: f64) -> bool {
        self.low <= value && value <= self.high
    }
}
