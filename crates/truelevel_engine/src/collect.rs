//! Collect: brings the store up to date from the workspace's repositories.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};

use truelevel_model::{ChangeIndex, CommitId, History, RepositoryId, SourceId, Tag, Time, Window};
use truelevel_report::numbers;
use truelevel_sources::deployment_files::{DeclaredVersion, is_production, lies_in_chart};
use truelevel_sources::deployment_repository::{DeclaredVersions, VersionFiles, read_deployments};
use truelevel_sources::git::{AutomationAccounts, Branch, ChangeReading, GitError, GitRepository, Tree, TreeFile};
use truelevel_store::Store;

use crate::matching::plain_name;
use crate::reading::in_shares;
use crate::{EngineError, Talk, Workspace};

/// A repository with what was read of it.
pub(crate) struct CollectedRepository {
    pub(crate) id: RepositoryId,
    /// Where it is read from; absent when all that is known of it are facts in the store.
    pub(crate) git: Option<GitRepository>,
    pub(crate) branch: Option<Branch>,
    pub(crate) web_address: Option<String>,
    pub(crate) history: History,
    pub(crate) tags: Vec<Tag>,
    /// Set when it declares what runs where.
    pub(crate) deployments: Option<DeploymentSource>,
    /// Its place among the configured deployment repositories.
    pub(crate) configured: Option<usize>,
    /// Listed as a repository of code.
    pub(crate) is_for_code: bool,
}

/// The deployments that a repository declares.
pub(crate) struct DeploymentSource {
    pub(crate) source: SourceId,
    pub(crate) files: VersionFiles,
    /// Something in it is built: it may be the code of what it deploys.
    pub(crate) holds_code: bool,
}

/// What collecting brought.
pub(crate) struct Collected {
    pub(crate) repositories: Vec<CollectedRepository>,
    pub(crate) warnings: Vec<String>,
}

/// What collecting brought, for people.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// A line for each repository.
    pub lines: Vec<String>,
    /// What could not be read.
    pub warnings: Vec<String>,
}

/// Brings the workspace's store up to date and says what it holds.
pub fn collect_all(workspace: &mut Workspace, talk: &dyn Talk) -> Result<Summary, EngineError> {
    let collected = collect(workspace, talk)?;
    let deployments = workspace.store.deployments()?;
    let lines = collected.repositories.iter().map(|repository| {
        let declared = repository.deployments.as_ref().map(|found| {
            let count = deployments.iter().filter(|deployment| deployment.source == found.source).count();
            format!(", {}", numbers::count(count as u64, "deployment"))
        });
        format!(
            "{}: {}, {}{}",
            repository.id,
            numbers::count(repository.history.len() as u64, "change"),
            numbers::count(repository.tags.len() as u64, "tag"),
            declared.unwrap_or_default()
        )
    });
    Ok(Summary { lines: lines.collect(), warnings: collected.warnings })
}

/// Reads all repositories of a workspace into its store.
pub(crate) fn collect(workspace: &mut Workspace, talk: &dyn Talk) -> Result<Collected, EngineError> {
    let mut collected = open_all(workspace)?;
    let automation = AutomationAccounts(workspace.config.automation_accounts.clone());
    let salt = workspace.store.salt()?;
    for repository in &mut collected.repositories {
        read_changes(workspace, repository, &salt, &automation, talk, &mut collected.warnings)?;
    }
    find_deployment_repositories(workspace, &mut collected);
    for repository in &mut collected.repositories {
        read_declared(workspace, repository, &automation, talk, &mut collected.warnings)?;
    }
    if workspace.is_kept() {
        add_known_from_facts(workspace, &mut collected.repositories, talk)?;
    }
    Ok(collected)
}

/// Adds the repositories whose changes came into the store by other ways than reading git.
fn add_known_from_facts(
    workspace: &Workspace,
    repositories: &mut Vec<CollectedRepository>,
    talk: &dyn Talk,
) -> Result<(), EngineError> {
    let read: BTreeSet<RepositoryId> = repositories.iter().map(|repository| repository.id.clone()).collect();
    let mut ids = Vec::new();
    for id in workspace.store.repositories()? {
        // One that was read and is not listed any more is out of the question.
        if !read.contains(&id) && workspace.store.collected(&changes_subject(&id))?.is_none() {
            ids.push(id);
        }
    }
    let (done, total) = (AtomicU64::new(0), Some(ids.len() as u64));
    let read = |store: &dyn Store, ids: &[RepositoryId]| {
        let known = ids.iter().map(|id| {
            talk.progress("reading changes from the store", done.fetch_add(1, Ordering::Relaxed) + 1, total);
            let history = store.history(id)?;
            let tip = history.newest_head();
            Ok(CollectedRepository {
                id: id.clone(),
                git: None,
                branch: tip.map(|tip| Branch { name: NEWEST.to_owned(), tip: history.id(tip) }),
                web_address: None,
                tags: store.tags(id)?,
                history,
                deployments: None,
                configured: None,
                is_for_code: true,
            })
        });
        known.collect()
    };
    repositories.extend(in_shares(workspace, &ids, read)?);
    Ok(())
}

/// The branch of a repository without references: what leads to the newest change.
const NEWEST: &str = "(newest change)";

fn changes_subject(repository: &RepositoryId) -> String {
    format!("changes:{}", repository.as_str())
}

fn open_all(workspace: &Workspace) -> Result<Collected, EngineError> {
    let config = &workspace.config;
    let named = config.repositories.iter().map(|entry| (entry.name.clone(), &entry.path, entry.place.as_deref(), None));
    let deploying = config
        .deployment_repositories
        .iter()
        .enumerate()
        .map(|(place, entry)| (None, &entry.path, Some(entry.place.as_str()), Some(place)));
    let mut collected = Collected { repositories: Vec::new(), warnings: Vec::new() };
    let mut identities = BTreeMap::new();
    let mut names: BTreeSet<RepositoryId> = BTreeSet::new();
    for (name, path, line, configured) in named.chain(deploying) {
        let git = match GitRepository::open(path) {
            Ok(git) => git,
            // What somebody typed must be right; a source of a workspace may fail, and is named in the answer.
            Err(error) if !workspace.is_kept() => return Err(error.into()),
            Err(error) => {
                let line = line.map(|line| format!("{line}: ")).unwrap_or_default();
                collected.warnings.push(format!("{line}{error}"));
                continue;
            }
        };
        let place = collected.repositories.len();
        if let Some(first) = identities.insert(git.identity(), place) {
            identities.insert(git.identity(), first);
            let first: &mut CollectedRepository = &mut collected.repositories[first];
            if configured.is_some() {
                first.configured = configured;
            } else {
                collected.warnings.push(format!(
                    "{} is the same repository as {} and is read once",
                    shown(path),
                    first.id
                ));
            }
            continue;
        }
        let id = distinct(name.map_or_else(|| git.name(), RepositoryId::new), &mut names);
        let branch = git.default_branch()?;
        if branch.is_none() {
            let unreadable = git.unreadable_head().map(|error| error.to_string());
            collected.warnings.push(unreadable.unwrap_or_else(|| format!("{id} has no commits")));
        }
        if git.is_shallow() {
            collected.warnings.push(format!(
                "{id} is a shallow clone: changes and deployments before the cut are not known; fetch the whole history with `git fetch --unshallow`"
            ));
        }
        if git.is_partial() {
            collected.warnings.push(format!("{id} is a partial clone: files that were not fetched cannot be read"));
        }
        collected.repositories.push(CollectedRepository {
            web_address: git.web_address(),
            id,
            git: Some(git),
            branch,
            history: History::default(),
            tags: Vec::new(),
            deployments: None,
            is_for_code: configured.is_none(),
            configured,
        });
    }
    Ok(collected)
}

fn distinct(name: RepositoryId, names: &mut BTreeSet<RepositoryId>) -> RepositoryId {
    let numbered = (2..).map(|number| RepositoryId::new(format!("{}~{number}", name.as_str())));
    let free = std::iter::once(name.clone()).chain(numbered).find(|name| !names.contains(name)).unwrap_or(name);
    names.insert(free.clone());
    free
}

fn shown(path: &Path) -> String {
    truelevel_model::printable(&path.display().to_string()).into_owned()
}

fn read_changes(
    workspace: &mut Workspace,
    repository: &mut CollectedRepository,
    salt: &[u8],
    automation: &AutomationAccounts,
    talk: &dyn Talk,
    warnings: &mut Vec<String>,
) -> Result<(), EngineError> {
    let Some(git) = &repository.git else { return Ok(()) };
    let subject = changes_subject(&repository.id);
    // Accounts of automation are a property of each change, so other accounts mean reading again.
    let fingerprint = format!("{} {} {:?}", git.fingerprint()?, git.identity().display(), automation.0);
    let is_kept = workspace.is_kept();
    let before = if is_kept { workspace.store.collected(&subject)? } else { None };
    if before.as_ref() == Some(&fingerprint) {
        repository.history = workspace.store.history(&repository.id)?;
        repository.tags = workspace.store.tags(&repository.id)?;
        return Ok(());
    }
    let is_same_reading = |before: &String| {
        before.split_once(' ').map(|(_, rest)| rest) == fingerprint.split_once(' ').map(|(_, rest)| rest)
    };
    let may_go_on = before.as_ref().is_some_and(is_same_reading) && !git.is_shallow();
    let known = if may_go_on { workspace.store.history(&repository.id)? } else { History::default() };
    // A cut that has moved leaves changes whose parents are now known: read those again from the start.
    let known = if known.indices().any(|change| known.has_missing_parent(change)) { History::default() } else { known };
    let stored = known.len();
    let what = format!("reading the changes of {}", repository.id);
    let read = git.changes(ChangeReading {
        salt,
        automation,
        known,
        // What is kept must be whole; what is asked once needs only what it is about.
        needs_details: is_kept,
        progress: &|done, total| talk.progress(&what, done, total),
    })?;
    for (commit, reason) in read.damaged.iter().take(5) {
        warnings.push(format!(
            "{}: commit {commit} cannot be read ({reason}); what lies behind it is not known",
            repository.id
        ));
    }
    if read.damaged.len() > 5 {
        warnings.push(format!("{}: {} more commits cannot be read", repository.id, read.damaged.len() - 5));
    }
    repository.tags = git.tags()?;
    repository.history = read.history;
    if is_kept {
        if repository.is_for_code {
            let what = format!("comparing the changes of {}", repository.id);
            let recent = recent_changes(&repository.history, if read.goes_on { stored } else { 0 });
            git.measure_sizes(&mut repository.history, &recent, &|done, total| talk.progress(&what, done, total));
        }
        if stored == 0 || !read.goes_on {
            workspace.store.replace_history(&repository.id, &repository.history)?;
        } else {
            workspace.store.append_history(&repository.id, &repository.history, stored)?;
        }
        workspace.store.replace_tags(&repository.id, &repository.tags)?;
        if read.damaged.is_empty() {
            workspace.store.set_collected(&subject, &fingerprint)?;
        }
    }
    Ok(())
}

/// How far behind the newest change sizes are looked at: as long as any window that people compare.
const SIZED_DAYS: u32 = 366;

/// The changes from a place in the history on that are recent as the history goes.
fn recent_changes(history: &History, from: usize) -> Vec<ChangeIndex> {
    let newest = history.indices().map(|change| history.committed_at(change)).max();
    let from_then = newest.map(|newest| Window::ending(newest, SIZED_DAYS).start);
    let is_recent = |change: &ChangeIndex| from_then.is_some_and(|then| history.committed_at(*change) > then);
    history.indices().skip(from).filter(is_recent).collect()
}

/// Decides which repositories declare what runs where, where the configuration does not say.
fn find_deployment_repositories(workspace: &Workspace, collected: &mut Collected) {
    let names: BTreeSet<String> =
        collected.repositories.iter().map(|repository| plain_name(repository.id.as_str())).collect();
    let configured = &workspace.config.deployment_repositories;
    let mut not_taken = Vec::new();
    for repository in &mut collected.repositories {
        let (Some(branch), Some(git)) = (&repository.branch, &repository.git) else { continue };
        let source = SourceId::new(format!("deployment_repository:{}", repository.id.as_str()));
        if !configured.is_empty() && repository.configured.is_none() {
            continue;
        }
        let tree = match git.tree(branch.tip) {
            Ok(tree) => tree,
            Err(error) => {
                collected.warnings.push(error.to_string());
                continue;
            }
        };
        let templates = repository.configured.map(|place| configured[place].files.as_slice()).unwrap_or_default();
        let files = if templates.is_empty() {
            VersionFiles::Recognised
        } else {
            for files in templates {
                if !tree.files().iter().any(|file| files.template.matches(&file.path).is_some()) {
                    collected.warnings.push(format!(
                        "{}: the path template `{}` fits no file of {}",
                        files.place,
                        truelevel_model::printable(&files.path),
                        repository.id
                    ));
                }
            }
            VersionFiles::Configured(
                templates.iter().map(|files| (files.template.clone(), files.version.clone())).collect(),
            )
        };
        let declared = files.declared(&tree, &|_| false);
        if repository.configured.is_some()
            || declares_what_runs(repository, &declared, &names, &tree)
            || declared_what_ran(repository, git, &names, &tree)
        {
            warn_of_problems(&repository.id, &declared, &mut collected.warnings);
            let holds_code = tree.files().iter().any(|file| is_code(&file.path));
            repository.deployments = Some(DeploymentSource { source, files, holds_code });
        } else if let Some((path, _)) = declared.versions.first() {
            let files: BTreeSet<&str> = declared.versions.iter().map(|(path, _)| path.as_str()).collect();
            not_taken.push(format!(
                "{}: {} that could say what runs ({}{}) were not taken for deployments, since nothing in them says that \
                 production runs it; if it does, name the repository in a [[deployment_repository]] table",
                repository.id,
                numbers::count(files.len() as u64, "file"),
                truelevel_model::printable(path),
                if files.len() > 1 { ", …" } else { "" },
            ));
        }
    }
    collected.warnings.extend(not_taken);
}

fn warn_of_problems(repository: &RepositoryId, declared: &DeclaredVersions, warnings: &mut Vec<String>) {
    let line = |(path, problem): &(String, truelevel_documents::Problem)| {
        let place = if problem.line > 0 { format!(":{}", problem.line) } else { String::new() };
        let printable = truelevel_model::printable;
        format!("{repository}: {}{place}: {}", printable(path), printable(&problem.message))
    };
    let lines: BTreeSet<String> = declared.problems.iter().map(line).collect();
    warnings.extend(lines.iter().take(5).cloned());
    if lines.len() > 5 {
        warnings
            .push(format!("{repository}: {} more files that declare versions cannot be read whole", lines.len() - 5));
    }
}

/// Endings of files that services are written in.
const CODE: [&str; 26] = [
    "c", "cc", "cjs", "clj", "cpp", "cs", "dart", "erl", "ex", "exs", "fs", "go", "hs", "java", "js", "jsx", "kt",
    "mjs", "php", "py", "rb", "rs", "scala", "swift", "ts", "tsx",
];

/// Whether a file is one of those that a service is built from, by its name.
fn is_code(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending);
    CODE.contains(&ending) || name == "Dockerfile" || name == "Containerfile"
}

/// Whether versions that were found say what runs, and are not examples, defaults or a tool's own images: they stand in
/// what a controller runs; or an environment is named and production is among them; or a declared service is one of the
/// repositories; or the repository is about nothing else.
fn declares_what_runs(
    repository: &CollectedRepository,
    declared: &DeclaredVersions,
    repositories: &BTreeSet<String>,
    tree: &Tree,
) -> bool {
    let files: BTreeSet<&str> = declared.versions.iter().map(|(path, _)| path.as_str()).collect();
    // Releases speak for a repository of code, unless a good part of its files says what runs. What it says of itself, and
    // in the charts that it offers to others, is a sample.
    let has_code = repository.tags.len() >= 3 && files.len() * 10 < tree.files().len();
    let own_name = plain_name(repository.id.as_str());
    let is_sample = |path: &str| has_code && lies_in_chart(path, &|sibling| tree.contains(sibling));
    let services: BTreeSet<&str> = declared.versions.iter().map(|(_, version)| version.service.as_str()).collect();
    let says_so = |(path, version): &(String, DeclaredVersion)| {
        let is_production = version.environment.as_deref().is_some_and(is_production);
        let name = plain_name(&version.service);
        let is_for_a_repository = repositories.contains(&name) && !(has_code && name == own_name);
        version.shape.is_deploying() || (!is_sample(path) && (is_production || is_for_a_repository))
    };
    declared.versions.iter().any(says_so) || (!has_code && services.len() >= 3 && files.len() >= 3)
}

/// Whether a repository said what runs within the year before its newest commit: where everything was taken out since,
/// that is known too. Only files that are not there any more, or say something else, are looked at.
fn declared_what_ran(
    repository: &CollectedRepository,
    git: &GitRepository,
    repositories: &BTreeSet<String>,
    newest: &Tree,
) -> bool {
    let history = &repository.history;
    let Some(tip) = repository.branch.as_ref().and_then(|branch| history.find(&branch.tip)) else { return false };
    let year_before = Window::ending(history.committed_at(tip), SIZED_DAYS).start;
    let line = std::iter::successors(Some(tip), |change| history.parents(*change).first().copied());
    let within_a_year = line.skip(1).take_while(|change| history.committed_at(*change) > year_before);
    let mut seen: BTreeSet<(String, String)> =
        newest.files().iter().map(|file| (file.path.clone(), file.content())).collect();
    let mut next = 1;
    (1_u64..).zip(within_a_year).any(|(distance, change)| {
        if distance != next {
            return false;
        }
        next *= LOOKS_BACK_TIMES;
        let Ok(tree) = git.tree(history.id(change)) else { return false };
        let is_known = |file: &TreeFile| seen.contains(&(file.path.clone(), file.content()));
        let declared = VersionFiles::Recognised.declared(&tree, &is_known);
        seen.extend(tree.files().iter().map(|file| (file.path.clone(), file.content())));
        declares_what_runs(repository, &declared, repositories, &tree)
    })
}

/// Each tree of the past that is looked at lies so many times as many commits back as the one before: what stood for long
/// is met, and a long history costs few trees.
const LOOKS_BACK_TIMES: u64 = 4;

fn read_declared(
    workspace: &mut Workspace,
    repository: &mut CollectedRepository,
    automation: &AutomationAccounts,
    talk: &dyn Talk,
    warnings: &mut Vec<String>,
) -> Result<(), EngineError> {
    let (Some(found), Some(branch), Some(git)) = (&repository.deployments, &repository.branch, &repository.git) else {
        return Ok(());
    };
    let subject = format!("deployments:{}", repository.id.as_str());
    let fingerprint = format!("{} {:?} {:?} {}", branch.tip, found.files, automation.0, env!("CARGO_PKG_VERSION"));
    let clocks = format!("clocks:{}", repository.id.as_str());
    if workspace.is_kept() && workspace.store.collected(&subject)?.as_ref() == Some(&fingerprint) {
        warnings.extend(workspace.store.collected(&clocks)?.filter(|said| !said.is_empty()));
        return Ok(());
    }
    let what = format!("reading the deployments of {}", repository.id);
    let progress = |done, total| talk.progress(&what, done, total);
    let read = match read_deployments(git, &found.source, branch.tip, &found.files, automation, &progress) {
        Ok(read) => read,
        Err(error @ GitError::Unreadable { .. }) => {
            warnings.push(format!("{error}; its deployments are left out"));
            repository.deployments = None;
            return Ok(());
        }
        Err(error) => return Err(error.into()),
    };
    warnings.extend(read.damaged.iter().take(5).map(|damaged| format!("{}: {damaged}", repository.id)));
    if read.damaged.len() > 5 {
        warnings.push(format!(
            "{}: {} more parts of its history cannot be read",
            repository.id,
            read.damaged.len() - 5
        ));
    }
    let wrong_clocks = read.mistimed.first().map(|(commit, said)| {
        format!(
            "{}: the clock of {} that deployed was wrong, for example {} says {}: the time of a neighbouring commit counts",
            repository.id,
            numbers::count(read.mistimed.len() as u64, "commit"),
            commit.short(),
            said.date()
        )
    });
    warnings.extend(wrong_clocks.clone());
    workspace.store.replace_deployments(&found.source, &read.deployments)?;
    // What is damaged is looked at again, and named again, until it is whole.
    if workspace.is_kept() && read.damaged.is_empty() {
        workspace.store.set_collected(&clocks, &wrong_clocks.unwrap_or_default())?;
        workspace.store.set_collected(&subject, &fingerprint)?;
    }
    Ok(())
}

impl CollectedRepository {
    /// The default branch's newest commit at or before a date.
    pub(crate) fn head_as_of(&self, as_of: Time) -> Option<CommitId> {
        self.head_change_as_of(as_of).map(|change| self.history.id(change))
    }

    /// The same by its place in the history.
    pub(crate) fn head_change_as_of(&self, as_of: Time) -> Option<ChangeIndex> {
        let tip = self.history.find(&self.branch.as_ref()?.tip)?;
        self.history.first_parent_as_of(tip, as_of)
    }
}
