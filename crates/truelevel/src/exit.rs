//! Exit codes. A bug ends with 101, which is what a panic gives.

use truelevel_engine::EngineError;

/// Done.
pub(crate) const DONE: u8 = 0;
/// The level is below `--fail-under`.
pub(crate) const BELOW: u8 = 1;
/// A stored snapshot is not what was written.
pub(crate) const BROKEN: u8 = 1;
/// The call or the configuration is wrong.
pub(crate) const USAGE: u8 = 2;
/// There is nothing to assess.
pub(crate) const NOTHING: u8 = 3;
/// Data is missing and `--strict` was given.
pub(crate) const MISSING: u8 = 4;

/// What an error ends with.
pub(crate) fn code_of(error: &EngineError) -> u8 {
    match error {
        EngineError::NothingToAssess(_) => NOTHING,
        EngineError::Config(_)
        | EngineError::Git(_)
        | EngineError::Store(_)
        | EngineError::Catalog(_)
        | EngineError::Usage(_) => USAGE,
    }
}
