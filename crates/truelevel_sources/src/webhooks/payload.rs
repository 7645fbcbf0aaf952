//! A body's values by path. What is missing or of another form is named by its path.

use serde_json::{Map, Value};
use truelevel_model::{CommitId, Time};

use super::{Headers, protobuf};

/// A JSON value and what lies in it.
#[derive(Clone, Copy)]
pub struct Payload<'a>(pub &'a Value);

impl<'a> Payload<'a> {
    /// The value at a path, such as `deployment.environment`; absent when it or anything before it is missing or null.
    pub(super) fn at(self, path: &str) -> Option<&'a Value> {
        let found = path.split('.').try_fold(self.0, |value, part| value.get(part))?;
        (!found.is_null()).then_some(found)
    }

    /// What lies at a path.
    pub(super) fn part(self, path: &str) -> Option<Self> {
        self.at(path).map(Payload)
    }

    pub(super) fn need_part(self, path: &str) -> Result<Self, String> {
        self.part(path).ok_or_else(|| missing(path))
    }

    /// A text that is not blank.
    pub(super) fn text(self, path: &str) -> Option<&'a str> {
        self.at(path)?.as_str().map(str::trim).filter(|text| !text.is_empty())
    }

    pub(super) fn need_text(self, path: &str) -> Result<&'a str, String> {
        self.text(path).ok_or_else(|| missing(path))
    }

    /// A text or whole number, as a text.
    pub(super) fn id(self, path: &str) -> Option<String> {
        match self.at(path)? {
            Value::String(text) if !text.trim().is_empty() => Some(text.trim().to_owned()),
            Value::Number(number) if !number.is_f64() => Some(number.to_string()),
            _ => None,
        }
    }

    pub(super) fn need_id(self, path: &str) -> Result<String, String> {
        self.id(path).ok_or_else(|| missing(path))
    }

    pub(super) fn number(self, path: &str) -> Option<u64> {
        self.at(path)?.as_u64()
    }

    pub(super) fn need_number(self, path: &str) -> Result<u64, String> {
        self.number(path).ok_or_else(|| missing(path))
    }

    pub(super) fn is_true(self, path: &str) -> bool {
        self.at(path).and_then(Value::as_bool) == Some(true)
    }

    /// A commit; absent when what stands there is not a whole id.
    pub(super) fn commit(self, path: &str) -> Option<CommitId> {
        self.text(path)?.parse().ok().filter(|commit: &CommitId| commit.0 != [0; 20])
    }

    pub(super) fn need_commit(self, path: &str) -> Result<CommitId, String> {
        self.commit(path).ok_or_else(|| format!("`{path}` is no commit id of 40 digits"))
    }

    /// A time; a fault when something stands there that is none.
    pub(super) fn time(self, path: &str) -> Result<Option<Time>, String> {
        let Some(value) = self.at(path) else { return Ok(None) };
        let found = match value {
            Value::String(text) if text.trim().is_empty() => return Ok(None),
            Value::String(text) => instant(text.trim()),
            Value::Number(number) => number.as_f64().and_then(since_epoch),
            _ => None,
        };
        let shown = truelevel_model::printable(&value.to_string()).chars().take(60).collect::<String>();
        found.map(Some).ok_or_else(|| format!("`{path}` is no time with a zone: {shown}"))
    }

    pub(super) fn need_time(self, path: &str) -> Result<Time, String> {
        self.time(path)?.ok_or_else(|| missing(path))
    }

    /// The members of a list; none when there is no list.
    pub(super) fn items(self, path: &str) -> impl Iterator<Item = Self> + use<'a> {
        self.at(path).and_then(Value::as_array).into_iter().flatten().map(Payload)
    }
}

/// The value of a body: JSON, which is known by its beginning whatever it is called, because `curl -d` calls all that it
/// sends a form; a form, whose field `payload` is JSON where there is one; or protobuf, which only traces are sent as. A
/// body may be empty where the address says it all.
pub(super) fn value(headers: &Headers, body: &[u8]) -> Result<Value, String> {
    let json = |bytes: &[u8]| {
        refuse_too_many_values(bytes)?;
        serde_json::from_slice(bytes).map_err(|error| format!("the body is not JSON: {error}"))
    };
    if body.is_empty() {
        return Ok(Value::Null);
    }
    if is_of_type(headers, PROTOBUF) {
        return protobuf::traces(body);
    }
    if !is_form(headers, body) {
        return json(body);
    }
    let fields: Map<String, Value> =
        form_urlencoded::parse(body).map(|(name, text)| (name.into(), text.into())).collect();
    match fields.get("payload").and_then(Value::as_str) {
        Some(payload) => json(payload.as_bytes()),
        None => Ok(fields.into()),
    }
}

/// Values that a body may hold: read, each takes many times the memory of its bytes.
pub(super) const MOST_VALUES: usize = 500_000;

/// Refuses JSON, or lines of it, with more values than are read; nothing is read for that.
pub(super) fn refuse_too_many_values(json: &[u8]) -> Result<(), String> {
    // A value takes two bytes at least, with what parts it from the next one.
    if json.len() / 2 <= MOST_VALUES {
        return Ok(());
    }
    let (mut values, mut lines, mut is_in_text, mut is_escaped) = (0, 0, false, false);
    for byte in json {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = is_in_text,
            b'"' => is_in_text = !is_in_text,
            b',' | b'[' | b'{' if !is_in_text => values += 1,
            b'\n' if !is_in_text => lines += 1,
            _ => {}
        }
    }
    if values.max(lines) > MOST_VALUES {
        return Err(format!("the body holds more than {MOST_VALUES} values; send it in parts"));
    }
    Ok(())
}

const FORM: &str = "application/x-www-form-urlencoded";
const PROTOBUF: &str = "application/x-protobuf";

/// Whether the body is something else than JSON, so that its value is kept in its place.
pub(super) fn is_translated(headers: &Headers, body: &[u8]) -> bool {
    is_of_type(headers, PROTOBUF) || is_form(headers, body)
}

fn is_form(headers: &Headers, body: &[u8]) -> bool {
    is_of_type(headers, FORM) && !matches!(body.trim_ascii_start(), [b'{' | b'[', ..])
}

fn is_of_type(headers: &Headers, media_type: &str) -> bool {
    headers.get("content-type").is_some_and(|kind| kind.trim_start().starts_with(media_type))
}

/// What is said of a value that has to be there.
pub(super) fn missing(path: &str) -> String {
    format!("`{path}` is missing")
}

/// Reads RFC 3339 and its near relatives: `2021-04-28 21:50:00 +0200`, `2016-08-12 15:23:28 UTC`, and counts of
/// seconds since 1970 as digits.
pub(super) fn instant(text: &str) -> Option<Time> {
    if let Ok(number) = text.parse::<f64>() {
        return since_epoch(number);
    }
    let zulu = text.strip_suffix(" UTC").map(|head| format!("{head}Z"));
    let written = zulu.as_deref().unwrap_or(text);
    // Only the date alone has ten characters, and it is no instant.
    if written.len() <= 10 {
        return None;
    }
    let (date, clock) = written.split_at_checked(10)?;
    let clock = clock.trim_start_matches(['T', 't', ' ']).replace(' ', "");
    Time::parse(&format!("{date}T{clock}")).ok()
}

/// Seconds, milliseconds, microseconds or nanoseconds since 1970: as the size of the number tells, since a second of
/// this century has ten digits.
fn since_epoch(number: f64) -> Option<Time> {
    let millis = match number.abs() {
        size if size < 1e8 => return None,
        size if size < 1e11 => number * 1e3,
        size if size < 1e14 => number,
        size if size < 1e17 => number / 1e3,
        size if size < 1e20 => number / 1e6,
        _ => return None,
    };
    Some(Time::from_millis(millis.floor() as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: Value, expected: Option<&str>) {
        let body = serde_json::json!({ "at": value });
        let found = Payload(&body).time("at").ok().flatten().map(|time| time.to_string());
        assert_eq!(found.as_deref(), expected, "{body}");
    }

    #[test]
    fn times_are_read_as_senders_write_them_and_never_without_a_zone() {
        check("2026-08-21T17:00:00.123456789Z".into(), Some("2026-08-21T17:00:00.123Z"));
        check("2026-08-21T18:00:00+01:00".into(), Some("2026-08-21T17:00:00Z"));
        check("2021-04-28 21:50:00 +0200".into(), Some("2021-04-28T19:50:00Z"));
        check("2016-08-12 15:23:28 UTC".into(), Some("2016-08-12T15:23:28Z"));
        check(1_787_331_600.into(), Some("2026-08-21T17:00:00Z"));
        check(1_787_331_600_500_i64.into(), Some("2026-08-21T17:00:00.5Z"));
        check(1_787_331_600_000_000_i64.into(), Some("2026-08-21T17:00:00Z"));
        check(1_787_331_600_000_000_000_i64.into(), Some("2026-08-21T17:00:00Z"));
        check("1787331600".into(), Some("2026-08-21T17:00:00Z"));
        check(Value::Null, None);
        for wrong in ["2026-08-21T17:00:00", "2026-08-21", "yesterday", "12", ""] {
            check(wrong.into(), None);
        }
    }

    #[test]
    fn more_values_than_are_read_are_refused_before_they_are() {
        let check = |part: &str, count: usize, is_refused: bool| {
            let body = format!("[{}0]", part.repeat(count));
            assert_eq!(refuse_too_many_values(body.as_bytes()).is_err(), is_refused, "{count} times {part}");
        };
        check("0,", MOST_VALUES - 2, false);
        check("0,", MOST_VALUES + 1, true);
        check("[[],{}]", MOST_VALUES / 2, true);
        check("0\n", MOST_VALUES + 1, true);
        check(r#""\",,,\\","#, MOST_VALUES / 2, false);
    }

    #[test]
    fn what_is_missing_is_named_by_its_path() {
        let body = serde_json::json!({ "a": { "b": null, "c": " " } });
        assert_eq!(Payload(&body).need_text("a.b").unwrap_err(), "`a.b` is missing");
        assert_eq!(Payload(&body).need_text("a.c").unwrap_err(), "`a.c` is missing");
        assert_eq!(Payload(&body).need_commit("a.c").unwrap_err(), "`a.c` is no commit id of 40 digits");
    }
}
