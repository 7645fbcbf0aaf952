//! How much a change changes.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU64, Ordering};

use gix::hash::ObjectId;
use imara_diff::{Algorithm, Diff, InternedInput};
use rayon::prelude::*;
use truelevel_model::{ChangeIndex, ChangeSize, History};

use super::{Differences, GitError, GitRepository, Side, TreeComparison, object_id};
use crate::Progress;

/// A change of more files than this is an import or a move of folders: its lines say nothing and cost much.
const MOST_FILES: usize = 1_000;

/// Files above this are not compared line by line: people do not write them.
const LARGEST_TEXT_BYTES: u64 = 1 << 20;

/// As far as git looks for a byte that no text holds.
const LOOKED_AT_BYTES: usize = 8_000;

impl GitRepository {
    /// Compares changes with their first parent, and notes their sizes in the history. Merges carry no change of their
    /// own, and what cannot be read, or is too large to be one person's change, stays without a size.
    pub fn measure_sizes(&self, history: &mut History, changes: &[ChangeIndex], progress: &dyn Progress) {
        const BATCH: usize = 64;
        let total = changes.len() as u64;
        let done = AtomicU64::new(0);
        let known = &*history;
        let sizes: Vec<(ChangeIndex, ChangeSize)> = changes
            .par_chunks(BATCH)
            .map_init(
                || Sizes { local: self.local(), trees: TreeComparison::new(self) },
                |sizes, batch| {
                    let measured =
                        batch.iter().filter(|change| !known.is_merge(**change) && !known.has_missing_parent(**change));
                    let found: Vec<_> = measured
                        .filter_map(|change| Some((*change, sizes.size(object_id(known.id(*change)))?)))
                        .collect();
                    let count = batch.len() as u64;
                    progress.advance(done.fetch_add(count, Ordering::Relaxed) + count, Some(total));
                    found
                },
            )
            .flatten_iter()
            .collect();
        sizes.into_iter().for_each(|(change, size)| history.set_size(change, size));
    }
}

impl GitRepository {
    /// Those of some changes that move nothing but space: blank lines, spaces at the ends of lines, line ends, and what is
    /// no line at all, as a file's mode. Indentation is no mere space, as some languages go by it. What cannot be read is none
    /// of them.
    pub fn only_space(&self, history: &History, changes: &[ChangeIndex]) -> BTreeSet<ChangeIndex> {
        let measured = changes.par_iter().filter(|change| !history.is_merge(**change));
        let found = measured.map_init(
            || Sizes { local: self.local(), trees: TreeComparison::new(self) },
            |sizes, change| sizes.is_only_space(object_id(history.id(*change))).unwrap_or(false).then_some(*change),
        );
        found.flatten().collect()
    }
}

struct Sizes<'a> {
    local: gix::Repository,
    trees: TreeComparison<'a>,
}

/// The object of a file before and after a change; none where there was or is no such file.
type Pair = (Option<ObjectId>, Option<ObjectId>);

/// All files that differ.
#[derive(Default)]
struct Files(Vec<Pair>);

impl Differences for Files {
    fn enters(&self, _: &str) -> bool {
        true
    }

    fn file(&mut self, _: String, before: Option<ObjectId>, after: Option<ObjectId>) {
        self.0.push((before, after));
    }

    fn unreadable(&mut self, _: &str, _: Side, error: GitError) -> Result<(), GitError> {
        Err(error)
    }
}

impl Sizes<'_> {
    /// The files that a commit changes. `None` where its history was published without its files, where it is too large to
    /// be one person's change, or where it cannot be read.
    fn files(&mut self, commit: ObjectId) -> Option<Vec<Pair>> {
        let commit = self.local.find_commit(commit).ok()?;
        let after = commit.tree_id().ok()?.detach();
        let before = match commit.parent_ids().next() {
            Some(parent) => Some(self.local.find_commit(parent.detach()).ok()?.tree_id().ok()?.detach()),
            None => None,
        };
        if after.is_empty_tree() && before.is_none_or(|before| before.is_empty_tree()) {
            // A history that was published without its files.
            return None;
        }
        let mut files = Files::default();
        self.trees.compare(before, Some(after), &mut files).ok()?;
        (files.0.len() <= MOST_FILES).then_some(files.0)
    }

    fn size(&mut self, commit: ObjectId) -> Option<ChangeSize> {
        let files = self.files(commit)?;
        let lines = files.iter().map(|(old, new)| self.lines(*old, *new)).sum::<Option<u64>>()?;
        Some(ChangeSize { files: files.len() as u32, lines: u32::try_from(lines).ok()? })
    }

    fn is_only_space(&mut self, commit: ObjectId) -> Option<bool> {
        let files = self.files(commit)?;
        for (old, new) in &files {
            let (Some(old), Some(new)) = (old, new) else { return Some(false) };
            if old != new && !self.differ_in_space(*old, *new)? {
                return Some(false);
            }
        }
        Some(!files.is_empty())
    }

    fn differ_in_space(&self, old: ObjectId, new: ObjectId) -> Option<bool> {
        let mut texts = Vec::with_capacity(2);
        for id in [old, new] {
            if self.local.find_header(id).ok()?.size() > LARGEST_TEXT_BYTES {
                return Some(false);
            }
            texts.push(self.local.find_blob(id).ok()?.take_data());
        }
        Some(!texts.iter().any(|text| is_binary(text)) && said(&texts[0]).eq(said(&texts[1])))
    }

    /// Lines removed and added; none in files that hold no text. `None` where an object cannot be read.
    fn lines(&self, old: Option<ObjectId>, new: Option<ObjectId>) -> Option<u64> {
        let mut texts = Vec::with_capacity(2);
        for id in [old, new] {
            texts.push(match id {
                None => Vec::new(),
                Some(id) if self.local.find_header(id).ok()?.size() > LARGEST_TEXT_BYTES => return Some(0),
                Some(id) => self.local.find_blob(id).ok()?.take_data(),
            });
        }
        if texts.iter().any(|text| is_binary(text)) {
            return Some(0);
        }
        let diff = Diff::compute(Algorithm::Histogram, &InternedInput::new(texts[0].as_slice(), texts[1].as_slice()));
        Some(u64::from(diff.count_additions()) + u64::from(diff.count_removals()))
    }
}

fn is_binary(text: &[u8]) -> bool {
    memchr::memchr(0, &text[..text.len().min(LOOKED_AT_BYTES)]).is_some()
}

/// The lines that say something, without the space at their ends.
fn said(text: &[u8]) -> impl Iterator<Item = &[u8]> {
    text.split(|byte| *byte == b'\n').map(|line| line.trim_ascii_end()).filter(|line| !line.is_empty())
}
