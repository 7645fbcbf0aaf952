//! Numbers as people read them: a unit that fits, two or three digits that mean something.

use truelevel_model::assessment::MetricSpread;
use truelevel_model::time::{DAY_SECONDS, MONTH_DAYS, WEEK_DAYS};
use truelevel_model::{Band, Measurement, Unit};

/// A value in the words of its unit.
///
/// ```
/// use truelevel_model::Unit;
/// use truelevel_report::numbers::value;
/// assert_eq!(value(Unit::Seconds, 19_000.0), "5.3 h");
/// assert_eq!(value(Unit::PerDay, 0.5), "3.5 per week");
/// assert_eq!(value(Unit::Ratio, 0.0421), "4.2 %");
/// assert_eq!(value(Unit::Count, 2142.0), "2,142");
/// ```
pub fn value(unit: Unit, value: f64) -> String {
    match unit {
        Unit::Seconds => duration(value),
        Unit::PerDay => rate(value),
        Unit::Ratio => format!("{} %", digits(value * 100.0)),
        Unit::Count => digits(value),
    }
}

/// A duration.
pub fn duration(seconds: f64) -> String {
    let (number, unit) = match seconds {
        s if s < 60.0 => (s, "s"),
        s if s < 3600.0 => (s / 60.0, "min"),
        s if s < 2.0 * DAY_SECONDS => (s / 3600.0, "h"),
        s => (s / DAY_SECONDS, "days"),
    };
    format!("{} {unit}", digits(number))
}

fn rate(per_day: f64) -> String {
    if per_day == 0.0 {
        return "none".to_owned();
    }
    let (days, period) = period(per_day);
    format!("{} per {period}", digits(per_day * days))
}

/// The period in which a rate is told, with its days: the shortest in which it comes to one.
fn period(per_day: f64) -> (f64, &'static str) {
    match per_day {
        rate if rate >= 1.0 => (1.0, "day"),
        rate if rate * WEEK_DAYS >= 1.0 => (WEEK_DAYS, "week"),
        _ => (MONTH_DAYS, "month"),
    }
}

/// A number with thousands separated, and decimals only where they mean something.
pub fn digits(number: f64) -> String {
    let decimals = match number.abs() {
        n if n >= 10.0 || n == 0.0 || (n - n.round()).abs() < 1e-9 => 0,
        n if n >= 1.0 => 1,
        _ => 2,
    };
    let text = format!("{number:.decimals$}");
    let (sign, text) = text.strip_prefix('-').map_or(("", text.as_str()), |rest| ("-", rest));
    let (whole, rest) = text.find('.').map_or((text, ""), |dot| text.split_at(dot));
    let first = whole.len() % 3;
    let mut groups: Vec<&str> = Vec::new();
    if first > 0 {
        groups.push(&whole[..first]);
    }
    groups.extend((first..whole.len()).step_by(3).map(|at| &whole[at..at + 3]));
    format!("{sign}{}{rest}", groups.join(","))
}

/// A count with the noun it counts: `1 service`, `2 services`.
pub fn count(number: u64, noun: &str) -> String {
    let plural = match noun.strip_suffix('y') {
        Some(stem) if number != 1 && !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ if number != 1 => format!("{noun}s"),
        _ => noun.to_owned(),
    };
    format!("{} {plural}", digits(number as f64))
}

/// The value of a measurement, or the reason why there is none.
pub fn headline(measurement: &Measurement) -> String {
    match (measurement.value, measurement.at_least) {
        (Some(number), _) if measurement.is_lower_bound => format!("at least {}", value(measurement.unit, number)),
        (Some(number), _) => value(measurement.unit, number),
        (None, Some(least)) => format!("more than {}", value(measurement.unit, least)),
        (None, None) => "no value".to_owned(),
    }
}

/// The value for a table's cell: `≥ 3 h` where only a bound is known.
pub fn short(measurement: &Measurement) -> String {
    match (measurement.value, measurement.at_least) {
        (Some(number), _) if measurement.is_lower_bound => format!("≥ {}", value(measurement.unit, number)),
        (Some(number), _) => value(measurement.unit, number),
        (None, Some(least)) => format!("> {}", value(measurement.unit, least)),
        (None, None) => "–".to_owned(),
    }
}

/// The 95 % interval in words, if there is one. A lower bound has none: nothing limits it above.
pub fn interval(measurement: &Measurement) -> Option<String> {
    if measurement.is_lower_bound {
        return None;
    }
    if measurement.unit == Unit::PerDay {
        return interval_of_rate(measurement);
    }
    let low = value(measurement.unit, measurement.low?);
    Some(match measurement.high {
        Some(high) => {
            let high = value(measurement.unit, high);
            if low == high { low } else { format!("{low} to {high}") }
        }
        None => format!("{low} or more"),
    })
}

/// Both ends in the period of the value, so that the three can be compared.
fn interval_of_rate(measurement: &Measurement) -> Option<String> {
    let low = measurement.low?;
    let told = measurement.value.filter(|value| *value > 0.0).or(measurement.high).unwrap_or(low);
    let (days, period) = period(told);
    let low = digits(low * days);
    Some(match measurement.high.map(|high| digits(high * days)) {
        Some(high) if high == low => format!("{low} per {period}"),
        Some(high) => format!("{low} to {high} per {period}"),
        None => format!("{low} per {period} or more"),
    })
}

/// Whether a measurement says something: a lower bound of zero does not.
pub fn says_something(measurement: &Measurement) -> bool {
    let known = measurement.value.or(measurement.at_least);
    known.is_some_and(|value| !measurement.is_lower_bound || value > 0.0)
}

/// As [`short`], for a column of the same metric: rates are all per week, so that they can be compared.
pub fn in_a_column(measurement: &Measurement) -> String {
    match (measurement.unit, measurement.value) {
        (Unit::PerDay, Some(rate)) if rate > 0.0 && !measurement.is_lower_bound => {
            format!("{} per week", digits(rate * WEEK_DAYS))
        }
        _ => short(measurement),
    }
}

/// The 95 % interval, the sample and how many are still open, in little room.
pub fn behind(measurement: &Measurement) -> String {
    if measurement.value.is_none() {
        return String::new();
    }
    let per_week = |value: f64| digits(value * WEEK_DAYS);
    let interval = match (measurement.unit, measurement.low.zip(measurement.high)) {
        _ if measurement.is_lower_bound => None,
        (Unit::PerDay, Some((low, high))) => Some(format!("{} to {}", per_week(low), per_week(high))),
        _ => interval(measurement),
    };
    let open = (measurement.censored > 0).then(|| format!("{} open", digits(measurement.censored as f64)));
    let sample = (measurement.n > 0).then(|| format!("n {}", digits(measurement.n as f64)));
    interval.into_iter().chain(sample).chain(open).collect::<Vec<_>>().join("; ")
}

/// The bands of a key: of the only service, or how many services stand in each. In an edition of distributions, how many
/// respondents have a worse answer than the value.
pub fn bands(spread: &MetricSpread) -> Option<String> {
    let measured = &spread.measurement;
    if measured.percentile.is_some() {
        return percentiles(measured);
    }
    if spread.services == 1 {
        return band(measured);
    }
    let counts: Vec<String> = Band::ALL
        .iter()
        .rev()
        .map(|band| (spread.in_band(*band), band.as_str()))
        .filter(|(count, _)| *count > 0)
        .map(|(count, band)| format!("{count} {band}"))
        .collect();
    let (decided, known) = (spread.services_in_one_band, spread.services_by_band.values().sum::<u64>());
    let doubt = if decided < known {
        format!(" by value; the interval lies in one band for {decided} of {known}")
    } else {
        String::new()
    };
    (!counts.is_empty()).then(|| format!("{}{doubt}", counts.join(", ")))
}

/// The band of one service's measurement: two where its interval reaches several, and none where it has no interval.
pub fn band(measured: &Measurement) -> Option<String> {
    Some(match (measured.band_low?, measured.band_high?) {
        (low, high) if low == high => low.as_str().to_owned(),
        (low, high) => format!("{} to {}", low.as_str(), high.as_str()),
    })
}

/// `better than 43.6 to 75.6 % of respondents`: two ends where the interval reaches several answers.
pub fn percentiles(measured: &Measurement) -> Option<String> {
    let (low, high) = (measured.percentile_low?, measured.percentile_high?);
    let range = if low == high { low.to_string() } else { format!("{low} to {high}") };
    Some(format!("better than {range} % of respondents"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_take_the_unit_that_fits() {
        let check = |seconds: f64, expected: &str| assert_eq!(duration(seconds), expected);
        check(0.0, "0 s");
        check(59.0, "59 s");
        check(90.0, "1.5 min");
        check(3600.0, "1 h");
        check(86_400.0, "24 h");
        check(200_000.0, "2.3 days");
        check(100.0 * 86_400.0, "100 days");
    }

    #[test]
    fn rates_take_the_period_that_fits() {
        let check = |per_day: f64, expected: &str| assert_eq!(rate(per_day), expected);
        check(23.8, "24 per day");
        check(1.0, "1 per day");
        check(1.0 / 7.0, "1 per week");
        check(0.05, "1.5 per month");
        check(0.0, "none");
    }

    #[test]
    fn an_interval_of_a_rate_is_told_in_the_period_of_the_rate() {
        let check = |value: Option<f64>, low: f64, high: Option<f64>, expected: &str| {
            let mut measured = Measurement::missing("", Unit::PerDay, "", "");
            (measured.value, measured.low, measured.high) = (value, Some(low), high);
            assert_eq!(interval(&measured).unwrap(), expected);
        };
        check(Some(0.12), 0.05, Some(0.27), "1.5 to 8.2 per month");
        check(Some(3.5), 0.5, Some(4.2), "0.50 to 4.2 per day");
        check(Some(0.0), 0.0, Some(0.04), "0 to 1.2 per month");
        check(None, 0.5, None, "3.5 per week or more");
    }

    #[test]
    fn nouns_follow_their_number() {
        let check = |number, noun, expected: &str| assert_eq!(count(number, noun), expected);
        check(1, "service", "1 service");
        check(0, "day", "0 days");
        check(2, "repository", "2 repositories");
    }

    #[test]
    fn thousands_are_separated() {
        let check = |number: f64, expected: &str| assert_eq!(digits(number), expected);
        check(1_234_567.0, "1,234,567");
        check(999.0, "999");
        check(0.25, "0.25");
        check(3.12, "3.1");
        check(-1234.0, "-1,234");
    }
}
