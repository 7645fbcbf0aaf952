//! The distribution functions that the methods share. They must not know what is being measured.
//!
//! The special functions come from `statrs`. Its inverse of the incomplete beta is not used: it is off in the third
//! digit for 3 of 1,000,000 and has loops without a bound; ours is bracketed. Its incomplete beta stops after 140 terms,
//! which from a million trials on is too few near the centre of the distribution and enough (to 1e-9) in the tails that
//! intervals are made of; the searches here therefore stay out of the centre.

use statrs::distribution::{ContinuousCDF, Gamma, Normal};
use statrs::function::{beta::beta_reg, erf::erfc, gamma::ln_gamma};

use super::ALPHA;

/// The standard normal quantile. `p` lies strictly between 0 and 1.
pub(super) fn normal_quantile(p: f64) -> f64 {
    Normal::standard().inverse_cdf(p)
}

/// The standard normal deviate of a two-sided 95 % interval, 1.96.
pub(super) fn normal_deviate() -> f64 {
    -normal_quantile(ALPHA / 2.0)
}

/// The chance that a standard normal variable is at least as far from zero as `z`.
pub(super) fn normal_two_sided_tail(z: f64) -> f64 {
    erfc(z.abs() / std::f64::consts::SQRT_2)
}

/// The quantile of the gamma distribution with this shape (above 0) and scale 1; `p` strictly between 0 and 1.
pub(super) fn gamma_quantile(p: f64, shape: f64) -> f64 {
    Gamma::new(shape, 1.0).expect("callers give a positive, finite shape").inverse_cdf(p)
}

/// The quantile of the beta distribution; `a`, `b` above 0, `p` strictly between 0 and 1.
///
/// Newton's method kept inside a bracket that halves whenever a step would leave it.
pub(super) fn beta_quantile(p: f64, a: f64, b: f64) -> f64 {
    const MAX_STEPS: usize = 300;
    let ln_beta = ln_gamma(a) + ln_gamma(b) - ln_gamma(a + b);
    let (mut low, mut high) = (0.0_f64, 1.0_f64);
    let mut x = a / (a + b);
    for _ in 0..MAX_STEPS {
        let excess = beta_reg(a, b, x) - p;
        if excess >= 0.0 {
            high = x;
        } else {
            low = x;
        }
        let density = ((a - 1.0) * x.ln() + (b - 1.0) * (-x).ln_1p() - ln_beta).exp();
        let newton = x - excess / density;
        let next = if newton > low && newton < high { newton } else { low.midpoint(high) };
        if (next - x).abs() <= f64::EPSILON * x {
            return next;
        }
        x = next;
    }
    x
}

/// The chance of at most `k` successes in `n` trials, each with chance `p` (strictly between 0 and 1).
fn binomial_cdf(k: u64, n: u64, p: f64) -> f64 {
    if k >= n { 1.0 } else { beta_reg((n - k) as f64, k as f64 + 1.0, 1.0 - p) }
}

/// The largest `r` from 1 to `n` with P(B ≤ r − 1) ≤ `tail` for B ~ Binomial(`n`, `p`), if there is one; `tail` is at
/// most 0.05.
pub(super) fn largest_rank_in_tail(n: u64, p: f64, tail: f64) -> Option<u64> {
    let fits = |rank: u64| binomial_cdf(rank - 1, n, p) <= tail;
    if n == 0 || !fits(1) {
        return None;
    }
    // More than half a standard deviation below the mean is never needed when the tail is at most 0.05, and it keeps
    // the search where the incomplete beta is exact.
    let mean = n as f64 * p;
    let deviation = (mean * (1.0 - p)).sqrt();
    let (mut inside, mut outside) = (1, ((mean - deviation / 2.0).ceil().max(1.0) as u64).min(n).saturating_add(1));
    while outside - inside > 1 {
        let middle = inside.midpoint(outside);
        if fits(middle) {
            inside = middle;
        } else {
            outside = middle;
        }
    }
    Some(inside)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_beta_quantile_inverts_the_beta_distribution() {
        for (a, b) in [(0.3, 0.4), (1.0, 59.0), (3.0, 999_998.0), (50.5, 2.0), (5e5, 5e5), (0.05, 4.0)] {
            for p in [0.025, 0.5, 0.975] {
                let x = beta_quantile(p, a, b);
                // Near the centre of so many trials the incomplete beta is not exact.
                if !(p == 0.5 && a > 1e5) {
                    assert!((beta_reg(a, b, x) - p).abs() < 1e-9, "{a} {b} {p} {x}");
                }
            }
        }
    }

    #[test]
    fn tails_hold_no_more_than_they_may() {
        for n in 1..200 {
            for p in [0.1, 0.5, 0.75, 0.9] {
                for tail in [0.025, 0.05] {
                    let found = largest_rank_in_tail(n, p, tail);
                    let expected = (1..=n).rev().find(|rank| binomial_cdf(rank - 1, n, p) <= tail);
                    assert_eq!(found, expected, "{n} {p} {tail}");
                }
            }
        }
    }
}
