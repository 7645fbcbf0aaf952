//! `backup`: a whole copy of the store, also while a server writes to it.

use truelevel_engine::{EngineError, Workspace};
use truelevel_model::printable;

use crate::args::Backup;
use crate::exit;

pub(crate) fn run(args: &Backup) -> Result<u8, EngineError> {
    Workspace::open(&args.paths)?.back_up(&args.file)?;
    eprintln!("truelevel: wrote {}", printable(&args.file.display().to_string()));
    Ok(exit::DONE)
}
