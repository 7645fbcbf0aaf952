//! A store in either database.

use std::fmt;
use std::path::Path;

use truelevel_model::access::{AuditEntry, Session, Uses};
use truelevel_model::events::{EventState, RawEvent, Reading, StoredEvent, Token};
use truelevel_model::facts::{AiUsage, Facts};
use truelevel_model::snapshot::{BrokenLink, NewSnapshot, Snapshot, SnapshotHead};
use truelevel_model::{
    CommitId, Declaration, Deployment, EvidenceRecord, GateAnswer, History, Incident, IncidentLink, PipelineRun,
    RepositoryId, Review, ServiceId, ServiceRecord, SourceId, Tag, Time,
};

use crate::failure::Failure;
use crate::sql::Connection;
use crate::tables::facts::Meeting;
use crate::tables::{
    ai_usage, audit, collected, declarations, deployments, events, evidence, facts, gate_answers, history,
    incident_links, incidents, leases, names, pipeline_runs, reviews, service_records, sessions, snapshots, tags,
    tokens,
};
use crate::{AuditQuery, Counts, EventQuery, Receipt, Store, StoreError, Verdict, Written, postgres, sqlite};

/// A store in an SQLite file, in memory, or in a schema of a PostgreSQL server.
///
/// A value is one connection: to read from several threads, open the place once in each.
pub struct SqlStore {
    pub(crate) connection: Connection,
}

impl SqlStore {
    /// Opens the store at an address: that of a PostgreSQL server when it begins as a URL of one, else a file.
    pub fn at(address: &str) -> Result<Self, StoreError> {
        if is_server(address) { Self::on_server(address) } else { Self::in_file(address) }
    }

    /// Opens the store in this file; makes the file and its folder, and brings an older store up to date.
    pub fn in_file(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let connection = Connection::Sqlite(sqlite::Connection::open(path.as_ref())?);
        Ok(Self { connection })
    }

    /// Makes a store that ends with the value.
    pub fn in_memory() -> Result<Self, StoreError> {
        Ok(Self { connection: Connection::Sqlite(sqlite::Connection::in_memory()?) })
    }

    /// Opens the store on the PostgreSQL server at an address as `postgres://user@host/database`, in the first schema of
    /// the user's search path, and brings an older store up to date. Without a password in the address that of the
    /// environment variable `PGPASSWORD` is taken.
    pub fn on_server(address: &str) -> Result<Self, StoreError> {
        Ok(Self { connection: Connection::Postgres(Box::new(postgres::Connection::open(address)?)) })
    }
}

impl SqlStore {
    /// Writes a whole copy of the store, as of now, to a file that is not there yet. Others may go on writing. A server's
    /// own programs copy what is kept on it.
    pub fn back_up(&self, to: &Path) -> Result<(), StoreError> {
        let written = match &self.connection {
            Connection::Sqlite(connection) => connection.back_up(to),
            Connection::Postgres(_) => Err(Failure::Unsupported(
                "what is kept on a PostgreSQL server is backed up with `pg_dump`; `truelevel store copy` makes a file of it"
                    .to_owned(),
            )),
        };
        written.map_err(|failure| {
            failure.into_error(&truelevel_model::printable(&to.display().to_string()), "write a backup")
        })
    }
}

fn is_server(address: &str) -> bool {
    ["postgres://", "postgresql://"].iter().any(|scheme| address.starts_with(scheme))
}

impl fmt::Debug for SqlStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqlStore").field("place", &self.connection.place()).finish_non_exhaustive()
    }
}

impl Store for SqlStore {
    fn reader(&self) -> Result<Box<dyn Store>, StoreError> {
        match self.connection.again() {
            Ok(connection) => Ok(Box::new(Self { connection })),
            Err(failure) => Err(failure.into_error(self.connection.place(), "open the store again")),
        }
    }

    fn salt(&self) -> Result<Vec<u8>, StoreError> {
        self.connection.read("read the salt", |connection| {
            let salt = connection.one("SELECT bytes FROM salt", &[], |row| row.get(0))?;
            salt.ok_or_else(|| Failure::Damaged("it has no salt".to_owned()))
        })
    }

    fn write(&mut self, facts: &Facts) -> Result<Written, StoreError> {
        self.connection.change("write facts", |connection, names| {
            let written = facts::write(connection, names, &[facts], Meeting::Replaced)?;
            Ok(written.into_iter().next().expect("there is one for each that is given"))
        })
    }

    fn history(&self, repository: &RepositoryId) -> Result<History, StoreError> {
        self.connection.read("read a history", |connection| history::read(connection, repository))
    }

    fn committed_at(&self, commit: &CommitId) -> Result<Option<Time>, StoreError> {
        self.connection.read("look a commit up", |connection| history::committed_at(connection, commit))
    }

    fn append_history(&mut self, repository: &RepositoryId, history: &History, from: usize) -> Result<(), StoreError> {
        for batch in history::batches(history, from) {
            self.connection.change("append to a history", |connection, names| {
                history::append(connection, names, repository, history, batch)
            })?;
        }
        Ok(())
    }

    fn replace_history(&mut self, repository: &RepositoryId, history: &History) -> Result<(), StoreError> {
        self.connection
            .change("replace a history", |connection, names| history::replace(connection, names, repository, history))
    }

    fn tags(&self, repository: &RepositoryId) -> Result<Vec<Tag>, StoreError> {
        self.connection.read("read tags", |connection| tags::read(connection, repository))
    }

    fn replace_tags(&mut self, repository: &RepositoryId, tags: &[Tag]) -> Result<(), StoreError> {
        self.connection.change("replace tags", |connection, names| tags::replace(connection, names, repository, tags))
    }

    fn replace_deployments(&mut self, source: &SourceId, deployments: &[Deployment]) -> Result<Counts, StoreError> {
        if let Some(other) = deployments.iter().find(|deployment| deployment.source != *source) {
            return Err(StoreError::OtherSource { expected: source.clone(), found: other.source.clone() });
        }
        self.connection.change("replace deployments", |connection, names| {
            deployments::replace(connection, names, source, deployments)
        })
    }

    fn replace_evidence(&mut self, source: &SourceId, records: &[EvidenceRecord]) -> Result<(), StoreError> {
        if let Some(other) = records.iter().find(|record| record.source != *source) {
            return Err(StoreError::OtherSource { expected: source.clone(), found: other.source.clone() });
        }
        self.connection
            .change("replace evidence", |connection, names| evidence::replace(connection, names, source, records))
    }

    fn collected(&self, subject: &str) -> Result<Option<String>, StoreError> {
        self.connection.read("read what was collected", |connection| collected::read(connection, subject))
    }

    fn set_collected(&mut self, subject: &str, fingerprint: &str) -> Result<(), StoreError> {
        self.connection
            .change("note what was collected", |connection, _| collected::set(connection, subject, fingerprint))
    }

    fn deployments(&self) -> Result<Vec<Deployment>, StoreError> {
        self.connection.read("read deployments", deployments::read)
    }

    fn deployments_of(&self, services: &[ServiceId]) -> Result<Vec<Vec<Deployment>>, StoreError> {
        self.connection.read("read deployments", |connection| deployments::read_of(connection, services))
    }

    fn reviews(&self) -> Result<Vec<Review>, StoreError> {
        self.connection.read("read reviews", reviews::read)
    }

    fn pipeline_runs(&self) -> Result<Vec<PipelineRun>, StoreError> {
        self.connection.read("read pipeline runs", pipeline_runs::read)
    }

    fn incidents(&self) -> Result<Vec<Incident>, StoreError> {
        self.connection.read("read incidents", incidents::read)
    }

    fn declarations(&self) -> Result<Vec<Declaration>, StoreError> {
        self.connection.read("read declarations", declarations::read)
    }

    fn gate_answers(&self) -> Result<Vec<GateAnswer>, StoreError> {
        self.connection.read("read answers to gates", gate_answers::read)
    }

    fn service_records(&self) -> Result<Vec<ServiceRecord>, StoreError> {
        self.connection.read("read service records", service_records::read)
    }

    fn incident_links(&self) -> Result<Vec<IncidentLink>, StoreError> {
        self.connection.read("read the links of incidents", incident_links::read)
    }

    fn evidence(&self) -> Result<Vec<EvidenceRecord>, StoreError> {
        self.connection.read("read evidence", evidence::read)
    }

    fn ai_usage(&self) -> Result<Vec<AiUsage>, StoreError> {
        self.connection.read("read the usage of assistants", ai_usage::read)
    }

    fn append_snapshot(&mut self, snapshot: &NewSnapshot) -> Result<SnapshotHead, StoreError> {
        self.connection.change("add a snapshot", |connection, _| snapshots::append(connection, snapshot))
    }

    fn snapshots(&self) -> Result<Vec<SnapshotHead>, StoreError> {
        self.connection.read("list snapshots", snapshots::heads)
    }

    fn snapshot(&self, number: u64) -> Result<Option<Snapshot>, StoreError> {
        self.connection.read("read a snapshot", |connection| snapshots::read(connection, number))
    }

    fn snapshot_summary(&self, number: u64) -> Result<Option<String>, StoreError> {
        self.connection.read("read a snapshot's summary", |connection| snapshots::summary(connection, number))
    }

    fn verify_snapshots(&self) -> Result<Option<BrokenLink>, StoreError> {
        self.connection.read("verify snapshots", snapshots::verify)
    }

    fn services(&self) -> Result<Vec<ServiceId>, StoreError> {
        self.connection.read("read services", names::services_in_use)
    }

    fn repositories(&self) -> Result<Vec<RepositoryId>, StoreError> {
        self.connection.read("read repositories", names::repositories_in_use)
    }

    fn receive(&mut self, events: &[(RawEvent, Reading)]) -> Result<Vec<Receipt>, StoreError> {
        self.connection.change("keep events", |connection, names| events::receive(connection, names, events))
    }

    fn settle(&mut self, events: &[(i64, Reading)]) -> Result<Vec<Verdict>, StoreError> {
        self.connection.change("settle events", |connection, names| events::settle(connection, names, events))
    }

    fn events(&self, query: &EventQuery) -> Result<Vec<StoredEvent>, StoreError> {
        self.connection.read("read events", |connection| events::read(connection, query))
    }

    fn last_event(&self) -> Result<i64, StoreError> {
        self.connection.read("look for events", events::last)
    }

    fn event_counts(&self) -> Result<Vec<(String, EventState, u64)>, StoreError> {
        self.connection.read("count events", events::count)
    }

    fn quarantined(&self) -> Result<Vec<(String, u64)>, StoreError> {
        self.connection.read("count events in quarantine", events::quarantined)
    }

    fn expire_events(&mut self, received_before: Time) -> Result<u64, StoreError> {
        self.connection.change("expire events", |connection, _| events::expire(connection, received_before))
    }

    fn take_lease(&mut self, name: &str, holder: &str, now: Time, until: Time) -> Result<bool, StoreError> {
        self.connection.change("take a lease", |connection, _| leases::take(connection, name, holder, now, until))
    }

    fn add_token(&mut self, token: &Token) -> Result<bool, StoreError> {
        self.connection.change("add a token", |connection, _| tokens::add(connection, token))
    }

    fn revoke_token(&mut self, name: &str, at: Time) -> Result<bool, StoreError> {
        self.connection.change("revoke a token", |connection, _| tokens::revoke(connection, name, at))
    }

    fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        self.connection.read("read tokens", tokens::read)
    }

    fn add_session(&mut self, session: &Session, forget_before: Time) -> Result<(), StoreError> {
        self.connection.change("begin a session", |connection, _| sessions::add(connection, session, forget_before))
    }

    fn end_session(&mut self, hash: &[u8; 32], at: Time) -> Result<bool, StoreError> {
        self.connection.change("end a session", |connection, _| sessions::end(connection, hash, at))
    }

    fn session(&self, hash: &[u8; 32]) -> Result<Option<Session>, StoreError> {
        self.connection.read("read a session", |connection| sessions::find(connection, hash))
    }

    fn sessions(&self) -> Result<Vec<Session>, StoreError> {
        self.connection.read("read sessions", sessions::read)
    }

    fn note_uses(&mut self, uses: &Uses) -> Result<(), StoreError> {
        self.connection.change("note what was used", |connection, _| sessions::note_uses(connection, uses))
    }

    fn append_audit(&mut self, entry: &AuditEntry) -> Result<(), StoreError> {
        self.connection.change("write to the audit log", |connection, _| audit::append(connection, entry))
    }

    fn audit(&self, query: &AuditQuery) -> Result<Vec<(i64, AuditEntry)>, StoreError> {
        self.connection.read("read the audit log", |connection| audit::read(connection, query))
    }
}
