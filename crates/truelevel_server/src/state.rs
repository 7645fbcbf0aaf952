//! What all requests share.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, StatusCode, header};
use tokio::sync::watch;
use truelevel_engine::Workspace;
use truelevel_engine::config::ServeConfig;
use truelevel_engine::intake::Gate;
use truelevel_model::Time;
use truelevel_model::events::Scope as TokenScope;

use crate::body::Budget;
use crate::callers::{Caller, Callers};
use crate::content::Kept;
use crate::library::Library;
use crate::limits::{Limit, Subscriber};
use crate::measuring::Board;
use crate::problem::Problem;
use crate::scope::{Asked, Scope};
use crate::sign_in::SignIn;
use crate::writer::Entrance;

/// Requests to sign in, of one address: one every two seconds, thirty at once. Signing in takes two.
const SIGN_INS: (f64, Duration) = (0.5, Duration::from_secs(60));
/// Deliveries of one address or sender that may come at once, in seconds of the steady rate.
const DELIVERIES_BURST: Duration = Duration::from_secs(2);

/// What all requests share.
pub(crate) struct State {
    pub(crate) gate: Arc<Gate>,
    pub(crate) entrance: Entrance,
    pub(crate) budget: Budget,
    pub(crate) clock: fn() -> Time,
    pub(crate) serve: ServeConfig,
    pub(crate) callers: Callers,
    pub(crate) sign_in: Option<SignIn>,
    /// Whether browsers come over TLS.
    pub(crate) is_secure: bool,
    pub(crate) sign_ins: Limit<Subscriber>,
    pub(crate) deliveries: Limit<Subscriber>,
    /// By what a sender proved to be, wherever it sends from.
    proven_deliveries: Limit<String>,
    pub(crate) board: Arc<Board>,
    pub(crate) library: Library,
    pub(crate) kept: Kept,
    pub(crate) usual: Usual,
    /// True once streams are to end.
    pub(crate) stopping: watch::Receiver<bool>,
}

/// What the state is made of.
pub(crate) struct Parts {
    pub(crate) gate: Arc<Gate>,
    pub(crate) entrance: Entrance,
    pub(crate) clock: fn() -> Time,
    pub(crate) callers: Callers,
    pub(crate) sign_in: Option<SignIn>,
    pub(crate) library: Library,
    pub(crate) board: Arc<Board>,
    pub(crate) usual: Usual,
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

/// How long a client may take to send headers, and how long a body.
pub(crate) fn client_timeout(serve: &ServeConfig) -> Duration {
    Duration::from_secs(serve.client_timeout_seconds.into())
}

impl State {
    pub(crate) fn new(mut serve: ServeConfig, parts: Parts) -> Self {
        let Parts { gate, entrance, clock, callers, sign_in, library, board, usual, stopping } = parts;
        serve.hosts.extend(sign_in.iter().map(|sign_in| sign_in.config.host()));
        Self {
            gate,
            entrance,
            budget: Budget::new(client_timeout(&serve)),
            clock,
            is_secure: serve.tls.is_some() || sign_in.as_ref().is_some_and(|sign_in| sign_in.config.is_secure()),
            sign_ins: Limit::new(SIGN_INS.0, SIGN_INS.1),
            deliveries: Limit::new(f64::from(serve.events_per_second), DELIVERIES_BURST),
            proven_deliveries: Limit::new(f64::from(serve.events_per_second), DELIVERIES_BURST),
            serve,
            callers,
            sign_in,
            board,
            library,
            kept: Kept::default(),
            usual,
            stopping,
        }
    }

    /// Refuses who has no token for sending; answers the token's name.
    pub(crate) fn authorize_sender(&self, headers: &HeaderMap) -> Result<String, Problem> {
        match self.callers.find(headers, (self.clock)())? {
            Caller::Program { scope, name } if scope.allows(TokenScope::Ingest) => Ok(name),
            Caller::Program { .. } => Err(Problem::new(StatusCode::FORBIDDEN, "the token is not for this")),
            Caller::Anyone if headers.contains_key(header::AUTHORIZATION) => {
                Err(Problem::unauthorized("the token is not valid"))
            }
            Caller::Anyone | Caller::Person { .. } => Err(Problem::unauthorized("this asks for a token")),
        }
    }

    /// Counts a delivery of whom it was proven to be from, and refuses it where that is too many.
    pub(crate) fn count_delivery(&self, of: String) -> Result<(), Problem> {
        let refused = |seconds| Problem::too_often(seconds, "more arrives from this sender than is taken");
        self.proven_deliveries.count(of, Instant::now()).map_err(refused)
    }

    /// What is asked about, within what the caller may see.
    pub(crate) fn scope(&self, caller: &Caller, asked: &Asked) -> Result<Scope, Problem> {
        let mut scope = Scope::read(asked, self.usual.window_days)?;
        let Some(teams) = caller.teams() else { return Ok(scope) };
        if scope.snapshot.is_some() {
            caller.sees_everything()?;
        }
        let hidden = |what: &str| Problem::new(StatusCode::NOT_FOUND, format!("there is no such {what} among yours"));
        match &scope.team {
            Some(team) if !teams.contains(team) => return Err(hidden("team")),
            Some(_) => {}
            None => scope.team = teams.first().cloned(),
        }
        if let Some(service) = &scope.service
            && !self.board.team_of(service)?.is_some_and(|team| teams.contains(&team))
        {
            return Err(hidden("service"));
        }
        Ok(scope)
    }
}
