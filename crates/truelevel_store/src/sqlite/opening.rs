//! Opening a file: whether it is ours, how SQLite is to treat it, and the schema.

use std::path::Path;
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, MAIN_DB, OpenFlags};

use super::migrations;
use crate::failure::Failure;

const BUSY_TIMEOUT: Duration = Duration::from_secs(10);
/// How often switching a new file to write-ahead logging is tried; each try waits for whoever holds the file.
const SWITCH_ATTEMPTS: usize = 100;
/// Every statement of a call stays prepared for the next one.
const PREPARED_STATEMENTS: usize = 64;

pub(crate) fn open(path: &Path) -> Result<Connection, Failure> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(Failure::Folder)?;
    }
    // Without the flag for URIs, which would read a file name as an address with options.
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    prepare(Connection::open_with_flags(path, flags)?)
}

pub(crate) fn in_memory() -> Result<Connection, Failure> {
    prepare(Connection::open_in_memory()?)
}

fn prepare(mut connection: Connection) -> Result<Connection, Failure> {
    connection.busy_timeout(BUSY_TIMEOUT)?;
    connection.set_prepared_statement_cache_capacity(PREPARED_STATEMENTS);
    // Else a statement that is kept is made anew whenever what is bound to it might suit another plan.
    connection.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // Before anything is set, because setting writes to the file.
    migrations::check(&connection)?;
    connection.pragma_update(None, "page_size", 8192)?;
    if !connection.is_readonly(MAIN_DB)? {
        write_ahead(&connection)?;
    }
    connection.pragma_update(None, "synchronous", "FULL")?;
    connection.pragma_update(None, "foreign_keys", true)?;
    connection.pragma_update(None, "trusted_schema", false)?;
    connection.pragma_update(None, "temp_store", "MEMORY")?;
    // Kibibytes when negative. Commit ids arrive in random order: their index has to stay in memory while appending.
    connection.pragma_update(None, "cache_size", -65_536)?;
    // A large write must not leave a large log behind for ever.
    connection.pragma_update(None, "journal_size_limit", 64 << 20)?;
    migrations::apply(&mut connection, migrations::MIGRATIONS)?;
    Ok(connection)
}

/// Readers do not wait for a writer, nor a writer for readers. The setting stays with the file.
fn write_ahead(connection: &Connection) -> Result<(), Failure> {
    for _ in 0..SWITCH_ATTEMPTS {
        let switched = connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()));
        match switched.map_err(Failure::from) {
            // SQLite does not wait here, where two wait for each other; taking the write lock does.
            Err(failure) if failure.is_busy() => connection.execute_batch("BEGIN IMMEDIATE; COMMIT")?,
            other => return other,
        }
    }
    Ok(connection.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(()))?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_waits_for_the_disk_and_for_others_and_keeps_facts_together() {
        let folder = tempfile::tempdir().unwrap();
        let connection = open(&folder.path().join("store.db")).unwrap();
        let check = |pragma: &str, expected: i64| {
            let found: i64 = connection.query_row(&format!("PRAGMA {pragma}"), [], |row| row.get(0)).unwrap();
            assert_eq!(found, expected, "{pragma}");
        };
        check("synchronous", 2);
        check("foreign_keys", 1);
        check("busy_timeout", 10_000);
        check("temp_store", 2);
        check("trusted_schema", 0);
        check("cache_size", -65_536);
    }
}
