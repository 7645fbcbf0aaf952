//! What a field's value looks like: how it is read, and how documentation and schema describe it.

use std::collections::BTreeMap;
use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde_json::{Value, json};
use truelevel_model::{CommitId, EnvironmentId, RepositoryId, ServiceId, SourceId, Span, Time, Word, printable};

use super::record::{Given, Record};

/// A kind of value.
pub(crate) trait Form {
    /// What it becomes.
    type Value;

    /// For documentation: `text`, `` `succeeded`, `failed` ``.
    fn words() -> String;

    /// As a JSON schema.
    fn schema() -> Value;

    /// Reads it, or says what is wrong and what is allowed.
    fn read(given: Given<'_>, record: &Record<'_>) -> Result<Self::Value, String>;

    /// Writes it so that reading gives it back.
    fn write(value: &Self::Value) -> Value;
}

fn text<'a>(given: Given<'a>, wanted: &str) -> Result<&'a str, String> {
    match given {
        Given::Text(text) => Ok(text),
        Given::Json(other) => Err(format!("{} is not {wanted}", shown(other))),
    }
}

fn shown(value: &Value) -> String {
    let whole = value.to_string();
    let cut: String = whole.chars().take(40).collect();
    format!("`{}{}`", printable(&cut), if cut.len() < whole.len() { "…" } else { "" })
}

/// A text that becomes a `T`.
pub(crate) struct Text<T = String>(PhantomData<T>);

/// What a text may become.
pub(crate) trait Name {
    fn named(text: &str) -> Self;
    fn text(&self) -> &str;
}

impl Name for String {
    fn named(text: &str) -> Self {
        text.to_owned()
    }

    fn text(&self) -> &str {
        self
    }
}

macro_rules! names {
    ($($id:ident),+) => {
        $(impl Name for $id {
            fn named(text: &str) -> Self {
                Self::new(text)
            }

            fn text(&self) -> &str {
                self.as_str()
            }
        })+
    };
}
names!(EnvironmentId, RepositoryId, ServiceId, SourceId);

impl<T: Name> Form for Text<T> {
    type Value = T;

    fn words() -> String {
        "text".to_owned()
    }

    fn schema() -> Value {
        json!({"type": "string", "minLength": 1})
    }

    fn read(given: Given<'_>, _: &Record<'_>) -> Result<T, String> {
        match given {
            Given::Text(text) => Ok(T::named(text)),
            // Ids that are numbers in the source.
            Given::Json(Value::Number(number)) => Ok(T::named(&number.to_string())),
            Given::Json(other) => Err(format!("{} is not a text", shown(other))),
        }
    }

    fn write(value: &T) -> Value {
        value.text().into()
    }
}

/// An instant.
pub(crate) struct Instant;

impl Form for Instant {
    type Value = Time;

    fn words() -> String {
        "RFC 3339 time with its zone".to_owned()
    }

    fn schema() -> Value {
        json!({"type": "string", "format": "date-time"})
    }

    fn read(given: Given<'_>, record: &Record<'_>) -> Result<Time, String> {
        record.time(text(given, "a time; write it as \"2026-08-21T17:00:00Z\"")?)
    }

    fn write(value: &Time) -> Value {
        value.to_string().into()
    }
}

/// A day.
pub(crate) struct Day;

impl Form for Day {
    type Value = Time;

    fn words() -> String {
        "day in UTC, as `2026-08-21`".to_owned()
    }

    fn schema() -> Value {
        json!({"type": "string", "format": "date"})
    }

    fn read(given: Given<'_>, record: &Record<'_>) -> Result<Time, String> {
        let wanted = "a day; write it as \"2026-08-21\"";
        let day = text(given, wanted)?;
        if day.len() != 10 {
            return Err(format!("`{}` is not {wanted}", printable(day)));
        }
        record.time(&format!("{day}T00:00:00Z"))
    }

    fn write(value: &Time) -> Value {
        value.date().into()
    }
}

/// A duration.
pub(crate) struct Seconds;

impl Form for Seconds {
    type Value = Span;

    fn words() -> String {
        "seconds".to_owned()
    }

    fn schema() -> Value {
        json!({"type": "number", "minimum": 0})
    }

    fn read(given: Given<'_>, _: &Record<'_>) -> Result<Span, String> {
        let seconds = match given {
            Given::Text(text) => f64::from_str(text).ok(),
            Given::Json(value) => value.as_f64(),
        };
        match seconds {
            Some(seconds) if seconds < 0.0 => Err(format!("{seconds} seconds run backwards")),
            Some(seconds) if seconds <= 1e10 => Ok(Span::from_seconds(seconds)),
            _ => Err("it is not a number of seconds".to_owned()),
        }
    }

    fn write(value: &Span) -> Value {
        value.seconds().into()
    }
}

/// A whole number.
pub(crate) struct Whole<T = u64>(PhantomData<T>);

impl<T: FromStr + Copy + Into<Value>> Form for Whole<T> {
    type Value = T;

    fn words() -> String {
        "whole number".to_owned()
    }

    fn schema() -> Value {
        json!({"type": "integer"})
    }

    fn read(given: Given<'_>, _: &Record<'_>) -> Result<T, String> {
        let written = match given {
            Given::Text(text) => text.to_owned(),
            Given::Json(value) => value.to_string(),
        };
        written.parse().map_err(|_| format!("`{}` is not a whole number that fits here", printable(&written)))
    }

    fn write(value: &T) -> Value {
        (*value).into()
    }
}

/// Yes or no.
pub(crate) struct Flag;

impl Form for Flag {
    type Value = bool;

    fn words() -> String {
        "`true`, `false`".to_owned()
    }

    fn schema() -> Value {
        json!({"type": "boolean"})
    }

    fn read(given: Given<'_>, _: &Record<'_>) -> Result<bool, String> {
        match given {
            Given::Json(Value::Bool(flag)) => Ok(*flag),
            Given::Text(text) if text.eq_ignore_ascii_case("true") => Ok(true),
            Given::Text(text) if text.eq_ignore_ascii_case("false") => Ok(false),
            Given::Text(text) => Err(format!("`{}` is neither `true` nor `false`", printable(text))),
            Given::Json(other) => Err(format!("{} is neither `true` nor `false`", shown(other))),
        }
    }

    fn write(value: &bool) -> Value {
        (*value).into()
    }
}

/// A commit.
pub(crate) struct Commit;

impl Form for Commit {
    type Value = CommitId;

    fn words() -> String {
        "40 hexadecimal digits".to_owned()
    }

    fn schema() -> Value {
        json!({"type": "string", "pattern": "^[0-9a-fA-F]{40}$"})
    }

    fn read(given: Given<'_>, _: &Record<'_>) -> Result<CommitId, String> {
        let text = text(given, "a commit id of 40 hexadecimal digits")?;
        text.parse().map_err(|_| format!("`{}` is not a commit id of 40 hexadecimal digits", printable(text)))
    }

    fn write(value: &CommitId) -> Value {
        value.to_string().into()
    }
}

/// One of a few words.
pub(crate) struct Choice<T>(PhantomData<T>);

impl<T: Word> Form for Choice<T> {
    type Value = T;

    fn words() -> String {
        listed(T::ALL.iter().map(|choice| choice.word()))
    }

    fn schema() -> Value {
        json!({"enum": T::ALL.iter().map(|choice| choice.word()).collect::<Vec<_>>()})
    }

    fn read(given: Given<'_>, _: &Record<'_>) -> Result<T, String> {
        let text = text(given, "one of the known words")?;
        let unknown = || format!("`{}` is no known word; allowed: {}", printable(text), Self::words());
        T::from_word(&text.to_ascii_lowercase()).ok_or_else(unknown)
    }

    fn write(value: &T) -> Value {
        value.word().into()
    }
}

/// What noticed an incident.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Detector {
    Alert,
    Person,
}

impl Word for Detector {
    const ALL: &'static [Self] = &[Self::Alert, Self::Person];

    fn word(self) -> &'static str {
        match self {
            Self::Alert => "alert",
            Self::Person => "person",
        }
    }
}

/// The id of a stage or lane.
pub(crate) struct StageId;

impl Form for StageId {
    type Value = String;

    fn words() -> String {
        "a stage or lane".to_owned()
    }

    fn schema() -> Value {
        Text::<String>::schema()
    }

    fn read(given: Given<'_>, record: &Record<'_>) -> Result<String, String> {
        known(given, "stage", &record.reading.stages)
    }

    fn write(value: &String) -> Value {
        value.as_str().into()
    }
}

/// The id of a practice.
pub(crate) struct PracticeId;

impl Form for PracticeId {
    type Value = String;

    fn words() -> String {
        "a [practice](practices.md)".to_owned()
    }

    fn schema() -> Value {
        Text::<String>::schema()
    }

    fn read(given: Given<'_>, record: &Record<'_>) -> Result<String, String> {
        known(given, "practice", &record.reading.practices)
    }

    fn write(value: &String) -> Value {
        value.as_str().into()
    }
}

fn known(given: Given<'_>, what: &str, words: &[&str]) -> Result<String, String> {
    let text = text(given, "a text")?;
    if words.contains(&text) {
        return Ok(text.to_owned());
    }
    let unknown = printable(text);
    Err(if words.len() > 10 {
        format!("there is no {what} `{unknown}`; `truelevel explain` lists them")
    } else {
        format!("there is no {what} `{unknown}`; allowed: {}", listed(words.iter().copied()))
    })
}

fn listed(words: impl Iterator<Item = impl fmt::Display>) -> String {
    words.map(|word| format!("`{word}`")).collect::<Vec<_>>().join(", ")
}

/// Several values: a JSON list, or in a cell either that or values between `;`.
pub(crate) struct List<F>(PhantomData<F>);

impl<F: Form> Form for List<F> {
    type Value = Vec<F::Value>;

    fn words() -> String {
        format!("list of: {}", F::words())
    }

    fn schema() -> Value {
        json!({"type": "array", "items": F::schema()})
    }

    fn read(given: Given<'_>, record: &Record<'_>) -> Result<Self::Value, String> {
        let one = |value: &Value| match value {
            Value::String(text) if text.trim().is_empty() => Err("an item of the list is empty".to_owned()),
            Value::String(text) => F::read(Given::Text(text.trim()), record),
            other => F::read(Given::Json(other), record),
        };
        match given {
            Given::Json(Value::Array(values)) => values.iter().map(one).collect(),
            Given::Json(other) => Err(format!("{} is not a list", shown(other))),
            Given::Text(text) if text.starts_with('[') => {
                let values: Vec<Value> = serde_json::from_str(text).map_err(|_| "it is not a JSON list".to_owned())?;
                values.iter().map(one).collect()
            }
            Given::Text(text) => {
                let parts = text.split(';').map(str::trim).filter(|part| !part.is_empty());
                parts.map(|part| F::read(Given::Text(part), record)).collect()
            }
        }
    }

    fn write(value: &Self::Value) -> Value {
        value.iter().map(F::write).collect()
    }
}

/// Texts by name.
pub(crate) struct NamedTexts;

impl Form for NamedTexts {
    type Value = BTreeMap<String, String>;

    fn words() -> String {
        "JSON object of texts".to_owned()
    }

    fn schema() -> Value {
        json!({"type": "object", "additionalProperties": {"type": "string"}})
    }

    fn read(given: Given<'_>, _: &Record<'_>) -> Result<Self::Value, String> {
        let read = match given {
            Given::Text(text) => serde_json::from_str(text),
            Given::Json(value) => serde_json::from_value(value.clone()),
        };
        read.map_err(|_| "it is not a JSON object of texts".to_owned())
    }

    fn write(value: &Self::Value) -> Value {
        json!(value)
    }
}
