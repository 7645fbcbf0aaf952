//! The commands, a file each.

mod assess;
mod collect;
mod compare;
mod declare;
mod demo;
mod doctor;
mod events;
mod explain;
mod export;
mod import;
mod init;
mod plan;
mod replay;
mod serve;
mod snapshot;
mod store;
mod token;
mod what_if;

use truelevel_engine::EngineError;
use truelevel_engine::assess::AssessRequest;
use truelevel_model::Time;

use crate::args::{Args, Command, Scope};

/// Runs what was asked; answers the exit code.
pub(crate) fn run(args: Args) -> Result<u8, EngineError> {
    match args.command {
        Command::Assess(args) => assess::run(args),
        Command::Collect(args) => collect::run(&args),
        Command::Compare(args) => compare::run(&args),
        Command::Declare(args) => declare::run(args),
        Command::Demo(args) => demo::run(&args),
        Command::Doctor(args) => doctor::run(&args),
        Command::Events(args) => events::run(&args),
        Command::Explain(args) => explain::run(args),
        Command::Export(args) => export::run(&args),
        Command::Import(args) => import::run(&args),
        Command::Init(args) => init::run(&args),
        Command::Plan(args) => plan::run(&args),
        Command::Replay(args) => replay::run(&args),
        Command::Serve(args) => serve::run(args),
        Command::Snapshot(args) => snapshot::run(&args),
        Command::Store(args) => store::run(&args),
        Command::Token(args) => token::run(args),
        Command::WhatIf(args) => what_if::run(&args),
    }
}

fn request(scope: &Scope) -> AssessRequest {
    AssessRequest {
        as_of: scope.as_of,
        now: now(),
        window_days: scope.window,
        edition: scope.edition.clone(),
        services: scope.service.clone(),
    }
}

/// The one place that reads the clock.
fn now() -> Time {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Time::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}
