//! What it is about, in a line.

use truelevel_model::{Measurement, Unit, declare};

use super::{Basis, Metric};
use crate::service::ServiceData;

declare! {
    /// The title, without a full stop
    ///
    /// The definition in a sentence: what is counted ÷ what it is counted of, and from which instant to which.
    ///
    /// What is left out and why, what is still open, and what a reader may wrongly take the number for.
    ///
    /// **Interval**: the method, with its source.
    pub static SKELETON: Metric = {
        id: "skeleton",
        version: 1,
        unit: Unit::Count,
        higher_is_better: None,
        basis: Basis::Deployments,
        measure: measure,
    };
}

fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &SKELETON;
    if let Some(missing) = metric.without_deployments(data) {
        return missing;
    }
    let mut measurement = metric.missing(data, "");
    measurement.note = None;
    measurement.n = data.counted().count() as u64;
    measurement.value = Some(measurement.n as f64);
    measurement
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};

    #[test]
    fn every_deployment_in_the_window_counts() {
        let measured = Example::days(30).deploy("v1", 1).deploy("v2", 2).measure(&SKELETON);
        close(measured.value, 2.0);
    }

    #[test]
    fn without_deployments_there_is_no_value() {
        assert_eq!(Example::days(30).measure(&SKELETON).value, None);
    }
}
