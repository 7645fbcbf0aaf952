//! A service's production deployments in order, each told for what it is.

use std::collections::{BTreeMap, HashMap, HashSet};

use truelevel_model::{ChangeIndex, Deployment, DeploymentOutcome, EnvironmentId, Exclusions, History, Reason, Window};

use crate::asking::Asking;
use crate::attribution::Attribution;
use crate::versions::VersionResolver;

/// What a deployment did to what runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeploymentKind {
    /// What ran when the observation began; not an event.
    InitialState,
    /// The first known one: attributes nothing.
    Baseline,
    /// A version that did not run before.
    Forward,
    /// A version that ran before the current one, or that the current one already contains.
    Rollback,
    /// The version already running.
    Redeployment,
    /// A version that another production environment runs already.
    FanOut,
    /// Failed, cancelled or not ended.
    NotSucceeded,
}

impl DeploymentKind {
    /// Whether it counts in the deployment frequency.
    pub const fn is_counted(self) -> bool {
        matches!(self, Self::Baseline | Self::Forward | Self::Rollback)
    }
}

/// One deployment on the timeline.
#[derive(Clone, Debug)]
pub struct TimelineEntry<'a> {
    /// The fact.
    pub deployment: &'a Deployment,
    /// The commit, where the version leads to one.
    pub commit: Option<ChangeIndex>,
    /// What it did.
    pub kind: DeploymentKind,
    /// The changes that it was the first to ship, merges included.
    pub ships: Vec<ChangeIndex>,
    /// An earlier deployment could not be resolved, so some of these changes may have shipped with that one.
    pub follows_unresolved: bool,
}

impl TimelineEntry<'_> {
    /// Whether it was tried to change what runs: all that count, further environments, and what failed or was stopped by
    /// automation. What was cancelled or has not ended reached nobody.
    pub fn is_attempt(&self) -> bool {
        self.kind.is_counted()
            || self.kind == DeploymentKind::FanOut
            || self.deployment.outcome == DeploymentOutcome::Failed
            || self.deployment.aborted_automatically == Some(true)
    }
}

/// A service's production deployments, oldest first, and which change shipped with which.
#[derive(Debug)]
pub struct Timeline<'a> {
    /// The deployments up to the as-of.
    pub entries: Vec<TimelineEntry<'a>>,
    /// Which deployment first reached each change; absent without a repository.
    pub attribution: Option<Attribution>,
    /// What was left out before measuring.
    pub exclusions: Exclusions,
}

/// What a timeline is built from.
pub struct TimelineInput<'a, 'b> {
    /// All deployments of the service, in any order.
    pub deployments: &'b [&'a Deployment],
    /// The environments that are production.
    pub is_production: &'b dyn Fn(&EnvironmentId) -> bool,
    /// The service's repository and what resolves its versions.
    pub repository: Option<(&'b History, &'b VersionResolver<'b>)>,
    /// A version that is known to have run before the first deployment.
    pub baseline: Option<&'b str>,
    /// Whether the versions are releases that stand in for deployments. A release replaces none before it, so none goes
    /// back: old lines get releases too.
    pub are_releases: bool,
    /// Only what happened up to its end is looked at; only what was left out of it is counted.
    pub window: Window,
    /// What is asked beside.
    pub asking: Asking,
}

#[derive(Default)]
struct EnvironmentState<'a> {
    current: Option<(&'a str, Option<ChangeIndex>)>,
    /// Each version that ran, ranked by when it first did.
    ran: HashMap<&'a str, usize>,
    ran_commits: HashMap<ChangeIndex, usize>,
    /// The last deployment went back.
    went_back: bool,
}

impl<'a> Timeline<'a> {
    /// Orders, resolves, attributes and classifies.
    pub fn build(input: &TimelineInput<'a, '_>) -> Self {
        let asking = input.asking;
        let mut exclusions = Exclusions::default();
        let mut deployments = Vec::new();
        for deployment in input.deployments {
            if deployment.is_removal {
                // The end of what ran is no attempt at anything.
            } else if deployment.finished_at > input.window.end {
                exclusions.add(Reason::LaterThanAsOf, || describe(deployment));
            } else if !(input.is_production)(&deployment.environment) && asking.leaves_out(Reason::NotProduction) {
                if input.window.contains(deployment.finished_at) {
                    asking.count(&mut exclusions, Reason::NotProduction, || describe(deployment));
                }
            } else {
                deployments.push(*deployment);
            }
        }
        // A single source that numbers its deployments knows their order better than its clocks do.
        let is_numbered = deployments.iter().any(|deployment| deployment.sequence != 0)
            && deployments.windows(2).all(|pair| pair[0].source == pair[1].source);
        deployments.sort_by(|a, b| {
            if is_numbered {
                return (a.sequence, a.finished_at, &a.id).cmp(&(b.sequence, b.finished_at, &b.id));
            }
            (a.finished_at, a.sequence, &a.source, &a.id).cmp(&(b.finished_at, b.sequence, &b.source, &b.id))
        });

        // Told twice is told once.
        deployments.dedup_by(|later, first| (&later.source, &later.id) == (&first.source, &first.id));

        let mut attribution = input.repository.map(|(history, _)| Attribution::new(history));
        let mut has_baseline = !asking.leaves_out(Reason::Baseline);
        if let (Some((history, resolver)), Some(version), Some(marks)) =
            (input.repository, input.baseline, attribution.as_mut())
            && let Some(commit) = resolver.resolve_version(version)
        {
            marks.deploy(history, commit, BEFORE_FIRST, |_| {});
            has_baseline = true;
        }
        let mut resolved: HashMap<&str, Option<ChangeIndex>> = HashMap::new();
        let mut environments: BTreeMap<&EnvironmentId, EnvironmentState<'a>> = BTreeMap::new();
        let mut follows_unresolved = false;
        let mut entries = Vec::with_capacity(deployments.len());
        for (place, deployment) in deployments.into_iter().enumerate() {
            let commit = input.repository.and_then(|(_, resolver)| match deployment.commit {
                Some(_) => resolver.resolve(deployment),
                None => *resolved.entry(&deployment.version).or_insert_with(|| resolver.resolve(deployment)),
            });
            let mut entry = TimelineEntry {
                deployment,
                commit,
                kind: DeploymentKind::NotSucceeded,
                ships: Vec::new(),
                follows_unresolved: false,
            };
            if deployment.outcome == DeploymentOutcome::Succeeded || !asking.leaves_out(Reason::DeploymentNotSucceeded)
            {
                let runs_elsewhere = environments.iter().any(|(environment, state)| {
                    **environment != deployment.environment && state.has_run(&deployment.version, commit)
                });
                let is_first = environments.values().all(|state| state.current.is_none());
                // Another environment just went back to this version: the same rollback reaches further.
                let follows_rollback = environments.iter().any(|(environment, state)| {
                    **environment != deployment.environment
                        && state.went_back
                        && state.runs(&deployment.version, commit)
                });
                let state = environments.entry(&deployment.environment).or_default();
                entry.kind = if deployment.is_initial_state {
                    DeploymentKind::InitialState
                } else if state.runs(&deployment.version, commit) && asking.leaves_out(Reason::Redeployment) {
                    DeploymentKind::Redeployment
                } else if state.goes_back_to(&deployment.version, commit, input) && !follows_rollback {
                    DeploymentKind::Rollback
                } else if runs_elsewhere && asking.leaves_out(Reason::FanOut) {
                    DeploymentKind::FanOut
                } else if is_first && !has_baseline {
                    DeploymentKind::Baseline
                } else {
                    DeploymentKind::Forward
                };
                state.went_back = entry.kind == DeploymentKind::Rollback
                    || (follows_rollback && entry.kind == DeploymentKind::FanOut);
                state.now_runs(&deployment.version, commit);
                if let (Some((history, _)), Some(marks)) = (input.repository, attribution.as_mut()) {
                    match commit {
                        Some(commit) => {
                            let mut ships = Vec::new();
                            marks.deploy(history, commit, place as u32, |change| ships.push(change));
                            if entry.kind == DeploymentKind::InitialState {
                                // What it reaches was deployed before anybody looked.
                                has_baseline = true;
                            } else if has_baseline {
                                entry.ships = ships;
                            } else {
                                if input.window.contains(deployment.finished_at) {
                                    exclusions.add(Reason::Baseline, || describe(deployment));
                                }
                                has_baseline = true;
                            }
                            entry.follows_unresolved = std::mem::replace(&mut follows_unresolved, false);
                        }
                        None => follows_unresolved = true,
                    }
                }
            }
            entries.push(entry);
        }
        Self { entries, attribution, exclusions }
    }
}

/// The mark of what a declared baseline contains.
const BEFORE_FIRST: u32 = u32::MAX - 2;

impl<'a> EnvironmentState<'a> {
    fn runs(&self, version: &str, commit: Option<ChangeIndex>) -> bool {
        self.current.is_some_and(|(current, current_commit)| {
            current == version || (commit.is_some() && commit == current_commit)
        })
    }

    fn has_run(&self, version: &str, commit: Option<ChangeIndex>) -> bool {
        self.ran.contains_key(version) || commit.is_some_and(|commit| self.ran_commits.contains_key(&commit))
    }

    /// Whether the version is older than the current one: it first ran earlier, or it never ran and the current
    /// one contains it.
    fn goes_back_to(&self, version: &str, commit: Option<ChangeIndex>, input: &TimelineInput<'_, '_>) -> bool {
        let Some((current, current_commit)) = self.current.filter(|_| !input.are_releases) else { return false };
        let rank = |version: &str, commit: Option<ChangeIndex>| {
            self.ran.get(version).or_else(|| self.ran_commits.get(&commit?)).copied()
        };
        if let Some(earlier) = rank(version, commit) {
            return rank(current, current_commit).is_some_and(|now| earlier < now);
        }
        match (commit, current_commit, input.repository) {
            (Some(commit), Some(current), Some((history, _))) => contains(history, current, commit),
            _ => is_lower_number(version, current),
        }
    }

    fn now_runs(&mut self, version: &'a str, commit: Option<ChangeIndex>) {
        self.current = Some((version, commit));
        let next = self.ran.len();
        let rank = *self.ran.entry(version).or_insert(next);
        if let Some(commit) = commit {
            self.ran_commits.entry(commit).or_insert(rank);
        }
    }
}

/// Whether a commit is among the ancestors of another. Parents stand before their children, so the walk never looks
/// before the commit it seeks.
fn contains(history: &History, descendant: ChangeIndex, ancestor: ChangeIndex) -> bool {
    let mut seen = HashSet::from([descendant]);
    let mut pending = vec![descendant];
    while let Some(change) = pending.pop() {
        if change == ancestor {
            return true;
        }
        pending.extend(history.parents(change).iter().filter(|parent| **parent >= ancestor && seen.insert(**parent)));
    }
    false
}

/// Whether two versions are written alike but for their numbers, and the first one's numbers are lower. A date that ends in
/// its year does not grow from its first number on, and a counter that falls below half began anew.
fn is_lower_number(version: &str, than: &str) -> bool {
    let is_digit = |c: char| c.is_ascii_digit();
    let shape = |text: &str| text.split(is_digit).filter(|part| !part.is_empty()).collect::<Vec<_>>().join("#");
    let numbers = |text: &str| {
        let parts = text.split(|c: char| !is_digit(c)).filter(|part| !part.is_empty());
        parts.map(|part| part.parse::<u64>().ok()).collect::<Option<Vec<_>>>()
    };
    let looks_like_a_hash = |text: &str| text.len() >= 7 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    if looks_like_a_hash(version) || looks_like_a_hash(than) || shape(version) != shape(than) {
        return false;
    }
    let (Some(lower), Some(higher)) = (numbers(version), numbers(than)) else { return false };
    let ends_in_a_year = |numbers: &[u64]| numbers.len() == 3 && (1970..2200).contains(&numbers[2]);
    let began_anew = |lower: &[u64], higher: &[u64]| matches!((lower, higher), ([a], [b]) if a.saturating_mul(2) < *b);
    lower.len() == higher.len() && lower < higher && !ends_in_a_year(&higher) && !began_anew(&lower, &higher)
}

/// The deployment in words, readable alone.
pub fn describe(deployment: &Deployment) -> String {
    format!(
        "{} {} in {}, {}",
        deployment.service,
        truelevel_model::printable(&deployment.version),
        deployment.environment,
        deployment.finished_at
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use truelevel_model::{ServiceId, SourceId, Time};

    fn deployment(second: i64, environment: &str, version: &str) -> Deployment {
        Deployment {
            source: SourceId::new("test"),
            id: format!("{second}{environment}"),
            service: ServiceId::new("web"),
            environment: EnvironmentId::new(environment),
            version: version.to_owned(),
            commit: None,
            started_at: None,
            finished_at: Time::from_seconds(second),
            sequence: second,
            outcome: DeploymentOutcome::Succeeded,
            is_initial_state: false,
            is_removal: false,
            initiated_by: None,
            approval_wait: None,
            strategy: None,
            aborted_automatically: None,
            observed_at: Time::from_seconds(second),
        }
    }

    /// `version` or `environment:version`, one a second.
    fn kinds(deployed: &[&str]) -> Vec<DeploymentKind> {
        let facts: Vec<_> = deployed
            .iter()
            .enumerate()
            .map(|(second, text)| {
                let (environment, version) = text.split_once(':').unwrap_or(("production", text));
                deployment(second as i64, environment, version)
            })
            .collect();
        let deployments: Vec<_> = facts.iter().rev().collect();
        let timeline = Timeline::build(&TimelineInput {
            deployments: &deployments,
            is_production: &|environment| environment.as_str() != "staging",
            repository: None,
            baseline: None,
            are_releases: false,
            window: Window::ending(Time::from_seconds(86_400), 1),
            asking: Asking::default(),
        });
        timeline.entries.iter().map(|entry| entry.kind).collect()
    }

    use DeploymentKind::{Baseline, FanOut, Forward, Redeployment, Rollback};

    #[test]
    fn returning_to_an_earlier_version_is_a_rollback() {
        assert_eq!(kinds(&["v1", "v2", "v3", "v1"]), [Baseline, Forward, Forward, Rollback]);
        assert_eq!(kinds(&["v1", "v2", "v1", "v2", "v3"]), [Baseline, Forward, Rollback, Forward, Forward]);
        assert_eq!(kinds(&["a", "b", "a"]), [Baseline, Forward, Rollback]);
    }

    #[test]
    fn a_lower_number_that_never_ran_is_a_rollback_unless_it_is_a_hash() {
        assert_eq!(kinds(&["v703", "v702"]), [Baseline, Rollback]);
        assert_eq!(kinds(&["31.10.2026", "01.11.2026"]), [Baseline, Forward]);
        assert_eq!(kinds(&["build-999", "build-1"]), [Baseline, Forward]);
        assert_eq!(kinds(&["2.10.2025.1", "2.9.2025.1"]), [Baseline, Rollback]);
        assert_eq!(kinds(&["1.10.0", "1.9.0"]), [Baseline, Rollback]);
        assert_eq!(kinds(&["9999999", "1111111"]), [Baseline, Forward]);
        assert_eq!(kinds(&["v2", "release-1"]), [Baseline, Forward]);
    }

    #[test]
    fn the_version_already_running_is_a_redeployment_and_no_rollback() {
        assert_eq!(kinds(&["v1", "v1"]), [Baseline, Redeployment]);
    }

    #[test]
    fn a_version_that_reaches_further_production_environments_counts_once() {
        assert_eq!(kinds(&["eu:v1", "us:v1", "eu:v2", "us:v2"]), [Baseline, FanOut, Forward, FanOut]);
        assert_eq!(kinds(&["eu:v1", "us:v1", "eu:v2", "eu:v1"]), [Baseline, FanOut, Forward, Rollback]);
        let staggered = ["eu:v1", "us:v1", "eu:v2", "eu:v3", "us:v2", "us:v3"];
        assert_eq!(kinds(&staggered), [Baseline, FanOut, Forward, Forward, FanOut, FanOut]);
        let both_back = ["eu:v1", "us:v1", "eu:v2", "us:v2", "eu:v1", "us:v1"];
        assert_eq!(kinds(&both_back), [Baseline, FanOut, Forward, FanOut, Rollback, FanOut]);
    }

    #[test]
    fn a_wrong_clock_does_not_hide_a_rollback() {
        let mut facts = [("v1", 0), ("v2", 100), ("v1", 50), ("v3", 200)]
            .into_iter()
            .enumerate()
            .map(|(place, (version, second))| Deployment {
                sequence: place as i64 + 1,
                ..deployment(second, "production", version)
            })
            .collect::<Vec<_>>();
        facts.reverse();
        let deployments: Vec<_> = facts.iter().collect();
        let timeline = Timeline::build(&TimelineInput {
            deployments: &deployments,
            is_production: &|_| true,
            repository: None,
            baseline: None,
            are_releases: false,
            window: Window::ending(Time::from_seconds(86_400), 1),
            asking: Asking::default(),
        });
        let kinds: Vec<_> = timeline.entries.iter().map(|entry| entry.kind).collect();
        assert_eq!(kinds, [Baseline, Forward, Rollback, Forward]);
    }

    #[test]
    fn other_environments_do_not_count() {
        assert_eq!(kinds(&["v1", "staging:v2", "v2"]), [Baseline, Forward]);
    }
}
