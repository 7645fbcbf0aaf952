//! How many deployments fail.

use std::collections::BTreeMap;

use truelevel_model::{Measurement, Unit, declare};

use super::{Basis, Metric};
use crate::pipelines::Tally;
use crate::service::ServiceData;

declare! {
    /// Change fail rate
    ///
    /// Production deployments in the window that needed intervention ÷ production deployments attempted.
    ///
    /// A failure is shown by an incident that somebody linked to the deployment or that names it, a return to an earlier
    /// version, an automatic abort, a hotfix within 24 hours (a revert of its changes; or a review that is labelled as a
    /// hotfix, incident or regression and was opened while it ran), or an incident of the service after it, before the next
    /// attempt and within 24 hours. What somebody decided about an incident wins
    /// over everything inferred; a decision for a deployment that nobody knows decides nothing. Each deployment fails at most once, whatever the number of
    /// signals. The rate over all signals is the value; the rate over reports alone (linked and
    /// named) is beside it as `reported_ratio`: the gap between them, `inferred_only`, is what nobody reported.
    ///
    /// Attempted are all that count in the deployment frequency, failed attempts, and those that automation stopped. A version
    /// that reaches a further production environment was attempted once, unless it fails there as well. What was cancelled or
    /// has not ended, and the version already running again, count only where somebody or something names them as the cause:
    /// nothing is blamed on them for having been near. A failed attempt that changed nothing is no failure by itself.
    ///
    /// Without incident data the value is a lower bound: failures that were mended by a new version do not show.
    ///
    /// **Interval**: Wilson (1927).
    ///
    /// **Source**: DORA's definition (dora.dev/guides/dora-metrics): deployments that need immediate intervention ÷
    /// deployments.
    pub static CHANGE_FAIL_RATE: Metric = {
        id: "change_fail_rate",
        version: 3,
        unit: Unit::Ratio,
        higher_is_better: Some(false),
        basis: Basis::Deployments,
        measure: measure,
    };
}

fn measure(data: &ServiceData<'_>) -> Measurement {
    let metric = &CHANGE_FAIL_RATE;
    if let Some(missing) = metric.without_deployments(data) {
        return missing;
    }
    if data.is_proxy() && data.facts.incidents.is_none() {
        return metric.missing(data, "releases are not rolled back: without incident data a proxy shows no failures");
    }
    let attempts = data.attempts();
    let failed: Vec<_> = data.failed_in_window().collect();
    let reported = failed.iter().filter(|failure| failure.is_reported()).count();
    let tally = Tally { part: failed.len() as u64, whole: attempts };
    let nothing = "no production deployment was attempted in the window";
    let mut measurement = super::share(metric, data, tally, nothing);
    let mut details: BTreeMap<String, f64> = BTreeMap::new();
    for signal in failed.iter().flat_map(|failure| failure.signals()) {
        *details.entry(signal.as_str().to_owned()).or_default() += 1.0;
    }
    details.insert("failures".into(), failed.len() as f64);
    if data.facts.incidents.is_some() {
        details.insert("reported".into(), reported as f64);
        details.insert("inferred_only".into(), (failed.len() - reported) as f64);
        if attempts > 0 {
            details.insert("reported_ratio".into(), reported as f64 / attempts as f64);
        }
    } else if measurement.value.is_some() {
        let note = "no incident data: only rollbacks and hotfixes show, so this is a lower bound";
        super::bound_below(&mut measurement, note);
    }
    measurement.details = details;
    measurement
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};

    #[test]
    fn a_version_in_three_regions_is_attempted_once_and_fails_once() {
        let versions = ["A", "B", "A", "C", "A"];
        let places =
            versions.iter().zip(1..).flat_map(|(version, day)| (0..3).map(move |place| (*version, day, place)));
        let example = places.fold(Example::days(30), |example, (version, day, place)| {
            let at = 24 * day + place;
            example.deploy(version, at).deployment(|one| one.environment = format!("production-{place}").into())
        });
        let (measured, regions) = example.data(|data| (measure(data), data.attempts()));
        assert_eq!((measured.n, measured.details["failures"], regions), (5, 2.0, 5));
    }

    #[test]
    fn all_signals_and_reports_stand_side_by_side() {
        let example = Example::days(30)
            .deploy("v1", 1)
            .deploy("v2", 100)
            .deploy("v1", 101)
            .deploy("v3", 200)
            .deploy("v4", 300)
            .incident(301, Some(302), Some("v4"));
        let measured = example.measure(&CHANGE_FAIL_RATE);
        assert_eq!(measured.n, 5);
        close(measured.value, 0.4);
        close(measured.details.get("reported_ratio").copied(), 0.2);
        assert!(!measured.is_lower_bound);
    }

    #[test]
    fn without_incident_data_the_rate_is_a_lower_bound_and_gets_no_band() {
        let measured = Example::days(30).deploy("v1", 0).deploy("v2", 1).measure(&CHANGE_FAIL_RATE);
        close(measured.value, 0.0);
        assert!(measured.is_lower_bound && measured.band.is_none());
    }

    #[test]
    fn an_organisation_without_failures_in_its_incident_data_is_a_measured_zero() {
        let measured = Example::days(30).deploy("v1", 0).deploy("v2", 1).no_incidents().measure(&CHANGE_FAIL_RATE);
        close(measured.value, 0.0);
        assert!(!measured.is_lower_bound && measured.high.is_some_and(|high| high > 0.5));
    }
}
