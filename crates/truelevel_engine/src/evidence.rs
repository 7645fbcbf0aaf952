//! Evidence as facts: what files show is kept, and what sources report is asked.

use std::collections::BTreeMap;

use truelevel_model::{Detection, EvidenceRecord, SourceId, Span, Time};

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
                values: BTreeMap::new(),
            }));
        }
        workspace.store.replace_evidence(&source, &records)?;
    }
    Ok(())
}

/// What sources other than files say of practices and still holds as of a date.
pub(crate) fn reported_evidence(records: Vec<EvidenceRecord>, as_of: Time) -> Vec<EvidenceRecord> {
    let holds = |record: &EvidenceRecord| {
        let age = as_of.since(record.evidence.observed_at);
        !record.source.as_str().starts_with(FILES) && !age.is_negative() && age <= LASTS
    };
    records.into_iter().filter(holds).collect()
}
