//! Belief above evidence.

use std::collections::BTreeMap;

use truelevel_model::assessment::StageResult;
use truelevel_model::{Declaration, ServiceId};
use truelevel_report::numbers::count;

use super::{Found, PitfallKind, Seen};

truelevel_model::declare! {
    /// Belief above evidence
    ///
    /// Raised when a team declares a level for a stage of its service that even the possible level does not reach. The newest
    /// declaration up to the as-of counts; one for the whole workspace is compared with the organisation's stage.
    pub static BELIEF_ABOVE_EVIDENCE: PitfallKind = {
        id: "belief_above_evidence",
        find: find,
    };
}

fn find(seen: &Seen<'_>) -> Option<Found> {
    let mut newest: BTreeMap<(Option<&str>, &str), &Declaration> = BTreeMap::new();
    for declaration in seen.declarations {
        let service = declaration.service.as_ref().map(ServiceId::as_str);
        let kept = newest.entry((service, &declaration.stage)).or_insert(declaration);
        if kept.declared_at <= declaration.declared_at {
            *kept = declaration;
        }
    }
    let (mut found, mut widest) = (Found::default(), 0);
    let own = seen.services.iter().map(|service| (Some(service.service.as_str()), service.stages.as_slice()));
    for (service, stages) in std::iter::once((None, seen.stages)).chain(own) {
        let above: Vec<(&StageResult, u8)> = stages
            .iter()
            .filter_map(|stage| Some((stage, newest.get(&(service, stage.stage.as_str()))?.level)))
            .filter(|(stage, declared)| *declared > stage.possible)
            .collect();
        let name = service.unwrap_or("the organisation");
        for (stage, declared) in &above {
            widest = widest.max(declared - stage.possible);
            found.evidence.push(format!("{name}, {}: declared {declared}, possible {}", stage.stage, stage.possible));
        }
        if !above.is_empty() {
            found.services.push(name.to_owned());
        }
    }
    (!found.evidence.is_empty()).then(|| Found {
        finding: format!("{} declared above what the evidence allows", count(found.evidence.len() as u64, "stage")),
        effect: Some(format!("up to {} too high", count(u64::from(widest), "level"))),
        response: "declarations stand beside the measured level and never raise it".into(),
        ..found
    })
}
