//! Numbers that other implementations computed (`fixtures/statistics`), and how near ours must come.

use serde_json::Value;

use super::{Interval, Observation};

const TOLERANCE: f64 = 1e-9;

pub(super) fn survival() -> Value {
    parse(include_str!("../../../../fixtures/statistics/survival.json"))
}

pub(super) fn distributions() -> Value {
    parse(include_str!("../../../../fixtures/statistics/distributions.json"))
}

pub(super) fn differences() -> Value {
    parse(include_str!("../../../../fixtures/statistics/differences.json"))
}

pub(super) fn series() -> Value {
    parse(include_str!("../../../../fixtures/statistics/series.json"))
}

fn parse(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

pub(super) fn rows(value: &Value) -> Vec<Value> {
    let rows = value.as_array().unwrap().clone();
    assert!(!rows.is_empty());
    rows
}

pub(super) fn numbers(value: &Value) -> Vec<f64> {
    rows(value).iter().map(|number| number.as_f64().unwrap()).collect()
}

pub(super) fn observations(case: &Value) -> Vec<Observation> {
    numbers(&case["time"])
        .into_iter()
        .zip(numbers(&case["event"]))
        .map(|(duration_seconds, event)| Observation { duration_seconds, is_event: event == 1.0 })
        .collect()
}

#[track_caller]
pub(super) fn close(found: Option<f64>, expected: Option<f64>) {
    let is_close = match (found, expected) {
        (Some(found), Some(expected)) => (found - expected).abs() <= TOLERANCE * expected.abs().max(1e-6),
        (None, None) => true,
        _ => false,
    };
    assert!(is_close, "found {found:?}, expected {expected:?}");
}

#[track_caller]
pub(super) fn close_interval(found: Option<Interval>, expected: &Value) {
    close(found.map(|interval| interval.low), expected[0].as_f64());
    close(found.map(|interval| interval.high), expected[1].as_f64());
}
