//! Quantities as people write them in the catalog: `1 per week`, `1 day`, `80 %`, `3`.

use truelevel_model::Unit;
use truelevel_model::time::{DAY_SECONDS, MONTH_DAYS, WEEK_DAYS};

/// Working days in a week, unless a workspace says otherwise.
pub const WORKING_DAYS_PER_WEEK: f64 = 5.0;

/// Reads a quantity into the unit of measurements: per calendar day, seconds, a ratio, or a plain number.
///
/// A month is 30.436875 days, a working day 7⁄5 of a calendar day ([`parse_by`] takes other weeks).
///
/// ```
/// use truelevel_assess::quantity::parse;
/// assert_eq!(parse("1 day"), Some(86_400.0));
/// assert_eq!(parse("7 per week"), Some(1.0));
/// assert_eq!(parse("80 %"), Some(0.8));
/// assert_eq!(parse("3"), Some(3.0));
/// assert_eq!(parse("soon"), None);
/// ```
pub fn parse(text: &str) -> Option<f64> {
    parse_by(text, WORKING_DAYS_PER_WEEK)
}

/// Reads a quantity that a measurement of a unit can have; what is wrong, where it is none.
///
/// ```
/// use truelevel_assess::quantity::parse_as;
/// use truelevel_model::Unit;
/// assert_eq!(parse_as("1 day", Unit::Seconds), Ok(86_400.0));
/// assert_eq!(parse_as("1 day", Unit::Ratio), Err("no share between 0 % and 100 %"));
/// assert_eq!(parse_as("150 %", Unit::Ratio), Err("no share between 0 % and 100 %"));
/// ```
pub fn parse_as(text: &str, unit: Unit) -> Result<f64, &'static str> {
    let value = parse(text).ok_or("no quantity, such as `6 hours`, `5 %` or `1 per day`")?;
    let written = text.trim().split_once(' ').map_or("", |(_, unit)| unit.trim());
    let is_bare = written.is_empty();
    let is_frequency = written.starts_with("per ");
    let (fits, else_) = match unit {
        Unit::Seconds => (!is_bare && !is_frequency && written != "%", "no duration, such as `6 hours`"),
        Unit::PerDay => (is_frequency, "no frequency, such as `1 per day`"),
        Unit::Ratio => ((is_bare || written == "%") && value <= 1.0, "no share between 0 % and 100 %"),
        Unit::Count => (is_bare, "no number, such as `3`"),
    };
    if fits { Ok(value) } else { Err(else_) }
}

/// [`parse`], where a week has so many working days.
pub fn parse_by(text: &str, working_days_per_week: f64) -> Option<f64> {
    let (number, unit) = text.trim().split_once(' ').unwrap_or((text.trim(), ""));
    let number: f64 = number.parse().ok().filter(|number: &f64| number.is_finite() && *number >= 0.0)?;
    let factor = match unit.trim() {
        "" => 1.0,
        "%" => 0.01,
        "second" | "seconds" => 1.0,
        "minute" | "minutes" => 60.0,
        "hour" | "hours" => 3600.0,
        "day" | "days" => DAY_SECONDS,
        "week" | "weeks" => WEEK_DAYS * DAY_SECONDS,
        "month" | "months" => MONTH_DAYS * DAY_SECONDS,
        "per day" => 1.0,
        "per working day" => working_days_per_week / WEEK_DAYS,
        "per week" => 1.0 / WEEK_DAYS,
        "per month" => 1.0 / MONTH_DAYS,
        "per year" => 1.0 / (12.0 * MONTH_DAYS),
        _ => return None,
    };
    Some(number * factor)
}
