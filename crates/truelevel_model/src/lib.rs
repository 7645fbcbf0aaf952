//! The words every other crate shares: ids, time, facts, evidence, measurements, the catalog's vocabulary.
//!
//! This crate knows no vendor, no file format, no database and no clock. Everything here is a value.

pub mod access;
pub mod ai;
pub mod architecture;
pub mod assessment;
pub mod calendar;
pub mod comparison;
pub mod course;
pub mod decision;
pub mod deployment_data;
pub mod events;
pub mod evidence;
pub mod exclusions;
pub mod facts;
pub mod history;
pub mod ids;
pub mod measurement;
pub mod plan;
pub mod platform;
pub mod printable;
pub mod registry;
pub mod shared;
pub mod snapshot;
pub mod time;
pub mod trend;
pub mod words;

pub use calendar::Calendar;
pub use evidence::{Detection, Evidence, Grade, Locator, taken_from};
pub use exclusions::{Exclusion, Exclusions, Reason};
pub use facts::{
    Change, ChangeSize, Declaration, Deployment, DeploymentOutcome, EvidenceRecord, GateAnswer, Incident, IncidentLink,
    Initiator, PipelineRun, Review, ServiceRecord, Tag,
};
pub use history::{ChangeFlags, ChangeIndex, History, HistoryBuilder, StoredChange};
pub use ids::{AuthorHash, CommitId, EnvironmentId, RepositoryId, ServiceId, SourceId};
pub use measurement::{Band, BandEdge, BandRule, BandRules, Distribution, Measurement, Quantile, Unit};
pub use printable::{in_address, printable};
pub use shared::Shared;
pub use time::{Span, Time, Window};
pub use words::Word;
