//! What trends say, a sentence each, and only where they say something.

use truelevel_model::assessment::Assessment;
use truelevel_model::trend::{ChartKind, SignalRule, SignalSide, Trend, TrendChart, TrendSignal, TrendVerdict};
use truelevel_model::{Time, Unit};

use crate::{numbers, words};

/// A signal is worth a line for so long.
const RECENT_DAYS: u32 = 28;

/// A sentence for each key that moves, or that did something unusual of late.
pub fn sentences(assessment: &Assessment) -> Vec<String> {
    let key = |(id, name): (&str, &str)| sentence(name, assessment.trends.get(id)?, assessment.as_of);
    words::KEYS.into_iter().filter_map(key).collect()
}

fn sentence(name: &str, trend: &Trend, as_of: Time) -> Option<String> {
    if let Some(moves) = direction(trend) {
        return Some(format!("{name} is {moves}."));
    }
    let chart = trend.chart.as_ref()?;
    let recent = |signal: &&TrendSignal| signal.last >= as_of.minus_days(RECENT_DAYS);
    let newest = chart.signals.iter().filter(recent).max_by_key(|signal| signal.last)?;
    Some(format!("{name}: {}.", unusual(trend, chart, newest)))
}

/// What a chart of the trend says of its course, to go on after `;`.
pub(crate) fn verdict(trend: &Trend) -> String {
    let of_chart = |chart: &TrendChart| match chart.signals.iter().max_by_key(|signal| signal.last) {
        Some(signal) => unusual(trend, chart, signal),
        None if chart.kind == ChartKind::DaysBetweenEvents => {
            format!("one in {} days is usual, and nothing speaks for another pace", numbers::digits(chart.centre))
        }
        None => "nothing beyond what noise explains".to_owned(),
    };
    match (direction(trend), &trend.chart) {
        (Some(moves), _) => moves,
        (None, Some(chart)) => of_chart(chart),
        (None, None) => trend.note.clone().unwrap_or_else(|| "too few weeks to tell a change from noise".to_owned()),
    }
}

fn direction(trend: &Trend) -> Option<String> {
    let direction = &trend.direction;
    let verb = match direction.verdict {
        TrendVerdict::Rising => "rising",
        TrendVerdict::Falling => "falling",
        TrendVerdict::NoChangeShown | TrendVerdict::TooLittleData => return None,
    };
    let value = |value: f64| numbers::value(trend.unit, value.max(0.0));
    let slope = |slope: f64| match trend.unit {
        _ if direction.is_factor => signed((slope - 1.0) * 100.0, "%"),
        Unit::Ratio => signed(slope * 100.0, "points"),
        unit => format!("{}{}", sign(slope), numbers::value(unit, slope.abs())),
    };
    let meaning = match trend.is_improvement() {
        Some(true) => ", for the better",
        Some(false) => ", for the worse",
        None => "",
    };
    Some(format!(
        "{verb}{meaning}: from about {} to {} over {} weeks (95 %: {} to {} a week)",
        value(direction.from?),
        value(direction.to?),
        trend.points.len(),
        slope(direction.slope_low?),
        slope(direction.slope_high?)
    ))
}

fn sign(number: f64) -> &'static str {
    if number < 0.0 { "−" } else { "+" }
}

fn signed(number: f64, unit: &str) -> String {
    format!("{}{} {unit}", sign(number), numbers::digits(number.abs()))
}

fn unusual(trend: &Trend, chart: &TrendChart, signal: &TrendSignal) -> String {
    let (first, last) = (signal.first.date(), signal.last.date());
    let is_above = signal.side == SignalSide::Above;
    if chart.kind == ChartKind::DaysBetweenEvents {
        let often = if is_above { "rarer" } else { "more often" };
        let usual = numbers::digits(chart.centre);
        return match signal.rule {
            SignalRule::BeyondLimit if is_above => {
                let days = chart.between.iter().find(|event| event.at == signal.last).map_or(0.0, |event| event.days);
                format!("{} days without one before {last}, where {usual} are usual", numbers::digits(days))
            }
            _ => format!("{often} than one in {usual} days since {first}"),
        };
    }
    let side = if is_above { "above" } else { "below" };
    let value = |value: f64| numbers::value(trend.unit, value);
    match signal.rule {
        SignalRule::BeyondLimit => {
            let limit = if is_above { Some(chart.upper) } else { chart.lower };
            let limit = limit.map(|limit| format!(" ({})", value(limit))).unwrap_or_default();
            format!("the week from {last} lies {side} what noise explains{limit}")
        }
        SignalRule::RunOfEight => format!("{side} the usual {} since the week from {first}", value(chart.centre)),
    }
}

#[cfg(test)]
mod tests {
    use truelevel_model::trend::TrendDirection;

    use super::*;

    fn trend(verdict: TrendVerdict) -> Trend {
        let direction = TrendDirection {
            verdict,
            weeks: 26,
            is_factor: true,
            slope: Some(0.97),
            slope_low: Some(0.95),
            slope_high: Some(0.99),
            from: Some(108_000.0),
            to: Some(72_000.0),
            p: Some(0.001),
        };
        Trend {
            unit: Unit::Seconds,
            higher_is_better: Some(false),
            services: 1,
            points: Vec::new(),
            chart: None,
            direction,
            note: None,
        }
    }

    #[test]
    fn a_direction_is_said_with_its_ends_its_interval_and_whether_it_is_good() {
        let as_of = Time::from_seconds(0);
        let said = sentence("Change lead time", &trend(TrendVerdict::Falling), as_of).unwrap();
        assert!(
            said.starts_with("Change lead time is falling, for the better: from about 30 h to 20 h over"),
            "{said}"
        );
        assert!(said.ends_with("(95 %: −5 % to −1 % a week)."), "{said}");
        assert_eq!(sentence("Change lead time", &trend(TrendVerdict::NoChangeShown), as_of), None);
    }

    #[test]
    fn only_what_was_unusual_of_late_is_worth_a_line() {
        let day = |day: i64| Time::from_seconds(day * 86_400);
        let signal =
            TrendSignal { rule: SignalRule::BeyondLimit, side: SignalSide::Above, first: day(70), last: day(70) };
        let chart = TrendChart {
            kind: ChartKind::WeeklyLogarithms,
            centre: 3600.0,
            lower: Some(60.0),
            upper: 7200.0,
            between: Vec::new(),
            signals: vec![signal],
        };
        let charted = Trend { chart: Some(chart), ..trend(TrendVerdict::NoChangeShown) };
        assert_eq!(
            sentence("Change lead time", &charted, day(80)).as_deref(),
            Some("Change lead time: the week from 1970-03-12 lies above what noise explains (2 h).")
        );
        assert_eq!(sentence("Change lead time", &charted, day(200)), None);
    }
}
