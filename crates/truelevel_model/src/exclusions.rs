//! What was left out of a number, counted under a code that a person can act on.

use std::collections::BTreeMap;
use std::fmt;

macro_rules! reasons {
    ($($(#[doc = $doc:literal])+ $variant:ident = $code:literal,)+) => {
        /// Why something does not count. The code is stable; the documentation says what to do about it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Reason {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Reason {
            /// All of them, in the order of their codes.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// The code, as written everywhere.
            pub const fn code(self) -> &'static str {
                match self { $(Self::$variant => $code),+ }
            }

            /// What it means and what to do: the first line is a title.
            pub const fn docs(self) -> &'static str {
                match self { $(Self::$variant => concat!($($doc, "\n"),+)),+ }
            }
        }
    };
}

reasons! {
    /// Review that automation opened
    ///
    /// Updates that a program proposes wait and are looked at in another way than people's work, so they are not part of
    /// the measures of reviews. Their changes count in the lead time.
    AutomationExcluded = "automation_excluded",
    /// First known deployment: attributes nothing
    ///
    /// Before it nothing is known to have been deployed, so every earlier change would seem to ship with it. It
    /// counts as a deployment and attributes no changes. Declare `baseline` for the service to say which version
    /// ran before.
    Baseline = "baseline",
    /// Deployment attempt that did not succeed
    ///
    /// Failed, cancelled and unfinished attempts ship nothing and are not part of the deployment frequency or the lead
    /// time. The fail rate counts those of them that failed or were stopped by automation: they were attempted.
    DeploymentNotSucceeded = "deployment_not_succeeded",
    /// Same version reaching a further production environment
    ///
    /// A service with several production environments rolls one version out to each. The first arrival counts; the
    /// others are the same deployment reaching more places.
    FanOut = "fan_out",
    /// Observed after the as-of
    ///
    /// The assessment answers as of a date and looks at nothing that happened later.
    LaterThanAsOf = "later_than_as_of",
    /// Merge commit
    ///
    /// A merge joins lines of work that are already counted as changes of their own.
    MergeCommit = "merge_commit",
    /// Duration below zero
    ///
    /// A change that seems to be deployed before it was written: a wrong clock, or a rewritten author date. The
    /// change is counted as shipped, its duration is not used. Likewise what seems to be noticed, taken or answered before it
    /// began: the incident or review stays, and only that duration is not used. Set the clocks, or mend the times at their
    /// source and import them again.
    NegativeDuration = "negative_duration",
    /// Environment that is not production
    ///
    /// Only production counts. If an environment is production under another name, say so in `truelevel.toml`. A service that
    /// is deployed to such environments alone is none here; a warning names it.
    NotProduction = "not_production",
    /// Change outside the service's paths
    ///
    /// The service is a part of its repository, and the change touches nothing in it.
    OutsidePaths = "outside_paths",
    /// Release that is marked as a preview
    ///
    /// Tags such as `v2.0.0-rc1` announce a version; they do not reach production users.
    Prerelease = "prerelease",
    /// Deployment of the version already running
    ///
    /// It changes nothing that runs, so it is counted apart and is not part of the deployment frequency.
    Redeployment = "redeployment",
    /// Change or release without a usable time
    ///
    /// Its time lies in the first days of 1970 or before: a clock that was never set, or a rewritten history. Or the
    /// commit cannot be read, and only a commit-graph knows of it: see the warnings, and `git fsck`.
    /// The change is counted as shipped, its duration is not used; of a release tag without a time, the next release
    /// counts as the one that shipped its changes.
    UnsetClock = "unset_clock",
    /// Version that leads to no known commit
    ///
    /// The deployed version is neither a tag nor a commit of the service's repository, or there is no such
    /// repository. Fetch its tags, configure `version_patterns`, or add the repository. The changes it shipped are
    /// attributed to the next deployment that resolves, and marked so.
    VersionUnresolved = "version_unresolved",
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// One thing that was left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exclusion {
    /// What it is, readable alone: `frontend v12 in production, 2026-08-01T10:00:00Z`.
    pub subject: String,
}

/// The number of things left out under each code, with the first ones named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Exclusions(BTreeMap<Reason, (u64, Vec<Exclusion>)>);

impl Exclusions {
    /// How many of each kind are named: enough to look into, few enough to keep.
    pub const NAMED: usize = 10_000;

    /// Counts one. `subject` is only called while few are named.
    pub fn add(&mut self, reason: Reason, subject: impl FnOnce() -> String) {
        let (count, named) = self.0.entry(reason).or_default();
        *count += 1;
        if named.len() < Self::NAMED {
            named.push(Exclusion { subject: subject() });
        }
    }

    /// Counts many that need no naming.
    pub fn add_count(&mut self, reason: Reason, count: u64) {
        if count > 0 {
            self.0.entry(reason).or_default().0 += count;
        }
    }

    /// Adds what another measurement left out.
    pub fn merge(&mut self, other: &Self) {
        for (reason, (count, named)) in &other.0 {
            let mine = self.0.entry(*reason).or_default();
            mine.0 += count;
            let room = Self::NAMED.saturating_sub(mine.1.len());
            mine.1.extend(named.iter().take(room).cloned());
        }
    }

    /// How many were left out under a code.
    pub fn count(&self, reason: Reason) -> u64 {
        self.0.get(&reason).map_or(0, |(count, _)| *count)
    }

    /// How many of what was left out under a code have a name.
    pub fn named(&self, reason: Reason) -> usize {
        self.0.get(&reason).map_or(0, |(_, named)| named.len())
    }

    /// Code, count and the first ones, in the order of the codes.
    pub fn iter(&self) -> impl Iterator<Item = (Reason, u64, &[Exclusion])> {
        self.0.iter().map(|(reason, (count, named))| (*reason, *count, named.as_slice()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_sorted_and_every_code_says_what_to_do() {
        let codes: Vec<_> = Reason::ALL.iter().map(|reason| reason.code()).collect();
        assert!(codes.is_sorted(), "{codes:?}");
        for reason in Reason::ALL {
            assert!(!crate::registry::body(reason.docs()).is_empty(), "{reason}");
        }
    }
}
