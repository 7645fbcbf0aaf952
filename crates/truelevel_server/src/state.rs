//! What all requests share.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use truelevel_engine::intake::Gate;
use truelevel_engine::tokens::{self, Tokens};
use truelevel_engine::{EngineError, Workspace};
use truelevel_model::Time;
use truelevel_model::events::{Scope, Token};

use crate::body::Budget;
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
    tokens: Mutex<KnownTokens>,
}

struct KnownTokens {
    store: Tokens,
    read_at: Option<Instant>,
    by_hash: HashMap<[u8; 32], Token>,
}

impl State {
    pub(crate) fn new(
        workspace: &Workspace,
        gate: Arc<Gate>,
        entrance: Entrance,
        clock: fn() -> Time,
    ) -> Result<Self, EngineError> {
        let store = Tokens::open(workspace)?;
        let tokens = KnownTokens { store, read_at: None, by_hash: HashMap::new() };
        Ok(Self {
            gate,
            entrance,
            budget: Budget::new(),
            clock,
            hosts: workspace.config.serve.hosts.clone(),
            require_tokens: workspace.config.serve.require_tokens,
            tokens: Mutex::new(tokens),
        })
    }

    /// Whether a token's bearer may do what asks for a scope.
    pub(crate) fn authorize(&self, token: Option<&str>, wanted: Scope) -> Result<(), Problem> {
        let token = token.ok_or_else(|| Problem::unauthorized("this asks for a token"))?;
        // Whoever panicked while reading left whole values behind.
        let mut known = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
        known.refresh()?;
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
