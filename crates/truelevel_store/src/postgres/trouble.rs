//! What an error of the server or on the way to it means for who asked.

use std::error::Error as _;

use postgres::Error;
use postgres::error::SqlState;

/// What went wrong.
pub(crate) enum Trouble {
    Unreachable(String),
    Busy,
    ReadOnly,
    Full,
    Damaged(String),
    Other(String),
}

pub(crate) fn trouble(error: &Error) -> Trouble {
    let Some(told) = error.as_db_error() else {
        // The cause says more than the error that carries it, and neither holds the address.
        let reason = error.source().map_or_else(|| error.to_string(), ToString::to_string);
        return Trouble::Unreachable(reason);
    };
    let reason = told.message().to_owned();
    match *told.code() {
        SqlState::LOCK_NOT_AVAILABLE | SqlState::T_R_DEADLOCK_DETECTED => Trouble::Busy,
        SqlState::READ_ONLY_SQL_TRANSACTION | SqlState::INSUFFICIENT_PRIVILEGE => Trouble::ReadOnly,
        SqlState::DISK_FULL => Trouble::Full,
        SqlState::DATA_CORRUPTED | SqlState::INDEX_CORRUPTED | SqlState::UNDEFINED_TABLE => Trouble::Damaged(reason),
        ref code if is_about_the_connection(code.code()) => Trouble::Unreachable(reason),
        _ => Trouble::Other(reason),
    }
}

/// Classes of codes: connection exceptions, refused users and passwords, no such database, too many connections, and a
/// server that starts, stops or was told to.
fn is_about_the_connection(code: &str) -> bool {
    ["08", "28", "3D", "53300", "57P"].iter().any(|class| code.starts_with(class))
}
