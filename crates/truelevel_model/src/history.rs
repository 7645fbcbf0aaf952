//! One repository's changes as columns: what attribution walks.

use std::collections::hash_map::Entry;
use std::collections::{BTreeMap, HashMap};

use crate::ids::IdHash;
use crate::{AuthorHash, Change, ChangeSize, CommitId, Time};

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
const IS_OUTLINE: u8 = 16;

/// What is true of a change, a bit each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangeFlags(pub u8);

/// A change with its parents as places in the same history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredChange<'a> {
    /// The commit.
    pub id: CommitId,
    /// When it was written.
    pub authored_at: Time,
    /// When it took its present form.
    pub committed_at: Time,
    /// Who wrote it, as a salted hash.
    pub author: AuthorHash,
    /// What else is true of it.
    pub flags: ChangeFlags,
    /// The commit that its message says it reverts.
    pub reverts: Option<CommitId>,
    /// The issues that its message names.
    pub issue_keys: &'a [String],
    /// How much it changes, where that was looked at.
    pub size: Option<ChangeSize>,
    /// Its known parents.
    pub parents: &'a [ChangeIndex],
}

/// The commit graph of a repository with the times that measuring needs, a column each.
///
/// Every change stands after its parents. Parents that the repository does not hold (a shallow clone, a
/// damaged object) are left out of the graph and the change is marked, so that a walk ends there and the reader is
/// told.
#[derive(Clone, Debug, Default)]
pub struct History {
    ids: Vec<CommitId>,
    authored_at: Vec<Time>,
    committed_at: Vec<Time>,
    authors: Vec<AuthorHash>,
    flags: Vec<u8>,
    reverts: BTreeMap<ChangeIndex, CommitId>,
    issue_keys: BTreeMap<ChangeIndex, Vec<String>>,
    /// One for each change up to the last one whose size is known.
    sizes: Vec<Option<ChangeSize>>,
    parent_offsets: Vec<u32>,
    parents: Vec<ChangeIndex>,
    by_id: Vec<ChangeIndex>,
    roots: Vec<ChangeIndex>,
}

impl History {
    /// Appends a change whose parents are already here, given by their places; for reading what was stored in order.
    ///
    /// Call [`History::seal`] after the last one.
    pub fn append(&mut self, row: &StoredChange<'_>) {
        let place = ChangeIndex(self.ids.len() as u32);
        if self.parent_offsets.is_empty() {
            self.parent_offsets.push(0);
        }
        self.ids.push(row.id);
        self.authored_at.push(row.authored_at);
        self.committed_at.push(row.committed_at);
        self.authors.push(row.author);
        self.flags.push(row.flags.0);
        if let Some(reverted) = row.reverts {
            self.reverts.insert(place, reverted);
        }
        if !row.issue_keys.is_empty() {
            self.issue_keys.insert(place, row.issue_keys.to_vec());
        }
        if let Some(size) = row.size {
            self.set_size(place, size);
        }
        self.parents.extend_from_slice(row.parents);
        self.parent_offsets.push(self.parents.len() as u32);
    }

    /// Makes room for so many further changes of one parent each.
    pub fn reserve(&mut self, changes: usize) {
        self.ids.reserve(changes);
        self.authored_at.reserve(changes);
        self.committed_at.reserve(changes);
        self.authors.reserve(changes);
        self.flags.reserve(changes);
        self.parent_offsets.reserve(changes + 1);
        self.parents.reserve(changes);
    }

    /// Appends a change of which only the graph and the commit time are known; its parents are already here.
    ///
    /// Call [`History::seal`] after the last one.
    pub fn append_outline(&mut self, id: CommitId, parents: &[ChangeIndex], committed_at: Time) {
        let is_merge = if parents.len() > 1 { IS_MERGE } else { 0 };
        self.append(&StoredChange {
            id,
            authored_at: committed_at,
            committed_at,
            author: AuthorHash(0),
            flags: ChangeFlags(IS_OUTLINE | is_merge),
            reverts: None,
            issue_keys: &[],
            size: None,
            parents,
        });
    }

    /// Makes commits findable by id after the last [`History::append`] or [`History::append_outline`].
    pub fn seal(&mut self) {
        self.seal_from(self.indices());
    }

    /// The same, from all places in an order that is likely that of their ids: what is sorted is not sorted again.
    pub fn seal_from(&mut self, places: impl Iterator<Item = ChangeIndex>) {
        self.roots = self.indices().filter(|change| self.parents(*change).is_empty()).collect();
        self.by_id = Vec::with_capacity(self.len());
        self.by_id.extend(places);
        if self.by_id.is_sorted_by(|a, b| self.id(*a) <= self.id(*b)) {
            return;
        }
        // Most ids differ in their first bytes; sorting by those at hand spares looking each one up.
        let first_bytes = |id: CommitId| id.0.first_chunk().copied().map_or(0, u64::from_be_bytes);
        let mut keys: Vec<(u64, ChangeIndex)> =
            self.by_id.iter().map(|place| (first_bytes(self.id(*place)), *place)).collect();
        keys.sort_unstable_by(|a, b| a.0.cmp(&b.0).then_with(|| self.id(a.1).cmp(&self.id(b.1))));
        self.by_id = keys.into_iter().map(|(_, place)| place).collect();
    }

    /// The change as it is stored.
    pub fn stored(&self, change: ChangeIndex) -> StoredChange<'_> {
        StoredChange {
            id: self.id(change),
            authored_at: self.authored_at(change),
            committed_at: self.committed_at(change),
            author: self.author(change),
            flags: ChangeFlags(self.flags[change.get()]),
            reverts: self.reverts(change),
            issue_keys: self.issue_keys(change),
            size: self.size(change),
            parents: self.parents(change),
        }
    }

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
    pub fn indices(&self) -> impl DoubleEndedIterator<Item = ChangeIndex> + ExactSizeIterator + use<> {
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

    /// The changes without a known parent.
    pub fn roots(&self) -> &[ChangeIndex] {
        &self.roots
    }

    /// Who wrote it, as a salted hash.
    pub fn author(&self, change: ChangeIndex) -> AuthorHash {
        self.authors[change.get()]
    }

    /// The commit that its message says it reverts.
    pub fn reverts(&self, change: ChangeIndex) -> Option<CommitId> {
        self.reverts.get(&change).copied()
    }

    /// The issues that its message names, as written.
    pub fn issue_keys(&self, change: ChangeIndex) -> &[String] {
        self.issue_keys.get(&change).map(Vec::as_slice).unwrap_or_default()
    }

    /// How much it changes, where that was looked at.
    pub fn size(&self, change: ChangeIndex) -> Option<ChangeSize> {
        self.sizes.get(change.get()).copied().flatten()
    }

    /// Notes how much a change changes.
    pub fn set_size(&mut self, change: ChangeIndex, size: ChangeSize) {
        if self.sizes.len() <= change.get() {
            self.sizes.resize(change.get() + 1, None);
        }
        self.sizes[change.get()] = Some(size);
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

    /// Whether only its place in the graph and its commit time are known: its other times and its author were not
    /// read yet.
    pub fn is_outline(&self, change: ChangeIndex) -> bool {
        self.flags[change.get()] & IS_OUTLINE != 0
    }

    /// Fills in what an outline lacks; the graph stays as it is.
    pub fn complete(&mut self, details: &Change) {
        let Some(place) = self.find(&details.id) else { return };
        self.authored_at[place.get()] = details.authored_at;
        self.authors[place.get()] = details.author;
        let flags = &mut self.flags[place.get()];
        *flags &= !IS_OUTLINE;
        *flags |= if details.is_automation { IS_AUTOMATION } else { 0 };
        *flags |= if details.ai_assisted { AI_ASSISTED } else { 0 };
        if let Some(reverted) = details.reverts {
            self.reverts.insert(place, reverted);
        }
        if !details.issue_keys.is_empty() {
            self.issue_keys.insert(place, details.issue_keys.clone());
        }
    }

    /// Notes that an outline cannot be filled in: when it was written is not known, as of a clock that was never set.
    pub fn leave_untimed(&mut self, id: &CommitId) {
        if let Some(place) = self.find(id) {
            self.authored_at[place.get()] = Time::from_millis(0);
        }
    }

    /// Whether the history behind it is cut off.
    pub fn has_missing_parent(&self, change: ChangeIndex) -> bool {
        self.flags[change.get()] & HAS_MISSING_PARENT != 0
    }

    /// The place of a commit.
    pub fn find(&self, id: &CommitId) -> Option<ChangeIndex> {
        // The tip of a branch is asked for most, and mostly stands last.
        let last = self.indices().next_back().filter(|last| self.id(*last) == *id);
        if last.is_some() {
            return last;
        }
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

    fn reordered(&self, order: &[ChangeIndex]) -> Self {
        let mut place_of = vec![ChangeIndex(0); order.len()];
        for (at, old) in order.iter().enumerate() {
            place_of[old.get()] = ChangeIndex(at as u32);
        }
        let mut moved = Self {
            ids: order.iter().map(|old| self.ids[old.get()]).collect(),
            authored_at: order.iter().map(|old| self.authored_at[old.get()]).collect(),
            committed_at: order.iter().map(|old| self.committed_at[old.get()]).collect(),
            authors: order.iter().map(|old| self.authors[old.get()]).collect(),
            flags: order.iter().map(|old| self.flags[old.get()]).collect(),
            reverts: self.reverts.iter().map(|(old, id)| (place_of[old.get()], *id)).collect(),
            issue_keys: self.issue_keys.iter().map(|(old, keys)| (place_of[old.get()], keys.clone())).collect(),
            sizes: if self.sizes.is_empty() { Vec::new() } else { order.iter().map(|old| self.size(*old)).collect() },
            ..Self::default()
        };
        moved.parent_offsets.reserve_exact(order.len() + 1);
        moved.parents.reserve_exact(self.parents.len());
        for old in order {
            moved.parent_offsets.push(moved.parents.len() as u32);
            moved.parents.extend(self.parents(*old).iter().map(|parent| place_of[parent.get()]));
        }
        moved.parent_offsets.push(moved.parents.len() as u32);
        moved.seal();
        moved
    }

    /// What is looked up often: places by id, and where the graph begins.
    /// The newest of the changes that no other one follows.
    pub fn newest_head(&self) -> Option<ChangeIndex> {
        let mut is_followed = vec![false; self.len()];
        for parent in &self.parents {
            is_followed[parent.get()] = true;
        }
        let heads = self.indices().filter(|change| !is_followed[change.get()]);
        heads.max_by_key(|change| (self.committed_at(*change), self.id(*change)))
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

/// Collects changes row by row into a [`History`].
#[derive(Debug, Default)]
pub struct HistoryBuilder {
    rows: History,
    places: HashMap<CommitId, ChangeIndex, IdHash>,
    parent_ids: Vec<CommitId>,
    /// This many changes stood before and keep their places.
    kept: usize,
}

impl HistoryBuilder {
    /// Goes on where a history ended: what it holds keeps its place.
    pub fn continuing(history: History) -> Self {
        let mut builder = Self { kept: history.len(), ..Self::default() };
        for place in history.indices() {
            builder.places.insert(history.id(place), place);
            builder.parent_ids.extend(history.parents(place).iter().map(|parent| history.id(*parent)));
        }
        builder.rows = history;
        builder.rows.parent_offsets.pop();
        builder.rows.parents.clear();
        builder
    }

    /// Adds a change, unless it was added before.
    pub fn push(&mut self, change: &Change) {
        let rows = &mut self.rows;
        let place = ChangeIndex(rows.ids.len() as u32);
        match self.places.entry(change.id) {
            Entry::Occupied(_) => return,
            Entry::Vacant(entry) => entry.insert(place),
        };
        rows.ids.push(change.id);
        rows.authored_at.push(change.authored_at);
        rows.committed_at.push(change.committed_at);
        rows.authors.push(change.author);
        let mut flags = 0;
        flags |= if change.is_automation { IS_AUTOMATION } else { 0 };
        flags |= if change.ai_assisted { AI_ASSISTED } else { 0 };
        flags |= if change.parents.len() > 1 { IS_MERGE } else { 0 };
        rows.flags.push(flags);
        if let Some(reverted) = change.reverts {
            rows.reverts.insert(place, reverted);
        }
        if !change.issue_keys.is_empty() {
            rows.issue_keys.insert(place, change.issue_keys.clone());
        }
        if let Some(size) = change.size {
            rows.set_size(place, size);
        }
        rows.parent_offsets.push(self.parent_ids.len() as u32);
        self.parent_ids.extend_from_slice(&change.parents);
    }

    /// Links parents and puts every change behind its parents.
    pub fn finish(self) -> History {
        let Self { mut rows, places, parent_ids, kept } = self;
        let starts = std::mem::take(&mut rows.parent_offsets);
        for (at, start) in starts.iter().enumerate() {
            let end = starts.get(at + 1).map_or(parent_ids.len(), |next| *next as usize);
            rows.parent_offsets.push(rows.parents.len() as u32);
            for parent in &parent_ids[*start as usize..end] {
                match places.get(parent) {
                    Some(place) => rows.parents.push(*place),
                    None => rows.flags[at] |= HAS_MISSING_PARENT,
                }
            }
        }
        rows.parent_offsets.push(rows.parents.len() as u32);
        drop((places, parent_ids));
        let order = parents_first(&rows, kept);
        rows.reordered(&order)
    }
}

/// All places, the first `kept` as they are and every other one after its parents. Commit ids are hashes of their parents, so there are no circles; if a
/// source made some up, what lies on them keeps an arbitrary order.
fn parents_first(history: &History, kept: usize) -> Vec<ChangeIndex> {
    let mut order: Vec<ChangeIndex> = history.indices().take(kept).collect();
    let mut seen = vec![false; history.len()];
    seen[..kept].fill(true);
    let mut pending: Vec<(ChangeIndex, usize)> = Vec::new();
    for start in history.indices().rev() {
        if std::mem::replace(&mut seen[start.get()], true) {
            continue;
        }
        pending.push((start, 0));
        while let Some((change, next)) = pending.last_mut() {
            match history.parents(*change).get(*next) {
                Some(parent) => {
                    *next += 1;
                    if !std::mem::replace(&mut seen[parent.get()], true) {
                        pending.push((*parent, 0));
                    }
                }
                None => {
                    order.push(*change);
                    pending.pop();
                }
            }
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(id: u8, parents: &[u8]) -> Change {
        let parents = parents.iter().map(|parent| CommitId([*parent; 20])).collect();
        Change::new(CommitId([id; 20]), parents, Time::from_seconds(i64::from(id)))
    }

    #[test]
    fn parents_are_linked_whatever_the_order_and_missing_ones_are_marked() {
        let history = History::from_changes([change(3, &[1, 2]), change(1, &[]), change(2, &[9]), change(3, &[])]);
        let at = |id: u8| history.find(&CommitId([id; 20])).unwrap();
        assert_eq!(history.len(), 3);
        assert_eq!(history.parents(at(3)), [at(1), at(2)]);
        assert!(history.is_merge(at(3)));
        assert!(history.has_missing_parent(at(2)) && !history.has_missing_parent(at(1)));
        for change in history.indices() {
            assert!(history.parents(change).iter().all(|parent| *parent < change), "parents come first");
        }
    }

    #[test]
    fn an_outline_is_completed_in_its_place() {
        let mut history = History::default();
        history.append_outline(CommitId([1; 20]), &[], Time::from_seconds(9));
        history.append_outline(CommitId([2; 20]), &[ChangeIndex(0)], Time::from_seconds(10));
        history.seal();
        let at = history.find(&CommitId([2; 20])).unwrap();
        assert!(history.is_outline(at));
        history.complete(&Change { is_automation: true, ..change(2, &[]) });
        assert!(!history.is_outline(at) && history.is_automation(at));
        assert_eq!(history.authored_at(at), Time::from_seconds(2));
        assert_eq!((history.committed_at(at), history.parents(at).len()), (Time::from_seconds(10), 1));
    }

    #[test]
    fn what_comes_later_goes_behind_what_was_there() {
        let before = History::from_changes([change(1, &[]), change(2, &[1])]);
        let mut builder = HistoryBuilder::continuing(before.clone());
        builder.push(&change(4, &[3]));
        builder.push(&change(3, &[2, 1]));
        builder.push(&change(2, &[]));
        let after = builder.finish();
        let ids: Vec<_> = after.indices().map(|place| after.id(place).0[0]).collect();
        assert_eq!(ids, [1, 2, 3, 4]);
        assert_eq!(after.parents(ChangeIndex(2)), [ChangeIndex(1), ChangeIndex(0)]);
        assert_eq!(after.parents(ChangeIndex(1)), before.parents(ChangeIndex(1)));
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
