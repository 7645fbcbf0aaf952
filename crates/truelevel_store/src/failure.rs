//! What goes wrong below the boundary, before it is known what was asked and of which place.

use rusqlite::{Error, ErrorCode};
use truelevel_model::RepositoryId;

use crate::StoreError;
use crate::postgres::{self, Trouble};

#[derive(Debug)]
pub(crate) enum Failure {
    Sqlite(Error),
    Postgres(::postgres::Error),
    Folder(std::io::Error),
    Unsupported(String),
    Newer { found: u32, supported: u32 },
    NotAStore(String),
    Damaged(String),
    HistoryMoved { repository: RepositoryId, stored: usize, from: usize },
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<::postgres::Error> for Failure {
    fn from(error: ::postgres::Error) -> Self {
        Self::Postgres(error)
    }
}

impl Failure {
    pub(crate) fn is_busy(&self) -> bool {
        matches!(self, Self::Sqlite(error) if is_busy(error))
    }

    pub(crate) fn into_error(self, place: &str, doing: &'static str) -> StoreError {
        let place = place.to_owned();
        match self {
            Self::Newer { found, supported } => StoreError::Newer { place, found, supported },
            Self::NotAStore(reason) => StoreError::NotAStore { place, reason },
            Self::Unsupported(reason) => StoreError::Unsupported { place, reason },
            Self::Damaged(reason) => StoreError::Damaged { place, reason },
            Self::HistoryMoved { repository, stored, from } => StoreError::HistoryMoved { repository, stored, from },
            Self::Folder(error) => match error.kind() {
                std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                    StoreError::ReadOnly { place, doing }
                }
                std::io::ErrorKind::StorageFull => StoreError::Full { place, doing },
                _ => StoreError::Io { place, doing, reason: format!("its folder cannot be made: {error}") },
            },
            Self::Sqlite(error) => of_sqlite(&error, place, doing),
            Self::Postgres(error) => match postgres::trouble(&error) {
                Trouble::Unreachable(reason) => StoreError::Unreachable { place, doing, reason },
                Trouble::Busy => StoreError::Busy { place, doing },
                Trouble::ReadOnly => StoreError::ReadOnly { place, doing },
                Trouble::Full => StoreError::Full { place, doing },
                Trouble::Damaged(reason) => StoreError::Damaged { place, reason },
                Trouble::Other(reason) => StoreError::Io { place, doing, reason },
            },
        }
    }
}

fn of_sqlite(error: &Error, place: String, doing: &'static str) -> StoreError {
    if is_busy(error) {
        return StoreError::Busy { place, doing };
    }
    match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => {
            StoreError::NotAStore { place, reason: "it is not an SQLite database".to_owned() }
        }
        Some(ErrorCode::DatabaseCorrupt) => StoreError::Damaged { place, reason: error.to_string() },
        Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => StoreError::ReadOnly { place, doing },
        Some(ErrorCode::DiskFull) => StoreError::Full { place, doing },
        Some(_) => StoreError::Io { place, doing, reason: error.to_string() },
        None if is_unreadable(error) => StoreError::Damaged { place, reason: error.to_string() },
        None => StoreError::Io { place, doing, reason: error.to_string() },
    }
}

fn is_busy(error: &Error) -> bool {
    matches!(error.sqlite_error_code(), Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked))
}

/// Whether a column held what the schema forbids, or a row is missing that is always there.
fn is_unreadable(error: &Error) -> bool {
    matches!(
        error,
        Error::FromSqlConversionFailure(..)
            | Error::IntegralValueOutOfRange(..)
            | Error::InvalidColumnType(..)
            | Error::QueryReturnedNoRows
            | Error::Utf8Error(..)
    )
}
