//! Which change a deployment shipped, and the metrics made from it.
//!
//! Facts come in as values, measurements go out. Nothing here reads a file, a clock or a store, and no vendor is
//! named. What decides a band comes in with the facts.

pub mod ai;
pub mod asking;
pub mod attribution;
pub mod comparison;
pub mod course;
pub mod environments;
pub mod failures;
pub mod fixes;
pub mod incidents;
pub mod lockstep;
pub mod mainline;
pub mod metrics;
pub mod organisation;
pub mod pipelines;
pub mod platform;
pub mod removals;
pub mod reviews;
pub mod service;
pub mod statistics;
pub mod timeline;
pub mod trends;
pub mod versions;
pub mod weekly;

pub use metrics::{Basis, METRICS, Metric};
