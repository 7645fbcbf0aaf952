//! Deployments that shipped a fix: the revert of a change, or a review that is labelled as a repair.

use truelevel_model::{ChangeIndex, Review};

use crate::reviews::Reviews;
use crate::service::ServiceFacts;
use crate::timeline::Timeline;

/// Words of labels that say of a review that it mends something.
const REPAIR_WORDS: [&str; 5] = ["bug", "bugfix", "hotfix", "incident", "regression"];
/// Those of them that say that something just broke; a bug may be as old as the service.
const URGENT_WORDS: [&str; 3] = ["hotfix", "incident", "regression"];

/// A deployment that shipped the revert of a change, and the earlier one that had shipped that change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Revert {
    /// The place of the fix on the timeline.
    pub fix: usize,
    /// The place of the deployment that shipped what was reverted.
    pub failed: usize,
    /// The revert.
    pub change: ChangeIndex,
    /// What it reverts.
    pub reverted: ChangeIndex,
}

/// A deployment that first shipped the merge of a review which is labelled as a repair.
#[derive(Clone, Copy, Debug)]
pub struct LabelledFix<'a> {
    /// The place of the fix on the timeline.
    pub fix: usize,
    /// The review.
    pub review: &'a Review,
}

impl LabelledFix<'_> {
    /// Whether its labels say that something just broke.
    pub fn is_urgent(&self) -> bool {
        says(self.review, &URGENT_WORDS)
    }
}

/// Whether a label of the review says that it mends something.
pub(crate) fn is_repair(review: &Review) -> bool {
    says(review, &REPAIR_WORDS)
}

fn says(review: &Review, words: &[&str]) -> bool {
    review.labels.iter().any(|label| {
        let label = label.to_lowercase();
        label.split(|c: char| !c.is_alphanumeric()).any(|word| words.contains(&word))
    })
}

/// Finds the reverts that were deployed, in the timeline's order.
pub fn reverts(facts: &ServiceFacts<'_>, timeline: &Timeline<'_>) -> Vec<Revert> {
    let (Some(repository), Some(attribution)) = (facts.repository.as_ref(), timeline.attribution.as_ref()) else {
        return Vec::new();
    };
    let history = repository.history;
    // In a repository of several services only what touches this one can mend it; and to revert a revert is to land
    // the change again, not to mend the fix.
    let is_own = |change: ChangeIndex| repository.touches.is_none_or(|touches| touches(change));
    let shipped = timeline.entries.iter().enumerate();
    let shipped = shipped.flat_map(|(place, fix)| fix.ships.iter().map(move |change| (place, *change)));
    shipped
        .filter_map(|(fix, change)| {
            let reverted = history.find(&history.reverts(change)?)?;
            if history.reverts(reverted).is_some() || !is_own(change) || !is_own(reverted) {
                return None;
            }
            let failed = attribution.first_deployment(reverted)? as usize;
            let entry = timeline.entries.get(failed)?;
            (failed < fix && !entry.ships.is_empty()).then_some(Revert { fix, failed, change, reverted })
        })
        .collect()
}

/// Finds the repairs that were deployed, by the commit of their merge.
pub fn labelled_fixes<'a>(facts: &ServiceFacts<'a>, timeline: &Timeline<'_>) -> Vec<LabelledFix<'a>> {
    let (Some(repository), Some(attribution)) = (facts.repository.as_ref(), timeline.attribution.as_ref()) else {
        return Vec::new();
    };
    let repairs = repository.reviews.map(Reviews::repairs).unwrap_or_default();
    let shipped = |(commit, review): &(_, &'a Review)| {
        let merge = repository.history.find(commit)?;
        let is_own = repository.touches.is_none_or(|touches| touches(merge));
        let fix = attribution.first_deployment(merge).filter(|_| is_own)? as usize;
        let ships_any = timeline.entries.get(fix).is_some_and(|entry| !entry.ships.is_empty());
        ships_any.then_some(LabelledFix { fix, review })
    };
    repairs.iter().filter_map(shipped).collect()
}
