//! What a store does, in the model's words and whatever keeps it.

use truelevel_model::access::{AuditAction, AuditEntry, Session, Uses};
use truelevel_model::events::{EventState, RawEvent, Reading, StoredEvent, Token};
use truelevel_model::facts::{AiUsage, Facts};
use truelevel_model::snapshot::{BrokenLink, NewSnapshot, Snapshot, SnapshotHead};
use truelevel_model::{
    CommitId, Declaration, Deployment, EvidenceRecord, GateAnswer, History, Incident, IncidentLink, PipelineRun,
    RepositoryId, Review, ServiceId, ServiceRecord, SourceId, Tag, Time,
};

use crate::{Counts, StoreError, Written};

/// Which events to read.
#[derive(Clone, Debug, Default)]
pub struct EventQuery {
    /// Only those that became this.
    pub state: Option<EventState>,
    /// Only those of this sender.
    pub sender: Option<String>,
    /// Only those received after the one with this key.
    pub after: i64,
    /// At most this many, oldest first.
    pub limit: usize,
}

/// Which lines of the audit log to read.
#[derive(Clone, Debug, Default)]
pub struct AuditQuery {
    /// Only those before the one with this key.
    pub before: Option<i64>,
    /// Only those of this action.
    pub action: Option<AuditAction>,
    /// At most this many, newest first.
    pub limit: usize,
}

/// What became of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// Kept, and what became of it: more than its reading says, since an end may wait for its beginning.
    Kept(Verdict),
    /// It was here already.
    Duplicate,
}

/// What became of a kept event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// Whether a fact is new or changed.
    pub is_changed: bool,
    /// What it became.
    pub state: EventState,
    /// Why not everything became facts.
    pub reason: Option<String>,
}

/// Facts that outlive a run.
///
/// Each call is one transaction: it happens as a whole or not at all, and what was answered is on the disk. Several
/// processes may use one store; a reader sees the last finished write.
pub trait Store: Send {
    /// Another way into the same store, for reading from several threads. It sees what is written. Not to be had of a
    /// store in memory.
    fn reader(&self) -> Result<Box<dyn Store>, StoreError>;

    /// Thirty-two random bytes made once per store, with which author hashes are salted.
    fn salt(&self) -> Result<Vec<u8>, StoreError>;

    /// Writes facts. A fact already there is replaced by what was observed later; of two observed together, by the one
    /// written later, also within one call.
    ///
    /// Identity is (source, id) for deployments, incidents and evidence, (source, id, attempt) for pipeline runs,
    /// (source, repository, number) for reviews, (source, service) for services, the incident for its link and
    /// (service, stage, declared by, declared at) for declarations, the same with the gate for answers, and (source,
    /// assistant, team, day) for the usage of assistants.
    fn write(&mut self, facts: &Facts) -> Result<Written, StoreError>;

    /// A repository's changes, as they were written; none for a repository that was never collected.
    fn history(&self, repository: &RepositoryId) -> Result<History, StoreError>;

    /// When a commit was made, in whichever repository it is.
    fn committed_at(&self, commit: &CommitId) -> Result<Option<Time>, StoreError>;

    /// Adds the changes from place `from` on; those before must be what is stored. Nothing to add is fine.
    ///
    /// Unlike other calls it takes a transaction per batch, so that a long history does not hold up others. What is
    /// stored is a whole history up to the last finished batch; go on from there after a failure.
    fn append_history(&mut self, repository: &RepositoryId, history: &History, from: usize) -> Result<(), StoreError>;

    /// Puts the history in the place of what was stored.
    fn replace_history(&mut self, repository: &RepositoryId, history: &History) -> Result<(), StoreError>;

    /// A repository's tags by name.
    fn tags(&self, repository: &RepositoryId) -> Result<Vec<Tag>, StoreError>;

    /// Puts the tags in the place of what was stored. Of two with one name the later one stays.
    fn replace_tags(&mut self, repository: &RepositoryId, tags: &[Tag]) -> Result<(), StoreError>;

    /// Puts a source's deployments in the place of what was stored, for sources that are derived as a whole: what is
    /// gone goes. Every deployment must be of that source.
    fn replace_deployments(&mut self, source: &SourceId, deployments: &[Deployment]) -> Result<Counts, StoreError>;

    /// Puts a source's evidence in the place of what was stored, for sources that are looked at as a whole. All of it
    /// must be of that source.
    fn replace_evidence(&mut self, source: &SourceId, records: &[EvidenceRecord]) -> Result<(), StoreError>;

    /// The fingerprint under which a subject was last collected.
    fn collected(&self, subject: &str) -> Result<Option<String>, StoreError>;

    /// Notes what was collected of a subject, so that collecting it again is cheap. Write the facts first.
    fn set_collected(&mut self, subject: &str, fingerprint: &str) -> Result<(), StoreError>;

    /// All deployments, by service, environment, end, sequence, source and id.
    fn deployments(&self) -> Result<Vec<Deployment>, StoreError>;

    /// The deployments of each of these services, in the order of [`Store::deployments`]; none of one that is not there.
    fn deployments_of(&self, services: &[ServiceId]) -> Result<Vec<Vec<Deployment>>, StoreError>;

    /// All reviews, by repository, number and source.
    fn reviews(&self) -> Result<Vec<Review>, StoreError>;

    /// All pipeline runs, by repository, start, source, id and attempt.
    fn pipeline_runs(&self) -> Result<Vec<PipelineRun>, StoreError>;

    /// All incidents, by start, source and id.
    fn incidents(&self) -> Result<Vec<Incident>, StoreError>;

    /// All declarations, by time, service (the workspace first), stage and who declared.
    fn declarations(&self) -> Result<Vec<Declaration>, StoreError>;

    /// All answers to gates, by time, service (the workspace first), gate and who answered.
    fn gate_answers(&self) -> Result<Vec<GateAnswer>, StoreError>;

    /// What sources say of services, by service and source.
    fn service_records(&self) -> Result<Vec<ServiceRecord>, StoreError>;

    /// What people decided about causes, by incident.
    fn incident_links(&self) -> Result<Vec<IncidentLink>, StoreError>;

    /// All evidence, by practice, source and id.
    fn evidence(&self) -> Result<Vec<EvidenceRecord>, StoreError>;

    /// How many people used assistants, by assistant, team (everybody first), day and source.
    fn ai_usage(&self) -> Result<Vec<AiUsage>, StoreError>;

    /// Adds a snapshot behind the last one, with its hash in it. There is no way to change or delete one.
    fn append_snapshot(&mut self, snapshot: &NewSnapshot) -> Result<SnapshotHead, StoreError>;

    /// All snapshots by number, without their assessments.
    fn snapshots(&self) -> Result<Vec<SnapshotHead>, StoreError>;

    /// A snapshot by number.
    fn snapshot(&self, number: u64) -> Result<Option<Snapshot>, StoreError>;

    /// The summary alone of a snapshot by number; empty where none was written.
    fn snapshot_summary(&self, number: u64) -> Result<Option<String>, StoreError>;

    /// Walks the chain of hashes to the first snapshot that is not what was written. That the last ones are gone does not
    /// show: keep the last hash elsewhere.
    fn verify_snapshots(&self) -> Result<Option<BrokenLink>, StoreError>;

    /// The services that a deployment, an incident, a service record or a declaration names, by name.
    fn services(&self) -> Result<Vec<ServiceId>, StoreError>;

    /// The repositories that have changes, by name.
    fn repositories(&self) -> Result<Vec<RepositoryId>, StoreError>;

    /// Keeps events and joins the facts that were read in them, all in one transaction. A delivery that is there
    /// already changes nothing.
    ///
    /// Unlike [`Store::write`], facts are joined: a sender tells a deployment, review or incident bit by bit and in
    /// any order, so that what a later observation does not say stays as it was, and a first time stays the first.
    fn receive(&mut self, events: &[(RawEvent, Reading)]) -> Result<Vec<Receipt>, StoreError>;

    /// Notes what kept events say when they are read anew, by key, and joins their facts. Answers what became of each.
    fn settle(&mut self, events: &[(i64, Reading)]) -> Result<Vec<Verdict>, StoreError>;

    /// Events, in the order of receipt.
    fn events(&self, query: &EventQuery) -> Result<Vec<StoredEvent>, StoreError>;

    /// The key of the newest event that became facts; zero when there is none.
    fn last_event(&self) -> Result<i64, StoreError>;

    /// How many events there are, by sender and state.
    fn event_counts(&self) -> Result<Vec<(String, EventState, u64)>, StoreError>;

    /// How many events are in quarantine, by sender; quick, however many events there are.
    fn quarantined(&self) -> Result<Vec<(String, u64)>, StoreError>;

    /// Forgets events that were received before an instant and hold nothing more: quarantined ones stay. Answers how
    /// many.
    fn expire_events(&mut self, received_before: Time) -> Result<u64, StoreError>;

    /// Takes or renews the right to do something alone until an instant, by a name for it and one for who asks. `false`
    /// while somebody else has it, which ends at the instant that was said when it was taken.
    fn take_lease(&mut self, name: &str, holder: &str, now: Time, until: Time) -> Result<bool, StoreError>;

    /// Adds a token; not when its name is taken, which is the answer `false`.
    fn add_token(&mut self, token: &Token) -> Result<bool, StoreError>;

    /// Takes a token back; `false` when there is none of that name, or it was taken back before.
    fn revoke_token(&mut self, name: &str, at: Time) -> Result<bool, StoreError>;

    /// All tokens, by name.
    fn tokens(&self) -> Result<Vec<Token>, StoreError>;

    /// Keeps a session, and forgets those that expired before an instant.
    fn add_session(&mut self, session: &Session, forget_before: Time) -> Result<(), StoreError>;

    /// Ends a session; `false` when there is none of that hash, or it was ended before.
    fn end_session(&mut self, hash: &[u8; 32], at: Time) -> Result<bool, StoreError>;

    /// A session by its hash.
    fn session(&self, hash: &[u8; 32]) -> Result<Option<Session>, StoreError>;

    /// All sessions that are not forgotten, by begin and hash.
    fn sessions(&self) -> Result<Vec<Session>, StoreError>;

    /// Notes when tokens and sessions were last used; an earlier time than the one known changes nothing.
    fn note_uses(&mut self, uses: &Uses) -> Result<(), StoreError>;

    /// Adds a line to the audit log. There is no way to change or delete one.
    fn append_audit(&mut self, entry: &AuditEntry) -> Result<(), StoreError>;

    /// Lines of the audit log with their keys, newest first.
    fn audit(&self, query: &AuditQuery) -> Result<Vec<(i64, AuditEntry)>, StoreError>;
}
