//! By how much the durations of two windows differ, for complete samples of independent values. With open ones, or
//! changes that arrive together, compare the quantiles of two curves instead (`difference`).

use super::ALPHA;
use super::comparison::{Comparison, Contrast};
use super::distributions::normal_quantile;

/// The shift from before to after, in the unit of the values: the median of all differences of one value after and one
/// before (Hodges and Lehmann 1963), with the interval that inverts the Wilcoxon–Mann–Whitney test (Moses 1953;
/// Hollander and Wolfe 1999, §4.3). It takes the two windows for the same distribution, moved.
///
/// The interval is exact up to 50 values a side without ties; otherwise its rank comes from the normal approximation
/// with the variance for ties and a continuity correction. `None` ends when the samples are too small for 95 % (below 4
/// and 4). `None` when a sample is empty or a value is not finite.
///
/// O((n + m) log(n + m)); no pair is stored.
pub fn hodges_lehmann_difference(before: &[f64], after: &[f64]) -> Option<Comparison> {
    hodges_lehmann_difference_missing(before, after, ALPHA)
}

/// The same with an interval that misses with the chance `alpha`, between 0 and 1: of several intervals that are to hold
/// together, each may miss less (Bonferroni).
pub fn hodges_lehmann_difference_missing(before: &[f64], after: &[f64], alpha: f64) -> Option<Comparison> {
    let pairs = Differences::new(before, after)?;
    let count = pairs.count();
    let estimate = pairs.ranked(count.div_ceil(2)).midpoint(pairs.ranked(count / 2 + 1));
    let rank = pairs.interval_rank(alpha);
    Some(Comparison {
        contrast: Contrast::Difference,
        estimate: Some(estimate),
        low: rank.map(|rank| pairs.ranked(rank)),
        high: rank.map(|rank| pairs.ranked(count + 1 - rank)),
    })
}

/// The factor from before to after: [`hodges_lehmann_difference`] of the logarithms, the natural one for durations.
///
/// `None` as there, and when a value is not above zero.
pub fn hodges_lehmann_ratio(before: &[f64], after: &[f64]) -> Option<Comparison> {
    hodges_lehmann_ratio_missing(before, after, ALPHA)
}

/// The same with an interval that misses with the chance `alpha`, as [`hodges_lehmann_difference_missing`].
pub fn hodges_lehmann_ratio_missing(before: &[f64], after: &[f64], alpha: f64) -> Option<Comparison> {
    let logarithms = |values: &[f64]| -> Vec<f64> { values.iter().map(|value| value.ln()).collect() };
    Some(hodges_lehmann_difference_missing(&logarithms(before), &logarithms(after), alpha)?.exponentiated())
}

/// All differences of a value after and a value before, without storing them.
struct Differences {
    before: Vec<f64>,
    after: Vec<f64>,
}

impl Differences {
    fn new(before: &[f64], after: &[f64]) -> Option<Self> {
        let sorted = |values: &[f64]| {
            let mut sorted = values.to_vec();
            sorted.sort_unstable_by(f64::total_cmp);
            (!sorted.is_empty() && sorted.iter().all(|value| value.is_finite())).then_some(sorted)
        };
        Some(Self { before: sorted(before)?, after: sorted(after)? })
    }

    fn count(&self) -> u64 {
        self.before.len() as u64 * self.after.len() as u64
    }

    /// The difference of this rank (1-based), by bisecting the order of all floating-point numbers.
    fn ranked(&self, rank: u64) -> f64 {
        let (before, after) = (&self.before, &self.after);
        let mut low = ordinal(after[0] - before[before.len() - 1]);
        let mut high = ordinal(after[after.len() - 1] - before[0]);
        while low < high {
            let middle = low.midpoint(high);
            // `midpoint` rounds towards zero, which below zero is upwards.
            let middle = if middle == high { middle - 1 } else { middle };
            if self.at_most(number(middle)) >= rank {
                high = middle;
            } else {
                low = middle + 1;
            }
        }
        // Adding zero makes a negative zero positive.
        number(low) + 0.0
    }

    fn at_most(&self, limit: f64) -> u64 {
        let mut reached = 0;
        let within = |before: &f64| {
            while reached < self.after.len() && self.after[reached] - before <= limit {
                reached += 1;
            }
            reached as u64
        };
        self.before.iter().map(within).sum()
    }

    /// The rank of the difference that is the lower end.
    fn interval_rank(&self, alpha: f64) -> Option<u64> {
        const EXACT_UP_TO: usize = 50;
        let mut pooled = [self.before.as_slice(), self.after.as_slice()].concat();
        pooled.sort_unstable_by(f64::total_cmp);
        let tie_sizes = pooled.chunk_by(|left, right| left == right).map(|ties| ties.len() as f64);
        let ties: f64 = tie_sizes.map(|size| size * (size * size - 1.0)).sum();
        if ties == 0.0 && self.before.len().max(self.after.len()) <= EXACT_UP_TO {
            return exact_rank(self.before.len(), self.after.len(), alpha);
        }
        let (pairs, total) = (self.count() as f64, pooled.len() as f64);
        let variance = pairs / 12.0 * (total + 1.0 - ties / (total * (total - 1.0)));
        let rank = (pairs / 2.0 + 0.5 + normal_quantile(alpha / 2.0) * variance.max(0.0).sqrt()).floor();
        (variance > 0.0 && rank >= 1.0).then_some(rank as u64)
    }
}

/// The smallest `q` with P(W ≤ q) ≥ `alpha` ÷ 2 for the Wilcoxon rank sum statistic W (from 0) of samples of `m` and `n`; `None`
/// when it is 0.
///
/// The ways to arrange the samples with W = w are the coefficients of the Gaussian binomial, the product over i up to `m`
/// of (1 − x^(n+i)) ÷ (1 − x^i) (Andrews 1976, ch. 3). They are whole and fit: at most 100 choose 50.
fn exact_rank(m: usize, n: usize, alpha: f64) -> Option<u64> {
    // The distribution is symmetric: the lower half holds the rank.
    let mut ways = vec![0_i128; m * n / 2 + 1];
    ways[0] = 1;
    let mut total = 1_i128;
    for i in 1..=m {
        for w in (n + i..ways.len()).rev() {
            ways[w] -= ways[w - n - i];
        }
        for w in i..ways.len() {
            ways[w] += ways[w - i];
        }
        total = total * (n + i) as i128 / i as i128;
    }
    let mut so_far = 0;
    let rank = ways.iter().position(|count| {
        so_far += count;
        so_far as f64 / total as f64 >= alpha / 2.0
    })?;
    (rank > 0).then_some(rank as u64)
}

/// Maps finite numbers to integers in the same order.
fn ordinal(number: f64) -> i64 {
    let bits = number.to_bits() as i64;
    if bits < 0 { i64::MIN.wrapping_sub(bits) } else { bits }
}

/// The inverse of [`ordinal`].
fn number(ordinal: i64) -> f64 {
    let bits = if ordinal < 0 { i64::MIN.wrapping_sub(ordinal) } else { ordinal };
    f64::from_bits(bits as u64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::statistics::reference::{close, differences, numbers, rows};

    #[test]
    fn shifts_agree_with_r() {
        for row in rows(&differences()["shifts"]) {
            let (before, after) = (numbers(&row["before"]), numbers(&row["after"]));
            let found = hodges_lehmann_difference(&before, &after).unwrap();
            close(found.estimate, row["estimate"].as_f64());
            close(found.low, row["low"].as_f64());
            close(found.high, row["high"].as_f64());
        }
    }

    #[test]
    fn small_samples_show_no_change() {
        let check = |before: &[f64], after: &[f64], estimate, has_interval| {
            let found = hodges_lehmann_difference(before, after).unwrap();
            assert_eq!(
                (found.estimate, found.low.is_some(), found.high.is_some()),
                (estimate, has_interval, has_interval)
            );
        };
        check(&[1.0], &[4.0], Some(3.0), false);
        check(&[1.0, 2.0, 3.0], &[11.0, 12.0, 13.0], Some(10.0), false);
        check(&[1.0, 2.0, 3.0, 4.0], &[11.5, 12.5, 13.5, 14.5], Some(10.5), true);
        check(&[2.0; 30], &[2.0; 30], Some(0.0), false);
        assert_eq!(hodges_lehmann_difference(&[], &[1.0]), None);
        assert_eq!(hodges_lehmann_difference(&[f64::NAN], &[1.0]), None);
        assert_eq!(hodges_lehmann_ratio(&[0.0], &[1.0]), None);
    }

    #[test]
    fn half_the_time_is_a_ratio_of_one_half() {
        let before: Vec<f64> = (1..=30).map(|n| f64::from(n * n)).collect();
        let after: Vec<f64> = before.iter().map(|value| value / 64.0).collect();
        let found = hodges_lehmann_ratio(&before, &after).unwrap();
        close(found.estimate, Some(1.0 / 64.0));
        assert!(found.excludes_none());
        assert!(!hodges_lehmann_ratio(&before, &before).unwrap().excludes_none());
    }

    proptest! {
        #[test]
        fn ranked_differences_are_those_of_the_sorted_pairs(
            before in prop::collection::vec(-9..9i32, 1..12),
            after in prop::collection::vec(-9..9i32, 1..12),
        ) {
            let floats = |values: &[i32]| values.iter().map(|value| f64::from(*value) / 3.0).collect::<Vec<_>>();
            let (before, after) = (floats(&before), floats(&after));
            let mut all: Vec<f64> = after.iter().flat_map(|after| before.iter().map(move |before| after - before)).collect();
            all.sort_by(f64::total_cmp);
            let pairs = Differences::new(&before, &after).unwrap();
            for (index, expected) in all.iter().enumerate() {
                prop_assert_eq!(pairs.ranked(index as u64 + 1), *expected);
            }
        }

        #[test]
        fn the_order_of_the_samples_says_nothing(
            mut before in prop::collection::vec(0.1..99.0f64, 1..70),
            after in prop::collection::vec(0.1..99.0f64, 1..70),
        ) {
            let found = hodges_lehmann_difference(&before, &after).unwrap();
            before.reverse();
            prop_assert_eq!(hodges_lehmann_difference(&before, &after), Some(found));
            prop_assert!(found.low.is_none_or(|low| Some(low) <= found.estimate && found.estimate <= found.high));
        }
    }
}
