//! All services: the table that people search.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use truelevel_model::Measurement;
use truelevel_model::assessment::{Assessment, GateResult, ServiceResult, StageResult};

use super::notes::{Notes, Shared};
use super::parts::{ALL_GATES, Verdict, figure, gate_verdict, level_range};
use super::{Links, Page, Section, Site, figures, rendered, service};
use crate::{numbers, words};

/// Services with a section of their own in a report: one with more is too large to be mailed.
pub(super) const MOST_TOLD: usize = 250;
/// Services on one page of a server.
const PER_PAGE: usize = 200;
/// The orders that a server offers, with their names.
const ORDERS: [(&str, &str); 6] = [
    ("level", "lowest level first"),
    ("name", "name"),
    ("deployment_frequency", "deployed most often"),
    ("change_lead_time", "longest lead time"),
    ("change_fail_rate", "highest fail rate"),
    ("failed_deployment_recovery_time", "longest recovery"),
];

/// Which services a server's page shows, in which order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// A part of the name, in any case.
    pub text: String,
    /// Only of this team.
    pub team: Option<String>,
    /// Only at this proven level.
    pub level: Option<u8>,
    /// The name of an order; the lowest level first unless said otherwise.
    pub sort: Option<String>,
    /// Which page of the table, from 0.
    pub page: usize,
}

impl Filter {
    fn fits(&self, service: &ServiceResult) -> bool {
        service.service.to_lowercase().contains(&self.text.to_lowercase())
            && self.team.as_ref().is_none_or(|team| service.team.as_ref() == Some(team))
            && self.level.is_none_or(|level| service.level.proven == level)
    }

    fn is_of_team(&self, team: &str) -> bool {
        self.team.as_deref() == Some(team)
    }

    fn is_at_level(&self, level: &u8) -> bool {
        self.level == Some(*level)
    }

    fn sort_name(&self) -> &'static str {
        let wanted = self.sort.as_deref().unwrap_or_default();
        ORDERS.iter().find(|(id, _)| *id == wanted).map_or("level", |(id, _)| id)
    }

    /// The services that fit, in the order that is asked for.
    pub fn ordered<'a>(&self, assessment: &'a Assessment) -> Vec<&'a ServiceResult> {
        let mut fitting: Vec<&ServiceResult> = assessment.each_service().filter(|service| self.fits(service)).collect();
        let sort = self.sort_name();
        fitting.sort_by(|a, b| {
            let by_name = || a.service.cmp(&b.service);
            match sort {
                "name" => by_name(),
                "level" => by_level(a).cmp(&by_level(b)).then_with(by_name),
                id => {
                    let value =
                        |service: &ServiceResult| service.metrics.get(id).and_then(known).unwrap_or(f64::NEG_INFINITY);
                    value(b).total_cmp(&value(a)).then_with(by_name)
                }
            }
        });
        fitting
    }

    pub(super) fn pairs(&self) -> Vec<(&'static str, String)> {
        let mut pairs = Vec::new();
        if !self.text.is_empty() {
            pairs.push(("q", self.text.clone()));
        }
        pairs.extend(self.team.clone().map(|team| ("of_team", team)));
        pairs.extend(self.level.map(|level| ("level", level.to_string())));
        pairs.extend(self.sort.clone().map(|sort| ("sort", sort)));
        pairs
    }
}

/// The lowest first; what is not deployed last.
fn by_level(service: &ServiceResult) -> (bool, u8, u8) {
    (!service.is_active, service.level.proven, service.level.possible)
}

/// A value that says something.
fn known(measured: &Measurement) -> Option<f64> {
    measured.value.or(measured.at_least).filter(|_| numbers::says_something(measured))
}

#[derive(Template)]
#[template(path = "pages/services.html")]
struct Services<'a> {
    h: u8,
    is_server: bool,
    is_filtered: bool,
    filter: &'a Filter,
    kept: Vec<(&'static str, String)>,
    teams: Vec<String>,
    levels: [u8; 5],
    orders: [(&'static str, &'static str); 6],
    has_teams: bool,
    has_kinds: bool,
    stage_names: String,
    maturity_link: String,
    /// The metrics: where each is explained, and its name.
    heads: Vec<(Option<String>, &'static str)>,
    grid: String,
    count: String,
    csv_link: Option<String>,
    rows: Vec<Row>,
    pager: Option<Pager>,
    /// In a report: what the pictures of services share, and each service.
    pictures: String,
    /// Where reasons and evidence are left out of each.
    all_gates: Option<AllGates>,
    /// How many services have no section of their own.
    without_section: String,
    details: Vec<Detail>,
    shared: Vec<Shared>,
}

struct Row {
    name: String,
    link: String,
    team: String,
    tag: Option<&'static str>,
    level: String,
    level_value: u8,
    stages: Vec<(String, u8)>,
    stages_value: u32,
    cells: Vec<Cell>,
    /// Where its deployments come from.
    from: &'static str,
}

struct Cell {
    text: String,
    /// Interval and sample.
    small: String,
    /// For sorting; empty when unknown.
    value: String,
}

struct Pager {
    before: Option<String>,
    shown: String,
    after: Option<String>,
}

/// Each gate of each service.
struct AllGates {
    id: &'static str,
    /// Address, stage and level, and name.
    gates: Vec<(String, String, String)>,
    services: Vec<GatesOfOne>,
}

/// Each gate of one service.
struct GatesOfOne {
    /// Where links to the service lead, when it has no section of its own.
    id: Option<String>,
    link: String,
    name: String,
    verdicts: Vec<String>,
}

struct Detail {
    id: String,
    name: String,
    level: String,
    html: String,
}

pub(super) fn section(site: &Site<'_>, filter: &Filter) -> Section {
    let all = &site.assessment.services;
    let fitting = filter.ordered(site.assessment);
    let is_server = !site.links.is_one_file();
    let shown: &[&ServiceResult] = if is_server {
        let from = filter.page.saturating_mul(PER_PAGE).min(fitting.len());
        &fitting[from..fitting.len().min(from + PER_PAGE)]
    } else {
        &fitting
    };
    let stages: Vec<&str> = site.assessment.stages.iter().map(|stage| stage.stage.as_str()).collect();
    let is_filtered = *filter != Filter::default();
    let count = if fitting.len() == all.len() {
        numbers::count(all.len() as u64, "service")
    } else {
        format!("{} of {}", numbers::digits(fitting.len() as f64), numbers::count(all.len() as u64, "service"))
    };
    let told = if is_server { &[][..] } else { &fitting[..fitting.len().min(MOST_TOLD)] };
    let notes = Notes::of(told.iter().flat_map(|service| service::blocks(site, service)));
    let without_section = match fitting.len() - told.len() {
        without if is_server || without == 0 => String::new(),
        without => numbers::count(without as u64, "service"),
    };
    let template = Services {
        h: site.heading(),
        is_server,
        is_filtered,
        filter,
        kept: kept(&site.links),
        teams: words::teams(site.assessment),
        levels: [1, 2, 3, 4, 5],
        orders: ORDERS,
        has_teams: all.iter().any(|service| service.team.is_some()),
        has_kinds: site.assessment.coverage.services_by_deployment_data.len() > 1,
        stage_names: stages.join(" · "),
        maturity_link: site.to(&Page::Maturity),
        heads: words::KEYS.iter().map(|(id, name)| (site.explained(id), *name)).collect(),
        grid: if is_filtered { String::new() } else { figure(site, None, "grid") },
        count,
        csv_link: site.links.download_with("services.csv", &filter.pairs()),
        rows: shown.iter().map(|service| row(site, service)).collect(),
        pager: pager(site, filter, fitting.len()).filter(|_| is_server),
        pictures: if is_server { String::new() } else { figures::shared(site) },
        all_gates: site.is_brief().then(|| all_gates(site, told)),
        without_section,
        shared: notes.shared(),
        details: told.iter().map(|service| detail(site, service, &notes)).collect(),
    };
    Section {
        page: Page::Services,
        title: Page::Services.title(),
        lead: "What is deployed. Each stands at its lowest stage.".to_owned(),
        html: rendered(&template),
    }
}

/// What a form must carry on, since sending it replaces the query.
fn kept(links: &Links) -> Vec<(&'static str, String)> {
    match links {
        Links::Server { query, .. } => query.pairs(),
        Links::OneFile => Vec::new(),
    }
}

fn row(site: &Site<'_>, service: &ServiceResult) -> Row {
    let cell = |id: &str| {
        let measured = service.metrics.get(id);
        let value = measured.and_then(known);
        let said = measured.filter(|_| value.is_some());
        Cell {
            text: said.map_or_else(|| "–".to_owned(), numbers::in_a_column),
            small: said.map_or_else(String::new, numbers::behind),
            value: value.map_or_else(String::new, |value| value.to_string()),
        }
    };
    Row {
        name: service.service.clone(),
        link: site.to(&Page::Service(service.service.clone())),
        team: service.team.clone().unwrap_or_default(),
        tag: site.idle_tag(service),
        level: level_range(service.level),
        level_value: service.level.proven * 10 + service.level.possible,
        stages: service.stages.iter().map(|stage| (stage.stage.clone(), stage.proven)).collect(),
        stages_value: service.stages.iter().map(|stage| u32::from(stage.proven)).sum(),
        cells: words::KEYS.iter().map(|(id, _)| cell(id)).collect(),
        from: words::deployments_from(service.deployment_data),
    }
}

fn detail(site: &Site<'_>, service: &ServiceResult, notes: &Notes) -> Detail {
    Detail {
        id: Page::Service(service.service.clone()).fragment(),
        name: service.service.clone(),
        level: level_range(service.level),
        html: service::body(site, service, notes),
    }
}

/// `told` are the services with a section of their own.
fn all_gates(site: &Site<'_>, told: &[&ServiceResult]) -> AllGates {
    let told: BTreeSet<&str> = told.iter().map(|service| service.service.as_str()).collect();
    let stages = || site.assessment.stages.iter().chain(&site.assessment.lanes);
    let gates = || stages().flat_map(|stage| stage.gates.iter().map(move |gate| (stage, gate)));
    let row = |service: &ServiceResult| {
        let own = service.stages.iter().chain(&service.lanes).flat_map(|stage| &stage.gates);
        let own: BTreeMap<&str, Verdict> =
            own.map(|gate| (gate.gate.as_str(), gate_verdict(gate.outcome, gate.is_intention))).collect();
        let said = |gate: &GateResult| {
            own.get(gate.gate.as_str()).map_or_else(String::new, |verdict| format!("{} {}", verdict.sign, verdict.word))
        };
        let page = Page::Service(service.service.clone());
        GatesOfOne {
            id: (!told.contains(service.service.as_str())).then(|| page.fragment()),
            link: site.to(&page),
            name: service.service.clone(),
            verdicts: gates().map(|(_, gate)| said(gate)).collect(),
        }
    };
    let named = |(stage, gate): (&StageResult, &GateResult)| {
        let link = site.to(&Page::Definition(gate.gate.clone()));
        (link, format!("{} {}", stage.stage, gate.level), gate.gate.replace('_', " "))
    };
    AllGates {
        id: ALL_GATES,
        gates: gates().map(named).collect(),
        services: site.assessment.each_service().map(row).collect(),
    }
}

fn pager(site: &Site<'_>, filter: &Filter, fitting: usize) -> Option<Pager> {
    if fitting <= PER_PAGE {
        return None;
    }
    let last = (fitting - 1) / PER_PAGE;
    let at = filter.page.min(last);
    let to = |page: usize| {
        let mut pairs = filter.pairs();
        pairs.push(("page", page.to_string()));
        site.links.with(&Page::Services, &pairs)
    };
    Some(Pager {
        before: (at > 0).then(|| to(at - 1)),
        shown: {
            let digits = |number: usize| numbers::digits(number as f64);
            let (from, to) = (digits(at * PER_PAGE + 1), digits(fitting.min((at + 1) * PER_PAGE)));
            format!("{from} to {to} of {}", digits(fitting))
        },
        after: (at < last).then(|| to(at + 1)),
    })
}
