//! Intake: what other systems deliver is checked, kept as it came, and normalised; all of it can be read anew.

use std::collections::BTreeMap;

use truelevel_model::Time;
use truelevel_model::events::{EventState, RawEvent, Reading, StoredEvent};
use truelevel_sources::webhooks::{self, Names};
use truelevel_store::{SqlStore, Store};

pub use truelevel_sources::webhooks::Headers;
pub use truelevel_sources::webhooks::api as records;
pub use truelevel_sources::webhooks::signatures::{Denied, Proof, Secret};
pub use truelevel_store::{EventQuery, Receipt, Verdict};

use crate::config::Config;
use crate::{EngineError, Workspace};

/// Events that are read anew in one transaction.
const BATCH: usize = 200;

/// Decides what may come in, and reads it. It holds no store and can be asked by many at once.
pub struct Gate {
    names: Names,
    secrets: BTreeMap<String, Vec<Secret>>,
}

/// Why a delivery is not taken.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// Nobody is called so.
    #[error("there is no such sender")]
    UnknownSender,
    /// The sender is known and may not send here.
    #[error("no secret is configured for this sender; add a [[webhooks]] table")]
    NotConfigured,
    /// It is not the sender's own.
    #[error(transparent)]
    Denied(#[from] Denied),
    /// It cannot be read at all.
    #[error("{0}")]
    Malformed(String),
}

/// A delivery as it came in.
pub struct Delivered<'a> {
    /// The sender's id.
    pub sender: &'a str,
    /// What stands behind the sender's address.
    pub path: &'a str,
    /// What stands behind the question mark.
    pub query: &'a str,
    /// Headers, names in lower case.
    pub headers: &'a Headers,
    /// The body as it was transmitted, which is what is signed.
    pub transmitted: &'a [u8],
    /// The body, uncompressed.
    pub body: &'a [u8],
    /// When.
    pub received_at: Time,
}

impl Gate {
    /// Reads the names and secrets of a configuration; `variable` looks up an environment variable.
    pub fn open(config: &Config, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, EngineError> {
        let mut secrets: BTreeMap<String, Vec<Secret>> = BTreeMap::new();
        for webhook in &config.webhooks {
            let secret = webhook.secret.read(variable).map_err(|reason| {
                EngineError::Usage(format!("{}: the secret of {}: {reason}", webhook.place, webhook.sender))
            })?;
            secrets.entry(webhook.sender.clone()).or_default().push(Secret::new(secret));
        }
        Ok(Self { names: names(config), secrets })
    }

    /// Whether a sender may send here at all.
    pub fn knows(&self, sender: &str) -> bool {
        self.secrets.contains_key(sender)
    }

    /// Reads names alone: nothing may come in, and what is kept can be read anew.
    pub fn for_replay(config: &Config) -> Self {
        Self { names: names(config), secrets: BTreeMap::new() }
    }

    /// Checks a delivery and reads what it says.
    pub fn admit(&self, delivered: &Delivered<'_>) -> Result<(RawEvent, Reading), Refusal> {
        let sender = webhooks::sender(delivered.sender).ok_or(Refusal::UnknownSender)?;
        let secrets = self.secrets.get(delivered.sender).ok_or(Refusal::NotConfigured)?;
        let Delivered { path, query, headers, transmitted, body, received_at, .. } = *delivered;
        sender.verify(Proof { headers, path, query, body: transmitted }, secrets, received_at)?;
        let raw = sender.take(headers, path, body, received_at).map_err(Refusal::Malformed)?;
        let reading = webhooks::read(&raw, &self.names);
        Ok((raw, reading))
    }

    /// Reads an event anew.
    fn reread(&self, event: &StoredEvent, now: Time) -> Reading {
        webhooks::read_again(&event.raw, &self.names, now)
    }
}

fn names(config: &Config) -> Names {
    let mut names = Names {
        incident_labels: config.events.incident_labels.clone(),
        service_labels: config.events.service_labels.clone(),
        ..Names::default()
    };
    for service in &config.services {
        names.services.extend(service.known_as.iter().map(|known| (known.clone(), service.name.clone())));
    }
    for repository in &config.repositories {
        if let Some(name) = &repository.name {
            names.repositories.extend(repository.known_as.iter().map(|known| (known.clone(), name.clone())));
        }
    }
    names
}

/// How many events were not understood and wait, by sender.
pub fn quarantined(workspace: &Workspace) -> Result<Vec<(String, u64)>, EngineError> {
    Ok(workspace.store.quarantined()?)
}

/// Keeps what comes in. One value is one connection to the store.
pub struct Intake {
    store: SqlStore,
    /// Tells it from others on the same store.
    name: String,
}

/// What reading events anew did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    /// Events that were read.
    pub events: u64,
    /// Those of which something is not understood.
    pub quarantined: u64,
    /// Whether a fact is new or changed.
    pub is_changed: bool,
    /// The last event that was read.
    pub last: i64,
}

impl Intake {
    /// Opens the workspace's store for events.
    pub fn open(workspace: &Workspace) -> Result<Self, EngineError> {
        Ok(Self { store: workspace.open_store()?, name: crate::access::secret()? })
    }

    /// Keeps events with what they say, in one transaction: when this answers, they are on the disk.
    pub fn receive(&mut self, events: &[(RawEvent, Reading)]) -> Result<Vec<Receipt>, EngineError> {
        Ok(self.store.receive(events)?)
    }

    /// Reads the next events anew that a query finds, in one transaction; `None` when there are no more.
    pub fn replay_some(&mut self, gate: &Gate, query: &EventQuery, now: Time) -> Result<Option<Replayed>, EngineError> {
        let events = self.store.events(&EventQuery { limit: BATCH, ..query.clone() })?;
        let Some(last) = events.last() else { return Ok(None) };
        let mut replayed = Replayed { events: events.len() as u64, last: last.key, ..Replayed::default() };
        let readings: Vec<(i64, Reading)> = events.iter().map(|event| (event.key, gate.reread(event, now))).collect();
        let verdicts = self.store.settle(&readings)?;
        replayed.quarantined =
            verdicts.iter().filter(|verdict| verdict.state == EventState::Quarantined).count() as u64;
        replayed.is_changed = verdicts.iter().any(|verdict| verdict.is_changed);
        Ok(Some(replayed))
    }

    /// Reads all events anew that a query finds.
    pub fn replay(&mut self, gate: &Gate, mut query: EventQuery, now: Time) -> Result<Replayed, EngineError> {
        let mut whole = Replayed::default();
        while let Some(some) = self.replay_some(gate, &query, now)? {
            query.after = some.last;
            whole.events += some.events;
            whole.quarantined += some.quarantined;
            whole.is_changed |= some.is_changed;
            whole.last = some.last;
        }
        Ok(whole)
    }

    /// Events, in the order of receipt.
    pub fn events(&self, query: &EventQuery) -> Result<Vec<StoredEvent>, EngineError> {
        Ok(self.store.events(query)?)
    }

    /// The key of the newest event that became facts, whichever process took it; zero when there is none.
    pub fn last_event(&self) -> Result<i64, EngineError> {
        Ok(self.store.last_event()?)
    }

    /// How often something was told otherwise than by events; another number than before says that there is more to measure.
    pub fn told(&self) -> Result<u64, EngineError> {
        Ok(crate::told::count(&self.store)?)
    }

    /// Whether the upkeep is this one's from now to an instant; no other process on the same store then has it.
    pub fn take_upkeep(&mut self, now: Time, until: Time) -> Result<bool, EngineError> {
        Ok(self.store.take_lease("upkeep", &self.name, now, until)?)
    }

    /// Gives the upkeep up, so that the next one need not wait until it would have ended.
    pub fn give_up_upkeep(&mut self, now: Time) -> Result<(), EngineError> {
        // Whoever else has it keeps it.
        self.take_upkeep(now, now)?;
        Ok(())
    }

    /// Writes something of no consequence, to see whether the store takes anything.
    pub fn check(&mut self, now: Time) -> Result<(), EngineError> {
        self.store.take_lease("check", &self.name, now, now)?;
        Ok(())
    }

    /// How many events there are, by sender and state.
    pub fn counts(&self) -> Result<Vec<(String, EventState, u64)>, EngineError> {
        Ok(self.store.event_counts()?)
    }

    /// Forgets what was understood and received before an instant. Answers how many.
    pub fn expire(&mut self, received_before: Time) -> Result<u64, EngineError> {
        Ok(self.store.expire_events(received_before)?)
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn secrets_come_from_variables_and_files_and_several_are_valid_at_once() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("secret"), "from a file\n").unwrap();
        std::fs::write(folder.path().join("empty"), "\n").unwrap();
        let gate = |text: &str| {
            let config = Config::parse(&folder.path().join("truelevel.toml"), text).unwrap();
            Gate::open(&config, &|name| (name == "SECRET").then(|| "from a variable".to_owned()))
        };
        let table = |place: &str| format!("[[webhooks]]\nsender = \"github\"\n{place}\n");
        let both = table("secret_env = \"SECRET\"") + &table("secret_file = \"secret\"");
        let secrets = &gate(&both).unwrap().secrets["github"];
        assert_eq!(secrets, &[Secret::new("from a variable"), Secret::new("from a file")]);
        let check = |place: &str, expected: &str| {
            let told = gate(&table(place)).err().unwrap().to_string();
            assert!(told.contains(expected), "{told}");
        };
        check("secret_env = \"OTHER\"", "the secret of github: the environment variable OTHER is not set");
        check("secret_file = \"none\"", "none: No such file");
        check("secret_file = \"empty\"", "empty is empty");
    }

    #[test]
    fn names_of_senders_come_from_services_and_repositories() {
        let text = "[[service]]\nname = \"shop\"\nknown_as = [\"Checkout\"]\n[[repository]]\npath = \"x\"\nname = \"web\"\nknown_as = [\"acme/storefront\"]\n";
        let names = names(&Config::parse(Path::new("truelevel.toml"), text).unwrap());
        assert_eq!(
            (names.services["Checkout"].as_str(), names.repositories["acme/storefront"].as_str()),
            ("shop", "web")
        );
        assert_eq!(names.incident_labels, ["incident"]);
    }
}
