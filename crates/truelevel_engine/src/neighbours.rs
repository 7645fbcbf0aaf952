//! What one repository takes from another that was given too: shared workflows, actions, includes, templates and libraries.

use std::collections::HashMap;
use std::sync::OnceLock;

use truelevel_model::{CommitId, Time};
use truelevel_practices::{Elsewhere, Origin, ReadFile};
use truelevel_sources::git::Tree;

use crate::collect::CollectedRepository;

/// The repositories that were given, by what a forge calls them.
pub(crate) struct Neighbours<'a> {
    repositories: &'a [CollectedRepository],
    as_of: Time,
    /// Places of repositories by the last part of their names, in lower case.
    places: HashMap<String, Vec<usize>>,
    /// The newest tree of each as of the date, listed when it is first asked for.
    trees: Vec<OnceLock<Option<(CommitId, Tree)>>>,
    /// Places of libraries of Jenkins by the steps that they have, listed when one is first asked for.
    libraries: OnceLock<HashMap<String, Vec<usize>>>,
}

/// The files of a repository, and of the others that it may take from.
pub(crate) struct AmongNeighbours<'a> {
    pub(crate) tree: Tree,
    pub(crate) neighbours: &'a Neighbours<'a>,
}

impl<'a> Neighbours<'a> {
    pub(crate) fn new(repositories: &'a [CollectedRepository], as_of: Time) -> Self {
        let mut places: HashMap<String, Vec<usize>> = HashMap::new();
        for (place, repository) in repositories.iter().enumerate() {
            places.entry(last_part(&full_name(repository)).to_owned()).or_default().push(place);
        }
        let trees = repositories.iter().map(|_| OnceLock::new()).collect();
        Self { repositories, as_of, places, trees, libraries: OnceLock::new() }
    }

    /// The one repository that a forge calls so: its address ends with the name, or, where it has none, it has the name
    /// or its last part. Two that could be meant are none.
    fn find(&self, name: &str) -> Option<usize> {
        let wanted = name.to_lowercase();
        let among = self.places.get(last_part(&wanted)).map_or(&[][..], Vec::as_slice);
        let only = |is_meant: &dyn Fn(&CollectedRepository) -> bool| {
            let mut meant = among.iter().copied().filter(|place| is_meant(&self.repositories[*place]));
            meant.next().filter(|_| meant.next().is_none())
        };
        let is_at_address = |repository: &CollectedRepository| {
            repository.web_address.is_some() && full_name(repository).ends_with(&format!("/{wanted}"))
        };
        let has_name = |repository: &CollectedRepository| {
            let own = full_name(repository);
            repository.web_address.is_none() && (own == wanted || !own.contains('/'))
        };
        only(&is_at_address).or_else(|| only(&has_name))
    }

    fn tree(&self, place: usize) -> Option<&(CommitId, Tree)> {
        self.trees[place].get_or_init(|| self.list(place)).as_ref()
    }

    fn list(&self, place: usize) -> Option<(CommitId, Tree)> {
        let repository = &self.repositories[place];
        let commit = repository.head_as_of(self.as_of)?;
        Some((commit, repository.git.as_ref()?.tree(commit).ok()?))
    }

    /// The name of the one repository that has a step of Jenkins.
    fn library_with(&self, step: &str) -> Option<String> {
        let list = || {
            let mut libraries: HashMap<String, Vec<usize>> = HashMap::new();
            for place in 0..self.repositories.len() {
                // Of all trees only the steps are kept: there may be ten thousand.
                let Some((_, tree)) = self.list(place) else { continue };
                let steps =
                    tree.files().iter().filter_map(|file| file.path.strip_prefix("vars/")?.strip_suffix(".groovy"));
                for step in steps {
                    libraries.entry(step.to_owned()).or_default().push(place);
                }
            }
            libraries
        };
        let [place] = self.libraries.get_or_init(list).get(step)?.as_slice() else { return None };
        let full = full_name(&self.repositories[*place]);
        let name = full.rsplitn(3, '/').take(2).collect::<Vec<_>>();
        let name = name.into_iter().rev().collect::<Vec<_>>().join("/");
        (self.find(&name) == Some(*place)).then_some(name)
    }

    fn file(&self, name: &str, path: &str) -> Option<Elsewhere> {
        let place = self.find(name)?;
        let (commit, tree) = self.tree(place)?;
        if !tree.contains(path) {
            return tree.problems.is_empty().then_some(Elsewhere::NoSuchFile);
        }
        let content = tree.read(path).ok()?;
        let repository = self.repositories[place].id.clone();
        let origin = Origin { repository, commit: *commit, path: path.to_owned() };
        Some(Elsewhere::File { origin, content })
    }
}

impl ReadFile for AmongNeighbours<'_> {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.tree.read(path)
    }

    fn size(&self, path: &str) -> Option<u64> {
        self.tree.size(path)
    }

    fn elsewhere(&self, repository: &str, path: &str) -> Elsewhere {
        self.neighbours.file(repository, path).unwrap_or(Elsewhere::NotAtHand)
    }

    fn library_with(&self, step: &str) -> Option<String> {
        self.neighbours.library_with(step)
    }
}

/// The address of a repository, or else its own name; in lower case.
fn full_name(repository: &CollectedRepository) -> String {
    let name = repository.web_address.as_deref().unwrap_or(repository.id.as_str());
    name.trim_end_matches('/').to_lowercase()
}

fn last_part(name: &str) -> &str {
    name.rsplit('/').next().unwrap_or(name)
}
