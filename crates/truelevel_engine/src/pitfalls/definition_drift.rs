//! Definitions that moved with the numbers.

use std::collections::BTreeMap;

use truelevel_report::numbers::{count, value};

use super::halves::keys;
use super::{Found, PitfallKind, Seen};
use crate::past::Summary;

truelevel_model::declare! {
    /// Definition drift
    ///
    /// Raised when the configuration (environments, patterns, thresholds, services), the catalog, the benchmark edition, the
    /// time zone or the definition of a metric changed between two of the last 13 snapshots that follow each other, or since
    /// the newest of them. What differs across such a change may come from it.
    ///
    /// What it cannot see: whether the change of a file matters, as it is known by its hash; and what changed within a
    /// source, as when incidents are filed by another rule.
    pub static DEFINITION_DRIFT: PitfallKind = {
        id: "definition_drift",
        find: find,
    };
}

/// A key that moved by less did not move with the definitions.
const WORTH_A_WORD: f64 = 1.1;

/// An assessment and what it stands on.
struct Side<'a> {
    name: String,
    configuration: Option<&'a str>,
    catalog: &'a str,
    summary: &'a Summary,
}

fn find(seen: &Seen<'_>) -> Option<Found> {
    let mut sides: Vec<Side<'_>> = seen
        .past
        .snapshots
        .iter()
        .map(|past| Side {
            name: format!("snapshot {} ({})", past.head.number, past.head.as_of.date()),
            configuration: Some(&past.head.configuration),
            catalog: &past.head.catalog,
            summary: &past.summary,
        })
        .collect();
    sides.push(Side {
        name: "this answer".to_owned(),
        configuration: seen.past.configuration.as_deref(),
        catalog: &seen.past.catalog,
        summary: seen.now,
    });
    let (mut found, mut moved) = (Found::default(), Vec::new());
    for [before, after] in sides.array_windows() {
        let changed = changed(before, after);
        if !changed.is_empty() {
            found.evidence.push(format!("{} to {}: {}", before.name, after.name, changed.join(", ")));
            // Of windows of two lengths the numbers differ anyway.
            if before.summary.window_days == after.summary.window_days {
                moved.extend(most_moved(before.summary, after.summary));
            }
        }
    }
    let times = found.evidence.len() as u64;
    let most = moved.into_iter().max_by(|a, b| a.0.total_cmp(&b.0)).filter(|(factor, _)| *factor >= WORTH_A_WORD);
    (times > 0).then(|| Found {
        finding: format!("what the numbers stand on changed {} over the last snapshots", count(times, "time")),
        effect: Some(most.map_or_else(
            || "no key moved by a tenth across it, as far as it can be compared".to_owned(),
            |(_, how)| how,
        )),
        response:
            "the change stands on top of each comparison across it; where it is the configuration or a definition, \
                   no change of a number is claimed"
                .into(),
        ..found
    })
}

fn changed(before: &Side<'_>, after: &Side<'_>) -> Vec<String> {
    let (first, second) = (before.summary, after.summary);
    let mut changed = Vec::new();
    if before.configuration.zip(after.configuration).is_some_and(|(before, after)| before != after) {
        changed.push("the configuration".to_owned());
    }
    if before.catalog != after.catalog {
        changed.push("the catalog".to_owned());
    }
    if first.edition != second.edition {
        changed.push(format!("the edition from {} to {}", first.edition, second.edition));
    }
    if first.time_zone != second.time_zone {
        changed.push(format!("the time zone from {} to {}", first.time_zone, second.time_zone));
    }
    for (id, later) in &second.metrics {
        let earlier = first.metrics.get(id).filter(|earlier| earlier.definition != later.definition);
        changed.extend(earlier.map(|earlier| format!("{} to {}", earlier.definition, later.definition)));
    }
    changed
}

/// By which factor a key moved most, and how.
fn most_moved(before: &Summary, after: &Summary) -> Option<(f64, String)> {
    let value_of = |summary: &Summary| -> BTreeMap<&str, f64> {
        let values = keys().filter_map(|key| Some((key.id, summary.metrics.get(key.id)?.value?)));
        values.filter(|(_, value)| *value > 0.0).collect()
    };
    let (first, second) = (value_of(before), value_of(after));
    let moved = keys().filter_map(|key| {
        let (earlier, later) = (*first.get(key.id)?, *second.get(key.id)?);
        let factor = (later / earlier).max(earlier / later);
        let (earlier, later) = (value(key.unit, earlier), value(key.unit, later));
        Some((factor, format!("{} went from {earlier} to {later} across it", key.id)))
    });
    moved.max_by(|a, b| a.0.total_cmp(&b.0))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::past::Past;
    use crate::pitfalls::tests::{check_past, kept, taken};

    #[test]
    fn a_configuration_that_changed_with_a_number_is_seen_and_numbers_that_move_alone_are_not() {
        let past = |configurations: &[&str]| Past {
            snapshots: (1..)
                .zip(configurations)
                .map(|(number, hash)| {
                    let mut snapshot = taken(number, 90);
                    snapshot.head.configuration = (*hash).to_owned();
                    snapshot.summary = kept(90, 0.2 / number as f64);
                    snapshot
                })
                .collect(),
            configuration: configurations.last().map(|hash| (*hash).to_owned()),
            ..Past::default()
        };
        let found = check_past(&DEFINITION_DRIFT, &past(&["a", "a", "b"]), &kept(90, 0.05)).unwrap();
        assert_eq!(found.evidence, ["snapshot 2 (1970-01-15) to snapshot 3 (1970-01-22): the configuration"]);
        assert_eq!(found.effect.as_deref(), Some("change_fail_rate went from 10 % to 6.7 % across it"));
        assert!(check_past(&DEFINITION_DRIFT, &past(&["a", "a", "a"]), &kept(90, 0.01)).is_none());
        assert!(check_past(&DEFINITION_DRIFT, &past(&[]), &kept(90, 0.01)).is_none());
    }

    #[test]
    fn another_definition_since_the_newest_snapshot_is_seen() {
        let past = Past { snapshots: vec![taken(1, 90)], ..Past::default() };
        let mut now = past.snapshots[0].summary.clone();
        now.metrics.values_mut().for_each(|metric| metric.definition = "change_fail_rate/9".to_owned());
        let found = check_past(&DEFINITION_DRIFT, &past, &now).unwrap();
        assert_eq!(
            found.evidence,
            ["snapshot 1 (1970-01-08) to this answer: change_fail_rate/1 to change_fail_rate/9"]
        );
        assert_eq!(found.effect.as_deref(), Some("no key moved by a tenth across it, as far as it can be compared"));
    }
}
