//! What shapes delivery: AI, the architecture. Each page says what is known, and what is missing to know more.

use askama::Template;

use super::parts::{Shown, shown_spread};
use super::{Page, Section, Site, rendered};

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

/// How the ids of a subject's metrics begin.
const AI: &[&str] = &["ai_"];
const ARCHITECTURE: &[&str] = &["codeployment", "lockstep"];

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
    subject(
        Page::Architecture,
        "Whether services can be deployed alone. Where they cannot, the architecture is the ceiling.",
        Subject {
            h: site.heading(),
            metrics: metrics(site, ARCHITECTURE),
            empty: "Which services deploy together was not measured here yet. It takes deployments of at least two services.",
            context: "",
        },
    )
}

/// The subjects that something was measured of; gates of the platform stand with the others.
pub(super) fn in_report(site: &Site<'_>) -> Vec<Section> {
    let has = |prefixes| !metrics(site, prefixes).is_empty();
    let platform = site.assessment.platform.is_some().then(|| super::platform::section(site));
    let ai = has(AI).then(|| ai(site));
    let architecture = has(ARCHITECTURE).then(|| architecture(site));
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
