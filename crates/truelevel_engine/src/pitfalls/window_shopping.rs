//! Windows that were chosen.

use std::collections::BTreeMap;

use truelevel_metrics::Metric;
use truelevel_metrics::statistics::median;
use truelevel_report::numbers::{count, value};

use super::halves::{keys, over};
use super::{Found, PitfallKind, Seen};

truelevel_model::declare! {
    /// Window shopping
    ///
    /// Raised when the organisation has a usual window, that of more than half of at least three of the last 13 snapshots,
    /// and this answer or a snapshot looks at another one; or when a snapshot was taken by hand for an as-of more than a
    /// week past, while most were taken for their own day or filled in for every week. What the usual window and windows that
    /// ended one to four weeks earlier would have shown stands beside it, as the median over services of their weekly values.
    ///
    /// What it cannot see: an answer that nobody kept, and an as-of that was chosen for it; an answer uses nothing that came
    /// after its as-of.
    pub static WINDOW_SHOPPING: PitfallKind = {
        id: "window_shopping",
        find: find,
    };
}

/// Of fewer snapshots none is usual.
const FEWEST: usize = 3;
/// An as-of so far back was chosen.
const LATE_DAYS: f64 = 7.0;
/// By so many weeks a window is shifted.
const SHIFTED_WEEKS: usize = 4;

fn find(seen: &Seen<'_>) -> Option<Found> {
    let snapshots = &seen.past.snapshots;
    let usual = usual_days(seen).filter(|_| snapshots.len() >= FEWEST)?;
    let mut found = Found::default();
    let mut chosen = 0;
    for past in snapshots.iter().filter(|past| past.summary.window_days != usual) {
        let (number, days) = (past.head.number, past.summary.window_days);
        found.evidence.push(format!("snapshot {number} ({}) looks at {days} days", past.head.as_of.date()));
        chosen += 1;
    }
    let late = |past: &&crate::past::PastSnapshot| {
        !past.head.is_backfilled && past.head.taken_at.since(past.head.as_of).days() > LATE_DAYS
    };
    if snapshots.iter().filter(late).count() * 2 < snapshots.len() {
        for past in snapshots.iter().filter(late) {
            let days = past.head.taken_at.since(past.head.as_of).days().floor() as u64;
            found.evidence.push(format!(
                "snapshot {} was taken {} after its as-of",
                past.head.number,
                count(days, "day")
            ));
            chosen += 1;
        }
    }
    let is_other = seen.window_days != usual;
    if is_other {
        found.evidence.extend(keys().filter_map(|key| beside(seen, key, usual)));
    }
    let these = match (is_other, chosen) {
        (false, 0) => return None,
        (true, 0) => "this answer looks".to_owned(),
        (true, _) => format!("this answer and {} look", count(chosen, "snapshot")),
        (false, 1) => "1 snapshot looks".to_owned(),
        (false, _) => format!("{chosen} snapshots look"),
    };
    Some(Found {
        finding: format!("{these} at another window than the usual one, {usual} days up to the day itself"),
        effect: is_other.then(|| most_apart(seen, usual)).flatten(),
        response:
            "windows of other lengths are not compared; each snapshot says when it was taken and for when, and none \
                   can be taken back"
                .into(),
        ..found
    })
}

/// The window of more than half of the snapshots.
fn usual_days(seen: &Seen<'_>) -> Option<u32> {
    let mut by_days: BTreeMap<u32, usize> = BTreeMap::new();
    seen.past.snapshots.iter().for_each(|past| *by_days.entry(past.summary.window_days).or_default() += 1);
    by_days.into_iter().find(|(_, times)| times * 2 > seen.past.snapshots.len()).map(|(days, _)| days)
}

/// The median over services of what so many weeks say that ended some weeks before the newest.
fn middle(seen: &Seen<'_>, key: &Metric, days: u32, weeks_earlier: usize) -> Option<f64> {
    let weeks = (days as usize / 7).max(1);
    let of_services = seen.series(key).filter_map(|(_, series)| over(key, series, weeks, weeks_earlier));
    median(&of_services.collect::<Vec<f64>>())
}

fn beside(seen: &Seen<'_>, key: &Metric, usual: u32) -> Option<String> {
    let (here, there) = (middle(seen, key, seen.window_days, 0)?, middle(seen, key, usual, 0)?);
    let shifted: Vec<f64> =
        (1..=SHIFTED_WEEKS).filter_map(|earlier| middle(seen, key, seen.window_days, earlier)).collect();
    let least = shifted.iter().copied().reduce(f64::min)?;
    let most = shifted.iter().copied().reduce(f64::max)?;
    let shown = |number: f64| value(key.unit, number);
    Some(format!(
        "{}, by weeks: {} over {} days, {} over {usual}; one to four weeks earlier {} to {}",
        key.id,
        shown(here),
        seen.window_days,
        shown(there),
        shown(least),
        shown(most)
    ))
}

/// The key that the usual window shows most differently.
fn most_apart(seen: &Seen<'_>, usual: u32) -> Option<String> {
    let apart = keys().filter_map(|key| {
        let (here, there) = (middle(seen, key, seen.window_days, 0)?, middle(seen, key, usual, 0)?);
        let factor = (here / there).max(there / here);
        let (here, there) = (value(key.unit, here), value(key.unit, there));
        factor
            .is_finite()
            .then(|| (factor, format!("taken by weeks, {} is {here} here and {there} over the usual window", key.id)))
    });
    apart.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, how)| how)
}

#[cfg(test)]
mod tests {
    use truelevel_model::Span;

    use super::*;
    use crate::past::Past;
    use crate::pitfalls::tests::{check_past, frequencies, kept, seen_in, taken};

    #[test]
    fn another_window_than_the_usual_one_is_seen_and_a_first_one_is_not() {
        let past = |windows: &[u32]| Past {
            snapshots: (1..).zip(windows).map(|(number, days)| taken(number, *days)).collect(),
            ..Past::default()
        };
        let found = check_past(&WINDOW_SHOPPING, &past(&[90, 90, 30]), &kept(90, 0.1)).unwrap();
        assert_eq!(found.evidence, ["snapshot 3 (1970-01-22) looks at 30 days"]);
        assert!(check_past(&WINDOW_SHOPPING, &past(&[90, 90, 90]), &kept(90, 0.1)).is_none());
        assert!(check_past(&WINDOW_SHOPPING, &past(&[90, 30]), &kept(90, 0.1)).is_none(), "too few to be usual");
        assert!(check_past(&WINDOW_SHOPPING, &past(&[]), &kept(30, 0.1)).is_none());
    }

    #[test]
    fn an_as_of_that_was_chosen_is_seen_and_filled_in_weeks_are_not() {
        let past = |is_backfilled: bool| {
            let mut snapshots: Vec<_> = (1..=4).map(|number| taken(number, 90)).collect();
            snapshots[1].head.taken_at = snapshots[1].head.as_of.plus(Span::from_millis(20 * 86_400_000));
            snapshots[1].head.is_backfilled = is_backfilled;
            Past { snapshots, ..Past::default() }
        };
        let found = check_past(&WINDOW_SHOPPING, &past(false), &kept(90, 0.1)).unwrap();
        assert_eq!(found.evidence, ["snapshot 2 was taken 20 days after its as-of"]);
        assert!(check_past(&WINDOW_SHOPPING, &past(true), &kept(90, 0.1)).is_none());
    }

    #[test]
    fn what_the_usual_window_shows_stands_beside() {
        let busy_at_the_end: Vec<u64> = [[2; 22].as_slice(), &[8; 4]].concat();
        let weeks = [frequencies(&busy_at_the_end)];
        let past = Past { snapshots: (1..=3).map(|number| taken(number, 84)).collect(), ..Past::default() };
        let found = seen_in(&WINDOW_SHOPPING, &weeks, &past, &kept(28, 0.1)).unwrap();
        let effect = "taken by weeks, deployment_frequency is 1.1 per day here and 4 per week over the usual window";
        assert_eq!(found.effect.as_deref(), Some(effect), "{:?}", found.evidence);
    }
}
