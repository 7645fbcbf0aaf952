//! Evidence.

use truelevel_model::facts::Facts;
use truelevel_model::{Evidence, EvidenceRecord, Grade, Locator, RepositoryId, ServiceId, declare};

use super::field::fields;
use super::forms::{Choice, Commit, Instant, NamedTexts, PracticeId, Text, Whole};
use super::layout::Layout;
use super::record::{Fault, Record};
use super::shared::SOURCE;
use super::writing::{Row, Rows};

declare! {
    /// Evidence
    ///
    /// A record for each observation of a practice that lies outside the repositories: a restore drill, a game day, a
    /// scan. Identity is `source` and `id`. It counts for 180 days after `observed_at`: as declared without an address,
    /// as exercised with one, and as effective where `values` say what was measured too.
    pub static EVIDENCE: Layout = { id: "evidence", fields: FIELDS, recognised_by: &[], read: read, rows: rows };
}

fields! {
    /// The source's own id. Without one, practice, service and time together stand for it.
    ID: Optional<Text> = "id";
    /// The practice.
    PRACTICE: Required<PracticeId> = "practice";
    /// The service it speaks for; all of them when missing.
    SERVICE: Optional<Text<ServiceId>> = "service";
    /// How much it proves: that something says so, that it ran, or that outcomes show that it worked.
    GRADE: Required<Choice<Grade>> = "grade";
    /// What was seen, readable alone.
    SUMMARY: Required<Text> = "summary";
    /// Where a reader finds it: an address on the web.
    ADDRESS: Optional<Text> = "address";
    /// For a place in a file: the repository.
    REPOSITORY: Optional<Text<RepositoryId>> = "repository";
    /// For a place in a file: the commit.
    COMMIT: Optional<Commit> = "commit";
    /// For a place in a file: its path, with `/`. `repository` and `commit` are then needed.
    PATH: Optional<Text> = "path";
    /// For a place in a file: the line, from 1.
    LINE: Optional<Whole<u32>> = "line";
    /// For a place in a file: the column, from 1.
    COLUMN: Optional<Whole<u32>> = "column";
    /// For a place in a file: the line of the last character that matters, where that is another one.
    END_LINE: Optional<Whole<u32>> = "end_line";
    /// For a place in a file: the column after the last character that matters.
    END_COLUMN: Optional<Whole<u32>> = "end_column";
    /// Further values by name.
    VALUES: Optional<NamedTexts> = "values";
    /// When it was seen or last happened; of two records with one identity the later one stays.
    OBSERVED_AT: Required<Instant> = "observed_at";
    + SOURCE
}

fn read(record: &Record<'_>, facts: &mut Facts) -> Result<(), Fault> {
    let (practice, service) = (PRACTICE.of(record)?, SERVICE.given(record)?);
    let observed_at = OBSERVED_AT.of(record)?;
    let id = ID.given(record)?.unwrap_or_else(|| {
        let service = service.as_ref().map(ServiceId::as_str).unwrap_or_default();
        format!("{practice}/{service}/{observed_at}")
    });
    facts.evidence.push(EvidenceRecord {
        source: record.source(&SOURCE)?,
        id,
        practice,
        service,
        evidence: Evidence { grade: GRADE.of(record)?, locator: locator(record)?, observed_at },
        values: VALUES.given(record)?.unwrap_or_default(),
    });
    Ok(())
}

fn locator(record: &Record<'_>) -> Result<Locator, Fault> {
    let summary = SUMMARY.of(record)?;
    let Some(path) = PATH.given(record)? else {
        return Ok(Locator::Elsewhere { summary, address: ADDRESS.given(record)? });
    };
    let needed = "a place in a file needs it";
    let (line, end_column) = (LINE.given(record)?.unwrap_or(0), END_COLUMN.given(record)?.unwrap_or(0));
    Ok(Locator::File {
        repository: REPOSITORY.given(record)?.ok_or_else(|| REPOSITORY.fault(needed))?,
        commit: COMMIT.given(record)?.ok_or_else(|| COMMIT.fault(needed))?,
        path,
        named_as: None,
        line,
        column: COLUMN.given(record)?.unwrap_or(0),
        end_line: if end_column > 0 { END_LINE.given(record)?.unwrap_or(line) } else { 0 },
        end_column,
        text: summary,
    })
}

fn rows(facts: &Facts) -> Rows<'_> {
    Box::new(facts.evidence.iter().map(row))
}

fn row(record: &EvidenceRecord) -> Row {
    let mut row = Row::new();
    ID.put(&mut row, &record.id);
    PRACTICE.put(&mut row, &record.practice);
    SERVICE.put(&mut row, record.service.as_ref());
    GRADE.put(&mut row, &record.evidence.grade);
    match &record.evidence.locator {
        Locator::File { repository, commit, path, named_as: _, line, column, end_line, end_column, text } => {
            SUMMARY.put(&mut row, text);
            REPOSITORY.put(&mut row, repository);
            COMMIT.put(&mut row, commit);
            PATH.put(&mut row, path);
            LINE.put(&mut row, line);
            COLUMN.put(&mut row, column);
            if end_line > line {
                END_LINE.put(&mut row, end_line);
            }
            END_COLUMN.put(&mut row, end_column);
        }
        Locator::Facts { summary } => SUMMARY.put(&mut row, summary),
        Locator::Elsewhere { summary, address } => {
            SUMMARY.put(&mut row, summary);
            ADDRESS.put(&mut row, address.as_ref());
        }
    }
    VALUES.put(&mut row, &record.values);
    OBSERVED_AT.put(&mut row, &record.evidence.observed_at);
    SOURCE.put(&mut row, &record.source);
    row
}
