//! Which sources told of what happened, and how new what they told is.

use std::collections::BTreeMap;

use truelevel_model::assessment::SourceCoverage;
use truelevel_model::{SourceId, Time, Window};

use crate::activity::Activity;
use crate::matching::Service;

/// The sources of what happened until the end of the window, by name. A source is stale when nothing that it told happened
/// in the window.
pub(crate) fn sources(services: &[Service], activity: &Activity, window: Window) -> Vec<SourceCoverage> {
    let mut told = Told { window, by_source: BTreeMap::new() };
    for service in services {
        // A service's deployments come from few sources, most of them in a row.
        for run in service.deployments.chunk_by(|a, b| a.source == b.source) {
            told.add(&run[0].source, "deployments", run.iter().map(|deployment| deployment.finished_at));
        }
    }
    activity.happened(|source, kind, at| told.add(source, kind, std::iter::once(at)));
    told.by_source.into_values().collect()
}

struct Told<'a> {
    window: Window,
    by_source: BTreeMap<&'a SourceId, SourceCoverage>,
}

impl<'a> Told<'a> {
    fn add(&mut self, source: &'a SourceId, kind: &str, times: impl Iterator<Item = Time>) {
        let (mut count, mut newest) = (0, None);
        for at in times.filter(|at| *at <= self.window.end) {
            count += 1;
            newest = newest.max(Some(at));
        }
        if count == 0 {
            return;
        }
        let start = self.window.start;
        let named = || SourceCoverage { source: source.as_str().to_owned(), ..SourceCoverage::default() };
        let coverage = self.by_source.entry(source).or_insert_with(named);
        match coverage.facts.get_mut(kind) {
            Some(known) => *known += count,
            None => drop(coverage.facts.insert(kind.to_owned(), count)),
        }
        coverage.newest_at = coverage.newest_at.max(newest);
        coverage.is_stale = coverage.newest_at.is_none_or(|at| at <= start);
    }
}
