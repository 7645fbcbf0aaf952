//! What a commit-graph file knows without a commit being opened.

use gix::commitgraph::{Graph, Position};
use gix::hash::ObjectId;
use truelevel_model::{ChangeIndex, CommitId, History, Time};

use super::commit_id;

/// The commits of a commit-graph file. What a walk asks of them lies in columns of their own, read once in the order
/// of the file: there it is at hand, while a walk through the file itself would wait for memory at every commit.
pub(super) struct CommitGraph<'a> {
    file: &'a Graph,
    parent_offsets: Vec<u32>,
    parents: Vec<Position>,
    committed_at: Vec<Time>,
}

impl<'a> CommitGraph<'a> {
    pub(super) fn read(file: &'a Graph) -> Self {
        let commits = file.num_commits() as usize;
        let mut graph = Self {
            file,
            parent_offsets: Vec::with_capacity(commits + 1),
            parents: Vec::with_capacity(commits + commits / 2),
            committed_at: Vec::with_capacity(commits),
        };
        for commit in file.iter_commits() {
            graph.parent_offsets.push(graph.parents.len() as u32);
            graph.parents.extend(commit.iter_parents().map_while(Result::ok));
            graph.committed_at.push(Time::from_seconds(commit.committer_timestamp() as i64));
        }
        graph.parent_offsets.push(graph.parents.len() as u32);
        graph
    }

    pub(super) fn id(&self, position: Position) -> CommitId {
        commit_id(self.file.id_at(position).to_owned())
    }

    fn parents(&self, position: Position) -> &[Position] {
        let at = position.0 as usize;
        &self.parents[self.parent_offsets[at] as usize..self.parent_offsets[at + 1] as usize]
    }

    /// The commits of the file that the tips lead to, each behind its parents; without those that are known and what
    /// lies behind them.
    pub(super) fn parents_first(&self, tips: &[ObjectId], known: &History) -> Vec<Position> {
        let mut order = Vec::with_capacity(self.committed_at.len());
        let mut seen = vec![false; self.committed_at.len()];
        let mut is_new = |position: Position| {
            !std::mem::replace(&mut seen[position.0 as usize], true)
                && (known.is_empty() || known.find(&self.id(position)).is_none())
        };
        let mut line: Vec<(Position, usize)> = Vec::new();
        for tip in tips.iter().filter_map(|tip| self.file.lookup(tip)) {
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

    /// Adds commits to a history, of each its parents and its commit time.
    pub(super) fn append_outlines(&self, history: &mut History, order: &[Position]) {
        let has_known = !history.is_empty();
        let mut places: Vec<Option<ChangeIndex>> = vec![None; self.committed_at.len()];
        let mut parents = Vec::new();
        history.reserve(order.len());
        for position in order {
            let at = position.0 as usize;
            parents.clear();
            parents.extend(self.parents(*position).iter().filter_map(|parent| {
                let among_known = || if has_known { history.find(&self.id(*parent)) } else { None };
                places[parent.0 as usize].or_else(among_known)
            }));
            places[at] = Some(ChangeIndex(history.len() as u32));
            history.append_outline(self.id(*position), &parents, self.committed_at[at]);
        }
        history.seal();
    }
}
