//! The page of AI.

use askama::Template;
use truelevel_model::ai::Ai;

use super::{Page, Section, Site, rendered};
use crate::{ai as said, platform};

#[derive(Template)]
#[template(path = "pages/ai.html")]
struct Signs<'a> {
    h: u8,
    is_empty: bool,
    share: String,
    services: Vec<Row>,
    dose: Vec<String>,
    study: Option<String>,
    outcomes: Vec<String>,
    sensitivity: Option<String>,
    blind_spots: &'a [String],
    context: Vec<String>,
}

struct Row {
    name: String,
    link: String,
    share: String,
    signed: u64,
    changes: u64,
}

/// Services that are listed.
const LISTED: usize = 30;

pub(super) fn section(site: &Site<'_>) -> Section {
    let none = Ai::default();
    let ai = site.assessment.ai.as_ref().unwrap_or(&none);
    let row = |signs: &truelevel_model::ai::ServiceSigns| Row {
        name: signs.service.clone(),
        link: site.to(&Page::Service(signs.service.clone())),
        share: platform::percent(signs.signed as f64 / signs.changes.max(1) as f64),
        signed: signs.signed,
        changes: signs.changes,
    };
    let template = Signs {
        h: site.heading(),
        is_empty: site.assessment.ai.is_none(),
        share: said::share(ai),
        services: ai.by_service.iter().filter(|signs| signs.signed > 0).take(LISTED).map(row).collect(),
        dose: ai.dose.iter().map(said::dose).collect(),
        study: ai.event_study.as_ref().map(said::study),
        outcomes: ai.event_study.iter().flat_map(|study| &study.outcomes).map(said::outcome).collect(),
        sensitivity: ai.sensitivity.as_ref().map(said::sensitivity),
        blind_spots: &ai.blind_spots,
        context: ai.context.iter().map(|it| format!("{} ({})", it.finding, it.source)).collect(),
    };
    Section {
        page: Page::Ai,
        title: Page::Ai.title(),
        lead: "How many changes carry a sign of AI, beside throughput and stability. A sign is a lower bound, and never about a person."
            .to_owned(),
        html: rendered(&template),
    }
}
