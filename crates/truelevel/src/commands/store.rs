//! `store`: the store itself.

use truelevel_engine::{EngineError, copy_store};

use crate::args::{Store, StoreAction};
use crate::{exit, output};

pub(crate) fn run(args: &Store) -> Result<u8, EngineError> {
    let StoreAction::Copy { from, to } = &args.action;
    let copied = copy_store(from, to, &super::by())?;
    for (table, rows) in copied.into_iter().filter(|(_, rows)| *rows > 0) {
        output::print(&format!("{table:<16} {rows:>12}\n"))?;
    }
    eprintln!("truelevel: everything arrived, and the chain of snapshots is whole");
    Ok(exit::DONE)
}
