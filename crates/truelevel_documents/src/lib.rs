//! YAML and JSON files read safely, with locations.
//!
//! Files come from repositories that nobody vetted: a parser here never panics, never runs anything, bounds
//! what it keeps, and answers with what it understood and the problems that it met. It knows no tool's format.

mod node;
pub mod placeholders;
mod yaml;

pub use node::{Entry, Node, Value};
pub use yaml::{Documents, LARGEST_FILE_BYTES, Limits, Problem, parse, parse_template, too_large};
