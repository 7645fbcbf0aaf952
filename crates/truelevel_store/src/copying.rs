//! A whole store from one database to another: the tables are the same in both, so rows go over as they are.

use truelevel_model::snapshot::BrokenLink;

use crate::failure::Failure;
use crate::sql::{Connection, Value, Values};
use crate::tables::snapshots;
use crate::{SqlStore, StoreError};

/// Every table that outlives the processes which use the store, each after those that it refers to.
const TABLES: &[&str] = &[
    "salt",
    "source",
    "repository",
    "service",
    "environment",
    "collected",
    "change",
    "tag",
    "deployment",
    "review",
    "pipeline_run",
    "incident",
    "incident_link",
    "service_record",
    "evidence",
    "declaration",
    "gate_answer",
    "ai_usage",
    "snapshot",
    "event",
    "token",
    "session",
    "audit",
];

/// Rows that are held at once.
const ROWS: usize = 5000;

impl SqlStore {
    /// Copies everything into an empty store, in one transaction: facts, history, events, snapshots, tokens and the salt.
    /// Answers how many rows each table has, once they were counted on both sides and the chain of snapshots was walked.
    pub fn copy_to(&self, target: &mut Self) -> Result<Vec<(&'static str, u64)>, StoreError> {
        self.connection
            .read("read the store", |from| Ok(target.connection.change("take a copy", |to, _| copy(from, to))))?
    }
}

fn copy(from: &Connection, to: &Connection) -> Result<Vec<(&'static str, u64)>, Failure> {
    refuse_to_mix(to)?;
    to.execute("DELETE FROM salt", &[])?;
    for table in TABLES {
        copy_table(from, to, table)?;
    }
    to.go_on_counting(TABLES)?;
    let mut counts = Vec::new();
    for table in TABLES {
        let (there, here) = (count(from, table)?, count(to, table)?);
        if there != here {
            return Err(Failure::Damaged(format!("of {there} rows of the table {table}, {here} arrived")));
        }
        counts.push((*table, here));
    }
    match snapshots::verify(to)? {
        None => Ok(counts),
        Some(BrokenLink { number, reason }) => Err(Failure::Damaged(format!("snapshot {number}: {reason}"))),
    }
}

fn refuse_to_mix(to: &Connection) -> Result<(), Failure> {
    for table in TABLES.iter().filter(|table| **table != "salt") {
        if count(to, table)? > 0 {
            let reason = format!("a copy needs an empty one, and its table {table} holds rows");
            return Err(Failure::Unsupported(reason));
        }
    }
    Ok(())
}

fn copy_table(from: &Connection, to: &Connection, table: &str) -> Result<(), Failure> {
    // In quotes, because one is a word of SQL in one of the databases.
    let columns: Vec<String> = from.columns(table)?.iter().map(|column| format!("\"{column}\"")).collect();
    let columns: Vec<&str> = columns.iter().map(String::as_str).collect();
    let mut rows: Vec<Values<'static>> = Vec::new();
    from.each(&format!("SELECT {} FROM {table}", columns.join(", ")), &[], |row| {
        let values = (0..columns.len()).map(|column| row.value(column).map(Value::into_owned));
        rows.push(values.collect::<Result<_, _>>()?);
        if rows.len() == ROWS {
            to.insert(table, &columns, rows.drain(..))?;
        }
        Ok(())
    })?;
    to.insert(table, &columns, rows)?;
    Ok(())
}

fn count(connection: &Connection, table: &str) -> Result<u64, Failure> {
    let counted: Option<i64> = connection.one(&format!("SELECT count(*) FROM {table}"), &[], |row| row.get(0))?;
    Ok(counted.unwrap_or_default().unsigned_abs())
}
