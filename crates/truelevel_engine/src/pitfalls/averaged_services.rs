//! Averages over unlike services.

use truelevel_metrics::statistics::median;
use truelevel_model::Unit;
use truelevel_report::numbers::value;

use super::{Found, PitfallKind, Seen};

truelevel_model::declare! {
    /// Averages over unlike services
    ///
    /// Raised when, of at least five services, the mean deployment frequency is twice the median or more: a few busy services
    /// would speak for all.
    pub static AVERAGED_SERVICES: PitfallKind = {
        id: "averaged_services",
        find: find,
    };
}

/// Of fewer services neither mean nor median says much.
const FEWEST_SERVICES: usize = 5;
/// How far the mean must stand from the median.
const FACTOR: f64 = 2.0;

fn find(seen: &Seen<'_>) -> Option<Found> {
    let mut named: Vec<(f64, &str)> = seen
        .services
        .iter()
        .filter(|service| service.is_active)
        .filter_map(|service| Some((service.metrics.get("deployment_frequency")?.value?, service.service.as_str())))
        .collect();
    named.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
    let rates: Vec<f64> = named.iter().map(|(rate, _)| *rate).collect();
    let mean = rates.iter().sum::<f64>() / rates.len().max(1) as f64;
    let middle = median(&rates).filter(|middle| *middle > 0.0)?;
    (rates.len() >= FEWEST_SERVICES && mean >= FACTOR * middle).then(|| Found {
        finding: format!(
            "the mean service deploys {}, the median service {}",
            value(Unit::PerDay, mean),
            value(Unit::PerDay, middle)
        ),
        effect: Some(format!("a mean would show {:.1} times the frequency of the middle", mean / middle)),
        response: "the organisation's number is the median over its services".into(),
        services: named.iter().filter(|(rate, _)| *rate > mean).map(|(_, service)| (*service).to_owned()).collect(),
        ..Found::default()
    })
}
