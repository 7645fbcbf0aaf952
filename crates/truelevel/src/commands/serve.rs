//! `serve`: the server, until it is asked to stop.

use truelevel_engine::EngineError;
use truelevel_server::Options;

use crate::args::Serve;
use crate::{exit, output};

pub(crate) fn run(args: Serve) -> Result<u8, EngineError> {
    let Serve { paths, listen, check } = args;
    truelevel_server::serve(&Options { paths, listen, is_check: check, clock: super::now, ready })?;
    if check {
        eprintln!("truelevel: everything is in order");
    }
    Ok(exit::DONE)
}

/// The address, for people and for whoever let the system choose the port.
fn ready(address: &str) {
    // Nobody has to read it.
    let _ = output::print(&format!("{address}\n"));
}
