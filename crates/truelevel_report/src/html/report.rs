//! The report: every page in one file that needs nothing else, opened from disk or mailed to a board.

use std::collections::BTreeSet;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest, Sha256};
use truelevel_model::assessment::Assessment;
use truelevel_model::course::Courses;

use super::{
    Filter, Links, Page, Section, Site, ai, architecture, delivery, layout, lean, maturity, overview, paper, planning,
    platform, services, teams, trust,
};
use crate::reference::Reference;

/// The whole assessment as one HTML file.
pub fn report(assessment: &Assessment, courses: &Courses, reference: &Reference) -> String {
    written(assessment, courses, reference, lean::lean)
}

/// The report, with every section as `write` has it.
pub(super) fn written(
    assessment: &Assessment,
    courses: &Courses,
    reference: &Reference,
    write: fn(&str) -> String,
) -> String {
    let site = Site::new(assessment, courses, reference, Links::OneFile);
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
    sections.extend([trust::pitfalls(&site), trust::coverage(&site)]);
    let linked: BTreeSet<&str> = sections.iter().flat_map(|section| fragments(&section.html)).collect();
    let definitions =
        trust::definitions(&site, |id| linked.contains(Page::Definition(id.to_owned()).fragment().as_str()));
    sections.push(definitions);
    for section in &mut sections {
        section.html = write(&section.html);
    }
    let style = format!("{}{}", crate::assets::lean(crate::assets::STYLE), paper::labels(&site));
    let script = crate::assets::lean(crate::assets::SCRIPT);
    layout::one_file(assessment, &sections, &policy(&style, &script), (&style, &script))
}

/// What links lead to within the file: of the definitions the report holds those that it refers to.
fn fragments(html: &str) -> impl Iterator<Item = &str> {
    html.split("href=\"#").skip(1).filter_map(|rest| rest.split('"').next())
}

/// Only the report's own style and script, by their hashes: nothing is fetched, and nothing that a name smuggled in
/// would run.
fn policy(style: &str, script: &str) -> String {
    let hash = |text: &str| format!("'sha256-{}'", STANDARD.encode(Sha256::digest(text)));
    format!(
        "default-src 'none'; style-src {}; script-src {}; img-src data:; base-uri 'none'; form-action 'none'",
        hash(style),
        hash(script)
    )
}
