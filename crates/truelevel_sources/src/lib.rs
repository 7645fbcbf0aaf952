//! Connectors: the only crate that reads git or talks to vendors.
//!
//! A source turns what a system knows into facts of the shared vocabulary. It decides nothing: what counts as a
//! failure, which change a deployment shipped and how good that is are questions for the crates above.

pub mod deployment_files;
pub mod deployment_repository;
pub mod git;
pub mod import;
pub mod release_tags;
pub mod webhooks;

/// What a long reading tells of its progress: things done, and how many there will be where that is known.
pub trait Progress: Sync {
    /// Called often; must be cheap.
    fn advance(&self, done: u64, total: Option<u64>);
}

impl<F: Fn(u64, Option<u64>) + Sync> Progress for F {
    fn advance(&self, done: u64, total: Option<u64>) {
        self(done, total);
    }
}
