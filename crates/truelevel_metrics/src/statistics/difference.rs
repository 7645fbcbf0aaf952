//! Whether two windows differ: shares, rates and quantiles. Only a contrast whose interval excludes "no change" is a
//! change. Complete samples of independent durations are better compared in `hodges_lehmann`.

use super::comparison::{Comparison, Contrast};
use super::proportion::clopper_pearson;
use super::wilson_interval;

/// So many events in so many trials.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// Events, at most as many as trials.
    pub events: u64,
    /// Independent trials.
    pub trials: u64,
}

/// So many events in so much time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Exposure {
    /// Events.
    pub count: u64,
    /// Days under observation, above 0.
    pub days: f64,
}

/// A quantile with its 95 % interval, however it was found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct KnownQuantile {
    /// The quantile.
    pub value: f64,
    /// Lower end of its interval.
    pub low: f64,
    /// Upper end of its interval; `None` when it is open.
    pub high: Option<f64>,
}

/// The share after minus the share before, between −1 and 1, with Newcombe's hybrid score interval (1998, method 10),
/// which joins the two Wilson intervals.
///
/// `None` when either share has no Wilson interval.
pub fn difference_of_proportions(before: Share, after: Share) -> Option<Comparison> {
    let known = |share: Share| {
        let interval = wilson_interval(share.events, share.trials)?;
        let value = share.events as f64 / share.trials as f64;
        Some(KnownQuantile { value, low: interval.low, high: Some(interval.high) })
    };
    Some(joined_difference(known(before)?, known(after)?))
}

/// The rate after divided by the rate before, with the exact conditional interval (Przyborowski and Wilenski 1940): given
/// all events, those after are binomial, and the Clopper–Pearson interval of their share is turned into a ratio. An
/// `overdispersion` above 1 (the larger of the two windows', see [`overdispersion`](super::overdispersion)) divides both
/// counts first, as in [`rate`](super::rate).
///
/// Without events before, the estimate and the upper end are `None`; without events after, both the estimate and the
/// lower end are 0. `None` without any event, when a window has no days, or a number is not finite.
pub fn rate_ratio(before: Exposure, after: Exposure, overdispersion: f64) -> Option<Comparison> {
    let is_usable = |days: f64| days > 0.0 && days.is_finite();
    let total = before.count.checked_add(after.count)?;
    if total == 0 || !is_usable(before.days) || !is_usable(after.days) || !overdispersion.is_finite() {
        return None;
    }
    let burst = overdispersion.max(1.0);
    let share = if before.count == 0 {
        // The same number twice, so that rounding cannot make "all" into almost.
        clopper_pearson(total as f64 / burst, total as f64 / burst)
    } else {
        clopper_pearson(after.count as f64 / burst, total as f64 / burst)
    };
    let days_ratio = before.days / after.days;
    let ratio = |share: f64| share / (1.0 - share) * days_ratio;
    Some(Comparison {
        contrast: Contrast::Ratio,
        estimate: (before.count > 0).then(|| after.count as f64 / before.count as f64 * days_ratio),
        low: Some(ratio(share.low)),
        high: (share.high < 1.0).then(|| ratio(share.high)),
    })
}

/// The quantile after minus the quantile before, in their unit, by the method of variance estimates recovery (Zou and
/// Donner 2008): each end joins the distances of the two quantiles to the ends of their own intervals. So open durations
/// and changes that arrive together are respected as far as the two intervals respect them. An end that depends on an
/// open one is `None`.
pub fn difference_of_quantiles(before: KnownQuantile, after: KnownQuantile) -> Comparison {
    joined_difference(before, after)
}

/// The quantile after divided by the quantile before: [`difference_of_quantiles`] of their logarithms (Zou and Donner
/// 2008, §3.3). An end that depends on a lower end of zero is `None`.
///
/// `None` when either quantile is not above zero.
pub fn ratio_of_quantiles(before: KnownQuantile, after: KnownQuantile) -> Option<Comparison> {
    if !(before.value > 0.0 && after.value > 0.0) {
        return None;
    }
    let logarithm = |quantile: KnownQuantile| KnownQuantile {
        value: quantile.value.ln(),
        low: quantile.low.max(0.0).ln(),
        high: quantile.high.map(f64::ln),
    };
    Some(joined_difference(logarithm(before), logarithm(after)).exponentiated())
}

fn joined_difference(before: KnownQuantile, after: KnownQuantile) -> Comparison {
    let estimate = after.value - before.value;
    let down = before.high.map(|high| (after.value - after.low).hypot(high - before.value));
    let up = after.high.map(|high| (high - after.value).hypot(before.value - before.low));
    let finite = |end: f64| end.is_finite().then_some(end);
    Comparison {
        contrast: Contrast::Difference,
        estimate: Some(estimate),
        low: down.and_then(|down| finite(estimate - down)),
        high: up.and_then(|up| finite(estimate + up)),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::statistics::reference::{close, differences, rows};

    #[test]
    fn differences_of_proportions_agree_with_statsmodels() {
        for row in rows(&differences()["proportions"]) {
            let share = |name: &str| Share {
                events: row[name]["events"].as_u64().unwrap(),
                trials: row[name]["trials"].as_u64().unwrap(),
            };
            let found = difference_of_proportions(share("before"), share("after")).unwrap();
            close(found.low, row["low"].as_f64());
            close(found.high, row["high"].as_f64());
        }
    }

    #[test]
    fn rate_ratios_agree_with_r() {
        for row in rows(&differences()["rates"]) {
            let exposure = |name: &str| Exposure {
                count: row[name]["count"].as_u64().unwrap(),
                days: row[name]["days"].as_f64().unwrap(),
            };
            let found = rate_ratio(exposure("before"), exposure("after"), 1.0).unwrap();
            close(found.estimate, row["estimate"].as_f64());
            close(found.low, row["low"].as_f64());
            close(found.high, row["high"].as_f64());
        }
    }

    #[test]
    fn ratios_to_nothing_are_bounded_from_below_only() {
        let (none, many) = (Exposure { count: 0, days: 90.0 }, Exposure { count: 20, days: 90.0 });
        let risen = rate_ratio(none, many, 1.3).unwrap();
        assert!(risen.excludes_none() && risen.estimate.is_none() && risen.high.is_none() && risen.low.unwrap() > 1.0);
        let fallen = rate_ratio(many, none, 1.3).unwrap();
        assert!(fallen.excludes_none() && fallen.estimate == Some(0.0) && fallen.low == Some(0.0));
        assert_eq!(rate_ratio(none, none, 1.0), None);
        assert_eq!(difference_of_proportions(Share { events: 0, trials: 0 }, Share { events: 1, trials: 3 }), None);
    }

    #[test]
    fn an_open_end_leaves_the_contrast_open_on_its_side() {
        let closed = KnownQuantile { value: 10.0, low: 8.0, high: Some(13.0) };
        let open = KnownQuantile { value: 40.0, low: 30.0, high: None };
        let slower = ratio_of_quantiles(closed, open).unwrap();
        assert!(slower.high.is_none() && slower.excludes_none());
        assert!(difference_of_quantiles(open, closed).low.is_none());
        let joined = difference_of_quantiles(closed, KnownQuantile { value: 16.0, low: 12.0, high: Some(20.0) });
        assert_eq!((joined.low, joined.high), (Some(1.0), Some(6.0 + 20.0_f64.sqrt())));
        assert!(joined.excludes_none());
    }

    proptest! {
        #[test]
        fn intervals_contain_the_contrast_and_grow_with_bursts(
            (before, after) in (0..300u64, 1..300u64),
            days in 1.0..400.0f64,
            burst in 1.0..9.0f64,
        ) {
            let (before, after) = (Exposure { count: before, days: 90.0 }, Exposure { count: after, days });
            let (exact, wide) = (rate_ratio(before, after, 1.0).unwrap(), rate_ratio(before, after, burst).unwrap());
            prop_assert!(wide.low <= exact.low);
            prop_assert!(wide.high.is_none() || wide.high >= exact.high);
            prop_assert!(exact.estimate.is_none_or(|ratio| exact.low.unwrap() <= ratio && ratio <= exact.high.unwrap()));
        }

        #[test]
        fn swapping_the_windows_turns_the_sign(
            (one, other) in (0..50u64, 0..50u64),
            (more, others) in (0..100u64, 0..100u64),
        ) {
            let before = Share { events: one, trials: one + more + 1 };
            let after = Share { events: other, trials: other + others + 1 };
            let there = difference_of_proportions(before, after).unwrap();
            let back = difference_of_proportions(after, before).unwrap();
            prop_assert_eq!(there.low, back.high.map(|high| -high));
            prop_assert!(there.low <= there.estimate && there.estimate <= there.high);
        }
    }
}
