//! The metrics, a file each: definition, code and examples in one place.

use truelevel_model::{Measurement, Quantile, Unit};

use crate::pipelines::Tally;
use crate::service::ServiceData;
use crate::statistics::{Observation, Survival, quantile, quantile_interval, wilson_interval};

pub mod ai_change_share;
pub mod approval_wait_time;
pub mod automated_rollback_share;
pub mod automatic_abort_share;
pub mod change_fail_rate;
pub mod change_lead_time;
pub mod checks_green_at_merge;
pub mod deployment_automation_share;
pub mod deployment_batch_lines;
pub mod deployment_batch_size;
pub mod deployment_days_per_week;
pub mod deployment_frequency;
pub mod deployment_rework_rate;
pub mod detection_by_alert_share;
pub mod failed_deployment_recovery_time;
pub mod flake_rate;
pub mod golden_path_share;
pub mod incident_duration;
pub mod lockstep_ratio;
pub mod merge_to_deploy_time;
pub mod pipeline_duration;
pub mod pipeline_success_rate;
pub mod progressive_deployment_share;
pub mod redeployment_share;
pub mod repeat_incident_share;
pub mod rerun_rate;
pub mod restored_within_an_hour_share;
pub mod review_pickup_time;
pub mod review_size;
pub mod rollback_share;
pub mod time_between_deployments;
pub mod time_to_acknowledge;
pub mod time_to_detect;
pub mod time_to_green;
pub mod undeployed_change_age;
pub mod undeployed_changes;

/// The facts that a metric stands on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Basis {
    /// Production deployments, and the changes that they shipped.
    Deployments,
    /// Incidents.
    Incidents,
    /// Pipeline runs.
    PipelineRuns,
    /// Reviews.
    Reviews,
}

/// A measure of one service, declared with its definition.
pub struct Metric {
    /// The definition, for readers: a title line, then Markdown.
    pub docs: &'static str,
    /// The id, as written everywhere.
    pub id: &'static str,
    /// Raised when the same facts would give another number.
    pub version: u32,
    /// What the value counts.
    pub unit: Unit,
    /// Whether more is better; absent where it depends.
    pub higher_is_better: Option<bool>,
    /// What must be known for it.
    pub basis: Basis,
    /// Measures a service.
    pub measure: fn(&ServiceData<'_>) -> Measurement,
}

/// All metrics, by id.
pub static METRICS: &[&Metric] = &[
    &ai_change_share::AI_CHANGE_SHARE,
    &approval_wait_time::APPROVAL_WAIT_TIME,
    &automated_rollback_share::AUTOMATED_ROLLBACK_SHARE,
    &automatic_abort_share::AUTOMATIC_ABORT_SHARE,
    &change_fail_rate::CHANGE_FAIL_RATE,
    &change_lead_time::CHANGE_LEAD_TIME,
    &checks_green_at_merge::CHECKS_GREEN_AT_MERGE,
    &deployment_automation_share::DEPLOYMENT_AUTOMATION_SHARE,
    &deployment_batch_lines::DEPLOYMENT_BATCH_LINES,
    &deployment_batch_size::DEPLOYMENT_BATCH_SIZE,
    &deployment_days_per_week::DEPLOYMENT_DAYS_PER_WEEK,
    &deployment_frequency::DEPLOYMENT_FREQUENCY,
    &deployment_rework_rate::DEPLOYMENT_REWORK_RATE,
    &detection_by_alert_share::DETECTION_BY_ALERT_SHARE,
    &failed_deployment_recovery_time::FAILED_DEPLOYMENT_RECOVERY_TIME,
    &flake_rate::FLAKE_RATE,
    &golden_path_share::GOLDEN_PATH_SHARE,
    &incident_duration::INCIDENT_DURATION,
    &lockstep_ratio::LOCKSTEP_RATIO,
    &merge_to_deploy_time::MERGE_TO_DEPLOY_TIME,
    &pipeline_duration::PIPELINE_DURATION,
    &pipeline_success_rate::PIPELINE_SUCCESS_RATE,
    &progressive_deployment_share::PROGRESSIVE_DEPLOYMENT_SHARE,
    &redeployment_share::REDEPLOYMENT_SHARE,
    &repeat_incident_share::REPEAT_INCIDENT_SHARE,
    &rerun_rate::RERUN_RATE,
    &restored_within_an_hour_share::RESTORED_WITHIN_AN_HOUR_SHARE,
    &review_pickup_time::REVIEW_PICKUP_TIME,
    &review_size::REVIEW_SIZE,
    &rollback_share::ROLLBACK_SHARE,
    &time_between_deployments::TIME_BETWEEN_DEPLOYMENTS,
    &time_to_acknowledge::TIME_TO_ACKNOWLEDGE,
    &time_to_detect::TIME_TO_DETECT,
    &time_to_green::TIME_TO_GREEN,
    &undeployed_change_age::UNDEPLOYED_CHANGE_AGE,
    &undeployed_changes::UNDEPLOYED_CHANGES,
];

impl Metric {
    /// Id and version, as measurements name their definition.
    pub fn definition(&self) -> String {
        format!("{}/{}", self.id, self.version)
    }

    /// A measurement of this metric that has no value yet.
    fn missing(&self, data: &ServiceData<'_>, note: impl Into<String>) -> Measurement {
        let mut missing = Measurement::missing(&self.definition(), self.unit, &data.bands.edition, note);
        missing.is_proxy = self.basis == Basis::Deployments && data.is_proxy();
        missing
    }

    /// Why there is nothing to measure, when there is not.
    fn without_deployments(&self, data: &ServiceData<'_>) -> Option<Measurement> {
        let note = match data.facts.deployment_data {
            truelevel_model::deployment_data::DeploymentData::None => "no deployment data",
            _ if data.timeline.entries.is_empty() => "no production deployment is known up to the as-of",
            _ => return self.after_silence(data),
        };
        Some(self.missing(data, note))
    }

    /// Why a window behind everything that the sources of deployments told is not a window without a deployment.
    fn after_silence(&self, data: &ServiceData<'_>) -> Option<Measurement> {
        let since = data.silent_since()?.date();
        Some(self.missing(data, format!("what is known of deployments ends on {since}, before the window")))
    }

    /// Why nothing is known of what waits for production, when nothing is.
    fn without_running_version(&self, data: &ServiceData<'_>) -> Option<Measurement> {
        let has_branch = data.facts.repository.as_ref().is_some_and(|repository| repository.mainline.is_some());
        let is_unknown = !has_branch || data.is_running_version_unknown();
        let note = "the version that runs leads to no known commit, so what waits is not known";
        is_unknown.then(|| self.missing(data, note)).or_else(|| self.after_silence(data))
    }

    /// Why nothing is known of reviews.
    fn without_reviews(&self, data: &ServiceData<'_>) -> Measurement {
        self.missing(data, data.without_repository().unwrap_or("no source reports reviews of the service's repository"))
    }

    /// Why nothing is known of pipeline runs.
    fn without_pipelines(&self, data: &ServiceData<'_>) -> Measurement {
        let nothing = "no source reports pipeline runs of the service's repository";
        self.missing(data, data.without_repository().unwrap_or(nothing))
    }

    /// Why nothing is known of incidents, when nothing is.
    fn without_incidents(&self, data: &ServiceData<'_>) -> Option<Measurement> {
        data.facts.incidents.is_none().then(|| self.missing(data, "no incident data"))
    }
}

/// Durations of which some may still be open: median, p75 and p90 off the Kaplan–Meier curve, with intervals for as many
/// independent observations as there are `clusters`, which `clusters_are` names in the plural. `nothing` says why there
/// are none.
fn durations(
    metric: &Metric,
    data: &ServiceData<'_>,
    observations: &[Observation],
    (clusters, clusters_are): (u64, &str),
    nothing: &str,
) -> Measurement {
    survival(metric, data, &Survival::fit(observations), (clusters, clusters_are), nothing)
}

/// The same, of a curve that is fitted already.
fn survival(
    metric: &Metric,
    data: &ServiceData<'_>,
    survival: &Survival,
    (clusters, clusters_are): (u64, &str),
    nothing: &str,
) -> Measurement {
    if survival.n() == 0 {
        return metric.missing(data, nothing);
    }
    let quantile = |p: f64| {
        let (estimate, interval) = (survival.quantile(p), survival.quantile_interval(p, clusters));
        Quantile {
            value: estimate.value,
            low: interval.map(|interval| interval.low),
            high: interval.and_then(|interval| interval.high),
            at_least: estimate.at_least,
        }
    };
    let middle = quantile(0.5);
    let mut measurement = metric.missing(data, "");
    measurement.note = middle.low.is_none().then(|| format!("no interval: too few {clusters_are}"));
    measurement.censored = survival.censored();
    measurement.n = survival.n() - measurement.censored;
    measurement.n_independent = Some(clusters);
    (measurement.value, measurement.low, measurement.high) = (middle.value, middle.low, middle.high);
    measurement.at_least = middle.at_least;
    if data.needs_details {
        (measurement.p75, measurement.p90) = (Some(quantile(0.75)), Some(quantile(0.9)));
        measurement.band_by(data.bands, metric.id);
    }
    measurement
}

/// The middle of numbers of which all are known: median, p75 and p90 with intervals by order statistics.
fn numbers(metric: &Metric, data: &ServiceData<'_>, values: &[f64], nothing: &str) -> Measurement {
    if values.is_empty() {
        return metric.missing(data, nothing);
    }
    // Each quantile sorts its own copy; what is in order already costs it one look.
    let mut values = values.to_vec();
    values.sort_unstable_by(f64::total_cmp);
    let at = |p: f64| {
        let interval = quantile_interval(&values, p);
        let (low, high) = (interval.map(|interval| interval.low), interval.map(|interval| interval.high));
        Quantile { value: quantile(&values, p), low, high, at_least: None }
    };
    let middle = at(0.5);
    let mut measurement = metric.missing(data, "");
    measurement.n = values.len() as u64;
    (measurement.value, measurement.low, measurement.high) = (middle.value, middle.low, middle.high);
    measurement.note =
        measurement.low.is_none().then(|| format!("no interval: too few observations ({})", values.len()));
    if data.needs_details {
        (measurement.p75, measurement.p90) = (Some(at(0.75)), Some(at(0.9)));
        measurement.band_by(data.bands, metric.id);
    }
    measurement
}

/// A share with its Wilson interval.
fn share(metric: &Metric, data: &ServiceData<'_>, tally: Tally, nothing: &str) -> Measurement {
    let Tally { part, whole } = tally;
    let mut measurement = metric.missing(data, "");
    measurement.n = whole;
    if whole == 0 {
        measurement.note = Some(nothing.to_owned());
        return measurement;
    }
    measurement.note = None;
    measurement.value = Some(part as f64 / whole as f64);
    if let Some(interval) = wilson_interval(part, whole) {
        (measurement.low, measurement.high) = (Some(interval.low), Some(interval.high));
    }
    measurement.band_by(data.bands, metric.id);
    measurement
}

/// Marks a value as a lower bound of the truth: nothing tells how good it can be.
fn bound_below(measurement: &mut Measurement, note: &str) {
    measurement.is_lower_bound = true;
    measurement.note = Some(note.to_owned());
    measurement.unband();
}

#[cfg(test)]
pub(crate) mod examples;
#[cfg(test)]
mod properties;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_sorted_documented_and_named_like_their_files() {
        assert!(METRICS.is_sorted_by(|a, b| a.id < b.id));
        for metric in METRICS {
            assert!(!truelevel_model::registry::title(metric.docs).is_empty(), "{}", metric.id);
            assert!(truelevel_model::registry::body(metric.docs).len() > 80, "{} says too little", metric.id);
            assert!(metric.docs.contains("**Source**"), "{} says not where it is from", metric.id);
        }
    }
}
