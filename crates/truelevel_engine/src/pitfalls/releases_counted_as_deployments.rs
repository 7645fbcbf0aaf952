//! Releases counted as deployments.

use truelevel_report::numbers::count;

use super::{Found, PitfallKind, Seen};

truelevel_model::declare! {
    /// Releases counted as deployments
    ///
    /// Raised when release tags stand in for production deployments.
    pub static RELEASES_COUNTED_AS_DEPLOYMENTS: PitfallKind = {
        id: "releases_counted_as_deployments",
        find: find,
    };
}

fn find(seen: &Seen<'_>) -> Option<Found> {
    let proxies = seen.services.iter().filter(|service| service.deployment_data.is_proxy());
    let services: Vec<String> = proxies.map(|service| service.service.clone()).collect();
    (!services.is_empty()).then(|| Found {
        finding: format!(
            "for {}, release tags stand in for production deployments",
            count(services.len() as u64, "service")
        ),
        response: "their numbers are marked as a proxy and prove no gate".into(),
        services,
        ..Found::default()
    })
}
