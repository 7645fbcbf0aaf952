//! Which services deploy together, and whether that is the constraint.

use truelevel_metrics::lockstep::{FEWEST_DEPLOYMENTS, Group, Moment, groups, left_together, share_together};
use truelevel_metrics::metrics::lockstep_ratio::{self, LOCKSTEP_RATIO};
use truelevel_model::Shared;
use truelevel_model::architecture::{Architecture, LockstepGroup};
use truelevel_model::assessment::ServiceResult;

use crate::pitfalls::Trace;

/// How many groups are told of.
const GROUPS: usize = 20;
/// How many services of a group are named, and drawn.
const NAMED: usize = 14;
/// Fewer departures are no train.
const FEWEST_DEPARTURES: u64 = 6;
const WEEKDAYS: [&str; 7] = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

/// What deploys together.
pub(crate) struct Lockstep<'a> {
    /// When each service was deployed.
    moments: Vec<&'a [Moment]>,
    groups: Vec<Group>,
}

impl<'a> Lockstep<'a> {
    /// Looks for what deploys together among services.
    pub(crate) fn find(traces: &[&'a Trace]) -> Self {
        let moments: Vec<&[Moment]> = traces.iter().map(|trace| trace.moments.as_slice()).collect();
        Self { groups: groups(&moments), moments }
    }

    /// Puts the lockstep ratio of each service beside its other metrics.
    pub(crate) fn put_beside(&self, services: &mut [Shared<ServiceResult>]) {
        let mut together = vec![0; self.moments.len()];
        for group in &self.groups {
            for place in &group.services {
                let others = group.services.iter().filter(|other| *other != place);
                let others: Vec<&[Moment]> = others.map(|other| self.moments[*other]).collect();
                together[*place] = left_together(self.moments[*place], &others);
            }
        }
        for ((service, moments), together) in services.iter_mut().zip(&self.moments).zip(together) {
            let Some(before) = service.metrics.get(LOCKSTEP_RATIO.id).filter(|_| !moments.is_empty()) else { continue };
            let mut measurement = before.clone();
            lockstep_ratio::put_down(&mut measurement, together, moments.len() as u64);
            // What stays as it is goes on being shared.
            if measurement != *before {
                service.metrics.insert(LOCKSTEP_RATIO.id.to_owned(), measurement);
            }
        }
    }

    /// None where fewer than two services deploy often enough to tell.
    ///
    /// `threshold` is the share of services, 0 to 1, from which on the architecture is the constraint.
    pub(crate) fn architecture(
        &self,
        services: &[Shared<ServiceResult>],
        window_days: u32,
        threshold: f64,
    ) -> Option<Architecture> {
        let asked = self.moments.iter().filter(|moments| moments.len() >= FEWEST_DEPLOYMENTS).count();
        if asked < 2 {
            return None;
        }
        let in_lockstep: usize = self.groups.iter().map(|group| group.services.len()).sum();
        let shown = |group| shown(group, services, &self.moments, window_days);
        Some(Architecture {
            services_asked: asked as u64,
            services_in_lockstep: in_lockstep as u64,
            is_constraint: in_lockstep as f64 >= threshold * asked as f64 && in_lockstep > 0,
            groups_found: self.groups.len() as u64,
            groups: self.groups.iter().take(GROUPS).map(shown).collect(),
        })
    }
}

fn shown(group: &Group, services: &[Shared<ServiceResult>], moments: &[&[Moment]], window_days: u32) -> LockstepGroup {
    let named = &group.services[..group.services.len().min(NAMED)];
    let most = group.by_weekday.iter().enumerate().max_by_key(|(_, departures)| **departures);
    let train = most.filter(|(_, most)| group.departures >= FEWEST_DEPARTURES && **most * 5 >= group.departures * 4);
    let share = |of: usize, with: usize| share_together(moments[of], moments[with]);
    LockstepGroup {
        services: named.iter().map(|place| services[*place].service.clone()).collect(),
        size: group.services.len() as u64,
        deployments: group.deployments,
        together_ratio: group.together,
        by_chance_ratio: group.by_chance,
        same_version_ratio: group.same_version,
        departures: group.departures,
        ceiling_per_day: group.departures as f64 / f64::from(window_days.max(1)),
        weekday: train.map(|(weekday, _)| WEEKDAYS[weekday].to_owned()),
        shares: named.iter().map(|of| named.iter().map(|with| share(*of, *with)).collect()).collect(),
    }
}
