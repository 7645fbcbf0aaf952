//! What all files of a deployment repository declare at one point of its history, and what a commit makes of it.
//!
//! Several files may declare the same service in the same environment: a cluster each, a region each. They run side by
//! side, so one that follows the others late deploys nothing new, and brings nothing back.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::UNNAMED_ENVIRONMENT;
use crate::deployment_files::{Reading, Shape};

/// A service and an environment.
pub(super) type Key = (String, String);

/// Who speaks of a service in an environment.
type Voice = (Key, Says);

/// How much what is said counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Says {
    /// Which version of the service runs.
    What,
    /// From where it is taken, which counts as long as nobody said more.
    FromWhere,
}

/// A file that one commit added, changed or removed, and what it declares now.
pub(super) struct FileChange {
    pub(super) path: String,
    /// The file is there no more.
    pub(super) is_gone: bool,
    pub(super) now: Reading,
}

/// What a commit did to a service in an environment.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Event {
    pub(super) key: Key,
    /// The version that was deployed, or that was the last.
    pub(super) version: String,
    /// Nothing declares the service there any more.
    pub(super) is_removal: bool,
}

/// What all files declare at one point of the history.
#[derive(Default)]
pub(super) struct DeclaredState {
    files: HashMap<String, Declaring>,
    services: HashMap<Voice, Declared>,
}

/// What one file declares.
#[derive(Default)]
struct Declaring {
    now: Vec<(Voice, String)>,
    /// The versions that it declares or ever declared.
    ever: HashMap<Voice, HashSet<String>>,
}

/// What is declared of a service in an environment.
#[derive(Default)]
struct Declared {
    /// The version that counts: the last one that was deployed.
    current: String,
    /// How many files declare each version now.
    files: BTreeMap<String, usize>,
    /// Every version that was declared at any time.
    ever: HashSet<String>,
}

impl Declared {
    fn count(&self, version: &str) -> usize {
        self.files.get(version).copied().unwrap_or(0)
    }
}

/// What one commit touched of a service in an environment.
#[derive(Default)]
struct Touched {
    was_declared: bool,
    /// Versions that files began to declare, each with whether one of them had declared it before.
    arrived: Vec<(String, bool)>,
    /// A file that declared it was removed, or declares others and not this one any more.
    is_taken_out: bool,
}

impl DeclaredState {
    /// Moves on by one commit; answers what it did, at most one thing for each service and environment. Of the folders
    /// that are `read_anew`, with a trailing `/`, a file that is not among the changes is gone.
    ///
    /// A version that several files declare deploys once, with the first file that says so. A file that moves deploys
    /// nothing; a service that was gone and is declared again deploys, whatever its version.
    pub(super) fn apply(&mut self, mut changes: Vec<FileChange>, read_anew: &[String]) -> Vec<Event> {
        if !read_anew.is_empty() {
            changes.extend(self.gone(&changes, read_anew));
        }
        let mut touched: BTreeMap<Voice, Touched> = BTreeMap::new();
        let mut order: Vec<Voice> = Vec::new();
        for FileChange { path, is_gone, now } in changes {
            let versions: Vec<(Voice, String)> = now
                .versions
                .into_iter()
                .map(|declared| {
                    let environment = declared.environment.unwrap_or_else(|| UNNAMED_ENVIRONMENT.to_owned());
                    let says = if declared.shape == Shape::FluxOciRepository { Says::FromWhere } else { Says::What };
                    (((declared.service, environment), says), declared.version)
                })
                .collect();
            // Not understood is not removed: what it declared before stands.
            if versions.is_empty() && !now.problems.is_empty() {
                continue;
            }
            let file = self.files.entry(path).or_default();
            let before = std::mem::replace(&mut file.now, versions);
            for declaration in before.iter().chain(&file.now) {
                let (key, version) = declaration;
                if !touched.contains_key(key) {
                    let declared = self.services.entry(key.clone()).or_default();
                    let was_declared = !declared.files.is_empty();
                    touched.insert(key.clone(), Touched { was_declared, ..Touched::default() });
                    order.push(key.clone());
                }
                let (Some(touched), Some(declared)) = (touched.get_mut(key), self.services.get_mut(key)) else {
                    continue;
                };
                let (was, is) = (before.contains(declaration), file.now.contains(declaration));
                if is && !was {
                    *declared.files.entry(version.clone()).or_insert(0) += 1;
                    let is_return = file.ever.get(key).is_some_and(|ever| ever.contains(version));
                    touched.arrived.push((version.clone(), is_return));
                } else if was && !is {
                    let count = declared.count(version);
                    if count > 1 {
                        declared.files.insert(version.clone(), count - 1);
                    } else {
                        declared.files.remove(version);
                    }
                    touched.is_taken_out |= is_gone || !file.now.is_empty();
                }
            }
            for (key, version) in &file.now {
                let ever = file.ever.entry(key.clone()).or_default();
                if !ever.contains(version) {
                    ever.insert(version.clone());
                }
            }
        }
        let event = |(key, says): Voice| {
            let more_is_known = says == Says::FromWhere && self.services.contains_key(&(key.clone(), Says::What));
            let voice = (key, says);
            let event = self.services.get_mut(&voice)?.settle(touched.get(&voice)?);
            let (key, _) = voice;
            event.filter(|_| !more_is_known).map(|(version, is_removal)| Event { key, version, is_removal })
        };
        order.into_iter().filter_map(event).collect()
    }

    /// The known files of folders that are not among the changes.
    fn gone(&self, changes: &[FileChange], folders: &[String]) -> Vec<FileChange> {
        let told: BTreeSet<&str> = changes.iter().map(|change| change.path.as_str()).collect();
        let is_gone = |path: &&String| {
            !told.contains(path.as_str()) && folders.iter().any(|folder| path.starts_with(folder.as_str()))
        };
        let gone = |path: &String| FileChange { path: path.clone(), is_gone: true, now: Reading::default() };
        let mut gone: Vec<FileChange> = self.files.keys().filter(is_gone).map(gone).collect();
        gone.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        gone
    }
}

impl Declared {
    /// What a commit that touched it comes to: a version, and whether it is the last one.
    fn settle(&mut self, touched: &Touched) -> Option<(String, bool)> {
        if self.files.is_empty() {
            return (touched.was_declared && touched.is_taken_out).then(|| (self.current.clone(), true));
        }
        let arrivals = |version: &str| touched.arrived.iter().filter(|(arrived, _)| arrived == version).count();
        let mut deployed = None;
        for (version, is_return) in &touched.arrived {
            let is_new = self.ever.insert(version.clone());
            if deployed.is_some() {
                continue;
            }
            if touched.was_declared {
                if *version == self.current {
                    continue;
                }
                let runs_elsewhere = self.count(version) > arrivals(version);
                if !is_new && !is_return && (runs_elsewhere || self.count(&self.current) > 0) {
                    // It follows the other files, late. When it was the last to hold the current version, theirs counts.
                    if self.count(&self.current) == 0 {
                        self.current.clone_from(version);
                    }
                    continue;
                }
            }
            self.current.clone_from(version);
            deployed = Some((version.clone(), false));
        }
        deployed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::deployment_files::{DeclaredVersion, Shape};
    use truelevel_documents::Problem;

    fn change(path: &str, versions: &[(&str, &str, &str)]) -> FileChange {
        let is_gone = versions.is_empty();
        let versions = versions
            .iter()
            .map(|(service, environment, version)| DeclaredVersion {
                service: (*service).to_owned(),
                environment: Some((*environment).to_owned()),
                version: (*version).to_owned(),
                shape: Shape::PlainValues,
                line: 1,
            })
            .collect();
        FileChange { path: path.to_owned(), is_gone, now: Reading { versions, problems: Vec::new() } }
    }

    fn versions(state: &mut DeclaredState, changes: Vec<FileChange>) -> Vec<String> {
        state
            .apply(changes, &[])
            .into_iter()
            .map(|Event { key: (service, environment), version, is_removal }| {
                let sign = if is_removal { "-" } else { "" };
                format!("{sign}{service}@{environment}={version}")
            })
            .collect()
    }

    #[test]
    fn each_new_version_deploys_once_however_many_files_declare_it() {
        let mut state = DeclaredState::default();
        assert_eq!(versions(&mut state, vec![change("a", &[("web", "prod", "1")])]), ["web@prod=1"]);
        assert_eq!(versions(&mut state, vec![change("b", &[("web", "prod", "1")])]), Vec::<String>::new());
        assert_eq!(versions(&mut state, vec![change("a", &[("web", "prod", "2")])]), ["web@prod=2"]);
        assert_eq!(versions(&mut state, vec![change("b", &[("web", "prod", "2")])]), Vec::<String>::new());
        assert_eq!(versions(&mut state, vec![change("a", &[("web", "prod", "1")])]), ["web@prod=1"], "a rollback");
    }

    #[test]
    fn one_commit_deploys_many_services() {
        let mut state = DeclaredState::default();
        let both = change("a", &[("web", "prod", "1"), ("api", "prod", "1"), ("web", "staging", "1")]);
        assert_eq!(versions(&mut state, vec![both]), ["web@prod=1", "api@prod=1", "web@staging=1"]);
    }

    #[test]
    fn moving_a_file_deploys_nothing_and_coming_back_does() {
        let mut state = DeclaredState::default();
        versions(&mut state, vec![change("a", &[("web", "prod", "1")])]);
        let moved = vec![change("a", &[]), change("b", &[("web", "prod", "1")])];
        assert_eq!(versions(&mut state, moved), Vec::<String>::new());
        let moved_and_raised = vec![change("c", &[("web", "prod", "2")]), change("b", &[])];
        assert_eq!(versions(&mut state, moved_and_raised), ["web@prod=2"]);
        assert_eq!(versions(&mut state, vec![change("c", &[])]), ["-web@prod=2"]);
        assert_eq!(versions(&mut state, vec![change("c", &[("web", "prod", "2")])]), ["web@prod=2"], "declared again");
    }

    #[test]
    fn a_file_that_is_broken_for_a_while_deploys_nothing_by_being_mended() {
        let mut state = DeclaredState::default();
        versions(&mut state, vec![change("a", &[("web", "prod", "1")])]);
        let problem = Problem { line: 1, column: 1, message: "bad".into() };
        let broken = Reading { versions: Vec::new(), problems: vec![problem] };
        assert!(state.apply(vec![FileChange { path: "a".into(), is_gone: false, now: broken }], &[]).is_empty());
        assert_eq!(versions(&mut state, vec![change("a", &[("web", "prod", "1")])]), Vec::<String>::new());
    }

    #[test]
    fn a_file_that_follows_another_late_brings_nothing_back() {
        let mut state = DeclaredState::default();
        let mut go = |path, version| versions(&mut state, vec![change(path, &[("web", "prod", version)])]);
        assert_eq!(go("eu", "1"), ["web@prod=1"]);
        assert_eq!(go("us", "1"), Vec::<String>::new());
        assert_eq!(go("eu", "2"), ["web@prod=2"]);
        assert_eq!(go("eu", "3"), ["web@prod=3"]);
        assert_eq!(go("us", "2"), Vec::<String>::new(), "one behind");
        assert_eq!(go("eu", "4"), ["web@prod=4"]);
        assert_eq!(go("us", "3"), Vec::<String>::new(), "one behind");
        assert_eq!(go("eu", "3"), ["web@prod=3"], "where it ran before: a rollback");
        assert_eq!(go("us", "2"), ["web@prod=2"], "the other goes back further");
        assert_eq!(go("eu", "2"), Vec::<String>::new(), "and is followed");
    }

    #[test]
    fn files_that_begin_apart_and_meet_deploy_nothing_by_it() {
        let mut state = DeclaredState::default();
        let both = vec![change("eu", &[("web", "prod", "1")]), change("us", &[("web", "prod", "2")])];
        assert_eq!(versions(&mut state, both), ["web@prod=1"]);
        assert_eq!(versions(&mut state, vec![change("eu", &[("web", "prod", "2")])]), Vec::<String>::new());
        assert_eq!(versions(&mut state, vec![change("us", &[("web", "prod", "3")])]), ["web@prod=3"]);
    }

    #[test]
    fn a_service_is_taken_out_with_the_last_file_that_declares_it() {
        let mut state = DeclaredState::default();
        versions(&mut state, vec![change("a", &[("web", "prod", "1"), ("api", "prod", "1")])]);
        versions(&mut state, vec![change("b", &[("web", "prod", "1")])]);
        assert_eq!(versions(&mut state, vec![change("b", &[])]), Vec::<String>::new());
        assert_eq!(versions(&mut state, vec![change("a", &[("api", "prod", "1")])]), ["-web@prod=1"]);
        let silent = FileChange { path: "a".into(), is_gone: false, now: Reading::default() };
        assert_eq!(versions(&mut state, vec![silent]), Vec::<String>::new(), "a version that is not said runs on");
    }

    #[test]
    fn where_a_service_comes_from_counts_until_more_is_said() {
        let source = |version| {
            let mut change = change("source", &[("web", "prod", version)]);
            change.now.versions.iter_mut().for_each(|declared| declared.shape = Shape::FluxOciRepository);
            change
        };
        let mut state = DeclaredState::default();
        assert_eq!(versions(&mut state, vec![source("9.1")]), ["web@prod=9.1"]);
        assert_eq!(versions(&mut state, vec![source("9.2"), change("a", &[("web", "prod", "v1")])]), ["web@prod=v1"]);
        assert_eq!(versions(&mut state, vec![source("9.3")]), Vec::<String>::new());
        assert_eq!(versions(&mut state, vec![change("a", &[("web", "prod", "v2")])]), ["web@prod=v2"]);
    }

    #[test]
    fn a_folder_that_is_read_anew_deploys_what_differs_and_takes_out_what_is_gone() {
        let mut state = DeclaredState::default();
        versions(&mut state, vec![change("p/web", &[("web", "prod", "1")]), change("p/api", &[("api", "prod", "1")])]);
        versions(&mut state, vec![change("p/job", &[("job", "prod", "1")]), change("q/cms", &[("cms", "prod", "1")])]);
        let anew = vec![change("p/web", &[("web", "prod", "2")]), change("p/job", &[("job", "prod", "1")])];
        let events = state.apply(anew, &["p/".to_owned()]);
        let told: Vec<_> =
            events.iter().map(|event| (event.key.0.as_str(), event.version.as_str(), event.is_removal)).collect();
        assert_eq!(told, [("web", "2", false), ("api", "1", true)]);
    }
}
