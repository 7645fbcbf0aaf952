//! What changed between two assessments: snapshots of a workspace, or files.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use truelevel_metrics::comparison::{
    FALSE_DISCOVERY_RATE, Measured, compare as compare_metric, compare_within, correct,
};
use truelevel_model::assessment::{
    Assessment, GateResult, LevelRange, MetricSpread, QuestionResult, SCHEMA, ServiceResult, StageResult,
};
use truelevel_model::comparison::{
    self, BasisChange, ChangeVerdict, Compared, ComparedSide, Comparison, Correction, GateChange, MetricChange,
    QuestionChange, ServiceChange, StageChange,
};
use truelevel_model::snapshot::SnapshotHead;
use truelevel_model::{Measurement, Time, printable};

use crate::{EngineError, Workspace, snapshots};

/// The metrics that are compared service by service.
const KEYS: [&str; 5] = [
    "change_fail_rate",
    "change_lead_time",
    "deployment_frequency",
    "deployment_rework_rate",
    "failed_deployment_recovery_time",
];

/// An assessment, and the snapshot that it comes from.
pub struct Side {
    assessment: Assessment,
    head: Option<SnapshotHead>,
}

/// Finds what is to be compared: two references, or the last two snapshots. A reference is a file with an assessment as
/// JSON, the number of a snapshot, or a time: the newest snapshot up to then. `workspace` is opened only for snapshots.
pub fn sides(
    references: &[String],
    workspace: impl FnOnce() -> Result<Workspace, EngineError>,
) -> Result<(Side, Side), EngineError> {
    let is_file = |reference: &String| Path::new(reference).is_file();
    if let [before, after] = references
        && is_file(before)
        && is_file(after)
    {
        return Ok((read_file(before)?, read_file(after)?));
    }
    let workspace = workspace()?;
    let mut heads = snapshots::list(&workspace)?;
    heads.sort_by_key(|head| (head.as_of, head.number));
    let find = |reference: &String| {
        if is_file(reference) { read_file(reference) } else { stored(&workspace, find(&heads, reference)?) }
    };
    match (references, heads.as_slice()) {
        ([before, after], _) => Ok((find(before)?, find(after)?)),
        ([before], [.., last]) => Ok((find(before)?, stored(&workspace, last)?)),
        ([], [.., before, after]) => Ok((stored(&workspace, before)?, stored(&workspace, after)?)),
        _ => Err(EngineError::Usage(format!(
            "two stored assessments are needed, and there are {}. `truelevel snapshot` stores one, \
             `truelevel snapshot --backfill 12` fills in the last weeks",
            heads.len()
        ))),
    }
}

fn read_file(path: &str) -> Result<Side, EngineError> {
    let wrong = |reason: String| EngineError::Usage(format!("{}: {reason}", printable(path)));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let assessment: Assessment = serde_json::from_str(&text)
        .map_err(|error| wrong(format!("not an assessment as `assess --format json` writes it: {error}")))?;
    if assessment.schema != SCHEMA {
        return Err(wrong(format!("it is {}, and this program reads {SCHEMA}", printable(&assessment.schema))));
    }
    Ok(Side { assessment, head: None })
}

fn find<'a>(heads: &'a [SnapshotHead], reference: &str) -> Result<&'a SnapshotHead, EngineError> {
    let unknown = |what: String| {
        let known = match heads {
            [] => "there are none".to_owned(),
            [first, ..] => format!("there are {}, the first as of {}", heads.len(), first.as_of),
        };
        EngineError::Usage(format!("{what}; {known}. `truelevel snapshot --list` shows them"))
    };
    if let Ok(number) = reference.parse::<u64>() {
        let found = heads.iter().find(|head| head.number == number);
        return found.ok_or_else(|| unknown(format!("there is no snapshot {number}")));
    }
    let Ok(time) = Time::parse(reference) else {
        return Err(unknown(format!("`{}` is no file, no snapshot's number and no time", printable(reference))));
    };
    heads.iter().rfind(|head| head.as_of <= time).ok_or_else(|| unknown(format!("there is no snapshot up to {time}")))
}

fn stored(workspace: &Workspace, head: &SnapshotHead) -> Result<Side, EngineError> {
    let gone = |reason: &str| EngineError::Usage(format!("snapshot {} cannot be read: {reason}", head.number));
    let snapshot = workspace.store.snapshot(head.number)?.ok_or_else(|| gone("it is gone"))?;
    let assessment = serde_json::from_str(&snapshot.assessment).map_err(|error| gone(&error.to_string()))?;
    Ok(Side { assessment, head: Some(snapshot.head) })
}

/// Compares two assessments.
pub fn compare(before: &Side, after: &Side) -> Comparison {
    let (first, second) = (&before.assessment, &after.assessment);
    let stages = |assessment: &Assessment| -> Vec<StageResult> {
        assessment.stages.iter().chain(&assessment.lanes).cloned().collect()
    };
    let (stages_before, stages_after) = (stages(first), stages(second));
    let names = |assessment: &Assessment| -> BTreeSet<String> {
        assessment.each_service().map(|service| service.service.clone()).collect()
    };
    let (services_before, services_after) = (names(first), names(second));
    let basis = basis(before, after);
    let obstacle = obstacle(&basis);
    let mut metrics = metric_changes(first, second, obstacle);
    let mut services = service_changes(first, second, obstacle);
    let correction = Correction {
        method: "benjamini_hochberg".to_owned(),
        false_discovery_rate: FALSE_DISCOVERY_RATE,
        comparisons: correct(&mut metrics),
        comparisons_of_services: correct(services.iter_mut().flat_map(|service| &mut service.metrics)),
    };
    // Only what moved is listed.
    for service in &mut services {
        service.metrics.retain(|change| change.verdict.is_change());
    }
    services.retain(|service| service.level.before != service.level.after || !service.metrics.is_empty());
    Comparison {
        schema: comparison::SCHEMA.to_owned(),
        workspace: second.workspace.clone(),
        before: side(before),
        after: side(after),
        overlap_days: overlap_days(first, second),
        basis,
        level: Compared { before: first.level, after: second.level },
        stages: stage_changes(&stages_before, &stages_after),
        gates: gate_changes(&stages_before, &stages_after),
        questions: question_changes(first, second),
        metrics,
        correction,
        services_added: services_after.difference(&services_before).cloned().collect(),
        services_removed: services_before.difference(&services_after).cloned().collect(),
        services,
    }
}

fn side(side: &Side) -> ComparedSide {
    ComparedSide {
        as_of: side.assessment.as_of,
        window_days: side.assessment.window_days,
        edition: side.assessment.edition.clone(),
        program_version: side.assessment.program_version.clone(),
        snapshot: side.head.as_ref().map(|head| head.number),
        is_backfilled: side.head.as_ref().is_some_and(|head| head.is_backfilled),
    }
}

fn overlap_days(first: &Assessment, second: &Assessment) -> f64 {
    let starts = [first, second].map(|side| side.as_of.minus_days(side.window_days));
    first.as_of.min(second.as_of).since(starts[0].max(starts[1])).days().max(0.0)
}

/// What decides numbers or levels and is not the same in both.
fn basis(before: &Side, after: &Side) -> Vec<BasisChange> {
    let (first, second) = (&before.assessment, &after.assessment);
    let hash = |side: &Side, of: fn(&SnapshotHead) -> &String| side.head.as_ref().map(|head| of(head).clone());
    let both = |of: fn(&SnapshotHead) -> &String| hash(before, of).zip(hash(after, of));
    let days = |assessment: &Assessment| Some(format!("{} days", assessment.window_days));
    let rows = [
        ("window", days(first).zip(days(second)), "no metric can be compared"),
        ("edition", Some((first.edition.clone(), second.edition.clone())), "bands cannot be compared; values can"),
        ("time_zone", Some((first.time_zone.clone(), second.time_zone.clone())), "days and weeks begin elsewhere"),
        (
            "configuration",
            both(|head| &head.configuration),
            "no metric can be compared: any difference may come from it",
        ),
        ("catalog", both(|head| &head.catalog), "levels, gates and questions may differ for it"),
    ];
    let changed = |(what, sides, so): (&str, Option<(String, String)>, &str)| {
        let (before, after) = sides.filter(|(before, after)| before != after)?;
        Some(BasisChange {
            what: what.to_owned(),
            before: shortened(&before),
            after: shortened(&after),
            so: so.to_owned(),
        })
    };
    let mut basis: Vec<BasisChange> = rows.into_iter().filter_map(changed).collect();
    for (metric, spread) in &second.metrics {
        let Some(earlier) = first.metrics.get(metric) else { continue };
        let (before, after) = (&earlier.measurement.definition, &spread.measurement.definition);
        if before != after {
            basis.push(BasisChange {
                what: metric.clone(),
                before: before.clone(),
                after: after.clone(),
                so: "it cannot be compared".to_owned(),
            });
        }
    }
    basis
}

/// The beginning of a hash, which is enough to tell two apart.
fn shortened(text: &str) -> String {
    if text.len() == 64 { text.chars().take(12).collect() } else { text.to_owned() }
}

fn stage_changes(before: &[StageResult], after: &[StageResult]) -> Vec<StageChange> {
    let range = |stage: &StageResult| LevelRange {
        proven: stage.proven,
        possible: stage.possible,
        declared: stage.declared,
        with_exemptions: stage.with_exemptions,
    };
    let change = |stage: &StageResult| {
        let earlier = before.iter().find(|earlier| earlier.stage == stage.stage)?;
        let (before, after) = (range(earlier), range(stage));
        (before != after).then(|| StageChange { stage: stage.stage.clone(), before, after })
    };
    after.iter().filter_map(change).collect()
}

fn gate_changes(before: &[StageResult], after: &[StageResult]) -> Vec<GateChange> {
    fn gates(stages: &[StageResult]) -> BTreeMap<&str, (&str, &GateResult)> {
        stages
            .iter()
            .flat_map(|stage| {
                let gates = stage.gates.iter();
                gates.map(move |gate| (gate.gate.as_str(), (stage.stage.as_str(), gate)))
            })
            .collect()
    }
    let (before, after) = (gates(before), gates(after));
    let ids: BTreeSet<&str> = before.keys().chain(after.keys()).copied().collect();
    ids.into_iter()
        .filter_map(|id| {
            let (first, second) = (before.get(id), after.get(id));
            let (stage, gate) = second.or(first)?;
            let (first, second) = (first.map(|(_, gate)| gate.outcome), second.map(|(_, gate)| gate.outcome));
            (first != second).then(|| GateChange {
                gate: id.to_owned(),
                stage: (*stage).to_owned(),
                statement: gate.statement.clone(),
                before: first,
                after: second,
            })
        })
        .collect()
}

fn question_changes(first: &Assessment, second: &Assessment) -> Vec<QuestionChange> {
    let change = |result: &QuestionResult| {
        let chain = &first.first_constraint.chain;
        let earlier = chain.iter().find(|earlier| earlier.question == result.question)?;
        (earlier.answer != result.answer).then(|| QuestionChange {
            question: result.question.clone(),
            text: result.text.clone(),
            before: earlier.answer,
            after: result.answer,
        })
    };
    second.first_constraint.chain.iter().filter_map(change).collect()
}

/// Why no metric can be compared, whatever its numbers say.
fn obstacle(basis: &[BasisChange]) -> Option<&'static str> {
    let has = |what: &str| basis.iter().any(|change| change.what == what);
    match () {
        () if has("window") => Some("the windows are not equally long"),
        () if has("configuration") => Some("the configuration changed with it"),
        () => None,
    }
}

fn metric_changes(first: &Assessment, second: &Assessment, obstacle: Option<&str>) -> Vec<MetricChange> {
    let change = |(id, spread): (&String, &MetricSpread)| {
        let earlier = first.metrics.get(id)?;
        let mut change = metric_change(id, (first, &earlier.measurement), (second, &spread.measurement), obstacle);
        if earlier.services > 1 && spread.services > 1 {
            compare_within(&mut change, in_both(id, first, second));
        }
        Some(change)
    };
    second.metrics.iter().filter_map(change).collect()
}

/// The values of a metric before and after, of each service that has one in both.
fn in_both(id: &str, first: &Assessment, second: &Assessment) -> Vec<(f64, f64)> {
    let value = |service: &ServiceResult| service.metrics.get(id)?.value;
    let earlier: BTreeMap<&str, f64> =
        first.each_service().filter_map(|service| Some((service.service.as_str(), value(service)?))).collect();
    let pair = |service: &ServiceResult| Some((*earlier.get(service.service.as_str())?, value(service)?));
    second.each_service().filter_map(pair).collect()
}

fn metric_change(
    id: &str,
    before: (&Assessment, &Measurement),
    after: (&Assessment, &Measurement),
    obstacle: Option<&str>,
) -> MetricChange {
    let [first, second] =
        [before, after].map(|(assessment, measurement)| Measured { measurement, days: assessment.window_days });
    let change = compare_metric(id, first, second);
    match obstacle {
        Some(obstacle) => {
            MetricChange { p: None, verdict: ChangeVerdict::NotComparable, note: Some(obstacle.to_owned()), ..change }
        }
        None => change,
    }
}

/// Every service that is in both, with its keys.
fn service_changes(first: &Assessment, second: &Assessment, obstacle: Option<&str>) -> Vec<ServiceChange> {
    let earlier: BTreeMap<&str, &ServiceResult> =
        first.each_service().map(|service| (service.service.as_str(), service)).collect();
    let change = |service: &ServiceResult| {
        let earlier = earlier.get(service.service.as_str())?;
        let metrics: Vec<MetricChange> = KEYS
            .iter()
            .filter_map(|id| {
                let (before, after) = (earlier.metrics.get(*id)?, service.metrics.get(*id)?);
                Some(metric_change(id, (first, before), (second, after), obstacle))
            })
            .collect();
        let level = Compared { before: earlier.level, after: service.level };
        Some(ServiceChange { service: service.service.clone(), level, metrics })
    };
    second.each_service().filter_map(change).collect()
}
