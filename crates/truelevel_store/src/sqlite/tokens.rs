//! Tokens of the API, by their hashes.

use rusqlite::{Connection, params};
use truelevel_model::Time;
use truelevel_model::Word;
use truelevel_model::events::Token;

use super::columns::{millis, optional_time, time, word};
use super::failure::Failure;

pub(crate) fn add(connection: &Connection, token: &Token) -> Result<bool, Failure> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO token (name, hash, scope, created_at, expires_at, revoked_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
         ON CONFLICT DO NOTHING",
    )?;
    let added = insert.execute(params![
        token.name,
        token.hash,
        token.scope.word(),
        token.created_at.millis(),
        millis(token.expires_at),
        millis(token.revoked_at),
    ])?;
    Ok(added > 0)
}

pub(crate) fn revoke(connection: &Connection, name: &str, at: Time) -> Result<bool, Failure> {
    let mut update =
        connection.prepare_cached("UPDATE token SET revoked_at = ?2 WHERE name = ?1 AND revoked_at IS NULL")?;
    Ok(update.execute(params![name, at.millis()])? > 0)
}

pub(crate) fn read(connection: &Connection) -> Result<Vec<Token>, Failure> {
    let mut statement = connection
        .prepare_cached("SELECT name, hash, scope, created_at, expires_at, revoked_at FROM token ORDER BY name")?;
    let mut rows = statement.query([])?;
    let mut tokens = Vec::new();
    while let Some(row) = rows.next()? {
        tokens.push(Token {
            name: row.get(0)?,
            hash: row.get(1)?,
            scope: word(row, 2)?,
            created_at: time(row, 3)?,
            expires_at: optional_time(row, 4)?,
            revoked_at: optional_time(row, 5)?,
        });
    }
    Ok(tokens)
}
