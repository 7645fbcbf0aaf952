//! Access: what people who signed in may do, and what the audit log says of changes.

use crate::{Time, Word};

/// What a person may do. Each may do what those before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Read.
    Viewer,
    /// Declare.
    Editor,
    /// Read the audit log.
    Admin,
}

impl Word for Role {
    const ALL: &'static [Self] = &[Self::Viewer, Self::Editor, Self::Admin];

    fn word(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Admin => "admin",
        }
    }
}

/// Someone who signed in, as the identity provider tells it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// The provider's own id.
    pub subject: String,
    /// A name for people.
    pub name: String,
    /// What the person may do.
    pub role: Role,
    /// The teams whose services the person sees; all of them when absent.
    pub teams: Option<Vec<String>>,
}

/// The time between signing in and out, as the store knows it: everything but its id.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// SHA-256 of the id that the browser holds.
    pub hash: [u8; 32],
    /// Whose it is.
    pub person: Person,
    /// When it began.
    pub created_at: Time,
    /// From when on it is worth nothing.
    pub expires_at: Time,
    /// When it was last used, to the minute.
    pub used_at: Time,
    /// When it was ended.
    pub ended_at: Option<Time>,
}

impl Session {
    /// Whether it still counts, when it ends by itself after some minutes without use.
    pub fn is_valid(&self, now: Time, idle_minutes: u32) -> bool {
        let idle_until = self.used_at.millis() + i64::from(idle_minutes) * 60_000;
        self.ended_at.is_none() && now < self.expires_at && now.millis() < idle_until
    }

    /// What it is called in lists.
    pub fn name(&self) -> String {
        self.hash[..4].iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// When tokens, by name, and sessions, by hash, were last used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Uses {
    /// Of tokens.
    pub tokens: Vec<(String, Time)>,
    /// Of sessions.
    pub sessions: Vec<([u8; 32], Time)>,
}

/// What the audit log tells of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AuditAction {
    /// The store was copied to a file.
    BackedUp,
    /// The server read another configuration than the last time.
    ConfigurationRead,
    /// A team said something of itself.
    Declared,
    /// Facts were taken from files.
    Imported,
    /// Kept events were read anew.
    Replayed,
    /// A session was ended by somebody else.
    SessionEnded,
    /// Somebody proved who they are and may not come in.
    SignInRefused,
    /// A session began.
    SignedIn,
    /// A session was ended by its owner.
    SignedOut,
    /// An assessment was stored.
    SnapshotTaken,
    /// Everything in another store was taken over.
    StoreCopied,
    /// A token was made.
    TokenCreated,
    /// A token was taken back.
    TokenRevoked,
}

impl Word for AuditAction {
    const ALL: &'static [Self] = &[
        Self::BackedUp,
        Self::ConfigurationRead,
        Self::Declared,
        Self::Imported,
        Self::Replayed,
        Self::SessionEnded,
        Self::SignInRefused,
        Self::SignedIn,
        Self::SignedOut,
        Self::SnapshotTaken,
        Self::StoreCopied,
        Self::TokenCreated,
        Self::TokenRevoked,
    ];

    fn word(self) -> &'static str {
        match self {
            Self::BackedUp => "backed_up",
            Self::ConfigurationRead => "configuration_read",
            Self::Declared => "declared",
            Self::Imported => "imported",
            Self::Replayed => "replayed",
            Self::SessionEnded => "session_ended",
            Self::SignInRefused => "sign_in_refused",
            Self::SignedIn => "signed_in",
            Self::SignedOut => "signed_out",
            Self::SnapshotTaken => "snapshot_taken",
            Self::StoreCopied => "store_copied",
            Self::TokenCreated => "token_created",
            Self::TokenRevoked => "token_revoked",
        }
    }
}

/// A line of the audit log. No secret is ever in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// When.
    pub at: Time,
    /// Who did it: a person, a token, the command line, the server itself.
    pub who: String,
    /// What was done.
    pub action: AuditAction,
    /// To what, and how.
    pub what: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_ends_without_use_in_any_case_and_when_it_is_ended() {
        let minute = |minutes: i64| Time::from_millis(minutes * 60_000);
        let person = Person { subject: "1".into(), name: "Ann".into(), role: Role::Viewer, teams: None };
        let session = Session {
            hash: [0xab; 32],
            person,
            created_at: minute(0),
            expires_at: minute(100),
            used_at: minute(90),
            ended_at: None,
        };
        assert_eq!(session.name(), "abababab");
        assert!(session.is_valid(minute(99), 10) && !session.is_valid(minute(100), 1000));
        assert!(!session.is_valid(minute(95), 5), "it was not used for five minutes");
        assert!(!Session { ended_at: Some(minute(91)), ..session }.is_valid(minute(91), 10));
    }

    #[test]
    fn an_admin_may_do_what_an_editor_and_a_viewer_may() {
        assert!(Role::Viewer < Role::Editor && Role::Editor < Role::Admin);
    }
}
