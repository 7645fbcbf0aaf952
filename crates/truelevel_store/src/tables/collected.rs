//! What was already read of a subject.

use crate::failure::Failure;
use crate::sql::{Connection, values};

pub(crate) fn read(connection: &Connection, subject: &str) -> Result<Option<String>, Failure> {
    connection.one("SELECT fingerprint FROM collected WHERE subject = ?1", &values![subject], |row| row.get(0))
}

pub(crate) fn set(connection: &Connection, subject: &str, fingerprint: &str) -> Result<(), Failure> {
    connection.execute(
        "INSERT INTO collected (subject, fingerprint) VALUES (?1, ?2)
         ON CONFLICT (subject) DO UPDATE SET fingerprint = excluded.fingerprint",
        &values![subject, fingerprint],
    )?;
    Ok(())
}
