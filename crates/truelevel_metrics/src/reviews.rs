//! The reviews of a repository, prepared once for all the services that it holds.

use std::collections::HashMap;

use truelevel_model::ids::IdHash;
use truelevel_model::{CommitId, Review, Window};

use crate::fixes::is_repair;

/// The reviews of one repository.
#[derive(Debug)]
pub struct Reviews<'a> {
    merged_as: HashMap<CommitId, &'a Review, IdHash>,
    repairs: Vec<(CommitId, &'a Review)>,
    opened: Vec<&'a Review>,
    merged: Vec<&'a Review>,
}

impl<'a> Reviews<'a> {
    /// Takes what was reported up to the window's end, in any order; of one review the latest observation stays.
    pub fn prepare(reviews: impl IntoIterator<Item = &'a Review>, window: Window) -> Self {
        let mut all: Vec<&Review> = reviews.into_iter().filter(|review| review.opened_at <= window.end).collect();
        all.sort_by(|a, b| {
            (a.number, &a.source, b.observed_at, &a.labels).cmp(&(b.number, &b.source, a.observed_at, &b.labels))
        });
        all.dedup_by(|later, first| (later.number, &later.source) == (first.number, &first.source));
        let is_merged = |review: &&&Review| review.merged_at.is_some_and(|at| at <= window.end);
        let mut merged_as: HashMap<CommitId, &Review, IdHash> = HashMap::default();
        for review in all.iter().filter(is_merged) {
            if let Some(commit) = review.merge_commit {
                merged_as.entry(commit).or_insert(review);
            }
        }
        let mut repairs: Vec<(CommitId, &Review)> = merged_as
            .iter()
            .filter(|(_, review)| is_repair(review))
            .map(|(commit, review)| (*commit, *review))
            .collect();
        repairs.sort_unstable_by_key(|(commit, _)| *commit);
        let is_recent = |review: &&&Review| review.merged_at.is_some_and(|at| window.contains(at));
        let merged = all.iter().filter(is_recent).copied().collect();
        let opened = all.iter().filter(|review| window.contains(review.opened_at)).copied().collect();
        Self { merged_as, repairs, opened, merged }
    }

    /// The review whose merge made this commit.
    pub fn merged_as(&self, commit: CommitId) -> Option<&'a Review> {
        self.merged_as.get(&commit).copied()
    }

    /// The merged reviews that are labelled as repairs, with the commits that their merges made, by commit.
    pub fn repairs(&self) -> &[(CommitId, &'a Review)] {
        &self.repairs
    }

    /// The reviews that were opened in the window, by number.
    pub fn opened(&self) -> &[&'a Review] {
        &self.opened
    }

    /// The reviews that were merged in the window, by number.
    pub fn merged(&self) -> &[&'a Review] {
        &self.merged
    }
}
