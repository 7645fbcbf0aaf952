//! Sessions of people who signed in, by the hashes of their ids, and when they and tokens were last used.

use truelevel_model::access::{Person, Session, Uses};
use truelevel_model::{Time, Word};

use crate::columns::{list, list_text, millis, optional_time, time, word};
use crate::failure::Failure;
use crate::sql::{Connection, Row, Value, values};

const COLUMNS: &str = "hash, subject, name, role, teams, created_at, expires_at, used_at, ended_at";

pub(crate) fn add(connection: &Connection, session: &Session, forget_before: Time) -> Result<(), Failure> {
    connection.execute("DELETE FROM session WHERE expires_at < ?1", &values![forget_before.millis()])?;
    let insert = format!("INSERT INTO session ({COLUMNS}) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)");
    connection.execute(
        &insert,
        &values![
            &session.hash,
            &session.person.subject,
            &session.person.name,
            session.person.role.word(),
            session.person.teams.as_deref().map(list_text),
            session.created_at.millis(),
            session.expires_at.millis(),
            session.used_at.millis(),
            millis(session.ended_at),
        ],
    )?;
    Ok(())
}

pub(crate) fn end(connection: &Connection, hash: &[u8; 32], at: Time) -> Result<bool, Failure> {
    let update = "UPDATE session SET ended_at = ?2 WHERE hash = ?1 AND ended_at IS NULL";
    Ok(connection.execute(update, &values![hash, at.millis()])? > 0)
}

pub(crate) fn find(connection: &Connection, hash: &[u8; 32]) -> Result<Option<Session>, Failure> {
    connection.one(&format!("SELECT {COLUMNS} FROM session WHERE hash = ?1"), &values![hash], session)
}

pub(crate) fn read(connection: &Connection) -> Result<Vec<Session>, Failure> {
    connection.all(&format!("SELECT {COLUMNS} FROM session ORDER BY created_at, hash"), &[], session)
}

pub(crate) fn note_uses(connection: &Connection, uses: &Uses) -> Result<(), Failure> {
    for (name, at) in &uses.tokens {
        let update = "UPDATE token SET used_at = ?2 WHERE name = ?1 AND (used_at IS NULL OR used_at < ?2)";
        connection.execute(update, &values![name, at.millis()])?;
    }
    for (hash, at) in &uses.sessions {
        let update = "UPDATE session SET used_at = ?2 WHERE hash = ?1 AND used_at < ?2";
        connection.execute(update, &values![hash, at.millis()])?;
    }
    Ok(())
}

fn session(row: Row<'_>) -> Result<Session, Failure> {
    let teams = if row.value(4)? == Value::Null { None } else { Some(list(row, 4)?) };
    Ok(Session {
        hash: row.get(0)?,
        person: Person { subject: row.get(1)?, name: row.get(2)?, role: word(row, 3)?, teams },
        created_at: time(row, 5)?,
        expires_at: time(row, 6)?,
        used_at: time(row, 7)?,
        ended_at: optional_time(row, 8)?,
    })
}
