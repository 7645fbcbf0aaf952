//! The report: every page in one file that needs nothing else, opened from disk or mailed to a board.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use truelevel_model::assessment::Assessment;

use super::{
    Filter, Links, Section, Site, delivery, layout, maturity, overview, planning, services, subjects, teams, trust,
};
use crate::reference::Reference;

/// The whole assessment as one HTML file.
pub fn report(assessment: &Assessment, reference: &Reference) -> String {
    let site = Site { assessment, reference, links: Links::OneFile };
    let mut sections: Vec<Section> = vec![overview::section(&site), services::section(&site, &Filter::default())];
    sections.extend(teams::in_report(&site));
    sections.extend([
        delivery::section(&site),
        maturity::section(&site),
        planning::decision(&site),
        planning::plan(&site),
    ]);
    sections.extend(subjects::in_report(&site));
    sections.extend([trust::pitfalls(&site), trust::coverage(&site), trust::definitions(&site)]);
    layout::one_file(assessment, &sections, &policy())
}

/// Only the report's own style and script, by their hashes: nothing is fetched, and nothing that a name smuggled in
/// would run.
fn policy() -> String {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    format!(
        "default-src 'none'; style-src {}; script-src {}; img-src data:; base-uri 'none'; form-action 'none'",
        hash(crate::assets::STYLE),
        hash(crate::assets::SCRIPT)
    )
}
