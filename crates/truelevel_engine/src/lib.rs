//! Joins the stages: collect, normalise, detect, measure, assess. The one crate that the binary and the server call.

mod activity;
pub mod assess;
mod collect;
pub mod compare;
pub mod config;
pub mod declare;
pub mod demo;
pub mod doctor;
mod error;
mod events;
mod evidence;
mod exercised;
pub mod explain;
pub mod export;
pub mod import;
pub mod init;
pub mod intake;
mod matching;
mod measure;
mod own_rules;
pub mod pitfalls;
mod platform;
mod progress;
mod reference;
mod rollup;
pub mod snapshots;
pub mod tokens;
pub mod trends;
mod turning;
mod what_if;
mod workspace;

pub use collect::{Summary, collect_all};
pub use error::EngineError;
pub use progress::{Silent, Talk};
pub use reference::reference;
pub use workspace::{Workspace, WorkspaceSource};
