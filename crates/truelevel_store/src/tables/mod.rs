//! A module for each table or few: its columns, and how facts become rows and rows facts. Nothing here knows which
//! database it is.

pub(crate) mod ai_usage;
pub(crate) mod audit;
pub(crate) mod collected;
pub(crate) mod declarations;
pub(crate) mod deployments;
pub(crate) mod events;
pub(crate) mod evidence;
pub(crate) mod facts;
pub(crate) mod gate_answers;
pub(crate) mod history;
pub(crate) mod incident_links;
pub(crate) mod incidents;
pub(crate) mod leases;
pub(crate) mod names;
pub(crate) mod pipeline_runs;
pub(crate) mod reviews;
pub(crate) mod service_records;
pub(crate) mod sessions;
pub(crate) mod snapshots;
pub(crate) mod tags;
pub(crate) mod tokens;
