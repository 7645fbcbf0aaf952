//! Deployment repositories: the versions that files declare, read along the first-parent history.
//!
//! A deployment is a change of the version that a file of the default branch declares for a service in an
//! environment. Reading along first parents makes a branch commit and its merge one deployment. What ran when the
//! history begins is a state, not an event, and is marked so. A commit whose time does not fit its place on the line takes
//! that of a neighbour.

mod clocks;
mod declared_state;

use std::collections::{BTreeSet, HashMap};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use gix::bstr::ByteSlice;
use gix::hash::ObjectId;
use truelevel_documents::Problem;
use truelevel_model::{CommitId, Deployment, DeploymentOutcome, EnvironmentId, Initiator, ServiceId, SourceId, Time};

use crate::Progress;
use crate::deployment_files::{self, DeclaredVersion, KeyPath, PathTemplate, Reading};
use crate::git::{
    AutomationAccounts, CommitHeads, Differences, GitError, GitRepository, Packs, Side, Tree, TreeComparison, TreeFile,
};

use declared_state::{DeclaredState, Event, FileChange};

/// The environment of files that name none.
pub const UNNAMED_ENVIRONMENT: &str = "default";

/// Which files of a deployment repository declare versions.
#[derive(Debug)]
pub enum VersionFiles {
    /// Whatever is recognised.
    Recognised,
    /// Files by path template, each with the key path of the version.
    Configured(Vec<(PathTemplate, KeyPath)>),
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
    /// What of the history could not be read; versions that only it declared are not known.
    pub damaged: Vec<String>,
    /// Commits that deployed something and had a wrong clock, oldest first, each with the time that it says.
    pub mistimed: Vec<(CommitId, Time)>,
}

impl VersionFiles {
    /// What the files of a tree declare, but for those that `is_known` already.
    pub fn declared(&self, tree: &Tree, is_known: &dyn Fn(&TreeFile) -> bool) -> DeclaredVersions {
        let mut declared = DeclaredVersions::default();
        let is_wanted = |file: &&TreeFile| {
            self.wants(&file.path) && !self.is_default(&file.path, &|sibling| tree.contains(sibling)) && !is_known(file)
        };
        for file in tree.files().iter().filter(is_wanted) {
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
        match self {
            Self::Recognised => deployment_files::versions_may_lie_below(folder),
            Self::Configured(templates) => templates.iter().any(|(template, _)| {
                let root = template.root();
                root.starts_with(folder) || folder.starts_with(root)
            }),
        }
    }

    fn wants(&self, path: &str) -> bool {
        match self {
            Self::Recognised => deployment_files::could_hold_versions(path),
            Self::Configured(templates) => templates.iter().any(|(template, _)| template.matches(path).is_some()),
        }
    }

    /// Whether a file holds the defaults of a chart, which deploy nothing unless somebody says so.
    fn is_default(&self, path: &str, exists: &dyn Fn(&str) -> bool) -> bool {
        matches!(self, Self::Recognised) && deployment_files::is_chart_default(path, exists)
    }

    fn read(&self, path: &str, content: &[u8]) -> Reading {
        match self {
            Self::Recognised => deployment_files::read_versions(path, content),
            Self::Configured(templates) => templates
                .iter()
                .find_map(|(template, key)| deployment_files::read_configured(template, key.as_str(), path, content))
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
    let packs = repository.packs();
    let mut damaged_commit = None;
    let mut times: Vec<Time> = Vec::new();
    // The walk learns of one commit after the other; what it has passed is compared meanwhile.
    rayon::scope(|scope| -> Result<(), GitError> {
        let mut chain = FirstParents::new(repository, tip, Commits::new(repository, &packs, automation));
        let mut part: Vec<Step> = Vec::with_capacity(PART + 1);
        loop {
            let step = chain.next_step()?;
            let is_oldest = step.is_none();
            times.extend(step.as_ref().map(|step| step.committed_at));
            part.extend(step);
            if part.len() <= PART && !is_oldest {
                continue;
            }
            // The last one begins the next part: each commit is compared with the one before it.
            let next = part.last().filter(|_| !is_oldest).cloned().into_iter().collect();
            let steps = std::mem::replace(&mut part, next);
            if let Some(damaged) = chain.damaged.take() {
                damaged_commit = Some(damaged);
            }
            let (found, compared, packs) = (&found, &compared, &packs);
            scope.spawn(move |_| {
                let mut commits = CommitReader::new(repository, Commits::new(repository, packs, automation));
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
    let (mut steps, mut damaged) = found.into_inner().unwrap_or_else(PoisonError::into_inner);
    damaged.extend(damaged_commit);
    steps.sort_by_key(|changes| std::cmp::Reverse(changes.step.distance));
    times.reverse();
    let commits = times.len() as u64;
    let wrong_clocks: HashMap<usize, Time> = clocks::wrong_clocks(&times).into_iter().collect();
    let mut state = DeclaredState::default();
    let (mut deployments, mut mistimed) = (Vec::new(), Vec::new());
    for StepChanges { step, changed, read_anew } in steps {
        let place = commits - 1 - step.distance;
        let instead = wrong_clocks.get(&(place as usize)).copied();
        let deployed_at = instead.unwrap_or(step.committed_at);
        let known = deployments.len();
        for Event { key: (service, environment), version, is_removal } in state.apply(changed, &read_anew) {
            deployments.push(Deployment {
                source: source.clone(),
                id: format!("{}:{environment}/{service}", step.commit),
                service: ServiceId::new(service),
                environment: EnvironmentId::new(environment),
                version,
                is_removal,
                commit: None,
                started_at: None,
                finished_at: deployed_at,
                sequence: place as i64,
                outcome: DeploymentOutcome::Succeeded,
                is_initial_state: step.distance + 1 == commits,
                initiated_by: step.initiated_by,
                approval_wait: None,
                strategy: None,
                aborted_automatically: None,
                observed_at: deployed_at,
            });
        }
        if instead.is_some() && deployments.len() > known {
            mistimed.push((step.commit, step.committed_at));
        }
    }
    Ok(DeploymentsRead { deployments, damaged: damaged.into_iter().collect(), mistimed })
}

/// So many commits are compared in one go: enough to share trees, few enough to begin early.
const PART: usize = 1024;

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
    /// Folders of which `changed` has every file that is left, whether it differs or not.
    read_anew: Vec<String>,
}

/// Walks the first-parent line from its newest commit; it ends where the history, a shallow clone or what can be read
/// does.
struct FirstParents<'a> {
    repository: &'a GitRepository,
    commits: Commits<'a>,
    graph: Option<gix::commitgraph::Graph>,
    next: Option<ObjectId>,
    passed: u64,
    /// The commit that ended it, where one could not be read.
    damaged: Option<String>,
}

impl<'a> FirstParents<'a> {
    fn new(repository: &'a GitRepository, tip: CommitId, commits: Commits<'a>) -> Self {
        Self {
            graph: repository.commit_graph(&commits.local),
            next: Some(super::git::object_id(tip)),
            passed: 0,
            damaged: None,
            repository,
            commits,
        }
    }

    fn next_step(&mut self) -> Result<Option<Step>, GitError> {
        let Some(id) = self.next.take() else { return Ok(None) };
        let distance = self.passed;
        if let Some(graph) = &self.graph
            && let Some(known) = graph.commit_by_id(id)
        {
            self.next = known.parent1().ok().flatten().map(|parent| graph.id_at(parent).to_owned());
            self.passed += 1;
            return Ok(Some(Step {
                commit: super::git::commit_id(id),
                tree: known.root_tree_id().to_owned(),
                committed_at: Time::from_seconds(known.committer_timestamp() as i64),
                distance,
                initiated_by: None,
            }));
        }
        match self.commits.step(id, distance) {
            // What is newer than a damaged commit still says what was deployed since.
            Err(reason) if distance > 0 => {
                self.damaged = Some(format!("commit {id} ({reason}); what was deployed before it is not known"));
                Ok(None)
            }
            Err(reason) => Err(self.repository.unreadable(format!("commit {id}"), reason)),
            // Where a shallow clone is cut, the line ends; without its first commit there is nothing to read.
            Ok(None) if distance == 0 => {
                Err(self.repository.unreadable(format!("commit {id}"), "the object is missing"))
            }
            Ok(read) => {
                self.passed += u64::from(read.is_some());
                Ok(read.map(|(step, parent)| {
                    self.next = parent;
                    step
                }))
            }
        }
    }
}

/// Reads of commits what their beginning says.
struct Commits<'a> {
    local: gix::Repository,
    heads: CommitHeads<'a>,
    accounts: Accounts<'a>,
    buffer: Vec<u8>,
}

impl<'a> Commits<'a> {
    fn new(repository: &'a GitRepository, packs: &'a Packs, automation: &'a AutomationAccounts) -> Self {
        Self {
            local: repository.local_for_commits(),
            heads: CommitHeads::new(packs),
            accounts: Accounts::new(automation),
            buffer: Vec::new(),
        }
    }

    /// A commit as a step of the line, and its first parent; absent where the object is.
    fn step(&mut self, id: ObjectId, distance: u64) -> Result<Option<(Step, Option<ObjectId>)>, String> {
        let head = self.heads.of(&id).and_then(|head| step(head, id, distance, &mut self.accounts).ok());
        if head.is_some() {
            return Ok(head);
        }
        let found = gix::objs::Find::try_find(&self.local.objects, &id, &mut self.buffer);
        let Some(object) = found.map_err(|error| error.to_string())? else { return Ok(None) };
        if object.kind != gix::objs::Kind::Commit {
            return Err(format!("it is a {}", object.kind));
        }
        step(object.data, id, distance, &mut self.accounts).map(Some)
    }

    /// Who made a commit: automation or a person, by its author.
    fn initiator(&mut self, commit: CommitId) -> Option<Initiator> {
        self.step(super::git::object_id(commit), 0).ok()??.0.initiated_by
    }
}

/// Reads a commit that may be cut off behind its committer.
fn step(
    bytes: &[u8],
    id: ObjectId,
    distance: u64,
    accounts: &mut Accounts<'_>,
) -> Result<(Step, Option<ObjectId>), String> {
    let mut reading = gix::objs::CommitRefIter::from_bytes(bytes, gix::hash::Kind::Sha1);
    let tree = reading.tree_id().map_err(|error| error.to_string())?;
    let committed_at = Time::from_seconds(reading.committer().map_err(|error| error.to_string())?.seconds());
    let initiated_by = reading.author().ok().map(|author| accounts.initiator(author));
    let step = Step { commit: super::git::commit_id(id), tree, committed_at, distance, initiated_by };
    Ok((step, reading.parent_ids().next()))
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

/// Gathers what differs and may declare versions.
struct VersionFileChanges<'a> {
    files: &'a VersionFiles,
    wanted: &'a mut HashMap<String, bool>,
    /// Files by path, each with what it holds now.
    changed: Vec<(String, Option<ObjectId>)>,
    /// Folders that could not be read before.
    read_anew: Vec<String>,
    damaged: &'a mut Vec<String>,
}

impl Differences for VersionFileChanges<'_> {
    fn enters(&self, folder: &str) -> bool {
        self.files.may_lie_below(folder)
    }

    fn file(&mut self, path: String, _: Option<ObjectId>, now: Option<ObjectId>) {
        let wants = self.wanted.get(&path).copied().unwrap_or_else(|| {
            let wants = self.files.wants(&path);
            self.wanted.insert(path.clone(), wants);
            wants
        });
        if wants {
            self.changed.push((path, now));
        }
    }

    fn unreadable(&mut self, folder: &str, side: Side, error: GitError) -> Result<(), GitError> {
        if side == Side::Before {
            self.read_anew.push(folder.to_owned());
        }
        self.damaged.push(match error {
            GitError::Unreadable { what, reason, .. } => format!("{what} ({reason}); what it declared is not known"),
            other => other.to_string(),
        });
        Ok(())
    }
}

/// Compares commits, opening only what differs and may hold versions.
struct CommitReader<'a> {
    local: gix::Repository,
    commits: Commits<'a>,
    trees: TreeComparison<'a>,
    /// Whether a file may declare versions, by path: the same few paths change all the time.
    wanted: HashMap<String, bool>,
    /// What could not be read.
    damaged: Vec<String>,
}

impl<'a> CommitReader<'a> {
    fn new(repository: &'a GitRepository, commits: Commits<'a>) -> Self {
        Self {
            local: repository.local(),
            commits,
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
            let (changed, read_anew) = self.changed_files(before, step.tree, files);
            if !changed.is_empty() || !read_anew.is_empty() {
                let initiated_by = step.initiated_by.or_else(|| self.commits.initiator(step.commit));
                changes.push(StepChanges { step: Step { initiated_by, ..step.clone() }, changed, read_anew });
            }
        }
        changes
    }

    /// The files that may declare versions and differ between two trees, and the folders of which all files are told since
    /// nobody can say what was in them before.
    fn changed_files(
        &mut self,
        before: Option<ObjectId>,
        after: ObjectId,
        files: &VersionFiles,
    ) -> (Vec<FileChange>, Vec<String>) {
        let mut changes = VersionFileChanges {
            files,
            wanted: &mut self.wanted,
            changed: Vec::new(),
            read_anew: Vec::new(),
            damaged: &mut self.damaged,
        };
        let compared = self.trees.compare(before, Some(after), &mut changes);
        let VersionFileChanges { mut changed, read_anew, damaged, .. } = changes;
        damaged.extend(compared.err().map(|error| error.to_string()));
        let is_default = |path: &str| files.is_default(path, &|sibling| is_in(&self.local, after, sibling));
        changed.retain(|(path, id)| id.is_none() || !is_default(path));
        let changed = changed.into_iter().map(|(path, id)| {
            let now = id.map(|id| self.read_file(&path, id, files)).unwrap_or_default();
            FileChange { path, is_gone: id.is_none(), now }
        });
        (changed.collect(), read_anew)
    }

    /// What a file declares. One that cannot be read, or that nobody would write by hand, is a problem of that file:
    /// what it declared before stands.
    fn read_file(&mut self, path: &str, id: ObjectId, files: &VersionFiles) -> Reading {
        match super::git::read_file(&self.local, id) {
            Ok(content) => files.read(path, &content),
            Err(reason) => {
                self.damaged.push(format!("{path}: {reason}"));
                let problem = Problem { line: 0, column: 0, message: reason };
                Reading { versions: Vec::new(), problems: vec![problem] }
            }
        }
    }
}

/// Whether a tree holds a path.
fn is_in(local: &gix::Repository, root: ObjectId, path: &str) -> bool {
    let found = local.find_tree(root).ok().and_then(|tree| tree.lookup_entry_by_path(path).ok());
    found.flatten().is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_that_is_cut_off_too_early_is_not_read_and_never_read_wrongly() {
        let text = "tree 4b825dc642cb6eb9a060e54bf8d69288fbee4904\nparent 1111111111111111111111111111111111111111\n\
                    author Ann <ann@example.org> 1700000000 +0100\ncommitter Bot <bot@example.org> 1700000123 +0000\n\n\
                    Deploy\n";
        let automation = AutomationAccounts::default();
        let mut accounts = Accounts::new(&automation);
        let id = ObjectId::null(gix::hash::Kind::Sha1);
        let mut read = |bytes: &[u8]| {
            step(bytes, id, 0, &mut accounts).map(|(step, parent)| (step.tree, step.committed_at, parent)).ok()
        };
        let whole = read(text.as_bytes());
        assert_eq!(whole.as_ref().map(|it| it.1), Some(Time::from_seconds(1_700_000_123)));
        assert_eq!(whole.as_ref().and_then(|it| it.2).map(|parent| parent.to_string()), Some("1".repeat(40)));
        let cut = (0..text.len()).map(|length| read(&text.as_bytes()[..length]));
        let (read, unread): (Vec<_>, Vec<_>) = cut.partition(Option::is_some);
        assert!(read.iter().all(|found| *found == whole));
        assert!(read.len() >= "\nDeploy".len() && unread.len() > "tree".len(), "{} read", read.len());
    }
}
