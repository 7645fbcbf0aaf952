//! From measurements and evidence to levels, the first constraint and what to do next.
//!
//! A gate sees metric values and detections, never tables or files. What decides lies in `catalog/`, which is read
//! here and compiled in.

pub mod ai;
pub mod beliefs;
pub mod benchmarks;
pub mod catalog;
pub mod conditions;
pub mod constraint;
pub mod entries;
mod faults;
pub mod levels;
mod links;
pub mod organisation;
pub mod own;
pub mod platform;
pub mod quantity;
pub mod questions;
mod references;
pub mod roadmap;

pub use catalog::{Catalog, CatalogError};
pub use references::{Framework, Reference};
