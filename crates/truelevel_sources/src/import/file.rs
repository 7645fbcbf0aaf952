//! Reads a file of records, batch by batch.

use std::collections::BTreeSet;
use std::io::Read;

use serde_json::{Map, Value};
use truelevel_model::facts::Facts;
use truelevel_model::printable;

use super::csv::{self, Records};
use super::layout::Layout;
use super::lines::{LONGEST_LINE, Line, Lines};
use super::record::{Fault, Reading, Values};
use super::{Format, layout_named, layout_of_file, table_of};

/// Records that are written together: enough to make a transaction worth its cost, few enough to hold.
const BATCH_RECORDS: u64 = 10_000;
/// Bytes after which a batch ends, however few its records are.
const BATCH_BYTES: usize = 16 << 20;
/// How many unknown fields are named.
const NAMED_UNKNOWN: usize = 50;
/// The field that says what a record is.
const KIND: &str = "kind";

/// A record that was not taken.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The line it begins in, from 1.
    pub line: u64,
    /// The field, where it is about one.
    pub field: Option<&'static str>,
    /// What is wrong and what is allowed.
    pub reason: String,
    /// The record as the file holds it; what is not UTF-8 is replaced.
    pub raw: String,
}

/// Why a file cannot be read, or not to its end: readable behind the file's name.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct FileFault(pub String);

/// Records that are written together.
#[derive(Debug, Default)]
pub struct Batch {
    /// The records that were taken.
    pub facts: Facts,
    /// How many these are.
    pub taken: u64,
    /// The others.
    pub rejected: Vec<Rejection>,
}

/// How a file is to be read, where that is known.
#[derive(Clone, Copy, Debug, Default)]
pub struct Hints {
    /// What its records are.
    pub layout: Option<&'static Layout>,
    /// Its format.
    pub format: Option<Format>,
}

/// A file of records.
pub struct ImportFile {
    lines: Lines,
    body: Body,
    layout: Option<&'static Layout>,
    unknown: BTreeSet<String>,
    /// The line that was read already to find out what the file is.
    first: Option<(Line, Vec<u8>)>,
    fault: Option<FileFault>,
}

enum Body {
    JsonLines,
    Csv { records: Box<Records>, columns: Vec<String> },
}

impl ImportFile {
    /// Finds out what the file is. `name` may say its kind and format.
    pub fn open(input: Box<dyn Read + Send>, name: &str, hints: Hints) -> Result<Self, FileFault> {
        let mut lines = Lines::open(input).map_err(FileFault)?;
        let mut first = Vec::new();
        let line = loop {
            match lines.next(&mut first).map_err(FileFault)? {
                Line::Whole if first.trim_ascii().is_empty() => {}
                Line::End => return Err(FileFault("it is empty".to_owned())),
                line => break line,
            }
        };
        let layout = layout_of_file(name);
        let format = hints.format.or_else(|| Format::of_file(name)).unwrap_or_else(|| Format::of_line(&first));
        let mut file =
            Self { lines, body: Body::JsonLines, layout, unknown: BTreeSet::new(), first: None, fault: None };
        match format {
            Format::JsonLines => {
                refuse_whole_documents(&first)?;
                let keys = serde_json::from_slice::<Map<String, Value>>(&first).unwrap_or_default();
                file.layout = hints.layout.or_else(|| table_of(|name| keys.contains_key(name))).or(file.layout);
                file.first = Some((line, first));
            }
            Format::Csv => file.take_header(first, hints.layout)?,
        }
        Ok(file)
    }

    fn take_header(&mut self, mut first: Vec<u8>, asked: Option<&'static Layout>) -> Result<(), FileFault> {
        let mut records = Records::new(csv::delimiter(&first));
        records.take(&mut first, &mut self.lines).map_err(FileFault)?;
        let text = std::str::from_utf8(&records.text).map_err(|_| FileFault("its header is not UTF-8".to_owned()))?;
        let columns = csv::names(text, &records.ends);
        let mut seen = BTreeSet::new();
        if let Some(twice) = columns.iter().find(|column| !column.is_empty() && !seen.insert(column.as_str())) {
            return Err(FileFault(format!("the column `{}` stands twice in its header", printable(twice))));
        }
        self.layout = asked.or_else(|| table_of(|name| seen.contains(name))).or(self.layout);
        if !seen.contains(KIND) {
            let layout = self.layout.ok_or_else(no_kind)?;
            let required = layout.fields.iter().filter(|field| field.is_required()).map(|field| field.name());
            let missing: Vec<_> =
                required.filter(|name| !seen.contains(name)).map(|name| format!("`{name}`")).collect();
            if !missing.is_empty() {
                return Err(FileFault(format!(
                    "its header misses required columns of {}: {}",
                    layout.id,
                    missing.join(", ")
                )));
            }
            let is_unknown = |name: &&String| layout.recognised_by.is_empty() && layout.field(name).is_none();
            self.unknown = columns.iter().filter(is_unknown).cloned().collect();
        }
        self.body = Body::Csv { records: Box::new(records), columns };
        Ok(())
    }

    /// The next records; none when the file is read. After a fault there are none either.
    pub fn next_batch(&mut self, reading: &Reading) -> Result<Option<Batch>, FileFault> {
        if let Some(fault) = self.fault.take() {
            return Err(fault);
        }
        let (mut batch, mut bytes, mut raw) = (Batch::default(), 0, Vec::new());
        while batch.taken + (batch.rejected.len() as u64) < BATCH_RECORDS && bytes < BATCH_BYTES {
            let line = match self.first.take() {
                Some((line, first)) => {
                    raw = first;
                    Ok(line)
                }
                None => self.lines.next(&mut raw),
            };
            let number = self.lines.number;
            let taken = match line {
                Ok(Line::End) => break,
                Ok(Line::Whole) if raw.trim_ascii().is_empty() => continue,
                Ok(Line::Whole) => self.take(&mut raw, reading, &mut batch.facts),
                Ok(Line::TooLong) => Ok(Err(Fault::whole(format!("the line is longer than {LONGEST_LINE} bytes")))),
                Err(fault) => Err(FileFault(fault)),
            };
            bytes += raw.len();
            match taken {
                Ok(Ok(())) => batch.taken += 1,
                Ok(Err(Fault { field, reason })) => {
                    let raw = String::from_utf8_lossy(&raw).into_owned();
                    batch.rejected.push(Rejection { line: number, field, reason, raw });
                }
                // What was read before it is kept.
                Err(fault) => {
                    self.fault = Some(fault);
                    break;
                }
            }
        }
        match (batch.taken + batch.rejected.len() as u64, self.fault.take()) {
            (0, Some(fault)) => Err(fault),
            (0, None) => Ok(None),
            (_, fault) => {
                self.fault = fault;
                Ok(Some(batch))
            }
        }
    }

    /// Fields of the file that nothing is known of, so far.
    pub fn unknown_fields(&self) -> impl Iterator<Item = &str> {
        self.unknown.iter().map(String::as_str).filter(|name| !name.is_empty())
    }

    /// Lines that were read.
    pub fn lines(&self) -> u64 {
        self.lines.number
    }

    fn take(
        &mut self,
        raw: &mut Vec<u8>,
        reading: &Reading,
        facts: &mut Facts,
    ) -> Result<Result<(), Fault>, FileFault> {
        match &mut self.body {
            Body::JsonLines => {
                let map = match serde_json::from_slice::<Map<String, Value>>(raw) {
                    Ok(map) => map,
                    Err(error) => return Ok(Err(Fault::whole(not_json(raw, &error)))),
                };
                let layout = match layout_of(map.get(KIND).and_then(Value::as_str), self.layout) {
                    Ok(layout) => layout,
                    Err(fault) => return Ok(Err(fault)),
                };
                let is_unknown =
                    |name: &&String| *name != KIND && layout.recognised_by.is_empty() && layout.field(name).is_none();
                for name in map.keys().filter(is_unknown) {
                    if self.unknown.len() < NAMED_UNKNOWN && !self.unknown.contains(name) {
                        self.unknown.insert(name.clone());
                    }
                }
                Ok((layout.read)(&layout.record(Values::Json(&map), reading), facts))
            }
            Body::Csv { records, columns } => {
                records.take(raw, &mut self.lines).map_err(FileFault)?;
                Ok(take_cells(records, columns, self.layout, reading, facts))
            }
        }
    }
}

fn take_cells(
    records: &Records,
    columns: &[String],
    layout: Option<&'static Layout>,
    reading: &Reading,
    facts: &mut Facts,
) -> Result<(), Fault> {
    let text = std::str::from_utf8(&records.text).map_err(|error| {
        Fault::whole(format!("it is not UTF-8 text: byte {} of its cells", error.valid_up_to() + 1))
    })?;
    if records.ends.len() != columns.len() {
        let (cells, wanted) = (records.ends.len(), columns.len());
        return Err(Fault::whole(format!("it has {cells} cells, and the header has {wanted} columns")));
    }
    let kind = columns.iter().position(|column| column == KIND).map(|place| {
        let start = place.checked_sub(1).map_or(0, |before| records.ends[before]);
        text[start..records.ends[place]].trim()
    });
    let layout = layout_of(kind.filter(|kind| !kind.is_empty()), layout)?;
    (layout.read)(&layout.record(Values::Cells { columns, text, ends: &records.ends }, reading), facts)
}

/// What a record is: what it says itself, else what is known of the file.
fn layout_of(kind: Option<&str>, layout: Option<&'static Layout>) -> Result<&'static Layout, Fault> {
    match (kind, layout) {
        (Some(kind), _) => layout_named(kind).ok_or_else(|| {
            Fault::of(KIND, format!("there is no kind `{}`; allowed: {}", printable(kind), super::kinds()))
        }),
        (None, Some(layout)) => Ok(layout),
        (None, None) => Err(Fault::of(KIND, "the record has none, and neither --kind nor the file's name says it")),
    }
}

fn no_kind() -> FileFault {
    FileFault(format!("what its records are is not known; say it with --kind, one of: {}", super::kinds()))
}

/// A JSON document over several lines would be one rejected record for each.
fn refuse_whole_documents(first: &[u8]) -> Result<(), FileFault> {
    let start = first.trim_ascii();
    if start.starts_with(b"[") || start == b"{" {
        return Err(FileFault("it is one JSON document; write a record a line, such as with `jq -c '.[]'`".to_owned()));
    }
    Ok(())
}

fn not_json(raw: &[u8], error: &serde_json::Error) -> String {
    match std::str::from_utf8(raw) {
        Err(error) => format!("it is not UTF-8 text: byte {}", error.valid_up_to() + 1),
        Ok(_) => {
            let message = error.to_string();
            let message = message.split(" at line ").next().unwrap_or_default();
            format!("it is not a JSON object: {message}, column {}", error.column())
        }
    }
}

impl std::fmt::Debug for ImportFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ImportFile")
            .field("layout", &self.layout)
            .field("line", &self.lines.number)
            .finish_non_exhaustive()
    }
}
