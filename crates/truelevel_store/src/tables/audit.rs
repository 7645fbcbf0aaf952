//! The audit log.

use truelevel_model::Word;
use truelevel_model::access::AuditEntry;

use crate::AuditQuery;
use crate::columns::{time, word};
use crate::failure::Failure;
use crate::sql::{Connection, values};

pub(crate) fn append(connection: &Connection, entry: &AuditEntry) -> Result<(), Failure> {
    let insert = "INSERT INTO audit (at, who, action, what) VALUES (?1, ?2, ?3, ?4)";
    connection.execute(insert, &values![entry.at.millis(), &entry.who, entry.action.word(), &entry.what])?;
    Ok(())
}

pub(crate) fn read(connection: &Connection, query: &AuditQuery) -> Result<Vec<(i64, AuditEntry)>, Failure> {
    let limit = i64::try_from(query.limit).unwrap_or(i64::MAX);
    let mut values = Vec::from(values![query.before.unwrap_or(i64::MAX), limit]);
    let mut chosen = "";
    if let Some(action) = query.action {
        chosen = "AND action = ?3";
        values.push(action.word().into());
    }
    let select =
        format!("SELECT key, at, who, action, what FROM audit WHERE key < ?1 {chosen} ORDER BY key DESC LIMIT ?2");
    connection.all(&select, &values, |row| {
        let entry = AuditEntry { at: time(row, 1)?, who: row.get(2)?, action: word(row, 3)?, what: row.get(4)? };
        Ok((row.get(0)?, entry))
    })
}
