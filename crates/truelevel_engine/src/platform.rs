//! Golden paths: which there are, what ran and what files say of them, joined into one answer.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use truelevel_assess::platform::{Bounded, PlatformRules, ProfileFacts};
use truelevel_metrics::platform::adoption::{Asked, adoption, count_behind, service_use};
use truelevel_metrics::platform::paths::{GoldenPaths, PathDeployment, deployments};
use truelevel_metrics::platform::{PathService, compared, course};
use truelevel_metrics::service::ServiceData;
use truelevel_model::assessment::ServiceResult;
use truelevel_model::platform::{GoldenPath, PathException, PathOrigin, PathUse, Platform, Pull, ServiceUse};
use truelevel_model::{ChangeIndex, Shared, Time, printable};
use truelevel_practices::shared::{SharedUse, matters, shared_uses};
use truelevel_practices::{FileEntry, Repository, Tree};

use crate::EngineError;
use crate::activity::Activity;
use crate::assess::Prepared;
use crate::collect::{Collected, CollectedRepository};
use crate::config::GoldenPathConfig;
use crate::matching::Service;
use crate::measure::Detected;
use crate::neighbours::{AmongNeighbours, Neighbours};

mod candidates;

/// The golden paths of a workspace, and the rules about them.
pub(crate) struct PlatformFacts {
    rules: PlatformRules,
    origin: PathOrigin,
    declared: Vec<GoldenPathConfig>,
    paths: GoldenPaths,
}

impl PlatformFacts {
    /// The paths that are declared; where none is, the candidates for one.
    pub(crate) fn gather(
        declared: &[GoldenPathConfig],
        collected: &Collected,
        services: &[Service],
        detected: &[Detected],
        activity: &Activity,
    ) -> Result<Self, EngineError> {
        let rules = PlatformRules::embedded()?;
        let telling = GoldenPaths::telling(activity.runs());
        let (origin, declared) = if declared.is_empty() {
            (PathOrigin::Candidate, candidates::candidates(&rules, collected, services, detected, activity))
        } else {
            (PathOrigin::Declared, declared.to_vec())
        };
        let whats = declared.iter().map(|path| path.what.clone()).collect();
        Ok(Self {
            rules,
            origin,
            declared,
            paths: GoldenPaths { whats, telling, is_declared: origin == PathOrigin::Declared },
        })
    }

    /// Whether measuring looks for the same as with others.
    pub(crate) fn looks_for_the_same(&self, other: &Self) -> bool {
        (&self.declared, &self.paths) == (&other.declared, &other.paths)
    }

    /// What measuring looks for.
    pub(crate) fn looked_for(&self) -> Option<&GoldenPaths> {
        (!self.declared.is_empty()).then_some(&self.paths)
    }

    /// A service's deployments as golden paths see them; none where nothing tells of any.
    pub(crate) fn deployments(&self, data: &ServiceData<'_>) -> Vec<PathDeployment> {
        if self.declared.is_empty() { Vec::new() } else { deployments(data) }
    }

    /// What is wrong with what was declared, as of an instant.
    pub(crate) fn warnings(&self, at: Time) -> impl Iterator<Item = String> {
        let all = self.declared.iter().flat_map(|path| path.exceptions.iter().map(move |exception| (path, exception)));
        all.filter(move |(_, exception)| exception.ends_at < at).map(|(path, exception)| {
            format!(
                "{}: the exception of {} from the golden path {} ended on {} and excuses nothing; renew it with its owner, {}, or remove it",
                exception.place,
                printable(&exception.service),
                printable(&path.name),
                exception.expires,
                printable(&exception.owner)
            )
        })
    }

    /// A sentence for each exception of a service that is none of these.
    pub(crate) fn unplaced<'a>(&'a self, services: &'a BTreeSet<&str>) -> impl Iterator<Item = String> + 'a {
        let all = self.declared.iter().flat_map(|path| path.exceptions.iter().map(move |exception| (path, exception)));
        all.filter(|(_, exception)| !services.contains(exception.service.as_str())).map(|(path, exception)| {
            let (service, name) = (printable(&exception.service), printable(&path.name));
            format!("{}: there is no service {service} to be excepted from {name}", exception.place)
        })
    }

    fn taken(&self, shared: &[SharedUse]) -> BTreeMap<usize, Option<String>> {
        let mut taken = BTreeMap::new();
        for used in shared {
            for place in self.paths.of(&used.name) {
                let version = taken.entry(place).or_insert_with(|| used.version.clone());
                if version.is_none() {
                    version.clone_from(&used.version);
                }
            }
        }
        taken
    }
}

/// What the files of a repository took at an instant; none where there was no commit or it cannot be read.
fn shared_at(repository: &CollectedRepository, at: Time) -> Option<Vec<SharedUse>> {
    let commit = repository.head_as_of(at)?;
    let tree = repository.git.as_ref()?.tree(commit).ok().filter(|tree| tree.problems.is_empty())?;
    let files = tree.files().iter().filter(|file| matters(&file.path));
    let listed = Tree {
        id: repository.id.clone(),
        commit,
        observed_at: at,
        default_branch: repository.branch.as_ref().map(|branch| branch.name.clone()),
        files: files.map(|file| FileEntry { path: file.path.clone() }).collect(),
    };
    let alone = Neighbours::new(&[], at);
    Some(shared_uses(&Repository::new(listed, &AmongNeighbours { tree, neighbours: &alone })))
}

impl Prepared {
    /// The golden paths over the services; absent where none is declared or found.
    pub(crate) fn platform<'a>(
        &self,
        asked: &[&Service],
        results: &[Shared<ServiceResult>],
        traces: impl Iterator<Item = &'a [PathDeployment]>,
    ) -> Option<Platform> {
        let facts = &self.platform;
        if facts.declared.is_empty() {
            return None;
        }
        let files = self.files_at_instants();
        // A release says nothing of when a service first ran.
        let deployed_for_real = || asked.iter().filter(|service| !service.deployment_data.is_proxy());
        let known_from = deployed_for_real().flat_map(|service| &service.deployments).map(|it| it.finished_at).min();
        let any_is_active = results.iter().any(|result| result.is_active);
        let services: Vec<PathService<'_>> = asked
            .iter()
            .zip(results)
            .zip(traces)
            .filter(|((_, result), _)| result.is_active || !any_is_active)
            .map(|((service, result), deployments)| PathService {
                service: service.id.as_str(),
                team: service.team.as_deref(),
                deployments,
                files: service.repository.map(|place| files[place].clone()).unwrap_or_default(),
                metrics: Some(&result.metrics),
                born_at: service.repository.and_then(|place| born_at(&self.collected.repositories[place])).filter(
                    |born_at| {
                        !service.deployment_data.is_proxy()
                            && known_from.is_some_and(|from| *born_at > from)
                            && *born_at <= self.window.end
                    },
                ),
            })
            .collect();
        let (any, uses) = self.uses(&services, Asked::Any);
        let adopted = adoption(&any, deployed(&services));
        let paths: Vec<GoldenPath> = (0..facts.declared.len()).map(|place| self.path(place, &services)).collect();
        let outcomes = compared::outcomes(&services, &uses);
        let profiles = facts.rules.profiles(&ProfileFacts {
            adoption: adopted
                .low
                .zip(adopted.high)
                .filter(|_| facts.origin == PathOrigin::Declared)
                .map(|(low, high)| Bounded { low, high }),
            pulled: self.pulled(&paths),
            exceptions_owned: self.exceptions_owned(&any),
        });
        Some(Platform {
            notes: self.platform_notes(&adopted, &services),
            adoption: adopted,
            paths,
            outcomes,
            spread: compared::spread(&services),
            profiles,
            context: facts.rules.context(),
        })
    }

    /// What the files of each repository took at the as-of, at the window's start and on the days of mandates.
    fn files_at_instants(&self) -> Vec<BTreeMap<Time, BTreeMap<usize, Option<String>>>> {
        let facts = &self.platform;
        let mandates = facts.declared.iter().filter_map(|path| path.mandated_on).filter(|at| *at < self.window.end);
        let earlier: BTreeSet<Time> = mandates.chain([self.window.start]).collect();
        let of = |(repository, detected): (&CollectedRepository, &Detected)| {
            let mut taken: BTreeMap<Time, BTreeMap<usize, Option<String>>> = BTreeMap::new();
            taken.extend(detected.shared.as_ref().map(|shared| (self.window.end, facts.taken(shared))));
            for at in &earlier {
                taken.extend(shared_at(repository, *at).map(|shared| (*at, facts.taken(&shared))));
            }
            taken
        };
        self.collected.repositories.par_iter().zip(&self.detected).map(of).collect()
    }

    fn uses(&self, services: &[PathService<'_>], asked: Asked) -> (Vec<ServiceUse>, Vec<PathUse>) {
        let on_from = self.platform.rules.on_from;
        let uses: Vec<ServiceUse> =
            services.iter().map(|service| service_use(service, asked, self.window.end, on_from)).collect();
        let states = uses.iter().map(|used| used.state).collect();
        (uses, states)
    }

    fn path(&self, place: usize, services: &[PathService<'_>]) -> GoldenPath {
        let (declared, asked) = (&self.platform.declared[place], Asked::Path(place));
        let (mut uses, states) = self.uses(services, asked);
        let behind = count_behind(&mut uses, &self.released(declared));
        let exceptions = declared.exceptions.iter().map(|exception| {
            let is_current = self.window.end <= exception.ends_at;
            let used = uses.iter_mut().find(|used| used.service == exception.service);
            let is_on = used.as_ref().is_some_and(|used| used.state == PathUse::On);
            if let Some(used) = used {
                used.is_excepted |= is_current;
            }
            PathException {
                service: exception.service.clone(),
                owner: exception.owner.clone(),
                reason: exception.reason.clone(),
                expires: exception.expires.clone(),
                renewals: exception.renewals,
                is_current,
                is_unneeded: is_on,
            }
        });
        let exceptions = exceptions.collect();
        let new = |wanted: PathUse| {
            let standing = services.iter().zip(&states).filter(move |(_, state)| **state == wanted);
            course::first_deployment(standing.map(|(service, _)| service), self.window.end)
        };
        GoldenPath {
            name: declared.name.clone(),
            origin: self.platform.origin,
            what: declared.what.clone(),
            owner: declared.owner.clone(),
            mandated_on: declared.mandated_on.map(Time::date),
            adoption: adoption(&uses, deployed(services)),
            newest: behind.as_ref().map(|(newest, _)| newest.clone()),
            median_behind: behind.map(|(_, median)| median),
            retention: course::retention(services, &states, asked, self.window),
            pull: declared.mandated_on.map(|on| self.pull(services, &states, asked, on)),
            exceptions,
            first_deployment_on: new(PathUse::On),
            first_deployment_off: new(PathUse::Off),
            services: uses.into_iter().filter(|used| used.state != PathUse::Unknown || used.is_excepted).collect(),
        }
    }

    /// The tags of the repository that a path is kept in, where it is among those given.
    fn released(&self, declared: &GoldenPathConfig) -> Vec<String> {
        let named = |repository: &&CollectedRepository| {
            let address = repository.web_address.as_ref().map(|address| address.to_lowercase());
            declared.what.iter().any(|what| {
                let mut parts = what.split('/');
                let (owner, name) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
                let ending = format!("/{owner}/{name}").to_lowercase();
                !name.is_empty() && address.as_ref().is_some_and(|address| address.ends_with(&ending))
            })
        };
        let repository = self.collected.repositories.iter().find(named);
        repository.map(|found| found.tags.iter().map(|tag| tag.name.clone()).collect()).unwrap_or_default()
    }

    fn pull(&self, services: &[PathService<'_>], states: &[PathUse], asked: Asked, on: Time) -> Pull {
        let known = services.iter().flat_map(|service| service.deployments).filter(|it| it.executed.is_some());
        let first_change = || self.collected.repositories.iter().filter_map(born_at).min();
        let known_from = known.map(|deployment| deployment.at).min().or_else(first_change);
        course::pull(services, states, asked, on, (known_from.unwrap_or(self.window.end), self.window.end))
    }

    /// The share of what is on a path that came by itself. Where no path has a mandate, nobody knows who was told to.
    fn pulled(&self, paths: &[GoldenPath]) -> Option<f64> {
        if self.platform.origin == PathOrigin::Candidate {
            return None;
        }
        let pulls = paths.iter().filter_map(|path| path.pull.as_ref());
        let (before, after) = pulls.fold((0, 0), |(b, a), pull| (b + pull.before, a + pull.after));
        (before + after > 0).then(|| before as f64 / (before + after) as f64)
    }

    /// The share of services that are off every path and for which somebody answers. Nobody off is nobody unowned.
    fn exceptions_owned(&self, any: &[ServiceUse]) -> Option<f64> {
        if self.platform.origin == PathOrigin::Candidate {
            return None;
        }
        let current: BTreeSet<&str> = self
            .platform
            .declared
            .iter()
            .flat_map(|path| &path.exceptions)
            .filter(|exception| self.window.end <= exception.ends_at)
            .map(|exception| exception.service.as_str())
            .collect();
        let off: Vec<&ServiceUse> = any.iter().filter(|used| used.state == PathUse::Off).collect();
        let owned = off.iter().filter(|used| current.contains(used.service.as_str())).count();
        Some(if off.is_empty() { 1.0 } else { owned as f64 / off.len() as f64 })
    }

    fn platform_notes(
        &self,
        adopted: &truelevel_model::platform::Adoption,
        services: &[PathService<'_>],
    ) -> Vec<String> {
        let mut notes = Vec::new();
        if self.platform.origin == PathOrigin::Candidate {
            notes.push(
                "No golden path is declared: these are candidates, the organisation's own parts that several services \
                 take. No gate, question or profile counts them. A [[golden_path]] table in truelevel.toml says which of \
                 them are meant."
                    .to_owned(),
            );
        }
        if adopted.by_what_ran == 0 {
            notes.push(
                "No pipeline run tells which shared workflows it executed: adoption is what files declare as of the date \
                 asked, not what ran."
                    .to_owned(),
            );
        }
        if adopted.unknown > 0 {
            notes.push(format!("Of {} services nothing tells: give their repositories or runs.", adopted.unknown));
        }
        if services.len() < 2 {
            notes.push("One service is no organisation: nothing is compared.".to_owned());
        }
        notes
    }
}

fn deployed(services: &[PathService<'_>]) -> u64 {
    services.iter().flat_map(|service| service.deployments).filter(|deployment| deployment.is_in_window).count() as u64
}

/// When the first change of a repository was committed; none where its beginning is cut off.
fn born_at(repository: &CollectedRepository) -> Option<Time> {
    let history = &repository.history;
    let begun = |root: &ChangeIndex| (history.committed_at(*root), history.has_missing_parent(*root));
    let first = history.roots().iter().map(begun).min()?;
    (!first.1).then_some(first.0)
}
