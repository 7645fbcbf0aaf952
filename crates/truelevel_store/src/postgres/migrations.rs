//! The schema's versions: each a file, applied once, in order, as a whole. They are numbered as those of SQLite, and
//! lead to the same tables.

use postgres::Client;

use crate::failure::Failure;

/// The n-th file, counted from 1, leads to version n. A released file never changes; what is to change is a new one.
pub(crate) const MIGRATIONS: &[&str] = &[
    include_str!("../../migrations/postgres/0001_facts.sql"),
    include_str!("../../migrations/postgres/0002_snapshots.sql"),
    include_str!("../../migrations/postgres/0003_events.sql"),
    include_str!("../../migrations/postgres/0004_measurements.sql"),
    include_str!("../../migrations/postgres/0005_access.sql"),
    include_str!("../../migrations/postgres/0006_snapshot_summary.sql"),
    include_str!("../../migrations/postgres/0007_unsaid_workflows.sql"),
    include_str!("../../migrations/postgres/0008_removals.sql"),
    include_str!("../../migrations/postgres/0009_ai_usage.sql"),
    include_str!("../../migrations/postgres/0010_evidence_end.sql"),
];

/// Waits for whoever writes to the same schema. `TRLV` in ASCII keeps it apart from locks of others.
pub(crate) const LOCK: &str = "SELECT pg_advisory_xact_lock(1414679638, hashtext(current_schema()))";

/// Brings the schema to the last of these migrations, each in a transaction and one process at a time.
pub(crate) fn apply(client: &mut Client, migrations: &[&str]) -> Result<(), Failure> {
    while (version(client)?.unwrap_or(0) as usize) < migrations.len() {
        let mut transaction = client.transaction()?;
        transaction.batch_execute(LOCK)?;
        // Asked again: another process may have gone on while this one waited.
        let found = match version(&mut transaction)? {
            Some(found) => found,
            None => {
                make_room(&mut transaction)?;
                0
            }
        };
        let Some(migration) = migrations.get(found as usize) else { break };
        transaction.batch_execute(migration)?;
        transaction.execute("UPDATE truelevel SET version = $1", &[&i64::from(found + 1)])?;
        transaction.commit()?;
    }
    let (found, supported) = (version(client)?.unwrap_or(0), migrations.len() as u32);
    if found > supported { Err(Failure::Newer { found, supported }) } else { Ok(()) }
}

/// The schema's version; none where no store is.
fn version(client: &mut impl postgres::GenericClient) -> Result<Option<u32>, Failure> {
    // Looked up as a row: `to_regclass` may answer with what was there before the wait for the lock.
    let table = "SELECT FROM pg_class WHERE relnamespace = current_schema()::regnamespace AND relname = 'truelevel'";
    if client.query_opt(table, &[])?.is_none() {
        return Ok(None);
    }
    let found: i64 = client.query_one("SELECT version FROM truelevel", &[])?.try_get(0)?;
    u32::try_from(found).map(Some).map_err(|_| Failure::Damaged(format!("its version is {found}")))
}

/// Marks an empty schema as ours.
fn make_room(client: &mut impl postgres::GenericClient) -> Result<(), Failure> {
    let others = "SELECT count(*) FROM pg_class WHERE relnamespace = current_schema()::regnamespace";
    if client.query_one(others, &[])?.try_get::<_, i64>(0)? > 0 {
        let reason = "the schema holds tables of another program; make one for Truelevel with CREATE SCHEMA, and add \
                      ?options=-csearch_path%3DNAME to the address";
        return Err(Failure::NotAStore(reason.to_owned()));
    }
    Ok(client.batch_execute(
        "CREATE TABLE truelevel (key bigint PRIMARY KEY CHECK (key = 1), version bigint NOT NULL);
         INSERT INTO truelevel (key, version) VALUES (1, 0)",
    )?)
}
