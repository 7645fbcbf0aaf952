//! The services that a workspace names, and where their versions stand.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use regex::Regex;
use serde::Deserialize;
use toml::Spanned;
use truelevel_sources::deployment_files::{KeyPath, PathTemplate};

use super::{ConfigError, Reader};

/// A repository that declares what runs where.
#[derive(Debug)]
pub struct DeploymentRepositoryConfig {
    /// Where it is.
    pub path: PathBuf,
    /// Where the configuration says so, for a sentence about it.
    pub place: String,
    /// Its version files; none for what is recognised.
    pub files: Vec<VersionFilesConfig>,
}

/// Version files of a deployment repository.
#[derive(Clone, Debug)]
pub struct VersionFilesConfig {
    /// Their paths.
    pub template: PathTemplate,
    /// The template as written.
    pub path: String,
    /// The path of keys to the version.
    pub version: KeyPath,
    /// Where it stands, for a sentence about it.
    pub place: String,
}

/// A service.
#[derive(Debug)]
pub struct ServiceConfig {
    /// The service.
    pub name: String,
    /// The team that owns it.
    pub team: Option<String>,
    /// Its repository, where that is not the one of the same name.
    pub repository: Option<String>,
    /// The part of the repository that is its own.
    pub paths: Vec<PartConfig>,
    /// A version that ran before the first known deployment.
    pub baseline: Option<String>,
    /// How a tag or commit is found in a version.
    pub version_patterns: Vec<Regex>,
    /// Its production environments, where they differ from the workspace's.
    pub production: Vec<String>,
    /// What senders of events call it, where that is not its name.
    pub known_as: Vec<String>,
}

/// A part of a repository.
#[derive(Clone, Debug)]
pub struct PartConfig {
    /// Its path in the repository.
    pub path: String,
    /// Where it stands, for a sentence about it.
    pub place: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct DeploymentRepositoryTable {
    path: Spanned<PathBuf>,
    #[serde(default)]
    files: Vec<FilesTable>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FilesTable {
    path: Spanned<String>,
    version: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ServiceTable {
    pub(super) name: Spanned<String>,
    team: Option<String>,
    repository: Option<String>,
    #[serde(default)]
    paths: Vec<Spanned<String>>,
    baseline: Option<String>,
    #[serde(default)]
    version_patterns: Vec<Spanned<String>>,
    #[serde(default)]
    production: Vec<Spanned<String>>,
    #[serde(default)]
    known_as: Vec<String>,
}

impl Reader<'_> {
    pub(super) fn check_deployment_repository(
        &self,
        table: DeploymentRepositoryTable,
        folder: &Path,
    ) -> Result<DeploymentRepositoryConfig, ConfigError> {
        let files = table.files.into_iter().map(|files| {
            let (path_at, version_at) = (files.path.span().start, files.version.span().start);
            Ok(VersionFilesConfig {
                template: PathTemplate::parse(files.path.get_ref()).map_err(|why| self.invalid(path_at, why))?,
                path: files.path.into_inner(),
                version: KeyPath::parse(files.version.get_ref()).map_err(|why| self.invalid(version_at, why))?,
                place: self.place(path_at),
            })
        });
        Ok(DeploymentRepositoryConfig {
            place: self.place(table.path.span().start),
            files: files.collect::<Result<_, _>>()?,
            path: folder.join(table.path.into_inner()),
        })
    }

    pub(super) fn check_service(
        &self,
        service: ServiceTable,
        environments: &BTreeMap<String, bool>,
    ) -> Result<ServiceConfig, ConfigError> {
        for environment in &service.production {
            if !environments.contains_key(environment.get_ref()) {
                let known: Vec<_> = environments.keys().map(|name| format!("`{name}`")).collect();
                let known = if known.is_empty() { "none is declared".to_owned() } else { known.join(", ") };
                let message = format!(
                    "the environment `{}` is not declared in an [[environment]] table; declared: {known}",
                    environment.get_ref()
                );
                return Err(self.invalid(environment.span().start, message));
            }
        }
        let version_patterns = service
            .version_patterns
            .into_iter()
            .map(|pattern| {
                let compiled = regex::RegexBuilder::new(pattern.get_ref()).size_limit(1 << 20).build();
                compiled.map_err(|error| {
                    self.invalid(pattern.span().start, format!("not a pattern: {error}; write a regular expression"))
                })
            })
            .collect::<Result<_, _>>()?;
        let paths = service.paths.into_iter().map(|path| {
            let at = path.span().start;
            if path.get_ref().starts_with('/') || path.get_ref().split('/').any(|part| part == "..") {
                let message = format!(
                    "the path `{}` leads out of the repository; write one that begins at its top folder",
                    path.get_ref()
                );
                return Err(self.invalid(at, message));
            }
            Ok(PartConfig { path: path.into_inner(), place: self.place(at) })
        });
        Ok(ServiceConfig {
            name: service.name.into_inner(),
            team: service.team,
            repository: service.repository,
            paths: paths.collect::<Result<_, _>>()?,
            baseline: service.baseline,
            version_patterns,
            production: service.production.into_iter().map(Spanned::into_inner).collect(),
            known_as: service.known_as,
        })
    }
}
