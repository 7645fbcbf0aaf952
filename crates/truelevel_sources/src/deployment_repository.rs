//! Deployment repositories: the versions that files declare, read along the first-parent history.
//!
//! A deployment is a change of the version that a file of the default branch declares for a service in an
//! environment. Reading along first parents makes a branch commit and its merge one deployment. What ran when the
//! history begins is a state, not an event, and is marked so.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use gix::bstr::ByteSlice;
use gix::hash::ObjectId;
use truelevel_documents::Problem;
use truelevel_model::{CommitId, Deployment, DeploymentOutcome, EnvironmentId, Initiator, ServiceId, SourceId, Time};

use crate::Progress;
use crate::deployment_files::{self, DeclaredVersion, PathTemplate, Reading};
use crate::git::{AutomationAccounts, GitError, GitRepository, Tree, TreeComparison};

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
    /// Files and folders of the history that could not be read; versions that only they declared are not known.
    pub damaged: Vec<String>,
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
    let found: Mutex<(Vec<StepChanges>, BTreeSet<String>)> = Mutex::default();
    let compared = AtomicU64::new(0);
    let mut commits = 0;
    // The walk learns of one commit after the other; what it has passed is compared meanwhile.
    rayon::scope(|scope| -> Result<(), GitError> {
        let mut chain = FirstParents::new(repository, tip, automation);
        let mut part: Vec<Step> = Vec::with_capacity(PART + 1);
        loop {
            let step = chain.next_step()?;
            let is_oldest = step.is_none();
            part.extend(step);
            if part.len() <= PART && !is_oldest {
                continue;
            }
            // The last one begins the next part: each commit is compared with the one before it.
            let next = part.last().filter(|_| !is_oldest).cloned().into_iter().collect();
            let steps = std::mem::replace(&mut part, next);
            commits = chain.commits;
            let (found, compared) = (&found, &compared);
            scope.spawn(move |_| {
                let mut commits = CommitReader::new(repository, automation);
                let changes = commits.compare_steps(&steps, is_oldest, files);
                let done = compared.fetch_add(steps.len() as u64, Ordering::Relaxed) + steps.len() as u64;
                progress.advance(done, None);
                let mut found = found.lock().unwrap_or_else(PoisonError::into_inner);
                found.0.extend(changes);
                found.1.extend(commits.damaged);
            });
            if is_oldest {
                return Ok(());
            }
        }
    })?;
    let (mut steps, damaged) = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    steps.sort_by_key(|changes| std::cmp::Reverse(changes.step.distance));
    let mut state = DeclaredState::default();
    let mut deployments = Vec::new();
    for StepChanges { step, changed } in steps {
        for (service, environment, version) in state.apply(changed) {
            deployments.push(Deployment {
                source: source.clone(),
                id: format!("{}:{environment}/{service}", step.commit),
                service: ServiceId::new(service),
                environment: EnvironmentId::new(environment),
                version,
                commit: None,
                started_at: None,
                finished_at: step.committed_at,
                sequence: (commits - 1 - step.distance) as i64,
                outcome: DeploymentOutcome::Succeeded,
                is_initial_state: step.distance + 1 == commits,
                initiated_by: step.initiated_by,
                approval_wait: None,
                strategy: None,
                aborted_automatically: None,
                observed_at: step.committed_at,
            });
        }
    }
    Ok(DeploymentsRead { deployments, damaged: damaged.into_iter().collect() })
}

/// So many commits are compared in one go: enough to share trees, few enough to begin early.
const PART: usize = 1024;

fn top_folder(path: &str) -> String {
    path.split_once('/').map(|(folder, _)| format!("{folder}/")).unwrap_or_default()
}

/// A commit on the first-parent line.
#[derive(Clone)]
struct Step {
    commit: CommitId,
    tree: ObjectId,
    committed_at: Time,
    /// How many commits lie between it and the newest.
    distance: u64,
    /// Whether automation or a person made it; known when its commit was opened anyway.
    initiated_by: Option<Initiator>,
}

/// What one commit changed.
struct StepChanges {
    step: Step,
    changed: Vec<FileChange>,
}

/// Walks the first-parent line from its newest commit; it ends where the history or a shallow clone does.
struct FirstParents<'a> {
    repository: &'a GitRepository,
    local: gix::Repository,
    graph: Option<gix::commitgraph::Graph>,
    accounts: Accounts<'a>,
    next: Option<ObjectId>,
    commits: u64,
    buffer: Vec<u8>,
}

impl<'a> FirstParents<'a> {
    fn new(repository: &'a GitRepository, tip: CommitId, automation: &'a AutomationAccounts) -> Self {
        let local = repository.local_for_commits();
        Self {
            graph: local.commit_graph_if_enabled().ok().flatten(),
            accounts: Accounts::new(automation),
            next: Some(super::git::object_id(tip)),
            commits: 0,
            buffer: Vec::new(),
            repository,
            local,
        }
    }

    fn next_step(&mut self) -> Result<Option<Step>, GitError> {
        let Some(id) = self.next.take() else { return Ok(None) };
        let distance = self.commits;
        if let Some(graph) = &self.graph
            && let Some(known) = graph.commit_by_id(id)
        {
            self.next = known.parent1().ok().flatten().map(|parent| graph.id_at(parent).to_owned());
            self.commits += 1;
            return Ok(Some(Step {
                commit: super::git::commit_id(id),
                tree: known.root_tree_id().to_owned(),
                committed_at: Time::from_seconds(known.committer_timestamp() as i64),
                distance,
                initiated_by: None,
            }));
        }
        let unreadable = |error: &dyn std::fmt::Display| self.repository.unreadable(format!("commit {id}"), error);
        let found = gix::objs::Find::try_find(&self.local.objects, &id, &mut self.buffer);
        let Some(object) = found.map_err(|error| unreadable(&error))? else {
            // Where a shallow clone is cut, the line ends; without its first commit there is nothing to read.
            return if distance == 0 { Err(unreadable(&"the object is missing")) } else { Ok(None) };
        };
        let mut reading = gix::objs::CommitRefIter::from_bytes(object.data, gix::hash::Kind::Sha1);
        let tree = reading.tree_id().map_err(|error| unreadable(&error))?;
        let committed_at = reading.committer().map_err(|error| unreadable(&error))?.seconds();
        self.next = reading.parent_ids().next();
        self.commits += 1;
        Ok(Some(Step {
            commit: super::git::commit_id(id),
            tree,
            committed_at: Time::from_seconds(committed_at),
            distance,
            initiated_by: reading.author().ok().map(|author| self.accounts.initiator(author)),
        }))
    }
}

/// Tells automation from people, each signature once.
struct Accounts<'a> {
    automation: &'a AutomationAccounts,
    known: HashMap<Vec<u8>, bool>,
}

impl<'a> Accounts<'a> {
    fn new(automation: &'a AutomationAccounts) -> Self {
        Self { automation, known: HashMap::new() }
    }

    fn initiator(&mut self, author: gix::actor::SignatureRef<'_>) -> Initiator {
        let signature = [author.name.as_bytes(), b"<", author.email.as_bytes()].concat();
        let matches = || self.automation.matches(&author.name.to_str_lossy(), &author.email.to_str_lossy());
        if *self.known.entry(signature).or_insert_with(matches) { Initiator::Automation } else { Initiator::Person }
    }
}

/// A file that one commit added, changed or removed, and what it declares now.
struct FileChange {
    path: String,
    now: Reading,
}

/// Compares commits, opening only what differs and may hold versions.
struct CommitReader<'a> {
    local: gix::Repository,
    accounts: Accounts<'a>,
    trees: TreeComparison<'a>,
    /// Whether a file may declare versions, by path: the same few paths change all the time.
    wanted: HashMap<String, bool>,
    /// What could not be read.
    damaged: Vec<String>,
}

impl<'a> CommitReader<'a> {
    fn new(repository: &'a GitRepository, automation: &'a AutomationAccounts) -> Self {
        Self {
            local: repository.local(),
            accounts: Accounts::new(automation),
            trees: TreeComparison::new(repository),
            wanted: HashMap::new(),
            damaged: Vec::new(),
        }
    }

    /// What each step, newest first, changed over the one behind it; the last one only when it is the oldest.
    fn compare_steps(&mut self, steps: &[Step], has_oldest: bool, files: &VersionFiles) -> Vec<StepChanges> {
        let mut changes = Vec::new();
        for (place, step) in steps.iter().enumerate() {
            let before = steps.get(place + 1).map(|before| before.tree);
            if before.is_none() && !has_oldest {
                break;
            }
            let changed = self.changed_files(before, step.tree, files);
            if !changed.is_empty() {
                let initiated_by = step.initiated_by.or_else(|| self.initiator(step.commit));
                changes.push(StepChanges { step: Step { initiated_by, ..step.clone() }, changed });
            }
        }
        changes
    }

    /// Who made a commit: automation or a person, by its author.
    fn initiator(&mut self, commit: CommitId) -> Option<Initiator> {
        let commit = self.local.find_commit(super::git::object_id(commit)).ok()?;
        Some(self.accounts.initiator(commit.author().ok()?))
    }

    fn changed_files(&mut self, before: Option<ObjectId>, after: ObjectId, files: &VersionFiles) -> Vec<FileChange> {
        let mut changed = Vec::new();
        let wanted = &mut self.wanted;
        let mut take = |path: String, _: Option<ObjectId>, now: Option<ObjectId>| {
            let wants = wanted.get(&path).copied().unwrap_or_else(|| {
                let wants = files.wants(&path);
                wanted.insert(path.clone(), wants);
                wants
            });
            if wants {
                changed.push((path, now));
            }
        };
        if let Err(error) = self.trees.compare(before, Some(after), &|folder| files.may_lie_below(folder), &mut take) {
            self.damaged.push(error.to_string());
        }
        changed
            .into_iter()
            .map(|(path, id)| {
                let now = id.map(|id| self.read_file(&path, id, files)).unwrap_or_default();
                FileChange { path, now }
            })
            .collect()
    }

    /// What a file declares. One that cannot be read, or that nobody would write by hand, is a problem of that file:
    /// what it declared before stands.
    fn read_file(&mut self, path: &str, id: ObjectId, files: &VersionFiles) -> Reading {
        match super::git::read_file(&self.local, id) {
            Ok(content) => files.read(path, &content),
            Err(reason) => {
                self.damaged.push(format!("file {path} (object {id}): {reason}"));
                let problem = Problem { line: 0, column: 0, message: reason };
                Reading { versions: Vec::new(), problems: vec![problem] }
            }
        }
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
