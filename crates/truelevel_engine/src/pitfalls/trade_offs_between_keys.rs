//! One key paid for with another.

use std::collections::BTreeMap;

use truelevel_metrics::comparison::{compare_within, correct};
use truelevel_metrics::{METRICS, Metric};
use truelevel_model::comparison::{ChangeVerdict, ContrastKind, MetricChange};
use truelevel_report::numbers::{count, value};

use super::halves::{changed, keys, middle, weeks_of};
use super::{Found, PitfallKind, Seen};

truelevel_model::declare! {
    /// Trade-offs between keys
    ///
    /// Raised when one of DORA's keys got better while another got worse, each by more than its interval, from as many weeks
    /// before to the weeks of the window: in one service, after the correction of Benjamini and Hochberg (1995) over all
    /// services and keys; or in the middle of six services or more, each compared with itself.
    ///
    /// What it cannot see: a price that is paid later than in the same window, and one outside of the keys.
    ///
    /// **Source**: DORA asks to read its keys together (dora.dev/guides/dora-metrics).
    pub static TRADE_OFFS_BETWEEN_KEYS: PitfallKind = {
        id: "trade_offs_between_keys",
        find: find,
    };
}

fn find(seen: &Seen<'_>) -> Option<Found> {
    let weeks = weeks_of(seen.window_days)?;
    let mut changes: Vec<(&str, MetricChange)> = Vec::new();
    let mut found = Found::default();
    let mut of_middle: Vec<MetricChange> = Vec::new();
    for (place, metric) in keys().enumerate() {
        let mut both = Vec::new();
        for (service, halves) in seen.halves(place, weeks) {
            both.extend(halves.before.zip(halves.after));
            changes.extend(halves.change.clone().map(|change| (service.service.as_str(), change)));
        }
        let (before, after): (Vec<f64>, Vec<f64>) = both.iter().copied().unzip();
        let mut change = changed(metric, &middle(metric, &before), &middle(metric, &after), weeks);
        compare_within(&mut change, both);
        change.verdict = within(metric, &change);
        of_middle.push(change);
    }
    correct(changes.iter_mut().map(|(_, change)| change));
    found
        .evidence
        .extend(traded(&of_middle.iter().collect::<Vec<_>>()).map(|how| format!("the middle service: {how}")));
    let mut by_service: BTreeMap<&str, Vec<&MetricChange>> = BTreeMap::new();
    for (service, change) in &changes {
        by_service.entry(service).or_default().push(change);
    }
    for (service, own) in by_service {
        if let Some(how) = traded(&own) {
            found.evidence.push(format!("{service}: {how}"));
            found.services.push(service.to_owned());
        }
    }
    let where_ = match found.services.len() as u64 {
        0 => "in the middle of the services".to_owned(),
        services => format!("in {}", count(services, "service")),
    };
    (!found.evidence.is_empty()).then(|| Found {
        finding: format!("one key got better while another got worse, {where_}"),
        effect: Some("the key that got better alone would tell half of it".into()),
        response: "all keys stand side by side, and the fail rate holds back advice to go faster".into(),
        ..found
    })
}

/// What the services say that are compared each with itself.
fn within(metric: &Metric, change: &MetricChange) -> ChangeVerdict {
    let none = if change.contrast == Some(ContrastKind::Ratio) { 1.0 } else { 0.0 };
    let interval = change.within_services.as_ref().and_then(|within| within.low.zip(within.high));
    let rises = match interval {
        Some((low, _)) if low > none => true,
        Some((_, high)) if high < none => false,
        _ => return ChangeVerdict::NoChangeShown,
    };
    match metric.higher_is_better {
        Some(higher_is_better) if higher_is_better == rises => ChangeVerdict::Better,
        Some(_) => ChangeVerdict::Worse,
        None => ChangeVerdict::Moved,
    }
}

/// What got better and what got worse, where there is something of both.
fn traded(changes: &[&MetricChange]) -> Option<String> {
    let those = |verdict: ChangeVerdict, word: &str| {
        let of_verdict = changes.iter().filter(|change| change.verdict == verdict);
        let told: Vec<String> = of_verdict.map(|change| format!("{} {word}", told(change))).collect();
        (!told.is_empty()).then(|| told.join(", "))
    };
    Some(format!("{}; {}", those(ChangeVerdict::Better, "better")?, those(ChangeVerdict::Worse, "worse")?))
}

fn told(change: &MetricChange) -> String {
    let unit = METRICS.iter().find(|metric| metric.id == change.metric).map_or(change.unit, |metric| metric.unit);
    let shown = |number: Option<f64>| number.map(|number| value(unit, number)).unwrap_or_default();
    format!("{} {} → {}", change.metric, shown(change.before), shown(change.after))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pitfalls::tests::{check_weeks, frequencies, with_fail_rates};

    fn weeks(before: u64, after: u64) -> Vec<u64> {
        [vec![before; 12], vec![after; 12]].concat()
    }

    #[test]
    fn more_deployments_and_more_failures_are_a_trade_and_more_deployments_alone_are_none() {
        let (quicker, worse) = (frequencies(&weeks(5, 15)), [[0.05; 12], [0.4; 12]].concat());
        let found = check_weeks(&TRADE_OFFS_BETWEEN_KEYS, vec![with_fail_rates(quicker, &worse)]).unwrap();
        assert_eq!(found.services, ["s0"]);
        assert!(found.evidence[0].contains("change_fail_rate") && found.evidence[0].contains("worse"));
        let alone = with_fail_rates(frequencies(&weeks(5, 15)), &[0.2; 24]);
        assert!(check_weeks(&TRADE_OFFS_BETWEEN_KEYS, vec![alone]).is_none());
        let better = with_fail_rates(frequencies(&weeks(5, 15)), &[[0.4; 12], [0.05; 12]].concat());
        assert!(check_weeks(&TRADE_OFFS_BETWEEN_KEYS, vec![better]).is_none(), "both got better");
    }

    #[test]
    fn small_steps_of_many_services_show_in_their_middle() {
        let service = |number: u64| {
            let rates = [[0.10; 12], [0.15 + 0.01 * (number % 3) as f64; 12]].concat();
            with_fail_rates(frequencies(&weeks(10, 12 + number % 2)), &rates)
        };
        let found = check_weeks(&TRADE_OFFS_BETWEEN_KEYS, (0..12).map(service).collect()).unwrap();
        assert!(found.evidence[0].starts_with("the middle service: "), "{:?}", found.evidence);
        assert!(check_weeks(&TRADE_OFFS_BETWEEN_KEYS, (0..3).map(service).collect()).is_none());
    }
}
