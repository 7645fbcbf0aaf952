//! The files of one commit.

use std::sync::{Mutex, MutexGuard, PoisonError};

use gix::bstr::ByteSlice;
use gix::hash::ObjectId;
use truelevel_documents::{LARGEST_FILE_BYTES, too_large};
use truelevel_model::CommitId;

use super::{GitError, GitRepository, object_id};

/// A regular file of a commit. Links and submodules are never listed, so nothing outside the tree is reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeFile {
    /// The path, with `/`. Bytes that are not UTF-8 are replaced.
    pub path: String,
    id: ObjectId,
}

impl TreeFile {
    /// The id of what it holds: the same for the same bytes.
    pub fn content(&self) -> String {
        self.id.to_string()
    }
}

/// The files of one commit, sorted by path.
pub struct Tree {
    /// Files are read one after the other: one handle, with what it caches, serves all.
    local: Mutex<gix::Repository>,
    files: Vec<TreeFile>,
    /// Parts that could not be listed, with the reason.
    pub problems: Vec<String>,
}

/// The content of the blob of a file, or why it cannot be had. One that is much too large is not even taken into memory.
pub(crate) fn read_file(local: &gix::Repository, id: ObjectId) -> Result<Vec<u8>, String> {
    match local.find_blob(id) {
        Ok(blob) if blob.data.len() as u64 > LARGEST_FILE_BYTES => Err(too_large(blob.data.len() as u64)),
        Ok(mut blob) => Ok(blob.take_data()),
        Err(error) => match local.find_header(id) {
            Ok(header) if header.size() > LARGEST_FILE_BYTES => Err(too_large(header.size())),
            _ => Err(format!("object {id}: {}", super::one_line(&error))),
        },
    }
}

impl GitRepository {
    /// Lists the files of a commit. Folders that cannot be read are named in the problems.
    pub fn tree(&self, commit: CommitId) -> Result<Tree, GitError> {
        let local = self.local();
        let root = local
            .find_commit(object_id(commit))
            .and_then(|commit| Ok(commit.tree_id()?.detach()))
            .map_err(|error| self.unreadable(format!("commit {commit}"), error))?;
        let (mut files, mut problems) = (Vec::new(), Vec::new());
        let mut pending = vec![(String::new(), root, 0)];
        let mut buffer = Vec::new();
        while let Some((prefix, id, depth)) = pending.pop() {
            let shown = if prefix.is_empty() { "the top folder" } else { prefix.as_str() };
            if depth > 64 {
                problems.push(format!("{shown}: nested deeper than 64 folders"));
                continue;
            }
            match gix::objs::Find::try_find(&local.objects, &id, &mut buffer) {
                Ok(Some(object)) if object.kind == gix::objs::Kind::Tree => {
                    for entry in gix::objs::TreeRefIter::from_bytes(object.data, gix::hash::Kind::Sha1) {
                        let Ok(entry) = entry else {
                            problems.push(format!("{shown}: folder object {id} is damaged"));
                            break;
                        };
                        let path = format!("{prefix}{}", entry.filename.to_str_lossy());
                        if entry.mode.is_tree() {
                            pending.push((format!("{path}/"), entry.oid.to_owned(), depth + 1));
                        } else if entry.mode.is_blob() {
                            files.push(TreeFile { path, id: entry.oid.to_owned() });
                        }
                    }
                }
                Ok(_) => problems.push(format!("{shown}: folder object {id} is missing")),
                Err(error) => problems.push(format!("{shown}: folder object {id}: {error}")),
            }
        }
        files.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        Ok(Tree { local: Mutex::new(local), files, problems })
    }
}

impl Tree {
    /// The files, by path.
    pub fn files(&self) -> &[TreeFile] {
        &self.files
    }

    /// Whether there is such a file.
    pub fn contains(&self, path: &str) -> bool {
        self.find(path).is_some()
    }

    fn find(&self, path: &str) -> Option<&TreeFile> {
        self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok().map(|at| &self.files[at])
    }

    /// The bytes of a file, without reading it.
    pub fn size(&self, path: &str) -> Option<u64> {
        let file = self.find(path)?;
        self.local().find_header(file.id).ok().map(|header| header.size())
    }

    /// The content of a file, or why it cannot be had.
    pub fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        let file = self.find(path).ok_or("no such file")?;
        read_file(&self.local(), file.id)
    }

    fn local(&self) -> MutexGuard<'_, gix::Repository> {
        // A panic elsewhere leaves nothing half-done in a handle that only reads.
        self.local.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
