//! Practices that were observed.

use std::collections::BTreeMap;

use truelevel_model::{Evidence, EvidenceRecord, Locator, RepositoryId, ServiceId, SourceId, Word};

use crate::columns::{commit, name, optional_name, time, word};
use crate::failure::Failure;
use crate::sql::{Connection, Row, Value, Values, row, values};
use crate::tables::names::{self, Names};

use crate::upsert::{Stays, Table};
use crate::written::Effect;

const TABLE: Table = Table {
    name: "evidence",
    identity: &["source", "id"],
    values: &[
        "practice",
        "service",
        "grade",
        "seen",
        "address",
        "repository",
        "commit_id",
        "path",
        "line",
        "column_number",
        "end_line",
        "end_column_number",
        "named_values",
        "observed_at",
    ],
    optional: None,
};

pub(crate) fn write<'f>(
    connection: &Connection,
    names: &mut Names,
    records: impl Iterator<Item = &'f EvidenceRecord> + Clone,
    stays: Stays,
) -> Result<Vec<Effect>, Failure> {
    names.learn(connection, records.clone().filter_map(|record| record.service.as_ref()))?;
    let rows = records.map(|record| {
        let mut row = row![
            names.key(connection, &record.source)?,
            &record.id,
            &record.practice,
            record.service.as_ref().map(|service| names.key(connection, service)).transpose()?,
            record.evidence.grade.word(),
        ];
        row.extend(match &record.evidence.locator {
            Locator::File { repository, commit, path, named_as: _, line, column, end_line, end_column, text } => {
                let repository = names.key(connection, repository)?;
                row![text, Value::Null, repository, &commit.0, path, *line, *column, *end_line, *end_column]
            }
            Locator::Facts { summary } => beyond_files(summary, None),
            Locator::Elsewhere { summary, address } => {
                beyond_files(summary, Some(address.as_deref().unwrap_or_default()))
            }
        });
        row.extend(values![serde_json::json!(record.values).to_string(), record.evidence.observed_at.millis()]);
        Ok(row)
    });
    connection.upsert(&TABLE, stays, rows)
}

/// The columns from `seen` to `end_column_number` of what was not seen in a file.
fn beyond_files<'v>(summary: &'v str, address: Option<&'v str>) -> Values<'v> {
    row![summary, address, Value::Null, Value::Null, Value::Null, Value::Null, Value::Null, Value::Null, Value::Null]
}

/// Puts a source's evidence in the place of what was stored.
pub(crate) fn replace(
    connection: &Connection,
    names: &mut Names,
    source: &SourceId,
    records: &[EvidenceRecord],
) -> Result<(), Failure> {
    let key = names.key(connection, source)?;
    connection.execute("DELETE FROM evidence WHERE source = ?1", &values![key])?;
    write(connection, names, records.iter(), Stays::WrittenLater)?;
    Ok(())
}

pub(crate) fn read(connection: &Connection) -> Result<Vec<EvidenceRecord>, Failure> {
    let sources = names::by_key::<SourceId>(connection)?;
    let services = names::by_key::<ServiceId>(connection)?;
    let repositories = names::by_key::<RepositoryId>(connection)?;
    let sql = "SELECT source, id, practice, service, grade, seen, address, repository, commit_id, path, line,
                      column_number, end_line, end_column_number, named_values, observed_at
               FROM evidence";
    let mut records: Vec<EvidenceRecord> = connection.all(sql, &[], |row| {
        let locator = match (optional_name(row, 7, &repositories)?, row.get::<Option<String>>(6)?) {
            (Some(repository), _) => Locator::File {
                repository,
                commit: commit(row, 8)?,
                path: row.get(9)?,
                named_as: None,
                line: row.get(10)?,
                column: row.get(11)?,
                end_line: row.get(12)?,
                end_column: row.get(13)?,
                text: row.get(5)?,
            },
            (None, Some(address)) => {
                Locator::Elsewhere { summary: row.get(5)?, address: Some(address).filter(|found| !found.is_empty()) }
            }
            (None, None) => Locator::Facts { summary: row.get(5)? },
        };
        Ok(EvidenceRecord {
            source: name(row, 0, &sources)?,
            id: row.get(1)?,
            practice: row.get(2)?,
            service: optional_name(row, 3, &services)?,
            evidence: Evidence { grade: word(row, 4)?, locator, observed_at: time(row, 15)? },
            values: named_values(row, 14)?,
        })
    })?;
    records.sort_by(|a, b| (&a.practice, &a.source, &a.id).cmp(&(&b.practice, &b.source, &b.id)));
    Ok(records)
}

fn named_values(row: Row<'_>, column: usize) -> Result<BTreeMap<String, String>, Failure> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| Failure::Damaged(format!("named values are not readable: {error}")))
}
