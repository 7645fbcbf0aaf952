//! Deployment repositories: the versions that files declare, read along the first-parent history.
//!
//! A deployment is a change of the version that a file of the default branch declares for a service in an
//! environment. Reading along first parents makes a branch commit and its merge one deployment. What ran when the
//! history begins is a state, not an event, and is marked so.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};

use gix::bstr::ByteSlice;
use gix::hash::ObjectId;
use rayon::prelude::*;
use truelevel_documents::Problem;
use truelevel_model::{CommitId, Deployment, DeploymentOutcome, EnvironmentId, Initiator, ServiceId, SourceId, Time};

use crate::Progress;
use crate::deployment_files::{self, DeclaredVersion, PathTemplate, Reading};
use crate::git::{AutomationAccounts, GitError, GitRepository, Tree};

/// The environment of files that name none.
pub const UNNAMED_ENVIRONMENT: &str = "default";

/// Which files of a deployment repository declare versions.
#[derive(Debug)]
pub enum VersionFiles {
    /// Whatever is recognised below these folders.
    Recognised {
        /// Folders with a trailing `/`; one empty name stands for everything.
        folders: Vec<String>,
        /// Values files that are a chart's own defaults.
        chart_defaults: BTreeSet<String>,
    },
    /// Files by path template, each with the key path of the version.
    Configured(Vec<(PathTemplate, String)>),
}

/// What the files of one commit declare.
#[derive(Debug, Default)]
pub struct DeclaredVersions {
    /// The declarations, each with its path.
    pub versions: Vec<(String, DeclaredVersion)>,
    /// Files that look right and could not be read.
    pub problems: Vec<(String, Problem)>,
}

/// What reading a deployment repository brought.
#[derive(Debug)]
pub struct DeploymentsRead {
    /// In the order of the history.
    pub deployments: Vec<Deployment>,
    /// The commits that were compared.
    pub commits: u64,
}

impl VersionFiles {
    /// Recognises the version files of a tree, and says what they declare.
    pub fn recognise(tree: &Tree) -> (Self, DeclaredVersions) {
        let mut declared = DeclaredVersions::default();
        let mut folders = BTreeSet::new();
        let chart_defaults: BTreeSet<String> = tree
            .files()
            .iter()
            .filter(|file| deployment_files::is_chart_default(&file.path, &|sibling| tree.contains(sibling)))
            .map(|file| file.path.clone())
            .collect();
        for file in tree.files() {
            if chart_defaults.contains(&file.path) || !deployment_files::could_hold_versions(&file.path) {
                continue;
            }
            let reading = match tree.read(&file.path) {
                Ok(content) => deployment_files::read_versions(&file.path, &content),
                Err(message) => {
                    declared.problems.push((file.path.clone(), Problem { line: 0, column: 0, message }));
                    continue;
                }
            };
            if !reading.versions.is_empty() {
                folders.insert(top_folder(&file.path));
            }
            declared.problems.extend(reading.problems.into_iter().map(|problem| (file.path.clone(), problem)));
            declared.versions.extend(reading.versions.into_iter().map(|version| (file.path.clone(), version)));
        }
        if folders.contains("") {
            folders = BTreeSet::from([String::new()]);
        }
        (Self::Recognised { folders: folders.into_iter().collect(), chart_defaults }, declared)
    }

    /// What configured files declare in a tree.
    pub fn declared(&self, tree: &Tree) -> DeclaredVersions {
        let mut declared = DeclaredVersions::default();
        for file in tree.files().iter().filter(|file| self.wants(&file.path)) {
            let reading = match tree.read(&file.path) {
                Ok(content) => self.read(&file.path, &content),
                Err(message) => {
                    Reading { versions: Vec::new(), problems: vec![Problem { line: 0, column: 0, message }] }
                }
            };
            declared.problems.extend(reading.problems.into_iter().map(|problem| (file.path.clone(), problem)));
            declared.versions.extend(reading.versions.into_iter().map(|version| (file.path.clone(), version)));
        }
        declared
    }

    fn may_lie_below(&self, folder: &str) -> bool {
        let meets = |root: &str| root.starts_with(folder) || folder.starts_with(root);
        match self {
            Self::Recognised { folders, .. } => folders.iter().any(|root| meets(root)),
            Self::Configured(templates) => templates.iter().any(|(template, _)| meets(template.root())),
        }
    }

    fn wants(&self, path: &str) -> bool {
        match self {
            Self::Recognised { folders, chart_defaults } => {
                folders.iter().any(|root| path.starts_with(root.as_str()))
                    && deployment_files::could_hold_versions(path)
                    && !chart_defaults.contains(path)
            }
            Self::Configured(templates) => templates.iter().any(|(template, _)| template.matches(path).is_some()),
        }
    }

    fn read(&self, path: &str, content: &[u8]) -> Reading {
        match self {
            Self::Recognised { .. } => deployment_files::read_versions(path, content),
            Self::Configured(templates) => templates
                .iter()
                .find(|(template, _)| template.matches(path).is_some())
                .map(|(template, key)| deployment_files::read_configured(template, key, path, content))
                .unwrap_or_default(),
        }
    }
}

/// Reads all deployments up to a commit, as facts of `source`.
pub fn read_deployments(
    repository: &GitRepository,
    source: &SourceId,
    tip: CommitId,
    files: &VersionFiles,
    automation: &AutomationAccounts,
    progress: &dyn Progress,
) -> Result<DeploymentsRead, GitError> {
    let chain = repository.first_parents(tip)?;
    let done = AtomicU64::new(0);
    let total = Some(chain.len() as u64);
    const PART: usize = 512;
    let parts: Vec<Result<Vec<StepChanges>, GitError>> = (0..chain.len().div_ceil(PART))
        .into_par_iter()
        .map_init(
            || TreeReader::new(repository, automation),
            |trees, part| {
                let places = part * PART..chain.len().min((part + 1) * PART);
                let mut changes = Vec::new();
                for place in places.clone() {
                    let before = place.checked_sub(1).map(|before| chain[before].tree);
                    let changed = trees.changed_files(before, chain[place].tree, files)?;
                    if !changed.is_empty() {
                        let initiated_by = trees.initiator(chain[place].commit);
                        changes.push(StepChanges { place, changed, initiated_by });
                    }
                }
                let now = done.fetch_add(places.len() as u64, Ordering::Relaxed) + places.len() as u64;
                progress.advance(now, total);
                Ok(changes)
            },
        )
        .collect();
    let mut state = DeclaredState::default();
    let mut events = Vec::new();
    for part in parts {
        for step in part? {
            let deployed = state.apply(step.changed).into_iter();
            events.extend(deployed.map(|event| (step.place, step.initiated_by, event)));
        }
    }
    let deployments = events
        .into_iter()
        .map(|(place, initiated_by, (service, environment, version))| {
            let step = &chain[place];
            Deployment {
                source: source.clone(),
                id: format!("{}:{}/{}", step.commit, environment, service),
                service: ServiceId::new(service),
                environment: EnvironmentId::new(environment),
                version,
                commit: None,
                started_at: None,
                finished_at: step.committed_at,
                sequence: place as i64,
                outcome: DeploymentOutcome::Succeeded,
                is_initial_state: place == 0,
                initiated_by,
                approval_wait: None,
                strategy: None,
                aborted_automatically: None,
            }
        })
        .collect();
    Ok(DeploymentsRead { deployments, commits: chain.len() as u64 })
}

fn top_folder(path: &str) -> String {
    path.split_once('/').map(|(folder, _)| format!("{folder}/")).unwrap_or_default()
}

/// A commit on the first-parent line.
struct Step {
    commit: CommitId,
    tree: ObjectId,
    committed_at: Time,
}

impl GitRepository {
    /// The first-parent line that ends at `tip`, oldest first; it begins where the history or a shallow clone does.
    fn first_parents(&self, tip: CommitId) -> Result<Vec<Step>, GitError> {
        let local = self.local();
        let graph = local.commit_graph_if_enabled().ok().flatten();
        let mut chain = Vec::new();
        let mut next = Some(super::git::object_id(tip));
        let mut buffer = Vec::new();
        while let Some(id) = next {
            let commit = super::git::commit_id(id);
            if let Some(known) = graph.as_ref().and_then(|graph| graph.commit_by_id(id)) {
                let committed_at = Time::from_seconds(known.committer_timestamp() as i64);
                chain.push(Step { commit, tree: known.root_tree_id().to_owned(), committed_at });
                let parent = known.parent1().ok().flatten();
                next = parent.and_then(|parent| graph.as_ref().map(|graph| graph.id_at(parent).to_owned()));
                continue;
            }
            let object = gix::objs::Find::try_find(&local.objects, &id, &mut buffer)
                .map_err(|error| self.unreadable(format!("commit {id}"), error))?;
            let Some(object) = object else {
                if chain.is_empty() {
                    return Err(self.unreadable(format!("commit {id}"), "the object is missing"));
                }
                break;
            };
            let mut reading = gix::objs::CommitRefIter::from_bytes(object.data, gix::hash::Kind::Sha1);
            let damaged = |error| self.unreadable(format!("commit {id}"), error);
            let tree = reading.tree_id().map_err(damaged)?;
            next = reading.clone().parent_ids().next();
            let committed_at = Time::from_seconds(reading.committer().map_err(damaged)?.seconds());
            chain.push(Step { commit, tree, committed_at });
        }
        chain.reverse();
        Ok(chain)
    }
}

/// What one commit changed.
struct StepChanges {
    place: usize,
    changed: Vec<FileChange>,
    /// Whether automation or a person made it.
    initiated_by: Option<Initiator>,
}

/// A file that one commit added, changed or removed, and what it declares now.
struct FileChange {
    path: String,
    now: Reading,
}

/// Compares trees, opening only what differs and may hold versions.
struct TreeReader<'a> {
    repository: &'a GitRepository,
    local: gix::Repository,
    automation: &'a AutomationAccounts,
    trees: HashMap<ObjectId, Rc<[u8]>>,
    /// Whether a file may declare versions, by path: the same few paths change all the time.
    wanted: HashMap<String, bool>,
    /// Whether a signature is automation's.
    known_accounts: HashMap<Vec<u8>, bool>,
}

impl<'a> TreeReader<'a> {
    /// Neighbouring commits share almost all of their trees; this many are kept.
    const KEPT_TREES: usize = 256;

    fn new(repository: &'a GitRepository, automation: &'a AutomationAccounts) -> Self {
        Self {
            repository,
            local: repository.local(),
            automation,
            trees: HashMap::new(),
            wanted: HashMap::new(),
            known_accounts: HashMap::new(),
        }
    }

    /// Who made a commit: automation or a person, by its author.
    fn initiator(&mut self, commit: CommitId) -> Option<Initiator> {
        let commit = self.local.find_commit(super::git::object_id(commit)).ok()?;
        let author = commit.author().ok()?;
        let signature = [author.name.as_bytes(), b"<", author.email.as_bytes()].concat();
        let automation = self.automation;
        let is_automation = *self
            .known_accounts
            .entry(signature)
            .or_insert_with(|| automation.matches(&author.name.to_str_lossy(), &author.email.to_str_lossy()));
        Some(if is_automation { Initiator::Automation } else { Initiator::Person })
    }

    fn wants(&mut self, path: &str, files: &VersionFiles) -> bool {
        if let Some(known) = self.wanted.get(path) {
            return *known;
        }
        let wants = files.wants(path);
        self.wanted.insert(path.to_owned(), wants);
        wants
    }

    fn changed_files(
        &mut self,
        before: Option<ObjectId>,
        after: ObjectId,
        files: &VersionFiles,
    ) -> Result<Vec<FileChange>, GitError> {
        let mut changed = Vec::new();
        self.compare(before, Some(after), "", files, &mut changed)?;
        changed
            .into_iter()
            .map(|(path, id)| {
                let now = match id {
                    Some(id) => self.read_file(&path, id, files)?,
                    None => Reading::default(),
                };
                Ok(FileChange { path, now })
            })
            .collect()
    }

    fn read_file(&mut self, path: &str, id: ObjectId, files: &VersionFiles) -> Result<Reading, GitError> {
        let found = self.local.find_blob(id);
        let blob = found.map_err(|error| self.repository.unreadable(format!("file {path} (object {id})"), error))?;
        Ok(files.read(path, &blob.data))
    }

    fn tree(&mut self, id: ObjectId, path: &str) -> Result<Rc<[u8]>, GitError> {
        if let Some(known) = self.trees.get(&id) {
            return Ok(known.clone());
        }
        if self.trees.len() >= Self::KEPT_TREES {
            self.trees.clear();
        }
        let mut buffer = Vec::new();
        let found = gix::objs::Find::try_find(&self.local.objects, &id, &mut buffer);
        let unreadable = |reason: String| self.repository.unreadable(format!("folder `{path}` (object {id})"), reason);
        match found {
            Ok(Some(object)) if object.kind == gix::objs::Kind::Tree => {}
            Ok(_) => return Err(unreadable("the object is missing".into())),
            Err(error) => return Err(unreadable(error.to_string())),
        }
        let bytes: Rc<[u8]> = buffer.into();
        self.trees.insert(id, bytes.clone());
        Ok(bytes)
    }

    fn compare(
        &mut self,
        before: Option<ObjectId>,
        after: Option<ObjectId>,
        path: &str,
        files: &VersionFiles,
        changed: &mut Vec<(String, Option<ObjectId>)>,
    ) -> Result<(), GitError> {
        if before == after || !files.may_lie_below(path) {
            return Ok(());
        }
        let before = before.map(|id| self.tree(id, path)).transpose()?.unwrap_or_default();
        let after = after.map(|id| self.tree(id, path)).transpose()?.unwrap_or_default();
        let (mut old, mut new) = TreeEntries::after_common_start(&before, &after);
        // Most often one entry differs: what follows it is the same.
        while old.rest != new.rest {
            let order = match (old.peek(), new.peek()) {
                (None, None) => break,
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some(old), Some(new)) => old.order(&new),
            };
            let was = if order.is_le() { old.next() } else { None };
            let is = if order.is_ge() { new.next() } else { None };
            if was == is {
                continue;
            }
            let Some(name) = was.or(is).map(|entry| entry.name.to_str_lossy().into_owned()) else { continue };
            let (tree_before, tree_after) = (was.and_then(TreeEntry::tree), is.and_then(TreeEntry::tree));
            if tree_before.is_some() || tree_after.is_some() {
                self.compare(tree_before, tree_after, &format!("{path}{name}/"), files, changed)?;
            }
            let (file_before, file_after) = (was.and_then(TreeEntry::file), is.and_then(TreeEntry::file));
            if file_before != file_after {
                let path = format!("{path}{name}");
                if self.wants(&path, files) {
                    changed.push((path, file_after));
                }
            }
        }
        Ok(())
    }
}

/// One entry of a tree object.
#[derive(Clone, Copy, PartialEq, Eq)]
struct TreeEntry<'a> {
    mode: &'a [u8],
    name: &'a [u8],
    id: &'a [u8],
}

impl TreeEntry<'_> {
    fn tree(self) -> Option<ObjectId> {
        self.is_tree().then(|| ObjectId::from_bytes_or_panic(self.id))
    }

    /// Some old tools wrote a leading zero.
    fn is_tree(self) -> bool {
        matches!(self.mode, b"40000" | b"040000")
    }

    /// Regular files only: links and submodules lead elsewhere.
    fn file(self) -> Option<ObjectId> {
        self.mode.starts_with(b"100").then(|| ObjectId::from_bytes_or_panic(self.id))
    }

    /// The order in which git keeps entries: folders as if their names ended in `/`.
    fn order(&self, other: &Self) -> std::cmp::Ordering {
        let ending = |entry: &Self| if entry.is_tree() { Some(&b'/') } else { None };
        self.name.iter().chain(ending(self)).cmp(other.name.iter().chain(ending(other)))
    }
}

/// The entries of a tree object that were not looked at yet.
#[derive(Clone, Copy)]
struct TreeEntries<'a> {
    rest: &'a [u8],
}

impl<'a> TreeEntries<'a> {
    /// Both trees from the first entry on that differs.
    fn after_common_start(before: &'a [u8], after: &'a [u8]) -> (Self, Self) {
        let (mut old, mut new) = (Self { rest: before }, Self { rest: after });
        while let Some(length) = old.entry_length() {
            if new.rest.get(..length) != Some(&old.rest[..length]) {
                break;
            }
            (old.rest, new.rest) = (&old.rest[length..], &new.rest[length..]);
        }
        (old, new)
    }

    /// The bytes of the next entry; none at the end, or where the tree is damaged.
    fn entry_length(&self) -> Option<usize> {
        let length = memchr::memchr(0, self.rest)? + 1 + 20;
        (length <= self.rest.len()).then_some(length)
    }

    fn peek(&self) -> Option<TreeEntry<'a>> {
        let (entry, id) = self.rest[..self.entry_length()?].split_last_chunk::<20>()?;
        let (mode, name) = entry[..entry.len() - 1].split_at(memchr::memchr(b' ', entry)?);
        Some(TreeEntry { mode, name: &name[1..], id })
    }
}

impl<'a> Iterator for TreeEntries<'a> {
    type Item = TreeEntry<'a>;

    fn next(&mut self) -> Option<TreeEntry<'a>> {
        let entry = self.peek()?;
        self.rest = &self.rest[self.entry_length()?..];
        Some(entry)
    }
}

type Key = (String, String);

/// What all files declare at one point of the history.
#[derive(Default)]
struct DeclaredState {
    files: BTreeMap<String, Vec<(Key, String)>>,
    /// For each service and environment: the version that counts, and how many files declare it now.
    services: BTreeMap<Key, (String, usize)>,
}

impl DeclaredState {
    /// Moves on by one commit; answers the deployments that it made.
    ///
    /// A version that several files declare deploys once, with the first file that says so. A file that moves
    /// deploys nothing; a service that was gone and is declared again deploys, whatever its version.
    fn apply(&mut self, changes: Vec<FileChange>) -> Vec<(String, String, String)> {
        let absent_before = |services: &BTreeMap<Key, (String, usize)>, key: &Key| {
            services.get(key).is_none_or(|(_, declared_by)| *declared_by == 0)
        };
        let mut arrived: Vec<(Key, String)> = Vec::new();
        let mut was_absent: BTreeMap<Key, bool> = BTreeMap::new();
        let mut gone = Vec::new();
        for FileChange { path, now } in changes {
            let versions: Vec<(Key, String)> = now
                .versions
                .into_iter()
                .map(|declared| {
                    let environment = declared.environment.unwrap_or_else(|| UNNAMED_ENVIRONMENT.to_owned());
                    ((declared.service, environment), declared.version)
                })
                .collect();
            // Not understood is not removed: what it declared before stands.
            if versions.is_empty() && !now.problems.is_empty() {
                continue;
            }
            let before = self.files.remove(&path).unwrap_or_default();
            for declaration in &versions {
                was_absent
                    .entry(declaration.0.clone())
                    .or_insert_with(|| absent_before(&self.services, &declaration.0));
                if !before.contains(declaration) {
                    arrived.push(declaration.clone());
                }
            }
            gone.extend(before.into_iter().map(|(key, _)| key));
            for (key, version) in &versions {
                self.services.entry(key.clone()).or_insert_with(|| (version.clone(), 0)).1 += 1;
            }
            if !versions.is_empty() {
                self.files.insert(path, versions);
            }
        }
        for key in gone {
            if let Some((_, declared_by)) = self.services.get_mut(&key) {
                *declared_by -= 1;
            }
        }
        let mut events = Vec::new();
        for (key, version) in arrived {
            let Some((current, _)) = self.services.get_mut(&key) else { continue };
            let is_back = was_absent.insert(key.clone(), false).unwrap_or(false);
            if is_back || *current != version {
                *current = version.clone();
                events.push((key.0, key.1, version));
            }
        }
        events
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployment_files::Shape;

    fn change(path: &str, versions: &[(&str, &str, &str)]) -> FileChange {
        let versions = versions
            .iter()
            .map(|(service, environment, version)| DeclaredVersion {
                service: (*service).to_owned(),
                environment: Some((*environment).to_owned()),
                version: (*version).to_owned(),
                shape: Shape::PlainValues,
                line: 1,
            })
            .collect();
        FileChange { path: path.to_owned(), now: Reading { versions, problems: Vec::new() } }
    }

    fn versions(state: &mut DeclaredState, changes: Vec<FileChange>) -> Vec<String> {
        state
            .apply(changes)
            .into_iter()
            .map(|(service, environment, version)| format!("{service}@{environment}={version}"))
            .collect()
    }

    #[test]
    fn each_new_version_deploys_once_however_many_files_declare_it() {
        let mut state = DeclaredState::default();
        assert_eq!(versions(&mut state, vec![change("a", &[("web", "prod", "1")])]), ["web@prod=1"]);
        assert_eq!(versions(&mut state, vec![change("b", &[("web", "prod", "1")])]), Vec::<String>::new());
        assert_eq!(versions(&mut state, vec![change("a", &[("web", "prod", "2")])]), ["web@prod=2"]);
        assert_eq!(versions(&mut state, vec![change("b", &[("web", "prod", "2")])]), Vec::<String>::new());
        assert_eq!(versions(&mut state, vec![change("a", &[("web", "prod", "1")])]), ["web@prod=1"], "a rollback");
    }

    #[test]
    fn one_commit_deploys_many_services() {
        let mut state = DeclaredState::default();
        let both = change("a", &[("web", "prod", "1"), ("api", "prod", "1"), ("web", "staging", "1")]);
        assert_eq!(versions(&mut state, vec![both]), ["web@prod=1", "api@prod=1", "web@staging=1"]);
    }

    #[test]
    fn moving_a_file_deploys_nothing_and_coming_back_does() {
        let mut state = DeclaredState::default();
        versions(&mut state, vec![change("a", &[("web", "prod", "1")])]);
        let moved = vec![change("a", &[]), change("b", &[("web", "prod", "1")])];
        assert_eq!(versions(&mut state, moved), Vec::<String>::new());
        let moved_and_raised = vec![change("c", &[("web", "prod", "2")]), change("b", &[])];
        assert_eq!(versions(&mut state, moved_and_raised), ["web@prod=2"]);
        assert_eq!(versions(&mut state, vec![change("c", &[])]), Vec::<String>::new());
        assert_eq!(versions(&mut state, vec![change("c", &[("web", "prod", "2")])]), ["web@prod=2"], "declared again");
    }

    #[test]
    fn a_file_that_is_broken_for_a_while_deploys_nothing_by_being_mended() {
        let mut state = DeclaredState::default();
        versions(&mut state, vec![change("a", &[("web", "prod", "1")])]);
        let problem = Problem { line: 1, column: 1, message: "bad".into() };
        let broken = Reading { versions: Vec::new(), problems: vec![problem] };
        assert!(state.apply(vec![FileChange { path: "a".into(), now: broken }]).is_empty());
        assert_eq!(versions(&mut state, vec![change("a", &[("web", "prod", "1")])]), Vec::<String>::new());
    }
}
