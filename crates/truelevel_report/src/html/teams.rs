//! Teams: what each owns, and how its services spread. No ranking, and no number pooled over services.

use askama::Template;
use truelevel_model::assessment::ServiceResult;

use super::listing::{Cell, Column, Listing, key_columns};
use super::overview::{ShownConstraint, shown_constraint};
use super::parts::{Shown, figure, level_range, shown_together, team_stages};
use super::{Page, Section, Site, rendered};
use crate::{numbers, words};

#[derive(Template)]
#[template(path = "pages/teams.html")]
struct Teams {
    /// As HTML; empty where no service has a team.
    teams: String,
    unowned: u64,
    /// How each key spreads over the teams.
    spreads: Vec<String>,
    /// In a report each team stands here too.
    details: Vec<Section>,
    h: u8,
}

#[derive(Template)]
#[template(path = "pages/team.html")]
struct OneTeam {
    h: u8,
    /// Every page for this team alone; a report has none.
    alone: Option<String>,
    stages: String,
    keys: Vec<Shown>,
    constraint: Option<ShownConstraint>,
    services: String,
}

fn of_team<'a>(site: &Site<'a>, team: &str) -> Vec<&'a ServiceResult> {
    site.assessment.each_service().filter(|service| service.team.as_deref() == Some(team)).collect()
}

/// The section of a report; none where no service has a team.
pub(super) fn in_report(site: &Site<'_>) -> Option<Section> {
    (!words::teams(site.assessment).is_empty()).then(|| section(site))
}

/// All teams.
pub(super) fn section(site: &Site<'_>) -> Section {
    let unowned = site.assessment.each_service().filter(|service| service.team.is_none()).count() as u64;
    let is_one_file = site.links.is_one_file();
    let names = words::teams(site.assessment);
    let details = names.iter().filter(|_| is_one_file).filter_map(|name| team(site, name)).collect();
    let teams = listing(site).html(site);
    Section {
        page: Page::Teams,
        title: Page::Teams.title(),
        lead: "What each team owns and what holds its services back. Teams with unlike services are not ranked."
            .to_owned(),
        html: rendered(&Teams { teams, unowned, spreads: spreads(site), details, h: site.heading() }),
    }
}

/// Every team; the keys are medians of its services.
pub(super) fn listing(site: &Site<'_>) -> Listing {
    let before = [
        Column::words("Team"),
        Column::numbers("Services"),
        Column::numbers("Active"),
        Column::words("Proven levels"),
        Column::words("Lowest in most services"),
    ];
    let mut listing = Listing::new("teams", "teams", before.into_iter().chain(key_columns(site))).finding("team");
    for name in words::teams(site.assessment) {
        let services = of_team(site, &name);
        let active = services.iter().filter(|service| service.is_active).count() as u64;
        let lowest = services.iter().map(|service| service.level.proven).min();
        let known = site.assessment.teams.iter().find(|team| team.team == name);
        let key =
            |(id, _): &(&str, &str)| Cell::measured(known.and_then(|team| Some(&team.metrics.get(*id)?.measurement)));
        let before = [
            Cell::words(&name).linked(site.to(&Page::Team(name.clone()))),
            Cell::count(services.len() as u64),
            Cell::count(active),
            Cell::by(spread(&services), lowest.map(f64::from)),
            Cell::words(lowest_stages(&services)),
        ];
        listing.push(before.into_iter().chain(words::KEYS.iter().map(key)));
    }
    listing
}

/// One team alone spreads over nothing.
fn spreads(site: &Site<'_>) -> Vec<String> {
    if site.assessment.teams.len() < 2 {
        return Vec::new();
    }
    let keys = words::KEYS.iter().map(|(id, _)| *id).chain(["deployment_rework_rate"]);
    keys.map(|id| figure(site, None, &format!("teams-{id}"))).filter(|html| !html.is_empty()).collect()
}

/// One team; `None` when it owns nothing.
pub(super) fn team(site: &Site<'_>, name: &str) -> Option<Section> {
    let owned = of_team(site, name);
    if owned.is_empty() {
        return None;
    }
    let known = site.assessment.teams.iter().find(|team| team.team == name);
    let decided = known.and_then(|team| team.first_constraint.as_ref());
    let key = |(id, _): &(&str, &str)| Some(shown_together(site, id, known?.metrics.get(*id)?));
    let alone = site.links.with(&Page::Overview, &[("team", name.to_owned())]);
    Some(Section {
        page: Page::Team(name.to_owned()),
        title: name.to_owned(),
        lead: format!("{}, {}.", numbers::count(owned.len() as u64, "service"), spread(&owned)),
        html: rendered(&OneTeam {
            h: site.heading() + u8::from(site.links.is_one_file()),
            alone: (!site.links.is_one_file()).then_some(alone),
            stages: known.map_or_else(String::new, |team| team_stages(site, team)),
            keys: words::KEYS.iter().filter_map(key).collect(),
            constraint: decided.map(|decided| shown_constraint(site, decided, None)),
            services: services(site, name).shown(site.links.download("services.csv")),
        }),
    })
}

/// The services that a team owns; their file is that of all services, asked for the team.
fn services(site: &Site<'_>, team: &str) -> Listing {
    // In a report the keys of all services stand in one table.
    let has_keys = !site.links.is_one_file();
    let before = [Column::words("Service"), Column::numbers("Level")];
    let columns = before.into_iter().chain(key_columns(site).filter(|_| has_keys)).chain([Column::words("Held by")]);
    let mut listing = Listing::new("", "services of the team", columns);
    if !has_keys {
        listing = listing.in_order();
    }
    for service in of_team(site, team) {
        let held = service.stages.iter().find(|stage| stage.proven == service.level.proven);
        let held = held.map(|stage| format!("{}: {}", stage.stage, stage.held_by)).unwrap_or_default();
        let before = [
            Cell::words(&service.service)
                .linked(site.to(&Page::Service(service.service.clone())))
                .tagged(site.idle_tag(service)),
            Cell::by(level_range(service.level), Some(f64::from(service.level.proven * 10 + service.level.possible))),
        ];
        let keys = words::KEYS.iter().filter(|_| has_keys).map(|(id, _)| Cell::measured(service.metrics.get(*id)));
        listing.push(before.into_iter().chain(keys).chain([Cell::words(held)]));
    }
    listing
}

fn spread(services: &[&ServiceResult]) -> String {
    let levels = || services.iter().map(|service| service.level.proven);
    match (levels().min(), levels().max()) {
        (Some(low), Some(high)) if low == high => format!("all at level {low}"),
        (Some(low), Some(high)) => format!("levels {low} to {high}"),
        _ => String::new(),
    }
}

/// The stages that are lowest in most of the services.
fn lowest_stages(services: &[&ServiceResult]) -> String {
    let mut counts: std::collections::BTreeMap<&str, usize> = std::collections::BTreeMap::new();
    for service in services {
        for stage in service.stages.iter().filter(|stage| stage.proven == service.level.proven) {
            *counts.entry(&stage.stage).or_default() += 1;
        }
    }
    let most = counts.iter().filter(|(_, count)| **count * 2 > services.len()).map(|(stage, _)| *stage);
    words::listed(&most.collect::<Vec<_>>())
}
