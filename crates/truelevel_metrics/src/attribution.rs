//! Which deployment first shipped each change, decided by the commit graph.
//!
//! Every commit is marked once, by the first deployment that reaches it. The marked commits always include all
//! their ancestors, so a walk may stop at the first mark it meets, and the whole history costs
//! O(commits + deployments).

use truelevel_model::{ChangeIndex, History};

/// For each change, the place of the first deployment that reaches it.
#[derive(Clone, Debug)]
pub struct Attribution {
    first: Vec<u32>,
    pending: Vec<ChangeIndex>,
}

const UNREACHED: u32 = u32::MAX;

impl Attribution {
    /// Nothing reached yet.
    pub fn new(history: &History) -> Self {
        Self { first: vec![UNREACHED; history.len()], pending: Vec::new() }
    }

    /// Marks everything in one go: `deployed` are the deployed commits in the order of their deployment.
    pub fn of(history: &History, deployed: impl IntoIterator<Item = ChangeIndex>) -> Self {
        let mut attribution = Self::new(history);
        for (place, commit) in deployed.into_iter().enumerate() {
            attribution.deploy(history, commit, place as u32, |_| {});
        }
        attribution
    }

    /// Deploys a commit: marks what no earlier deployment reached, and shows each such change, merges included.
    ///
    /// The changes are those that `git rev-list COMMIT ^EARLIER…` lists, for all commits deployed earlier.
    pub fn deploy(&mut self, history: &History, commit: ChangeIndex, place: u32, mut ships: impl FnMut(ChangeIndex)) {
        let mut reach = |change: ChangeIndex, first: &mut Vec<u32>, pending: &mut Vec<ChangeIndex>| {
            let mark = &mut first[change.get()];
            if *mark == UNREACHED {
                *mark = place;
                pending.push(change);
                ships(change);
            }
        };
        reach(commit, &mut self.first, &mut self.pending);
        while let Some(change) = self.pending.pop() {
            for parent in history.parents(change) {
                reach(*parent, &mut self.first, &mut self.pending);
            }
        }
    }

    /// The place of the first deployment that reaches a change.
    pub fn first_deployment(&self, change: ChangeIndex) -> Option<u32> {
        let mark = self.first[change.get()];
        (mark != UNREACHED).then_some(mark)
    }

    /// What a commit reaches that nothing deployed does.
    pub fn unreached_from(&self, history: &History, commit: ChangeIndex) -> Vec<ChangeIndex> {
        let mut beyond = self.clone();
        let mut changes = Vec::new();
        beyond.deploy(history, commit, UNREACHED - 1, |change| changes.push(change));
        changes
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use truelevel_model::{Change, CommitId, Time};

    fn id(number: usize) -> CommitId {
        let mut bytes = [7; 20];
        bytes[..8].copy_from_slice(&(number as u64).to_be_bytes());
        CommitId(bytes)
    }

    /// Commit `n` with the parents given; a parent must have a smaller number.
    fn history(parents: &[&[usize]]) -> History {
        History::from_changes(parents.iter().enumerate().map(|(number, parents)| {
            let parents = parents.iter().map(|parent| id(*parent)).collect();
            Change::new(id(number), parents, Time::from_seconds(number as i64))
        }))
    }

    /// What each deployment ships, by commit number.
    fn shipped(parents: &[&[usize]], deployed: &[usize]) -> Vec<BTreeSet<usize>> {
        let history = history(parents);
        let place = |number: usize| history.find(&id(number)).unwrap();
        let attribution = Attribution::of(&history, deployed.iter().map(|number| place(*number)));
        let mut result = vec![BTreeSet::new(); deployed.len()];
        for number in 0..parents.len() {
            if let Some(first) = attribution.first_deployment(place(number)) {
                result[first as usize].insert(number);
            }
        }
        result
    }

    fn set(numbers: &[usize]) -> BTreeSet<usize> {
        numbers.iter().copied().collect()
    }

    #[test]
    fn a_deployment_ships_what_no_earlier_one_reached() {
        let line: [&[usize]; 5] = [&[], &[0], &[1], &[2], &[3]];
        assert_eq!(shipped(&line, &[1, 4]), [set(&[0, 1]), set(&[2, 3, 4])]);
    }

    #[test]
    fn a_rollback_and_a_repetition_ship_nothing() {
        let line: [&[usize]; 4] = [&[], &[0], &[1], &[2]];
        assert_eq!(shipped(&line, &[2, 1, 2, 2, 3]), [set(&[0, 1, 2]), set(&[]), set(&[]), set(&[]), set(&[3])]);
    }

    #[test]
    fn octopus_merges_several_roots_and_criss_cross_histories_ship_every_commit_once() {
        // 0 and 1 are roots; 2, 3 and 4 branch; 5 joins three lines; 6 and 7 cross; 8 and 9 cross back.
        let graph: [&[usize]; 10] = [&[], &[], &[0], &[0], &[1], &[2, 3, 4], &[5], &[5], &[6, 7], &[7, 6]];
        assert_eq!(shipped(&graph, &[2, 5, 8, 9]), [set(&[0, 2]), set(&[1, 3, 4, 5]), set(&[6, 7, 8]), set(&[9])]);
    }

    proptest! {
        /// The same answer as taking the ancestors of each deployment and removing those of all earlier ones.
        #[test]
        fn marking_once_equals_walking_each_range(
            shape in prop::collection::vec(prop::collection::vec(0usize..1000, 0..4), 1..60),
            picks in prop::collection::vec(0usize..1000, 1..20),
        ) {
            let parents: Vec<Vec<usize>> = shape
                .iter()
                .enumerate()
                .map(|(number, wishes)| wishes.iter().filter(|_| number > 0).map(|wish| wish % number.max(1)).collect::<BTreeSet<_>>().into_iter().collect())
                .collect();
            let borrowed: Vec<&[usize]> = parents.iter().map(Vec::as_slice).collect();
            let deployed: Vec<usize> = picks.iter().map(|pick| pick % parents.len()).collect();
            let mut before = BTreeSet::new();
            let mut expected = Vec::new();
            for commit in &deployed {
                let mut ancestors = BTreeSet::from([*commit]);
                let mut pending = vec![*commit];
                while let Some(at) = pending.pop() {
                    for parent in &parents[at] {
                        if ancestors.insert(*parent) {
                            pending.push(*parent);
                        }
                    }
                }
                expected.push(ancestors.difference(&before).copied().collect::<BTreeSet<_>>());
                before.extend(ancestors);
            }
            prop_assert_eq!(shipped(&borrowed, &deployed), expected);
        }
    }
}
