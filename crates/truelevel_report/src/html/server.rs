//! Pages that a server fills from more than an assessment: snapshots, comparison, self-assessment, first run, errors.

use askama::Template;
use truelevel_model::assessment::Level;
use truelevel_model::{Time, Unit};

use super::{Links, Live, Page, Section, Site, layout, rendered};
use crate::charts::{Sparkline, sparkline};
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
    /// The command or setting that connects it.
    pub how: String,
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
}

#[derive(Template)]
#[template(path = "pages/snapshots.html")]
struct Snapshots {
    rows: Vec<ShownSnapshot>,
    compare_link: String,
    line: Option<(String, String)>,
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
    values: Vec<Value>,
}

struct Value {
    name: String,
    link: String,
    before: String,
    after: String,
    class: &'static str,
    verdict: &'static str,
    because: String,
}

#[derive(Template)]
#[template(path = "pages/declare.html")]
struct Declare<'a> {
    action: String,
    token: &'a str,
    problem: &'a str,
    stages: Vec<DeclaredStage>,
    levels: Vec<(Level, &'static str, &'static str)>,
}

struct DeclaredStage {
    name: String,
    declared: Level,
    proven: String,
}

#[derive(Template)]
#[template(path = "pages/first_run.html")]
struct FirstRun<'a> {
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
    let levels: Vec<(String, Option<f64>)> =
        rows.iter().rev().map(|row| (words::day(row.as_of), Some(f64::from(row.proven)))).collect();
    let line =
        sparkline(&Sparkline { title: "Proven level", unit: Unit::Count, values: &levels, limits: None, says: "" });
    let line = line.map(|chart| (chart.svg(), chart.finding));
    let template = Snapshots {
        rows: rows.iter().map(|row| shown(site, row)).collect(),
        compare_link: site.to(&Page::Compare),
        line,
    };
    let lead = "Assessments as they were stored. None is ever changed or removed.";
    page(site, Page::Snapshots, lead, rendered(&template), live)
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
    let value =
        |unit, value: Option<f64>| value.map_or_else(|| "no value".to_owned(), |value| numbers::value(unit, value));
    let values = comparison.values.iter().map(|compared| {
        let (class, verdict) = match (compared.is_change, compared.is_better) {
            (Some(true), Some(true)) => ("yes", "better"),
            (Some(true), Some(false)) => ("no", "worse"),
            (Some(true), None) => ("none", "changed"),
            (Some(false), _) => ("none", "no more than noise"),
            (None, _) => ("unknown", "cannot tell"),
        };
        Value {
            name: site.reference.title(&compared.metric),
            link: site.to(&Page::Metric(compared.metric.clone())),
            before: value(compared.unit, compared.before),
            after: value(compared.unit, compared.after),
            class,
            verdict,
            because: compared.because.clone(),
        }
    });
    let template = Compare { h: site.heading(), level, comparison, values: values.collect() };
    let lead = format!("{} beside {}.", words::day(before.as_of), words::day(after.as_of));
    page(site, Page::Compare, &lead, rendered(&template), live)
}

/// The form in which a team says where it thinks it stands. `token` is what the server checks when the form comes
/// back; `problem` says what was wrong with what was sent, or is empty.
pub fn declare(site: &Site<'_>, token: &str, problem: &str, live: &Live) -> String {
    let stages = site.assessment.stages.iter().map(|stage| DeclaredStage {
        name: stage.stage.clone(),
        declared: stage.declared.unwrap_or(0),
        proven: words::stage_level(stage),
    });
    let template = Declare {
        action: site.to(&Page::Declare),
        token,
        problem,
        stages: stages.collect(),
        levels: (1..=5).map(|level| (level, words::level_name(level), words::level_looks(level))).collect(),
    };
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
        html: rendered(&FirstRun { connections }),
    };
    layout::served(links, None, section, live)
}

/// A page while the first answer to what it asks for is computed.
pub fn waiting(links: &Links, at: Page, says: &str, live: &Live) -> String {
    let title = at.title();
    let html = rendered(&Waiting { says });
    layout::served(links, None, Section { page: at, title, lead: String::new(), html }, live)
}

/// A page for what went wrong.
pub fn problem(links: &Links, problem: &Problem) -> String {
    let section = Section {
        page: Page::Nowhere(String::new()),
        title: problem.title.clone(),
        lead: String::new(),
        html: rendered(&ShownProblem { problem, home: links.to(&Page::Overview) }),
    };
    layout::served(links, None, section, &Live::default())
}

fn page(site: &Site<'_>, page: Page, lead: &str, html: String, live: &Live) -> String {
    let section = Section { title: page.title(), page, lead: lead.to_owned(), html };
    layout::served(&site.links, Some(site.assessment), section, live)
}
