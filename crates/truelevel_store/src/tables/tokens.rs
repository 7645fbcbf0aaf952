//! Tokens of the API, by their hashes.

use truelevel_model::events::Token;
use truelevel_model::{Time, Word};

use crate::columns::{millis, optional_time, time, word};
use crate::failure::Failure;
use crate::sql::{Connection, values};

pub(crate) fn add(connection: &Connection, token: &Token) -> Result<bool, Failure> {
    let added = connection.execute(
        "INSERT INTO token (name, hash, scope, created_at, expires_at, revoked_at, used_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
         ON CONFLICT DO NOTHING",
        &values![
            &token.name,
            &token.hash,
            token.scope.word(),
            token.created_at.millis(),
            millis(token.expires_at),
            millis(token.revoked_at),
            millis(token.used_at),
        ],
    )?;
    Ok(added > 0)
}

pub(crate) fn revoke(connection: &Connection, name: &str, at: Time) -> Result<bool, Failure> {
    let update = "UPDATE token SET revoked_at = ?2 WHERE name = ?1 AND revoked_at IS NULL";
    Ok(connection.execute(update, &values![name, at.millis()])? > 0)
}

pub(crate) fn read(connection: &Connection) -> Result<Vec<Token>, Failure> {
    connection.all(
        "SELECT name, hash, scope, created_at, expires_at, revoked_at, used_at FROM token ORDER BY name",
        &[],
        |row| {
            Ok(Token {
                name: row.get(0)?,
                hash: row.get(1)?,
                scope: word(row, 2)?,
                created_at: time(row, 3)?,
                expires_at: optional_time(row, 4)?,
                revoked_at: optional_time(row, 5)?,
                used_at: optional_time(row, 6)?,
            })
        },
    )
}
