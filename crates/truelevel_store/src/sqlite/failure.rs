//! What goes wrong below the boundary, before it is known what was asked and of which file.

use std::path::Path;

use rusqlite::{Error, ErrorCode};
use truelevel_model::RepositoryId;

use crate::StoreError;

#[derive(Debug)]
pub(crate) enum Failure {
    Sql(Error),
    Folder(std::io::Error),
    Newer { found: u32, supported: u32 },
    NotAStore(String),
    Damaged(String),
    HistoryMoved { repository: RepositoryId, stored: usize, from: usize },
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Sql(error)
    }
}

impl Failure {
    pub(crate) fn is_busy(&self) -> bool {
        matches!(self, Self::Sql(error) if is_busy(error))
    }

    pub(crate) fn into_error(self, path: &Path, doing: &'static str) -> StoreError {
        let path = path.to_owned();
        match self {
            Self::Newer { found, supported } => StoreError::Newer { path, found, supported },
            Self::NotAStore(reason) => StoreError::NotAStore { path, reason },
            Self::Damaged(reason) => StoreError::Damaged { path, reason },
            Self::HistoryMoved { repository, stored, from } => StoreError::HistoryMoved { repository, stored, from },
            Self::Folder(error) => match error.kind() {
                std::io::ErrorKind::PermissionDenied | std::io::ErrorKind::ReadOnlyFilesystem => {
                    StoreError::ReadOnly { path, doing }
                }
                std::io::ErrorKind::StorageFull => StoreError::Full { path, doing },
                _ => StoreError::Io { path, doing, reason: format!("its folder cannot be made: {error}") },
            },
            Self::Sql(error) if is_busy(&error) => StoreError::Busy { path, doing },
            Self::Sql(error) => match error.sqlite_error_code() {
                Some(ErrorCode::NotADatabase) => {
                    StoreError::NotAStore { path, reason: "it is not an SQLite database".to_owned() }
                }
                Some(ErrorCode::DatabaseCorrupt) => StoreError::Damaged { path, reason: error.to_string() },
                Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => StoreError::ReadOnly { path, doing },
                Some(ErrorCode::DiskFull) => StoreError::Full { path, doing },
                Some(_) => StoreError::Io { path, doing, reason: error.to_string() },
                None if is_unreadable(&error) => StoreError::Damaged { path, reason: error.to_string() },
                None => StoreError::Io { path, doing, reason: error.to_string() },
            },
        }
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
