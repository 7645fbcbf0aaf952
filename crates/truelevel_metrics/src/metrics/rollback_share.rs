//! How often production goes back.

use truelevel_model::{Measurement, Unit, declare};

use super::{Basis, Metric};
use crate::pipelines::Tally;
use crate::service::ServiceData;
use crate::timeline::DeploymentKind;

declare! {
    /// Rollbacks among deployments
    ///
    /// Production deployments in the window that returned to an earlier version ÷ production deployments that count
    /// in the frequency.
    ///
    /// A rollback shows that the deployment before it failed. It is a lower bound of the fail rate: failures that
    /// were mended by a new version do not show here.
    ///
    /// **Interval**: Wilson (1927).
    ///
    /// **Source**: our own definition.
    pub static ROLLBACK_SHARE: Metric = {
        id: "rollback_share",
        version: 1,
        unit: Unit::Ratio,
        higher_is_better: Some(false),
        basis: Basis::Deployments,
        measure: measure,
    };
}

fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &ROLLBACK_SHARE;
    if let Some(missing) = metric.without_deployments(data) {
        return missing;
    }
    if data.is_proxy() {
        return metric.missing(data, "releases are not rolled back: a proxy cannot show this");
    }
    let counted = data.counted().count() as u64;
    let rollbacks = data.counted().filter(|entry| entry.kind == DeploymentKind::Rollback).count() as u64;
    super::share(metric, data, Tally { part: rollbacks, whole: counted }, "no deployment in the window")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};

    #[test]
    fn a_rollback_is_one_of_the_deployments() {
        let example = Example::days(30).deploy("v1", 1).deploy("v2", 2).deploy("v1", 3).deploy("v3", 4);
        let measured = example.measure(&ROLLBACK_SHARE);
        assert_eq!(measured.n, 4);
        close(measured.value, 0.25);
    }
}
