//! `backup`: a whole copy of the store, also while a server writes to it.

use truelevel_engine::access::Access;
use truelevel_engine::{EngineError, Workspace};
use truelevel_model::access::AuditAction;
use truelevel_model::printable;

use crate::args::Backup;
use crate::exit;

pub(crate) fn run(args: &Backup) -> Result<u8, EngineError> {
    let workspace = Workspace::open(&args.paths)?;
    workspace.back_up(&args.file)?;
    let file = printable(&args.file.display().to_string()).into_owned();
    Access::open(&workspace)?.record(&super::by(), AuditAction::BackedUp, format!("to {file}"))?;
    eprintln!("truelevel: wrote {file}");
    Ok(exit::DONE)
}
