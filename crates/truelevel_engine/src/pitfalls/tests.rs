use std::collections::BTreeMap;

use truelevel_model::assessment::{ExclusionCount, LevelRange, ServiceResult};
use truelevel_model::deployment_data::DeploymentData;
use truelevel_model::{Measurement, Unit, registry};

use super::*;

/// What a detector says of services with traces.
pub(crate) fn check(kind: &PitfallKind, services: Vec<ServiceResult>, mut traces: Vec<Trace>) -> Option<Pitfall> {
    traces.resize(services.len(), Trace::default());
    let seen = Seen {
        stages: &[],
        level: LevelRange { proven: 1, possible: 1, declared: None, with_exemptions: None },
        services: &services,
        traces: &traces,
        declarations: &[],
        window_days: 90,
        architecture: None,
    };
    find(&seen).into_iter().find(|found| found.pitfall == kind.id)
}

pub(crate) fn named(service: &str) -> ServiceResult {
    ServiceResult {
        service: service.to_owned(),
        team: None,
        repositories: Vec::new(),
        deployment_data: DeploymentData::Reported,
        is_active: true,
        level: LevelRange { proven: 1, possible: 1, declared: None, with_exemptions: None },
        stages: Vec::new(),
        lanes: Vec::new(),
        metrics: BTreeMap::new(),
        environments: Vec::new(),
        questions: Vec::new(),
        exclusions: BTreeMap::new(),
    }
}

pub(crate) fn measuring(service: &str, metric: &str, value: Option<f64>, n: u64) -> ServiceResult {
    let mut measured = Measurement::missing(metric, Unit::Ratio, "2024", "");
    (measured.value, measured.n) = (value, n);
    ServiceResult { metrics: [(metric.to_owned(), measured)].into(), ..named(service) }
}

pub(crate) fn excluding(service: &str, code: &str, left_out: u64, counted: u64) -> ServiceResult {
    let excluded = ExclusionCount { count: left_out, meaning: String::new(), examples: Vec::new() };
    ServiceResult {
        exclusions: [(code.to_owned(), excluded)].into(),
        ..measuring(service, "deployment_frequency", None, counted)
    }
}

pub(crate) fn trace_of_days(days: impl IntoIterator<Item = i64>) -> Trace {
    Trace { days: days.into_iter().collect(), ..Trace::default() }
}

#[test]
fn pitfalls_are_sorted_and_documented() {
    assert!(PITFALLS.is_sorted_by(|a, b| a.id < b.id));
    for kind in PITFALLS {
        assert!(!registry::title(kind.docs).is_empty() && !registry::body(kind.docs).is_empty(), "{}", kind.id);
    }
}

#[test]
fn a_mean_of_unlike_services_is_seen_and_open_failures_are() {
    let rate = |value| measuring("s", "deployment_frequency", Some(value), 10);
    let unlike = [0.1, 0.1, 0.1, 0.2, 9.0].map(rate).to_vec();
    assert!(check(&averaged_services::AVERAGED_SERVICES, unlike, Vec::new()).is_some());
    let alike = [1.0, 1.1, 1.2, 0.9, 1.0].map(rate).to_vec();
    assert!(check(&averaged_services::AVERAGED_SERVICES, alike, Vec::new()).is_none());
    let open = |censored| {
        let mut service = measuring("s", "failed_deployment_recovery_time", None, 10);
        service.metrics.values_mut().for_each(|recovery| recovery.censored = censored);
        check(&open_incidents_dropped::OPEN_INCIDENTS_DROPPED, vec![service], Vec::new())
    };
    assert!(open(2).is_some() && open(1).is_none());
}
