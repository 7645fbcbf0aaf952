//! Trends of a series: how steep (Theil–Sen) and whether any (Mann–Kendall). Both take points for independent; weekly
//! values that depend on each other show trends that are none.

use super::distributions::{normal_quantile, normal_two_sided_tail};
use super::{ALPHA, Interval};

/// One point of a series.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Point {
    /// When, in any unit (weeks).
    pub at: f64,
    /// The value, in any unit.
    pub value: f64,
}

/// A slope that single outliers do not move.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TheilSen {
    /// Unit of the value per unit of time.
    pub slope: f64,
    /// The median of what is left of the values without the slope, at time 0.
    pub intercept: f64,
    /// Sen's 95 % interval of the slope; `None` with fewer than 5 distinct points, or so many ties that 95 % is out of
    /// reach.
    pub interval: Option<Interval>,
}

impl TheilSen {
    /// Whether the interval excludes a slope of zero.
    pub fn excludes_none(&self) -> bool {
        self.interval.is_some_and(|interval| !interval.contains(0.0))
    }
}

/// The median of the slopes between all pairs of points (Theil 1950), its interval from the variance of Kendall's S with
/// ties (Sen 1968, eq. 2.6), ranks rounded to the nearest as SciPy does. The order of the points says nothing. O(n²) time
/// and memory: for weeks, not for single events.
///
/// `None` when no two points differ in time, or a number is not finite.
pub fn theil_sen(points: &[Point]) -> Option<TheilSen> {
    theil_sen_missing(points, ALPHA)
}

/// The same with an interval that misses with the chance `alpha`, between 0 and 1: of several intervals that are to hold
/// together, each may miss less (Bonferroni).
pub fn theil_sen_missing(points: &[Point], alpha: f64) -> Option<TheilSen> {
    if points.iter().any(|point| !(point.at.is_finite() && point.value.is_finite())) {
        return None;
    }
    let mut slopes = Vec::with_capacity(points.len() * points.len().saturating_sub(1) / 2);
    for (index, left) in points.iter().enumerate() {
        for right in &points[index + 1..] {
            if left.at != right.at {
                slopes.push((right.value - left.value) / (right.at - left.at));
            }
        }
    }
    if slopes.is_empty() || slopes.iter().any(|slope| !slope.is_finite()) {
        return None;
    }
    let (lower, upper) = ((slopes.len() - 1) / 2, slopes.len() / 2);
    let slope = nth(&mut slopes, lower).midpoint(nth(&mut slopes, upper));
    let rests: Vec<f64> = points.iter().map(|point| point.value - slope * point.at).collect();
    let intercept = super::median(&rests)?;
    let ties: f64 = [points.iter().map(|point| point.at).collect(), points.iter().map(|point| point.value).collect()]
        .into_iter()
        .map(tie_term)
        .sum();
    // Each term is 18 times the variance that it stands for.
    let variance = (pairs_term(points.len() as f64) - ties) / 18.0;
    Some(TheilSen { slope, intercept, interval: sen_interval(&mut slopes, variance, alpha) })
}

fn sen_interval(slopes: &mut [f64], variance: f64, alpha: f64) -> Option<Interval> {
    let pairs = slopes.len() as f64;
    let reach = -normal_quantile(alpha / 2.0) * variance.max(0.0).sqrt();
    let low_rank = ((pairs - reach) / 2.0).round_ties_even();
    let high_index = ((pairs + reach) / 2.0).round_ties_even() as usize;
    if low_rank < 1.0 || variance <= 0.0 || high_index >= slopes.len() {
        return None;
    }
    Some(Interval { low: nth(slopes, low_rank as usize - 1), high: nth(slopes, high_index) })
}

/// The value that sorting would bring to a place: of the slopes of a thousand points only a few places are asked for.
fn nth(values: &mut [f64], place: usize) -> f64 {
    *values.select_nth_unstable_by(place, f64::total_cmp).1
}

/// Whether a series rises or falls, as a test.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct MannKendall {
    /// Kendall's S: pairs that rise minus pairs that fall.
    pub s: i64,
    /// The variance of S without a trend, ties counted.
    pub variance: f64,
    /// S moved one towards zero (the continuity correction), in standard deviations.
    pub z: f64,
    /// The two-sided chance of an S at least as far from zero without a trend, by the normal approximation; good from
    /// about 10 points on.
    pub p: f64,
}

/// The Mann–Kendall test of a series in its order (Mann 1945; Kendall 1975; ties as in Gilbert 1987). O(n²).
///
/// `None` with fewer than 3 values, when all are equal, or when one is not finite. Report [`theil_sen`] with its
/// interval beside it: a chance alone says nothing of size.
pub fn mann_kendall(values: &[f64]) -> Option<MannKendall> {
    if values.len() < 3 || values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let mut s = 0_i64;
    for (index, left) in values.iter().enumerate() {
        for right in &values[index + 1..] {
            s += i64::from(right > left) - i64::from(right < left);
        }
    }
    let variance = (pairs_term(values.len() as f64) - tie_term(values.to_vec())) / 18.0;
    if variance <= 0.0 {
        return None;
    }
    let z = (s - s.signum()) as f64 / variance.sqrt();
    Some(MannKendall { s, variance, z, p: normal_two_sided_tail(z) })
}

fn pairs_term(n: f64) -> f64 {
    n * (n - 1.0) * (2.0 * n + 5.0)
}

fn tie_term(mut values: Vec<f64>) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    values.chunk_by(|left, right| left == right).map(|ties| pairs_term(ties.len() as f64)).sum()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::statistics::reference::{close, close_interval, numbers, rows, series};

    fn points(values: &[f64]) -> Vec<Point> {
        values.iter().enumerate().map(|(index, value)| Point { at: index as f64, value: *value }).collect()
    }

    #[test]
    fn slopes_agree_with_scipy() {
        for row in rows(&series()["trends"]) {
            let at = numbers(&row["at"]);
            let points: Vec<_> =
                at.into_iter().zip(numbers(&row["values"])).map(|(at, value)| Point { at, value }).collect();
            let trend = theil_sen(&points).unwrap();
            close(Some(trend.slope), row["slope"].as_f64());
            close(Some(trend.intercept), row["intercept"].as_f64());
            close_interval(trend.interval, &row["interval"]);
        }
    }

    #[test]
    fn mann_kendall_agrees_with_pymannkendall() {
        for row in rows(&series()["trends"]) {
            let found = mann_kendall(&numbers(&row["values"])).unwrap();
            let expected = &row["mann_kendall"];
            assert_eq!(found.s as f64, expected["s"].as_f64().unwrap());
            close(Some(found.variance), expected["variance"].as_f64());
            close(Some(found.z), expected["z"].as_f64());
            close(Some(found.p), expected["p"].as_f64());
        }
    }

    #[test]
    fn too_little_shows_no_trend() {
        assert_eq!(theil_sen(&[]), None);
        assert_eq!(theil_sen(&points(&[3.0])), None);
        let four = theil_sen(&points(&[1.0, 2.0, 3.0, 4.0])).unwrap();
        assert_eq!((four.slope, four.interval), (1.0, None));
        assert!(theil_sen(&points(&[1.0, 2.0, 3.0, 4.0, 5.0])).unwrap().excludes_none());
        assert_eq!(theil_sen(&points(&[2.0; 9])).unwrap().interval, None);
        assert_eq!(mann_kendall(&[1.0, 2.0]), None);
        assert_eq!(mann_kendall(&[1.0; 9]), None);
    }

    proptest! {
        #[test]
        fn the_order_of_points_says_nothing_of_the_slope(
            (points, shuffled) in prop::collection::vec((0..30u32, 0..90u32), 2..30)
                .prop_map(|seen| -> Vec<_> {
                    seen.into_iter().map(|(at, value)| Point { at: at.into(), value: value.into() }).collect()
                })
                .prop_flat_map(|points| (Just(points.clone()), Just(points).prop_shuffle())),
        ) {
            prop_assert_eq!(theil_sen(&points), theil_sen(&shuffled));
            if let Some(TheilSen { slope, interval: Some(interval), .. }) = theil_sen(&points) {
                prop_assert!(interval.contains(slope));
            }
        }

        #[test]
        fn a_reversed_series_has_the_opposite_trend(mut values in prop::collection::vec(0..50i32, 3..40)) {
            let series = |values: &[i32]| values.iter().copied().map(f64::from).collect::<Vec<_>>();
            let before = mann_kendall(&series(&values)).map(|trend| trend.s);
            values.reverse();
            prop_assert_eq!(before, mann_kendall(&series(&values)).map(|trend| -trend.s));
        }
    }
}
