//! What is assessed together: paths given on the command line, or a `truelevel.toml` and the store beside it.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use truelevel_assess::{Catalog, CatalogError};
use truelevel_model::access::AuditAction;
use truelevel_store::{SqlStore, Store};

use crate::EngineError;
use crate::access::By;
use crate::config::{Config, FILE_NAME};

/// Where a workspace comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WorkspaceSource {
    /// Repositories, without configuration.
    Paths(Vec<PathBuf>),
    /// A configuration file.
    File(PathBuf),
}

/// Where the workspaces of this process keep their facts, when not beside their files.
static STORE: OnceLock<(String, Asked)> = OnceLock::new();

/// Decides, for the whole process and before a workspace is opened, where facts are kept: in a file, or on a PostgreSQL
/// server as `postgres://user@host/database`. It is for whoever calls to say: a `truelevel.toml` may come from a clone of
/// somebody else's repository, and must not decide where facts and passwords go.
pub fn keep_facts_at(address: String, asked: Asked) {
    // Who said it first stays right.
    let _ = STORE.set((address, asked));
}

/// Who said where facts are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// This call; it makes no sense where nothing is kept.
    Now,
    /// The surroundings, for whatever is kept.
    Always,
}

/// What is assessed together.
pub struct Workspace {
    /// Where it comes from.
    pub source: WorkspaceSource,
    /// Its configuration; the defaults for plain paths.
    pub config: Config,
    pub(crate) store: Box<dyn Store>,
}

impl Workspace {
    /// Opens what paths mean: a single folder with a `truelevel.toml`, or that file, is a workspace; anything else is
    /// repositories. Without a path, the nearest `truelevel.toml` from the current folder upwards, else the current
    /// folder.
    pub fn open(paths: &[PathBuf]) -> Result<Self, EngineError> {
        let source = match paths {
            [] => nearest_file(Path::new("."))
                .map_or(WorkspaceSource::Paths(vec![PathBuf::from(".")]), WorkspaceSource::File),
            [only] if only.is_file() && only.extension().is_some_and(|ending| ending == "toml") => {
                WorkspaceSource::File(only.clone())
            }
            [only] if only.join(FILE_NAME).is_file() => WorkspaceSource::File(only.join(FILE_NAME)),
            several => WorkspaceSource::Paths(several.to_vec()),
        };
        match &source {
            WorkspaceSource::Paths(_) if matches!(STORE.get(), Some((_, Asked::Now))) => {
                Err(EngineError::Usage(format!(
                    "no {FILE_NAME} there, and only a workspace keeps facts in a store; write one with `truelevel init`"
                )))
            }
            WorkspaceSource::Paths(paths) => {
                let (config, store) = (Config::of_paths(paths), Box::new(SqlStore::in_memory()?));
                Ok(Self { source, config, store })
            }
            WorkspaceSource::File(file) => {
                let config = Config::read(file)?;
                let store = Box::new(open_store(file)?);
                Ok(Self { source, config, store })
            }
        }
    }

    /// Everything that decides levels here.
    pub(crate) fn catalog(&self) -> Result<Catalog, CatalogError> {
        let mut catalog = Catalog::embedded()?;
        self.config.own.add_to(&mut catalog);
        Ok(catalog)
    }

    /// Opens the store a second time, for whoever works beside this workspace; the workspace must have one.
    pub fn open_store(&self) -> Result<SqlStore, EngineError> {
        match &self.source {
            WorkspaceSource::File(file) => open_store(file),
            WorkspaceSource::Paths(_) => Err(EngineError::Usage(format!(
                "no {FILE_NAME} there, and this needs a place to keep things; write one with `truelevel init`"
            ))),
        }
    }

    /// The text of the configuration file, where there is one.
    pub(crate) fn configuration_text(&self) -> Result<Option<String>, EngineError> {
        let WorkspaceSource::File(file) = &self.source else { return Ok(None) };
        let unreadable = |error: std::io::Error| EngineError::Usage(format!("{}: {error}", file.display()));
        std::fs::read_to_string(file).map(Some).map_err(unreadable)
    }

    /// Writes a whole copy of the store, as of now, to a file that is not there yet; others may go on writing.
    pub fn back_up(&self, to: &Path) -> Result<(), EngineError> {
        Ok(self.open_store()?.back_up(to)?)
    }

    /// Whether what is collected is kept for the next run.
    pub(crate) const fn is_kept(&self) -> bool {
        matches!(self.source, WorkspaceSource::File(_))
    }

    /// A name for people: the configured one, else that of the folder or of the repositories.
    pub fn name(&self) -> String {
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let work_tree = |path: &PathBuf| match path.parent() {
            Some(parent) if path.ends_with(".git") => parent.to_owned(),
            _ => path.clone(),
        };
        let folder_name = |path: &Path| {
            let name = path.file_name().map(OsStr::to_owned).or_else(|| real(path).file_name().map(OsStr::to_owned));
            name.map(|name| name.to_string_lossy().trim_end_matches(".git").to_owned())
        };
        let found = match &self.source {
            WorkspaceSource::File(file) => file
                .parent()
                .map(|folder| if folder.as_os_str().is_empty() { Path::new(".") } else { folder })
                .and_then(folder_name),
            WorkspaceSource::Paths(paths) => {
                let mut seen = HashSet::new();
                let once = paths.iter().map(work_tree).filter(|path| seen.insert(real(path)));
                let names: Vec<String> = once.filter_map(|path| folder_name(&path)).collect();
                (!names.is_empty()).then(|| match names.len() {
                    1..=3 => names.join(", "),
                    more => format!("{} and {} more", names[0], more - 1),
                })
            }
        };
        self.config.name.clone().or(found).unwrap_or_else(|| "workspace".to_owned())
    }
}

/// Copies a whole store into an empty one; each is a file or an address as `postgres://user@host/database`. Answers how
/// many rows each table has.
pub fn copy_store(from: &str, to: &str, by: &By) -> Result<Vec<(&'static str, u64)>, EngineError> {
    if !from.contains("://") && !Path::new(from).is_file() {
        return Err(EngineError::Usage(format!("there is no store {}", truelevel_model::printable(from))));
    }
    let mut target = SqlStore::at(to)?;
    let copied = SqlStore::at(from)?.copy_to(&mut target)?;
    let rows: u64 = copied.iter().map(|(_, rows)| rows).sum();
    // Addresses may hold a password.
    let what = format!("{rows} rows of another store");
    target.append_audit(&by.entry(AuditAction::StoreCopied, what))?;
    Ok(copied)
}

fn open_store(file: &Path) -> Result<SqlStore, EngineError> {
    Ok(match STORE.get() {
        Some((address, _)) => SqlStore::at(address)?,
        None => SqlStore::in_file(store_path(file)?)?,
    })
}

/// Where a workspace keeps its facts unless told otherwise. A workspace may be a clone of somebody else's repository: a link that it brings
/// along must not decide what is written where.
fn store_path(file: &Path) -> Result<PathBuf, EngineError> {
    let folder = file.with_file_name(".truelevel");
    let store = folder.join("store.sqlite");
    for path in [&folder, &store] {
        if path.symlink_metadata().is_ok_and(|found| found.is_symlink()) {
            return Err(EngineError::Usage(format!(
                "{} is a link, and a store is never kept behind one; remove it",
                truelevel_model::printable(&path.display().to_string())
            )));
        }
    }
    Ok(store)
}

fn nearest_file(from: &Path) -> Option<PathBuf> {
    let from = from.canonicalize().ok()?;
    from.ancestors().map(|folder| folder.join(FILE_NAME)).find(|file| file.is_file())
}
