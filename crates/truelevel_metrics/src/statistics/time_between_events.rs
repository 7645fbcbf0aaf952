//! Charts of the time between rare events (t-charts), where counts per week are too small to chart.

use super::xmr::{Chart, NoChart, chart};

/// The chart of the times between successive events, in their order and in any unit: an individuals chart of
/// `time^(1 ÷ 3.6)`, which makes exponential times nearly normal (Nelson 1994). Above the upper limit events have become
/// rarer than usual; below the lower, more frequent.
///
/// The lower limit is `None` when it would fall below zero, as it does unless events are very even; runs still show
/// events becoming more frequent. Times of zero are allowed, negative ones are off the scale. At least 6 times.
pub fn time_between_events_chart(times: &[f64]) -> Result<Chart, NoChart> {
    const EXPONENT: f64 = 3.6;
    chart(
        times,
        |time| time >= 0.0 && time.is_finite(),
        |time| time.powf(1.0 / EXPONENT),
        |point| (point >= 0.0).then(|| point.powf(EXPONENT)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statistics::{Side, Signal};

    #[test]
    fn a_long_quiet_time_is_a_signal() {
        let mut times = vec![3.0, 5.0, 4.0, 6.0, 3.5, 4.5, 5.5, 4.0, 3.0, 5.0];
        assert_eq!(time_between_events_chart(&times).unwrap().signals, []);
        times.push(60.0);
        let signals = time_between_events_chart(&times).unwrap().signals;
        assert!(signals.contains(&Signal::Beyond { index: 10, side: Side::Above }), "{signals:?}");
    }

    #[test]
    fn simultaneous_events_are_charted_and_reversed_time_is_not() {
        assert_eq!(time_between_events_chart(&[0.0; 6]).unwrap().upper, 0.0);
        assert_eq!(time_between_events_chart(&[1.0, -1.0]), Err(NoChart::OffScale { index: 1 }));
    }
}
