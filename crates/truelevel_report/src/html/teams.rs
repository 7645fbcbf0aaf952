//! Teams: what each owns, and how its services spread. No ranking, and no number pooled over services.

use askama::Template;
use truelevel_model::assessment::ServiceResult;

use super::overview::{ShownConstraint, shown_constraint};
use super::parts::{figure, level_range};
use super::{Page, Section, Site, rendered};
use crate::{numbers, words};

#[derive(Template)]
#[template(path = "pages/teams.html")]
struct Teams {
    teams: Vec<Team>,
    unowned: u64,
    /// How each key spreads over the teams.
    spreads: Vec<String>,
    /// In a report each team stands here too.
    details: Vec<Section>,
    h: u8,
}

struct Team {
    name: String,
    link: String,
    services: u64,
    active: u64,
    /// From the lowest to the highest proven level.
    levels: String,
    lowest_stages: String,
}

#[derive(Template)]
#[template(path = "pages/team.html")]
struct OneTeam {
    h: u8,
    constraint: Option<ShownConstraint>,
    services: Vec<Service>,
}

struct Service {
    name: String,
    link: String,
    level: String,
    frequency: String,
    lead_time: String,
    held_by: String,
}

fn of_team<'a>(site: &Site<'a>, team: &str) -> Vec<&'a ServiceResult> {
    site.assessment.services.iter().filter(|service| service.team.as_deref() == Some(team)).collect()
}

/// The section of a report; none where no service has a team.
pub(super) fn in_report(site: &Site<'_>) -> Option<Section> {
    (!words::teams(site.assessment).is_empty()).then(|| section(site))
}

/// All teams.
pub(super) fn section(site: &Site<'_>) -> Section {
    let teams = words::teams(site.assessment).into_iter().map(|name| {
        let services = of_team(site, &name);
        Team {
            link: site.to(&Page::Team(name.clone())),
            services: services.len() as u64,
            active: services.iter().filter(|service| service.is_active).count() as u64,
            levels: spread(&services),
            lowest_stages: lowest_stages(&services),
            name,
        }
    });
    let unowned = site.assessment.services.iter().filter(|service| service.team.is_none()).count() as u64;
    let is_one_file = site.links.is_one_file();
    let names = words::teams(site.assessment);
    let details = names.iter().filter(|_| is_one_file).filter_map(|name| team(site, name)).collect();
    Section {
        page: Page::Teams,
        title: Page::Teams.title(),
        lead: "What each team owns and what holds its services back. Teams with unlike services are not ranked."
            .to_owned(),
        html: rendered(&Teams { teams: teams.collect(), unowned, spreads: spreads(site), details, h: site.heading() }),
    }
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
    let metric =
        |service: &ServiceResult, id: &str| service.metrics.get(id).map_or_else(|| "–".to_owned(), numbers::short);
    let services = owned.iter().map(|service| Service {
        name: service.service.clone(),
        link: site.to(&Page::Service(service.service.clone())),
        level: level_range(service.level),
        frequency: metric(service, "deployment_frequency"),
        lead_time: metric(service, "change_lead_time"),
        held_by: service
            .stages
            .iter()
            .find(|stage| stage.proven == service.level.proven)
            .map(|stage| format!("{}: {}", stage.stage, stage.held_by))
            .unwrap_or_default(),
    });
    let decided = site.assessment.teams.iter().find(|team| team.team == name);
    let decided = decided.and_then(|team| team.first_constraint.as_ref());
    Some(Section {
        page: Page::Team(name.to_owned()),
        title: name.to_owned(),
        lead: format!("{}, {}.", numbers::count(owned.len() as u64, "service"), spread(&owned)),
        html: rendered(&OneTeam {
            h: site.heading() + u8::from(site.links.is_one_file()),
            constraint: decided.map(|decided| shown_constraint(site, decided, None)),
            services: services.collect(),
        }),
    })
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
