//! Git repositories: bare or checked out, worktrees, shallow and partial clones. Read only; nothing in a
//! repository is run, and its configuration is used for nothing but finding its parts.

mod authors;
mod changes;
mod commit_graph;
mod issue_keys;
mod packed;
mod sizes;
mod tags;
mod touches;
mod tree;
mod tree_comparison;

use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice;
use gix::hash::ObjectId;
use sha2::Digest;
use truelevel_model::{CommitId, RepositoryId};

pub use authors::AutomationAccounts;
pub use changes::{ChangeReading, ChangesRead};
pub(crate) use packed::{CommitHeads, Packs};
pub use touches::PathScope;
pub(crate) use tree::read_file;
pub use tree::{Tree, TreeFile};
pub(crate) use tree_comparison::{Differences, Side, TreeComparison};

/// Why a repository cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum GitError {
    /// The path leads nowhere.
    #[error("{} does not exist", shown(.0))]
    NoSuchPath(PathBuf),
    /// No repository there, nor above.
    #[error("{} is not a git repository: {reason}", shown(path))]
    NotARepository {
        /// The path.
        path: PathBuf,
        /// What was missing.
        reason: String,
    },
    /// The repository is there and a part of it cannot be read.
    #[error("{}: cannot read {what}: {reason}", shown(path))]
    Unreadable {
        /// The repository.
        path: PathBuf,
        /// The part.
        what: String,
        /// Why.
        reason: String,
    },
}

fn shown(path: &Path) -> String {
    truelevel_model::printable(&path.display().to_string()).into_owned()
}

/// The branch that a team shares.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The short name.
    pub name: String,
    /// The newest commit.
    pub tip: CommitId,
}

/// An opened repository.
pub struct GitRepository {
    repository: gix::ThreadSafeRepository,
    path: PathBuf,
}

impl std::fmt::Debug for GitRepository {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("GitRepository").field("path", &self.path).finish_non_exhaustive()
    }
}

/// Neighbouring trees and blobs are stored as differences from each other: what they are built on is worth keeping.
const DELTA_BASE_CACHE: &str = "core.deltaBaseCacheLimit=32m";

/// No object of a history that people write is so large; a larger one is not taken into memory.
const LARGEST_OBJECT: &str = "gitoxide.objects.allocLimit=64m";

/// Names that default branches go by, tried when the repository does not say.
const DEFAULT_BRANCHES: [&str; 5] = ["main", "master", "trunk", "develop", "default"];

impl GitRepository {
    /// Opens the repository at a path: its work tree, a folder inside, a bare repository or a `.git` folder.
    pub fn open(path: &Path) -> Result<Self, GitError> {
        if !path.exists() {
            return Err(GitError::NoSuchPath(path.to_owned()));
        }
        if let Some(kind) = unsupported_kind(path) {
            let reason = format!("Truelevel does not read {kind} yet");
            return Err(GitError::Unreadable { path: path.to_owned(), what: "the repository".to_owned(), reason });
        }
        let not_a_repository = |error: gix::Error| match closed_to_us(path) {
            Some(closed) => {
                let reason = format!("{} may not be read by this user", shown(&closed));
                GitError::Unreadable { path: path.to_owned(), what: "the repository".to_owned(), reason }
            }
            None => GitError::NotARepository { path: path.to_owned(), reason: one_line(&error) },
        };
        // Only the repository's own configuration is read, and from it only what git needs to find objects.
        let isolated = gix::open::Options::isolated().config_overrides([DELTA_BASE_CACHE, LARGEST_OBJECT]);
        let trust = gix::sec::trust::Mapping { full: isolated.clone(), reduced: isolated };
        let repository =
            gix::ThreadSafeRepository::discover_opts(path, gix::discover::upwards::Options::default(), trust)
                .map_err(not_a_repository)?;
        Ok(Self { repository, path: path.to_owned() })
    }

    /// The path it was opened by.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The folder that the repository keeps its objects in: the same for all its worktrees.
    pub fn identity(&self) -> PathBuf {
        let common = self.local().common_dir().to_owned();
        common.canonicalize().unwrap_or(common)
    }

    /// A name: the last part of the address it was cloned from, else of its folder. A link to the folder is asked for
    /// its own name: it is the one that somebody chose here.
    pub fn name(&self) -> RepositoryId {
        let from_address = self.web_address().and_then(|url| last_segment(&url));
        let local = self.local();
        let real = |path: &Path| path.canonicalize().unwrap_or_else(|_| path.to_owned());
        let folder = real(local.workdir().unwrap_or_else(|| local.common_dir()));
        let from_folder = || {
            let outer = if folder.ends_with(".git") { folder.parent().unwrap_or(&folder) } else { &folder };
            let given = self.path.file_name().filter(|_| real(&self.path) == outer);
            given.or_else(|| outer.file_name()).and_then(|name| last_segment(&name.to_string_lossy()))
        };
        RepositoryId::new(from_address.or_else(from_folder).unwrap_or_else(|| "repository".to_owned()))
    }

    /// Where people look at it: the remote's address as a web address without credentials, where it has one.
    pub fn web_address(&self) -> Option<String> {
        let local = self.local();
        let url = local.config_snapshot().string("remote.origin.url")?;
        web_address(&url.to_str_lossy())
    }

    /// The default branch: what the remote calls its head, else a usual name, else what is checked out. Of a local
    /// branch and its remote counterpart the one with the newer commit is taken. `None` when there is no commit.
    pub fn default_branch(&self) -> Result<Option<Branch>, GitError> {
        let local = self.local();
        let remote_head = local.try_find_reference("refs/remotes/origin/HEAD").ok().flatten();
        let named_by_remote = remote_head.and_then(|head| {
            let target = head.target().try_name()?.as_bstr().to_str_lossy().into_owned();
            target.strip_prefix("refs/remotes/origin/").map(str::to_owned)
        });
        let checked_out = local.head_name().ok().flatten().map(|name| name.shorten().to_str_lossy().into_owned());
        let is_bare = local.is_bare();
        let mut names: Vec<String> = named_by_remote.into_iter().collect();
        if is_bare {
            names.extend(checked_out.clone());
        }
        names.extend(DEFAULT_BRANCHES.iter().map(|name| (*name).to_owned()));
        names.extend(checked_out);
        for name in names {
            let tips = [format!("refs/heads/{name}"), format!("refs/remotes/origin/{name}")];
            let newest = tips
                .iter()
                .filter_map(|full| self.commit_of_reference(&local, full))
                .max_by_key(|id| (self.committed_seconds(&local, *id), *id));
            if let Some(tip) = newest {
                return Ok(Some(Branch { name, tip: commit_id(tip) }));
            }
        }
        let head = local.head_id().ok().map(gix::Id::detach);
        Ok(head
            .filter(|id| local.find_commit(*id).is_ok())
            .map(|tip| Branch { name: "HEAD".into(), tip: commit_id(tip) }))
    }

    /// What the head leads to and that cannot be opened, and why; none where it leads to no commit at all.
    pub fn unreadable_head(&self) -> Option<GitError> {
        let local = self.local();
        let id = local.head().ok()?.id()?.detach();
        let error = local.find_commit(id).err()?;
        Some(self.unreadable(format!("commit {id}"), error.to_string()))
    }

    /// Whether the history was cut off when it was cloned.
    pub fn is_shallow(&self) -> bool {
        self.local().is_shallow().unwrap_or(false)
    }

    /// The commit-graph file. Not of a shallow clone, where it may know of commits that were cut off since; nor does git
    /// ask it there.
    pub(crate) fn commit_graph(&self, local: &gix::Repository) -> Option<gix::commitgraph::Graph> {
        if self.is_shallow() { None } else { local.commit_graph_if_enabled().ok().flatten() }
    }

    /// Whether objects were left at the remote when it was cloned.
    pub fn is_partial(&self) -> bool {
        let local = self.local();
        let config = local.config_snapshot();
        config.string("extensions.partialClone").is_some() || config.boolean("remote.origin.promisor").unwrap_or(false)
    }

    /// Changes whenever a reference moves or the history is cut elsewhere; equal while there is nothing new to read.
    pub fn fingerprint(&self) -> Result<String, GitError> {
        let local = self.local();
        let platform = local.references().map_err(|error| self.unreadable("its references", error))?;
        let all = platform.all().map_err(|error| self.unreadable("its references", error))?;
        let mut lines: Vec<String> = all
            .flatten()
            .filter_map(|reference| Some(format!("{} {}", reference.name().as_bstr(), reference.target().try_id()?)))
            .collect();
        lines.extend(local.head_id().ok().map(|id| format!("HEAD {id}")));
        lines.extend(
            local.shallow_commits().ok().flatten().iter().flat_map(|cut| cut.iter().map(|id| format!("cut {id}"))),
        );
        lines.sort_unstable();
        let digest = sha2::Sha256::digest(lines.join("\n"));
        Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
    }

    fn commit_of_reference(&self, local: &gix::Repository, name: &str) -> Option<ObjectId> {
        let id = local.try_find_reference(name).ok()??.peel_to_id().ok()?.detach();
        local.find_commit(id).is_ok().then_some(id)
    }

    fn committed_seconds(&self, local: &gix::Repository, id: ObjectId) -> i64 {
        local.find_commit(id).ok().and_then(|commit| commit.time().ok()).map_or(i64::MIN, |time| time.seconds)
    }

    pub(crate) fn local(&self) -> gix::Repository {
        let mut local = self.repository.to_thread_local();
        // Each object is read once; the objects' own cache would only copy them.
        local.object_cache_size(None);
        local
    }

    /// A handle for reading commits: they are seldom stored as differences, so a cache of bases only costs.
    pub(crate) fn local_for_commits(&self) -> gix::Repository {
        let mut local = self.local();
        local.objects.unset_pack_cache();
        local
    }

    /// Its packs, mapped into memory as long as they are held.
    pub(crate) fn packs(&self) -> Packs {
        Packs::open(&self.local())
    }

    pub(crate) fn unreadable(&self, what: impl Into<String>, reason: impl std::fmt::Display) -> GitError {
        GitError::Unreadable { path: self.path.clone(), what: what.into(), reason: one_line(&reason) }
    }
}

pub(crate) fn commit_id(id: ObjectId) -> CommitId {
    CommitId::from_bytes(id.as_slice()).expect("only SHA-1 repositories are opened: the library is built for no other")
}

pub(crate) fn object_id(id: CommitId) -> ObjectId {
    ObjectId::Sha1(id.0)
}

/// What a repository's own configuration says it is, where that is something that is not read. Looked at as text,
/// before the library opens it: it would call such a repository empty or broken.
fn unsupported_kind(path: &Path) -> Option<&'static str> {
    let inside = path.ancestors().find_map(|folder| {
        [folder.join(".git").join("config"), folder.join("config")].into_iter().find(|config| config.is_file())
    })?;
    let text = std::fs::read_to_string(inside).ok()?.to_lowercase();
    let has = |key: &str, value: &str| {
        let mut settings = text.lines().filter_map(|line| line.split_once('='));
        settings.any(|(name, set)| name.trim() == key && set.trim() == value)
    };
    match () {
        () if has("objectformat", "sha256") => Some("repositories of the sha256 object format"),
        () if has("refstorage", "reftable") => Some("repositories that keep their references as a reftable"),
        () => None,
    }
}

/// An error's message with its line breaks and odd characters made harmless.
pub(crate) fn one_line(error: &dyn std::fmt::Display) -> String {
    let text = error.to_string();
    truelevel_model::printable(&text.split_whitespace().collect::<Vec<_>>().join(" ")).into_owned()
}

/// What of a repository at a path the user may not read, where that is why it is not found.
fn closed_to_us(path: &Path) -> Option<PathBuf> {
    let parts = ["", ".git", ".git/HEAD", "HEAD"].map(|part| path.join(part));
    let is_closed = |part: &PathBuf| {
        let read = if part.is_dir() { std::fs::read_dir(part).map(drop) } else { std::fs::File::open(part).map(drop) };
        read.is_err_and(|error| error.kind() == std::io::ErrorKind::PermissionDenied)
    };
    parts.into_iter().find(is_closed)
}

fn last_segment(path: &str) -> Option<String> {
    let path = path.trim_end_matches('/');
    let last = path.rsplit(['/', ':', '\\']).next()?;
    let name = last.strip_suffix(".git").or_else(|| last.strip_suffix(".bundle")).unwrap_or(last);
    (!name.is_empty()).then(|| name.to_owned())
}

/// Rewrites a clone address to what a browser opens; drops user names, passwords and queries.
fn web_address(url: &str) -> Option<String> {
    let (host, path) = match url.split_once("://") {
        Some((scheme, rest)) => {
            if !matches!(scheme, "http" | "https" | "ssh" | "git" | "git+ssh") {
                return None;
            }
            let (authority, path) = rest.split_once('/')?;
            let host = authority.rsplit('@').next()?;
            let keeps_port = matches!(scheme, "http" | "https");
            (if keeps_port { host } else { host.split(':').next()? }, path)
        }
        None => {
            let (authority, path) = url.split_once(':')?;
            if authority.contains('/') || authority.len() < 2 {
                return None;
            }
            (authority.rsplit('@').next()?, path.trim_start_matches('/'))
        }
    };
    let path = path.split(['?', '#']).next()?.trim_end_matches('/');
    let path = path.strip_suffix(".git").unwrap_or(path);
    (!host.is_empty() && !path.is_empty()).then(|| format!("https://{host}/{path}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lose_their_credentials() {
        let check = |url: &str, expected: Option<&str>| assert_eq!(web_address(url).as_deref(), expected, "{url}");
        check("https://user:secret@example.com/org/app.git", Some("https://example.com/org/app"));
        check("https://token@example.com:8443/org/app", Some("https://example.com:8443/org/app"));
        check("git@example.com:org/app.git", Some("https://example.com/org/app"));
        check("ssh://git@example.com:22/org/app.git", Some("https://example.com/org/app"));
        check("https://example.com/org/app?token=secret", Some("https://example.com/org/app"));
        check("/srv/git/app.git", None);
        check("C:\\git\\app", None);
        check("file:///srv/app.git", None);
    }

    #[test]
    fn names_come_from_the_last_part() {
        assert_eq!(last_segment("https://example.com/org/app.git/"), Some("app".into()));
        assert_eq!(last_segment("app.bundle"), Some("app".into()));
        assert_eq!(last_segment(""), None);
    }
}
