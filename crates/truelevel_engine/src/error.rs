//! Why a run cannot answer.

use truelevel_assess::CatalogError;
use truelevel_sources::git::GitError;
use truelevel_store::StoreError;

use crate::config::ConfigError;

/// Why a run cannot answer at all. What only takes a part away is a warning in the answer instead.
#[derive(Debug, thiserror::Error)]
pub enum EngineError {
    /// The configuration is wrong.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// A path that was asked for cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The store cannot be used.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The catalog is wrong, or an unknown edition was asked for.
    #[error(transparent)]
    Catalog(#[from] CatalogError),
    /// What was asked for makes no sense.
    #[error("{0}")]
    Usage(String),
    /// There is nothing to say anything about.
    #[error("{0}")]
    NothingToAssess(String),
}
