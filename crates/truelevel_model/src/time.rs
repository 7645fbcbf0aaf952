//! Instants, durations and the measured window. Time always comes in as a value: nothing here reads a clock.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Seconds in a day.
pub const DAY_SECONDS: f64 = 86_400.0;
/// Days in a week.
pub const WEEK_DAYS: f64 = 7.0;
/// Days in a mean Gregorian month (365.2425 ÷ 12).
pub const MONTH_DAYS: f64 = 30.436_875;

/// A UTC instant in milliseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Time(i64);

impl Time {
    /// The earliest instant that can be written.
    pub const MIN: Self = Self(i64::MIN);

    /// From seconds since the epoch; saturates far outside any calendar.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// From milliseconds since the epoch.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// Milliseconds since the epoch.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// From a timestamp of the time library, cut to milliseconds.
    pub fn from_timestamp(timestamp: Timestamp) -> Self {
        Self(timestamp.as_millisecond())
    }

    /// Reads RFC 3339 (`2026-08-21T17:00:00Z`) or a date, which means its end in UTC (`2026-08-21` is the last
    /// millisecond of that day).
    pub fn parse(text: &str) -> Result<Self, InvalidTime> {
        if let Ok(timestamp) = text.parse::<Timestamp>() {
            return Ok(Self::from_timestamp(timestamp));
        }
        let short_minutes = text.strip_suffix('Z').map(|head| format!("{head}:00Z"));
        if let Some(Ok(timestamp)) = short_minutes.map(|full| full.parse::<Timestamp>()) {
            return Ok(Self::from_timestamp(timestamp));
        }
        let invalid = || InvalidTime(text.to_owned());
        if text.len() != "2026-08-21".len() {
            return Err(invalid());
        }
        let end: Timestamp = format!("{text}T23:59:59.999Z").parse().map_err(|_| invalid())?;
        Ok(Self::from_timestamp(end))
    }

    /// Whether this is the time of a clock nobody set: within the first month of 1970, or before.
    pub const fn is_unset(self) -> bool {
        self.0 <= 31 * 86_400_000
    }

    /// The duration from `earlier` to this instant; negative when `earlier` is later.
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// This instant moved back by whole days.
    pub const fn minus_days(self, days: u32) -> Self {
        Self(self.0.saturating_sub(days as i64 * 86_400_000))
    }

    /// This instant moved by a duration.
    pub const fn plus(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// The UTC date, as `2026-08-21`; years outside -9999 to 9999 print as seconds.
    pub fn date(self) -> String {
        match Timestamp::from_millisecond(self.0) {
            Ok(timestamp) => timestamp.strftime("%Y-%m-%d").to_string(),
            Err(_) => format!("@{}s", self.0 / 1000),
        }
    }

    /// The same with the minute, as `2026-08-21 17:04 UTC`.
    pub fn minute(self) -> String {
        match Timestamp::from_millisecond(self.0) {
            Ok(timestamp) => timestamp.strftime("%Y-%m-%d %H:%M UTC").to_string(),
            Err(_) => self.date(),
        }
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match Timestamp::from_millisecond(self.0) {
            Ok(timestamp) => write!(f, "{timestamp}"),
            Err(_) => write!(f, "@{}s", self.0 / 1000),
        }
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

/// The text is not a time that Truelevel reads.
#[derive(Debug, thiserror::Error)]
#[error("`{}` is not a time up to 9999-12-29; write 2026-08-21T17:00:00Z, or 2026-08-21 for the end of that day in UTC", crate::printable(.0))]
pub struct InvalidTime(String);

/// A duration in milliseconds; negative ones exist only until they are quarantined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span(i64);

impl Span {
    /// From milliseconds.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// From seconds, rounded to milliseconds.
    pub fn from_seconds(seconds: f64) -> Self {
        Self((seconds * 1000.0).round() as i64)
    }

    /// Milliseconds.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Seconds.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// Days of 24 hours.
    pub fn days(self) -> f64 {
        self.seconds() / DAY_SECONDS
    }

    /// Whether the duration runs backwards.
    pub const fn is_negative(self) -> bool {
        self.0 < 0
    }
}

/// The measured period: after `start`, up to and including `end`, the as-of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// The last instant before the window.
    pub start: Time,
    /// The as-of: the last instant of the window.
    pub end: Time,
    /// Its length.
    pub days: u32,
}

impl Window {
    /// The window of `days` days that ends at `as_of`.
    pub const fn ending(as_of: Time, days: u32) -> Self {
        Self { start: as_of.minus_days(days), end: as_of, days }
    }

    /// Whether the instant lies in the window.
    pub fn contains(&self, time: Time) -> bool {
        self.start < time && time <= self.end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_in_the_forms_people_write() {
        let check = |text: &str, expected: &str| assert_eq!(Time::parse(text).unwrap().to_string(), expected);
        check("2026-08-21T17:00:00Z", "2026-08-21T17:00:00Z");
        check("2026-08-21T17:00Z", "2026-08-21T17:00:00Z");
        check("2026-08-21T18:00:00+01:00", "2026-08-21T17:00:00Z");
        check("2026-08-21", "2026-08-21T23:59:59.999Z");
        assert!(Time::parse("yesterday").is_err());
        assert!(Time::parse("2026-08-21T17:00:00").is_err(), "a time without a zone is not guessed");
    }

    #[test]
    fn a_window_excludes_its_start_and_includes_its_end() {
        let window = Window::ending(Time::from_seconds(10 * 86_400), 10);
        assert!(!window.contains(Time::from_seconds(0)));
        assert!(window.contains(Time::from_millis(1)));
        assert!(window.contains(Time::from_seconds(10 * 86_400)));
    }
}
