//! How far the numbers can be trusted: pitfalls, coverage, definitions.

use std::collections::BTreeMap;

use askama::Template;
use truelevel_model::Time;
use truelevel_model::assessment::Pitfall;

use super::listing::{Cell, Column, Listing};
use super::markdown::coded;
use super::overview::{LeftOut, left_out};
use super::{Page, Section, Site, markdown, rendered, standing};
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
struct Coverage {
    h: u8,
    facts: Vec<Fact>,
    /// As HTML.
    warnings: Vec<String>,
    exclusions: Vec<LeftOut>,
    exclusions_csv: Option<String>,
    /// As HTML.
    sources: String,
    /// As HTML.
    repositories: String,
    /// Address and name.
    without: Vec<(String, String)>,
}

/// A number of what was looked at, and where it comes from.
struct Fact {
    name: &'static str,
    says: String,
    link: Option<String>,
}

#[derive(Template)]
#[template(path = "pages/definitions.html")]
struct Definitions {
    h: u8,
    groups: Vec<DefinitionGroup>,
}

struct DefinitionGroup {
    id: String,
    name: String,
    count: String,
    entries: Vec<Entry>,
}

struct Entry {
    id: String,
    name: String,
    title: String,
    /// A page of its own; a report has none.
    link: Option<String>,
    html: String,
}

#[derive(Template)]
#[template(path = "pages/definition.html")]
struct Definition<'a> {
    name: &'a str,
    kind: &'a str,
    html: String,
    /// Where it stands, of a gate or question.
    standing: String,
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
        warnings: coverage.warnings.iter().map(|warning| coded(&words::sentence(warning))).collect(),
        exclusions: left_out(site, &site.assessment.exclusions),
        exclusions_csv: site.links.download("exclusions.csv"),
        sources: sources(site).html(site),
        repositories: repositories(site).html(site),
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

fn facts(site: &Site<'_>) -> Vec<Fact> {
    let coverage = &site.assessment.coverage;
    let digits = |number: u64| numbers::digits(number as f64);
    let fact = |name, says, link| Fact { name, says, link };
    let active = site.assessment.each_service().filter(|service| service.is_active).count() as u64;
    let services = format!("{}, {} active", digits(site.assessment.services.len() as u64), digits(active));
    let deployments = match site.ends_before_window() {
        Some(_) => "not known".to_owned(),
        None => digits(coverage.production_deployments),
    };
    let mut facts = vec![
        fact("Services", services, Some(site.to(&Page::Services))),
        fact("Production deployments", deployments, site.explained("deployment_frequency")),
        fact("Releases in the place of deployments", digits(coverage.releases), None),
        fact("Deployments come from", words::boundary(site.assessment), None),
    ];
    if coverage.versions_asked > 0 {
        let versions = format!("{} of {}", digits(coverage.versions_resolved), digits(coverage.versions_asked));
        let unresolved = "version_unresolved";
        let page = Page::Definition(unresolved.to_owned());
        let page = site.reference.definitions.contains_key(unresolved).then(|| site.to(&page));
        facts.push(fact("Deployed versions that lead to a commit", versions, page));
    }
    facts
}

/// What told of what happened, and how new that is.
pub(super) fn sources(site: &Site<'_>) -> Listing {
    let columns = [Column::words("Source"), Column::words("Told of"), Column::words("Newest")];
    let mut listing = Listing::new("sources", "sources", columns);
    for source in &site.assessment.coverage.sources {
        let facts: Vec<String> = source
            .facts
            .iter()
            .map(|(kind, count)| format!("{} {}", numbers::digits(*count as f64), kind.replace('_', " ")))
            .collect();
        listing.push([
            Cell::words(&source.source).tagged(source.is_stale.then_some("nothing in the window")),
            Cell::words(facts.join(", ")),
            newest(source.newest_at),
        ]);
    }
    listing
}

fn newest(at: Option<Time>) -> Cell {
    let cell = Cell::by(at.map_or_else(|| "none".to_owned(), words::day), at.map(|at| at.millis() as f64));
    cell.taken(at.map_or_else(String::new, |at| at.to_string()))
}

/// The repositories that were looked at.
pub(super) fn repositories(site: &Site<'_>) -> Listing {
    let columns = [
        Column::words("Repository"),
        Column::words("Used for"),
        Column::numbers("Changes"),
        Column::numbers("Tags"),
        Column::words("Branch"),
        Column::words("Files as of"),
        Column::words("Newest change"),
    ];
    let mut listing = Listing::new("repositories", "repositories", columns).finding("repository");
    for repository in &site.assessment.coverage.repositories {
        let used_for: Vec<String> = repository.used_for.iter().map(|used| used.replace('_', " ")).collect();
        let commit = repository.commit.clone().unwrap_or_default();
        let shown = commit.chars().take(10).collect::<String>();
        listing.push([
            Cell::words(&repository.repository).tagged(repository.is_shallow.then_some("cut off")),
            Cell::words(if used_for.is_empty() { "nothing".to_owned() } else { used_for.join(", ") }),
            Cell::count(repository.changes),
            Cell::count(repository.tags),
            Cell::words(repository.branch.as_deref().unwrap_or("none")),
            Cell::words(if shown.is_empty() { "none".to_owned() } else { shown }).taken(commit),
            newest(repository.newest_change_at),
        ]);
    }
    listing
}

/// The definitions that are asked for, by what they are and by name.
pub(super) fn definitions(site: &Site<'_>, is_wanted: impl Fn(&str) -> bool) -> Section {
    let mut groups: BTreeMap<&str, Vec<Entry>> = BTreeMap::new();
    for (id, definition) in site.reference.definitions.iter().filter(|(id, _)| is_wanted(id)) {
        groups.entry(&definition.kind).or_default().push(Entry {
            id: Page::Definition(id.clone()).fragment(),
            name: id.clone(),
            title: definition.title.clone(),
            link: (!site.links.is_one_file()).then(|| site.to(&Page::Definition(id.clone()))),
            html: markdown::rendered(&definition.body),
        });
    }
    for entries in groups.values_mut() {
        entries.sort_by_key(|entry| entry.title.to_lowercase());
    }
    let groups = groups.into_iter().map(|(kind, entries)| {
        let count = numbers::digits(entries.len() as f64);
        DefinitionGroup { id: kind.replace(' ', "-"), name: words::capitalised(&plural(kind)), count, entries }
    });
    Section {
        page: Page::Definitions,
        title: Page::Definitions.title(),
        lead: "What every metric, gate, practice, question and reason means.".to_owned(),
        html: rendered(&Definitions { h: site.heading(), groups: groups.collect() }),
    }
}

fn plural(kind: &str) -> String {
    match kind.strip_suffix('y') {
        Some(stem) => format!("{stem}ies"),
        None => format!("{kind}s"),
    }
}

/// One definition; `None` when nothing has the id.
pub(super) fn definition(site: &Site<'_>, id: &str) -> Option<Section> {
    let definition = site.reference.definitions.get(id)?;
    Some(Section {
        page: Page::Definition(id.to_owned()),
        title: definition.title.clone(),
        lead: String::new(),
        html: rendered(&Definition {
            name: id,
            kind: &definition.kind,
            html: markdown::rendered(&definition.body),
            standing: standing::html(site, id),
        }),
    })
}
