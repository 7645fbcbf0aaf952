//! Stored assessments: taken, filled in from stored facts, listed and verified.

use std::path::Path;

use sha2::{Digest, Sha256};
use truelevel_assess::catalog;
use truelevel_model::assessment::Assessment;
use truelevel_model::snapshot::{BrokenLink, NewSnapshot, SnapshotHead};
use truelevel_model::{Time, Window};

use crate::assess::{AssessRequest, assess};
use crate::config::FILE_NAME;
use crate::past::Summary;
use crate::{EngineError, Talk, Workspace, WorkspaceSource};

/// Weeks that are filled in at most: what lies further back says nothing of today.
pub const MOST_WEEKS: usize = 260;

/// What filling in brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Backfilled {
    /// The new snapshots, oldest first.
    pub added: Vec<SnapshotHead>,
    /// Weeks that have a snapshot already, by name.
    pub there: Vec<String>,
    /// Weeks of which nothing is known, by name.
    pub unknown: Vec<String>,
}

/// Assesses a workspace and stores the answer.
pub fn take(
    workspace: &mut Workspace,
    as_of: Option<Time>,
    now: Time,
    talk: &dyn Talk,
) -> Result<SnapshotHead, EngineError> {
    configuration_file(workspace)?;
    let assessment = assess(workspace, &request(as_of, now), talk)?;
    store(workspace, &assessment, now, false)
}

/// Stores an assessment for each of the last whole ISO weeks up to the as-of that has none yet, from the facts that are
/// known now.
pub fn backfill(
    workspace: &mut Workspace,
    weeks: usize,
    as_of: Option<Time>,
    now: Time,
    talk: &dyn Talk,
) -> Result<Backfilled, EngineError> {
    configuration_file(workspace)?;
    if !(1..=MOST_WEEKS).contains(&weeks) {
        return Err(EngineError::Usage(format!("{weeks} weeks; allowed are 1 to {MOST_WEEKS}")));
    }
    let weeks = workspace.config.calendar.weeks_up_to(as_of.unwrap_or(now), weeks);
    let known = workspace.store.snapshots()?;
    let mut filled = Backfilled { added: Vec::new(), there: Vec::new(), unknown: Vec::new() };
    for (place, week) in weeks.iter().enumerate() {
        talk.progress("filling in weeks", place as u64, Some(weeks.len() as u64));
        let window = week.window();
        if known.iter().any(|head| window.contains(head.as_of)) {
            filled.there.push(week.name.clone());
            continue;
        }
        match assess(workspace, &request(Some(window.end), now), talk) {
            Ok(assessment) => filled.added.push(store(workspace, &assessment, now, true)?),
            Err(EngineError::NothingToAssess(_)) => filled.unknown.push(week.name.clone()),
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

/// The snapshots of a workspace, in the order in which they were made.
pub fn list(workspace: &Workspace) -> Result<Vec<SnapshotHead>, EngineError> {
    configuration_file(workspace)?;
    Ok(workspace.store.snapshots()?)
}

/// The assessment that a snapshot holds; none when there is no such snapshot.
pub fn read(workspace: &Workspace, number: u64) -> Result<Option<Assessment>, EngineError> {
    configuration_file(workspace)?;
    let Some(snapshot) = workspace.store.snapshot(number)? else { return Ok(None) };
    let unreadable = |error| EngineError::Usage(format!("snapshot {number} cannot be read: {error}"));
    serde_json::from_str(&snapshot.assessment).map(Some).map_err(unreadable)
}

/// Walks the chain of hashes; answers the first snapshot that is not what was written.
pub fn verify(workspace: &Workspace) -> Result<Option<BrokenLink>, EngineError> {
    configuration_file(workspace)?;
    Ok(workspace.store.verify_snapshots()?)
}

/// A snapshot covers the whole workspace, by its own configuration.
const fn request(as_of: Option<Time>, now: Time) -> AssessRequest {
    AssessRequest { as_of, now, window_days: None, edition: None, services: Vec::new() }
}

fn configuration_file(workspace: &Workspace) -> Result<&Path, EngineError> {
    match &workspace.source {
        WorkspaceSource::File(file) => Ok(file),
        WorkspaceSource::Paths(_) => Err(EngineError::Usage(format!(
            "no {FILE_NAME} there; snapshots need a place to be kept. Write one with `truelevel init`"
        ))),
    }
}

fn store(
    workspace: &mut Workspace,
    assessment: &Assessment,
    now: Time,
    is_backfilled: bool,
) -> Result<SnapshotHead, EngineError> {
    let unwritable = |error| EngineError::Usage(format!("the assessment cannot be written as JSON: {error}"));
    let snapshot = NewSnapshot {
        as_of: assessment.as_of,
        taken_at: now,
        is_backfilled,
        configuration: configuration_digest(workspace)?,
        catalog: catalog_digest(),
        data_until: data_until(workspace, assessment)?,
        assessment: serde_json::to_string(assessment).map_err(unwritable)?,
        summary: serde_json::to_string(&Summary::of(assessment)).map_err(unwritable)?,
    };
    Ok(workspace.store.append_snapshot(&snapshot)?)
}

/// SHA-256 of a workspace's configuration file; an error where there is none.
pub(crate) fn configuration_digest(workspace: &Workspace) -> Result<String, EngineError> {
    let file = configuration_file(workspace)?;
    let configuration = std::fs::read(file)
        .map_err(|error| EngineError::Usage(format!("{} cannot be read: {error}", file.display())))?;
    Ok(digest([configuration.as_slice()]))
}

/// SHA-256 of the catalog that judges.
pub(crate) fn catalog_digest() -> String {
    digest(catalog::texts().map(str::as_bytes))
}

/// The newest fact at or before the as-of: a commit of a default branch, or a deployment.
fn data_until(workspace: &Workspace, assessment: &Assessment) -> Result<Option<Time>, EngineError> {
    let past = Window { start: Time::MIN, end: assessment.as_of, days: 0 };
    let deployments = workspace.store.deployments()?;
    let deployed = deployments.iter().map(|deployment| deployment.finished_at);
    let changed = assessment.coverage.repositories.iter().filter_map(|repository| repository.newest_change_at);
    Ok(deployed.chain(changed).filter(|time| past.contains(*time)).max())
}

/// SHA-256 of texts, each after its length, in hexadecimal digits.
fn digest<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_le_bytes());
        digest.update(part);
    }
    digest.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}
