//! Which services there are, and which repository belongs to which.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use rayon::prelude::*;
use truelevel_metrics::removals::taken_out_at;
use truelevel_model::deployment_data::DeploymentData;
use truelevel_model::{
    Deployment, EnvironmentId, Exclusions, Reason, RepositoryId, ServiceId, ServiceRecord, SourceId, Time, Window,
    printable,
};
use truelevel_report::numbers::count as count_of;
use truelevel_sources::deployment_files;
use truelevel_sources::deployment_repository::UNNAMED_ENVIRONMENT;
use truelevel_sources::git::PathScope;
use truelevel_sources::release_tags::{self, RELEASE_ENVIRONMENT, TagNotes};

use crate::collect::CollectedRepository;
use crate::config::{Config, PartConfig, ServiceConfig};

/// A service with everything that is its own.
pub(crate) struct Service {
    pub(crate) id: ServiceId,
    pub(crate) team: Option<String>,
    /// The place of its repository among those collected.
    pub(crate) repository: Option<usize>,
    pub(crate) scope: Option<PathScope>,
    /// The parts of the repository that are configured as its own.
    pub(crate) parts: Vec<PartConfig>,
    pub(crate) baseline: Option<String>,
    pub(crate) version_patterns: Vec<regex::Regex>,
    pub(crate) deployments: Vec<Deployment>,
    pub(crate) deployment_data: DeploymentData,
    /// The deployment repositories that its deployments come from, by place.
    pub(crate) deployed_from: Vec<usize>,
    /// The newest that is known of any service by the sources of its deployments.
    pub(crate) deployments_known_until: Option<Time>,
    pub(crate) production: Production,
    /// What is to be known of its release tags, where they stand in for deployments.
    pub(crate) tag_notes: TagNotes,
    /// The repository that the configuration names as its own.
    pub(crate) named_repository: Option<String>,
    /// What its repository is called, whether it is given or not.
    pub(crate) wanted_repository: String,
    /// The configuration or an imported list of services names it.
    pub(crate) is_listed: bool,
}

/// What is deployed, and never to production.
#[derive(Debug)]
pub(crate) struct OutsideProduction {
    service: ServiceId,
    environments: BTreeMap<EnvironmentId, Vec<Time>>,
}

impl OutsideProduction {
    fn new(service: Service) -> Self {
        let mut environments: BTreeMap<EnvironmentId, Vec<Time>> = BTreeMap::new();
        for deployment in service.deployments {
            environments.entry(deployment.environment).or_default().push(deployment.finished_at);
        }
        Self { service: service.id, environments }
    }

    pub(crate) fn service(&self) -> &ServiceId {
        &self.service
    }

    /// For each environment: how many deployments ended in a window, and that in words.
    pub(crate) fn in_window(&self, window: Window) -> impl Iterator<Item = (u64, String)> {
        self.environments.iter().filter_map(move |(environment, times)| {
            let count = times.iter().filter(|at| window.contains(**at)).count() as u64;
            let words = || {
                let [service, environment] = [self.service.as_str(), environment.as_str()].map(printable);
                format!("{service} in {environment}, {}; nothing of it is production", count_of(count, "deployment"))
            };
            (count > 0).then(|| (count, words()))
        })
    }

    /// Counts it as left out of a window.
    pub(crate) fn count_in(&self, window: Window, exclusions: &mut Exclusions) {
        for (count, told) in self.in_window(window) {
            exclusions.add(Reason::NotProduction, || told);
            exclusions.add_count(Reason::NotProduction, count - 1);
        }
    }

    /// What to say of services that are none for it.
    pub(crate) fn warning(outside: &[Self]) -> Option<String> {
        let first = outside.first()?;
        let environments: Vec<_> =
            first.environments.keys().map(|environment| printable(environment.as_str())).collect();
        Some(format!(
            "{} deployed and never to production, for example {} to {}: not assessed; if that is production, say so in an \
             [[environment]] table",
            count_of(outside.len() as u64, "service"),
            printable(first.service.as_str()),
            environments.join(" and ")
        ))
    }
}

/// What measuring takes from a service beside its deployments.
pub(crate) type Matched = (Option<usize>, Vec<usize>, DeploymentData, Option<String>, bool, Option<Time>);

impl Service {
    /// The places of the repositories that speak for it.
    pub(crate) fn places(&self) -> impl Iterator<Item = usize> {
        self.repository.into_iter().chain(self.deployed_from.iter().copied())
    }

    /// What it was matched with, as far as a window asks: how far deployments are known only where they end before it.
    pub(crate) fn matched(&self, window: Window) -> Matched {
        (
            self.repository,
            self.deployed_from.clone(),
            self.deployment_data,
            self.team.clone(),
            self.production.takes_unnamed,
            self.deployments_known_until.filter(|until| *until <= window.start),
        )
    }
}

/// Which environments of a service are production.
#[derive(Clone, Debug, Default)]
pub(crate) struct Production {
    named: Option<BTreeSet<String>>,
    declared: BTreeMap<String, bool>,
    /// No environment is named, so the only one is it.
    pub(crate) takes_unnamed: bool,
}

impl Production {
    pub(crate) fn is(&self, environment: &str) -> bool {
        if let Some(named) = &self.named {
            return named.contains(environment);
        }
        if let Some(declared) = self.declared.get(environment) {
            return *declared;
        }
        environment == RELEASE_ENVIRONMENT
            || (environment == UNNAMED_ENVIRONMENT && self.takes_unnamed)
            || deployment_files::is_production(environment)
    }
}

/// A name without what differs between spellings: case, and `_` or `.` for `-`.
pub(crate) fn plain_name(name: &str) -> String {
    name.trim().to_lowercase().replace(['_', '.', ' '], "-")
}

/// Endings that a service or its repository may have and the other not.
const AFFIXES: [&str; 7] = ["-service", "-svc", "-app", "-api", "-server", "-backend", "-frontend"];

/// `deployments` has those of a service in each.
///
/// Finds all services: those that are configured, those that deployments name, and every repository that is neither
/// a service's nor there to deploy others. What only ever ran outside production is a part of something else, or no
/// service, and stands beside them.
pub(crate) fn services(
    config: &Config,
    repositories: &[CollectedRepository],
    deployments: Vec<Vec<Deployment>>,
    records: &[ServiceRecord],
) -> (Vec<Service>, Vec<OutsideProduction>) {
    let mut by_service: BTreeMap<ServiceId, Vec<Deployment>> =
        deployments.into_iter().map(|deployments| (deployments[0].service.clone(), deployments)).collect();
    let configured: BTreeMap<&str, &ServiceConfig> =
        config.services.iter().map(|service| (service.name.as_str(), service)).collect();
    let mut ids: BTreeSet<ServiceId> = configured.keys().map(|name| ServiceId::new(*name)).collect();
    // By service and source, so that of two sources the same one is always asked.
    let mut recorded: BTreeMap<&ServiceId, &ServiceRecord> = BTreeMap::new();
    for record in records {
        recorded.entry(&record.service).or_insert(record);
    }
    if !config.only_listed_services {
        ids.extend(by_service.keys().cloned());
        ids.extend(recorded.keys().map(|id| (*id).clone()));
    }
    let around = Around::new(repositories, sources_that_name_production(by_service.values()));
    let with_deployments = |id: ServiceId| (by_service.remove(&id).unwrap_or_default(), id);
    let ids: Vec<(Vec<Deployment>, ServiceId)> = ids.into_iter().map(with_deployments).collect();
    let (mut services, outside): (Vec<Service>, Vec<Service>) = ids
        .into_par_iter()
        .map(|(deployments, id)| {
            let said = Said { configured: configured.get(id.as_str()).copied(), record: recorded.get(&id).copied() };
            service(id, said, config, &around, deployments)
        })
        .partition(|service| {
            configured.contains_key(service.id.as_str())
                || recorded.contains_key(&service.id)
                || service.deployments.iter().any(|deployment| service.production.is(deployment.environment.as_str()))
        });
    pair_the_only_two(&mut services, repositories);
    let taken: BTreeSet<usize> = services.iter().filter_map(|service| service.repository).collect();
    let mut known: BTreeSet<ServiceId> = services.iter().map(|service| service.id.clone()).collect();
    if !config.only_listed_services {
        for (place, repository) in repositories.iter().enumerate() {
            let deploys_others = !repository.is_for_code
                || repository.deployments.is_some()
                    && services.iter().any(|service| service.deployed_from.contains(&place));
            if !taken.contains(&place) && !deploys_others {
                let id = ServiceId::new(repository.id.as_str());
                if !known.insert(id.clone()) {
                    continue;
                }
                let own = service(id.clone(), Said::default(), config, &around, Vec::new());
                services.push(Service { repository: Some(place), ..own });
            }
        }
    }
    for service in &mut services {
        fall_back_to_releases(service, repositories);
    }
    find_ends(&mut services, repositories);
    services.sort_by(|a, b| a.id.cmp(&b.id));
    (services, outside.into_iter().map(OutsideProduction::new).collect())
}

/// What is said of a service: in the configuration, which is right, and by a source.
#[derive(Clone, Copy, Default)]
struct Said<'a> {
    configured: Option<&'a ServiceConfig>,
    record: Option<&'a ServiceRecord>,
}

/// What finding a service looks through.
struct Around<'a> {
    named: Named<'a>,
    /// The deployment repositories, by place, with what their deployments have for source.
    declaring: Vec<(usize, &'a SourceId)>,
    /// The sources that name production.
    naming: BTreeSet<SourceId>,
}

impl<'a> Around<'a> {
    fn new(repositories: &'a [CollectedRepository], naming: BTreeSet<SourceId>) -> Self {
        let declaring = |(place, repository): (usize, &'a CollectedRepository)| {
            repository.deployments.as_ref().map(|found| (place, &found.source))
        };
        let declaring = repositories.iter().enumerate().filter_map(declaring).collect();
        Self { named: Named::new(repositories), declaring, naming }
    }
}

fn service(
    id: ServiceId,
    said: Said<'_>,
    config: &Config,
    around: &Around<'_>,
    mut deployments: Vec<Deployment>,
) -> Service {
    // A system that makes deployments knows more of them than the repository that asked for them.
    let is_declared = |deployment: &Deployment| deployment.source.as_str().starts_with("deployment_repository:");
    if deployments.iter().any(|deployment| !is_declared(deployment)) {
        deployments.retain(|deployment| !is_declared(deployment));
    }
    let sources: BTreeSet<&SourceId> = deployments.iter().map(|deployment| &deployment.source).collect();
    let declaring = around.declaring.iter().filter(|(_, source)| sources.contains(source));
    let deployed_from = declaring.map(|(place, _)| *place).collect();
    let deployment_data = match deployments.first() {
        None => DeploymentData::None,
        Some(first) if is_declared(first) => DeploymentData::DeploymentRepository,
        Some(_) => DeploymentData::Reported,
    };
    let Said { configured, record } = said;
    let named = configured.map(|service| &service.production).filter(|production| !production.is_empty());
    let production = Production {
        named: named.map(|production| production.iter().cloned().collect()),
        declared: config.environments.clone(),
        takes_unnamed: deployments.iter().all(|deployment| {
            deployment.environment.as_str() == UNNAMED_ENVIRONMENT && !around.naming.contains(&deployment.source)
        }),
    };
    let recorded_repository = record.and_then(|record| record.repository.as_ref()).map(RepositoryId::as_str);
    let wanted =
        configured.and_then(|service| service.repository.as_deref()).or(recorded_repository).unwrap_or(id.as_str());
    let parts = configured.map(|service| service.paths.as_slice()).unwrap_or_default();
    let paths: Vec<String> = parts.iter().map(|part| part.path.clone()).collect();
    Service {
        team: configured
            .and_then(|service| service.team.clone())
            .or_else(|| record.and_then(|record| record.team.clone())),
        repository: around.named.find(wanted),
        wanted_repository: wanted.to_owned(),
        is_listed: configured.is_some() || record.is_some(),
        scope: (!paths.is_empty()).then(|| PathScope::new(&paths)),
        parts: parts.to_vec(),
        baseline: configured.and_then(|service| service.baseline.clone()),
        version_patterns: configured.map(|service| service.version_patterns.clone()).unwrap_or_default(),
        deployments,
        deployment_data,
        deployed_from,
        deployments_known_until: None,
        production,
        tag_notes: TagNotes::default(),
        named_repository: configured.and_then(|service| service.repository.clone()),
        id,
    }
}

/// The sources that name production for a good part of their services. What they leave unnamed is not production: a base
/// that others build on, a sample.
fn sources_that_name_production<'a>(services: impl Iterator<Item = &'a Vec<Deployment>>) -> BTreeSet<SourceId> {
    let mut counts: BTreeMap<&SourceId, (usize, usize)> = BTreeMap::new();
    for deployments in services {
        let mut names: BTreeMap<&SourceId, bool> = BTreeMap::new();
        let is_same = |a: &Deployment, b: &Deployment| a.source == b.source && a.environment == b.environment;
        for deployment in deployments.chunk_by(is_same).map(|same| &same[0]) {
            *names.entry(&deployment.source).or_insert(false) |=
                deployment_files::is_production(deployment.environment.as_str());
        }
        for (source, names_production) in names {
            let (naming, all) = counts.entry(source).or_insert((0, 0));
            *naming += usize::from(names_production);
            *all += 1;
        }
    }
    let is_naming = |(naming, all): (usize, usize)| naming > 0 && naming * NAMING_ONE_IN >= all;
    counts.into_iter().filter(|(_, counts)| is_naming(*counts)).map(|(source, _)| source.clone()).collect()
}

/// A source names production when it does so for one of so many of its services; fewer are names that happen to look
/// like it.
const NAMING_ONE_IN: usize = 4;

/// Takes those services out that nothing runs of since before the window, and those of which nothing was known at its end,
/// unless the configuration lists them or they are asked for.
pub(crate) fn set_aside(
    services: &mut Vec<Service>,
    repositories: &[CollectedRepository],
    config: &Config,
    asked: &[String],
    window: Window,
) -> Vec<Service> {
    let is_out = |service: &Service| {
        let is_production = |environment: &EnvironmentId| service.production.is(environment.as_str());
        let taken_out = taken_out_at(&service.deployments, &is_production, window.end);
        // What only a list of services names has no time.
        let is_listed = service.deployments.is_empty() && service.repository.is_none();
        let is_known = is_listed
            || service.deployments.iter().any(|deployment| deployment.finished_at <= window.end)
            || service.repository.is_some_and(|place| repositories[place].head_as_of(window.end).is_some());
        (!is_known || taken_out.is_some_and(|at| at <= window.start))
            && !asked.iter().any(|name| name == service.id.as_str())
            && config.services.iter().all(|configured| configured.name != service.id.as_str())
    };
    let are_out: Vec<bool> = services.par_iter().map(is_out).collect();
    // Where nothing else is left, what stood is the answer.
    if are_out.iter().all(|is_out| *is_out) {
        return Vec::new();
    }
    let mut are_out = are_out.into_iter();
    services.extract_if(.., |_| are_out.next() == Some(true)).collect()
}

/// The repositories by name, as they are and without what differs between spellings.
struct Named<'a> {
    exact: HashMap<&'a str, usize>,
    plain: HashMap<String, usize>,
}

impl<'a> Named<'a> {
    fn new(repositories: &'a [CollectedRepository]) -> Self {
        let mut named = Self { exact: HashMap::new(), plain: HashMap::new() };
        for (place, repository) in repositories.iter().enumerate() {
            named.exact.entry(repository.id.as_str()).or_insert(place);
            named.plain.entry(plain_name(repository.id.as_str())).or_insert(place);
        }
        named
    }

    /// The repository of a name: the same but for spelling, else the only one that differs by a usual ending, else the one
    /// without the region that the name ends with.
    fn find(&self, name: &str) -> Option<usize> {
        let wanted = plain_name(name);
        if let Some(same) = self.exact.get(name).or_else(|| self.plain.get(&wanted)) {
            return Some(*same);
        }
        let longer = AFFIXES.iter().map(|affix| format!("{wanted}{affix}"));
        let shorter = AFFIXES.iter().filter_map(|affix| wanted.strip_suffix(affix).map(str::to_owned));
        let mut near = longer.chain(shorter).filter_map(|name| self.plain.get(&name));
        match (near.next(), near.next()) {
            (Some(place), None) => Some(*place),
            (Some(_), Some(_)) => None,
            (None, _) => self.plain.get(deployment_files::without_region(&wanted)?).copied(),
        }
    }
}

/// A single repository that declares a single service is that service's, unless there is no code in it.
fn pair_the_only_two(services: &mut [Service], repositories: &[CollectedRepository]) {
    if let ([service], [repository]) = (services, repositories)
        && repository.deployments.as_ref().is_none_or(|declared| declared.holds_code)
        && service.deployed_from == [0]
        && service.named_repository.is_none()
    {
        service.repository.get_or_insert(0);
    }
}

/// Notes how far the sources of each service's deployments reach: what they told last, of whatever service. A clone that
/// nobody fetched any more and a sender that fell silent look like an organisation that stopped deploying.
fn find_ends(services: &mut [Service], repositories: &[CollectedRepository]) {
    let head = |repository: &CollectedRepository| {
        let tip = repository.history.find(&repository.branch.as_ref()?.tip)?;
        Some(repository.history.committed_at(tip))
    };
    let mut ends: HashMap<SourceId, Time> = HashMap::new();
    let mut note = |source: &SourceId, at: Time| match ends.get_mut(source) {
        Some(end) => *end = (*end).max(at),
        None => {
            ends.insert(source.clone(), at);
        }
    };
    let declaring = repositories.iter().filter_map(|repository| Some((repository, repository.deployments.as_ref()?)));
    for (repository, declared) in declaring {
        if let Some(at) = head(repository) {
            note(&declared.source, at);
        }
    }
    for deployment in services.iter().flat_map(|service| &service.deployments) {
        note(&deployment.source, deployment.finished_at);
    }
    for service in services {
        let released = service.repository.filter(|_| service.deployment_data == DeploymentData::ReleaseTags);
        let commits = released.and_then(|place| head(&repositories[place]));
        let mut sources: Vec<&SourceId> = service.deployments.iter().map(|deployment| &deployment.source).collect();
        sources.dedup();
        service.deployments_known_until =
            sources.into_iter().filter_map(|source| ends.get(source).copied()).chain(commits).max();
    }
}

fn fall_back_to_releases(service: &mut Service, repositories: &[CollectedRepository]) {
    if service.deployment_data != DeploymentData::None {
        return;
    }
    let Some(repository) = service.repository.map(|place| &repositories[place]) else { return };
    let found = release_tags::releases(&repository.id, &service.id, &repository.tags, &repository.history);
    if !found.deployments.is_empty() {
        service.deployments = found.deployments;
        service.deployment_data = DeploymentData::ReleaseTags;
    }
    service.tag_notes = found.notes;
}
