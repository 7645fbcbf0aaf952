//! Quantiles of complete samples, and the ranks between which a quantile lies whatever the distribution.
//!
//! Values may be anything finite; for durations that may still be open see `kaplan_meier`.

use std::sync::OnceLock;

use super::distributions::largest_rank_in_tail;
use super::{ALPHA, Interval};

/// The `p` quantile of a sample, in the unit of its values: the smallest value that at least a share `p` of the sample
/// does not exceed, averaged with the next one where the share is met exactly (Hyndman and Fan 1996, type 2). So the
/// median of an even sample is the mean of the middle two, and an uncensored Kaplan–Meier curve gives the same.
///
/// `None` for an empty sample, a value that is not finite, or `p` not strictly between 0 and 1.
pub fn quantile(values: &[f64], p: f64) -> Option<f64> {
    // As for Kaplan–Meier curves: 0.9 × 10 is not exactly 9.
    const TOLERANCE: f64 = 1e-9;
    let sorted = sorted(values, p)?;
    let position = sorted.len() as f64 * p;
    let whole = position.round();
    if (position - whole).abs() <= TOLERANCE * position.max(1.0) && whole >= 1.0 && whole < sorted.len() as f64 {
        let rank = whole as usize;
        return Some(sorted[rank - 1].midpoint(sorted[rank]));
    }
    Some(sorted[(position.ceil() as usize).clamp(1, sorted.len()) - 1])
}

/// The median, in the unit of the values. `None` as for [`quantile`].
pub fn median(values: &[f64]) -> Option<f64> {
    quantile(values, 0.5)
}

/// The 95 % order-statistic interval of the `p` quantile of a sample, in the unit of its values (see
/// [`order_statistic_ranks`]). `None` as for [`quantile`], and when the sample is too small.
pub fn quantile_interval(values: &[f64], p: f64) -> Option<Interval> {
    let sorted = sorted(values, p)?;
    let (low, high) = order_statistic_ranks(sorted.len() as u64, p)?;
    Some(Interval { low: sorted[low as usize - 1], high: sorted[high as usize - 1] })
}

/// The order-statistic interval of the median that misses with at most the chance `alpha`, below 0.05: the sign test,
/// inverted. `None` as for [`median`], and when the sample is too small.
pub fn median_interval_missing(values: &[f64], alpha: f64) -> Option<Interval> {
    let sorted = sorted(values, 0.5)?;
    let rank = largest_rank_in_tail(sorted.len() as u64, 0.5, alpha / 2.0)? as usize;
    Some(Interval { low: sorted[rank - 1], high: sorted[sorted.len() - rank] })
}

/// The ranks (1-based, `low < high`) of the two order statistics between which the `p` quantile of any distribution lies
/// with at least 95 % probability, in a sample of `n` independent values (Thompson 1936; Hahn and Meeker 1991, §5.2).
///
/// Each end is moved in as far as its own tail keeps to 2.5 %. Where even the extreme value cannot keep to that, the
/// extreme is taken and the other end uses what is left of the 5 %. `None` when the extremes together miss 5 %: below 6
/// for a median, 11 for a p75, 29 for a p90; and for `p` not strictly between 0 and 1. With ties the coverage only grows.
///
/// Costs O(log n); held against exact values up to n = 1,000,000.
pub fn order_statistic_ranks(n: u64, p: f64) -> Option<(u64, u64)> {
    if n == 0 || !(p > 0.0 && p < 1.0) {
        return None;
    }
    let usual = USUAL.iter().position(|usual| *usual == p);
    match usual.and_then(|place| RANKS[place].get(n as usize)) {
        Some(known) => *known.get_or_init(|| ranks(n, p)),
        None => ranks(n, p),
    }
}

/// The quantiles that reports show.
const USUAL: [f64; 3] = [0.5, 0.75, 0.9];
/// Ranks of samples up to this size are found once: the same small samples are asked for again and again.
const KNOWN_SIZES: usize = 1024;
/// Ranks by size, once they are asked for.
type Ranks = [OnceLock<Option<(u64, u64)>>; KNOWN_SIZES];
static RANKS: [Ranks; USUAL.len()] = [const { [const { OnceLock::new() }; KNOWN_SIZES] }; USUAL.len()];

fn ranks(n: u64, p: f64) -> Option<(u64, u64)> {
    let half = ALPHA / 2.0;
    // Counted from the top, ranks are those of the mirrored distribution.
    let from_top = |tail| largest_rank_in_tail(n, 1.0 - p, tail);
    let from_bottom = |tail| largest_rank_in_tail(n, p, tail);
    let (all_above, all_below) = ((1.0 - p).powf(n as f64), p.powf(n as f64));
    let (bottom, top) = match (from_bottom(half), from_top(half)) {
        (Some(bottom), Some(top)) => (bottom, top),
        (Some(_), None) => (from_bottom(ALPHA - all_below)?, 1),
        (None, Some(_)) => (1, from_top(ALPHA - all_above)?),
        (None, None) if all_above + all_below <= ALPHA => (1, 1),
        (None, None) => return None,
    };
    Some((bottom, n - (top - 1)))
}

fn sorted(values: &[f64], p: f64) -> Option<Vec<f64>> {
    if values.is_empty() || !(p > 0.0 && p < 1.0) || values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    Some(sorted)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::statistics::reference::{close, distributions, numbers, rows};

    #[test]
    fn the_median_of_an_even_sample_is_the_mean_of_the_middle_two() {
        let check = |values: &[f64], expected: Option<f64>| assert_eq!(median(values), expected);
        check(&[], None);
        check(&[7.0], Some(7.0));
        check(&[4.0, 1.0], Some(2.5));
        check(&[3.0, 1.0, 2.0], Some(2.0));
        check(&[2.0, 2.0, 2.0, 9.0], Some(2.0));
        check(&[1.0, f64::NAN], None);
    }

    #[test]
    fn quantiles_agree_with_r() {
        for row in rows(&distributions()["quantiles"]) {
            close(quantile(&numbers(&row["values"]), row["p"].as_f64().unwrap()), row["expected"].as_f64());
        }
    }

    #[test]
    fn ranks_agree_with_exact_binomial_probabilities() {
        for row in rows(&distributions()["order_statistic_ranks"]) {
            let (n, p) = (row["n"].as_u64().unwrap(), row["p"].as_f64().unwrap());
            let expected = row["low"].as_u64().map(|low| (low, row["high"].as_u64().unwrap()));
            assert_eq!(order_statistic_ranks(n, p), expected, "n {n}, p {p}");
        }
    }

    #[test]
    fn an_interval_needs_a_sample_of_the_published_size() {
        for (p, needed) in [(0.5, 6), (0.75, 11), (0.85, 19), (0.9, 29), (0.95, 59)] {
            assert_eq!(order_statistic_ranks(needed - 1, p), None, "{p}");
            assert!(order_statistic_ranks(needed, p).is_some(), "{p}");
        }
        assert_eq!(order_statistic_ranks(0, 0.5), None);
        assert_eq!(order_statistic_ranks(100, 1.0), None);
    }

    proptest! {
        #[test]
        fn the_order_of_a_sample_says_nothing(values in prop::collection::vec(-1e9..1e9f64, 0..60), p in 0.01..0.99f64) {
            let mut reversed = values.clone();
            reversed.reverse();
            prop_assert_eq!(quantile(&values, p), quantile(&reversed, p));
            prop_assert_eq!(quantile_interval(&values, p), quantile_interval(&reversed, p));
        }

        #[test]
        fn an_interval_contains_its_quantile(values in prop::collection::vec(0..50u32, 6..200), p in 0.05..0.95f64) {
            let values: Vec<f64> = values.into_iter().map(f64::from).collect();
            if let Some(interval) = quantile_interval(&values, p) {
                prop_assert!(interval.contains(quantile(&values, p).unwrap()));
            }
        }
    }
}
