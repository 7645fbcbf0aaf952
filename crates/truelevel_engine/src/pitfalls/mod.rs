//! Ways in which the numbers of an assessment fool its owner, a file each: what shows it, and what is done about it.
//!
//! A detector sees what was judged and a few traces of each service; it says nothing where the data does not decide.

use std::collections::BTreeSet;

use rayon::prelude::*;
use truelevel_metrics::Metric;
use truelevel_metrics::weekly::Series;
use truelevel_model::architecture::Architecture;
use truelevel_model::assessment::{LevelRange, Pitfall, ServiceResult, StageResult};
use truelevel_model::registry::title;
use truelevel_model::{Declaration, Shared};

use crate::past::{Past, Summary};
use crate::trends::ServiceWeeks;

mod averaged_services;
mod averaged_stages;
mod batched_by_calendar;
mod belief_above_evidence;
mod bunched_under_threshold;
mod checks_bypassed;
mod clock_started_at_merge;
mod clocks_in_disagreement;
mod configuration_theatre;
mod definition_drift;
mod deployed_in_lockstep;
mod early_closing;
mod empty_deployments;
mod exemptions_inflated;
mod exemptions_renewed;
mod failed_rollouts_dropped;
mod fan_out_counted;
mod frozen;
mod halves;
mod intentions_scored;
mod mix_shift;
mod nano_deployments;
mod open_incidents_dropped;
mod padded_denominator;
mod pipelines_copied;
mod redeployments_counted;
mod releases_counted_as_deployments;
mod retried_until_green;
mod services_without_activity;
mod small_samples;
mod trace;
mod trade_offs_between_keys;
mod trivial_deployments;
mod undeployed_changes_ignored;
mod unlike_teams_compared;
mod unreported_failures;
mod window_shopping;

pub(crate) use configuration_theatre::SwitchedOff;
pub(crate) use halves::Halves;
pub(crate) use pipelines_copied::{Copied, OwnPipeline};
pub(crate) use trace::Trace;

/// Where a finding over many services or days is looked for by chance alone, it may come up so often in an organisation
/// that has none of it.
const FALSE_ALARMS: f64 = 0.01;

/// A way of being fooled, declared with its text.
pub struct PitfallKind {
    /// What it is, for readers: a title line, then Markdown.
    pub docs: &'static str,
    /// The id, as written everywhere.
    pub id: &'static str,
    /// Looks for it.
    find: fn(&Seen<'_>) -> Option<Found>,
}

/// All of them, by id.
pub static PITFALLS: &[&PitfallKind] = &[
    &averaged_services::AVERAGED_SERVICES,
    &averaged_stages::AVERAGED_STAGES,
    &batched_by_calendar::BATCHED_BY_CALENDAR,
    &belief_above_evidence::BELIEF_ABOVE_EVIDENCE,
    &bunched_under_threshold::BUNCHED_UNDER_THRESHOLD,
    &checks_bypassed::CHECKS_BYPASSED,
    &clock_started_at_merge::CLOCK_STARTED_AT_MERGE,
    &clocks_in_disagreement::CLOCKS_IN_DISAGREEMENT,
    &configuration_theatre::CONFIGURATION_THEATRE,
    &definition_drift::DEFINITION_DRIFT,
    &deployed_in_lockstep::DEPLOYED_IN_LOCKSTEP,
    &early_closing::EARLY_CLOSING,
    &empty_deployments::EMPTY_DEPLOYMENTS,
    &exemptions_inflated::EXEMPTIONS_INFLATED,
    &exemptions_renewed::EXEMPTIONS_RENEWED,
    &failed_rollouts_dropped::FAILED_ROLLOUTS_DROPPED,
    &fan_out_counted::FAN_OUT_COUNTED,
    &frozen::FROZEN,
    &intentions_scored::INTENTIONS_SCORED,
    &mix_shift::MIX_SHIFT,
    &nano_deployments::NANO_DEPLOYMENTS,
    &open_incidents_dropped::OPEN_INCIDENTS_DROPPED,
    &padded_denominator::PADDED_DENOMINATOR,
    &pipelines_copied::PIPELINES_COPIED,
    &redeployments_counted::REDEPLOYMENTS_COUNTED,
    &releases_counted_as_deployments::RELEASES_COUNTED_AS_DEPLOYMENTS,
    &retried_until_green::RETRIED_UNTIL_GREEN,
    &services_without_activity::SERVICES_WITHOUT_ACTIVITY,
    &small_samples::SMALL_SAMPLES,
    &trade_offs_between_keys::TRADE_OFFS_BETWEEN_KEYS,
    &trivial_deployments::TRIVIAL_DEPLOYMENTS,
    &undeployed_changes_ignored::UNDEPLOYED_CHANGES_IGNORED,
    &unlike_teams_compared::UNLIKE_TEAMS_COMPARED,
    &unreported_failures::UNREPORTED_FAILURES,
    &window_shopping::WINDOW_SHOPPING,
];

/// Counts what belongs to a repository once, however many services it holds.
#[derive(Default)]
struct OnePerRepository<'a>(BTreeSet<&'a [String]>);

impl<'a> OnePerRepository<'a> {
    /// Whether none of the services before came from the same repository. One without a repository shares nothing.
    fn is_first(&mut self, service: &'a ServiceResult) -> bool {
        service.repositories.is_empty() || self.0.insert(&service.repositories)
    }
}

/// What detectors look at.
pub(crate) struct Seen<'a> {
    /// Exemptions that ended before the as-of and are still configured, a sentence each.
    pub(crate) ended_exemptions: &'a [String],
    pub(crate) stages: &'a [StageResult],
    pub(crate) level: LevelRange,
    pub(crate) services: &'a [Shared<ServiceResult>],
    /// One for each service, in the same order.
    pub(crate) traces: &'a [&'a Trace],
    /// How each service went week by week, in the same order.
    pub(crate) weeks: &'a [&'a ServiceWeeks],
    /// What teams say of themselves, up to the as-of.
    pub(crate) declarations: &'a [Declaration],
    pub(crate) window_days: u32,
    /// The snapshots before this answer.
    pub(crate) past: &'a Past,
    /// What this answer would keep for those after it.
    pub(crate) now: &'a Summary,
    /// Pipelines that stand in several repositories.
    pub(crate) copied: &'a [Copied],
    /// Practices that stand in files and are switched off.
    pub(crate) switched_off: &'a [SwitchedOff],
    /// Services that deploy together.
    pub(crate) architecture: Option<&'a Architecture>,
}

/// What a detector saw.
#[derive(Debug, Default)]
struct Found {
    finding: String,
    effect: Option<String>,
    response: String,
    services: Vec<String>,
    evidence: Vec<String>,
}

/// Deployments that were left out, beside those that count.
struct BesideCounted {
    extra: u64,
    counted: u64,
    /// The ones left out as a percentage of those that count.
    share: String,
    services: Vec<String>,
}

/// How many services and how much evidence a finding names.
const NAMED: usize = 10;

/// Everything found, by id.
pub(crate) fn find(seen: &Seen<'_>) -> Vec<Pitfall> {
    // Two of them ask for the halves of every service: measured side by side, once.
    if let Some(weeks) = halves::weeks_of(seen.window_days) {
        seen.active().collect::<Vec<_>>().into_par_iter().for_each(|(_, its)| {
            its.halves(weeks);
        });
    }
    PITFALLS
        .par_iter()
        .filter_map(|kind| {
            let mut found = (kind.find)(seen)?;
            let services_affected = found.services.len() as u64;
            found.services.truncate(NAMED);
            found.evidence.truncate(NAMED);
            Some(Pitfall {
                pitfall: kind.id.to_owned(),
                title: title(kind.docs).to_owned(),
                finding: found.finding,
                effect: found.effect,
                response: found.response,
                services: found.services,
                services_affected,
                evidence: found.evidence,
            })
        })
        .collect()
}

impl<'a> Seen<'a> {
    fn traced(&self) -> impl Iterator<Item = (&'a ServiceResult, &'a Trace)> + use<'a> {
        self.services.iter().map(|service| &**service).zip(self.traces.iter().copied())
    }

    /// The active services with their weeks.
    fn active(&self) -> impl Iterator<Item = (&'a ServiceResult, &'a ServiceWeeks)> + use<'a> {
        let all = self.services.iter().map(|service| &**service).zip(self.weeks.iter().copied());
        all.filter(|(service, _)| service.is_active)
    }

    /// The weeks of a metric, of each active service.
    fn series(&self, metric: &Metric) -> impl Iterator<Item = (&'a ServiceResult, &'a Series)> + use<'a> {
        let id = metric.id;
        self.active().filter_map(move |(service, weeks)| Some((service, weeks.series(id)?)))
    }

    /// How one of the keys, by its place among [`halves::keys`], was in services before and after.
    fn halves(&self, key: usize, weeks: usize) -> impl Iterator<Item = (&'a ServiceResult, &'a Halves)> + use<'a> {
        self.active().filter_map(move |(service, its)| Some((service, its.halves(weeks).get(key)?)))
    }

    /// What a reason code left out, where that is more than a tenth of the deployments that count.
    fn beside_counted(&self, code: &str) -> Option<BesideCounted> {
        let (extra, services) = self.left_out(code);
        let counted = self.counted_deployments();
        (extra > 0 && extra * 10 > counted).then(|| BesideCounted {
            extra,
            counted,
            share: percent(extra as f64 / counted.max(1) as f64),
            services,
        })
    }

    /// How much a reason code left out, with the services where it did.
    fn left_out(&self, code: &str) -> (u64, Vec<String>) {
        let counts = self.services.iter().filter_map(|service| {
            let count = service.exclusions.get(code)?.count;
            (count > 0).then(|| (count, service.service.clone()))
        });
        counts.fold((0, Vec::new()), |(sum, mut names), (count, name)| {
            names.push(name);
            (sum + count, names)
        })
    }

    /// The deployments that count in the frequency, all services together.
    fn counted_deployments(&self) -> u64 {
        self.services
            .iter()
            .filter_map(|service| service.metrics.get("deployment_frequency"))
            .map(|found| found.n)
            .sum()
    }
}

/// A share in whole percent.
fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}

#[cfg(test)]
mod tests;
