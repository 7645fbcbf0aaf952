//! The binary: arguments in, a page out. Results go to stdout, talk and progress to stderr.

#![expect(clippy::print_stderr, reason = "this is the one crate that talks to a terminal")]

mod args;
mod commands;
mod exit;
mod output;
mod progress;

use std::process::ExitCode;

use clap::Parser;
use truelevel_engine::{Asked, keep_facts_at};

/// See the workspace's `Cargo.toml` for why.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let args = match args::Args::try_parse() {
        Ok(args) => args,
        Err(error) => {
            // Help and version are asked for and go to stdout; anything else is a mistake in the call.
            let code = if error.use_stderr() { exit::USAGE } else { exit::DONE };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let usual = std::env::var("TRUELEVEL_STORE").ok().filter(|address| !address.is_empty());
    if let Some(address) = &args.store {
        keep_facts_at(address.clone(), Asked::Now);
    } else if let Some(address) = usual {
        keep_facts_at(address, Asked::Always);
    }
    match commands::run(args) {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            eprintln!("truelevel: {error}");
            ExitCode::from(exit::code_of(&error))
        }
    }
}
