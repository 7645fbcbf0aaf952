//! Intervals for a count of events and for their rate, also where events come in bursts.

use std::sync::OnceLock;

use super::distributions::gamma_quantile;
use super::{ALPHA, Interval};

/// Events per day with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    /// Events per day.
    pub per_day: f64,
    /// Lower end, events per day; 0 when there was no event.
    pub low: f64,
    /// Upper end, events per day.
    pub high: f64,
}

/// The exact interval of the expected count behind a Poisson count (Garwood 1936): 3 gives 0.6 to 8.8. The lower end of
/// a count of 0 is 0, the upper 3.69.
pub fn poisson_interval(count: u64) -> Interval {
    garwood(count as f64)
}

/// How much more the counts of equal periods (whole weeks) vary than a Poisson count would: variance ÷ mean, and at
/// least 1 (Fano 1947; the quasi-Poisson dispersion of Wedderburn 1974 for a constant mean).
///
/// `None` with fewer than two periods or without any event.
pub fn overdispersion(counts: &[u64]) -> Option<f64> {
    let n = counts.len() as f64;
    let total: f64 = counts.iter().map(|count| *count as f64).sum();
    if counts.len() < 2 || total == 0.0 {
        return None;
    }
    let mean = total / n;
    // In ascending order, so that the last digit does not depend on the order of the periods.
    let mut squares: Vec<f64> = counts.iter().map(|count| (*count as f64 - mean).powi(2)).collect();
    squares.sort_unstable_by(f64::total_cmp);
    let variance = squares.iter().sum::<f64>() / (n - 1.0);
    Some((variance / mean).max(1.0))
}

/// The rate of `count` events in `exposure_days` days. An `overdispersion` above 1 widens the interval: it is that of
/// `count ÷ overdispersion` events, scaled back, as if events came in bursts of that size. 1 is the exact interval of
/// Garwood (1936).
///
/// `None` when the exposure is not above 0, or either number is not finite. An overdispersion below 1 counts as 1.
pub fn rate(count: u64, exposure_days: f64, overdispersion: f64) -> Option<Rate> {
    if !(exposure_days > 0.0 && exposure_days.is_finite() && overdispersion.is_finite()) {
        return None;
    }
    let burst = overdispersion.max(1.0);
    let bursts = garwood(count as f64 / burst);
    let scale = burst / exposure_days;
    Some(Rate { per_day: count as f64 / exposure_days, low: bursts.low * scale, high: bursts.high * scale })
}

/// Intervals of whole counts up to this are found once: the same small counts come again and again.
const KNOWN_COUNTS: usize = 256;
static INTERVALS: [OnceLock<Interval>; KNOWN_COUNTS] = [const { OnceLock::new() }; KNOWN_COUNTS];

fn garwood(count: f64) -> Interval {
    match INTERVALS.get(count as usize).filter(|_| count.fract() == 0.0) {
        Some(known) => *known.get_or_init(|| gamma_interval(count)),
        None => gamma_interval(count),
    }
}

fn gamma_interval(count: f64) -> Interval {
    let half = ALPHA / 2.0;
    let low = if count == 0.0 { 0.0 } else { gamma_quantile(half, count) };
    Interval { low, high: gamma_quantile(1.0 - half, count + 1.0) }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::statistics::reference::{close, close_interval, distributions, rows};

    #[test]
    fn counts_agree_with_r() {
        for row in rows(&distributions()["poisson"]) {
            close_interval(Some(poisson_interval(row["count"].as_u64().unwrap())), &row["interval"]);
        }
    }

    #[test]
    fn rates_agree_with_scaled_gamma_quantiles() {
        for row in rows(&distributions()["rates"]) {
            let counts: Vec<u64> = rows(&row["weekly_counts"]).iter().map(|count| count.as_u64().unwrap()).collect();
            let factor = overdispersion(&counts);
            close(factor, row["overdispersion"].as_f64());
            let rate = rate(counts.iter().sum(), counts.len() as f64 * 7.0, factor.unwrap()).unwrap();
            close_interval(Some(Interval { low: rate.low, high: rate.high }), &row["interval"]);
        }
    }

    #[test]
    fn published_counts_have_their_published_intervals() {
        let check = |count, expected: &str| {
            let Interval { low, high } = poisson_interval(count);
            assert_eq!(format!("{low:.1} {high:.1}"), expected);
        };
        check(13, "6.9 22.2");
        check(3, "0.6 8.8");
        check(0, "0.0 3.7");
    }

    #[test]
    fn what_cannot_be_said_is_missing() {
        assert_eq!(overdispersion(&[4]), None);
        assert_eq!(overdispersion(&[0, 0, 0]), None);
        assert_eq!(overdispersion(&[5, 5, 5]), Some(1.0));
        assert_eq!(rate(3, 0.0, 1.0), None);
        assert_eq!(rate(3, 7.0, f64::NAN), None);
        assert_eq!(rate(0, 7.0, 1.0).unwrap().per_day, 0.0);
    }

    proptest! {
        #[test]
        fn an_event_more_raises_the_rate_and_bursts_widen_it(count in 0..3000u64, burst in 1.01..20.0f64) {
            let now = rate(count, 90.0, 1.0).unwrap();
            let more = rate(count + 1, 90.0, 1.0).unwrap();
            let bursty = rate(count, 90.0, burst).unwrap();
            prop_assert!(now.low <= now.per_day && now.per_day <= now.high);
            prop_assert!(more.low > now.low && more.per_day > now.per_day && more.high > now.high);
            prop_assert!(bursty.low <= now.low && bursty.high >= now.high);
        }

        #[test]
        fn the_order_of_weeks_says_nothing_of_bursts(counts in prop::collection::vec(0..40u64, 0..30)) {
            let mut reversed = counts.clone();
            reversed.reverse();
            prop_assert_eq!(overdispersion(&counts), overdispersion(&reversed));
        }
    }
}
