//! Truelevel's own interface: records in the words of import files, from whoever has a token.

use std::cell::RefCell;
use std::collections::BTreeSet;

use serde_json::{Map, Value};
use truelevel_model::events::{RawEvent, Reading};
use truelevel_model::facts::Facts;
use truelevel_model::{SourceId, Time};

use super::payload::refuse_too_many_values;
use super::{LONGEST_ID, fingerprint, plausible};
use crate::import::{self, Fault, Layout, layout_named};

/// The name of this sender in kept events, and the source of records that name none.
pub const SENDER: &str = "api";

/// What can be sent, as addresses name it.
pub const KINDS: [&str; 4] = ["deployments", "incidents", "pipeline-runs", "reviews"];

/// What was sent, sorted into what is kept and what is not.
#[derive(Debug, Default)]
pub struct Records {
    /// The records that are kept, as one event; none when all were rejected.
    pub event: Option<(RawEvent, Reading)>,
    /// How many these are.
    pub accepted: usize,
    /// The others, by their place from 1.
    pub rejected: Vec<(usize, Fault)>,
    /// Fields that nothing is known of; they were left aside.
    pub unknown_fields: BTreeSet<String>,
}

/// Takes records in: one, an array of them, or one a line. `key` is the sender's own name for the delivery.
pub fn take(kind: &str, body: &[u8], key: Option<&str>, received_at: Time) -> Result<Records, String> {
    let layout =
        layout_named(kind).ok_or_else(|| format!("there is no kind `{}`", truelevel_model::printable(kind)))?;
    let (mut records, mut kept) = (Records::default(), Vec::new());
    for (place, value) in values(body)?.into_iter().enumerate() {
        match accept(layout, &value, received_at) {
            Ok(()) => {
                let names = value.as_object().into_iter().flat_map(Map::keys);
                records.unknown_fields.extend(names.filter(|name| layout.field(name).is_none()).cloned());
                kept.push(value);
            }
            Err(fault) => records.rejected.push((place + 1, fault)),
        }
    }
    if !kept.is_empty() {
        records.accepted = kept.len();
        let body = Value::Array(kept).to_string().into_bytes();
        let key = key.filter(|key| !key.is_empty() && key.len() <= LONGEST_ID).map(str::to_owned);
        let delivery = key.unwrap_or_else(|| fingerprint(&[layout.id.as_bytes(), &body]));
        let (sender, kind) = (SENDER.to_owned(), layout.id.to_owned());
        let raw = RawEvent { sender, delivery, repeats: Vec::new(), kind, body, received_at };
        let reading = super::read(&raw, &super::Names::default());
        records.event = Some((raw, reading));
    }
    Ok(records)
}

fn values(body: &[u8]) -> Result<Vec<Value>, String> {
    refuse_too_many_values(body)?;
    match serde_json::from_slice(body) {
        Ok(Value::Array(values)) => return Ok(values),
        Ok(value) => return Ok(vec![value]),
        Err(_) if body.trim_ascii().is_empty() => return Err("the body is empty".to_owned()),
        Err(_) => {}
    }
    let lines = body.split(|byte| *byte == b'\n').enumerate().filter(|(_, line)| !line.trim_ascii().is_empty());
    let read = |(place, line): (usize, &[u8])| {
        serde_json::from_slice(line).map_err(|error| format!("line {} is not JSON: {error}", place + 1))
    };
    lines.map(read).collect()
}

fn accept(layout: &Layout, value: &Value, received_at: Time) -> Result<(), Fault> {
    let mut reading = Reading::default();
    add(SENDER, layout, value, received_at, &mut reading.facts)?;
    plausible::keep_plausible(&mut reading, received_at);
    match reading.problems.into_iter().next() {
        Some(reason) => Err(Fault { field: None, reason }),
        None => Ok(()),
    }
}

/// Adds a record to the facts; `source` is that of a record that names none.
pub(super) fn add(
    source: &str,
    layout: &Layout,
    value: &Value,
    received_at: Time,
    facts: &mut Facts,
) -> Result<(), Fault> {
    let Value::Object(record) = value else {
        return Err(Fault { field: None, reason: "it is not a JSON object".to_owned() });
    };
    let reading = import::Reading {
        now: received_at,
        time_zone: None,
        source: Some(SourceId::new(source)),
        stages: Vec::new(),
        practices: Vec::new(),
        projects: RefCell::default(),
    };
    layout.read_json(record, &reading, facts)
}

/// Reads kept records again.
pub(super) fn read(kind: &str, body: &Value, received_at: Time) -> Result<Reading, String> {
    let layout =
        layout_named(kind).ok_or_else(|| format!("there is no kind `{}`", truelevel_model::printable(kind)))?;
    let mut reading = Reading::default();
    for value in body.as_array().into_iter().flatten() {
        if let Err(fault) = add(SENDER, layout, value, received_at, &mut reading.facts) {
            reading.problems.push(fault.reason);
        }
    }
    Ok(reading)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"service":"web","environment":"production","version":"v1","finished_at":"2026-08-21T10:00:00Z","outcome":"succeeded"}"#;

    fn taken(body: &str) -> Records {
        take("deployments", body.as_bytes(), None, Time::parse("2026-08-22T00:00:00Z").unwrap()).unwrap()
    }

    #[test]
    fn one_an_array_and_lines_say_the_same() {
        let facts = |body: &str| format!("{:?}", taken(body).event.unwrap().1.facts);
        let one = facts(GOOD);
        assert_eq!(facts(&format!("[{GOOD}]")), one);
        assert_eq!(facts(&format!("\n{GOOD}\r\n\n")), one);
        assert_eq!(taken(&format!("{GOOD}\n{GOOD}")).accepted, 2);
    }

    #[test]
    fn what_is_wrong_is_named_and_the_rest_is_kept() {
        let early = GOOD.replace("2026-08-21", "1970-01-01");
        let nameless = GOOD.replace("\"service\":\"web\",", "\"servce\":\"web\",");
        let records = taken(&format!("[{GOOD},{nameless},{early},7]"));
        let fields: Vec<_> = records.rejected.iter().map(|(place, fault)| (*place, fault.field)).collect();
        assert_eq!((records.accepted, fields), (1, vec![(2, Some("service")), (3, Some("finished_at")), (4, None)]));
        assert!(taken("[]").event.is_none() && taken("{}").event.is_none());
        assert_eq!(taken(&GOOD.replace('}', ",\"colour\":1}")).unknown_fields.len(), 1);
        let broken = take("deployments", format!("{GOOD}\n{{").as_bytes(), None, Time::MIN).unwrap_err();
        assert!(broken.starts_with("line 2 is not JSON"), "{broken}");
    }
}
