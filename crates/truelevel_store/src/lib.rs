//! Facts that outlive a run. This is the only crate with SQL; what it offers is spoken in the model's words.
//!
//! It knows no source, no metric and no clock: facts come in as values and go out as they came, in an order that
//! depends on them alone. Identity is what [`Store::write`] says; writing the same fact again changes nothing.

mod columns;
mod copying;
mod error;
mod failure;
mod postgres;
mod sql;
mod sql_store;
mod sqlite;
mod store;
mod tables;
mod upsert;
mod written;

pub use error::StoreError;
pub use sql_store::SqlStore;
pub use store::{AuditQuery, EventQuery, Receipt, Store, Verdict};
pub use written::{Counts, Written};
