//! One number for several services, without pooling what is unlike.
//!
//! Durations of unlike services are never thrown together: mix shifts would reverse signs. The number of a team or an
//! organisation is the median over its services, with the share of services in each band beside it.

use std::collections::BTreeMap;

use truelevel_model::assessment::{PooledShare, ServiceDistribution};
use truelevel_model::{Band, BandRules, Measurement, Quantile, Unit};

use crate::Metric;
use crate::statistics::{Observation, Survival, median, quantile_interval, wilson_interval_of_groups};

/// How a metric is spread over services.
#[derive(Clone, Debug, PartialEq)]
pub struct Spread {
    /// The median over the services that have a value; the only service's own measurement when there is just one.
    pub measurement: Measurement,
    /// How many services there are.
    pub services: u64,
    /// How many of them have a value.
    pub services_measured: u64,
    /// How many services stand in each band.
    pub services_by_band: BTreeMap<Band, u64>,
    /// How many of these have an interval that lies in one band.
    pub services_in_one_band: u64,
    /// How the services' values lie; absent for a single service.
    pub distribution: Option<ServiceDistribution>,
    /// The events of all services counted together, where they may be.
    pub pooled: Option<PooledShare>,
}

/// Shares whose events are alike from service to service: a deployment that failed, a failure that was mended. Counting
/// them together says how all services do; it never hides how one does, since that stands beside it. No duration is here.
const POOLED: [&str; 2] = ["change_fail_rate", "restored_within_an_hour_share"];

/// The events of services whose share is the whole truth, counted together.
fn pooled(metric: &Metric, services: &[&Measurement]) -> Option<PooledShare> {
    if !POOLED.contains(&metric.id) || services.len() < 2 {
        return None;
    }
    let told = services.iter().filter(|measured| !measured.is_lower_bound && !measured.is_proxy);
    let groups: Vec<(u64, u64)> = told.filter_map(|measured| events(measured)).collect();
    let interval = wilson_interval_of_groups(&groups)?;
    Some(PooledShare {
        part: groups.iter().map(|(part, _)| part).sum(),
        whole: groups.iter().map(|(_, whole)| whole).sum(),
        low: interval.low,
        high: interval.high,
        services: groups.len() as u64,
    })
}

/// The events behind a share: so many of so many.
fn events(share: &Measurement) -> Option<(u64, u64)> {
    Some(((share.value? * share.n as f64).round() as u64, share.n))
}

/// The median of shares is itself one of few events: an interval over services that happen to agree would leave out how
/// uncertain each is. It reaches at least as far as that of all their events together.
fn widen_to_events(rolled: &mut Measurement, services: &[&Measurement]) {
    let groups: Vec<(u64, u64)> = services.iter().filter_map(|share| events(share)).collect();
    if let (Some(low), Some(high), Some(together)) = (rolled.low, rolled.high, wilson_interval_of_groups(&groups)) {
        (rolled.low, rolled.high) = (Some(low.min(together.low)), Some(high.max(together.high)));
    }
}

/// The median of values, and of others that are only known to be at least so much, with its interval.
pub(crate) fn middle(values: &[f64], open: &[f64]) -> Quantile {
    if open.is_empty() {
        let interval = quantile_interval(values, 0.5);
        return Quantile {
            value: median(values),
            low: interval.map(|interval| interval.low),
            high: interval.map(|interval| interval.high),
            at_least: None,
        };
    }
    let known = values.iter().map(|value| (*value, true)).chain(open.iter().map(|least| (*least, false)));
    let observations: Vec<Observation> =
        known.map(|(duration_seconds, is_event)| Observation { duration_seconds, is_event }).collect();
    let survival = Survival::fit(&observations);
    let (middle, interval) = (survival.quantile(0.5), survival.quantile_interval(0.5, survival.n()));
    Quantile {
        value: middle.value,
        low: interval.map(|interval| interval.low),
        high: interval.and_then(|interval| interval.high),
        at_least: middle.at_least,
    }
}

/// Rolls a metric up over services.
pub fn spread(metric: &Metric, services: &[&Measurement], bands: &BandRules) -> Spread {
    let values: Vec<f64> = services.iter().filter_map(|measurement| measurement.value).collect();
    // A service of which only "more than" is known is known to be slow: it is censored, not missing.
    let open: Vec<f64> = services
        .iter()
        .filter(|measurement| measurement.value.is_none())
        .filter_map(|measurement| measurement.at_least)
        .collect();
    let mut by_band = BTreeMap::new();
    // Of what is at least so slow only the last band can be told.
    let at_best = |measurement: &Measurement| {
        Some(bands.rules.get(metric.id)?.band(measurement.at_least?)).filter(|band| *band == Band::Low)
    };
    for band in services.iter().filter_map(|measurement| measurement.band.or_else(|| at_best(measurement))) {
        *by_band.entry(band).or_insert(0) += 1;
    }
    let in_one_band = services.iter().filter(|one| one.band_low.is_some() && one.band_low == one.band_high);
    let measurement = match services {
        [only] => (*only).clone(),
        _ => {
            let mut rolled = Measurement::missing(&metric.definition(), metric.unit, &bands.edition, "");
            rolled.note = match (values.is_empty(), services.iter().find_map(|measurement| measurement.note.clone())) {
                (true, note) => Some(note.unwrap_or_else(|| "no service has a value".to_owned())),
                (false, _) => None,
            };
            let middle = middle(&values, &open);
            (rolled.value, rolled.low, rolled.high, rolled.at_least) =
                (middle.value, middle.low, middle.high, middle.at_least);
            rolled.n = values.len() as u64;
            rolled.censored = services.iter().map(|measurement| measurement.censored).sum();
            rolled.is_lower_bound = services.iter().any(|measurement| measurement.is_lower_bound);
            if rolled.is_lower_bound {
                let bounded = services.iter().find(|measurement| measurement.is_lower_bound);
                rolled.note = bounded.and_then(|measurement| measurement.note.clone());
            }
            if rolled.value.is_some() && rolled.low.is_none() {
                rolled.note = Some(match values.len() {
                    1 => "no interval: 1 service is too few".to_owned(),
                    few => format!("no interval: {few} services are too few"),
                });
            }
            let has_value = |measured: &&&Measurement| measured.value.or(measured.at_least).is_some();
            let (told, stand_ins) = (
                services.iter().filter(has_value).count(),
                services.iter().filter(has_value).filter(|measurement| measurement.is_proxy).count(),
            );
            rolled.is_proxy = match told {
                0 => services.iter().all(|measurement| measurement.is_proxy),
                _ => stand_ins == told,
            };
            if stand_ins > 0 && stand_ins < told {
                let mixed = format!("{stand_ins} of {told} services stand on releases, a proxy");
                rolled.note = Some(rolled.note.map_or(mixed.clone(), |note| format!("{mixed}; {note}")));
            }
            if metric.unit == Unit::Ratio {
                widen_to_events(&mut rolled, services);
            }
            if !rolled.is_lower_bound {
                rolled.band_by(bands, metric.id);
            }
            // Counts add up over services; nothing else does.
            let sum = |of: &dyn Fn(&Measurement) -> Option<f64>| services.iter().filter_map(|m| of(m)).sum::<f64>();
            rolled.details.insert("observations".into(), sum(&|measurement| Some(measurement.n as f64)));
            let counts = [
                "broad",
                "deployments",
                "failures",
                "inferred_only",
                "redeployments",
                "reported",
                "rollbacks",
                "strict",
            ];
            for count in counts {
                if services.iter().any(|measurement| measurement.details.contains_key(count)) {
                    rolled.details.insert(count.into(), sum(&|measurement| measurement.details.get(count).copied()));
                }
            }
            rolled
        }
    };
    Spread {
        distribution: (services.len() > 1).then(|| distribution(&values, &open)).flatten(),
        pooled: pooled(metric, services),
        measurement,
        services: services.len() as u64,
        services_measured: (values.len() + open.len()) as u64,
        services_by_band: by_band,
        services_in_one_band: in_one_band.count() as u64,
    }
}

/// Where the services' values lie. Those of which only "more than" is known lie beyond what is known of them.
fn distribution(values: &[f64], open: &[f64]) -> Option<ServiceDistribution> {
    let known = values.iter().map(|value| (*value, true)).chain(open.iter().map(|least| (*least, false)));
    let observations: Vec<Observation> =
        known.map(|(duration_seconds, is_event)| Observation { duration_seconds, is_event }).collect();
    let survival = Survival::fit(&observations);
    Some(ServiceDistribution {
        lowest: values.iter().copied().min_by(f64::total_cmp)?,
        p25: survival.quantile(0.25).value,
        median: survival.quantile(0.5).value,
        p75: survival.quantile(0.75).value,
        highest: values.iter().copied().max_by(f64::total_cmp).filter(|_| open.is_empty()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metrics::change_lead_time::CHANGE_LEAD_TIME;

    fn measured(value: Option<f64>, n: u64) -> Measurement {
        let mut measurement = Measurement::missing("change_lead_time/1", Unit::Seconds, "2024", "");
        (measurement.value, measurement.n) = (value, n);
        measurement
    }

    #[test]
    fn services_known_to_be_slow_are_not_left_out() {
        let slow = Measurement { at_least: Some(1000.0), ..measured(None, 0) };
        let services = [measured(Some(10.0), 5), slow.clone(), slow.clone(), slow];
        let spread = spread(&CHANGE_LEAD_TIME, &services.iter().collect::<Vec<_>>(), &BandRules::default());
        assert_eq!((spread.measurement.value, spread.measurement.at_least), (None, Some(1000.0)));
        assert_eq!(spread.services_measured, 4);
        let distribution = spread.distribution.unwrap();
        assert_eq!((distribution.lowest, distribution.p75, distribution.highest), (10.0, None, None));
    }

    #[test]
    fn a_few_releases_among_deployments_are_counted_and_do_not_make_all_of_it_a_proxy() {
        let proxy = Measurement { is_proxy: true, ..measured(Some(5.0), 5) };
        let rolled = |services: &[Measurement]| {
            spread(&CHANGE_LEAD_TIME, &services.iter().collect::<Vec<_>>(), &BandRules::default()).measurement
        };
        let mixed = rolled(&[measured(Some(1.0), 5), measured(Some(2.0), 5), proxy.clone(), measured(None, 0)]);
        assert!(!mixed.is_proxy);
        assert!(mixed.note.unwrap().starts_with("1 of 3 services stand on releases, a proxy"));
        assert!(rolled(&[proxy.clone(), proxy]).is_proxy);
        let silent = Measurement { is_proxy: true, ..measured(None, 0) };
        assert!(!rolled(&[measured(Some(1.0), 5), measured(Some(2.0), 5), silent]).is_proxy);
    }

    #[test]
    fn services_of_one_deployment_each_prove_no_share_by_agreeing() {
        use crate::metrics::change_fail_rate::CHANGE_FAIL_RATE;
        let agreeing: Vec<Measurement> =
            (0..8).map(|_| Measurement { unit: Unit::Ratio, ..measured(Some(0.0), 1) }).collect();
        let rolled = spread(&CHANGE_FAIL_RATE, &agreeing.iter().collect::<Vec<_>>(), &BandRules::default()).measurement;
        assert_eq!((rolled.value, rolled.low), (Some(0.0), Some(0.0)));
        // Wilson's upper end of 0 of 8 is z² ÷ (8 + z²).
        let upper = 1.959_964_f64.powi(2) / (8.0 + 1.959_964_f64.powi(2));
        assert!(rolled.high.is_some_and(|high| high >= upper - 1e-6), "{:?} {upper}", rolled.high);
    }

    #[test]
    fn failures_of_all_services_are_counted_together_where_all_of_them_are_known() {
        use crate::metrics::change_fail_rate::CHANGE_FAIL_RATE;
        let bound = Measurement { is_lower_bound: true, ..measured(Some(0.5), 10) };
        let services = [measured(Some(0.1), 50), measured(Some(0.0), 30), bound, measured(None, 0)];
        let services: Vec<&Measurement> = services.iter().collect();
        let together = spread(&CHANGE_FAIL_RATE, &services, &BandRules::default()).pooled.unwrap();
        assert_eq!((together.part, together.whole, together.services), (5, 80, 2));
        assert!(spread(&CHANGE_LEAD_TIME, &services, &BandRules::default()).pooled.is_none(), "no duration is pooled");
    }

    #[test]
    fn a_busy_service_weighs_no_more_than_a_quiet_one() {
        let services =
            [measured(Some(10.0), 5000), measured(Some(20.0), 3), measured(Some(30.0), 2), measured(None, 0)];
        let spread = spread(&CHANGE_LEAD_TIME, &services.iter().collect::<Vec<_>>(), &BandRules::default());
        assert_eq!(spread.measurement.value, Some(20.0));
        assert_eq!((spread.services, spread.services_measured), (4, 3));
        let distribution = spread.distribution.unwrap();
        assert_eq!((distribution.lowest, distribution.median, distribution.highest), (10.0, Some(20.0), Some(30.0)));
        assert_eq!(spread.measurement.low, None, "three services give no interval");
    }
}
