//! End to end: the binary, on real git repositories that each test makes for itself.
//!
//! Nothing here knows how the product works inside, but for `git_agreement`, which asks its libraries which commits a
//! deployment shipped and then asks git. No network, no sleeps, no real clock where an answer depends on it.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on says where, and what it was given is its own")]
#![expect(clippy::print_stderr, reason = "a test that cannot run here says so")]

mod access;
mod answers;
mod api;
mod bad_input;
mod browser;
mod cli;
#[path = "../crates/truelevel_store/tests/store/cluster.rs"]
mod cluster;
mod dashboard;
mod deliveries;
mod demo;
mod deployment_repositories;
mod doctor;
mod drop_ins;
mod edges;
mod editions;
mod exporting;
mod git;
mod git_agreement;
mod hostile;
mod identity_provider;
mod importing;
mod installing;
mod kills;
mod maturity;
mod monitoring;
mod openid_connect;
mod outages;
mod over_time;
mod payloads;
mod python_clients;
mod repositories;
mod sarif;
mod sarif_schema;
mod serve;
mod server;
mod shop;
mod sign_in;
mod snapshots;
mod stores;
mod traces;
mod visitor;
mod workspaces;
