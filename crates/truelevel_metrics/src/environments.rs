//! The keys of one production environment of a service that has several.

use std::collections::{BTreeMap, BTreeSet};

use truelevel_model::{Deployment, EnvironmentId, Incident, Measurement};

use crate::Metric;
use crate::metrics::change_fail_rate::CHANGE_FAIL_RATE;
use crate::metrics::change_lead_time::CHANGE_LEAD_TIME;
use crate::metrics::deployment_frequency::DEPLOYMENT_FREQUENCY;
use crate::metrics::deployment_rework_rate::DEPLOYMENT_REWORK_RATE;
use crate::metrics::failed_deployment_recovery_time::FAILED_DEPLOYMENT_RECOVERY_TIME;
use crate::service::{ServiceData, ServiceFacts};

/// DORA's keys, by id.
pub static KEYS: [&Metric; 5] = [
    &CHANGE_FAIL_RATE,
    &CHANGE_LEAD_TIME,
    &DEPLOYMENT_FREQUENCY,
    &DEPLOYMENT_REWORK_RATE,
    &FAILED_DEPLOYMENT_RECOVERY_TIME,
];

/// The keys of one production environment, by metric id.
#[derive(Clone, Debug, PartialEq)]
pub struct EnvironmentKeys {
    /// The environment.
    pub environment: EnvironmentId,
    /// Its keys.
    pub metrics: BTreeMap<&'static str, Measurement>,
}

/// Measures each production environment by itself, where the service has several; none otherwise.
///
/// A version that reaches a further environment is a new version there, and a change ships there when its first
/// deployment to that environment does. An incident belongs to the environment of the deployment that caused it, decided
/// over all of them together; one that no deployment caused belongs to none.
pub fn by_environment(data: &ServiceData<'_>) -> Vec<EnvironmentKeys> {
    let environments: BTreeSet<&EnvironmentId> =
        data.timeline.entries.iter().map(|entry| &entry.deployment.environment).collect();
    if environments.len() < 2 {
        return Vec::new();
    }
    environments
        .into_iter()
        .map(|environment| {
            let is_here = |deployment: &Deployment| deployment.environment == *environment;
            let is_elsewhere =
                |deployment: &Deployment| !is_here(deployment) && (data.facts.is_production)(&deployment.environment);
            let all = data.facts.deployments.iter().copied();
            let deployments: Vec<&Deployment> = all.filter(|deployment| !is_elsewhere(deployment)).collect();
            let caused_here = data.incidents.iter().filter(|found| {
                let cause = found.cause.deployment();
                cause.is_some_and(|place| is_here(data.timeline.entries[place].deployment))
            });
            let incidents: Vec<&Incident> = caused_here.map(|found| found.incident).collect();
            let facts = ServiceFacts {
                deployments: &deployments,
                is_production: &|other| other == environment,
                incidents: data.facts.incidents.map(|_| incidents.as_slice()),
                ..*data.facts
            };
            let here = ServiceData::prepare(&facts, data.window, data.bands);
            let metrics = KEYS.iter().map(|metric| (metric.id, (metric.measure)(&here))).collect();
            EnvironmentKeys { environment: environment.clone(), metrics }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::examples::{Example, close};

    fn two_regions() -> Example {
        let to = |region: &'static str| move |deployment: &mut Deployment| deployment.environment = region.into();
        Example::days(30)
            .commit("A", &[], 0)
            .deploy("A", 1)
            .deployment(to("production-eu"))
            .deploy("A", 2)
            .deployment(to("production-us"))
            .commit("B", &["A"], 10)
            .deploy("B", 11)
            .deployment(to("production-eu"))
            .deploy("B", 35)
            .deployment(to("production-us"))
            .no_incidents()
    }

    fn keys(example: &Example) -> Vec<(String, BTreeMap<&'static str, Measurement>)> {
        example.data(|data| {
            let found = by_environment(data).into_iter();
            found.map(|keys| (keys.environment.as_str().to_owned(), keys.metrics)).collect()
        })
    }

    #[test]
    fn a_change_reaches_each_environment_in_its_own_time() {
        let keys = keys(&two_regions());
        let names: Vec<_> = keys.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, ["production-eu", "production-us"]);
        close(keys[0].1["change_lead_time"].value, 3600.0);
        close(keys[1].1["change_lead_time"].value, 25.0 * 3600.0);
        assert_eq!(keys[1].1["deployment_frequency"].n, 2, "what fans out elsewhere is a new version here");
    }

    #[test]
    fn an_incident_counts_in_the_environment_of_its_deployment_only() {
        let keys = keys(&two_regions().incident(36, Some(38), None));
        close(keys[0].1["change_fail_rate"].value, 0.0);
        close(keys[1].1["change_fail_rate"].value, 0.5);
        close(keys[1].1["failed_deployment_recovery_time"].value, 2.0 * 3600.0);
    }

    #[test]
    fn a_service_with_one_production_environment_has_no_second_set_of_keys() {
        assert_eq!(keys(&Example::days(30).deploy("v1", 1).deploy("v2", 2)), []);
    }
}
