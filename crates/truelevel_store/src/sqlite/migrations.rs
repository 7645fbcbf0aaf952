//! The schema's versions: each a file, applied once, in order, as a whole.

use rusqlite::{Connection, TransactionBehavior};

use crate::failure::Failure;

/// The n-th file, counted from 1, leads to version n. A released file never changes; what is to change is a new one.
pub(crate) const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/sqlite/0001_facts.sql"),
    include_str!("../../migrations/sqlite/0002_snapshots.sql"),
    include_str!("../../migrations/sqlite/0003_events.sql"),
    include_str!("../../migrations/sqlite/0004_measurements.sql"),
    include_str!("../../migrations/sqlite/0005_access.sql"),
    include_str!("../../migrations/sqlite/0006_snapshot_summary.sql"),
    include_str!("../../migrations/sqlite/0007_unsaid_workflows.sql"),
    include_str!("../../migrations/sqlite/0008_removals.sql"),
    include_str!("../../migrations/sqlite/0009_ai_usage.sql"),
    include_str!("../../migrations/sqlite/0010_evidence_end.sql"),
];

/// Marks a file as ours: `TRLV` in ASCII.
const APPLICATION_ID: i32 = 0x5452_4c56;

/// Refuses files of other programs and of newer versions; reads only.
pub(crate) fn check(connection: &Connection) -> Result<(), Failure> {
    // One transaction, because another process may be making the store just now.
    let transaction = connection.unchecked_transaction()?;
    let application: i32 = transaction.query_row("PRAGMA application_id", [], |row| row.get(0))?;
    let found = version(&transaction)?;
    let tables: i64 = transaction.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    transaction.commit()?;
    let is_new = application == 0 && found == 0 && tables == 0;
    if application != APPLICATION_ID && !is_new {
        return Err(Failure::NotAStore("it is an SQLite database of another program".to_owned()));
    }
    refuse_newer(found, MIGRATIONS.len() as u32)
}

/// Brings the schema to the last of these migrations, each in a transaction.
pub(crate) fn apply(connection: &mut Connection, migrations: &[&str]) -> Result<(), Failure> {
    while (version(connection)? as usize) < migrations.len() {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        // Asked again: another process may have gone on while this one waited.
        let found = version(&transaction)?;
        let Some(migration) = migrations.get(found as usize) else { break };
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
        transaction.pragma_update(None, "user_version", found + 1)?;
        transaction.commit()?;
    }
    refuse_newer(version(connection)?, migrations.len() as u32)
}

fn version(connection: &Connection) -> Result<u32, Failure> {
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    u32::try_from(found).map_err(|_| Failure::Damaged(format!("its version is {found}")))
}

fn refuse_newer(found: u32, supported: u32) -> Result<(), Failure> {
    if found > supported { Err(Failure::Newer { found, supported }) } else { Ok(()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FIRST: &str = "CREATE TABLE first (a INTEGER)";
    const BROKEN: &str =
        "CREATE TABLE second (a INTEGER); INSERT INTO first VALUES (1); INSERT INTO missing VALUES (1)";
    const MENDED: &str = "CREATE TABLE second (a INTEGER); INSERT INTO first VALUES (1)";

    fn count(connection: &Connection, sql: &str) -> i64 {
        connection.query_row(sql, [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn an_interrupted_migration_leaves_the_version_before_it_and_can_be_repeated() {
        let mut connection = Connection::open_in_memory().unwrap();
        assert!(apply(&mut connection, &[FIRST, BROKEN]).is_err());
        assert_eq!(version(&connection).unwrap(), 1);
        assert_eq!(count(&connection, "SELECT count(*) FROM sqlite_schema"), 1);
        assert_eq!(count(&connection, "SELECT count(*) FROM first"), 0);

        apply(&mut connection, &[FIRST, MENDED]).unwrap();
        apply(&mut connection, &[FIRST, MENDED]).unwrap();
        assert_eq!(version(&connection).unwrap(), 2);
        assert_eq!(count(&connection, "SELECT count(*) FROM first"), 1);
    }

    #[test]
    fn a_store_that_went_ahead_is_refused_also_after_the_check() {
        let mut connection = Connection::open_in_memory().unwrap();
        apply(&mut connection, &[FIRST, MENDED]).unwrap();
        let refused = apply(&mut connection, &[FIRST]);
        assert!(matches!(refused, Err(Failure::Newer { found: 2, supported: 1 })));
    }
}
