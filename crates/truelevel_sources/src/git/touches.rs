//! Whether a change touches a part of its repository.

use gix::hash::ObjectId;
use truelevel_model::CommitId;

use super::{GitRepository, object_id};

/// Files and folders that belong to one service of a repository with several.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathScope(Vec<String>);

impl PathScope {
    /// Paths as people write them: `services/web`, `./services/web/`, `go.mod`.
    pub fn new(paths: &[String]) -> Self {
        Self(paths.iter().map(|path| plain(path).to_owned()).collect())
    }
}

fn plain(path: &str) -> &str {
    path.trim_start_matches("./").trim_matches('/')
}

impl GitRepository {
    /// Whether a commit has a file or folder of this path; absent where that cannot be read.
    pub fn has_path(&self, commit: CommitId, path: &str) -> Option<bool> {
        let local = self.local();
        let tree = local.find_commit(object_id(commit)).ok()?.tree().ok()?;
        let path = plain(path);
        Some(path.is_empty() || tree.lookup_entry_by_path(path).ok()?.is_some())
    }

    /// Whether a commit changes anything in the scope, as `git log -- PATHS` decides: the scope differs from that of
    /// every parent. What cannot be read is taken to touch it, so that no change is lost.
    pub fn touches(&self, commit: CommitId, scope: &PathScope) -> bool {
        let local = self.local();
        let of = |commit: ObjectId| -> Option<Vec<Option<ObjectId>>> {
            let tree = local.find_commit(commit).ok()?.tree().ok()?;
            let at = |path: &String| {
                let found = if path.is_empty() { return Some(Some(tree.id)) } else { tree.lookup_entry_by_path(path) };
                Some(found.ok()?.map(|entry| entry.object_id()))
            };
            scope.0.iter().map(at).collect()
        };
        let commit = object_id(commit);
        let Ok(parents) =
            local.find_commit(commit).map(|commit| commit.parent_ids().map(|id| id.detach()).collect::<Vec<_>>())
        else {
            return true;
        };
        let Some(now) = of(commit) else { return true };
        if parents.is_empty() {
            return now.iter().any(Option::is_some);
        }
        parents.into_iter().all(|parent| of(parent).is_none_or(|before| before != now))
    }
}
