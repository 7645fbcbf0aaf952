//! How much deploying changes nothing.

use truelevel_model::{Measurement, Unit, declare};

use super::{Basis, Metric};
use crate::pipelines::Tally;
use crate::service::ServiceData;
use crate::timeline::DeploymentKind;

declare! {
    /// Redeployments
    ///
    /// Succeeded production deployments in the window of the version that was running already ÷ those and the deployments
    /// that count in the frequency.
    ///
    /// They change nothing that runs: a restart, a new configuration, or a number that somebody wants to look good. They
    /// are not part of the frequency.
    ///
    /// **Interval**: Wilson (1927).
    ///
    /// **Source**: our own definition.
    pub static REDEPLOYMENT_SHARE: Metric = {
        id: "redeployment_share",
        version: 1,
        unit: Unit::Ratio,
        higher_is_better: None,
        basis: Basis::Deployments,
        measure: measure,
    };
}

fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &REDEPLOYMENT_SHARE;
    if let Some(missing) = metric.without_deployments(data) {
        return missing;
    }
    let part = data.in_window().filter(|entry| entry.kind == DeploymentKind::Redeployment).count() as u64;
    let whole = part + data.counted().count() as u64;
    super::share(metric, data, Tally { part, whole }, "no deployment in the window")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};

    #[test]
    fn the_running_version_again_is_a_redeployment() {
        let measured = Example::days(30)
            .deploy("v1", 1)
            .deploy("v1", 2)
            .deploy("v2", 3)
            .deploy("v1", 4)
            .measure(&REDEPLOYMENT_SHARE);
        assert_eq!(measured.n, 4);
        close(measured.value, 0.25);
    }
}
