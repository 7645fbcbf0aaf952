//! What differs between two trees, opening only what does.

use std::collections::HashMap;
use std::rc::Rc;

use gix::bstr::ByteSlice;
use gix::hash::ObjectId;
use truelevel_model::ids::IdHash;

use super::{GitError, GitRepository};

/// Is told what differs between two trees.
pub(crate) trait Differences {
    /// Whether a folder, with a trailing `/`, is to be looked into.
    fn enters(&self, folder: &str) -> bool;

    /// A regular file was added, removed or changed: its content before and after.
    fn file(&mut self, path: String, before: Option<ObjectId>, after: Option<ObjectId>);

    /// A folder, with a trailing `/`, cannot be read on one side. Unless that is an error, the comparison goes on: of a
    /// folder that was unreadable before, all files are told as if they were new; of one that is now, none.
    fn unreadable(&mut self, folder: &str, side: Side, error: GitError) -> Result<(), GitError>;
}

/// One of two trees that are compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    Before,
    After,
}

/// Compares trees of one repository.
pub(crate) struct TreeComparison<'a> {
    repository: &'a GitRepository,
    local: gix::Repository,
    trees: HashMap<ObjectId, Rc<[u8]>, IdHash>,
    buffer: Vec<u8>,
}

impl<'a> TreeComparison<'a> {
    /// Neighbouring commits share almost all of their trees; this many are kept.
    const KEPT_TREES: usize = 256;

    pub(crate) fn new(repository: &'a GitRepository) -> Self {
        Self { repository, local: repository.local(), trees: HashMap::default(), buffer: Vec::new() }
    }

    /// Tells `differences` what two trees do not have in common. An absent tree is an empty one.
    pub(crate) fn compare(
        &mut self,
        before: Option<ObjectId>,
        after: Option<ObjectId>,
        differences: &mut dyn Differences,
    ) -> Result<(), GitError> {
        self.compare_below("", before, after, differences)
    }

    fn compare_below(
        &mut self,
        path: &str,
        before: Option<ObjectId>,
        after: Option<ObjectId>,
        differences: &mut dyn Differences,
    ) -> Result<(), GitError> {
        if before == after || !differences.enters(path) {
            return Ok(());
        }
        let after = match after.map(|id| self.tree(id, path)).transpose() {
            Ok(tree) => tree.unwrap_or_default(),
            Err(error) => return differences.unreadable(path, Side::After, error),
        };
        let before = match before.map(|id| self.tree(id, path)).transpose() {
            Ok(tree) => tree.unwrap_or_default(),
            Err(error) => {
                differences.unreadable(path, Side::Before, error)?;
                Rc::default()
            }
        };
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
                self.compare_below(&format!("{path}{name}/"), tree_before, tree_after, differences)?;
            }
            let (file_before, file_after) = (was.and_then(TreeEntry::file), is.and_then(TreeEntry::file));
            if file_before != file_after {
                differences.file(format!("{path}{name}"), file_before, file_after);
            }
        }
        Ok(())
    }

    fn tree(&mut self, id: ObjectId, path: &str) -> Result<Rc<[u8]>, GitError> {
        if let Some(known) = self.trees.get(&id) {
            return Ok(known.clone());
        }
        if self.trees.len() >= Self::KEPT_TREES {
            self.trees.clear();
        }
        let found = gix::objs::Find::try_find(&self.local.objects, &id, &mut self.buffer);
        let unreadable = |reason: String| self.repository.unreadable(format!("folder `{path}` (object {id})"), reason);
        let bytes: Rc<[u8]> = match found {
            Ok(Some(object)) if object.kind == gix::objs::Kind::Tree => object.data.into(),
            Ok(_) => return Err(unreadable("the object is missing".into())),
            Err(error) => return Err(unreadable(error.to_string())),
        };
        self.trees.insert(id, bytes.clone());
        Ok(bytes)
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
