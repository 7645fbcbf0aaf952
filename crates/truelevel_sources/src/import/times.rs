//! Times in files. A zone that is not written is asked for, never guessed.

use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use truelevel_model::{Span, Time};

/// A time further ahead of the clock than this is a mistake; less may be a clock that is a little off.
const AHEAD: Span = Span::from_millis(86_400_000);
/// 1990-01-01T00:00:00Z. Nothing earlier is delivered by what is measured here: it is a clock that was never set.
const EARLIEST: Time = Time::from_seconds(631_152_000);

/// The time zone of a name in the IANA database.
pub fn time_zone(name: &str) -> Result<TimeZone, String> {
    TimeZone::get(name).map_err(|_| {
        format!("there is no time zone `{}`; write one as Europe/London or UTC", truelevel_model::printable(name))
    })
}

/// Reads RFC 3339; a space for the `T` and ` UTC` for the `Z` are understood. A time without a zone is taken in `zone`.
pub(super) fn parse(text: &str, zone: Option<&TimeZone>, now: Time) -> Result<Time, String> {
    // What many write for "never" lies at the end of what a calendar holds.
    let is_never = text.starts_with("9999-");
    let time = if is_never { now } else { instant(text, zone)? };
    if time < EARLIEST {
        return Err(format!("{time} lies before 1990: a clock that was not set, or another unit than was meant"));
    }
    if is_never || time.since(now) > AHEAD {
        return Err(format!(
            "`{}` lies in the future; leave it empty while it has not happened",
            truelevel_model::printable(text)
        ));
    }
    Ok(time)
}

/// The hours by which the clocks furthest from UTC differ from it: those of Kiribati's Line Islands.
const FURTHEST_HOURS: u8 = 14;

/// The hours of an offset such as `+05:30` at the end of a time.
fn hours_from_utc(text: &str) -> Option<u8> {
    // What stands behind the last dash of a date is longer.
    let (_, offset) = text.rsplit_once(['+', '-']).filter(|(_, offset)| offset.len() <= "05:30".len())?;
    offset.get(..2)?.parse().ok()
}

fn instant(text: &str, zone: Option<&TimeZone>) -> Result<Time, String> {
    let zulu = text.strip_suffix(" UTC").map(|head| format!("{head}Z"));
    let written = zulu.as_deref().unwrap_or(text);
    let shown = truelevel_model::printable(text);
    if let Ok(timestamp) = written.parse::<jiff::Timestamp>() {
        if hours_from_utc(written).is_some_and(|hours| hours > FURTHEST_HOURS) {
            return Err(format!("`{shown}` is further from UTC than any clock"));
        }
        return Ok(Time::from_timestamp(timestamp));
    }
    let has_clock = text.len() > "2026-08-21".len() && text.contains(':');
    let Some(local) = text.parse::<DateTime>().ok().filter(|_| has_clock) else {
        return Err(format!("`{shown}` is not a time; write it as 2026-08-21T17:00:00Z"));
    };
    let Some(zone) = zone else {
        return Err(format!("`{shown}` has no time zone; add one, or say with --time-zone where it was written"));
    };
    let timestamp = zone.to_ambiguous_timestamp(local).unambiguous().map_err(|_| {
        format!("`{shown}` is a time that clocks there showed twice or never; write its offset from UTC")
    })?;
    Ok(Time::from_timestamp(timestamp))
}

/// Refuses an end before its start.
pub(super) fn refuse_backwards(start: Option<Time>, end: Time) -> Result<(), String> {
    match start {
        Some(start) if end < start => Err(format!("{end} lies before the start, {start}")),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, zone: Option<&str>, expected: &str) {
        let zone = zone.map(|name| TimeZone::get(name).unwrap());
        let now = Time::parse("2026-08-21T12:00:00Z").unwrap();
        let found = match parse(text, zone.as_ref(), now) {
            Ok(time) => time.to_string(),
            Err(reason) => reason,
        };
        assert!(found.contains(expected), "{text}: {found}");
    }

    #[test]
    fn a_zone_is_read_or_asked_for_and_never_guessed() {
        check("2026-08-20T17:00:00Z", None, "2026-08-20T17:00:00Z");
        check("2026-08-20T17:00:00.250+01:00", None, "2026-08-20T16:00:00.25Z");
        check("2026-08-20 17:00:00 UTC", None, "2026-08-20T17:00:00Z");
        check("2026-08-20 17:00:00.5", Some("Europe/London"), "2026-08-20T16:00:00.5Z");
        check("2026-01-20T17:00:00", Some("Europe/London"), "2026-01-20T17:00:00Z");
        check("2026-08-20T17:00:00Z", Some("Europe/London"), "2026-08-20T17:00:00Z");
        check("2026-08-20T17:00:00", None, "no time zone");
        check("2026-03-29 01:30:00", Some("Europe/London"), "twice or never");
        check("2025-10-26 01:30:00", Some("Europe/London"), "twice or never");
    }

    #[test]
    fn what_no_clock_shows_is_refused() {
        check("1970-01-01T00:00:00Z", None, "before 1990");
        check("9999-12-31T23:59:59Z", None, "future");
        check("2026-08-22T11:59:59Z", None, "2026-08-22T11:59:59Z");
        check("2026-08-22T12:00:01Z", None, "future");
        check("2026-08-20T17:00:00+14:00", None, "2026-08-20T03:00:00Z");
        check("2026-08-20T17:00:00+25:00", None, "further from UTC than any clock");
        check("2026-08-20T17:00:00-15:30", None, "further from UTC than any clock");
        for wrong in ["yesterday", "1755780000", "2026-08-20", "2026-13-01T00:00:00Z", "17:00:00"] {
            check(wrong, None, "is not a time");
        }
    }
}
