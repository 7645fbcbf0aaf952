//! Columns to words of the model. What the schema cannot hold is damage, never a panic.

use std::collections::HashMap;

use truelevel_model::{CommitId, Time, Word};

use crate::failure::Failure;
use crate::sql::{Row, Value};

pub(crate) fn time(row: Row<'_>, column: usize) -> Result<Time, Failure> {
    Ok(Time::from_millis(row.get(column)?))
}

pub(crate) fn optional_time(row: Row<'_>, column: usize) -> Result<Option<Time>, Failure> {
    Ok(row.get::<Option<i64>>(column)?.map(Time::from_millis))
}

pub(crate) fn commit(row: Row<'_>, column: usize) -> Result<CommitId, Failure> {
    Ok(CommitId(row.get(column)?))
}

pub(crate) fn optional_commit(row: Row<'_>, column: usize) -> Result<Option<CommitId>, Failure> {
    Ok(row.get::<Option<[u8; 20]>>(column)?.map(CommitId))
}

/// Several commits, one after the other.
pub(crate) fn commits(row: Row<'_>, column: usize) -> Result<Vec<CommitId>, Failure> {
    let Value::Bytes(bytes) = row.value(column)? else {
        return Err(Failure::Damaged("a list of commits is something else".to_owned()));
    };
    let (ids, rest) = bytes.as_chunks::<20>();
    if !rest.is_empty() {
        return Err(Failure::Damaged("a list of commits is cut off".to_owned()));
    }
    Ok(ids.iter().map(|id| CommitId(*id)).collect())
}

pub(crate) fn name<N: Clone>(row: Row<'_>, column: usize, names: &HashMap<i64, N>) -> Result<N, Failure> {
    let key: i64 = row.get(column)?;
    names.get(&key).cloned().ok_or_else(|| Failure::Damaged(format!("a fact points to the missing name {key}")))
}

pub(crate) fn optional_name<N: Clone>(
    row: Row<'_>,
    column: usize,
    names: &HashMap<i64, N>,
) -> Result<Option<N>, Failure> {
    match row.get::<Option<i64>>(column)? {
        Some(_) => name(row, column, names).map(Some),
        None => Ok(None),
    }
}

pub(crate) fn word<W: Word>(row: Row<'_>, column: usize) -> Result<W, Failure> {
    optional_word(row, column)?.ok_or_else(|| Failure::Damaged("a fact misses a required word".to_owned()))
}

pub(crate) fn optional_word<W: Word>(row: Row<'_>, column: usize) -> Result<Option<W>, Failure> {
    let text = match row.value(column)? {
        Value::Null => return Ok(None),
        Value::Text(text) => text,
        _ => return Err(Failure::Damaged("a word is something else".to_owned())),
    };
    match W::from_word(&text) {
        Some(choice) => Ok(Some(choice)),
        None => Err(Failure::Damaged(format!("`{}` is no known word", truelevel_model::printable(&text)))),
    }
}

pub(crate) fn list(row: Row<'_>, column: usize) -> Result<Vec<String>, Failure> {
    let Value::Text(text) = row.value(column)? else {
        return Err(Failure::Damaged("a list is something else".to_owned()));
    };
    if text == EMPTY_LIST {
        return Ok(Vec::new());
    }
    serde_json::from_str(&text).map_err(|error| Failure::Damaged(format!("a list is not readable: {error}")))
}

/// The texts as a JSON array.
pub(crate) fn list_text(texts: &[String]) -> String {
    if texts.is_empty() {
        return EMPTY_LIST.to_owned();
    }
    serde_json::Value::from(texts).to_string()
}

/// A list, or JSON's `null` where nobody said what is in it.
pub(crate) fn optional_list(row: Row<'_>, column: usize) -> Result<Option<Vec<String>>, Failure> {
    match row.value(column)? {
        Value::Text(text) if text == NO_LIST => Ok(None),
        _ => list(row, column).map(Some),
    }
}

/// The texts as a JSON array, or `null` where nobody said what they are.
pub(crate) fn optional_list_text(texts: Option<&[String]>) -> String {
    texts.map_or_else(|| NO_LIST.to_owned(), list_text)
}

const EMPTY_LIST: &str = "[]";
const NO_LIST: &str = "null";

pub(crate) fn millis(time: Option<Time>) -> Option<i64> {
    time.map(Time::millis)
}

pub(crate) fn bytes(commit: Option<&CommitId>) -> Option<&[u8]> {
    commit.map(|commit| commit.0.as_slice())
}

/// Databases count to 2^63 only; what lies beyond comes back as it was, through negative numbers.
pub(crate) fn signed(number: u64) -> i64 {
    number.cast_signed()
}

/// What [`signed`] stored.
pub(crate) fn unsigned(number: i64) -> u64 {
    number.cast_unsigned()
}
