//! `compare`: what changed between two assessments, and whether it is more than noise.

use truelevel_engine::compare::{compare, sides};
use truelevel_engine::{EngineError, Workspace};

use crate::args::{Compare, CompareFormat};
use crate::{exit, output};

pub(crate) fn run(args: &Compare) -> Result<u8, EngineError> {
    let folder: Vec<_> = args.workspace.iter().cloned().collect();
    let (before, after) = sides(&args.references, || Workspace::open(&folder))?;
    let comparison = compare(&before, &after);
    output::print(&match args.format {
        CompareFormat::Text => truelevel_report::compare::text(&comparison),
        CompareFormat::Json => truelevel_report::compare::json(&comparison),
        CompareFormat::Markdown => truelevel_report::compare::markdown(&comparison),
    })?;
    Ok(exit::DONE)
}
