//! Stored assessments: dated, append-only, each holding the hash of the one before.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::Time;

/// What a snapshot is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewSnapshot {
    /// The instant that the assessment answers for.
    pub as_of: Time,
    /// When it was made.
    pub taken_at: Time,
    /// It was made later, from the facts that were known then.
    pub is_backfilled: bool,
    /// SHA-256 of the configuration file, in hexadecimal digits.
    pub configuration: String,
    /// SHA-256 of the catalog that judged, in hexadecimal digits.
    pub catalog: String,
    /// The newest fact at or before the as-of.
    pub data_until: Option<Time>,
    /// The assessment as JSON.
    pub assessment: String,
    /// What later assessments ask of it, as whoever wrote it reads it; may be empty.
    pub summary: String,
}

/// A stored snapshot without its assessment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SnapshotHead {
    /// Its number, from 1, in the order in which snapshots were made.
    pub number: u64,
    /// The instant that its assessment answers for.
    #[schemars(with = "String")]
    pub as_of: Time,
    /// When it was made.
    #[schemars(with = "String")]
    pub taken_at: Time,
    /// It was made later, from the facts that were known then.
    pub is_backfilled: bool,
    /// SHA-256 of the configuration file, in hexadecimal digits.
    pub configuration: String,
    /// SHA-256 of the catalog that judged, in hexadecimal digits.
    pub catalog: String,
    /// The newest fact at or before the as-of.
    #[schemars(with = "Option<String>")]
    pub data_until: Option<Time>,
    /// The hash of the snapshot before; zeros for the first.
    pub previous: String,
    /// SHA-256 over the hash before and everything in this one, in hexadecimal digits.
    pub hash: String,
}

/// A stored snapshot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Snapshot {
    /// Everything but the assessment.
    pub head: SnapshotHead,
    /// The assessment as JSON.
    pub assessment: String,
    /// What later assessments ask of it, as whoever wrote it reads it; may be empty.
    pub summary: String,
}

/// A snapshot that is not what was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BrokenLink {
    /// The number where the chain breaks.
    pub number: u64,
    /// How it shows.
    pub reason: String,
}
