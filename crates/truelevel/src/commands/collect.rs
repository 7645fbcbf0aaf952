//! `collect`: brings a workspace's store up to date.

use truelevel_engine::config::FILE_NAME;
use truelevel_engine::{EngineError, Workspace, WorkspaceSource};

use crate::args::Collect;
use crate::progress::Progress;
use crate::{exit, output};

pub(crate) fn run(args: &Collect) -> Result<u8, EngineError> {
    let mut workspace = Workspace::open(&args.paths)?;
    if let WorkspaceSource::Paths(_) = workspace.source {
        return Err(EngineError::Usage(format!(
            "no {FILE_NAME} there; collecting needs a place to keep what it reads. Write one with `truelevel init`"
        )));
    }
    let progress = Progress::new();
    let summary = truelevel_engine::collect_all(&mut workspace, &progress)?;
    drop(progress);
    for warning in &summary.warnings {
        eprintln!("truelevel: {}", truelevel_model::printable(warning));
    }
    for line in &summary.lines {
        output::print(&format!("{line}\n"))?;
    }
    Ok(exit::DONE)
}
