//! The report: every page in one file that needs nothing else, opened from disk or mailed to a board.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use truelevel_model::assessment::Assessment;
use truelevel_model::course::Courses;

use super::{
    Filter, Links, Section, Site, ai, architecture, delivery, layout, maturity, overview, planning, platform, services,
    teams, trust,
};
use crate::reference::Reference;

/// The whole assessment as one HTML file.
pub fn report(assessment: &Assessment, courses: &Courses, reference: &Reference) -> String {
    let site = Site { assessment, courses, reference, links: Links::OneFile };
    let mut sections: Vec<Section> = vec![overview::section(&site), services::section(&site, &Filter::default())];
    sections.extend(teams::in_report(&site));
    sections.extend([
        delivery::section(&site),
        maturity::section(&site),
        planning::decision(&site),
        planning::plan(&site),
    ]);
    // What nothing is known of has a page on a server, which says what is missing; here it has none.
    sections.extend(assessment.platform.is_some().then(|| platform::section(&site)));
    sections.extend(assessment.ai.is_some().then(|| ai::section(&site)));
    let has_groups = assessment.architecture.as_ref().is_some_and(|found| !found.groups.is_empty());
    sections.extend(has_groups.then(|| architecture::section(&site)));
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
