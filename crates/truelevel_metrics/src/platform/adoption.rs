//! How far a golden path is taken: by what ran where pipelines tell, else by what files declare.

use truelevel_model::Time;
use truelevel_model::platform::{Adoption, PathUse, ServiceUse, UseBasis};

use super::PathService;
use super::paths::PathDeployment;
use crate::statistics::median;

/// The paths that are asked about: one, or any of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Any path.
    Any,
    /// The path of a place.
    Path(usize),
}

impl Asked {
    /// Whether a deployment went over it; `None` where nothing tells.
    pub(super) fn ran(self, deployment: &PathDeployment) -> Option<bool> {
        let executed = deployment.executed.as_ref()?;
        Some(match self {
            Self::Any => !executed.is_empty(),
            Self::Path(place) => executed.contains_key(&place),
        })
    }

    /// Whether files took it at an instant; `None` where they were not read.
    pub(super) fn declared(self, service: &PathService<'_>, at: Time) -> Option<bool> {
        let files = service.files.get(&at)?;
        Some(match self {
            Self::Any => !files.is_empty(),
            Self::Path(place) => files.contains_key(&place),
        })
    }
}

/// How a service stands at the as-of. It is on when at least `on_from` of its deployments in the window went over the path.
pub fn service_use(service: &PathService<'_>, asked: Asked, as_of: Time, on_from: f64) -> ServiceUse {
    let in_window = service.deployments.iter().filter(|deployment| deployment.is_in_window);
    let ran: Vec<bool> = in_window.filter_map(|deployment| asked.ran(deployment)).collect();
    let on = ran.iter().filter(|is_on| **is_on).count();
    let declared = asked.declared(service, as_of);
    let (state, basis) = match (ran.len(), declared) {
        (0, None) => (PathUse::Unknown, UseBasis::Nothing),
        (0, Some(true)) => (PathUse::On, UseBasis::Files),
        (0, Some(false)) => (PathUse::Off, UseBasis::Files),
        (known, _) if on as f64 >= on_from * known as f64 => (PathUse::On, UseBasis::Ran),
        _ if on > 0 => (PathUse::Partly, UseBasis::Ran),
        // Images, modules and templates are built in without any pipeline naming them.
        _ if declared == Some(true) && !service.ever_ran(asked) => (PathUse::On, UseBasis::Files),
        _ => (PathUse::Off, UseBasis::Ran),
    };
    let version = match (asked, basis) {
        (Asked::Path(place), UseBasis::Ran) => {
            let last =
                service.deployments.iter().rev().find_map(|deployment| deployment.executed.as_ref()?.get(&place));
            last.cloned().flatten().filter(|_| state != PathUse::Off)
        }
        (Asked::Path(place), UseBasis::Files) => service.files.get(&as_of).and_then(|files| files.get(&place)?.clone()),
        _ => None,
    };
    ServiceUse {
        service: service.service.to_owned(),
        state,
        basis,
        version,
        behind: None,
        deployments_on: on as u64,
        deployments_known: ran.len() as u64,
        is_excepted: false,
    }
}

impl PathService<'_> {
    fn ever_ran(&self, asked: Asked) -> bool {
        self.deployments.iter().any(|deployment| asked.ran(deployment) == Some(true))
    }
}

/// What the services come to together. `deployments` are those of all services in the window.
pub fn adoption(uses: &[ServiceUse], deployments: u64) -> Adoption {
    let of = |state| uses.iter().filter(|used| used.state == state).count() as u64;
    let by = |basis| uses.iter().filter(|used| used.basis == basis).count() as u64;
    let (on, partly, off, unknown) = (of(PathUse::On), of(PathUse::Partly), of(PathUse::Off), of(PathUse::Unknown));
    let known = on + partly + off;
    let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
    let deployments_on = uses.iter().map(|used| used.deployments_on).sum();
    let deployments_known = uses.iter().map(|used| used.deployments_known).sum();
    Adoption {
        on,
        partly,
        off,
        unknown,
        share: share(on, known),
        low: share(on, known + unknown),
        high: share(on + unknown, known + unknown),
        by_what_ran: by(UseBasis::Ran),
        by_files: by(UseBasis::Files),
        deployments_on,
        deployments_known,
        deployments,
        deployment_share: share(deployments_on, deployments_known),
    }
}

/// Says of each use how many of the known versions are newer, and answers the newest and the median; `also` are versions
/// that are known and used by nobody. Versions without an order (branches, commits) are left out; `None` when none has one.
pub fn count_behind(uses: &mut [ServiceUse], also: &[String]) -> Option<(String, f64)> {
    let mut known: Vec<(Vec<u64>, &str)> = Vec::new();
    let used: Vec<String> = uses.iter().filter_map(|used| used.version.clone()).collect();
    for version in used.iter().chain(also) {
        known.extend(numbers(version).map(|numbers| (numbers, version.as_str())));
    }
    known.sort();
    known.dedup_by(|a, b| a.0 == b.0);
    let newest = known.last()?.1.to_owned();
    let mut counts = Vec::new();
    for used in uses {
        let Some(own) = used.version.as_deref().and_then(numbers) else { continue };
        // `v1` takes every 1.x: it is not behind 1.2.
        let behind = known.iter().filter(|(numbers, _)| *numbers > own && !numbers.starts_with(&own)).count() as u64;
        used.behind = Some(behind);
        counts.push(behind as f64);
    }
    Some((newest, median(&counts)?))
}

/// The numbers of a version such as `v1.2.3`; none of a branch or commit.
fn numbers(version: &str) -> Option<Vec<u64>> {
    let bare = version.strip_prefix(['v', 'V']).unwrap_or(version);
    // A commit's digits are no version.
    if bare.len() > 20 {
        return None;
    }
    bare.split('.').map(|part| part.parse().ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn deployed(executed: &[Option<&str>]) -> Vec<PathDeployment> {
        let of = |(at, version): (usize, &Option<&str>)| PathDeployment {
            at: Time::from_seconds(at as i64),
            is_in_window: true,
            executed: Some(version.map(|version| (0, Some(version.to_owned()))).into_iter().collect()),
        };
        executed.iter().enumerate().map(of).collect()
    }

    fn used(executed: &[Option<&str>], files: Option<&[usize]>) -> (PathUse, UseBasis, Option<String>) {
        let as_of = Time::from_seconds(100);
        let deployments = deployed(executed);
        let taken = |files: &[usize]| files.iter().map(|place| (*place, Some("v9".to_owned()))).collect();
        let files = files.map(|files| (as_of, taken(files))).into_iter().collect::<BTreeMap<_, _>>();
        let service = PathService { service: "web", deployments: &deployments, files, ..PathService::default() };
        let used = service_use(&service, Asked::Path(0), as_of, 0.8);
        (used.state, used.basis, used.version)
    }

    #[test]
    fn what_ran_decides_and_files_only_where_nothing_ran() {
        let v1 = Some("v1");
        assert_eq!(used(&[v1, v1, v1, v1, None], Some(&[])), (PathUse::On, UseBasis::Ran, Some("v1".into())));
        assert_eq!(used(&[v1, None], Some(&[0])).0, PathUse::Partly);
        assert_eq!(used(&[None, None], Some(&[])).0, PathUse::Off);
        assert_eq!(used(&[], Some(&[0])), (PathUse::On, UseBasis::Files, Some("v9".into())));
        assert_eq!(used(&[], Some(&[])), (PathUse::Off, UseBasis::Files, None));
        assert_eq!(used(&[], None), (PathUse::Unknown, UseBasis::Nothing, None));
    }

    #[test]
    fn the_unknown_widen_the_share_on_both_sides() {
        let of = |state| ServiceUse { state, ..ServiceUse::default() };
        let uses = [of(PathUse::On), of(PathUse::Off), of(PathUse::Unknown), of(PathUse::Unknown)];
        let found = adoption(&uses, 0);
        assert_eq!((found.share, found.low, found.high), (Some(0.5), Some(0.25), Some(0.75)));
        assert_eq!(found.deployment_share, None, "nobody tells what ran: that is not zero");
        assert_eq!(adoption(&[], 0), Adoption::default());
    }

    #[test]
    fn versions_behind_are_counted_where_versions_have_an_order() {
        let at = |version: &str| ServiceUse { version: Some(version.into()), ..ServiceUse::default() };
        let mut uses = [at("v1"), at("v1.2"), at("v2"), at("main"), at("v10")];
        let found = count_behind(&mut uses, &[]);
        assert_eq!(found, Some(("v10".to_owned(), 1.5)));
        assert_eq!(uses.map(|used| used.behind), [Some(2), Some(2), Some(1), None, Some(0)]);
        assert_eq!(count_behind(&mut [at("main")], &[]), None);
    }
}
