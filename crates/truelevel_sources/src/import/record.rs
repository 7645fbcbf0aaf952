//! One record of a file, whatever the file's format.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use serde_json::{Map, Value};
use truelevel_model::{SourceId, Time};

/// What a record is read with.
#[derive(Clone, Debug)]
pub struct Reading {
    /// What time it is.
    pub now: Time,
    /// The zone of times that are written without one.
    pub time_zone: Option<TimeZone>,
    /// The source of records that name none; `import`, or the product that a table is from, when absent.
    pub source: Option<SourceId>,
    /// The stages and lanes that a declaration may be about.
    pub stages: Vec<&'static str>,
    /// The practices that evidence may be of.
    pub practices: Vec<&'static str>,
    /// What earlier records said of later ones: the project of a row, by table and id.
    pub projects: RefCell<BTreeMap<(String, String), String>>,
}

/// Why a record is rejected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// The field, where it is about one.
    pub field: Option<&'static str>,
    /// What is wrong and what is allowed.
    pub reason: String,
}

impl Fault {
    pub(crate) fn of(field: &'static str, reason: impl Into<String>) -> Self {
        Self { field: Some(field), reason: reason.into() }
    }

    pub(crate) fn whole(reason: impl Into<String>) -> Self {
        Self { field: None, reason: reason.into() }
    }
}

/// A value as the file holds it.
#[derive(Clone, Copy)]
pub(crate) enum Given<'a> {
    Text(&'a str),
    Json(&'a Value),
}

/// Where a record's values lie.
#[derive(Clone, Copy)]
pub(crate) enum Values<'a> {
    /// A line of JSON Lines.
    Json(&'a Map<String, Value>),
    /// A line of CSV: the columns' names, all cells in one text, and where each cell ends in it.
    Cells { columns: &'a [String], text: &'a str, ends: &'a [usize] },
}

/// One record.
pub(crate) struct Record<'a> {
    values: Values<'a>,
    pub(crate) reading: &'a Reading,
    /// The latest time that was read of it.
    latest: Cell<Option<Time>>,
    /// Whether a database wrote it: `NULL` and `\N` are then no values.
    is_table: bool,
}

impl<'a> Record<'a> {
    pub(crate) const fn new(values: Values<'a>, reading: &'a Reading, is_table: bool) -> Self {
        Self { values, reading, latest: Cell::new(None), is_table }
    }

    /// The value under a name; absent when it is missing, null or blank.
    pub(crate) fn value(&self, name: &str) -> Option<Given<'a>> {
        let given = match self.values {
            Values::Json(map) => match map.get(name)? {
                Value::Null => return None,
                Value::String(text) => Given::Text(text),
                other => Given::Json(other),
            },
            Values::Cells { columns, text, ends } => {
                let place = columns.iter().position(|column| column == name)?;
                let start = place.checked_sub(1).map_or(0, |before| ends[before]);
                Given::Text(&text[start..ends[place]])
            }
        };
        match given {
            Given::Text(text) => {
                let text = text.trim();
                let is_missing = text.is_empty() || (self.is_table && matches!(text, "NULL" | "\\N"));
                (!is_missing).then_some(Given::Text(text))
            }
            json @ Given::Json(_) => Some(json),
        }
    }

    /// Reads a time, and remembers the latest.
    pub(crate) fn time(&self, text: &str) -> Result<Time, String> {
        let time = super::times::parse(text, self.reading.time_zone.as_ref(), self.reading.now)?;
        self.latest.set(self.latest.get().max(Some(time)));
        Ok(time)
    }

    /// The source of the import, else this one.
    pub(crate) fn default_source(&self, own: &str) -> SourceId {
        self.reading.source.clone().unwrap_or_else(|| SourceId::new(own))
    }

    /// The latest time that was read of it; now, when none was.
    pub(crate) fn latest(&self) -> Time {
        self.latest.get().unwrap_or(self.reading.now)
    }
}
