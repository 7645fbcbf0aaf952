//! When each change arrived on the default branch.

use truelevel_model::{ChangeIndex, History, Time};

use crate::attribution::Attribution;

/// The first-parent line of a default branch and when each change joined it.
#[derive(Debug)]
pub struct Mainline {
    /// The branch's tip as of the date asked.
    pub head: ChangeIndex,
    line: Vec<ChangeIndex>,
    joined: Attribution,
}

impl Mainline {
    /// Follows the branch from its tip as of `as_of`; `None` when the branch is younger.
    pub fn new(history: &History, tip: ChangeIndex, as_of: Time) -> Option<Self> {
        let head = history.first_parent_as_of(tip, as_of)?;
        let mut line = vec![head];
        while let Some(parent) = line.last().and_then(|last| history.parents(*last).first()) {
            line.push(*parent);
        }
        line.reverse();
        let joined = Attribution::of(history, line.iter().copied());
        Some(Self { head, line, joined })
    }

    /// Whether the branch itself was at this change, and not only a line of work that it took in.
    pub fn is_on_line(&self, change: ChangeIndex) -> bool {
        self.brought_by(change) == Some(change)
    }

    /// The commit of the branch that brought a change: the merge, or the change itself. `None` while it is on no part of
    /// the branch.
    pub fn brought_by(&self, change: ChangeIndex) -> Option<ChangeIndex> {
        Some(self.line[self.joined.first_deployment(change)? as usize])
    }

    /// When a change joined the branch: the commit time of the merge that brought it, or its own. `None` while it is
    /// on no part of the branch.
    pub fn merged_at(&self, history: &History, change: ChangeIndex) -> Option<Time> {
        Some(history.committed_at(self.brought_by(change)?))
    }
}
