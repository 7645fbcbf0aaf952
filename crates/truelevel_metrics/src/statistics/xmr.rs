//! Individuals and moving range charts (XmR): which points of a series are more than its usual variation.

/// The scale on which a chart is computed; its results are always given in the unit of the values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scale {
    /// The values as they are.
    Linear,
    /// Their natural logarithms: for durations, whose raw charts cry wolf.
    Logarithmic,
}

/// Which side of the centre.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// Above it.
    Above,
    /// Below it.
    Below,
}

/// Something in a series that its usual variation does not explain. Positions count from 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Signal {
    /// A point beyond a limit.
    Beyond {
        /// Which point.
        index: usize,
        /// Beyond which limit.
        side: Side,
    },
    /// Eight or more points in a row on one side of the centre; a point on the centre ends a run.
    Run {
        /// The first point of the run.
        first: usize,
        /// Its last point.
        last: usize,
        /// On which side.
        side: Side,
    },
}

/// A process behaviour chart.
#[derive(Clone, Debug, PartialEq)]
pub struct Chart {
    /// The centre line: the mean on the chart's scale (on the logarithmic one, the geometric mean), in the unit of the
    /// values.
    pub centre: f64,
    /// The lower limit, in the unit of the values; `None` where the scale has none above zero (time between events).
    pub lower: Option<f64>,
    /// The upper limit, in the unit of the values.
    pub upper: f64,
    /// The mean moving range, on the chart's scale.
    pub mean_moving_range: f64,
    /// The upper limit of a moving range, on the chart's scale.
    pub moving_range_limit: f64,
    /// Points beyond limits in order, then runs in order.
    pub signals: Vec<Signal>,
}

/// Why there is no chart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NoChart {
    /// Fewer than [`individuals_chart`] needs.
    TooFewPoints {
        /// How many there are.
        points: usize,
        /// How many are needed.
        needed: usize,
    },
    /// A value that has no place on the scale: not finite, or not positive (negative, for times between events).
    OffScale {
        /// Which one.
        index: usize,
    },
}

const NEEDED: usize = 6;
const RUN_LENGTH: usize = 8;

/// The chart of a series in its order, all of its points the baseline: limits at mean ± 2.66 mean moving ranges, moving
/// range limit 3.267 (3 ÷ d₂ and D₄ for pairs: Shewhart 1931; Wheeler and Chambers 1992). At least 6 points; 10 to 12
/// are better.
///
/// A series without variation has limits at its value and no signals.
pub fn individuals_chart(values: &[f64], scale: Scale) -> Result<Chart, NoChart> {
    match scale {
        Scale::Linear => chart(values, f64::is_finite, |value| value, Some),
        Scale::Logarithmic => {
            chart(values, |value| value > 0.0 && value.is_finite(), f64::ln, |value| Some(value.exp()))
        }
    }
}

/// The chart on the scale that `onto` leads to; `back` is `None` where a limit has no counterpart.
pub(super) fn chart(
    values: &[f64],
    is_on_scale: impl Fn(f64) -> bool,
    onto: impl Fn(f64) -> f64,
    back: impl Fn(f64) -> Option<f64>,
) -> Result<Chart, NoChart> {
    const INDIVIDUALS_FACTOR: f64 = 2.66;
    const MOVING_RANGE_FACTOR: f64 = 3.267;
    if let Some(index) = values.iter().position(|value| !is_on_scale(*value)) {
        return Err(NoChart::OffScale { index });
    }
    if values.len() < NEEDED {
        return Err(NoChart::TooFewPoints { points: values.len(), needed: NEEDED });
    }
    let points: Vec<f64> = values.iter().map(|value| onto(*value)).collect();
    let centre = points.iter().sum::<f64>() / points.len() as f64;
    let ranges = points.windows(2).map(|pair| (pair[1] - pair[0]).abs());
    let mean_moving_range = ranges.sum::<f64>() / (points.len() - 1) as f64;
    let reach = INDIVIDUALS_FACTOR * mean_moving_range;
    Ok(Chart {
        centre: back(centre).expect("the mean of points on the scale is on it"),
        lower: back(centre - reach),
        upper: back(centre + reach).expect("whatever is above the centre is on the scale"),
        mean_moving_range,
        moving_range_limit: MOVING_RANGE_FACTOR * mean_moving_range,
        signals: signals(&points, centre, reach),
    })
}

fn signals(points: &[f64], centre: f64, reach: f64) -> Vec<Signal> {
    let largest = points.iter().fold(0.0, |largest: f64, point| largest.max(point.abs()));
    // The mean of equal values may differ from them in the last digits.
    let tolerance = 1e-12 * largest;
    let side = |point: f64, distance: f64| match point - centre {
        away if away > distance + tolerance => Some(Side::Above),
        away if away < -distance - tolerance => Some(Side::Below),
        _ => None,
    };
    let beyond = points
        .iter()
        .enumerate()
        .filter_map(|(index, point)| Some(Signal::Beyond { index, side: side(*point, reach)? }));
    let sides: Vec<Option<Side>> = points.iter().map(|point| side(*point, 0.0)).collect();
    let mut first = 0;
    let runs = sides.chunk_by(|left, right| left == right).filter_map(|run| {
        let start = first;
        first += run.len();
        let side = run[0]?;
        (run.len() >= RUN_LENGTH).then_some(Signal::Run { first: start, last: first - 1, side })
    });
    beyond.chain(runs).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::reference::{close, numbers, rows, series};

    #[test]
    fn limits_agree_with_the_reference() {
        for row in rows(&series()["charts"]) {
            let values = numbers(&row["values"]);
            let chart = match row["scale"].as_str().unwrap() {
                "linear" => individuals_chart(&values, Scale::Linear),
                "logarithmic" => individuals_chart(&values, Scale::Logarithmic),
                _ => crate::statistics::time_between_events_chart(&values),
            }
            .unwrap();
            close(Some(chart.centre), row["centre"].as_f64());
            close(chart.lower, row["lower"].as_f64());
            close(Some(chart.upper), row["upper"].as_f64());
            close(Some(chart.moving_range_limit), row["moving_range_limit"].as_f64());
        }
    }

    #[test]
    fn signals_are_points_beyond_limits_and_long_runs() {
        let check = |values: &[f64], expected: &[Signal]| {
            assert_eq!(individuals_chart(values, Scale::Linear).unwrap().signals, expected);
        };
        check(&[5.0, 6.0, 5.0, 6.0, 5.0, 6.0, 5.0, 6.0], &[]);
        check(&[0.1; 12], &[]);
        let spike = [5.0, 6.0, 5.0, 6.0, 5.0, 6.0, 5.0, 6.0, 5.0, 6.0, 5.0, 6.0, 40.0];
        check(
            &spike,
            &[Signal::Beyond { index: 12, side: Side::Above }, Signal::Run { first: 0, last: 11, side: Side::Below }],
        );
        let run = |last| Signal::Run { first: 0, last, side: Side::Above };
        check(&[5.0, 6.0, 5.0, 6.0, 5.0, 6.0, 5.0, 3.0, 2.0, 3.0, 2.0, 3.0, 2.0, 3.0], &[]);
        check(&[5.0, 6.0, 5.0, 6.0, 5.0, 6.0, 5.0, 6.0, 4.0, 3.0, 4.0, 3.0, 4.0, 3.0], &[run(7)]);
    }

    #[test]
    fn a_series_that_cannot_be_charted_says_why() {
        let few = NoChart::TooFewPoints { points: 5, needed: 6 };
        assert_eq!(individuals_chart(&[1.0; 5], Scale::Linear), Err(few));
        assert_eq!(individuals_chart(&[1.0, 0.0], Scale::Logarithmic), Err(NoChart::OffScale { index: 1 }));
        assert_eq!(individuals_chart(&[f64::NAN; 7], Scale::Linear), Err(NoChart::OffScale { index: 0 }));
    }
}
