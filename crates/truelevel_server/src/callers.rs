//! Who asks, and what that allows: a program with a token, a person with a session, or anyone where nothing asks.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::http::{HeaderMap, StatusCode, header};
use truelevel_engine::EngineError;
use truelevel_engine::access::{self, Access, By};
use truelevel_engine::config::Config;
use truelevel_model::Time;
use truelevel_model::access::{AuditAction, Person, Role, Session, Uses};
use truelevel_model::events::{Scope, Token};

use crate::cookies;
use crate::problem::Problem;

/// What was taken back elsewhere counts for at most this much longer.
const KNOWN_AGE: Duration = Duration::from_secs(2);
/// Sessions that are remembered between two looks into the store.
const KNOWN_SESSIONS: usize = 10_000;

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) enum Caller {
    /// Nothing asks who it is: only this machine reaches the server, or a proxy has asked.
    Anyone,
    /// A token's bearer.
    Program { name: String, scope: Scope },
    /// Someone who signed in.
    Person { session: Arc<Session>, form_key: String },
}

impl Caller {
    /// What the caller may do with pages and the API; none for who may only send events.
    pub(crate) fn role(&self) -> Option<Role> {
        match self {
            Self::Anyone => Some(Role::Editor),
            Self::Program { scope: Scope::Ingest, .. } => None,
            Self::Program { scope: Scope::Read, .. } => Some(Role::Viewer),
            Self::Program { scope: Scope::Admin, .. } => Some(Role::Admin),
            Self::Person { session, .. } => Some(session.person.role),
        }
    }

    /// Refuses who may do less than `role` may.
    pub(crate) fn may(&self, role: Role) -> Result<(), Problem> {
        if self.role() >= Some(role) {
            return Ok(());
        }
        let detail = match (self, role) {
            (Self::Program { .. }, _) => "the token is not for this",
            (_, Role::Admin) => "this is for admins",
            (_, _) => "this is for editors",
        };
        Err(Problem::new(StatusCode::FORBIDDEN, detail))
    }

    /// The teams whose services are shown; all of them when absent.
    pub(crate) fn teams(&self) -> Option<&[String]> {
        match self {
            Self::Person { session, .. } => session.person.teams.as_deref(),
            Self::Anyone | Self::Program { .. } => None,
        }
    }

    /// Refuses who sees some teams alone, where something is about all of them.
    pub(crate) fn sees_everything(&self) -> Result<(), Problem> {
        let detail = "this is about the services of all teams, and you see those of yours";
        if self.teams().is_none() { Ok(()) } else { Err(Problem::new(StatusCode::FORBIDDEN, detail)) }
    }

    /// The caller as the audit log tells it.
    pub(crate) fn described(&self) -> String {
        match self {
            Self::Anyone => "somebody at the dashboard".to_owned(),
            Self::Program { name, .. } => format!("token `{}`", truelevel_model::printable(name)),
            Self::Person { session, .. } => access::described(&session.person),
        }
    }
}

/// What asks callers who they are.
pub(crate) struct Callers {
    doors: Doors,
    known: Mutex<Known>,
    /// Writing may wait for the disk and for others; nobody who only asks waits for it.
    changing: Mutex<Access>,
}

/// What reading asks for.
struct Doors {
    require_tokens: bool,
    sign_in: Option<Arc<truelevel_engine::config::SignInConfig>>,
    /// What only our own forms know, where no session tells one browser from another.
    form_secret: String,
}

struct Known {
    reading: Access,
    tokens_read_at: Option<Instant>,
    tokens: HashMap<[u8; 32], Token>,
    sessions: HashMap<[u8; 32], (Arc<Session>, Instant)>,
    used_tokens: HashMap<String, Time>,
    used_sessions: HashMap<[u8; 32], Time>,
}

impl Callers {
    pub(crate) fn new(reading: Access, changing: Access, config: &Config, form_secret: String) -> Self {
        let sign_in = config.sign_in.clone().map(Arc::new);
        let doors = Doors { require_tokens: config.serve.require_tokens, sign_in, form_secret };
        let known = Known {
            reading,
            tokens_read_at: None,
            tokens: HashMap::new(),
            sessions: HashMap::new(),
            used_tokens: HashMap::new(),
            used_sessions: HashMap::new(),
        };
        Self { doors, known: Mutex::new(known), changing: Mutex::new(changing) }
    }

    /// Whether reading asks who it is.
    pub(crate) fn asks(&self) -> bool {
        self.doors.require_tokens || self.doors.sign_in.is_some()
    }

    /// Who asks; a token that is given counts before a session.
    pub(crate) fn find(&self, headers: &HeaderMap, now: Time) -> Result<Caller, Problem> {
        let token = token(headers);
        if let Some(token) = &token {
            let mut known = self.known();
            known.refresh_tokens()?;
            let found = known.tokens.get(&access::hash(token)).filter(|found| found.is_valid(now));
            if let Some((name, scope)) = found.map(|found| (found.name.clone(), found.scope)) {
                known.used_tokens.insert(name.clone(), now);
                return Ok(Caller::Program { name, scope });
            }
        }
        if let Some(caller) = self.person(headers, now)? {
            return Ok(caller);
        }
        match token {
            _ if !self.asks() => Ok(Caller::Anyone),
            Some(_) => Err(Problem::unauthorized("the token is not valid")),
            None => Err(Problem::unauthorized("this asks for a token")),
        }
    }

    fn person(&self, headers: &HeaderMap, now: Time) -> Result<Option<Caller>, Problem> {
        let Some(config) = &self.doors.sign_in else { return Ok(None) };
        let Some(id) = cookies::find(headers, cookies::session_name(config)) else { return Ok(None) };
        let hash = access::hash(id);
        let mut known = self.known();
        let Some(session) = known.session(&hash)? else { return Ok(None) };
        let used_at = known.used_sessions.get(&hash).copied().unwrap_or(session.used_at).max(session.used_at);
        if !(Session { used_at, ..(*session).clone() }).is_valid(now, config.idle_minutes) {
            return Ok(None);
        }
        known.used_sessions.insert(hash, now);
        let form_key = written(&access::hash(&format!("form {id}")));
        Ok(Some(Caller::Person { session, form_key }))
    }

    /// What the caller's own forms carry, and nobody else knows.
    pub(crate) fn form_key(&self, caller: &Caller) -> String {
        match caller {
            Caller::Person { form_key, .. } => form_key.clone(),
            other => written(&access::hash(&format!("{} {}", self.doors.form_secret, other.described()))),
        }
    }

    /// Begins a session and answers its id; the one that the browser had before ends.
    pub(crate) fn begin(&self, headers: &HeaderMap, person: Person, now: Time) -> Result<String, EngineError> {
        let config = self.doors.sign_in.as_ref();
        let config = config.ok_or_else(|| EngineError::Usage("nobody signs in here".to_owned()))?;
        if let Ok(Some(Caller::Person { session, .. })) = self.person(headers, now) {
            self.end(&session, now)?;
        }
        waiting(|| self.changing().begin_session(person, config, now))
    }

    /// Ends a session, by its owner.
    pub(crate) fn end(&self, session: &Session, now: Time) -> Result<(), EngineError> {
        waiting(|| self.changing().sign_out(session, now))?;
        self.known().sessions.remove(&session.hash);
        Ok(())
    }

    /// Adds a line to the audit log.
    pub(crate) fn record(&self, by: &By, action: AuditAction, what: String) -> Result<(), EngineError> {
        waiting(|| self.changing().record(by, action, what))
    }

    /// Notes in the store what was used since the last time.
    pub(crate) fn note_uses(&self) {
        let uses = {
            let known = self.known();
            let (tokens, sessions) = (known.used_tokens.clone(), known.used_sessions.clone());
            Uses { tokens: tokens.into_iter().collect(), sessions: sessions.into_iter().collect() }
        };
        if uses == Uses::default() {
            return;
        }
        if let Err(error) = self.changing().note_uses(&uses) {
            tracing::warn!(%error, "when tokens and sessions were used could not be noted");
            return;
        }
        let mut known = self.known();
        let (tokens, sessions): (HashMap<_, _>, HashMap<_, _>) =
            (uses.tokens.into_iter().collect(), uses.sessions.into_iter().collect());
        known.used_tokens.retain(|name, at| tokens.get(name) != Some(at));
        known.used_sessions.retain(|hash, at| sessions.get(hash) != Some(at));
        known.sessions.clear();
    }

    fn changing(&self) -> MutexGuard<'_, Access> {
        self.changing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        // Whoever panicked while holding it left whole values behind.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn refresh_tokens(&mut self) -> Result<(), Problem> {
        if self.tokens_read_at.is_some_and(|read_at| read_at.elapsed() < KNOWN_AGE) {
            return Ok(());
        }
        let tokens = waiting(|| self.reading.tokens()).map_err(unreadable)?;
        self.tokens = tokens.into_iter().map(|token| (token.hash, token)).collect();
        self.tokens_read_at = Some(Instant::now());
        Ok(())
    }

    fn session(&mut self, hash: &[u8; 32]) -> Result<Option<Arc<Session>>, Problem> {
        if let Some((session, read_at)) = self.sessions.get(hash)
            && read_at.elapsed() < KNOWN_AGE
        {
            return Ok(Some(Arc::clone(session)));
        }
        let read = waiting(|| self.reading.session(hash)).map_err(unreadable)?;
        let Some(session) = read.map(Arc::new) else { return Ok(None) };
        if self.sessions.len() >= KNOWN_SESSIONS {
            self.sessions.clear();
        }
        self.sessions.insert(*hash, (Arc::clone(&session), Instant::now()));
        Ok(Some(session))
    }
}

/// Does what makes this thread wait for the store, which the others that serve have to know.
fn waiting<T>(work: impl FnOnce() -> T) -> T {
    tokio::task::block_in_place(work)
}

/// The token of a request: as bearer, or as the password of basic authentication, which browsers can ask for.
fn token(headers: &HeaderMap) -> Option<String> {
    access::given(headers.get(header::AUTHORIZATION)?.to_str().ok()?)
}

#[expect(clippy::needless_pass_by_value, reason = "what maps errors takes them")]
fn unreadable(error: EngineError) -> Problem {
    tracing::error!(%error, "tokens and sessions could not be read");
    Problem::unavailable()
}

fn written(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
