//! Evidence of practices up to a level, from the gates themselves.

use truelevel_assess::Catalog;
use truelevel_assess::conditions::Subject;
use truelevel_model::{Evidence, EvidenceRecord, Grade, Locator, ServiceId, SourceId, Time};

/// Everything that the gates up to a level ask to be seen.
pub(crate) fn shown(catalog: &Catalog, service: &ServiceId, level: u8, observed_at: Time) -> Vec<EvidenceRecord> {
    let mut records: Vec<EvidenceRecord> = Vec::new();
    let gates = catalog.stages.iter().flat_map(|stage| &stage.gates).filter(|gate| gate.level <= level);
    for condition in gates.flat_map(|gate| gate.requirement.conditions()) {
        let Subject::Practice { practice, grade } = &condition.subject else { continue };
        match records.iter_mut().find(|record| record.practice == *practice) {
            Some(record) => record.evidence.grade = record.evidence.grade.max(*grade),
            None => records.push(record(service, practice, *grade, observed_at)),
        }
    }
    records
}

fn record(service: &ServiceId, practice: &str, grade: Grade, observed_at: Time) -> EvidenceRecord {
    EvidenceRecord {
        source: SourceId::new("demo:practices"),
        id: format!("{}/{practice}", service.as_str()),
        practice: practice.to_owned(),
        service: Some(service.clone()),
        evidence: Evidence {
            grade,
            locator: Locator::Elsewhere {
                summary: format!("made up: {practice} was seen"),
                address: Some(format!("https://demo.example/{}/{practice}", service.as_str())),
            },
            observed_at,
        },
        values: std::collections::BTreeMap::from([("seen".to_owned(), "1".to_owned())]),
    }
}
