//! The metrics, a file each: definition, code and examples in one place.

use truelevel_model::{Measurement, Unit};

use crate::service::ServiceData;

pub mod change_lead_time;
pub mod deployment_automation_share;
pub mod deployment_batch_size;
pub mod deployment_frequency;
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
    &change_lead_time::CHANGE_LEAD_TIME,
    &deployment_automation_share::DEPLOYMENT_AUTOMATION_SHARE,
    &deployment_batch_size::DEPLOYMENT_BATCH_SIZE,
    &deployment_frequency::DEPLOYMENT_FREQUENCY,
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
