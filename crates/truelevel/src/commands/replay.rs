//! `replay`: kept events are read anew.

use truelevel_engine::intake::{Gate, Intake};
use truelevel_engine::{EngineError, Workspace};

use crate::args::Replay;
use crate::{exit, output};

pub(crate) fn run(args: &Replay) -> Result<u8, EngineError> {
    let workspace = Workspace::open(&args.which.paths)?;
    let gate = Gate::for_replay(&workspace.config);
    let replayed = Intake::open(&workspace)?.replay(&gate, super::events::query(&args.which))?;
    let changed = if replayed.is_changed { "facts changed" } else { "no fact changed" };
    output::print(&format!(
        "{} events read, {} still not understood; {changed}\n",
        replayed.events, replayed.quarantined
    ))?;
    Ok(exit::DONE)
}
