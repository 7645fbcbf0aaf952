//! Stored assessments: taken, filled in from stored facts, listed and verified.

use std::path::Path;

use sha2::{Digest, Sha256};
use truelevel_assess::catalog;
use truelevel_model::Time;
use truelevel_model::assessment::Assessment;
use truelevel_model::snapshot::{BrokenLink, NewSnapshot, SnapshotHead};

use crate::assess::{AssessRequest, Prepared, prepare};
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
    let prepared = prepare(workspace, &request(as_of, now), talk)?;
    store(workspace, (&prepared.assess(talk), data_until(&prepared)), now, false)
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
        match prepare(workspace, &request(Some(window.end), now), talk) {
            Ok(prepared) => {
                let answer = (&prepared.assess(talk), data_until(&prepared));
                filled.added.push(store(workspace, answer, now, true)?);
            }
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
    (assessment, data_until): (&Assessment, Option<Time>),
    now: Time,
    is_backfilled: bool,
) -> Result<SnapshotHead, EngineError> {
    let unwritable = |error| EngineError::Usage(format!("the assessment cannot be written as JSON: {error}"));
    let exemptions = workspace.config.own.ends_of_exemptions(assessment.as_of);
    let snapshot = NewSnapshot {
        as_of: assessment.as_of,
        taken_at: now,
        is_backfilled,
        configuration: configuration_digest(workspace)?,
        catalog: catalog_digest(),
        data_until,
        assessment: serde_json::to_string(assessment).map_err(unwritable)?,
        summary: serde_json::to_string(&Summary::of(assessment, exemptions)).map_err(unwritable)?,
    };
    Ok(workspace.store.append_snapshot(&snapshot)?)
}

/// The newest of all facts at or before the as-of.
fn data_until(prepared: &Prepared) -> Option<Time> {
    let deployed = prepared.services.iter().flat_map(|service| &service.deployments);
    let changed = prepared.collected.repositories.iter().filter_map(|repository| prepared.newest_change(repository));
    let times = deployed.map(|deployment| deployment.finished_at).chain(changed).chain(prepared.activity.times());
    times.filter(|time| *time <= prepared.end()).max()
}

/// Tables that say how the server is reached, who sends to it and what the workspace wants: no number or level follows
/// from them.
const DECIDES_NOTHING: [&str; 6] = ["cost", "initiative", "initiatives", "serve", "sign_in", "webhooks"];

/// SHA-256 of what a workspace's configuration file says that a number or a level may follow from, however it is written
/// down; an error where there is no such file.
pub(crate) fn configuration_digest(workspace: &Workspace) -> Result<String, EngineError> {
    let file = configuration_file(workspace)?;
    let unreadable =
        |error: &dyn std::fmt::Display| EngineError::Usage(format!("{} cannot be read: {error}", file.display()));
    let text = std::fs::read_to_string(file).map_err(|error| unreadable(&error))?;
    let mut configuration: toml::Table = text.parse().map_err(|error| unreadable(&error))?;
    configuration.retain(|table, _| !DECIDES_NOTHING.contains(&table));
    if let Some(toml::Value::Table(workspace)) = configuration.get_mut("workspace") {
        workspace.remove("name");
    }
    let mut said = String::new();
    put_down(&toml::Value::Table(configuration), &mut said);
    Ok(digest([said.as_bytes()]))
}

/// A value in one spelling: tables in the order of their keys, and what says nothing left out.
fn put_down(value: &toml::Value, into: &mut String) {
    match value {
        toml::Value::Table(table) => {
            let mut rows: Vec<_> = table.iter().collect();
            rows.sort_by_key(|(key, _)| *key);
            for (key, value) in rows {
                *into += &format!("{key:?} {{");
                put_down(value, into);
                *into += "}";
            }
        }
        toml::Value::Array(values) => {
            for value in values {
                *into += "[";
                put_down(value, into);
                *into += "]";
            }
        }
        toml::Value::String(text) => *into += &format!("{text:?}"),
        toml::Value::Integer(number) => *into += &number.to_string(),
        toml::Value::Float(number) => *into += &number.to_string(),
        toml::Value::Boolean(yes) => *into += &yes.to_string(),
        toml::Value::Datetime(time) => *into += &time.to_string(),
    }
}

/// SHA-256 of the catalog that judges.
pub(crate) fn catalog_digest() -> String {
    digest(catalog::texts().map(str::as_bytes))
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
