//! The embedded database: one SQLite file.

mod migrations;
mod opening;
mod upserting;

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use rusqlite::types::{ToSqlOutput, ValueRef};
use rusqlite::{CachedStatement, ToSql, params_from_iter};
use truelevel_model::printable;

use crate::StoreError;
use crate::failure::Failure;
use crate::sql::{Kind, Value, Values};
pub(crate) use upserting::upsert;

/// So many bytes of the file further connections map.
const MAPPED: i64 = 1 << 36;

/// A connection to a file or to memory.
pub(crate) struct Connection {
    inner: rusqlite::Connection,
    /// The file; none for a store in memory.
    file: Option<PathBuf>,
    place: String,
}

impl Connection {
    pub(crate) fn open(file: &Path) -> Result<Self, StoreError> {
        let place = printable(&file.display().to_string()).into_owned();
        match opening::open(file) {
            Ok(inner) => Ok(Self { inner, file: Some(file.to_owned()), place }),
            Err(failure) => Err(failure.into_error(&place, "open the store")),
        }
    }

    pub(crate) fn in_memory() -> Result<Self, StoreError> {
        let place = "the store in memory".to_owned();
        match opening::in_memory() {
            Ok(inner) => Ok(Self { inner, file: None, place }),
            Err(failure) => Err(failure.into_error(&place, "make a store")),
        }
    }

    pub(crate) fn place(&self) -> &str {
        &self.place
    }

    pub(crate) fn again(&self) -> Result<Self, Failure> {
        let Some(file) = &self.file else {
            return Err(Failure::NotAStore("a store in memory has one way in".to_owned()));
        };
        let inner = opening::open(file)?;
        // Whoever opens it again reads much of it: pages are looked at where the system keeps them, and not copied.
        inner.pragma_update_and_check(None, "mmap_size", MAPPED, |_| Ok(()))?;
        Ok(Self { inner, file: Some(file.clone()), place: self.place.clone() })
    }

    pub(crate) fn back_up(&self, to: &Path) -> Result<(), Failure> {
        if to.exists() {
            return Err(Failure::NotAStore("there is a file already".to_owned()));
        }
        let name = to.to_str().ok_or_else(|| Failure::NotAStore("its name is not UTF-8".to_owned()))?;
        self.inner.execute("VACUUM INTO ?1", [name])?;
        std::fs::File::open(to).and_then(|copy| copy.sync_all()).map_err(Failure::Folder)
    }

    pub(crate) fn statements(&self, sql: &str) -> Result<(), Failure> {
        // The end of a transaction is not worth asking where there is none.
        if sql == "ROLLBACK" && self.inner.is_autocommit() {
            return Ok(());
        }
        Ok(self.inner.execute_batch(sql)?)
    }

    pub(crate) fn execute(&self, sql: &str, values: &[Value<'_>]) -> Result<u64, Failure> {
        Ok(self.prepare(sql)?.execute(params_from_iter(values))? as u64)
    }

    pub(crate) fn each(
        &self,
        sql: &str,
        values: &[Value<'_>],
        mut read: impl FnMut(&rusqlite::Row<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let mut statement = self.prepare(sql)?;
        let mut rows = statement.query(params_from_iter(values))?;
        while let Some(row) = rows.next()? {
            read(row)?;
        }
        Ok(())
    }

    pub(crate) fn columns(&self, table: &str) -> Result<Vec<String>, Failure> {
        let statement = self.prepare(&format!("SELECT * FROM {table}"))?;
        Ok(statement.column_names().map(str::to_owned).collect())
    }

    pub(crate) fn insert<'v>(
        &self,
        table: &str,
        columns: &[&str],
        rows: impl IntoIterator<Item = Values<'v>>,
    ) -> Result<u64, Failure> {
        let places = vec!["?"; columns.len()].join(", ");
        let mut statement = self.prepare(&format!("INSERT INTO {table} ({}) VALUES ({places})", columns.join(", ")))?;
        let mut count = 0;
        for row in rows {
            count += statement.execute(params_from_iter(&row))? as u64;
        }
        Ok(count)
    }

    pub(crate) fn with_given(
        &self,
        columns: &[(&str, Kind)],
        rows: &[Values<'_>],
        sql: &str,
        mut read: impl FnMut(&rusqlite::Row<'_>) -> Result<(), Failure>,
    ) -> Result<(), Failure> {
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        let places = vec!["?"; columns.len()].join(", ");
        let mut statement = self.prepare(&format!("WITH given ({}) AS (SELECT {places}) {sql}", names.join(", ")))?;
        for row in rows {
            let mut found = statement.query(params_from_iter(row))?;
            while let Some(row) = found.next()? {
                read(row)?;
            }
        }
        Ok(())
    }

    fn prepare(&self, sql: &str) -> Result<CachedStatement<'_>, Failure> {
        Ok(self.inner.prepare_cached(sql)?)
    }
}

/// A column of a row.
pub(crate) fn value<'r>(row: &'r rusqlite::Row<'_>, column: usize) -> Result<Value<'r>, Failure> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Integer(number),
        ValueRef::Text(text) => {
            let text = std::str::from_utf8(text).map_err(|error| Failure::Damaged(error.to_string()))?;
            Value::Text(Cow::Borrowed(text))
        }
        ValueRef::Blob(bytes) => Value::Bytes(Cow::Borrowed(bytes)),
        ValueRef::Real(_) => return Err(Failure::Damaged(format!("column {column} holds a fraction"))),
    })
}

impl ToSql for Value<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Integer(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Bytes(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use truelevel_model::{Change, CommitId, History, Time};

    use crate::{SqlStore, Store};

    use super::*;

    fn sqlite(store: &SqlStore) -> &rusqlite::Connection {
        let crate::sql::Connection::Sqlite(connection) = &store.connection else { panic!("{store:?}") };
        &connection.inner
    }

    fn history(count: u32) -> History {
        History::from_changes((0..count).map(|number| {
            let mut id = CommitId([7; 20]);
            id.0[..4].copy_from_slice(&number.to_le_bytes());
            Change::new(id, Vec::new(), Time::from_seconds(0))
        }))
    }

    fn store_with_ten_changes() -> (tempfile::TempDir, SqlStore) {
        let folder = tempfile::tempdir().unwrap();
        let mut store = SqlStore::in_file(folder.path().join("store.db")).unwrap();
        store.append_history(&"shop".into(), &history(10), 0).unwrap();
        (folder, store)
    }

    #[test]
    fn a_full_disk_is_told_and_changes_nothing() {
        let (_folder, mut store) = store_with_ten_changes();
        let pages: i64 = sqlite(&store).query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        // Answers with the new limit, as a row.
        sqlite(&store).pragma_update_and_check(None, "max_page_count", pages + 2, |_| Ok(())).unwrap();
        let refused = store.replace_history(&"shop".into(), &history(10_000));
        assert!(matches!(refused, Err(StoreError::Full { .. })), "{refused:?}");
        assert_eq!(store.history(&"shop".into()).unwrap().len(), 10);
        store.replace_history(&"shop".into(), &history(5)).unwrap();
        assert_eq!(store.history(&"shop".into()).unwrap().len(), 5);
    }

    #[test]
    fn a_store_that_another_process_keeps_locked_is_told_and_can_be_read() {
        let (folder, mut store) = store_with_ten_changes();
        let other = rusqlite::Connection::open(folder.path().join("store.db")).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        sqlite(&store).busy_timeout(Duration::ZERO).unwrap();
        let refused = store.set_collected("shop", "1");
        assert!(matches!(refused, Err(StoreError::Busy { doing: "note what was collected", .. })), "{refused:?}");
        assert_eq!(store.history(&"shop".into()).unwrap().len(), 10);
    }

    #[test]
    fn a_store_that_cannot_be_written_is_told_and_can_be_read() {
        let (_folder, mut store) = store_with_ten_changes();
        sqlite(&store).pragma_update(None, "query_only", true).unwrap();
        let refused = store.set_collected("shop", "1");
        assert!(matches!(refused, Err(StoreError::ReadOnly { .. })), "{refused:?}");
        assert_eq!(store.history(&"shop".into()).unwrap().len(), 10);
    }
}
