//! How far the numbers can be trusted: pitfalls, coverage, definitions.

use askama::Template;
use truelevel_model::assessment::{Pitfall, RepositoryCoverage};

use super::overview::{LeftOut, left_out};
use super::{Page, Section, Site, markdown, rendered};
use crate::{numbers, words};

#[derive(Template)]
#[template(path = "pages/pitfalls.html")]
struct Pitfalls<'a> {
    h: u8,
    pitfalls: Vec<ShownPitfall<'a>>,
}

struct ShownPitfall<'a> {
    title: &'a str,
    link: Option<String>,
    finding: String,
    effect: Option<&'a str>,
    response: String,
    /// Address and name of the services where it was seen, the first ones.
    services: Vec<(String, &'a str)>,
    more: u64,
    evidence: &'a [String],
}

#[derive(Template)]
#[template(path = "pages/coverage.html")]
struct Coverage<'a> {
    h: u8,
    facts: Vec<(String, String)>,
    warnings: &'a [String],
    exclusions: Vec<LeftOut>,
    repositories: Vec<Repository>,
    /// Address and name.
    without: Vec<(String, String)>,
}

struct Repository {
    name: String,
    used_for: String,
    changes: String,
    changes_value: u64,
    tags: String,
    branch: String,
    commit: String,
    newest: String,
    is_shallow: bool,
}

#[derive(Template)]
#[template(path = "pages/definitions.html")]
struct Definitions {
    definitions: Vec<Entry>,
}

struct Entry {
    id: String,
    name: String,
    title: String,
    kind: String,
    html: String,
}

#[derive(Template)]
#[template(path = "pages/definition.html")]
struct Definition<'a> {
    name: &'a str,
    kind: &'a str,
    html: String,
}

pub(super) fn pitfalls(site: &Site<'_>) -> Section {
    Section {
        page: Page::Pitfalls,
        title: Page::Pitfalls.title(),
        lead: "Ways in which these numbers may mislead, and what was done about each.".to_owned(),
        html: rendered(&Pitfalls {
            h: site.heading(),
            pitfalls: site.assessment.pitfalls.iter().map(|found| pitfall(site, found)).collect(),
        }),
    }
}

fn pitfall<'a>(site: &Site<'_>, found: &'a Pitfall) -> ShownPitfall<'a> {
    let id = &found.pitfall;
    ShownPitfall {
        title: if found.title.is_empty() { id } else { &found.title },
        link: site.reference.definitions.contains_key(id).then(|| site.to(&Page::Definition(id.clone()))),
        finding: words::sentence(&found.finding),
        effect: found.effect.as_deref(),
        response: words::sentence(&found.response),
        services: found.services.iter().map(|name| (site.to(&Page::Service(name.clone())), name.as_str())).collect(),
        more: found.services_affected.saturating_sub(found.services.len() as u64),
        evidence: &found.evidence,
    }
}

pub(super) fn coverage(site: &Site<'_>) -> Section {
    let coverage = &site.assessment.coverage;
    let template = Coverage {
        h: site.heading(),
        facts: facts(site),
        warnings: &coverage.warnings,
        exclusions: left_out(site, &site.assessment.exclusions),
        repositories: coverage.repositories.iter().map(repository).collect(),
        without: coverage
            .services_without_repository
            .iter()
            .map(|name| (site.to(&Page::Service(name.clone())), name.clone()))
            .collect(),
    };
    Section {
        page: Page::Coverage,
        title: Page::Coverage.title(),
        lead: "What was looked at, what was missing, and what was left out of the numbers.".to_owned(),
        html: rendered(&template),
    }
}

fn facts(site: &Site<'_>) -> Vec<(String, String)> {
    let coverage = &site.assessment.coverage;
    let digits = |number: u64| numbers::digits(number as f64);
    let active = site.assessment.services.iter().filter(|service| service.is_active).count() as u64;
    let mut facts = vec![
        (
            "Services".to_owned(),
            format!("{}, {} active", digits(site.assessment.services.len() as u64), digits(active)),
        ),
        ("Production deployments".to_owned(), digits(coverage.production_deployments)),
        ("Deployments come from".to_owned(), words::boundary(site.assessment)),
    ];
    if coverage.versions_asked > 0 {
        let versions = format!("{} of {}", digits(coverage.versions_resolved), digits(coverage.versions_asked));
        facts.push(("Deployed versions that lead to a commit".to_owned(), versions));
    }
    facts
}

fn repository(repository: &RepositoryCoverage) -> Repository {
    let used_for: Vec<String> = repository.used_for.iter().map(|used| used.replace('_', " ")).collect();
    let missing = || "none".to_owned();
    Repository {
        name: repository.repository.clone(),
        used_for: if used_for.is_empty() { "nothing".to_owned() } else { used_for.join(", ") },
        changes: numbers::digits(repository.changes as f64),
        changes_value: repository.changes,
        tags: numbers::digits(repository.tags as f64),
        branch: repository.branch.clone().unwrap_or_else(missing),
        commit: repository.commit.as_ref().map_or_else(missing, |commit| commit.chars().take(10).collect()),
        newest: repository.newest_change_at.map_or_else(missing, words::day),
        is_shallow: repository.is_shallow,
    }
}

/// The definitions that are asked for, by id.
pub(super) fn definitions(site: &Site<'_>, is_wanted: impl Fn(&str) -> bool) -> Section {
    let wanted = site.reference.definitions.iter().filter(|(id, _)| is_wanted(id));
    let entries = wanted.map(|(id, definition)| Entry {
        id: Page::Definition(id.clone()).fragment(),
        name: id.clone(),
        title: definition.title.clone(),
        kind: definition.kind.clone(),
        html: markdown::rendered(&definition.body),
    });
    Section {
        page: Page::Definitions,
        title: Page::Definitions.title(),
        lead: "What every metric, gate, practice, question and reason means.".to_owned(),
        html: rendered(&Definitions { definitions: entries.collect() }),
    }
}

/// One definition; `None` when nothing has the id.
pub(super) fn definition(site: &Site<'_>, id: &str) -> Option<Section> {
    let definition = site.reference.definitions.get(id)?;
    Some(Section {
        page: Page::Definition(id.to_owned()),
        title: definition.title.clone(),
        lead: String::new(),
        html: rendered(&Definition { name: id, kind: &definition.kind, html: markdown::rendered(&definition.body) }),
    })
}
