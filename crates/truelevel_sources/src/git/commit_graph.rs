//! What a commit-graph file knows without a commit being opened.

use gix::commitgraph::{Graph, Position};
use gix::hash::ObjectId;
use truelevel_model::{ChangeIndex, CommitId, History, Time};

use super::commit_id;

/// The commits of a commit-graph file that some tips lead to, each behind its parents.
pub(super) struct CommitGraph {
    links: Links,
    ids: Vec<CommitId>,
    committed_at: Vec<Time>,
    order: Vec<Position>,
}

/// Who is whose parent, in columns read once in the order of the file: there it is at hand, while a walk through the file
/// itself would wait for memory at every commit.
struct Links {
    offsets: Vec<u32>,
    parents: Vec<Position>,
}

impl CommitGraph {
    /// Reads a file; commits that are known, and what lies behind them, are left out.
    pub(super) fn read(file: &Graph, tips: &[ObjectId], known: &History) -> Self {
        let links = Links::read(file);
        // The walk needs nothing but the links.
        let (order, (ids, committed_at)) = rayon::join(
            || links.parents_first(file, tips, known),
            || {
                let ids = file.iter_ids().map(|id| commit_id(id.to_owned())).collect();
                let times = file.iter_commits().map(|commit| Time::from_seconds(commit.committer_timestamp() as i64));
                (ids, times.collect::<Vec<Time>>())
            },
        );
        Self { links, ids, committed_at, order }
    }

    /// The commits.
    pub(super) fn commits(&self) -> impl Iterator<Item = CommitId> {
        self.order.iter().map(|position| self.ids[position.0 as usize])
    }

    /// Adds them to a history, of each its parents and its commit time.
    pub(super) fn append_outlines(&self, history: &mut History) {
        let has_known = !history.is_empty();
        let mut places: Vec<Option<ChangeIndex>> = vec![None; self.committed_at.len()];
        let mut parents = Vec::new();
        history.reserve(self.order.len());
        for position in &self.order {
            let at = position.0 as usize;
            parents.clear();
            parents.extend(self.links.parents(*position).iter().filter_map(|parent| {
                let among_known = || if has_known { history.find(&self.ids[parent.0 as usize]) } else { None };
                places[parent.0 as usize].or_else(among_known)
            }));
            places[at] = Some(ChangeIndex(history.len() as u32));
            history.append_outline(self.ids[at], &parents, self.committed_at[at]);
        }
        if has_known {
            history.seal();
        } else {
            // Most often there is one file, and it is sorted by id.
            history.seal_from(places.into_iter().flatten());
        }
    }
}

impl Links {
    fn read(file: &Graph) -> Self {
        let commits = file.num_commits() as usize;
        let mut links =
            Self { offsets: Vec::with_capacity(commits + 1), parents: Vec::with_capacity(commits + commits / 2) };
        for commit in file.iter_commits() {
            links.offsets.push(links.parents.len() as u32);
            links.parents.extend(commit.iter_parents().map_while(Result::ok));
        }
        links.offsets.push(links.parents.len() as u32);
        links
    }

    fn parents(&self, position: Position) -> &[Position] {
        let at = position.0 as usize;
        &self.parents[self.offsets[at] as usize..self.offsets[at + 1] as usize]
    }

    fn parents_first(&self, file: &Graph, tips: &[ObjectId], known: &History) -> Vec<Position> {
        let commits = self.offsets.len() - 1;
        let mut order = Vec::with_capacity(commits);
        let mut seen = vec![false; commits];
        let mut is_new = |position: Position| {
            !std::mem::replace(&mut seen[position.0 as usize], true)
                && (known.is_empty() || known.find(&commit_id(file.id_at(position).to_owned())).is_none())
        };
        let mut line: Vec<(Position, usize)> = Vec::new();
        for tip in tips.iter().filter_map(|tip| file.lookup(tip)) {
            if is_new(tip) {
                line.push((tip, 0));
            }
            while let Some((position, next)) = line.last_mut() {
                match self.parents(*position).get(*next) {
                    Some(parent) => {
                        *next += 1;
                        if is_new(*parent) {
                            line.push((*parent, 0));
                        }
                    }
                    None => {
                        order.push(*position);
                        line.pop();
                    }
                }
            }
        }
        order
    }
}
