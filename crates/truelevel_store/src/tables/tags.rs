//! A repository's tags, always replaced together.

use std::collections::BTreeMap;

use truelevel_model::{RepositoryId, Tag};

use crate::columns::{commit, millis, optional_time};
use crate::failure::Failure;
use crate::sql::{Connection, row, values};
use crate::tables::names::{self, Names};

pub(crate) fn read(connection: &Connection, repository: &RepositoryId) -> Result<Vec<Tag>, Failure> {
    let Some(repository) = names::find(connection, repository)? else { return Ok(Vec::new()) };
    connection.all(
        "SELECT name, commit_id, tagged_at FROM tag WHERE repository = ?1 ORDER BY name",
        &values![repository],
        |row| Ok(Tag { name: row.get(0)?, commit: commit(row, 1)?, tagged_at: optional_time(row, 2)? }),
    )
}

pub(crate) fn replace(
    connection: &Connection,
    names: &mut Names,
    repository: &RepositoryId,
    tags: &[Tag],
) -> Result<(), Failure> {
    let repository = names.key(connection, repository)?;
    connection.execute("DELETE FROM tag WHERE repository = ?1", &values![repository])?;
    // Of two with one name the later one stays.
    let tags: BTreeMap<&str, &Tag> = tags.iter().map(|tag| (tag.name.as_str(), tag)).collect();
    let rows = tags.into_values().map(|tag| row![repository, &tag.name, &tag.commit.0, millis(tag.tagged_at)]);
    connection.insert("tag", &["repository", "name", "commit_id", "tagged_at"], rows)?;
    Ok(())
}
