//! What was already read of a subject.

use rusqlite::{Connection, OptionalExtension};

use super::failure::Failure;

pub(crate) fn read(connection: &Connection, subject: &str) -> Result<Option<String>, Failure> {
    let mut statement = connection.prepare_cached("SELECT fingerprint FROM collected WHERE subject = ?1")?;
    Ok(statement.query_row([subject], |row| row.get(0)).optional()?)
}

pub(crate) fn set(connection: &Connection, subject: &str, fingerprint: &str) -> Result<(), Failure> {
    let mut statement = connection.prepare_cached(
        "INSERT INTO collected (subject, fingerprint) VALUES (?1, ?2)
         ON CONFLICT (subject) DO UPDATE SET fingerprint = excluded.fingerprint",
    )?;
    statement.execute([subject, fingerprint])?;
    Ok(())
}
