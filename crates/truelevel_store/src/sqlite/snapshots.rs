//! Stored assessments, each chained to the one before by its hash.

use rusqlite::{Connection, OptionalExtension, Row, params};
use sha2::{Digest, Sha256};
use truelevel_model::snapshot::{BrokenLink, NewSnapshot, Snapshot, SnapshotHead};

use super::columns::{millis, optional_time, time, unsigned};
use super::failure::Failure;

const NOTHING_BEFORE: [u8; 32] = [0; 32];

const COLUMNS: &str =
    "number, as_of, taken_at, is_backfilled, configuration, catalog, data_until, previous, hash, assessment";

struct Stored {
    snapshot: Snapshot,
    previous: [u8; 32],
    hash: [u8; 32],
}

pub(crate) fn append(connection: &Connection, new: &NewSnapshot) -> Result<SnapshotHead, Failure> {
    let last: Option<(i64, [u8; 32])> = connection
        .prepare_cached("SELECT number, hash FROM snapshot ORDER BY number DESC LIMIT 1")?
        .query_row([], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (number, previous) = last.map_or((1, NOTHING_BEFORE), |(number, hash)| (number + 1, hash));
    let hash = hash(unsigned(number), &previous, new);
    connection
        .prepare_cached(
            "INSERT INTO snapshot (number, as_of, taken_at, is_backfilled, configuration, catalog, data_until, previous, \
             hash, assessment) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
        )?
        .execute(params![
            number,
            new.as_of.millis(),
            new.taken_at.millis(),
            new.is_backfilled,
            new.configuration,
            new.catalog,
            millis(new.data_until),
            previous,
            hash,
            new.assessment
        ])?;
    Ok(head(unsigned(number), new, &previous, &hash))
}

pub(crate) fn heads(connection: &Connection) -> Result<Vec<SnapshotHead>, Failure> {
    let mut heads = Vec::new();
    // The assessments are long, and nobody asks for them here.
    let columns = COLUMNS.replace("assessment", "''");
    let mut statement = connection.prepare_cached(&format!("SELECT {columns} FROM snapshot ORDER BY number"))?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        heads.push(stored(row)?.snapshot.head);
    }
    Ok(heads)
}

pub(crate) fn read(connection: &Connection, number: u64) -> Result<Option<Snapshot>, Failure> {
    let Ok(number) = i64::try_from(number) else { return Ok(None) };
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM snapshot WHERE number = ?1"))?;
    let mut rows = statement.query([number])?;
    match rows.next()? {
        Some(row) => Ok(Some(stored(row)?.snapshot)),
        None => Ok(None),
    }
}

/// Walks the chain from its beginning to the first snapshot that is not what was written.
pub(crate) fn verify(connection: &Connection) -> Result<Option<BrokenLink>, Failure> {
    let mut statement = connection.prepare_cached(&format!("SELECT {COLUMNS} FROM snapshot ORDER BY number"))?;
    let mut rows = statement.query([])?;
    let (mut expected, mut before) = (1, NOTHING_BEFORE);
    while let Some(row) = rows.next()? {
        let Stored { snapshot, previous, hash: noted } = stored(row)?;
        let number = snapshot.head.number;
        let broken = |reason: &str| Ok(Some(BrokenLink { number, reason: reason.to_owned() }));
        if number != expected {
            return broken(&format!("snapshot {expected} before it is missing"));
        }
        if previous != before {
            return broken("it does not hold the hash of the one before");
        }
        if hash(number, &previous, &as_written(&snapshot)) != noted {
            return broken("what it says is not what was hashed when it was made");
        }
        (expected, before) = (expected + 1, noted);
    }
    Ok(None)
}

fn stored(row: &Row<'_>) -> Result<Stored, Failure> {
    let (previous, hash): ([u8; 32], [u8; 32]) = (row.get(7)?, row.get(8)?);
    let head = SnapshotHead {
        number: unsigned(row.get(0)?),
        as_of: time(row, 1)?,
        taken_at: time(row, 2)?,
        is_backfilled: row.get(3)?,
        configuration: row.get(4)?,
        catalog: row.get(5)?,
        data_until: optional_time(row, 6)?,
        previous: hexadecimal(&previous),
        hash: hexadecimal(&hash),
    };
    Ok(Stored { snapshot: Snapshot { head, assessment: row.get(9)? }, previous, hash })
}

fn as_written(snapshot: &Snapshot) -> NewSnapshot {
    let head = &snapshot.head;
    NewSnapshot {
        as_of: head.as_of,
        taken_at: head.taken_at,
        is_backfilled: head.is_backfilled,
        configuration: head.configuration.clone(),
        catalog: head.catalog.clone(),
        data_until: head.data_until,
        assessment: snapshot.assessment.clone(),
    }
}

fn head(number: u64, new: &NewSnapshot, previous: &[u8; 32], hash: &[u8; 32]) -> SnapshotHead {
    SnapshotHead {
        number,
        as_of: new.as_of,
        taken_at: new.taken_at,
        is_backfilled: new.is_backfilled,
        configuration: new.configuration.clone(),
        catalog: new.catalog.clone(),
        data_until: new.data_until,
        previous: hexadecimal(previous),
        hash: hexadecimal(hash),
    }
}

/// The hash before, then each field in the order of the table: numbers as 8 bytes, little end first, an absent one as
/// nothing after a zero byte; texts after their length.
fn hash(number: u64, previous: &[u8; 32], snapshot: &NewSnapshot) -> [u8; 32] {
    let mut digest = Sha256::new();
    digest.update(previous);
    digest.update(number.to_le_bytes());
    digest.update(snapshot.as_of.millis().to_le_bytes());
    digest.update(snapshot.taken_at.millis().to_le_bytes());
    digest.update([u8::from(snapshot.is_backfilled)]);
    let mut text = |text: &str| {
        digest.update((text.len() as u64).to_le_bytes());
        digest.update(text);
    };
    text(&snapshot.configuration);
    text(&snapshot.catalog);
    match snapshot.data_until {
        Some(time) => {
            digest.update([1]);
            digest.update(time.millis().to_le_bytes());
        }
        None => digest.update([0]),
    }
    digest.update((snapshot.assessment.len() as u64).to_le_bytes());
    digest.update(&snapshot.assessment);
    digest.finalize().into()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
