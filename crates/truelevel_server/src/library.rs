//! Stored assessments and self-assessments: what pages read from the store beside the last answer, and write to it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use truelevel_engine::access::{Access, AuditQuery, By};
use truelevel_engine::declare::{self, Belief};
use truelevel_engine::{EngineError, Workspace, compare, intake, pelorus, snapshots};
use truelevel_model::access::AuditEntry;
use truelevel_model::assessment::Level;
use truelevel_model::comparison::{ChangeVerdict, Comparison};
use truelevel_model::snapshot::SnapshotHead;
use truelevel_model::{Declaration, GateAnswer, Time};
use truelevel_report::html::{self, ComparedValue, SnapshotRow};

/// A connection to the store of its own, so that reading never waits for measuring.
pub(crate) struct Library {
    paths: Vec<PathBuf>,
    workspace: Mutex<Workspace>,
    access: Mutex<Access>,
    /// What a snapshot's row shows of its assessment; snapshots never change.
    gist: Mutex<BTreeMap<u64, Gist>>,
}

#[derive(Clone)]
struct Gist {
    proven: Level,
    possible: Level,
    services: u64,
    constraint: String,
}

impl Library {
    pub(crate) fn open(paths: &[PathBuf]) -> Result<Self, EngineError> {
        let workspace = Workspace::open(paths)?;
        let access = Mutex::new(Access::open(&workspace)?);
        Ok(Self { paths: paths.to_vec(), workspace: Mutex::new(workspace), access, gist: Mutex::default() })
    }

    /// The snapshots as they are stored, in the order in which they were made.
    pub(crate) fn heads(&self) -> Result<Vec<SnapshotHead>, EngineError> {
        snapshots::list(&self.workspace())
    }

    /// The snapshots as a page lists them, newest first.
    pub(crate) fn rows(&self) -> Result<Vec<SnapshotRow>, EngineError> {
        let workspace = self.workspace();
        let broken = snapshots::verify(&workspace)?.map(|link| link.number);
        let mut heads = snapshots::list(&workspace)?;
        heads.sort_by_key(|head| std::cmp::Reverse((head.as_of, head.number)));
        let mut rows = Vec::with_capacity(heads.len());
        for head in heads {
            let Some(gist) = self.gist(&workspace, head.number)? else { continue };
            rows.push(SnapshotRow {
                id: head.number.to_string(),
                as_of: head.as_of,
                taken_at: head.taken_at,
                proven: gist.proven,
                possible: gist.possible,
                services: gist.services,
                constraint: gist.constraint,
                is_intact: broken.is_none_or(|broken| head.number < broken),
            });
        }
        Ok(rows)
    }

    fn gist(&self, workspace: &Workspace, number: u64) -> Result<Option<Gist>, EngineError> {
        let mut known = self.gist.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(gist) = known.get(&number) {
            return Ok(Some(gist.clone()));
        }
        let Some(assessment) = snapshots::read(workspace, number)? else { return Ok(None) };
        let gist = Gist {
            proven: assessment.level.proven,
            possible: assessment.level.possible,
            services: assessment.services.len() as u64,
            constraint: assessment.first_constraint.statement,
        };
        known.insert(number, gist.clone());
        Ok(Some(gist))
    }

    /// What changed between two snapshots, named by number or time; the last two unless said otherwise.
    pub(crate) fn compare(&self, before: Option<&str>, after: Option<&str>) -> Result<Comparison, EngineError> {
        // A reference may name a file elsewhere; who asks over the network may not.
        if let Some(path) = [before, after]
            .into_iter()
            .flatten()
            .find(|name| name.parse::<u64>().is_err() && Time::parse(name).is_err())
        {
            let path = truelevel_model::printable(path);
            return Err(EngineError::Usage(format!("`{path}` is no snapshot's number and no time")));
        }
        let references: Vec<String> = [before, after].into_iter().flatten().map(str::to_owned).collect();
        let (before, after) = compare::sides(&references, || Workspace::open(&self.paths))?;
        Ok(compare::compare(&before, &after))
    }

    /// The comparison as a page shows it.
    pub(crate) fn shown(&self, comparison: &Comparison) -> Result<html::Comparison, EngineError> {
        let rows = self.rows()?;
        let row = |number: Option<u64>| {
            let found = rows.iter().find(|row| Some(&row.id) == number.map(|number| number.to_string()).as_ref());
            found.cloned().ok_or_else(|| EngineError::Usage("there is no such snapshot".to_owned()))
        };
        let gates = |is_gained: bool| {
            let met = truelevel_model::assessment::GateOutcome::Met;
            let moved = comparison.gates.iter().filter(move |gate| match is_gained {
                true => gate.after == Some(met),
                false => gate.before == Some(met),
            });
            moved.map(|gate| gate.statement.clone()).collect()
        };
        let mut cautions: Vec<String> = comparison
            .basis
            .iter()
            .map(|basis| format!("{}: {} before, {} after; {}.", basis.what, basis.before, basis.after, basis.so))
            .collect();
        if comparison.overlap_days > 0.0 {
            cautions.push(format!(
                "Both windows share {:.0} days, so that a change shows less than it is.",
                comparison.overlap_days
            ));
        }
        let values = comparison.metrics.iter().map(|change| ComparedValue {
            metric: change.metric.clone(),
            unit: change.unit,
            before: change.before,
            after: change.after,
            is_change: match change.verdict {
                ChangeVerdict::CannotTell | ChangeVerdict::NotComparable => None,
                verdict => Some(verdict.is_change()),
            },
            is_better: match change.verdict {
                ChangeVerdict::Better => Some(true),
                ChangeVerdict::Worse => Some(false),
                _ => None,
            },
            because: truelevel_report::compare::because(change),
        });
        Ok(html::Comparison {
            before: row(comparison.before.snapshot)?,
            after: row(comparison.after.snapshot)?,
            values: values.collect(),
            gates_gained: gates(true),
            gates_lost: gates(false),
            cautions,
        })
    }

    /// Records what a team says of itself.
    pub(crate) fn declare(&self, beliefs: &[Belief], by: &By) -> Result<u64, EngineError> {
        declare::declare(&mut self.workspace(), beliefs, by.at, by)
    }

    /// What teams said of stages and of gates.
    pub(crate) fn declared(&self) -> Result<(Vec<Declaration>, Vec<GateAnswer>), EngineError> {
        declare::declared(&self.workspace())
    }

    /// How many events were not understood and wait, by sender.
    pub(crate) fn quarantined(&self) -> Result<Vec<(String, u64)>, EngineError> {
        intake::quarantined(&self.workspace())
    }

    /// What Pelorus' exporters would say now.
    pub(crate) fn pelorus(&self, now: Time) -> Result<Vec<pelorus::Series>, EngineError> {
        pelorus::series(&self.workspace(), now)
    }

    /// Lines of the audit log with their numbers, newest first.
    pub(crate) fn audit(&self, before: Option<i64>, limit: usize) -> Result<Vec<(i64, AuditEntry)>, EngineError> {
        let access = self.access.lock().unwrap_or_else(PoisonError::into_inner);
        access.audit(&AuditQuery { before, limit, action: None })
    }

    fn workspace(&self) -> MutexGuard<'_, Workspace> {
        self.workspace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
