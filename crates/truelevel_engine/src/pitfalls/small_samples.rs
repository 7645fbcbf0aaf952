//! Small samples.

use truelevel_model::Shared;
use truelevel_model::assessment::ServiceResult;
use truelevel_report::numbers::count;

use super::{Found, PitfallKind, Seen};

truelevel_model::declare! {
    /// Small samples
    ///
    /// Raised when a service's lead time has a value and too few deployments for an interval.
    pub static SMALL_SAMPLES: PitfallKind = {
        id: "small_samples",
        find: find,
    };
}

fn find(seen: &Seen<'_>) -> Option<Found> {
    let is_small = |service: &&Shared<ServiceResult>| {
        service.metrics.get("change_lead_time").is_some_and(|found| found.value.is_some() && found.low.is_none())
    };
    let services: Vec<String> = seen.services.iter().filter(is_small).map(|found| found.service.clone()).collect();
    (!services.is_empty()).then(|| Found {
        finding: format!(
            "too few deployments in the window for an interval of the lead time: {}",
            count(services.len() as u64, "service")
        ),
        response: "their value is shown without interval and decides nothing".into(),
        services,
        ..Found::default()
    })
}
