//! The commands, a file each.

mod assess;
mod audit;
mod backup;
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
mod session;
mod snapshot;
mod store;
mod token;
mod what_if;

use truelevel_engine::EngineError;
use truelevel_engine::access::By;
use truelevel_engine::assess::AssessRequest;
use truelevel_model::Time;

use crate::args::{Args, Command, Scope};

/// Runs what was asked; answers the exit code.
pub(crate) fn run(args: Args) -> Result<u8, EngineError> {
    match args.command {
        Command::Assess(args) => assess::run(args),
        Command::Audit(args) => audit::run(&args),
        Command::Backup(args) => backup::run(&args),
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
        Command::Session(args) => session::run(&args),
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

/// Whoever runs the command, for the audit log.
fn by() -> By {
    let user =
        ["USER", "LOGNAME"].into_iter().find_map(|name| std::env::var(name).ok()).filter(|user| !user.is_empty());
    let who = user.map_or("the command line".to_owned(), |user| format!("{user} at the command line"));
    By { who: truelevel_model::printable(&who).into_owned(), at: now() }
}

/// The one place that reads the clock.
fn now() -> Time {
    let since_epoch = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    Time::from_millis(i64::try_from(since_epoch.as_millis()).unwrap_or(i64::MAX))
}
