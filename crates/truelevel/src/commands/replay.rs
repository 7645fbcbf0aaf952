//! `replay`: kept events are read anew.

use truelevel_engine::access::Access;
use truelevel_engine::intake::{Gate, Intake};
use truelevel_engine::{EngineError, Workspace};

use truelevel_model::access::AuditAction;

use crate::args::Replay;
use crate::{exit, output};

pub(crate) fn run(args: &Replay) -> Result<u8, EngineError> {
    let workspace = Workspace::open(&args.which.paths)?;
    let gate = Gate::for_replay(&workspace.config);
    let replayed = Intake::open(&workspace)?.replay(&gate, super::events::query(&args.which), super::now())?;
    let changed = if replayed.is_changed { "facts changed" } else { "no fact changed" };
    let told = format!("{} events read, {} still not understood; {changed}", replayed.events, replayed.quarantined);
    Access::open(&workspace)?.record(&super::by(), AuditAction::Replayed, told.clone())?;
    output::print(&format!("{told}\n"))?;
    Ok(exit::DONE)
}
