//! Which deployments went over a golden path: what pipelines say that they executed for the deployed commit.

use std::collections::{BTreeMap, BTreeSet};

use truelevel_model::{PipelineRun, SourceId, Time};

use crate::service::ServiceData;
use crate::timeline::DeploymentKind;

/// The golden paths that are looked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GoldenPaths {
    /// What each is called in files and pipelines, without a version.
    pub whats: Vec<Vec<String>>,
    /// The sources of pipeline runs that name shared workflows: where one of a source's runs does, a run of it that says
    /// nothing executed none. Of other sources' runs that say nothing, nothing is known.
    pub telling: BTreeSet<SourceId>,
    /// Somebody declared them; else they are candidates, which no metric counts.
    pub is_declared: bool,
}

impl GoldenPaths {
    /// The sources among these runs that name what ran.
    pub fn telling<'a>(runs: impl IntoIterator<Item = &'a PipelineRun>) -> BTreeSet<SourceId> {
        let telling = runs.into_iter().filter(|run| !run.executed_shared().is_empty());
        telling.map(|run| run.source.clone()).collect()
    }

    /// Whether a run says which shared workflows it executed.
    fn is_told(&self, run: &PipelineRun) -> bool {
        run.shared_workflows.is_some() || self.telling.contains(&run.source)
    }

    /// The paths that a reference without its version belongs to.
    pub fn of<'a>(&'a self, name: &'a str) -> impl Iterator<Item = usize> + 'a {
        let takes = move |whats: &&Vec<String>| whats.iter().any(|what| is_of(what, name));
        self.whats.iter().enumerate().filter(move |(_, whats)| takes(whats)).map(|(place, _)| place)
    }
}

/// Whether a name is what is meant, or lies below it.
pub fn is_of(what: &str, name: &str) -> bool {
    name.strip_prefix(what).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', ' ']))
}

/// One production deployment as golden paths see it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathDeployment {
    /// When it ended.
    pub at: Time,
    /// It ended in the window.
    pub is_in_window: bool,
    /// The paths that its pipelines executed, by place, with the version; absent where nothing tells.
    pub executed: Option<BTreeMap<usize, Option<String>>>,
}

/// The production deployments up to the window's end that count, oldest first.
pub fn deployments(data: &ServiceData<'_>) -> Vec<PathDeployment> {
    let counted = data.timeline.entries.iter().filter(|entry| entry.kind.is_counted());
    let of = |entry: &crate::timeline::TimelineEntry<'_>| PathDeployment {
        at: entry.deployment.finished_at,
        is_in_window: data.window.contains(entry.deployment.finished_at),
        executed: executed(data, entry),
    };
    debug_assert!(!DeploymentKind::InitialState.is_counted());
    counted.map(of).collect()
}

fn executed(
    data: &ServiceData<'_>,
    entry: &crate::timeline::TimelineEntry<'_>,
) -> Option<BTreeMap<usize, Option<String>>> {
    let (paths, repository) = (data.facts.golden_paths?, data.facts.repository.as_ref()?);
    let commit = repository.history.id(entry.commit?);
    let finished_at = entry.deployment.finished_at;
    let mut runs = repository
        .pipelines?
        .of_commit(commit)
        .iter()
        .filter(|run| run.started_at <= finished_at && paths.is_told(run))
        .peekable();
    runs.peek()?;
    let mut found = BTreeMap::new();
    for reference in runs.flat_map(|run| run.executed_shared()) {
        let (name, version) = match reference.rsplit_once('@') {
            Some((name, version)) => (name, Some(version.to_owned())),
            None => (reference.as_str(), None),
        };
        for place in paths.of(name) {
            found.insert(place, version.clone());
        }
    }
    Some(found)
}
