//! A repository's changes: long, narrow, written at the end and read from start to end.

use std::ops::Range;

use truelevel_model::{
    AuthorHash, ChangeFlags, ChangeIndex, ChangeSize, CommitId, History, RepositoryId, StoredChange, Time,
};

use crate::columns::{commit, optional_commit, signed, time, unsigned};
use crate::failure::Failure;
use crate::sql::{Connection, Row, Value, row, values};
use crate::tables::names::{self, Names};

/// Changes per transaction: enough that committing costs nothing beside them, few enough that others need not wait.
const BATCH_ROWS: usize = 50_000;
/// The bytes of a stored place.
const PLACE_BYTES: usize = 4;

const COLUMNS: &[&str] = &[
    "repository",
    "place",
    "id",
    "authored_at",
    "committed_at",
    "author",
    "flags",
    "reverts",
    "parents",
    "issue_keys",
    "files_changed",
    "lines_changed",
];

pub(crate) fn read(connection: &Connection, repository: &RepositoryId) -> Result<History, Failure> {
    let mut history = History::default();
    if let Some(key) = names::find(connection, repository)? {
        history.reserve(stored(connection, key)?);
        // A parent may stand behind its child only where a source made up a circle; it must stand somewhere.
        let mut highest_parent = None;
        let mut parents = Vec::new();
        let sql = "SELECT place, id, authored_at, committed_at, author, flags, reverts, parents, issue_keys,
                          files_changed, lines_changed
                   FROM change WHERE repository = ?1 ORDER BY place";
        connection.each(sql, &values![key], |row| {
            if row.get::<i64>(0)? != history.len() as i64 {
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
            Ok(())
        })?;
        if highest_parent.is_some_and(|parent: ChangeIndex| parent.get() >= history.len()) {
            return Err(damaged(repository, history.len(), "it is missing and is the parent of another one"));
        }
    }
    history.seal();
    Ok(history)
}

/// Repository by repository, as the index has it.
pub(crate) fn committed_at(connection: &Connection, commit: &CommitId) -> Result<Option<Time>, Failure> {
    let sql = "SELECT change.committed_at FROM repository JOIN change ON change.repository = repository.key
               WHERE change.id = ?1 LIMIT 1";
    connection.one(sql, &values![&commit.0], |row| time(row, 0))
}

/// Keys hold no spaces, so they stand in one text with a space between them.
fn issue_keys(row: Row<'_>, column: usize) -> Result<Vec<String>, Failure> {
    let Value::Text(text) = row.value(column)? else { return Ok(Vec::new()) };
    Ok(text.split(' ').map(str::to_owned).collect())
}

/// Whether the column held whole places.
fn read_parents(row: Row<'_>, column: usize, parents: &mut Vec<ChangeIndex>) -> Result<bool, Failure> {
    parents.clear();
    let Value::Bytes(bytes) = row.value(column)? else { return Ok(false) };
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
    let stored = stored(connection, key)?;
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
    connection.execute("DELETE FROM change WHERE repository = ?1", &values![key])?;
    insert(connection, key, history, 0..history.len())
}

/// How many changes are stored.
fn stored(connection: &Connection, repository: i64) -> Result<usize, Failure> {
    let sql = "SELECT max(place) FROM change WHERE repository = ?1";
    let last: Option<i64> = connection.one(sql, &values![repository], |row| row.get(0))?.flatten();
    Ok(last.map_or(0, |last| last as usize + 1))
}

fn insert(connection: &Connection, repository: i64, history: &History, places: Range<usize>) -> Result<(), Failure> {
    let rows = places.map(|place| {
        let change = history.stored(ChangeIndex(place as u32));
        let parents: Vec<u8> = change.parents.iter().flat_map(|parent| parent.0.to_le_bytes()).collect();
        row![
            repository,
            place as i64,
            change.id.0.to_vec(),
            change.authored_at.millis(),
            change.committed_at.millis(),
            signed(change.author.0),
            change.flags.0,
            change.reverts.map(|reverts| reverts.0.to_vec()),
            parents,
            (!change.issue_keys.is_empty()).then(|| change.issue_keys.join(" ")),
            change.size.map(|size| size.files),
            change.size.map(|size| size.lines),
        ]
    });
    connection.insert("change", COLUMNS, rows)?;
    Ok(())
}
