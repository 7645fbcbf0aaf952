//! Gates with what proves them, as rows.

use truelevel_model::assessment::{EvidenceResult, GateResult, GateServices};
use truelevel_model::{Grade, taken_from};

use super::markdown::coded;
use super::parts::{Verdict, gate_verdict, share_bar};
use super::{Page, Site};
use crate::{numbers, words};

/// Places shown of one gate; the count says how many more there are.
const PLACES_SHOWN: usize = 4;

/// What the parts of a gate's bar are called.
pub(super) const OUTCOMES: [&str; 3] = ["met", "not met", "cannot tell"];

/// A gate as a row.
pub(super) struct GateRow {
    pub(super) link: String,
    pub(super) level: u8,
    pub(super) statement: String,
    pub(super) verdict: Verdict,
    pub(super) because: String,
    /// Services met, unmet and unknown, as a bar; empty for a single service.
    pub(super) share: String,
    /// The same in words.
    pub(super) counts: String,
    pub(super) places: Vec<Place>,
    pub(super) more: usize,
}

/// Where evidence stands.
pub(super) struct Place {
    /// File and line, or what was counted.
    pub(super) place: String,
    pub(super) url: Option<String>,
    /// The matched text.
    pub(super) text: String,
    pub(super) practice: String,
    pub(super) practice_link: String,
    /// How much it proves.
    pub(super) grade: &'static str,
}

pub(super) fn gate_row(site: &Site<'_>, gate: &GateResult) -> GateRow {
    let share = gate.services.as_ref().map_or_else(String::new, services_bar);
    GateRow {
        link: site.to(&Page::Definition(gate.gate.clone())),
        level: gate.level,
        statement: gate.statement.clone(),
        verdict: gate_verdict(gate.outcome, gate.is_intention),
        because: because(gate),
        share,
        counts: gate.services.as_ref().map_or_else(String::new, services_counted),
        places: gate.evidence.iter().take(PLACES_SHOWN).map(|evidence| place(site, evidence)).collect(),
        more: gate.evidence.len().saturating_sub(PLACES_SHOWN),
    }
}

/// Why a gate stands as it does; empty where the counts of services beside it say everything.
pub(super) fn because(gate: &GateResult) -> String {
    match (&gate.services, &gate.provable_by) {
        (None, _) => coded(&words::because(gate)),
        (Some(_), Some(by)) => coded(&format!("What would prove it: {by}")),
        (Some(_), None) => String::new(),
    }
}

/// How many services meet a gate, as a bar.
pub(super) fn services_bar(services: &GateServices) -> String {
    let [met, unmet, unknown] = OUTCOMES;
    share_bar([(met, services.met), (unmet, services.unmet), (unknown, services.unknown)])
}

/// The same in words.
pub(super) fn services_counted(services: &GateServices) -> String {
    let digits = |number: u64| numbers::digits(number as f64);
    let apart = match services.not_applicable {
        0 => String::new(),
        number => format!(", does not apply to {}", digits(number)),
    };
    format!(
        "{} met, {} not met, {} cannot tell{apart}",
        digits(services.met),
        digits(services.unmet),
        digits(services.unknown)
    )
}

/// Where a piece of evidence stands, and the text that was matched there.
pub(super) fn located(evidence: &EvidenceResult) -> (String, String) {
    let taken = || taken_from(evidence.repository.as_deref().unwrap_or_default(), evidence.named_as.as_deref());
    let text = || format!("{}{}", evidence.text, taken());
    match (&evidence.path, evidence.line) {
        (Some(path), Some(line)) => (format!("{path}:{line}"), text()),
        (Some(path), None) => (path.clone(), text()),
        (None, _) => (evidence.text.clone(), String::new()),
    }
}

/// A piece of evidence, as pages show it.
pub(super) fn place(site: &Site<'_>, evidence: &EvidenceResult) -> Place {
    let (place, text) = located(evidence);
    Place {
        place,
        url: evidence.url.clone().filter(|url| url.starts_with("https://") || url.starts_with("http://")),
        text,
        practice: site.reference.title(&evidence.practice),
        practice_link: site.to(&Page::Definition(evidence.practice.clone())),
        grade: match evidence.grade {
            Grade::Declared => "declared",
            Grade::Exercised => "ran",
            Grade::Effective => "worked",
        },
    }
}
