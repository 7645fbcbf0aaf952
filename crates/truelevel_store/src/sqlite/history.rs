//! A repository's changes: long, narrow, written at the end and read from start to end.

use std::ops::Range;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, Row, params};
use truelevel_model::{AuthorHash, ChangeFlags, ChangeIndex, ChangeSize, History, RepositoryId, StoredChange};

use super::columns::{bytes, commit, optional_commit, signed, time, unsigned};
use super::failure::Failure;
use super::names::{self, Names};

/// Changes per transaction: enough that committing costs nothing beside them, few enough that others need not wait.
const BATCH_ROWS: usize = 50_000;
/// The bytes of a stored place.
const PLACE_BYTES: usize = 4;

pub(crate) fn read(connection: &Connection, repository: &RepositoryId) -> Result<History, Failure> {
    let mut history = History::default();
    if let Some(key) = names::find(connection, repository)? {
        let last: Option<i64> = connection
            .prepare_cached("SELECT max(place) FROM change WHERE repository = ?1")?
            .query_row([key], |row| row.get(0))?;
        history.reserve(last.map_or(0, |last| last.unsigned_abs() as usize + 1));
        let mut statement = connection.prepare_cached(
            "SELECT place, id, authored_at, committed_at, author, flags, reverts, parents, issue_keys, files_changed,
                    lines_changed
             FROM change WHERE repository = ?1 ORDER BY place",
        )?;
        let mut rows = statement.query([key])?;
        // A parent may stand behind its child only where a source made up a circle; it must stand somewhere.
        let mut highest_parent = None;
        let mut parents = Vec::new();
        while let Some(row) = rows.next()? {
            if row.get::<_, i64>(0)? != history.len() as i64 {
                return Err(damaged(repository, history.len(), "its place is another one"));
            }
            if !read_parents(row, 7, &mut parents)? {
                return Err(damaged(repository, history.len(), "its parents are cut off"));
            }
            highest_parent = highest_parent.max(parents.iter().copied().max());
            history.append(&StoredChange {
                id: commit(row, 1)?,
                authored_at: time(row, 2)?,
                committed_at: time(row, 3)?,
                author: AuthorHash(unsigned(row.get(4)?)),
                flags: ChangeFlags(row.get(5)?),
                reverts: optional_commit(row, 6)?,
                issue_keys: &issue_keys(row, 8)?,
                size: match (row.get(9)?, row.get(10)?) {
                    (Some(files), Some(lines)) => Some(ChangeSize { files, lines }),
                    _ => None,
                },
                parents: &parents,
            });
        }
        if highest_parent.is_some_and(|parent: ChangeIndex| parent.get() >= history.len()) {
            return Err(damaged(repository, history.len(), "it is missing and is the parent of another one"));
        }
    }
    history.seal();
    Ok(history)
}

/// Keys hold no spaces, so they stand in one text with a space between them.
fn issue_keys(row: &Row<'_>, column: usize) -> Result<Vec<String>, Failure> {
    let ValueRef::Text(text) = row.get_ref(column)? else { return Ok(Vec::new()) };
    let text = std::str::from_utf8(text).map_err(|error| Failure::Damaged(error.to_string()))?;
    Ok(text.split(' ').map(str::to_owned).collect())
}

/// Whether the column held whole places.
fn read_parents(row: &Row<'_>, column: usize, parents: &mut Vec<ChangeIndex>) -> Result<bool, Failure> {
    parents.clear();
    let ValueRef::Blob(bytes) = row.get_ref(column)? else { return Ok(false) };
    let (places, rest) = bytes.as_chunks::<PLACE_BYTES>();
    parents.extend(places.iter().map(|place| ChangeIndex(u32::from_le_bytes(*place))));
    Ok(rest.is_empty())
}

fn damaged(repository: &RepositoryId, place: usize, reason: &str) -> Failure {
    Failure::Damaged(format!("of the history of {repository}, change {place} is not readable: {reason}"))
}

/// The places from `from` on, a range for each transaction.
pub(crate) fn batches(history: &History, from: usize) -> impl Iterator<Item = Range<usize>> + use<> {
    let end = history.len();
    (from..end).step_by(BATCH_ROWS).map(move |start| start..end.min(start + BATCH_ROWS))
}

pub(crate) fn append(
    connection: &Connection,
    names: &mut Names,
    repository: &RepositoryId,
    history: &History,
    places: Range<usize>,
) -> Result<(), Failure> {
    let key = names.key(connection, repository)?;
    let last: Option<i64> = connection
        .prepare_cached("SELECT max(place) FROM change WHERE repository = ?1")?
        .query_row([key], |row| row.get(0))?;
    let stored = last.map_or(0, |last| last as usize + 1);
    if stored != places.start {
        return Err(Failure::HistoryMoved { repository: repository.clone(), stored, from: places.start });
    }
    insert(connection, key, history, places)
}

pub(crate) fn replace(
    connection: &Connection,
    names: &mut Names,
    repository: &RepositoryId,
    history: &History,
) -> Result<(), Failure> {
    let key = names.key(connection, repository)?;
    connection.prepare_cached("DELETE FROM change WHERE repository = ?1")?.execute([key])?;
    insert(connection, key, history, 0..history.len())
}

fn insert(connection: &Connection, repository: i64, history: &History, places: Range<usize>) -> Result<(), Failure> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO change (repository, place, id, authored_at, committed_at, author, flags, reverts, parents,
                             issue_keys, files_changed, lines_changed)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
    )?;
    let mut parents = Vec::new();
    for place in places {
        let change = history.stored(ChangeIndex(place as u32));
        parents.clear();
        parents.extend(change.parents.iter().flat_map(|parent| parent.0.to_le_bytes()));
        statement.execute(params![
            repository,
            place as i64,
            change.id.0,
            change.authored_at.millis(),
            change.committed_at.millis(),
            signed(change.author.0),
            change.flags.0,
            bytes(change.reverts.as_ref()),
            parents,
            (!change.issue_keys.is_empty()).then(|| change.issue_keys.join(" ")),
            change.size.map(|size| size.files),
            change.size.map(|size| size.lines),
        ])?;
    }
    Ok(())
}
