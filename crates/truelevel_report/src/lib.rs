//! Views of an assessment: text for a terminal, Markdown, JSON, SARIF, HTML. Pure: an assessment goes in, a string comes
//! out.
//!
//! Names from repositories are made printable here at the latest; nothing else may reach a terminal raw.

mod ai;
pub mod assets;
pub mod charts;
pub mod compare;
mod decision;
pub mod html;
pub mod json;
pub mod markdown;
pub mod numbers;
pub mod plan;
mod platform;
pub mod reference;
pub mod sarif;
pub mod table;
pub mod text;
pub mod trends;
mod words;

pub use text::Style;
