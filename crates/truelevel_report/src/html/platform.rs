//! The page of golden paths.

use askama::Template;
use truelevel_model::Unit;
use truelevel_model::platform::{PathUse, Platform, UseBasis};

use super::evidence::GateRow;
use super::listing::{Cell, Column, Listing};
use super::maturity::shown_stage_rows;
use super::parts::{Verdict, answer_verdict};
use super::{Page, Section, Site, rendered};
use crate::{numbers, platform as said, words};

#[derive(Template)]
#[template(path = "pages/platform.html")]
struct Paths<'a> {
    h: u8,
    level: Option<String>,
    held_by: String,
    gates: Vec<GateRow>,
    taken: &'static str,
    adoption: String,
    paths: Vec<Path<'a>>,
    /// As HTML.
    outcomes: String,
    /// As HTML.
    spread: String,
    profiles: Vec<Profile<'a>>,
    notes: &'a [String],
    context: Vec<String>,
    is_empty: bool,
}

struct Path<'a> {
    title: String,
    what: &'a [String],
    lines: Vec<String>,
    /// As HTML.
    services: String,
}

struct Profile<'a> {
    title: &'a str,
    statement: &'a str,
    expect: &'a str,
    verdict: Verdict,
    because: &'a [String],
}

pub(super) fn section(site: &Site<'_>) -> Section {
    let lane = site.assessment.lanes.iter().find(|lane| lane.stage == "platform");
    let none = Platform::default();
    let platform = site.assessment.platform.as_ref().unwrap_or(&none);
    let template = Paths {
        h: site.heading(),
        level: lane.map(|lane| words::capitalised(&words::stage_level(lane))),
        held_by: lane.map_or_else(String::new, |lane| words::sentence(&lane.held_by)),
        gates: lane.map_or_else(Vec::new, |lane| shown_stage_rows(site, lane)),
        taken: said::taken(platform),
        adoption: said::adoption(&platform.adoption),
        paths: platform.paths.iter().enumerate().map(|(place, found)| path(site, place, found)).collect(),
        outcomes: outcomes(site).html(site),
        spread: spread(site).html(site),
        profiles: platform
            .profiles
            .iter()
            .map(|profile| Profile {
                title: &profile.title,
                statement: &profile.statement,
                expect: &profile.expect,
                verdict: answer_verdict(profile.holds),
                because: &profile.because,
            })
            .collect(),
        notes: &platform.notes,
        context: platform.context.iter().map(|it| format!("{} ({})", it.finding, it.source)).collect(),
        is_empty: site.assessment.platform.is_none(),
    };
    Section {
        page: Page::Platform,
        title: Page::Platform.title(),
        lead: "Whether the easiest way to deliver is the shared one, and whether teams take it.".to_owned(),
        html: rendered(&template),
    }
}

/// Keys on and off the path.
pub(super) fn outcomes(site: &Site<'_>) -> Listing {
    let columns = [
        Column::words("Key"),
        Column::numbers("On the path"),
        Column::numbers("Off the path"),
        Column::words("On against off"),
    ];
    let mut listing = Listing::new("on-and-off-the-path", "keys by path", columns);
    for contrast in site.assessment.platform.iter().flat_map(|platform| &platform.outcomes) {
        let side = |value, n| Cell::number(contrast.unit, value).standing_on(numbers::count(n, &contrast.of));
        let finding = said::finding(contrast).map_or_else(String::new, |finding| words::sentence(&finding));
        listing.push([
            key(site, &contrast.metric),
            side(contrast.median_on, contrast.n_on),
            side(contrast.median_off, contrast.n_off),
            Cell::words(finding),
        ]);
    }
    listing
}

/// How keys lie over teams.
pub(super) fn spread(site: &Site<'_>) -> Listing {
    let columns = ["Teams", "Lowest", "Lower quarter", "Middle team", "Upper quarter", "Highest", "Quarters apart by"];
    let columns = [Column::words("Key")].into_iter().chain(columns.map(Column::numbers));
    let mut listing = Listing::new("keys-over-teams", "keys over teams", columns);
    for spread in site.assessment.platform.iter().flat_map(|platform| &platform.spread) {
        let number = |value| Cell::number(spread.unit, Some(value));
        listing.push([
            key(site, &spread.metric),
            Cell::count(spread.teams),
            number(spread.lowest),
            number(spread.p25),
            number(spread.median),
            number(spread.p75),
            number(spread.highest),
            Cell::by(spread.ratio.map_or_else(String::new, |ratio| format!("a factor of {ratio:.1}")), spread.ratio),
        ]);
    }
    listing
}

fn key(site: &Site<'_>, metric: &str) -> Cell {
    Cell::words(said::key_name(metric)).linked(site.explained(metric))
}

/// The services of the golden path at a place; who is off or behind comes first, for that is what a reader looks for.
pub(super) fn services(site: &Site<'_>, place: usize) -> Option<Listing> {
    let path = site.assessment.platform.as_ref()?.paths.get(place)?;
    let columns = [
        Column::words("Service"),
        Column::words("Stands"),
        Column::words("By"),
        Column::words("Version"),
        Column::numbers("Versions behind"),
        Column::numbers("Deployments over it"),
        Column::numbers("Deployments known"),
    ];
    let label = format!("services and {}", said::path_title(path));
    let mut listing = Listing::new(&format!("path-{place}"), &label, columns).finding("service");
    let mut shown: Vec<_> = path.services.iter().collect();
    shown.sort_by_key(|used| (std::cmp::Reverse(used.state), std::cmp::Reverse(used.behind), &used.service));
    for used in shown {
        let state = match (used.state, used.is_excepted) {
            (PathUse::Off, true) => "off, excepted",
            (PathUse::On, _) => "on",
            (PathUse::Partly, _) => "partly",
            (PathUse::Off, false) => "off",
            (PathUse::Unknown, _) => "cannot tell",
        };
        let basis = match used.basis {
            UseBasis::Ran => "what ran",
            UseBasis::Files => "files",
            UseBasis::Nothing => "nothing",
        };
        let known = used.deployments_known;
        listing.push([
            Cell::words(&used.service).linked(site.to(&Page::Service(used.service.clone()))),
            Cell::words(state),
            Cell::words(basis),
            Cell::words(used.version.clone().unwrap_or_default()),
            Cell::number(Unit::Count, used.behind.map(|behind| behind as f64)),
            Cell::number(Unit::Count, (known > 0).then_some(used.deployments_on as f64)),
            Cell::number(Unit::Count, (known > 0).then_some(known as f64)),
        ]);
    }
    Some(listing)
}

fn path<'a>(site: &Site<'_>, place: usize, path: &'a truelevel_model::platform::GoldenPath) -> Path<'a> {
    Path {
        title: said::path_title(path),
        what: &path.what,
        lines: said::path(path),
        services: services(site, place).map_or_else(String::new, |listing| listing.html(site)),
    }
}
