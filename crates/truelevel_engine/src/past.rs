//! What an assessment asks of the snapshots before it: a few kilobytes of each, never all that it says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use truelevel_assess::roadmap::WEEKS_TO_HOLD;
use truelevel_model::assessment::{Assessment, GateOutcome, GateResult, MetricSpread, StageResult};
use truelevel_model::snapshot::SnapshotHead;
use truelevel_model::{Time, Unit};
use truelevel_store::Store;

use crate::{EngineError, Workspace, snapshots};

/// So many snapshots are looked back on: a quarter of weekly ones.
const LOOKED_BACK: usize = 13;

/// What a snapshot keeps beside its assessment for those that come after it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct Summary {
    pub(crate) window_days: u32,
    pub(crate) edition: String,
    pub(crate) time_zone: String,
    /// Whether each gate of the organisation was met.
    pub(crate) is_met: BTreeMap<String, bool>,
    /// The metrics of the organisation.
    pub(crate) metrics: BTreeMap<String, KeptMetric>,
    /// When the exemptions that held were to end: days, by what they exempt from what.
    #[serde(default)]
    pub(crate) exemptions: BTreeMap<String, String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct KeptMetric {
    pub(crate) definition: String,
    pub(crate) unit: Unit,
    pub(crate) value: Option<f64>,
}

/// A snapshot as those after it see it.
#[derive(Clone, Debug)]
pub(crate) struct PastSnapshot {
    pub(crate) head: SnapshotHead,
    pub(crate) summary: Summary,
}

/// The snapshots before an assessment, and what it stands on itself.
#[derive(Clone, Debug, Default)]
pub(crate) struct Past {
    /// The newest ones up to the as-of, oldest first.
    pub(crate) snapshots: Vec<PastSnapshot>,
    /// The newest one of each of the last four whole weeks, oldest first; none for a week without one.
    pub(crate) weeks: Vec<Option<Summary>>,
    /// SHA-256 of the configuration file; none without one.
    pub(crate) configuration: Option<String>,
    /// SHA-256 of the catalog.
    pub(crate) catalog: String,
}

impl Past {
    pub(crate) fn read(workspace: &Workspace, as_of: Time) -> Result<Self, EngineError> {
        let mut heads = workspace.store.snapshots()?;
        heads.retain(|head| head.as_of <= as_of);
        heads.sort_by_key(|head| (head.as_of, head.number));
        let mut weeks = Vec::new();
        for week in workspace.config.calendar.weeks_up_to(as_of, WEEKS_TO_HOLD as usize) {
            let window = week.window();
            let newest = heads.iter().rfind(|head| window.contains(head.as_of));
            let summary = newest.map(|head| workspace.store.snapshot_summary(head.number)).transpose()?.flatten();
            weeks.push(summary.and_then(|summary| serde_json::from_str(&summary).ok()));
        }
        let mut kept = Vec::new();
        for head in heads.split_off(heads.len().saturating_sub(LOOKED_BACK)) {
            // Of those that keep no summary nothing is asked here: reading all of them would take too long.
            let summary = workspace.store.snapshot_summary(head.number)?;
            if let Some(summary) = summary.and_then(|summary| serde_json::from_str(&summary).ok()) {
                kept.push(PastSnapshot { head, summary });
            }
        }
        let configuration = snapshots::configuration_digest(workspace).ok();
        Ok(Self { snapshots: kept, weeks, configuration, catalog: snapshots::catalog_digest() })
    }

    /// In how many of the last four whole weeks, from the newest back, a gate was met in the week's newest snapshot. A week
    /// without a snapshot ends the row.
    pub(crate) fn weeks_held(&self, gate: &str) -> u64 {
        let held =
            |week: &&Option<Summary>| week.as_ref().is_some_and(|summary| summary.is_met.get(gate) == Some(&true));
        self.weeks.iter().rev().take_while(held).count() as u64
    }
}

impl Summary {
    /// `exemptions` are those of the workspace that made the assessment.
    pub(crate) fn of(assessment: &Assessment, exemptions: BTreeMap<String, String>) -> Self {
        Self::new(
            (assessment.window_days, &assessment.edition, &assessment.time_zone),
            assessment.stages.iter().chain(&assessment.lanes),
            &assessment.metrics,
            exemptions,
        )
    }

    /// `basis` is the length of the window in days, the edition and the time zone.
    pub(crate) fn new<'a>(
        (window_days, edition, time_zone): (u32, &str, &str),
        stages: impl Iterator<Item = &'a StageResult>,
        metrics: &BTreeMap<String, MetricSpread>,
        exemptions: BTreeMap<String, String>,
    ) -> Self {
        let kept = |(id, spread): (&String, &MetricSpread)| {
            let measured = &spread.measurement;
            let kept =
                KeptMetric { definition: measured.definition.clone(), unit: measured.unit, value: measured.value };
            (id.clone(), kept)
        };
        Self {
            window_days,
            edition: edition.to_owned(),
            time_zone: time_zone.to_owned(),
            is_met: stages.flat_map(|stage| &stage.gates).map(|gate| (gate.gate.clone(), is_met(gate))).collect(),
            metrics: metrics.iter().map(kept).collect(),
            exemptions,
        }
    }

    /// That of a stored snapshot. One that was kept without is summed up now, but for the exemptions that held; what an
    /// older version kept in another form is none.
    pub(crate) fn stored(store: &dyn Store, number: u64) -> Result<Option<Self>, EngineError> {
        let Some(summary) = store.snapshot_summary(number)? else { return Ok(None) };
        if !summary.is_empty() {
            return Ok(serde_json::from_str(&summary).ok());
        }
        let snapshot = store.snapshot(number)?;
        Ok(snapshot
            .and_then(|snapshot| serde_json::from_str(&snapshot.assessment).ok())
            .map(|kept| Self::of(&kept, BTreeMap::new())))
    }
}

pub(crate) const fn is_met(gate: &GateResult) -> bool {
    matches!(gate.outcome, GateOutcome::Met | GateOutcome::NotApplicable)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Silent;
    use crate::assess::assess;
    use crate::demo::tests::{asked, filled, plan};
    use crate::demo::{Constraint, Plan};

    #[test]
    fn a_snapshot_is_summed_up_when_it_is_taken_and_an_older_one_when_it_is_asked() {
        let plan = Plan { weeks: 14, ..plan(6, Constraint::Mixed) };
        let (_folder, mut workspace, _) = filled(&plan);
        let answer = assess(&mut workspace, &asked(&plan), &Silent).unwrap();
        let head = snapshots::take(&mut workspace, Some(plan.as_of), plan.as_of, &Silent).unwrap();
        let whole = workspace.store.snapshot(head.number).unwrap().unwrap();
        assert!(whole.summary.len() * 20 < whole.assessment.len(), "{} bytes", whole.summary.len());
        let older = truelevel_model::snapshot::NewSnapshot {
            as_of: head.as_of,
            taken_at: head.taken_at,
            is_backfilled: false,
            configuration: head.configuration,
            catalog: head.catalog,
            data_until: None,
            assessment: whole.assessment,
            summary: String::new(),
        };
        let older = workspace.store.append_snapshot(&older).unwrap();
        for number in [head.number, older.number] {
            let (summary, fresh) = (
                Summary::stored(workspace.store.as_ref(), number).unwrap().unwrap(),
                Summary::of(&answer, BTreeMap::new()),
            );
            assert_eq!((summary.window_days, summary.is_met), (90, fresh.is_met));
            assert!(summary.metrics.keys().eq(fresh.metrics.keys()));
        }
        assert_eq!(Summary::stored(workspace.store.as_ref(), 9).unwrap(), None);
        let past = Past::read(&workspace, plan.as_of).unwrap();
        assert_eq!(past.snapshots.len(), 1, "the older one is not read as a whole");
        assert!(Past::read(&workspace, plan.as_of.minus_days(1)).unwrap().snapshots.is_empty());
    }
}
