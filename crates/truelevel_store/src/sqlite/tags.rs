//! A repository's tags, always replaced together.

use rusqlite::{Connection, params};
use truelevel_model::{RepositoryId, Tag};

use super::columns::{commit, millis, optional_time};
use super::failure::Failure;
use super::names::{self, Names};

pub(crate) fn read(connection: &Connection, repository: &RepositoryId) -> Result<Vec<Tag>, Failure> {
    let Some(repository) = names::find(connection, repository)? else { return Ok(Vec::new()) };
    let mut statement =
        connection.prepare_cached("SELECT name, commit_id, tagged_at FROM tag WHERE repository = ?1 ORDER BY name")?;
    let mut rows = statement.query([repository])?;
    let mut tags = Vec::new();
    while let Some(row) = rows.next()? {
        tags.push(Tag { name: row.get(0)?, commit: commit(row, 1)?, tagged_at: optional_time(row, 2)? });
    }
    Ok(tags)
}

pub(crate) fn replace(
    connection: &Connection,
    names: &mut Names,
    repository: &RepositoryId,
    tags: &[Tag],
) -> Result<(), Failure> {
    let repository = names.key(connection, repository)?;
    connection.prepare_cached("DELETE FROM tag WHERE repository = ?1")?.execute([repository])?;
    let mut insert = connection.prepare_cached(
        "INSERT OR REPLACE INTO tag (repository, name, commit_id, tagged_at) VALUES (?1, ?2, ?3, ?4)",
    )?;
    for tag in tags {
        insert.execute(params![repository, tag.name, tag.commit.0, millis(tag.tagged_at)])?;
    }
    Ok(())
}
