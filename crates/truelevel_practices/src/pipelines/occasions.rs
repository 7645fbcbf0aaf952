//! When pipelines and jobs run.

use std::fmt;

use crate::paths::glob;
use crate::text::Place;

/// A reason for which a pipeline runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Occasion {
    /// A pull or merge request, or a merge queue.
    ChangeProposed,
    /// A push, or a merge, to the default branch.
    DefaultBranchPush,
    /// A push to any other branch.
    OtherBranchPush,
    /// A tag or a release.
    Tag,
    /// The clock.
    Schedule,
    /// A person.
    Manual,
    /// A call from elsewhere.
    Other,
}

impl Occasion {
    /// All, in order.
    pub const ALL: [Self; 7] = [
        Self::ChangeProposed,
        Self::DefaultBranchPush,
        Self::OtherBranchPush,
        Self::Tag,
        Self::Schedule,
        Self::Manual,
        Self::Other,
    ];
}

/// A set of occasions.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Occasions(u8);

impl Occasions {
    /// Every occasion.
    pub const ALL: Self = Self(0x7f);
    /// No occasion.
    pub const NONE: Self = Self(0);

    /// The set of some occasions.
    pub fn of(occasions: impl IntoIterator<Item = Occasion>) -> Self {
        occasions.into_iter().fold(Self::NONE, |set, occasion| Self(set.0 | 1 << occasion as u8))
    }

    /// The occasions for which a predicate holds.
    pub fn when(predicate: impl Fn(Occasion) -> bool) -> Self {
        Self::of(Occasion::ALL.into_iter().filter(|&occasion| predicate(occasion)))
    }

    /// Whether an occasion is in the set.
    pub const fn contains(self, occasion: Occasion) -> bool {
        self.0 & 1 << occasion as u8 != 0
    }

    /// Whether the set holds nothing.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// What both sets hold.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// What either set holds.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the set holds an occasion that no person starts.
    pub const fn is_automatic(self) -> bool {
        self.0 & !(1 << Occasion::Manual as u8 | 1 << Occasion::Other as u8) != 0
    }
}

impl fmt::Debug for Occasions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(Occasion::ALL.into_iter().filter(|&occasion| self.contains(occasion))).finish()
    }
}

/// What starts a pipeline, and where the file says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trigger {
    /// What.
    pub kind: TriggerKind,
    /// On which occasions that is.
    pub occasions: Occasions,
    /// Where.
    pub place: Place,
}

/// What starts a pipeline.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TriggerKind {
    /// A pull or merge request, or a merge queue.
    ChangeProposed,
    /// A push to branches.
    Push {
        /// Patterns of branches; any branch when empty. One that begins with `!` excludes.
        branches: Vec<String>,
    },
    /// A tag or a release.
    Tag,
    /// The clock.
    Schedule,
    /// A person.
    Manual,
    /// Other pipelines of these names have finished.
    Completed(Vec<String>),
    /// Something that is set on the server, not in the file.
    Unseen(String),
    /// Anything else, by its own name.
    Other(String),
}

/// Which branch is the default one.
#[derive(Clone, Debug)]
pub struct Branches(Option<String>);

/// The names that default branches have where nobody says.
const USUAL: [&str; 7] = ["main", "master", "trunk", "mainline", "default", "develop", "development"];
/// A branch of a proposed change.
const FEATURE: &str = "feature/some-change";

impl Branches {
    /// With the default branch, where it is known.
    pub fn new(default: Option<String>) -> Self {
        Self(default)
    }

    /// Whether the name is the default branch's.
    pub fn is_default(&self, name: &str) -> bool {
        let name = name.strip_prefix("refs/heads/").unwrap_or(name);
        matches!(name, "$default-branch" | "$CI_DEFAULT_BRANCH") || self.names().contains(&name)
    }

    /// Names of the default branch, likeliest first.
    pub fn names(&self) -> Vec<&str> {
        self.0.as_deref().map_or_else(|| USUAL.to_vec(), |name| vec![name])
    }

    /// The occasions of a push to branches that the patterns choose; a `!` excludes; none means any branch.
    pub fn occasions(&self, patterns: &[String]) -> Occasions {
        let names = self.names();
        let matches = |branch: &str| {
            let is_filtered = patterns.iter().any(|pattern| !pattern.starts_with('!'));
            patterns.iter().fold(!is_filtered, |chosen, pattern| match pattern.strip_prefix('!') {
                Some(pattern) => chosen && !glob(pattern, branch),
                None => chosen || glob(pattern.strip_prefix("refs/heads/").unwrap_or(pattern), branch),
            })
        };
        let special =
            patterns.iter().any(|pattern| matches!(pattern.as_str(), "$default-branch" | "$CI_DEFAULT_BRANCH"));
        Occasions::when(|occasion| match occasion {
            Occasion::DefaultBranchPush => special || names.iter().any(|name| matches(name)),
            Occasion::OtherBranchPush => matches(FEATURE) || matches("fix"),
            _ => false,
        })
    }

    /// Whether a regular expression, as CI files write it between slashes, matches the default branch or another.
    pub(crate) fn matches(&self, occasion: Occasion, pattern: &regex::Regex) -> Option<bool> {
        match occasion {
            Occasion::DefaultBranchPush => Some(self.names().iter().any(|name| pattern.is_match(name))),
            Occasion::OtherBranchPush if pattern.is_match(FEATURE) => Some(true),
            _ => None,
        }
    }
}

impl Trigger {
    pub(crate) fn new(kind: TriggerKind, occasions: Occasions, place: Place) -> Self {
        Self { kind, occasions, place }
    }

    pub(crate) fn change_proposed(place: Place) -> Self {
        Self::new(TriggerKind::ChangeProposed, Occasions::of([Occasion::ChangeProposed]), place)
    }

    pub(crate) fn push(branches: Vec<String>, names: &Branches, place: Place) -> Self {
        let occasions = names.occasions(&branches);
        Self::new(TriggerKind::Push { branches }, occasions, place)
    }

    pub(crate) fn tag(place: Place) -> Self {
        Self::new(TriggerKind::Tag, Occasions::of([Occasion::Tag]), place)
    }

    pub(crate) fn schedule(place: Place) -> Self {
        Self::new(TriggerKind::Schedule, Occasions::of([Occasion::Schedule]), place)
    }

    pub(crate) fn manual(place: Place) -> Self {
        Self::new(TriggerKind::Manual, Occasions::of([Occasion::Manual]), place)
    }

    pub(crate) fn other(name: impl Into<String>, place: Place) -> Self {
        Self::new(TriggerKind::Other(name.into()), Occasions::of([Occasion::Other]), place)
    }
}

/// The occasions of all triggers.
pub(crate) fn of_triggers(triggers: &[Trigger]) -> Occasions {
    triggers.iter().fold(Occasions::NONE, |set, trigger| set.or(trigger.occasions))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branch_patterns_choose_the_default_branch_and_others() {
        use Occasion::{DefaultBranchPush, OtherBranchPush};
        let check = |patterns: &[&str], expected: &[Occasion]| {
            let patterns: Vec<_> = patterns.iter().map(|&pattern| pattern.to_owned()).collect();
            let occasions = Branches::new(None).occasions(&patterns);
            assert_eq!(occasions, Occasions::of(expected.iter().copied()), "{patterns:?}");
        };
        check(&[], &[DefaultBranchPush, OtherBranchPush]);
        check(&["main"], &[DefaultBranchPush]);
        check(&["release/**"], &[]);
        check(&["!main", "!master", "!trunk", "!mainline", "!default", "!develop*"], &[OtherBranchPush]);
        check(&["**"], &[DefaultBranchPush, OtherBranchPush]);
        check(&["$default-branch"], &[DefaultBranchPush]);
    }

    #[test]
    fn a_known_default_branch_is_the_only_one() {
        let branches = Branches::new(Some("live".into()));
        assert!(branches.occasions(&["main".into()]).is_empty());
        assert!(branches.is_default("refs/heads/live"));
    }
}
