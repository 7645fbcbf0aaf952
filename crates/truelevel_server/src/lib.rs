//! The server: webhooks and events in, answers out.
//!
//! It knows how to speak HTTP and how to keep memory and time bounded while it does. What an event means, how a level
//! is granted and how a page looks is decided below it. Routes mirror the addresses: a file each.

mod body;
mod connections;
mod content;
mod library;
mod logging;
mod measuring;
mod openapi;
mod problem;
mod protection;
mod routes;
mod scope;
mod state;
mod writer;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use truelevel_engine::intake::{Gate, Intake};
use truelevel_engine::tokens::{self, Tokens};
use truelevel_engine::{EngineError, Workspace};
use truelevel_model::Time;

use library::Library;
use measuring::Board;
pub use openapi::openapi;
use state::{Parts, State, Usual};
use writer::Writer;

/// How often what is quarantined is tried again and what is old is forgotten.
const UPKEEP: Duration = Duration::from_secs(3600);

/// How to serve.
pub struct Options {
    /// The workspace.
    pub paths: Vec<PathBuf>,
    /// Where to listen.
    pub listen: SocketAddr,
    /// Only check that everything is in order.
    pub is_check: bool,
    /// The clock.
    pub clock: fn() -> Time,
    /// Told once connections are accepted, with the address.
    pub ready: fn(SocketAddr),
}

/// Serves until it is asked to stop by SIGTERM or SIGINT; everything that was acknowledged is then on the disk.
pub fn serve(options: &Options) -> Result<(), EngineError> {
    let mut workspace = Workspace::open(&options.paths)?;
    let gate = Arc::new(Gate::open(&workspace.config, &|name| std::env::var(name).ok())?);
    let (intake, tokens) = (Intake::open(&workspace)?, Tokens::open(&workspace)?);
    let library = Library::open(&options.paths)?;
    refuse_open_doors(options.listen, workspace.config.serve.require_tokens)?;
    if options.is_check {
        return Ok(());
    }
    logging::start();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| EngineError::Usage(format!("cannot start threads: {error}")))?;
    let writer = Writer::start(intake, Arc::clone(&gate), workspace.config.events.keep_days, options.clock);
    let (stop_streams, stopping) = tokio::sync::watch::channel(false);
    let usual = Usual::of(&workspace);
    let serve = std::mem::take(&mut workspace.config.serve);
    let changes = writer.entrance().changes();
    let state = Arc::new(State::new(
        serve,
        Parts {
            gate,
            entrance: writer.entrance(),
            clock: options.clock,
            tokens,
            library,
            board: Board::start(runtime.handle(), workspace, changes, options.clock),
            usual,
            form_secret: tokens::secret()?,
            stopping,
        },
    ));
    let served = runtime.block_on(async {
        let upkeep = tokio::spawn(keep_up(writer.entrance()));
        let served =
            connections::serve(options.listen, routes::router(Arc::clone(&state)), options.ready, stop_streams).await;
        upkeep.abort();
        served
    });
    // Whatever still holds the state ends with the runtime; the writer then finishes what waits and ends too.
    drop(state);
    runtime.shutdown_timeout(Duration::from_secs(5));
    writer.finish();
    served.map_err(|error| EngineError::Usage(format!("cannot listen on {}: {error}", options.listen)))
}

async fn keep_up(entrance: writer::Entrance) {
    let mut interval = tokio::time::interval(UPKEEP);
    loop {
        interval.tick().await;
        entrance.keep_up().await;
    }
}

/// Whoever can reach the server can read it, unless reading asks for a token.
fn refuse_open_doors(listen: SocketAddr, require_tokens: bool) -> Result<(), EngineError> {
    if listen.ip().is_loopback() || require_tokens {
        return Ok(());
    }
    Err(EngineError::Usage(format!(
        "{} can be reached by others, and reading asks for nothing; listen on 127.0.0.1 behind a proxy, or set \
         `require_tokens = true` in the [serve] table",
        listen.ip()
    )))
}
