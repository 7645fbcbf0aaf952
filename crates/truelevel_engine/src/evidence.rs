//! Evidence as facts: what files show is kept, and what sources report is asked.

use std::collections::{BTreeMap, BTreeSet};

use truelevel_model::assessment::{EvidenceResult, GateOutcome, GateResult, ServiceResult};
use truelevel_model::{Detection, Evidence, EvidenceRecord, Grade, Locator, Shared, SourceId, Span, Time};
use truelevel_report::numbers::count;

use crate::collect::CollectedRepository;
use crate::measure::Detected;
use crate::{EngineError, Workspace};

/// The sources of what was seen in files begin so; that is looked at anew in every assessment.
const FILES: &str = "files:";

/// What is reported of a practice counts for so long: drills and restore tests are not made every quarter.
const LASTS: Span = Span::from_millis(180 * 86_400_000);

/// Keeps what the files of each repository show, in the place of what they showed before.
pub(crate) fn keep_evidence(
    workspace: &mut Workspace,
    repositories: &[CollectedRepository],
    detected: &[Detected],
) -> Result<(), EngineError> {
    for (repository, detected) in repositories.iter().zip(detected) {
        let source = SourceId::new(format!("{FILES}{}", repository.id.as_str()));
        let mut records = Vec::new();
        for (practice, detection) in &detected.detections {
            let Detection::Present(seen) = detection else { continue };
            records.extend(seen.iter().enumerate().map(|(number, evidence)| EvidenceRecord {
                source: source.clone(),
                id: format!("{practice}/{number}"),
                practice: practice.to_string(),
                service: None,
                evidence: evidence.clone(),
                values: values_of(&evidence.locator),
            }));
        }
        workspace.store.replace_evidence(&source, &records)?;
    }
    Ok(())
}

/// What there is to keep of a place beside its columns.
fn values_of(locator: &Locator) -> BTreeMap<String, String> {
    let Locator::File { named_as, .. } = locator else { return BTreeMap::new() };
    named_as.iter().map(|named_as| ("named_as".to_owned(), named_as.clone())).collect()
}

/// What sources other than files say of practices and still holds as of a date, as much of it as counts.
pub(crate) fn reported_evidence(records: Vec<EvidenceRecord>, as_of: Time) -> Vec<EvidenceRecord> {
    let holds = |record: &EvidenceRecord| {
        let age = as_of.since(record.evidence.observed_at);
        !record.source.as_str().starts_with(FILES) && !age.is_negative() && age <= LASTS
    };
    records.into_iter().filter(holds).map(weighed).collect()
}

/// What counts of a report. That something ran can be checked only where a page shows it, that it worked only where it
/// says what was measured, and a place in a file declares.
fn weighed(record: EvidenceRecord) -> EvidenceRecord {
    let source = record.source.as_str();
    let Evidence { grade, locator, observed_at } = record.evidence;
    let (highest, locator) = match locator {
        Locator::Elsewhere { summary, address } => {
            let address = address.filter(|address| address.starts_with("https://") || address.starts_with("http://"));
            let values: Vec<String> = record.values.iter().map(|(name, value)| format!("{name} {value}")).collect();
            let (highest, what) = match (&address, values.as_slice()) {
                (None, _) => (Grade::Declared, format!("{summary} (without an address)")),
                (Some(_), []) => (Grade::Exercised, summary),
                (Some(_), values) => (Grade::Effective, format!("{summary} ({})", values.join(", "))),
            };
            (highest, Locator::Elsewhere { summary: format!("reported by {source}: {what}"), address })
        }
        place @ Locator::File { .. } => (Grade::Declared, place),
        counted @ Locator::Facts { .. } => (Grade::Declared, counted),
    };
    EvidenceRecord { evidence: Evidence { grade: grade.min(highest), locator, observed_at }, ..record }
}

/// What is known of a practice with what is reported of it. A report that nobody can check denies no detector that
/// looked and found nothing.
pub(crate) fn with_reports<'a>(found: Detection, reports: impl Iterator<Item = &'a EvidenceRecord>) -> Detection {
    let is_denied = matches!(found, Detection::Absent { .. });
    let is_checkable = |record: &&EvidenceRecord| match &record.evidence.locator {
        Locator::Elsewhere { address, .. } => address.is_some(),
        Locator::File { .. } => true,
        Locator::Facts { .. } => false,
    };
    let heard = reports.filter(|record| !is_denied || is_checkable(record)).map(|record| record.evidence.clone());
    let heard: Vec<Evidence> = heard.collect();
    if heard.is_empty() { found } else { found.or(Detection::Present(heard)) }
}

/// What to know of the gates that reports alone meet.
pub(crate) fn warning_of_reports(services: &[Shared<ServiceResult>]) -> Option<String> {
    let gates = |service: &Shared<ServiceResult>| -> Vec<String> {
        let all = service.stages.iter().chain(&service.lanes).flat_map(|stage| &stage.gates);
        all.filter(|gate| rests_on_reports(gate)).map(|gate| gate.gate.clone()).collect()
    };
    let by_service: Vec<Vec<String>> = services.iter().map(gates).filter(|gates| !gates.is_empty()).collect();
    let named: BTreeSet<&String> = by_service.iter().flatten().collect();
    let first: Vec<&str> = named.iter().take(GATES_NAMED).map(|gate| gate.as_str()).collect();
    let more = named.len().saturating_sub(first.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    (!named.is_empty()).then(|| {
        format!(
            "{} of {} by reports alone, which nothing here can check: {}{more}; follow the addresses in their evidence",
            if named.len() == 1 { "1 gate is met".to_owned() } else { format!("{} gates are met", named.len()) },
            count(by_service.len() as u64, "service"),
            first.join(", ")
        )
    })
}

/// So many gates are named in a warning.
const GATES_NAMED: usize = 6;

/// Whether a practice of a gate that is met has no better proof than a report.
fn rests_on_reports(gate: &GateResult) -> bool {
    let has_better = |one: &EvidenceResult| {
        gate.evidence.iter().any(|it| it.practice == one.practice && !it.is_reported && it.grade >= one.grade)
    };
    gate.outcome == GateOutcome::Met && gate.evidence.iter().any(|one| one.is_reported && !has_better(one))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(grade: Grade, address: Option<&str>, minutes: Option<&str>) -> EvidenceRecord {
        EvidenceRecord {
            source: "wiki".into(),
            id: "1".into(),
            practice: "restore_tests".into(),
            service: None,
            evidence: Evidence {
                grade,
                locator: Locator::Elsewhere { summary: "restored".into(), address: address.map(str::to_owned) },
                observed_at: Time::from_seconds(5),
            },
            values: minutes.map(|minutes| ("minutes".to_owned(), minutes.to_owned())).into_iter().collect(),
        }
    }

    fn check(record: EvidenceRecord, grade: Grade, text: &str) {
        let evidence = reported_evidence(vec![record], Time::from_seconds(9)).remove(0).evidence;
        let Locator::Elsewhere { summary, .. } = evidence.locator else { panic!("{:?}", evidence.locator) };
        assert_eq!((evidence.grade, summary.as_str()), (grade, text));
    }

    #[test]
    fn a_report_counts_as_far_as_somebody_can_check_it() {
        use Grade::{Declared, Effective, Exercised};
        let page = Some("https://wiki.shop/drill");
        check(report(Effective, None, Some("20")), Declared, "reported by wiki: restored (without an address)");
        check(
            report(Effective, Some("in a drawer"), None),
            Declared,
            "reported by wiki: restored (without an address)",
        );
        check(report(Effective, page, None), Exercised, "reported by wiki: restored");
        check(report(Effective, page, Some("20")), Effective, "reported by wiki: restored (minutes 20)");
        check(report(Declared, page, Some("20")), Declared, "reported by wiki: restored (minutes 20)");
    }

    #[test]
    fn a_report_without_an_address_denies_no_detector_that_looked() {
        let absent = Detection::Absent { looked_at: vec!["drills/**".into()] };
        let weighed = |address| reported_evidence(vec![report(Grade::Effective, address, None)], Time::from_seconds(9));
        assert_eq!(with_reports(absent.clone(), weighed(None).iter()), absent);
        let page = weighed(Some("https://wiki.shop/drill"));
        assert_eq!(with_reports(absent, page.iter()).grade(), Some(Grade::Exercised));
        let unknown = Detection::Unknown { reason: "no repository".into() };
        assert_eq!(with_reports(unknown, weighed(None).iter()).grade(), Some(Grade::Declared));
    }
}
