//! The server: webhooks and events in, answers out.
//!
//! It knows how to speak HTTP and how to keep memory and time bounded while it does. What an event means, how a level
//! is granted and how a page looks is decided below it. Routes mirror the addresses: a file each.

mod body;
mod callers;
mod client;
mod connections;
mod content;
mod cookies;
mod library;
mod limits;
mod logging;
mod measuring;
mod openapi;
mod problem;
mod protection;
mod routes;
mod scope;
mod sign_in;
mod state;
mod tls;
mod writer;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use truelevel_engine::access::{self, Access, By};
use truelevel_engine::config::Config;
use truelevel_engine::intake::{Gate, Intake};
use truelevel_engine::{EngineError, Workspace};
use truelevel_model::Time;

use callers::Callers;
use library::Library;
use measuring::Board;
pub use openapi::openapi;
use sign_in::SignIn;
use state::{Parts, State, Usual};
use writer::Writer;

/// How often what is quarantined is tried again and what is old is forgotten.
const UPKEEP: Duration = Duration::from_secs(3600);
/// How often it is looked for events that other servers on the same store took.
const BETWEEN_LOOKS: Duration = Duration::from_secs(1);

/// How often it is noted which tokens and sessions were used.
const BETWEEN_USES: Duration = Duration::from_secs(60);

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
    /// Told once connections are accepted, with the address: `http://127.0.0.1:8320`.
    pub ready: fn(&str),
}

/// Serves until it is asked to stop by SIGTERM or SIGINT; everything that was acknowledged is then on the disk.
pub fn serve(options: &Options) -> Result<(), EngineError> {
    let mut workspace = Workspace::open(&options.paths)?;
    let variable = |name: &str| std::env::var(name).ok();
    let gate = Arc::new(Gate::open(&workspace.config, &variable)?);
    let sign_in = workspace.config.sign_in.clone().map(|config| SignIn::new(config, &variable)).transpose()?;
    let tls = workspace.config.serve.tls.as_ref().map(tls::acceptor).transpose()?;
    let (mut intake, mut access) = (Intake::open(&workspace)?, Access::open(&workspace)?);
    intake.check((options.clock)())?;
    let library = Library::open(&options.paths)?;
    refuse_open_doors(options.listen, &workspace.config)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|error| EngineError::Usage(format!("cannot start threads: {error}")))?;
    if options.is_check {
        return sign_in.map_or(Ok(()), |sign_in| runtime.block_on(sign_in.check()));
    }
    logging::start();
    access.record_configuration(&workspace, &By { who: "the server".to_owned(), at: (options.clock)() })?;
    let callers = Callers::new(Access::open(&workspace)?, access, &workspace.config, access::secret()?);
    let writer = Writer::start(intake, Arc::clone(&gate), workspace.config.events.keep_days, options.clock);
    let (stop_streams, stopping) = tokio::sync::watch::channel(false);
    let usual = Usual::of(&workspace);
    let serve = std::mem::take(&mut workspace.config.serve);
    let client_timeout = state::client_timeout(&serve);
    let changes = writer.entrance().changes();
    let state = Arc::new(State::new(
        serve,
        Parts {
            gate,
            entrance: writer.entrance(),
            clock: options.clock,
            callers,
            sign_in,
            library,
            board: Board::start(runtime.handle(), workspace, changes, options.clock),
            usual,
            stopping,
        },
    ));
    let served = runtime.block_on(async {
        let upkeep = tokio::spawn(keep_up(writer.entrance()));
        let noting = tokio::spawn(note_uses(Arc::clone(&state)));
        let looking = tokio::spawn(look(writer.entrance()));
        let router = routes::router(Arc::clone(&state));
        let served = connections::serve(options.listen, router, tls, client_timeout, options.ready, stop_streams).await;
        upkeep.abort();
        looking.abort();
        noting.abort();
        served
    });
    state.callers.note_uses();
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

async fn note_uses(state: Arc<State>) {
    let mut interval = tokio::time::interval(BETWEEN_USES);
    loop {
        interval.tick().await;
        let state = Arc::clone(&state);
        // Writing may wait for the disk.
        let _ = tokio::task::spawn_blocking(move || state.callers.note_uses()).await;
    }
}

async fn look(entrance: writer::Entrance) {
    let mut interval = tokio::time::interval(BETWEEN_LOOKS);
    loop {
        interval.tick().await;
        entrance.look().await;
    }
}

/// Whoever can reach the server can read it, unless reading asks who it is.
fn refuse_open_doors(listen: SocketAddr, config: &Config) -> Result<(), EngineError> {
    let asks = config.serve.require_tokens || config.serve.proxies_sign_in || config.sign_in.is_some();
    if listen.ip().is_loopback() || asks {
        return Ok(());
    }
    Err(EngineError::Usage(format!(
        "{} can be reached by others, and reading asks for nothing; let people sign in by a [sign_in] table, set \
         `require_tokens = true` or `proxies_sign_in = true` in the [serve] table, or listen on 127.0.0.1",
        listen.ip()
    )))
}
