//! One repository's changes as columns: what attribution walks.

use std::collections::HashMap;

use crate::{Change, CommitId, Time};

/// A change's place in its [`History`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChangeIndex(pub u32);

impl ChangeIndex {
    /// As an index into a column.
    pub const fn get(self) -> usize {
        self.0 as usize
    }
}

const IS_AUTOMATION: u8 = 1;
const AI_ASSISTED: u8 = 2;
const HAS_MISSING_PARENT: u8 = 4;
const IS_MERGE: u8 = 8;

/// The commit graph of a repository with the times that measuring needs, a column each.
///
/// Parents that the repository does not hold (a shallow clone, a damaged object) are left out of the graph and
/// the change is marked, so that a walk ends there and the reader is told.
#[derive(Clone, Debug, Default)]
pub struct History {
    ids: Vec<CommitId>,
    authored_at: Vec<Time>,
    committed_at: Vec<Time>,
    flags: Vec<u8>,
    parent_offsets: Vec<u32>,
    parents: Vec<ChangeIndex>,
    by_id: Vec<ChangeIndex>,
}

impl History {
    /// Builds the columns from changes in any order. A change given twice counts once, as first given.
    pub fn from_changes(changes: impl IntoIterator<Item = Change>) -> Self {
        let mut builder = HistoryBuilder::default();
        for change in changes {
            builder.push(&change);
        }
        builder.finish()
    }

    /// The number of changes.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// All places, in stored order.
    pub fn indices(&self) -> impl ExactSizeIterator<Item = ChangeIndex> + use<> {
        (0..self.ids.len() as u32).map(ChangeIndex)
    }

    /// The commit id.
    pub fn id(&self, change: ChangeIndex) -> CommitId {
        self.ids[change.get()]
    }

    /// When it was written.
    pub fn authored_at(&self, change: ChangeIndex) -> Time {
        self.authored_at[change.get()]
    }

    /// When it took its present form.
    pub fn committed_at(&self, change: ChangeIndex) -> Time {
        self.committed_at[change.get()]
    }

    /// Its known parents, the first one first.
    pub fn parents(&self, change: ChangeIndex) -> &[ChangeIndex] {
        let at = change.get();
        &self.parents[self.parent_offsets[at] as usize..self.parent_offsets[at + 1] as usize]
    }

    /// Whether it joins two or more lines; such commits carry no change of their own.
    pub fn is_merge(&self, change: ChangeIndex) -> bool {
        self.flags[change.get()] & IS_MERGE != 0
    }

    /// Whether an automation account wrote it.
    pub fn is_automation(&self, change: ChangeIndex) -> bool {
        self.flags[change.get()] & IS_AUTOMATION != 0
    }

    /// Whether it carries an AI assistant's trailer.
    pub fn is_ai_assisted(&self, change: ChangeIndex) -> bool {
        self.flags[change.get()] & AI_ASSISTED != 0
    }

    /// Whether the history behind it is cut off.
    pub fn has_missing_parent(&self, change: ChangeIndex) -> bool {
        self.flags[change.get()] & HAS_MISSING_PARENT != 0
    }

    /// The place of a commit.
    pub fn find(&self, id: &CommitId) -> Option<ChangeIndex> {
        let at = self.by_id.binary_search_by(|probe| self.id(*probe).cmp(id)).ok()?;
        Some(self.by_id[at])
    }

    /// The commits whose id begins with these hexadecimal digits, at most `limit` of them.
    pub fn find_prefix(&self, digits: &str, limit: usize) -> Vec<ChangeIndex> {
        let Ok(low) = format!("{digits:0<40}").to_lowercase().parse::<CommitId>() else { return Vec::new() };
        let prefix = digits.to_lowercase();
        let from = self.by_id.partition_point(|probe| self.id(*probe) < low);
        self.by_id[from..]
            .iter()
            .take_while(|probe| self.id(**probe).to_string().starts_with(&prefix))
            .take(limit)
            .copied()
            .collect()
    }

    /// The newest change on the first-parent line from `tip` that was committed at or before `as_of`.
    pub fn first_parent_as_of(&self, tip: ChangeIndex, as_of: Time) -> Option<ChangeIndex> {
        let mut at = Some(tip);
        while let Some(change) = at {
            if self.committed_at(change) <= as_of {
                return Some(change);
            }
            at = self.parents(change).first().copied();
        }
        None
    }
}

/// Collects changes row by row into a [`History`], in bounded extra memory.
#[derive(Debug, Default)]
pub struct HistoryBuilder {
    history: History,
    places: HashMap<CommitId, ChangeIndex>,
    parent_ids: Vec<CommitId>,
}

impl HistoryBuilder {
    /// Adds a change, unless it was added before.
    pub fn push(&mut self, change: &Change) {
        let history = &mut self.history;
        let place = ChangeIndex(history.ids.len() as u32);
        match self.places.entry(change.id) {
            std::collections::hash_map::Entry::Occupied(_) => return,
            std::collections::hash_map::Entry::Vacant(entry) => entry.insert(place),
        };
        history.ids.push(change.id);
        history.authored_at.push(change.authored_at);
        history.committed_at.push(change.committed_at);
        let mut flags = 0;
        flags |= if change.is_automation { IS_AUTOMATION } else { 0 };
        flags |= if change.ai_assisted { AI_ASSISTED } else { 0 };
        flags |= if change.parents.len() > 1 { IS_MERGE } else { 0 };
        history.flags.push(flags);
        history.parent_offsets.push(self.parent_ids.len() as u32);
        self.parent_ids.extend_from_slice(&change.parents);
    }

    /// Links parents and sorts the ids.
    pub fn finish(self) -> History {
        let Self { mut history, places, parent_ids } = self;
        let starts = std::mem::take(&mut history.parent_offsets);
        history.parents.reserve_exact(parent_ids.len());
        history.parent_offsets.reserve_exact(starts.len() + 1);
        for (at, start) in starts.iter().enumerate() {
            let end = starts.get(at + 1).map_or(parent_ids.len(), |next| *next as usize);
            history.parent_offsets.push(history.parents.len() as u32);
            for parent in &parent_ids[*start as usize..end] {
                match places.get(parent) {
                    Some(place) => history.parents.push(*place),
                    None => history.flags[at] |= HAS_MISSING_PARENT,
                }
            }
        }
        history.parent_offsets.push(history.parents.len() as u32);
        history.by_id = (0..history.ids.len() as u32).map(ChangeIndex).collect();
        let ids = &history.ids;
        history.by_id.sort_unstable_by_key(|place| ids[place.get()]);
        history
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::AuthorHash;

    fn change(id: u8, parents: &[u8]) -> Change {
        Change {
            id: CommitId([id; 20]),
            parents: parents.iter().map(|parent| CommitId([*parent; 20])).collect(),
            authored_at: Time::from_seconds(i64::from(id)),
            committed_at: Time::from_seconds(i64::from(id)),
            author: AuthorHash(0),
            is_automation: false,
            ai_assisted: false,
            reverts: None,
        }
    }

    #[test]
    fn parents_are_linked_whatever_the_order_and_missing_ones_are_marked() {
        let history = History::from_changes([change(3, &[1, 2]), change(1, &[]), change(2, &[9]), change(3, &[])]);
        let at = |id: u8| history.find(&CommitId([id; 20])).unwrap();
        assert_eq!(history.len(), 3);
        assert_eq!(history.parents(at(3)), [at(1), at(2)]);
        assert!(history.is_merge(at(3)));
        assert!(history.has_missing_parent(at(2)) && !history.has_missing_parent(at(1)));
    }

    #[test]
    fn prefixes_find_every_commit_they_could_mean() {
        let mut twin = CommitId([1; 20]);
        twin.0[19] = 2;
        let history = History::from_changes([change(1, &[]), Change { id: twin, ..change(1, &[]) }, change(2, &[])]);
        assert_eq!(history.find_prefix("0101010", 9).len(), 2);
        assert_eq!(history.find_prefix("0202020", 9).len(), 1);
        assert_eq!(history.find_prefix("0303", 9).len(), 0);
        assert_eq!(history.find_prefix("zz", 9).len(), 0);
    }
}
