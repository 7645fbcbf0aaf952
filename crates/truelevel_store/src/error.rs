//! Why a store could not do what it was asked.

use std::path::{Path, PathBuf};

use truelevel_model::{RepositoryId, SourceId, printable};

/// Why a store could not do what it was asked. Nothing was changed by the call that failed, except that
/// [`crate::Store::append_history`] keeps the batches it had finished.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// A newer Truelevel wrote the store.
    #[error(
        "{} was written by a newer Truelevel (store version {found}, this one reads up to {supported}); \
         install that version, or name another store",
        shown(path)
    )]
    Newer {
        /// The store.
        path: PathBuf,
        /// Its version.
        found: u32,
        /// The newest version this program reads.
        supported: u32,
    },
    /// The file is something else.
    #[error("{} is not a Truelevel store: {reason}; name another file, or move this one away", shown(path))]
    NotAStore {
        /// The file.
        path: PathBuf,
        /// What it is instead.
        reason: String,
    },
    /// The store holds what Truelevel never writes.
    #[error("{} is damaged: {reason}; restore it from a backup, or move it away and collect again", shown(path))]
    Damaged {
        /// The store.
        path: PathBuf,
        /// What was found.
        reason: String,
    },
    /// Another process held the store for longer than is waited.
    #[error("cannot {doing}: another process kept {} locked; let it finish, then run this again", shown(path))]
    Busy {
        /// The store.
        path: PathBuf,
        /// What was asked, as `write facts`.
        doing: &'static str,
    },
    /// The file or its folder cannot be written.
    #[error("cannot {doing}: {} cannot be written; check its permissions and those of its folder", shown(path))]
    ReadOnly {
        /// The store.
        path: PathBuf,
        /// What was asked, as `write facts`.
        doing: &'static str,
    },
    /// The disk is full.
    #[error("cannot {doing}: no space is left for {}; free some, then run this again", shown(path))]
    Full {
        /// The store.
        path: PathBuf,
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
    #[error("cannot {doing} ({}): {reason}; check the disk and the path, then run this again", shown(path))]
    Io {
        /// The store.
        path: PathBuf,
        /// What was asked, as `write facts`.
        doing: &'static str,
        /// What the system said.
        reason: String,
    },
}

fn shown(path: &Path) -> String {
    printable(&path.display().to_string()).into_owned()
}
