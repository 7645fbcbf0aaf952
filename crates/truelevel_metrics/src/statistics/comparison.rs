//! What a comparison of two windows says, by itself and among others. It must not know how the comparison was made.

use super::ALPHA;
use super::distributions::{normal_deviate, normal_two_sided_tail};

/// Of the comparisons that are called changes, so many may be none, on average.
pub const FALSE_DISCOVERY_RATE: f64 = 0.05;

/// How two windows were contrasted, which decides what "no change" is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Contrast {
    /// After minus before, in the unit of the values; no change is 0.
    Difference,
    /// After divided by before, without a unit; no change is 1.
    Ratio,
}

/// A contrast of two windows with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// Difference or ratio.
    pub contrast: Contrast,
    /// The contrast itself; `None` where it is not defined (a ratio to nothing).
    pub estimate: Option<f64>,
    /// Lower end; `None` when nothing bounds the contrast from below.
    pub low: Option<f64>,
    /// Upper end; `None` when nothing bounds the contrast from above.
    pub high: Option<f64>,
}

impl Comparison {
    const fn none(&self) -> f64 {
        match self.contrast {
            Contrast::Difference => 0.0,
            Contrast::Ratio => 1.0,
        }
    }

    /// Whether the interval excludes "no change"; only then is a difference called a change.
    pub fn excludes_none(&self) -> bool {
        let none = self.none();
        self.low.is_some_and(|low| low > none) || self.high.is_some_and(|high| high < none)
    }

    /// Whether an interval that excludes "no change" lies above it.
    pub fn is_rise(&self) -> bool {
        self.low.is_some_and(|low| low > self.none())
    }

    /// The chance that a contrast of nothing lies at least as far from "no change": read off the interval, on the side of
    /// "no change", as Altman and Bland (2011) do; ratios on logarithms. Where there is no estimate to read it off, the
    /// interval says only whether it is below 5 %.
    pub fn p(&self) -> f64 {
        let onto = |value: f64| match self.contrast {
            Contrast::Difference => value,
            Contrast::Ratio => value.ln(),
        };
        let estimate = self.estimate.map(onto);
        let end = if estimate.is_none_or(|estimate| estimate > 0.0) { self.low } else { self.high };
        let z = estimate.zip(end.map(onto)).map(|(estimate, end)| (estimate / (estimate - end)).abs());
        match z.filter(|z| z.is_finite()) {
            Some(z) => normal_two_sided_tail(z * normal_deviate()),
            None if self.excludes_none() => ALPHA,
            None => 1.0,
        }
    }

    /// A difference of logarithms, read as a ratio.
    pub(super) fn exponentiated(self) -> Self {
        Self {
            contrast: Contrast::Ratio,
            estimate: self.estimate.map(f64::exp),
            low: self.low.map(f64::exp),
            high: self.high.map(f64::exp),
        }
    }
}

/// Which of many comparisons still stand when at most 5 % of those that are called changes are to be none, on average
/// (Benjamini and Hochberg 1995): the smallest chances, as far as the k-th of n is at most 5 % · k ÷ n. It holds for
/// independent comparisons and for those that tend to move together (Benjamini and Yekutieli 2001).
pub fn discoveries(chances: &[f64]) -> Vec<bool> {
    let mut sorted = chances.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let n = chances.len() as f64;
    let stands = |(place, chance): &(usize, &f64)| **chance <= FALSE_DISCOVERY_RATE * (*place as f64 + 1.0) / n;
    let limit = sorted.iter().enumerate().rfind(stands).map(|(_, chance)| *chance);
    chances.iter().map(|chance| limit.is_some_and(|limit| *chance <= limit)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_published_example_has_its_four_discoveries() {
        // Benjamini and Hochberg 1995, §4.1.
        let chances = [
            0.0001, 0.0004, 0.0019, 0.0095, 0.0201, 0.0278, 0.0298, 0.0344, 0.0459, 0.3240, 0.4262, 0.5719, 0.6528,
            0.7590, 1.0,
        ];
        assert_eq!(discoveries(&chances).iter().filter(|stands| **stands).count(), 4);
        let reversed: Vec<f64> = chances.iter().rev().copied().collect();
        assert_eq!(discoveries(&reversed).iter().position(|stands| *stands), Some(11));
        assert_eq!(discoveries(&[]), [] as [bool; 0]);
        assert_eq!(discoveries(&[0.05]), [true], "a single comparison is not corrected");
    }

    #[test]
    fn a_chance_is_read_off_the_interval() {
        // Altman and Bland 2011: a difference of 5.4 (95 %: −1.0 to 11.8) has P = 0.10, and an odds ratio of 0.81
        // (0.70 to 0.94) P = 0.005.
        let difference =
            Comparison { contrast: Contrast::Difference, estimate: Some(5.4), low: Some(-1.0), high: Some(11.8) };
        assert_eq!(format!("{:.2}", difference.p()), "0.10");
        let ratio = Comparison { contrast: Contrast::Ratio, estimate: Some(0.81), low: Some(0.70), high: Some(0.94) };
        assert_eq!(format!("{:.3}", ratio.p()), "0.006", "by the end towards no change");
        let from_nothing = Comparison { contrast: Contrast::Ratio, estimate: None, low: Some(1.2), high: None };
        assert_eq!(from_nothing.p(), ALPHA);
        let nothing = Comparison { estimate: Some(0.0), low: Some(0.0), high: Some(0.0), ..difference };
        assert_eq!(nothing.p(), 1.0);
    }
}
