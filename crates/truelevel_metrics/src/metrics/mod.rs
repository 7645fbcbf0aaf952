//! The metrics, a file each: definition, code and examples in one place.

use truelevel_model::{Measurement, Quantile, Unit};

use crate::service::ServiceData;
use crate::statistics::{Observation, Survival};

pub mod change_fail_rate;
pub mod change_lead_time;
pub mod deployment_automation_share;
pub mod deployment_batch_size;
pub mod deployment_frequency;
pub mod failed_deployment_recovery_time;
pub mod merge_to_deploy_time;
pub mod rollback_share;
pub mod undeployed_changes;

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
    /// Measures a service.
    pub measure: fn(&ServiceData<'_>) -> Measurement,
}

/// All metrics, by id.
pub static METRICS: &[&Metric] = &[
    &change_fail_rate::CHANGE_FAIL_RATE,
    &change_lead_time::CHANGE_LEAD_TIME,
    &deployment_automation_share::DEPLOYMENT_AUTOMATION_SHARE,
    &deployment_batch_size::DEPLOYMENT_BATCH_SIZE,
    &deployment_frequency::DEPLOYMENT_FREQUENCY,
    &failed_deployment_recovery_time::FAILED_DEPLOYMENT_RECOVERY_TIME,
    &merge_to_deploy_time::MERGE_TO_DEPLOY_TIME,
    &rollback_share::ROLLBACK_SHARE,
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
        missing.is_proxy = data.is_proxy();
        missing
    }

    /// Why there is nothing to measure, when there is not.
    fn without_deployments(&self, data: &ServiceData<'_>) -> Option<Measurement> {
        let note = match data.facts.deployment_data {
            truelevel_model::deployment_data::DeploymentData::None => "no deployment data",
            _ if data.timeline.entries.is_empty() => "no production deployment is known up to the as-of",
            _ => return None,
        };
        Some(self.missing(data, note))
    }
}

/// Durations of which some are still open: median, p75 and p90 off the Kaplan–Meier curve, with intervals for as many
/// independent observations as there are `clusters`, which `clusters_are` names in the plural.
fn durations(
    metric: &Metric,
    data: &ServiceData<'_>,
    observations: &[Observation],
    clusters: u64,
    clusters_are: &str,
) -> Measurement {
    let survival = Survival::fit(observations);
    let [middle, p75, p90] = [0.5, 0.75, 0.9].map(|p| {
        let (estimate, interval) = (survival.quantile(p), survival.quantile_interval(p, clusters));
        Quantile {
            value: estimate.value,
            low: interval.map(|interval| interval.low),
            high: interval.and_then(|interval| interval.high),
            at_least: estimate.at_least,
        }
    });
    let mut measurement = metric.missing(data, "");
    measurement.note = middle.low.is_none().then(|| format!("no interval: too few {clusters_are} ({clusters})"));
    measurement.censored = survival.censored();
    measurement.n = survival.n() - measurement.censored;
    measurement.n_independent = Some(clusters);
    (measurement.value, measurement.low, measurement.high) = (middle.value, middle.low, middle.high);
    measurement.at_least = middle.at_least;
    (measurement.p75, measurement.p90) = (Some(p75), Some(p90));
    measurement.band_by(data.bands, metric.id);
    measurement
}

/// A share of deployments with its Wilson interval.
fn share(metric: &Metric, data: &ServiceData<'_>, part: u64, whole: u64, nothing: &str) -> Measurement {
    let mut measurement = metric.missing(data, "");
    measurement.n = whole;
    if whole == 0 {
        measurement.note = Some(nothing.to_owned());
        return measurement;
    }
    measurement.note = None;
    measurement.value = Some(part as f64 / whole as f64);
    if let Some(interval) = crate::statistics::wilson_interval(part, whole) {
        (measurement.low, measurement.high) = (Some(interval.low), Some(interval.high));
    }
    measurement.band_by(data.bands, metric.id);
    measurement
}

#[cfg(test)]
pub(crate) mod examples;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_sorted_documented_and_named_like_their_files() {
        assert!(METRICS.is_sorted_by(|a, b| a.id < b.id));
        for metric in METRICS {
            assert!(!truelevel_model::registry::title(metric.docs).is_empty(), "{}", metric.id);
            assert!(truelevel_model::registry::body(metric.docs).len() > 80, "{} says too little", metric.id);
        }
    }
}
