//! The page of golden paths.

use askama::Template;
use truelevel_model::platform::{Contrast, PathUse, Platform, TeamSpread, UseBasis};

use super::evidence::GateRow;
use super::maturity::shown_stage_rows;
use super::parts::{Verdict, answer_verdict};
use super::{Page, Section, Site, rendered};
use crate::{numbers, platform as said, words};

/// Services of a path that are listed; more would hide the others.
const SERVICES_LISTED: usize = 30;

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
    outcomes: Vec<Sides>,
    spread: Vec<Spread>,
    profiles: Vec<Profile<'a>>,
    notes: &'a [String],
    context: Vec<String>,
    is_empty: bool,
}

struct Path<'a> {
    title: String,
    what: &'a [String],
    lines: Vec<String>,
    services: Vec<Row>,
    more: usize,
}

struct Row {
    name: String,
    link: String,
    state: &'static str,
    basis: &'static str,
    version: String,
    behind: String,
    deployments: String,
}

/// A key on and off the path.
struct Sides {
    key: String,
    on: String,
    off: String,
    finding: String,
}

/// How a key lies over teams.
struct Spread {
    key: String,
    teams: u64,
    middle: String,
    half: String,
    all: String,
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
        paths: platform.paths.iter().map(|found| path(site, found)).collect(),
        outcomes: platform.outcomes.iter().map(sides).collect(),
        spread: platform.spread.iter().map(spread).collect(),
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

fn sides(contrast: &Contrast) -> Sides {
    let side = |value: Option<f64>, n| match value {
        Some(value) => format!("{} ({})", numbers::value(contrast.unit, value), numbers::count(n, &contrast.of)),
        None => "no value".to_owned(),
    };
    Sides {
        key: said::key_name(&contrast.metric),
        on: side(contrast.median_on, contrast.n_on),
        off: side(contrast.median_off, contrast.n_off),
        finding: said::finding(contrast).map_or_else(String::new, |finding| words::sentence(&finding)),
    }
}

fn spread(spread: &TeamSpread) -> Spread {
    let between = |low, high| format!("{} and {}", numbers::value(spread.unit, low), numbers::value(spread.unit, high));
    let ratio = spread.ratio.map(|ratio| format!(", a factor of {ratio:.1}")).unwrap_or_default();
    Spread {
        key: said::key_name(&spread.metric),
        teams: spread.teams,
        middle: numbers::value(spread.unit, spread.median),
        half: between(spread.p25, spread.p75) + &ratio,
        all: between(spread.lowest, spread.highest),
    }
}

fn path<'a>(site: &Site<'_>, path: &'a truelevel_model::platform::GoldenPath) -> Path<'a> {
    let mut shown: Vec<_> = path.services.iter().collect();
    // Who is off or behind is what a reader looks for.
    shown.sort_by_key(|used| (std::cmp::Reverse(used.state), std::cmp::Reverse(used.behind), &used.service));
    Path {
        title: said::path_title(path),
        what: &path.what,
        lines: said::path(path),
        more: shown.len().saturating_sub(SERVICES_LISTED),
        services: shown
            .into_iter()
            .take(SERVICES_LISTED)
            .map(|used| Row {
                name: used.service.clone(),
                link: site.to(&Page::Service(used.service.clone())),
                state: match (used.state, used.is_excepted) {
                    (PathUse::Off, true) => "off, excepted",
                    (PathUse::On, _) => "on",
                    (PathUse::Partly, _) => "partly",
                    (PathUse::Off, false) => "off",
                    (PathUse::Unknown, _) => "cannot tell",
                },
                basis: match used.basis {
                    UseBasis::Ran => "what ran",
                    UseBasis::Files => "files",
                    UseBasis::Nothing => "nothing",
                },
                version: used.version.clone().unwrap_or_default(),
                behind: used.behind.map(|behind| behind.to_string()).unwrap_or_default(),
                deployments: match used.deployments_known {
                    0 => String::new(),
                    known => format!("{} of {known}", used.deployments_on),
                },
            })
            .collect(),
    }
}
