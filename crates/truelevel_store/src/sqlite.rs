//! The embedded store: one SQLite file.

mod collected;
mod columns;
mod declarations;
mod deployments;
mod events;
mod evidence;
mod failure;
mod gate_answers;
mod history;
mod incident_links;
mod incidents;
mod migrations;
mod names;
mod opening;
mod pipeline_runs;
mod reviews;
mod service_records;
mod snapshots;
mod tags;
mod tokens;
mod upsert;

use std::fmt;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, TransactionBehavior};
use truelevel_model::events::{EventState, RawEvent, Reading, StoredEvent, Token};
use truelevel_model::facts::Facts;
use truelevel_model::snapshot::{BrokenLink, NewSnapshot, Snapshot, SnapshotHead};
use truelevel_model::{
    Declaration, Deployment, EvidenceRecord, GateAnswer, History, Incident, IncidentLink, PipelineRun, RepositoryId,
    Review, ServiceId, ServiceRecord, SourceId, Tag, Time,
};

use crate::{Counts, EventQuery, Receipt, Store, StoreError, Written};
use failure::Failure;
use names::Names;
use upsert::Stays;

/// A store in an SQLite file, or in memory.
///
/// A value is one connection: to read from several threads, open the file once in each.
pub struct SqliteStore {
    connection: Connection,
    path: PathBuf,
}

impl SqliteStore {
    /// Opens the store in this file; makes the file and its folder, and brings an older store up to date.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, StoreError> {
        let path = path.as_ref().to_owned();
        match opening::open(&path) {
            Ok(connection) => Ok(Self { connection, path }),
            Err(failure) => Err(failure.into_error(&path, "open the store")),
        }
    }

    /// Makes a store that ends with the value.
    pub fn in_memory() -> Result<Self, StoreError> {
        let path = PathBuf::from("the store in memory");
        match opening::in_memory() {
            Ok(connection) => Ok(Self { connection, path }),
            Err(failure) => Err(failure.into_error(&path, "make a store")),
        }
    }

    fn read<T>(
        &self,
        doing: &'static str,
        body: impl FnOnce(&Connection) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        let run = || {
            // One transaction, so that all statements of a call see the same store.
            let transaction = self.connection.unchecked_transaction()?;
            let answer = body(&transaction)?;
            transaction.commit()?;
            Ok(answer)
        };
        run().map_err(|failure: Failure| failure.into_error(&self.path, doing))
    }

    fn change<T>(
        &mut self,
        doing: &'static str,
        body: impl FnOnce(&Connection, &mut Names) -> Result<T, Failure>,
    ) -> Result<T, StoreError> {
        let Self { connection, path } = self;
        let run = || {
            // Immediate: a transaction that first reads and then wants to write is refused, not made to wait.
            let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
            let answer = body(&transaction, &mut Names::default())?;
            transaction.commit()?;
            Ok(answer)
        };
        run().map_err(|failure: Failure| failure.into_error(path, doing))
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").field("path", &self.path).finish_non_exhaustive()
    }
}

impl Store for SqliteStore {
    fn reader(&self) -> Result<Box<dyn Store>, StoreError> {
        if self.connection.path().is_none_or(str::is_empty) {
            let reason = "a store in memory has one way in".to_owned();
            return Err(Failure::NotAStore(reason).into_error(&self.path, "open the store again"));
        }
        Ok(Box::new(Self::open(&self.path)?))
    }

    fn salt(&self) -> Result<Vec<u8>, StoreError> {
        self.read("read the salt", |connection| {
            Ok(connection.query_row("SELECT bytes FROM salt", [], |row| row.get(0))?)
        })
    }

    fn write(&mut self, facts: &Facts) -> Result<Written, StoreError> {
        self.change("write facts", |connection, names| {
            let stays = Stays::ObservedLater;
            Ok(Written {
                declarations: declarations::write(connection, names, &facts.declarations)?,
                deployments: deployments::write(connection, names, &facts.deployments, stays)?,
                evidence: evidence::write(connection, names, &facts.evidence, stays)?,
                gate_answers: gate_answers::write(connection, names, &facts.gate_answers)?,
                incident_links: incident_links::write(connection, names, &facts.incident_links)?,
                incidents: incidents::write(connection, names, &facts.incidents, stays)?,
                pipeline_runs: pipeline_runs::write(connection, names, &facts.pipeline_runs)?,
                reviews: reviews::write(connection, names, &facts.reviews, stays)?,
                services: service_records::write(connection, names, &facts.services, stays)?,
            })
        })
    }

    fn history(&self, repository: &RepositoryId) -> Result<History, StoreError> {
        self.read("read a history", |connection| history::read(connection, repository))
    }

    fn append_history(&mut self, repository: &RepositoryId, history: &History, from: usize) -> Result<(), StoreError> {
        for batch in history::batches(history, from) {
            self.change("append to a history", |connection, names| {
                history::append(connection, names, repository, history, batch)
            })?;
        }
        Ok(())
    }

    fn replace_history(&mut self, repository: &RepositoryId, history: &History) -> Result<(), StoreError> {
        self.change("replace a history", |connection, names| history::replace(connection, names, repository, history))
    }

    fn tags(&self, repository: &RepositoryId) -> Result<Vec<Tag>, StoreError> {
        self.read("read tags", |connection| tags::read(connection, repository))
    }

    fn replace_tags(&mut self, repository: &RepositoryId, tags: &[Tag]) -> Result<(), StoreError> {
        self.change("replace tags", |connection, names| tags::replace(connection, names, repository, tags))
    }

    fn replace_deployments(&mut self, source: &SourceId, deployments: &[Deployment]) -> Result<Counts, StoreError> {
        if let Some(other) = deployments.iter().find(|deployment| deployment.source != *source) {
            return Err(StoreError::OtherSource { expected: source.clone(), found: other.source.clone() });
        }
        self.change("replace deployments", |connection, names| {
            deployments::replace(connection, names, source, deployments)
        })
    }

    fn replace_evidence(&mut self, source: &SourceId, records: &[EvidenceRecord]) -> Result<(), StoreError> {
        if let Some(other) = records.iter().find(|record| record.source != *source) {
            return Err(StoreError::OtherSource { expected: source.clone(), found: other.source.clone() });
        }
        self.change("replace evidence", |connection, names| evidence::replace(connection, names, source, records))
    }

    fn collected(&self, subject: &str) -> Result<Option<String>, StoreError> {
        self.read("read what was collected", |connection| collected::read(connection, subject))
    }

    fn set_collected(&mut self, subject: &str, fingerprint: &str) -> Result<(), StoreError> {
        self.change("note what was collected", |connection, _| collected::set(connection, subject, fingerprint))
    }

    fn deployments(&self) -> Result<Vec<Deployment>, StoreError> {
        self.read("read deployments", deployments::read)
    }

    fn deployments_of(&self, services: &[ServiceId]) -> Result<Vec<Vec<Deployment>>, StoreError> {
        self.read("read deployments", |connection| deployments::read_of(connection, services))
    }

    fn reviews(&self) -> Result<Vec<Review>, StoreError> {
        self.read("read reviews", reviews::read)
    }

    fn pipeline_runs(&self) -> Result<Vec<PipelineRun>, StoreError> {
        self.read("read pipeline runs", pipeline_runs::read)
    }

    fn incidents(&self) -> Result<Vec<Incident>, StoreError> {
        self.read("read incidents", incidents::read)
    }

    fn declarations(&self) -> Result<Vec<Declaration>, StoreError> {
        self.read("read declarations", declarations::read)
    }

    fn gate_answers(&self) -> Result<Vec<GateAnswer>, StoreError> {
        self.read("read answers to gates", gate_answers::read)
    }

    fn service_records(&self) -> Result<Vec<ServiceRecord>, StoreError> {
        self.read("read service records", service_records::read)
    }

    fn incident_links(&self) -> Result<Vec<IncidentLink>, StoreError> {
        self.read("read the links of incidents", incident_links::read)
    }

    fn evidence(&self) -> Result<Vec<EvidenceRecord>, StoreError> {
        self.read("read evidence", evidence::read)
    }

    fn append_snapshot(&mut self, snapshot: &NewSnapshot) -> Result<SnapshotHead, StoreError> {
        self.change("add a snapshot", |connection, _| snapshots::append(connection, snapshot))
    }

    fn snapshots(&self) -> Result<Vec<SnapshotHead>, StoreError> {
        self.read("list snapshots", snapshots::heads)
    }

    fn snapshot(&self, number: u64) -> Result<Option<Snapshot>, StoreError> {
        self.read("read a snapshot", |connection| snapshots::read(connection, number))
    }

    fn verify_snapshots(&self) -> Result<Option<BrokenLink>, StoreError> {
        self.read("verify snapshots", snapshots::verify)
    }

    fn services(&self) -> Result<Vec<ServiceId>, StoreError> {
        self.read("read services", names::services_in_use)
    }

    fn repositories(&self) -> Result<Vec<RepositoryId>, StoreError> {
        self.read("read repositories", names::repositories_in_use)
    }

    fn receive(&mut self, events: &[(RawEvent, Reading)]) -> Result<Vec<Receipt>, StoreError> {
        self.change("keep events", |connection, names| {
            events.iter().map(|(raw, reading)| events::receive(connection, names, raw, reading)).collect()
        })
    }

    fn settle(&mut self, events: &[(i64, Reading)]) -> Result<bool, StoreError> {
        self.change("settle events", |connection, names| {
            let mut is_changed = false;
            for (key, reading) in events {
                is_changed |= events::settle(connection, names, *key, reading)?;
            }
            Ok(is_changed)
        })
    }

    fn events(&self, query: &EventQuery) -> Result<Vec<StoredEvent>, StoreError> {
        self.read("read events", |connection| events::read(connection, query))
    }

    fn event_counts(&self) -> Result<Vec<(String, EventState, u64)>, StoreError> {
        self.read("count events", events::count)
    }

    fn expire_events(&mut self, received_before: Time) -> Result<u64, StoreError> {
        self.change("expire events", |connection, _| events::expire(connection, received_before))
    }

    fn add_token(&mut self, token: &Token) -> Result<bool, StoreError> {
        self.change("add a token", |connection, _| tokens::add(connection, token))
    }

    fn revoke_token(&mut self, name: &str, at: Time) -> Result<bool, StoreError> {
        self.change("revoke a token", |connection, _| tokens::revoke(connection, name, at))
    }

    fn tokens(&self) -> Result<Vec<Token>, StoreError> {
        self.read("read tokens", tokens::read)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use truelevel_model::{Change, CommitId, Time};

    use super::*;

    fn history(count: u32) -> History {
        History::from_changes((0..count).map(|number| {
            let mut id = CommitId([7; 20]);
            id.0[..4].copy_from_slice(&number.to_le_bytes());
            Change::new(id, Vec::new(), Time::from_seconds(0))
        }))
    }

    fn store_with_ten_changes() -> (tempfile::TempDir, SqliteStore) {
        let folder = tempfile::tempdir().unwrap();
        let mut store = SqliteStore::open(folder.path().join("store.db")).unwrap();
        store.append_history(&"shop".into(), &history(10), 0).unwrap();
        (folder, store)
    }

    #[test]
    fn a_full_disk_is_told_and_changes_nothing() {
        let (_folder, mut store) = store_with_ten_changes();
        let pages: i64 = store.connection.query_row("PRAGMA page_count", [], |row| row.get(0)).unwrap();
        // Answers with the new limit, as a row.
        store.connection.pragma_update_and_check(None, "max_page_count", pages + 2, |_| Ok(())).unwrap();
        let refused = store.replace_history(&"shop".into(), &history(10_000));
        assert!(matches!(refused, Err(StoreError::Full { .. })), "{refused:?}");
        assert_eq!(store.history(&"shop".into()).unwrap().len(), 10);
        store.replace_history(&"shop".into(), &history(5)).unwrap();
        assert_eq!(store.history(&"shop".into()).unwrap().len(), 5);
    }

    #[test]
    fn a_store_that_another_process_keeps_locked_is_told_and_can_be_read() {
        let (folder, mut store) = store_with_ten_changes();
        let other = Connection::open(folder.path().join("store.db")).unwrap();
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        store.connection.busy_timeout(Duration::ZERO).unwrap();
        let refused = store.set_collected("shop", "1");
        assert!(matches!(refused, Err(StoreError::Busy { doing: "note what was collected", .. })), "{refused:?}");
        assert_eq!(store.history(&"shop".into()).unwrap().len(), 10);
    }

    #[test]
    fn a_store_that_cannot_be_written_is_told_and_can_be_read() {
        let (_folder, mut store) = store_with_ten_changes();
        store.connection.pragma_update(None, "query_only", true).unwrap();
        let refused = store.set_collected("shop", "1");
        assert!(matches!(refused, Err(StoreError::ReadOnly { .. })), "{refused:?}");
        assert_eq!(store.history(&"shop".into()).unwrap().len(), 10);
    }
}
