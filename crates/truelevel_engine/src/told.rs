//! Facts that were written into a store otherwise than by events, for servers that watch it.

use truelevel_store::{Store, StoreError};

const SUBJECT: &str = "told";

/// How often something was told; whoever sees another number than before has something new to measure.
pub(crate) fn count(store: &dyn Store) -> Result<u64, StoreError> {
    Ok(store.collected(SUBJECT)?.and_then(|count| count.parse().ok()).unwrap_or(0))
}

/// Notes that something was. Write the facts first.
pub(crate) fn note(store: &mut dyn Store) -> Result<(), StoreError> {
    let count = count(store)? + 1;
    store.set_collected(SUBJECT, &count.to_string())
}
