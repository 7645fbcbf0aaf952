//! What shapes delivery: AI, the architecture. Each page says what is known, and what is missing to know more.

use askama::Template;

use super::parts::{Shown, shown_spread, untitled_figure};
use super::{Page, Section, Site, rendered};
use crate::decision;

#[derive(Template)]
#[template(path = "pages/subject.html")]
struct Subject {
    h: u8,
    metrics: Vec<Shown>,
    /// What is missing to say anything; empty when something is said.
    empty: &'static str,
    /// What research found, with its source: context, never a number of this workspace.
    context: &'static str,
}

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

/// How the ids of a subject's metrics begin.
const AI: &[&str] = &["ai_"];
/// How many groups are drawn.
const GROUPS_DRAWN: usize = 6;

pub(super) fn ai(site: &Site<'_>) -> Section {
    subject(
        Page::Ai,
        "How many changes carry a sign of AI, beside throughput and stability. A sign is a lower bound, and never about a person.",
        Subject {
            h: site.heading(),
            metrics: metrics(site, AI),
            empty: "Nothing was measured of AI here yet. It shows in commit trailers, automation authors, labels and usage exports of vendors.",
            context: "DORA 2024: with each 25 points of AI adoption went about 1.5 % less throughput and 7.2 % less stability, in teams without strong foundations. That is context, not a forecast.",
        },
    )
}

pub(super) fn architecture(site: &Site<'_>) -> Section {
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

/// The subjects that something was measured of; gates of the platform stand with the others.
pub(super) fn in_report(site: &Site<'_>) -> Vec<Section> {
    let has = |prefixes| !metrics(site, prefixes).is_empty();
    let platform = site.assessment.platform.is_some().then(|| super::platform::section(site));
    let ai = has(AI).then(|| ai(site));
    let has_groups = site.assessment.architecture.as_ref().is_some_and(|found| !found.groups.is_empty());
    let architecture = has_groups.then(|| architecture(site));
    [platform, ai, architecture].into_iter().flatten().collect()
}

/// The measured metrics whose ids begin so.
fn metrics(site: &Site<'_>, prefixes: &[&str]) -> Vec<Shown> {
    let belongs = |id: &str| prefixes.iter().any(|prefix| id.starts_with(prefix));
    site.assessment.metrics.keys().filter(|id| belongs(id)).filter_map(|id| shown_spread(site, id)).collect()
}

fn subject(page: Page, lead: &str, template: Subject) -> Section {
    Section { title: page.title(), page, lead: lead.to_owned(), html: rendered(&template) }
}
