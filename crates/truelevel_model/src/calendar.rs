//! Days and weeks as people count them: in a time zone, with the days that are worked. A zone is a value here: whoever
//! makes a calendar looks it up.

use std::collections::BTreeSet;

use jiff::Timestamp;
use jiff::civil::{Date, Weekday};
use jiff::tz::TimeZone;

use crate::{Time, Window};

const DAY_MILLIS: i64 = 86_400_000;
/// 1970-01-01 was a Thursday; weeks begin on Mondays.
const EPOCH_WEEKDAY: i64 = 3;

/// The days that are worked, unless a workspace says otherwise.
pub const WORKING_DAYS: [Weekday; 5] =
    [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];

/// A time zone and the days that are worked.
#[derive(Clone, Debug, PartialEq)]
pub struct Calendar {
    zone: TimeZone,
    working_days: BTreeSet<i8>,
}

/// UTC, Monday to Friday.
impl Default for Calendar {
    fn default() -> Self {
        Self::new(TimeZone::UTC, WORKING_DAYS)
    }
}

/// A week from Monday to Sunday.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Week {
    /// As ISO 8601 names it: `2026-W21`.
    pub name: String,
    /// Its first instant.
    pub start: Time,
    /// The first instant after it.
    pub end: Time,
}

impl Week {
    /// The week as a measured period of 7 days, also where one of them is longer or shorter than 24 hours.
    pub const fn window(&self) -> Window {
        Window {
            start: Time::from_millis(self.start.millis() - 1),
            end: Time::from_millis(self.end.millis() - 1),
            days: 7,
        }
    }
}

impl Calendar {
    /// A calendar of a zone and of days that are worked.
    pub fn new(zone: TimeZone, working_days: impl IntoIterator<Item = Weekday>) -> Self {
        Self { zone, working_days: working_days.into_iter().map(Weekday::to_monday_zero_offset).collect() }
    }

    /// The zone's name: `Europe/London`.
    pub fn zone(&self) -> &str {
        self.zone.iana_name().unwrap_or("UTC")
    }

    /// How many days of a week are worked.
    pub fn working_days_per_week(&self) -> f64 {
        self.working_days.len() as f64
    }

    /// The local day that an instant falls on, counted from 1970-01-01.
    pub fn day(&self, time: Time) -> i64 {
        let offset = Timestamp::from_millisecond(time.millis()).map_or(0, |at| self.zone.to_offset(at).seconds());
        time.millis().saturating_add(i64::from(offset) * 1000).div_euclid(DAY_MILLIS)
    }

    /// The last whole weeks that ended at or before an instant, oldest first. Fewer where the calendar ends.
    pub fn weeks_up_to(&self, as_of: Time, count: usize) -> Vec<Week> {
        let after = Time::from_millis(as_of.millis().saturating_add(1));
        let today = self.day(after);
        let monday = today - (today + EPOCH_WEEKDAY).rem_euclid(7);
        let weeks = (1..=count as i64).rev().filter_map(|back| self.week(monday - 7 * back));
        weeks.collect()
    }

    fn week(&self, monday: i64) -> Option<Week> {
        let date = self.date(monday)?;
        let iso = date.iso_week_date();
        Some(Week {
            name: format!("{:04}-W{:02}", iso.year(), iso.week()),
            start: self.start_of(date)?,
            end: self.start_of(self.date(monday + 7)?)?,
        })
    }

    fn date(&self, day: i64) -> Option<Date> {
        Date::constant(1970, 1, 1).checked_add(jiff::Span::new().try_days(day).ok()?).ok()
    }

    /// The first instant of a date, also where its midnight is skipped or comes twice.
    fn start_of(&self, date: Date) -> Option<Time> {
        Some(Time::from_timestamp(date.to_zoned_datetime(self.zone.clone()).ok()?.timestamp()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn time(text: &str) -> Time {
        Time::parse(text).unwrap()
    }

    /// Winter time at +0, summer time at +1, as in London.
    fn london() -> Calendar {
        Calendar::new(TimeZone::posix("GMT0BST,M3.5.0/1,M10.5.0").unwrap(), [Weekday::Monday])
    }

    #[test]
    fn whole_weeks_end_with_the_last_sunday_and_carry_their_iso_names() {
        let names = |as_of: &str| -> Vec<String> {
            Calendar::default().weeks_up_to(time(as_of), 2).into_iter().map(|week| week.name).collect()
        };
        assert_eq!(names("2026-01-04"), ["2025-W52", "2026-W01"], "a Sunday, to its end");
        assert_eq!(names("2026-01-04T23:59:59Z"), ["2025-W51", "2025-W52"]);
        assert_eq!(names("2021-01-06T10:00:00Z"), ["2020-W52", "2020-W53"]);
    }

    #[test]
    fn a_week_in_which_the_clock_changes_is_an_hour_shorter_or_longer_and_has_seven_days() {
        let hours = |as_of: &str| {
            let week = london().weeks_up_to(time(as_of), 1).remove(0);
            assert_eq!(week.window().days, 7);
            (week.name, week.end.since(week.start).seconds() / 3600.0)
        };
        assert_eq!(hours("2026-03-30T10:00:00Z"), ("2026-W13".to_owned(), 167.0));
        assert_eq!(hours("2026-10-27T10:00:00Z"), ("2026-W43".to_owned(), 169.0));
        assert_eq!(hours("2026-06-02T10:00:00Z"), ("2026-W22".to_owned(), 168.0));
    }

    #[test]
    fn a_day_is_local() {
        let day =
            |calendar: &Calendar, text: &str| calendar.day(time(text)) - calendar.day(time("2026-06-01T12:00:00Z"));
        assert_eq!(day(&Calendar::default(), "2026-06-01T23:30:00Z"), 0);
        assert_eq!(day(&london(), "2026-06-01T23:30:00Z"), 1, "half past midnight in summer");
        assert_eq!(day(&london(), "2026-12-01T23:30:00Z"), 183);
        let week = london().weeks_up_to(time("2026-06-07T23:00:00Z"), 1).remove(0);
        assert_eq!((week.start, week.end), (time("2026-05-31T23:00:00Z"), time("2026-06-07T23:00:00Z")));
        assert!(week.window().contains(week.start) && !week.window().contains(week.end));
    }
}
