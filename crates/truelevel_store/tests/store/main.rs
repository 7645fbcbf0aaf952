//! What a store promises, spoken in facts.

#![expect(clippy::unwrap_used, reason = "what fails here fails a test")]

mod concurrency;
mod events;
mod examples;
mod facts;
mod files;
mod histories;
mod order;
mod snapshots;
mod views;
