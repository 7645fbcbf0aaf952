//! Why a store could not do what it was asked.

use truelevel_model::{RepositoryId, SourceId};

/// Why a store could not do what it was asked. Nothing was changed by the call that failed, except that
/// [`crate::Store::append_history`] keeps the batches it had finished.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A newer Truelevel wrote the store.
    #[error(
        "{place} was written by a newer Truelevel (store version {found}, this one reads up to {supported}); \
         install that version, or name another store"
    )]
    Newer {
        /// The store.
        place: String,
        /// Its version.
        found: u32,
        /// The newest version this program reads.
        supported: u32,
    },
    /// The file is something else.
    #[error("{place} is not a Truelevel store: {reason}; name another file, or move this one away")]
    NotAStore {
        /// The file.
        place: String,
        /// What it is instead.
        reason: String,
    },
    /// The server is not as it has to be, or its address asks for what is not supported.
    #[error("{place} cannot be used: {reason}")]
    Unsupported {
        /// The store.
        place: String,
        /// Why not, and what to do.
        reason: String,
    },
    /// The server does not answer, or not to us.
    #[error(
        "cannot {doing}: {place} cannot be reached: {reason}; check that the server runs, its address and the user"
    )]
    Unreachable {
        /// The store.
        place: String,
        /// What was asked, as `write facts`.
        doing: &'static str,
        /// What came instead of an answer.
        reason: String,
    },
    /// The store holds what Truelevel never writes.
    #[error("{place} is damaged: {reason}; restore it from a backup, or move it away and collect again")]
    Damaged {
        /// The store.
        place: String,
        /// What was found.
        reason: String,
    },
    /// Another process held the store for longer than is waited.
    #[error("cannot {doing}: another process kept {place} locked; let it finish, then run this again")]
    Busy {
        /// The store.
        place: String,
        /// What was asked, as `write facts`.
        doing: &'static str,
    },
    /// The file or its folder cannot be written.
    #[error("cannot {doing}: {place} cannot be written; check the permissions, for a file also those of its folder")]
    ReadOnly {
        /// The store.
        place: String,
        /// What was asked, as `write facts`.
        doing: &'static str,
    },
    /// The disk is full.
    #[error("cannot {doing}: no space is left for {place}; free some, then run this again")]
    Full {
        /// The store.
        place: String,
        /// What was asked, as `write facts`.
        doing: &'static str,
    },
    /// The changes to append do not go on where the stored history ends, because it was written meanwhile.
    #[error(
        "the history of {repository} has {stored} changes where {from} were expected: another process collects it \
         too; run this again"
    )]
    HistoryMoved {
        /// The repository.
        repository: RepositoryId,
        /// The number of stored changes.
        stored: usize,
        /// The place at which appending was to begin.
        from: usize,
    },
    /// A source was to be replaced with facts of another one.
    #[error("the facts of {expected} cannot be replaced with a fact of {found}; this is a bug, please report it")]
    OtherSource {
        /// The source to be replaced.
        expected: SourceId,
        /// The source that a fact names.
        found: SourceId,
    },
    /// Anything else between here and the disk.
    #[error("cannot {doing} ({place}): {reason}; check the disk and the path, then run this again")]
    Io {
        /// The store.
        place: String,
        /// What was asked, as `write facts`.
        doing: &'static str,
        /// What the system said.
        reason: String,
    },
}
