//! What all requests share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::watch;
use truelevel_engine::Workspace;
use truelevel_engine::config::ServeConfig;
use truelevel_engine::intake::Gate;
use truelevel_engine::tokens::{self, Tokens};
use truelevel_model::Time;
use truelevel_model::events::{Scope, Token};

use crate::body::Budget;
use crate::content::Kept;
use crate::library::Library;
use crate::measuring::Board;
use crate::problem::Problem;
use crate::writer::Entrance;

/// A token that was taken back counts for at most this much longer.
const TOKENS_AGE: Duration = Duration::from_secs(2);

/// What all requests share.
pub(crate) struct State {
    pub(crate) gate: Arc<Gate>,
    pub(crate) entrance: Entrance,
    pub(crate) budget: Budget,
    pub(crate) clock: fn() -> Time,
    /// Names under which a proxy asks for the server.
    pub(crate) hosts: Vec<String>,
    pub(crate) require_tokens: bool,
    pub(crate) board: Arc<Board>,
    pub(crate) library: Library,
    pub(crate) kept: Kept,
    pub(crate) usual: Usual,
    /// What only our own forms know.
    pub(crate) form_secret: String,
    /// True once streams are to end.
    pub(crate) stopping: watch::Receiver<bool>,
    tokens: Mutex<KnownTokens>,
}

/// What the state is made of.
pub(crate) struct Parts {
    pub(crate) gate: Arc<Gate>,
    pub(crate) entrance: Entrance,
    pub(crate) clock: fn() -> Time,
    pub(crate) tokens: Tokens,
    pub(crate) library: Library,
    pub(crate) board: Arc<Board>,
    pub(crate) usual: Usual,
    pub(crate) form_secret: String,
    pub(crate) stopping: watch::Receiver<bool>,
}

/// What the configuration says, for pages that have no answer yet.
pub(crate) struct Usual {
    pub(crate) window_days: u32,
    pub(crate) has_repositories: bool,
    pub(crate) has_deployment_repositories: bool,
    /// Who may send events.
    pub(crate) senders: Vec<String>,
}

impl Usual {
    pub(crate) fn of(workspace: &Workspace) -> Self {
        let config = &workspace.config;
        Self {
            window_days: config.window_days,
            has_repositories: !config.repositories.is_empty(),
            has_deployment_repositories: !config.deployment_repositories.is_empty(),
            senders: config.webhooks.iter().map(|webhook| webhook.sender.clone()).collect(),
        }
    }
}

struct KnownTokens {
    store: Tokens,
    read_at: Option<Instant>,
    by_hash: HashMap<[u8; 32], Token>,
}

impl State {
    pub(crate) fn new(serve: ServeConfig, parts: Parts) -> Self {
        let Parts { gate, entrance, clock, tokens, library, board, usual, form_secret, stopping } = parts;
        Self {
            gate,
            entrance,
            budget: Budget::new(),
            clock,
            hosts: serve.hosts,
            require_tokens: serve.require_tokens,
            board,
            library,
            kept: Kept::default(),
            usual,
            form_secret,
            stopping,
            tokens: Mutex::new(KnownTokens { store: tokens, read_at: None, by_hash: HashMap::new() }),
        }
    }

    /// Whether a token's bearer may do what asks for a scope.
    pub(crate) fn authorize(&self, token: Option<&str>, wanted: Scope) -> Result<(), Problem> {
        let token = token.ok_or_else(|| Problem::unauthorized("this asks for a token"))?;
        // Whoever panicked while reading left whole values behind.
        let mut known = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        // Reading the store makes this thread wait, which the others have to know.
        tokio::task::block_in_place(|| known.refresh())?;
        let found = known.by_hash.get(&tokens::hash(token)).filter(|found| found.is_valid((self.clock)()));
        match found {
            Some(found) if found.scope.allows(wanted) => Ok(()),
            Some(_) => Err(Problem::new(axum::http::StatusCode::FORBIDDEN, "the token is not for this")),
            None => Err(Problem::unauthorized("the token is not valid")),
        }
    }
}

impl KnownTokens {
    fn refresh(&mut self) -> Result<(), Problem> {
        if self.read_at.is_some_and(|read_at| read_at.elapsed() < TOKENS_AGE) {
            return Ok(());
        }
        let tokens = self.store.list().map_err(|error| {
            tracing::error!(%error, "tokens could not be read");
            Problem::unavailable()
        })?;
        self.by_hash = tokens.into_iter().map(|token| (token.hash, token)).collect();
        self.read_at = Some(Instant::now());
        Ok(())
    }
}
