//! Pages that a server fills from more than an assessment: snapshots, comparison, self-assessment, first run, errors.

use askama::Template;
use truelevel_model::assessment::{Level, StageResult};
use truelevel_model::{Time, Unit};

use super::downloads::{CSV, Download, SVG};
use super::listing::{Cell, Column, Listing};
use super::parts::drawn;
use super::{Links, Live, Page, Section, Site, layout, rendered};
use crate::charts::{Chart, LevelAt, levels};
use crate::table::Table;
use crate::{numbers, words};

/// A stored assessment in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SnapshotRow {
    /// Its id, as addresses name it.
    pub id: String,
    /// What it answers for.
    pub as_of: Time,
    /// When it was stored.
    pub taken_at: Time,
    /// The proven level.
    pub proven: Level,
    /// The possible level.
    pub possible: Level,
    /// How many services it holds.
    pub services: u64,
    /// The first constraint, in a sentence.
    pub constraint: String,
    /// Whether it is what was stored, and follows the one before it.
    pub is_intact: bool,
}

/// Two stored assessments side by side.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// The earlier one.
    pub before: SnapshotRow,
    /// The later one.
    pub after: SnapshotRow,
    /// Metric by metric.
    pub values: Vec<ComparedValue>,
    /// Statements of gates that are met now and were not.
    pub gates_gained: Vec<String>,
    /// Statements of gates that were met and are not now.
    pub gates_lost: Vec<String>,
    /// What makes the two hard to compare: another definition, other services, another edition.
    pub cautions: Vec<String>,
}

/// A metric in two assessments.
#[derive(Clone, Debug)]
pub struct ComparedValue {
    /// The metric.
    pub metric: String,
    /// What the values count.
    pub unit: Unit,
    /// The earlier value.
    pub before: Option<f64>,
    /// The later value.
    pub after: Option<f64>,
    /// Whether the difference is more than noise; absent when it cannot be told.
    pub is_change: Option<bool>,
    /// Whether the later value is better, where the metric says what better is.
    pub is_better: Option<bool>,
    /// Why, in a sentence.
    pub because: String,
}

/// Something that can be connected.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    /// What: `Repositories`, `Deployments`, `Incidents`.
    pub name: String,
    /// Which answers it gives.
    pub gives: String,
    /// How to connect it, in a sentence.
    pub how: String,
    /// What to copy for it: commands, or lines of the configuration.
    pub snippet: String,
    /// Whether it is connected already.
    pub is_connected: bool,
}

/// Why a page cannot be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The HTTP status.
    pub status: u16,
    /// What happened, in a few words.
    pub title: String,
    /// What happened, in a sentence.
    pub says: String,
    /// What to do next, in a sentence.
    pub next: String,
    /// Whether there are other pages to go to.
    pub has_pages: bool,
}

#[derive(Template)]
#[template(path = "pages/snapshots.html")]
struct Snapshots {
    rows: Vec<ShownSnapshot>,
    compare_link: String,
    /// The level over them, as HTML.
    course: String,
    csv_link: Option<String>,
}

struct ShownSnapshot {
    id: String,
    link: String,
    as_of: String,
    taken_at: String,
    level: String,
    services: String,
    constraint: String,
    is_intact: bool,
}

#[derive(Template)]
#[template(path = "pages/compare.html")]
struct Compare<'a> {
    h: u8,
    level: String,
    comparison: &'a Comparison,
    /// As HTML.
    values: String,
}

#[derive(Template)]
#[template(path = "pages/declare.html")]
struct Declare<'a> {
    action: String,
    token: &'a str,
    problem: &'a str,
    stages: Vec<DeclaredStage>,
}

struct DeclaredStage {
    name: String,
    proven: String,
    levels: Vec<DeclaredLevel>,
}

/// A level of a stage, as the form offers it.
struct DeclaredLevel {
    level: Level,
    name: &'static str,
    /// What its gates ask beyond those of the levels below.
    asks: Vec<String>,
    is_declared: bool,
}

#[derive(Template)]
#[template(path = "pages/first_run.html")]
struct FirstRun<'a> {
    h: u8,
    connections: &'a [Connection],
}

#[derive(Template)]
#[template(path = "pages/waiting.html")]
struct Waiting<'a> {
    says: &'a str,
}

#[derive(Template)]
#[template(path = "pages/problem.html")]
struct ShownProblem<'a> {
    problem: &'a Problem,
    home: String,
}

/// The stored assessments, newest first.
pub fn snapshots(site: &Site<'_>, rows: &[SnapshotRow], live: &Live) -> String {
    let template = Snapshots {
        rows: rows.iter().map(|row| shown(site, row)).collect(),
        compare_link: site.to(&Page::Compare),
        course: course(rows).map_or_else(String::new, |chart| drawn(site, &chart, COURSE, true)),
        csv_link: site.links.download("snapshots.csv"),
    };
    let lead = "Assessments as they were stored. None is ever changed or removed.";
    page(site, Page::Snapshots, lead, rendered(&template), live)
}

/// What the picture of the level over all snapshots is called as a file.
const COURSE: &str = "level-over-time";

fn course(rows: &[SnapshotRow]) -> Option<Chart> {
    let at = |row: &SnapshotRow| LevelAt { label: words::day(row.as_of), proven: row.proven, possible: row.possible };
    levels("Level over time", &rows.iter().rev().map(at).collect::<Vec<_>>())
}

/// Whether a file is one of the page of snapshots.
pub fn is_of_snapshots(name: &str) -> bool {
    matches!(name.rsplit_once('.'), Some(("snapshots", "csv") | (COURSE, "csv" | "svg")))
}

/// A file of the page of snapshots: the list, or the level over time. `None` when there is no such thing.
pub fn snapshots_download(rows: &[SnapshotRow], name: &str) -> Option<Download> {
    let csv = |table: &Table| Download { media_type: CSV, content: table.csv() };
    match name.rsplit_once('.')? {
        ("snapshots", "csv") => {
            let mut table =
                Table::new(["snapshot", "as_of", "taken_at", "proven", "possible", "services", "constraint", "intact"]);
            for row in rows {
                table.push([
                    row.id.clone(),
                    row.as_of.to_string(),
                    row.taken_at.to_string(),
                    row.proven.to_string(),
                    row.possible.to_string(),
                    row.services.to_string(),
                    row.constraint.clone(),
                    row.is_intact.to_string(),
                ]);
            }
            Some(csv(&table))
        }
        (COURSE, "csv") => Some(csv(&course(rows)?.table)),
        (COURSE, "svg") => Some(Download { media_type: SVG, content: course(rows)?.file() }),
        _ => None,
    }
}

fn shown(site: &Site<'_>, row: &SnapshotRow) -> ShownSnapshot {
    let level =
        if row.possible > row.proven { format!("{}–{}", row.proven, row.possible) } else { row.proven.to_string() };
    ShownSnapshot {
        id: row.id.clone(),
        link: site.links.with(&Page::Overview, &[("snapshot", row.id.clone())]),
        as_of: words::day(row.as_of),
        taken_at: words::day(row.taken_at),
        level,
        services: numbers::digits(row.services as f64),
        constraint: row.constraint.clone(),
        is_intact: row.is_intact,
    }
}

/// What changed between two stored assessments, and whether it is more than noise.
pub fn compare(site: &Site<'_>, comparison: &Comparison, live: &Live) -> String {
    let (before, after) = (&comparison.before, &comparison.after);
    let level = match after.proven.cmp(&before.proven) {
        std::cmp::Ordering::Greater => format!("From level {} to level {}.", before.proven, after.proven),
        std::cmp::Ordering::Equal => format!("Still at level {}.", after.proven),
        std::cmp::Ordering::Less => format!("Down from level {} to level {}.", before.proven, after.proven),
    };
    let compared = [("before", before.id.clone()), ("after", after.id.clone())];
    let file = site.links.download_with("comparison.csv", &compared);
    let values = values(site, comparison).shown(file);
    let template = Compare { h: site.heading(), level, comparison, values };
    let lead = format!("{} beside {}.", words::day(before.as_of), words::day(after.as_of));
    page(site, Page::Compare, &lead, rendered(&template), live)
}

/// The comparison as a file.
pub fn compare_download(site: &Site<'_>, comparison: &Comparison) -> Download {
    Download { media_type: CSV, content: values(site, comparison).table().csv() }
}

/// Metric by metric, DORA's keys first.
fn values(site: &Site<'_>, comparison: &Comparison) -> Listing {
    let columns = [
        Column::words("Metric"),
        Column::numbers("Before"),
        Column::numbers("After"),
        Column::words("Is it a change?"),
        Column::words("Why"),
    ];
    let mut listing = Listing::new("comparison", "metrics compared", columns);
    let key = |id: &str| words::KEYS.iter().position(|(key, _)| *key == id).unwrap_or(words::KEYS.len());
    let mut values: Vec<&ComparedValue> = comparison.values.iter().collect();
    values.sort_by_key(|value| key(&value.metric));
    for compared in values {
        let (class, verdict) = match (compared.is_change, compared.is_better) {
            (Some(true), Some(true)) => ("yes", "better"),
            (Some(true), Some(false)) => ("no", "worse"),
            (Some(true), None) => ("none", "changed"),
            (Some(false), _) => ("none", "no more than noise"),
            (None, _) => ("unknown", "cannot tell"),
        };
        let value = |value: Option<f64>| match value {
            Some(_) => Cell::number(compared.unit, value),
            None => Cell::by("no value", None),
        };
        listing.push([
            Cell::words(site.reference.title(&compared.metric)).linked(site.to(&Page::Metric(compared.metric.clone()))),
            value(compared.before),
            value(compared.after),
            Cell::words(verdict).coloured(class),
            Cell::words(&compared.because),
        ]);
    }
    listing
}

/// The form in which a team says where it thinks it stands. `token` is what the server checks when the form comes
/// back; `problem` says what was wrong with what was sent, or is empty.
pub fn declare(site: &Site<'_>, token: &str, problem: &str, live: &Live) -> String {
    let level = |stage: &StageResult, level: Level| DeclaredLevel {
        level,
        name: words::level_name(level),
        asks: stage.gates.iter().filter(|gate| gate.level == level).map(|gate| gate.statement.clone()).collect(),
        is_declared: stage.declared == Some(level),
    };
    let stages = site.assessment.stages.iter().map(|stage| DeclaredStage {
        name: stage.stage.clone(),
        proven: words::stage_level(stage),
        levels: (1..=5).map(|number| level(stage, number)).collect(),
    });
    let template = Declare { action: site.to(&Page::Declare), token, problem, stages: stages.collect() };
    let lead =
        "Where do you believe you stand? What is measured does not change; the gap between the two is the finding.";
    page(site, Page::Declare, lead, rendered(&template), live)
}

/// What to connect while there is nothing to show yet.
pub fn first_run(links: &Links, connections: &[Connection], live: &Live) -> String {
    let section = Section {
        page: Page::Overview,
        title: "Nothing is connected yet".to_owned(),
        lead: "Truelevel answers from what really happened. Connect the first of these, and the rest when an answer asks for it.".to_owned(),
        html: rendered(&FirstRun { h: 2, connections }),
    };
    layout::served(links, None, section, &[], live)
}

/// A page while the first answer to what it asks for is computed.
pub fn waiting(links: &Links, at: Page, says: &str, live: &Live) -> String {
    let title = at.title();
    let html = rendered(&Waiting { says });
    layout::served(links, None, Section { page: at, title, lead: String::new(), html }, &[], live)
}

/// A page for what went wrong.
pub fn problem(links: &Links, problem: &Problem) -> String {
    let section = Section {
        page: Page::Nowhere(String::new()),
        title: problem.title.clone(),
        lead: String::new(),
        html: rendered(&ShownProblem { problem, home: links.to(&Page::Overview) }),
    };
    layout::served(links, None, section, &[], &Live { has_pages: problem.has_pages, ..Live::default() })
}

fn page(site: &Site<'_>, page: Page, lead: &str, html: String, live: &Live) -> String {
    let section = Section { title: page.title(), page, lead: lead.to_owned(), html };
    layout::served(&site.links, Some(site.assessment), section, &[], live)
}
