//! The page of AI.

use std::collections::BTreeMap;

use askama::Template;
use truelevel_model::Unit;
use truelevel_model::ai::Ai;
use truelevel_model::assessment::ServiceResult;

use super::listing::{Cell, Column, Listing, key_columns};
use super::parts::figure;
use super::{Page, Section, Site, rendered};
use crate::{ai as said, numbers, words};

#[derive(Template)]
#[template(path = "pages/ai.html")]
struct Signs<'a> {
    h: u8,
    is_empty: bool,
    share: String,
    /// Chart and table, as HTML.
    spread: String,
    services: String,
    has_keys: bool,
    listed: String,
    usage: Vec<String>,
    dose: Vec<String>,
    study: Option<String>,
    outcomes: Vec<String>,
    sensitivity: Option<String>,
    blind_spots: &'a [String],
    context: Vec<String>,
}

pub(super) fn section(site: &Site<'_>) -> Section {
    let none = Ai::default();
    let ai = site.assessment.ai.as_ref().unwrap_or(&none);
    let template = Signs {
        h: site.heading(),
        is_empty: site.assessment.ai.is_none(),
        share: said::share(ai),
        spread: figure(site, None, "ai-shares"),
        services: services(site).html(site),
        has_keys: !site.links.is_one_file(),
        listed: listed(ai),
        usage: ai.usage.iter().map(said::usage).collect(),
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

/// What the table leaves out.
fn listed(ai: &Ai) -> String {
    let listed = ai.by_service.len() as u64;
    let digits = |number: u64| numbers::digits(number as f64);
    match ai.services > listed {
        true => {
            format!("The {} with the highest share, of {}.", digits(listed), numbers::count(ai.services, "service"))
        }
        false => String::new(),
    }
}

/// The services with a shipped change, also without a sign, as far as they are known one by one.
pub(super) fn services(site: &Site<'_>) -> Listing {
    let shares = [
        Column::words("Service"),
        Column::numbers("At least"),
        Column::numbers("With a sign"),
        Column::numbers("Changes"),
    ];
    // A report has the keys of each service elsewhere.
    let has_keys = !site.links.is_one_file();
    let columns = shares.into_iter().chain(key_columns(site).filter(|_| has_keys));
    let mut listing = Listing::new("ai-services", "services by share", columns).finding("service");
    let measured: BTreeMap<&str, &ServiceResult> =
        site.assessment.each_service().map(|service| (service.service.as_str(), service)).collect();
    for signs in site.assessment.ai.iter().flat_map(|ai| &ai.by_service) {
        let share = (signs.changes > 0).then(|| signs.signed as f64 / signs.changes as f64);
        let service = measured.get(signs.service.as_str());
        let key = |id: &str| Cell::measured(service.and_then(|it| it.metrics.get(id)));
        let keys = words::KEYS.iter().filter(|_| has_keys).map(|(id, _)| key(id));
        let shares = [
            Cell::words(&signs.service).linked(site.to(&Page::Service(signs.service.clone()))),
            Cell::number(Unit::Ratio, share),
            Cell::count(signs.signed),
            Cell::count(signs.changes),
        ];
        listing.push(shares.into_iter().chain(keys));
    }
    listing
}
