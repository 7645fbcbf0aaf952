//! What a comparison of two windows says. It must not know how the comparison was made.

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
    /// Whether the interval excludes "no change"; only then is a difference called a change.
    pub fn excludes_none(&self) -> bool {
        let none = match self.contrast {
            Contrast::Difference => 0.0,
            Contrast::Ratio => 1.0,
        };
        self.low.is_some_and(|low| low > none) || self.high.is_some_and(|high| high < none)
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
