//! What an answer stands on: which repositories were read for what, and what to know of it.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use truelevel_model::assessment::{Coverage, RepositoryCoverage, ServiceResult};
use truelevel_model::deployment_data::DeploymentData;
use truelevel_model::{Shared, Time};
use truelevel_report::numbers;
use truelevel_sources::git::GitRepository;

use crate::assess::{Prepared, Tally, first_names};
use crate::collect::CollectedRepository;
use crate::matching::{OutsideProduction, Service};
use crate::near_names::near_names;
use crate::warnings::{file_warning, located};

impl Prepared {
    pub(crate) fn coverage(
        &self,
        asked: &[&Service],
        services: &[Shared<ServiceResult>],
        tallies: &[&Tally],
    ) -> Coverage {
        let mut by_data: BTreeMap<String, u64> = BTreeMap::new();
        for service in services {
            *by_data.entry(data_name(service.deployment_data).to_owned()).or_default() += 1;
        }
        let mut said = BTreeSet::new();
        let mut warnings = self.collected.warnings.clone();
        warnings.extend(self.own.expired(self.window.end));
        warnings.extend(self.unplaced.clone());
        warnings.extend(OutsideProduction::warning(&self.outside_production));
        warnings.extend(self.platform.warnings(self.window.end));
        warnings.extend(crate::evidence::warning_of_reports(services));
        let mut file_warnings = Vec::new();
        for (repository, detected) in self.collected.repositories.iter().zip(&self.detected) {
            file_warnings.extend(detected.warnings.iter().filter_map(|warning| file_warning(repository, warning)));
            let lines: Vec<String> = detected.warnings.iter().map(|warning| located(repository, warning)).collect();
            warnings.extend(lines.iter().take(5).cloned());
            if lines.len() > 5 {
                warnings.push(format!("{}: {} more files cannot be read whole", repository.id, lines.len() - 5));
            }
        }
        for (service, tally) in asked.iter().zip(tallies) {
            if tally.is_baseline_unknown {
                let baseline = truelevel_model::printable(service.baseline.as_deref().unwrap_or_default());
                warnings.push(format!(
                    "{}: the declared baseline {baseline} leads to no commit of a repository and is ignored",
                    service.id
                ));
            }
            if let Some((incidents, first)) = &tally.causes_elsewhere {
                warnings.push(format!(
                    "{}: of {} the named cause is no deployment of it ({}), so that nothing failed by it. Name a \
                     deployment's id, version or commit, decide by an `incident-links` file, or leave the cause out to \
                     have it inferred",
                    service.id,
                    numbers::count(*incidents, "incident"),
                    truelevel_model::printable(first)
                ));
            }
            if let [first, ..] = service.tag_notes.mistimed.as_slice() {
                warnings.push(format!(
                    "{}: {} older than the commits before the one it names ({}), which cannot be: the commit's time counts",
                    service.id,
                    match service.tag_notes.mistimed.len() {
                        1 => "a release tag is".to_owned(),
                        n => format!("each of {n} release tags is"),
                    },
                    truelevel_model::printable(first)
                ));
            }
            self.warn_of_missing_parts(service, &mut warnings);
            if let (Some(named), None) = (&service.named_repository, service.repository) {
                warnings.push(format!(
                    "{}: its repository is configured as {}, and none of that name is given",
                    service.id,
                    truelevel_model::printable(named)
                ));
            }
            let Some(version) = &tally.unknown_version else { continue };
            let repository = service.repository.map(|place| &self.collected.repositories[place]);
            let newest = repository.and_then(|repository| self.newest_change(repository));
            let newest = newest.map(|at| format!(", its newest commit is from {}", at.date())).unwrap_or_default();
            warnings.push(format!(
                "{}: the version that runs, {}, leads to no commit of the repository{newest}; fetch it with its tags, else what waits for deployment is not known",
                service.id,
                truelevel_model::printable(version)
            ));
        }
        self.warn_of_assumptions(asked, services, &mut warnings);
        let uses = self.repository_uses(asked);
        let deployments = |is_proxy: bool| {
            let of = services.iter().zip(tallies).filter(|(service, _)| service.deployment_data.is_proxy() == is_proxy);
            of.map(|(_, tally)| tally.deployments).sum()
        };
        Coverage {
            repositories: self
                .collected
                .repositories
                .par_iter()
                .zip(uses)
                .map(|(repository, used_for)| self.repository_coverage(repository, used_for))
                .collect(),
            services_by_deployment_data: by_data,
            services_without_repository: services
                .iter()
                .filter(|service| service.repositories.is_empty())
                .map(|service| service.service.clone())
                .collect(),
            production_deployments: deployments(false),
            releases: deployments(true),
            versions_resolved: tallies.iter().filter(|tally| tally.has_repository).map(|tally| tally.resolved).sum(),
            versions_asked: tallies.iter().filter(|tally| tally.has_repository).map(|tally| tally.deployments).sum(),
            sources: self.sources.clone(),
            // What two readers of a file say of it is said once.
            warnings: warnings.into_iter().filter(|warning| said.insert(warning.clone())).collect(),
            file_warnings,
        }
    }

    /// Names the configured parts of a repository that its newest files lack.
    fn warn_of_missing_parts(&self, service: &Service, warnings: &mut Vec<String>) {
        let Some(repository) = service.repository.map(|place| &self.collected.repositories[place]) else { return };
        let (Some(git), Some(branch)) = (&repository.git, &repository.branch) else { return };
        for part in &service.parts {
            if git.has_path(branch.tip, &part.path) == Some(false) {
                warnings.push(format!(
                    "{}: there is no `{}` in {}, so no change of it is known to be one of {}",
                    part.place,
                    truelevel_model::printable(&part.path),
                    repository.id,
                    service.id
                ));
            }
        }
    }

    fn warn_of_assumptions(&self, asked: &[&Service], services: &[Shared<ServiceResult>], warnings: &mut Vec<String>) {
        let retired = self
            .set_aside
            .iter()
            .filter(|service| service.deployments.iter().any(|deployment| deployment.finished_at <= self.window.end));
        let retired: BTreeSet<String> = retired.map(|service| service.id.as_str().to_owned()).collect();
        if !retired.is_empty() {
            warnings.push(format!(
                "{} not run in production since before the window and left out: {}",
                if retired.len() == 1 { "1 service does".to_owned() } else { format!("{} services do", retired.len()) },
                first_names(&retired)
            ));
        }
        let assumed = asked
            .iter()
            .filter(|service| {
                service.production.takes_unnamed && service.deployment_data == DeploymentData::DeploymentRepository
            })
            .count();
        if assumed > 0 {
            warnings.push(format!(
                "no environment is named for {}; the only one there is was taken for production",
                numbers::count(assumed as u64, "service")
            ));
        }
        warnings.extend(self.spelled_alike(asked));
        if services.iter().any(|service| service.is_active) {
            return;
        }
        let newest = self.collected.repositories.iter().filter_map(|repository| self.newest_change(repository)).max();
        if let Some(newest) = newest
            && newest <= self.window.start
        {
            let date = newest.date();
            let message = format!(
                "nothing happened in the window: the newest commit is from {date}. Fetch the repositories, or look at \
                 their time with `--as-of {date}`"
            );
            // Whoever reads one warning reads this one.
            warnings.insert(0, message);
        }
    }

    /// Services that may be one under two names: not where each has a repository of its own, or is listed.
    fn spelled_alike(&self, asked: &[&Service]) -> Option<String> {
        let stands_alone = |service: &Service| service.repository.is_some() || service.is_listed;
        if asked.iter().all(|service| stands_alone(service)) {
            return None;
        }
        let by_name: BTreeMap<&str, &Service> = asked.iter().map(|service| (service.id.as_str(), *service)).collect();
        let alike: BTreeSet<String> = near_names(by_name.keys().copied())
            .into_iter()
            .filter(|(one, other)| !(stands_alone(by_name[one]) && stands_alone(by_name[other])))
            .map(|(one, other)| format!("{} and {}", by_name[one].id, by_name[other].id))
            .collect();
        (!alike.is_empty()).then(|| {
            format!(
                "spelled almost alike, and maybe one service each: {}. Correct the name at its source, or say in `known_as` what senders call it",
                first_names(&alike)
            )
        })
    }

    pub(crate) fn newest_change(&self, repository: &CollectedRepository) -> Option<Time> {
        let head = repository.head_change_as_of(self.window.end)?;
        Some(repository.history.committed_at(head))
    }

    /// What each repository is used for, by its place.
    fn repository_uses(&self, asked: &[&Service]) -> Vec<BTreeSet<&'static str>> {
        let mut uses = vec![BTreeSet::new(); self.collected.repositories.len()];
        for service in asked {
            for place in &service.deployed_from {
                uses[*place].insert("deployments");
            }
            let Some(place) = service.repository else { continue };
            uses[place].insert("changes");
            if service.deployment_data == DeploymentData::ReleaseTags {
                uses[place].insert("release_tags");
            }
        }
        uses
    }

    fn repository_coverage(
        &self,
        repository: &CollectedRepository,
        used_for: BTreeSet<&'static str>,
    ) -> RepositoryCoverage {
        let head = repository.head_change_as_of(self.window.end);
        RepositoryCoverage {
            repository: repository.id.as_str().to_owned(),
            branch: repository.branch.as_ref().map(|branch| branch.name.clone()),
            web_address: repository.web_address.clone(),
            commit: head.map(|head| repository.history.id(head).to_string()),
            changes: repository.history.len() as u64,
            tags: repository.tags.len() as u64,
            used_for: used_for.into_iter().map(str::to_owned).collect(),
            is_shallow: repository.git.as_ref().is_some_and(GitRepository::is_shallow),
            newest_change_at: head.map(|head| repository.history.committed_at(head)),
        }
    }
}

fn data_name(data: DeploymentData) -> &'static str {
    match data {
        DeploymentData::Reported => "reported",
        DeploymentData::DeploymentRepository => "deployment_repository",
        DeploymentData::ReleaseTags => "release_tags",
        DeploymentData::None => "none",
    }
}
