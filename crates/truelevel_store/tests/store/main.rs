//! What a store promises, spoken in facts.

#![expect(clippy::unwrap_used, reason = "what fails here fails a test")]

mod access;
mod cluster;
mod concurrency;
mod copying;
mod dashboards;
mod events;
mod examples;
mod facts;
mod files;
mod histories;
mod migrations;
mod order;
mod places;
mod postgresql;
mod snapshots;
mod views;
