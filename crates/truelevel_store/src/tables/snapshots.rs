//! Stored assessments, each chained to the one before by its hash.

use sha2::{Digest, Sha256};
use truelevel_model::snapshot::{BrokenLink, NewSnapshot, Snapshot, SnapshotHead};

use crate::columns::{millis, optional_time, time, unsigned};
use crate::failure::Failure;
use crate::sql::{Connection, Row, values};

const NOTHING_BEFORE: [u8; 32] = [0; 32];

const COLUMNS: &str =
    "number, as_of, taken_at, is_backfilled, configuration, catalog, data_until, previous, hash, assessment, summary";

struct Stored {
    snapshot: Snapshot,
    previous: [u8; 32],
    hash: [u8; 32],
}

pub(crate) fn append(connection: &Connection, new: &NewSnapshot) -> Result<SnapshotHead, Failure> {
    let sql = "SELECT number, hash FROM snapshot ORDER BY number DESC LIMIT 1";
    let last: Option<(i64, [u8; 32])> = connection.one(sql, &[], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (number, previous) = last.map_or((1, NOTHING_BEFORE), |(number, hash)| (number + 1, hash));
    let hash = hash(unsigned(number), &previous, new);
    connection.execute(
        "INSERT INTO snapshot (number, as_of, taken_at, is_backfilled, configuration, catalog, data_until, previous,
                               hash, assessment, summary)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
        &values![
            number,
            new.as_of.millis(),
            new.taken_at.millis(),
            new.is_backfilled,
            &new.configuration,
            &new.catalog,
            millis(new.data_until),
            &previous,
            &hash,
            &new.assessment,
            &new.summary,
        ],
    )?;
    Ok(head(unsigned(number), new, &previous, &hash))
}

pub(crate) fn heads(connection: &Connection) -> Result<Vec<SnapshotHead>, Failure> {
    // The assessments are long, and nobody asks for them here.
    let columns = COLUMNS.replace("assessment, summary", "'', ''");
    connection
        .all(&format!("SELECT {columns} FROM snapshot ORDER BY number"), &[], |row| Ok(stored(row)?.snapshot.head))
}

pub(crate) fn read(connection: &Connection, number: u64) -> Result<Option<Snapshot>, Failure> {
    let Ok(number) = i64::try_from(number) else { return Ok(None) };
    let sql = format!("SELECT {COLUMNS} FROM snapshot WHERE number = ?1");
    connection.one(&sql, &values![number], |row| Ok(stored(row)?.snapshot))
}

pub(crate) fn summary(connection: &Connection, number: u64) -> Result<Option<String>, Failure> {
    let Ok(number) = i64::try_from(number) else { return Ok(None) };
    connection.one("SELECT summary FROM snapshot WHERE number = ?1", &values![number], |row| row.get(0))
}

/// Walks the chain from its beginning to the first snapshot that is not what was written.
pub(crate) fn verify(connection: &Connection) -> Result<Option<BrokenLink>, Failure> {
    let (mut expected, mut before, mut broken) = (1, NOTHING_BEFORE, None);
    connection.each(&format!("SELECT {COLUMNS} FROM snapshot ORDER BY number"), &[], |row| {
        let Stored { snapshot, previous, hash: noted } = stored(row)?;
        let number = snapshot.head.number;
        let reason = if number != expected {
            Some(format!("snapshot {expected} before it is missing"))
        } else if previous != before {
            Some("it does not hold the hash of the one before".to_owned())
        } else if hash(number, &previous, &as_written(&snapshot)) != noted {
            Some("what it says is not what was hashed when it was made".to_owned())
        } else {
            None
        };
        if broken.is_none() {
            broken = reason.map(|reason| BrokenLink { number, reason });
        }
        (expected, before) = (number + 1, noted);
        Ok(())
    })?;
    Ok(broken)
}

fn stored(row: Row<'_>) -> Result<Stored, Failure> {
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
    Ok(Stored { snapshot: Snapshot { head, assessment: row.get(9)?, summary: row.get(10)? }, previous, hash })
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
        summary: snapshot.summary.clone(),
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
/// nothing after a zero byte; texts after their length; an empty summary as nothing at all.
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
    if !snapshot.summary.is_empty() {
        digest.update((snapshot.summary.len() as u64).to_le_bytes());
        digest.update(&snapshot.summary);
    }
    digest.finalize().into()
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
