//! Practices that were observed.

use std::collections::BTreeMap;

use rusqlite::types::Null;
use rusqlite::{Connection, Row, params};
use truelevel_model::{Evidence, EvidenceRecord, Locator, RepositoryId, ServiceId, SourceId, Word};

use super::columns::{commit, name, optional_name, time, word};
use super::failure::Failure;
use super::names::{self, Names};
use super::upsert::{Stays, Upsert};
use crate::Counts;

const IDENTITY: &[&str] = &["source", "id"];
const VALUES: &[&str] = &[
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
    "end_column_number",
    "named_values",
    "observed_at",
];

pub(crate) fn write(
    connection: &Connection,
    names: &mut Names,
    records: &[EvidenceRecord],
    stays: Stays,
) -> Result<Counts, Failure> {
    let mut counts = Counts::default();
    let mut upsert = Upsert::prepare(connection, "evidence", IDENTITY, VALUES, stays)?;
    for record in records {
        let source = names.key(connection, &record.source)?;
        let service = record.service.as_ref().map(|service| names.key(connection, service)).transpose()?;
        let grade = record.evidence.grade.word();
        let values = serde_json::json!(record.values).to_string();
        let observed_at = record.evidence.observed_at.millis();
        counts.add(match &record.evidence.locator {
            Locator::File { repository, commit, path, line, column, end_column, text } => upsert.write(params![
                source,
                record.id,
                record.practice,
                service,
                grade,
                text,
                Null,
                names.key(connection, repository)?,
                commit.0,
                path,
                line,
                column,
                end_column,
                values,
                observed_at,
            ])?,
            Locator::Facts { summary } => upsert.write(params![
                source,
                record.id,
                record.practice,
                service,
                grade,
                summary,
                Null,
                Null,
                Null,
                Null,
                Null,
                Null,
                Null,
                values,
                observed_at,
            ])?,
            Locator::Elsewhere { summary, address } => upsert.write(params![
                source,
                record.id,
                record.practice,
                service,
                grade,
                summary,
                address.as_deref().unwrap_or_default(),
                Null,
                Null,
                Null,
                Null,
                Null,
                Null,
                values,
                observed_at,
            ])?,
        });
    }
    Ok(counts)
}

/// Puts a source's evidence in the place of what was stored.
pub(crate) fn replace(
    connection: &Connection,
    names: &mut Names,
    source: &SourceId,
    records: &[EvidenceRecord],
) -> Result<(), Failure> {
    let key = names.key(connection, source)?;
    connection.prepare_cached("DELETE FROM evidence WHERE source = ?1")?.execute([key])?;
    write(connection, names, records, Stays::WrittenLater)?;
    Ok(())
}

pub(crate) fn read(connection: &Connection) -> Result<Vec<EvidenceRecord>, Failure> {
    let sources = names::by_key::<SourceId>(connection)?;
    let services = names::by_key::<ServiceId>(connection)?;
    let repositories = names::by_key::<RepositoryId>(connection)?;
    let mut statement = connection.prepare_cached(
        "SELECT source, id, practice, service, grade, seen, address, repository, commit_id, path, line, column_number,
                end_column_number, named_values, observed_at
         FROM evidence",
    )?;
    let mut rows = statement.query([])?;
    let mut records: Vec<EvidenceRecord> = Vec::new();
    while let Some(row) = rows.next()? {
        let locator = match (optional_name(row, 7, &repositories)?, row.get::<_, Option<String>>(6)?) {
            (Some(repository), _) => Locator::File {
                repository,
                commit: commit(row, 8)?,
                path: row.get(9)?,
                line: row.get(10)?,
                column: row.get(11)?,
                end_column: row.get(12)?,
                text: row.get(5)?,
            },
            (None, Some(address)) => {
                Locator::Elsewhere { summary: row.get(5)?, address: Some(address).filter(|found| !found.is_empty()) }
            }
            (None, None) => Locator::Facts { summary: row.get(5)? },
        };
        records.push(EvidenceRecord {
            source: name(row, 0, &sources)?,
            id: row.get(1)?,
            practice: row.get(2)?,
            service: optional_name(row, 3, &services)?,
            evidence: Evidence { grade: word(row, 4)?, locator, observed_at: time(row, 14)? },
            values: named_values(row, 13)?,
        });
    }
    records.sort_by(|a, b| (&a.practice, &a.source, &a.id).cmp(&(&b.practice, &b.source, &b.id)));
    Ok(records)
}

fn named_values(row: &Row<'_>, column: usize) -> Result<BTreeMap<String, String>, Failure> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| Failure::Damaged(format!("named values are not readable: {error}")))
}
