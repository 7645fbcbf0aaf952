//! Services that deploy together.

use askama::Template;

use super::parts::untitled_figure;
use super::{Page, Section, Site, rendered};
use crate::decision;

#[derive(Template)]
#[template(path = "pages/architecture.html")]
struct Architecture {
    h: u8,
    whole: Option<String>,
    is_constraint: bool,
    /// What is known of each group, and its picture.
    groups: Vec<(String, String)>,
    definition: String,
}

/// How many groups are drawn.
const GROUPS_DRAWN: usize = 6;

pub(super) fn section(site: &Site<'_>) -> Section {
    let known = site.assessment.architecture.as_ref();
    let sentences = known.map(decision::lockstep).unwrap_or_default();
    let mut sentences = sentences.into_iter();
    let whole = sentences.next();
    let drawn =
        |number: usize| (number < GROUPS_DRAWN).then(|| untitled_figure(site, None, &format!("lockstep-{number}")));
    let groups = sentences.enumerate().map(|(number, said)| (said, drawn(number).unwrap_or_default())).collect();
    Section {
        page: Page::Architecture,
        title: Page::Architecture.title(),
        lead: "Whether services can be deployed alone. Where they cannot, the architecture is the ceiling.".to_owned(),
        html: rendered(&Architecture {
            h: site.heading(),
            whole,
            is_constraint: known.is_some_and(|known| known.is_constraint),
            groups,
            definition: site.to(&Page::Definition("deployed_in_lockstep".to_owned())),
        }),
    }
}
