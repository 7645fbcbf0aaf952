//! The metrics: all in a table, and each with its definition and its spread over the services.

use askama::Template;
use truelevel_model::assessment::ServiceResult;
use truelevel_model::{Band, Measurement};

use super::listing::{Cell, Column, Listing};
use super::overview::{LeftOut, left_out};
use super::parts::{ALL_VALUES, Shown, figure, shown_spread};
use super::{Page, Section, Site, markdown, rendered};
use crate::{numbers, words};

const LEAD_TIME: &str = "change_lead_time";

#[derive(Template)]
#[template(path = "pages/delivery.html")]
struct Delivery {
    h: u8,
    metrics: Vec<Shown>,
    csv_link: Option<String>,
    details: Vec<Detail>,
    /// In a report: every value of every service.
    all_values: Option<AllValues>,
}

struct AllValues {
    id: &'static str,
    metrics: Vec<(String, String)>,
    services: Vec<ServiceValues>,
}

struct ServiceValues {
    link: String,
    name: String,
    /// Each with what it stands on.
    values: Vec<(String, String)>,
}

struct Detail {
    id: String,
    title: String,
    html: String,
}

#[derive(Template)]
#[template(path = "pages/metric.html")]
struct Metric {
    h: u8,
    shown: Shown,
    trend: String,
    /// How long it waited, and what lead time is made of.
    waiting: String,
    segments: String,
    spread: String,
    details: Vec<(String, String)>,
    /// As HTML.
    services: String,
    /// How many services have no value; empty when none is left out.
    without: String,
    left_out: Vec<LeftOut>,
    left_out_csv: Option<String>,
    definition: String,
    definition_id: String,
    /// In a report the definition stands with the others.
    definition_link: Option<String>,
}

/// All metrics: the keys, what has a value, what has none.
fn ids<'a>(site: &Site<'a>) -> Vec<&'a str> {
    let is_key = |id: &str| words::KEYS.iter().any(|(key, _)| *key == id);
    let keys = words::KEYS.iter().map(|(id, _)| *id).filter(|id| site.assessment.metrics.contains_key(*id));
    let has_value = |id: &&str| {
        let measured = site.assessment.metric(id).map(|spread| &spread.measurement);
        measured.is_some_and(|measured| measured.value.is_some() || measured.at_least.is_some())
    };
    let others = || site.assessment.metrics.keys().map(String::as_str).filter(|id| !is_key(id));
    keys.chain(others().filter(has_value)).chain(others().filter(|id| !has_value(id))).collect()
}

pub(super) fn section(site: &Site<'_>) -> Section {
    let is_one_file = site.links.is_one_file();
    let details = ids(site).into_iter().filter(|_| is_one_file).filter_map(|id| {
        Some(Detail {
            id: Page::Metric(id.to_owned()).fragment(),
            title: site.reference.title(id),
            html: body(site, id)?,
        })
    });
    let template = Delivery {
        h: site.heading(),
        metrics: ids(site).into_iter().filter_map(|id| shown_spread(site, id)).collect(),
        csv_link: site.links.download("metrics.csv"),
        details: details.collect(),
        all_values: (is_one_file && site.assessment.services.len() > 1).then(|| all_values(site)),
    };
    Section {
        page: Page::Delivery,
        title: Page::Delivery.title(),
        lead: match site.assessment.services.len() {
            1 => "What was measured of the only service.".to_owned(),
            _ => "What was measured. A value over several services is the median of the services' own values: unlike services are never pooled.".to_owned(),
        },
        html: rendered(&template),
    }
}

/// The metrics that some service has a value of.
pub(super) fn known<'a>(site: &Site<'a>) -> Vec<&'a str> {
    let has_value = |id: &&str| site.assessment.metric(id).is_some_and(|spread| spread.services_measured > 0);
    ids(site).into_iter().filter(has_value).collect()
}

/// What some service has a value of, and those values.
fn all_values(site: &Site<'_>) -> AllValues {
    let known = known(site);
    let row = |service: &ServiceResult| {
        let value = |id: &&str| {
            let measured = service.metrics.get(*id);
            measured.map_or_else(
                || ("–".to_owned(), String::new()),
                |measured| (numbers::in_a_column(measured), numbers::behind(measured)),
            )
        };
        let link = site.to(&Page::Service(service.service.clone()));
        ServiceValues { link, name: service.service.clone(), values: known.iter().map(value).collect() }
    };
    AllValues {
        id: ALL_VALUES,
        metrics: known.iter().map(|id| (site.to(&Page::Metric((*id).to_owned())), site.reference.title(id))).collect(),
        services: site.assessment.each_service().map(row).collect(),
    }
}

/// One metric; `None` when it was not measured.
pub(super) fn metric(site: &Site<'_>, id: &str) -> Option<Section> {
    Some(Section {
        page: Page::Metric(id.to_owned()),
        title: site.reference.title(id),
        lead: String::new(),
        html: body(site, id)?,
    })
}

fn body(site: &Site<'_>, id: &str) -> Option<String> {
    let spread = site.assessment.metric(id)?;
    let is_one_file = site.links.is_one_file();
    let definition = site.reference.definitions.get(id);
    let details =
        spread.measurement.details.iter().map(|(name, value)| (name.replace('_', " "), numbers::digits(*value)));
    let services = services(site, id);
    let without = spread.services.saturating_sub(services.len() as u64);
    let mut shown = shown_spread(site, id)?;
    if spread.services > 1 && !site.reference.bands.rules.contains_key(id) {
        // The spread below shows the same without a band to stand against.
        shown.figure = String::new();
    }
    let details: Vec<(String, String)> = details.collect();
    let template = Metric {
        h: site.heading() + u8::from(is_one_file),
        shown,
        trend: figure(site, None, &format!("trend-{id}")),
        waiting: figure(site, None, &format!("survival-{id}")),
        segments: if id == LEAD_TIME { figure(site, None, "segments") } else { String::new() },
        spread: if spread.services > 1 { figure(site, None, &format!("spread-{id}")) } else { String::new() },
        details: if details.len() > 1 { details } else { Vec::new() },
        without: if is_one_file || services.is_empty() || without == 0 {
            String::new()
        } else {
            format!("{} without a value.", numbers::count(without, "service"))
        },
        services: if is_one_file { String::new() } else { services.html(site) },
        left_out: if is_one_file { Vec::new() } else { left_out(site, &site.assessment.exclusions) },
        left_out_csv: site.links.download("exclusions.csv"),
        definition_link: is_one_file
            .then(|| site.to(&Page::Definition(id.to_owned())))
            .filter(|_| definition.is_some()),
        definition: definition
            .filter(|_| !is_one_file)
            .map_or_else(String::new, |definition| markdown::rendered(&definition.body)),
        definition_id: spread.measurement.definition.clone(),
    };
    Some(rendered(&template))
}

/// A metric of each service that has a value of it, the largest first.
pub(super) fn services(site: &Site<'_>, id: &str) -> Listing {
    let columns = [
        Column::words("Service"),
        Column::measured("Value"),
        Column::words("95 % interval"),
        Column::numbers("Sample"),
        Column::numbers("Still open"),
        Column::words("Band"),
    ];
    let mut listing = Listing::new(&format!("values-{id}"), "services", columns).finding("service");
    let known = |measured: &&Measurement| measured.value.or(measured.at_least);
    let mut services: Vec<(&ServiceResult, &Measurement)> = site
        .judged()
        .filter_map(|service| Some((service, service.metrics.get(id)?)))
        .filter(|(_, measured)| known(measured).is_some())
        .collect();
    services.sort_by(|(a, x), (b, y)| {
        let value = |measured| known(measured).unwrap_or_default();
        value(y).total_cmp(&value(x)).then_with(|| a.service.cmp(&b.service))
    });
    for (service, measured) in services {
        let interval = numbers::interval(measured).unwrap_or_else(|| "none".to_owned());
        listing.push([
            Cell::words(&service.service).linked(site.to(&Page::Service(service.service.clone()))),
            Cell::measured(Some(measured)).standing_on(""),
            Cell::by(interval, measured.low.filter(|_| !measured.is_lower_bound)),
            Cell::count(measured.n),
            Cell::count(measured.censored),
            Cell::by(
                numbers::band(measured).unwrap_or_else(|| "cannot tell".to_owned()),
                measured.band.and_then(|band| Band::ALL.iter().position(|known| *known == band)).map(|at| at as f64),
            ),
        ]);
    }
    listing
}
