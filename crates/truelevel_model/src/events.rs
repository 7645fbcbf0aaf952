//! Events: what other systems deliver of their own accord, kept as it came until it is understood.

use crate::facts::Facts;
use crate::{SourceId, Time};

/// What a sender delivered, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RawEvent {
    /// The sender's id, such as `github`.
    pub sender: String,
    /// The sender's own id of the delivery, else a hash of what was delivered. With the sender it is the identity.
    pub delivery: String,
    /// Other ids under which the same delivery may be kept already, of senders that repeat themselves and number nothing.
    pub repeats: Vec<String>,
    /// What it is about, as the sender calls it: `deployment_status`.
    pub kind: String,
    /// The body, uncompressed.
    pub body: Vec<u8>,
    /// When it arrived.
    pub received_at: Time,
}

/// What became of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EventState {
    /// It became facts.
    Normalised,
    /// It says nothing about delivery.
    Ignored,
    /// It could not be understood, or not wholly; it is tried again when the mapping changes.
    Quarantined,
}

impl EventState {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Normalised, Self::Ignored, Self::Quarantined];

    /// In lower case, as commands and pages write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Normalised => "normalised",
            Self::Ignored => "ignored",
            Self::Quarantined => "quarantined",
        }
    }
}

/// What an event says, in the shared words.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// The facts that it holds.
    pub facts: Facts,
    /// Ends of incidents whose start another event told.
    pub resolutions: Vec<Resolution>,
    /// What of it could not be understood, and what would help.
    pub problems: Vec<String>,
    /// Why there is nothing in it, where that is as it should be.
    pub ignored: Option<String>,
}

impl Reading {
    /// Nothing to learn, and why.
    pub fn ignored(reason: impl Into<String>) -> Self {
        Self { ignored: Some(reason.into()), ..Self::default() }
    }

    /// Not understood, and why.
    pub fn problem(reason: impl Into<String>) -> Self {
        Self { problems: vec![reason.into()], ..Self::default() }
    }

    /// What becomes of the event.
    pub fn state(&self) -> EventState {
        match (self.problems.is_empty(), &self.ignored) {
            (false, _) => EventState::Quarantined,
            (true, Some(_)) => EventState::Ignored,
            (true, None) => EventState::Normalised,
        }
    }

    /// Why not everything became facts.
    pub fn reason(&self) -> Option<String> {
        if self.problems.is_empty() { self.ignored.clone() } else { Some(self.problems.join("; ")) }
    }
}

/// The end of an incident, from an event that says nothing else of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// The incident's source.
    pub source: SourceId,
    /// Its id there.
    pub incident: String,
    /// End of impact.
    pub resolved_at: Time,
}

/// An event in the store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredEvent {
    /// Its place in the order of receipt.
    pub key: i64,
    /// What was delivered.
    pub raw: RawEvent,
    /// What became of it.
    pub state: EventState,
    /// Why not everything became facts.
    pub reason: Option<String>,
}

/// What a caller of the API may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scope {
    /// Send events.
    Ingest,
    /// Read what is measured.
    Read,
    /// Everything.
    Admin,
}

impl Scope {
    /// All of them.
    pub const ALL: &'static [Self] = &[Self::Ingest, Self::Read, Self::Admin];

    /// In lower case, as commands and pages write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Read => "read",
            Self::Admin => "admin",
        }
    }

    /// Whether a caller with this scope may do what asks for `wanted`. Who reads may not send, and the reverse.
    pub fn allows(self, wanted: Self) -> bool {
        self == wanted || self == Self::Admin
    }
}

/// A token as the store knows it: everything but the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    /// What it is called, for people.
    pub name: String,
    /// SHA-256 of the token.
    pub hash: [u8; 32],
    /// What its bearer may do.
    pub scope: Scope,
    /// When it was made.
    pub created_at: Time,
    /// From when on it is worth nothing; never, when absent.
    pub expires_at: Option<Time>,
    /// When it was taken back.
    pub revoked_at: Option<Time>,
    /// When it was last used, to the minute.
    pub used_at: Option<Time>,
}

impl Token {
    /// Whether it still counts.
    pub fn is_valid(&self, now: Time) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| now < end)
    }
}
