//! Access: tokens of programs, sessions of people, and the log of who changed what.
//!
//! A token's or session's id is shown once, to whom it is made for; the store knows its hash.

use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use truelevel_model::access::{AuditAction, AuditEntry, Person, Session, Uses};
use truelevel_model::events::{Scope, Token};
use truelevel_model::{Time, Word, printable};
use truelevel_store::{SqlStore, Store};

pub use truelevel_store::AuditQuery;

use crate::config::SignInConfig;
use crate::{EngineError, Workspace};

/// What every token begins with, so that scanners for leaked secrets find it.
const PREFIX: &str = "truelevel_";
/// Sessions that expired are listed for this long.
const KEEP_SESSIONS_DAYS: u32 = 30;

/// Who does something, and when, as the audit log tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct By {
    /// A person, a token, the command line, the server.
    pub who: String,
    /// When.
    pub at: Time,
}

impl By {
    pub(crate) fn entry(&self, action: AuditAction, what: String) -> AuditEntry {
        AuditEntry { at: self.at, who: self.who.clone(), action, what }
    }
}

/// Who may do what in a workspace. One value is one connection to the store.
pub struct Access {
    store: SqlStore,
}

impl Access {
    /// Opens the workspace's store for this.
    pub fn open(workspace: &Workspace) -> Result<Self, EngineError> {
        Ok(Self { store: workspace.open_store()? })
    }

    /// Makes a token and answers it; it is not shown again.
    pub fn create_token(
        &mut self,
        name: &str,
        scope: Scope,
        expires_at: Option<Time>,
        by: &By,
    ) -> Result<String, EngineError> {
        if expires_at.is_some_and(|end| end <= by.at) {
            return Err(EngineError::Usage("the token would have expired already; name a later time".to_owned()));
        }
        let token = format!("{PREFIX}{}", secret()?);
        let is_added = self.store.add_token(&Token {
            name: name.to_owned(),
            hash: hash(&token),
            scope,
            created_at: by.at,
            expires_at,
            revoked_at: None,
            used_at: None,
        })?;
        if !is_added {
            let message = "a token of this name is there already, or was; take another name";
            return Err(EngineError::Usage(message.to_owned()));
        }
        let until = expires_at.map(|end| format!(", until {end}")).unwrap_or_default();
        self.record(by, AuditAction::TokenCreated, format!("`{}`, scope {}{until}", printable(name), scope.word()))?;
        Ok(token)
    }

    /// Takes a token back.
    pub fn revoke_token(&mut self, name: &str, by: &By) -> Result<(), EngineError> {
        if self.store.revoke_token(name, by.at)? {
            return self.record(by, AuditAction::TokenRevoked, format!("`{}`", printable(name)));
        }
        Err(EngineError::Usage(format!("no valid token is called `{}`", printable(name))))
    }

    /// All tokens, by name.
    pub fn tokens(&self) -> Result<Vec<Token>, EngineError> {
        Ok(self.store.tokens()?)
    }

    /// Begins a session and answers its id.
    pub fn begin_session(&mut self, person: Person, config: &SignInConfig, now: Time) -> Result<String, EngineError> {
        let id = secret()?;
        let session = Session {
            hash: hash(&id),
            created_at: now,
            expires_at: Time::from_millis(now.millis() + i64::from(config.session_hours) * 3_600_000),
            used_at: now,
            ended_at: None,
            person,
        };
        self.store.add_session(&session, now.minus_days(KEEP_SESSIONS_DAYS))?;
        let person = &session.person;
        let teams = person.teams.as_ref().map(|teams| format!(", teams {}", teams.join(", "))).unwrap_or_default();
        let what = format!("session {}, {}{teams}", session.name(), person.role.word());
        let who = By { who: described(person), at: now };
        self.record(&who, AuditAction::SignedIn, printable(&what).into_owned())?;
        Ok(id)
    }

    /// The session of this id's hash.
    pub fn session(&self, hash: &[u8; 32]) -> Result<Option<Session>, EngineError> {
        Ok(self.store.session(hash)?)
    }

    /// All sessions of the last weeks, by begin.
    pub fn sessions(&self) -> Result<Vec<Session>, EngineError> {
        Ok(self.store.sessions()?)
    }

    /// Ends a session, by its owner.
    pub fn sign_out(&mut self, session: &Session, now: Time) -> Result<(), EngineError> {
        if self.store.end_session(&session.hash, now)? {
            let by = By { who: described(&session.person), at: now };
            self.record(&by, AuditAction::SignedOut, format!("session {}", session.name()))?;
        }
        Ok(())
    }

    /// Ends the session that is called so in lists, or all that a person has, by subject. Answers how many.
    pub fn end_sessions(&mut self, of: &str, by: &By) -> Result<usize, EngineError> {
        let mut ended = 0;
        for session in self.store.sessions()? {
            let is_meant = session.name() == of || session.person.subject == of;
            if is_meant && self.store.end_session(&session.hash, by.at)? {
                let what = format!("session {} of {}", session.name(), described(&session.person));
                self.record(by, AuditAction::SessionEnded, what)?;
                ended += 1;
            }
        }
        if ended > 0 {
            return Ok(ended);
        }
        let of = printable(of);
        Err(EngineError::Usage(format!("no session that goes on is called `{of}` or is that person's")))
    }

    /// Notes when tokens and sessions were last used.
    pub fn note_uses(&mut self, uses: &Uses) -> Result<(), EngineError> {
        Ok(self.store.note_uses(uses)?)
    }

    /// Adds a line to the audit log.
    pub fn record(&mut self, by: &By, action: AuditAction, what: String) -> Result<(), EngineError> {
        Ok(self.store.append_audit(&by.entry(action, what))?)
    }

    /// Adds a line when the configuration is not the one that was read the last time.
    pub fn record_configuration(&mut self, workspace: &Workspace, by: &By) -> Result<(), EngineError> {
        let Some(text) = workspace.configuration_text()? else { return Ok(()) };
        let digest = hash(&text).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        let what = format!("sha256:{digest}");
        let query = AuditQuery { action: Some(AuditAction::ConfigurationRead), limit: 1, before: None };
        if self.store.audit(&query)?.first().is_some_and(|(_, last)| last.what == what) {
            return Ok(());
        }
        self.record(by, AuditAction::ConfigurationRead, what)
    }

    /// Lines of the audit log with their numbers, newest first.
    pub fn audit(&self, query: &AuditQuery) -> Result<Vec<(i64, AuditEntry)>, EngineError> {
        Ok(self.store.audit(query)?)
    }
}

/// A person as the audit log tells it.
pub fn described(person: &Person) -> String {
    printable(&format!("{} ({})", person.name, person.subject)).into_owned()
}

/// A text that nobody guesses: 32 random bytes in hexadecimal digits.
pub fn secret() -> Result<String, EngineError> {
    let mut random = [0; 32];
    getrandom::fill(&mut random).map_err(|error| EngineError::Usage(format!("no random numbers: {error}")))?;
    Ok(random.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The hash under which a token or session is known. Both are random, so that one round is enough, and looking up its
/// hash tells nobody anything of another one.
pub fn hash(secret: &str) -> [u8; 32] {
    Sha256::digest(secret).into()
}

/// Whether two secrets are the same, in a time that does not tell where they differ.
pub fn is_same(given: &str, known: &str) -> bool {
    hash(given).ct_eq(&hash(known)).into()
}

/// The token in an `Authorization` header: as bearer, or as the password of basic authentication.
pub fn given(authorization: &str) -> Option<String> {
    truelevel_sources::webhooks::signatures::token(authorization)
}
