//! Copies taken for a platform.

use std::collections::{BTreeMap, BTreeSet};

use truelevel_practices::Repository;
use truelevel_report::numbers::count;
use truelevel_sources::git::Tree;

use super::{Found, PitfallKind, Seen};
use crate::matching::Service;
use crate::measure::Detected;

truelevel_model::declare! {
    /// Pipelines copied
    ///
    /// Raised when a pipeline of three steps or more that refers to nothing shared is the same, byte for byte, in the repositories
    /// of at least three services: who copies a template has it once more to mend, and no platform.
    ///
    /// What it cannot see: copies that were changed, if by a space only.
    pub static PIPELINES_COPIED: PitfallKind = {
        id: "pipelines_copied",
        find: find,
    };
}

/// A shorter pipeline is no template.
const FEWEST_STEPS: usize = 3;
/// Two that are the same are a pair.
const FEWEST_COPIES: usize = 3;

/// A pipeline that stands on its own, and the id of its text.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct OwnPipeline {
    path: String,
    content: String,
}

/// A pipeline that stands in several repositories, and their services.
#[derive(Debug)]
pub(crate) struct Copied {
    path: String,
    services: BTreeSet<String>,
    repositories: BTreeSet<usize>,
}

impl OwnPipeline {
    pub(crate) fn all(repository: &Repository, tree: &Tree) -> Vec<Self> {
        let stand_alone = repository.pipelines().iter().filter(|pipeline| pipeline.shared.is_empty());
        let long = stand_alone
            .filter(|pipeline| pipeline.active_jobs().flat_map(|job| job.active_steps()).count() >= FEWEST_STEPS);
        let paths: BTreeSet<&str> = long.map(|pipeline| pipeline.path.as_ref()).collect();
        let files = tree.files().iter().filter(|file| paths.contains(file.path.as_str()));
        files.map(|file| Self { path: file.path.clone(), content: file.content() }).collect()
    }
}

impl Copied {
    /// What stands in enough repositories, that of most first.
    pub(crate) fn among(detected: &[Detected], services: &[&Service]) -> Vec<Self> {
        let mut by_content: BTreeMap<&str, Self> = BTreeMap::new();
        for (service, place) in services.iter().filter_map(|service| Some((service, service.repository?))) {
            for pipeline in &detected[place].own_pipelines {
                let new =
                    || Self { path: pipeline.path.clone(), services: BTreeSet::new(), repositories: BTreeSet::new() };
                let copied = by_content.entry(&pipeline.content).or_insert_with(new);
                copied.services.insert(service.id.as_str().to_owned());
                copied.repositories.insert(place);
            }
        }
        let mut copied: Vec<Self> = by_content.into_values().collect();
        copied.retain(|copied| copied.repositories.len() >= FEWEST_COPIES);
        copied.sort_by(|a, b| b.repositories.len().cmp(&a.repositories.len()).then_with(|| a.path.cmp(&b.path)));
        copied
    }
}

fn find(seen: &Seen<'_>) -> Option<Found> {
    let services: BTreeSet<&String> = seen.copied.iter().flat_map(|copied| &copied.services).collect();
    let copies: usize = seen.copied.iter().map(|copied| copied.repositories.len()).sum();
    let of_one = |copied: &Copied| format!("{}: {} repositories", copied.path, copied.repositories.len());
    let pipelines = seen.copied.len();
    (pipelines > 0).then(|| Found {
        finding: format!(
            "{} the same text in three repositories or more, and refer to nothing shared",
            if pipelines == 1 { "1 pipeline is".to_owned() } else { format!("{pipelines} pipelines are") }
        ),
        effect: Some(format!("a fix takes {} instead of {pipelines}", count(copies as u64, "change"))),
        response: "only what is taken by reference counts as a shared pipeline or a golden path".into(),
        services: services.into_iter().cloned().collect(),
        evidence: seen.copied.iter().map(of_one).collect(),
    })
}
