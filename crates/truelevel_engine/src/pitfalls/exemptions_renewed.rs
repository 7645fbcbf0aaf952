//! Exemptions that are put off again.

use std::collections::BTreeMap;

use truelevel_report::numbers::count;

use super::{Found, PitfallKind, Seen};

truelevel_model::declare! {
    /// Exemptions renewed
    ///
    /// Raised when the end of an exemption from a gate was moved to a later day between two of the last 13 snapshots, or since
    /// the newest of them, and it holds today: what was to be mended by a day was put off.
    ///
    /// What it cannot see: exemptions of snapshots that were taken by a version that did not keep them, and one that was taken
    /// back and given again under another gate or service.
    pub static EXEMPTIONS_RENEWED: PitfallKind = {
        id: "exemptions_renewed",
        find: find,
    };
}

fn find(seen: &Seen<'_>) -> Option<Found> {
    // The days that each was to end on, in the order in which they were known.
    let mut ends: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let past = seen.past.snapshots.iter().map(|past| &past.summary);
    for (what, end) in past.chain([seen.now]).flat_map(|summary| &summary.exemptions) {
        let ends = ends.entry(what).or_default();
        // Days are written so that a later one is greater.
        if ends.last().is_none_or(|last| *last < end.as_str()) {
            ends.push(end);
        }
    }
    ends.retain(|what, ends| ends.len() > 1 && seen.now.exemptions.contains_key(*what));
    let renewals: usize = ends.values().map(|ends| ends.len() - 1).sum();
    let longest = ends.values().map(|ends| ends.len() - 1).max()?;
    Some(Found {
        finding: format!("{} put off, {} in all", exemptions(ends.len()), count(renewals as u64, "time")),
        effect: Some(format!(
            "the level with exemptions rests on what was to end before; the one put off most was put off {}",
            count(longest as u64, "time")
        )),
        response: "exemptions never change what is proven, and each ends on its day".into(),
        evidence: ends.iter().map(|(what, ends)| format!("{what}: to end on {}", ends.join(", then on "))).collect(),
        ..Found::default()
    })
}

fn exemptions(number: usize) -> String {
    if number == 1 { "1 exemption was".to_owned() } else { format!("{number} exemptions were") }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::past::{Past, Summary};
    use crate::pitfalls::tests::{check_past, kept, taken};
    use truelevel_model::assessment::Pitfall;

    /// What is said after snapshots and an answer with one exemption that ends on these days; none where there is none.
    fn planted(ends: &[Option<&str>]) -> Option<Pitfall> {
        let with = |summary: Summary, end: &Option<&str>| Summary {
            exemptions: end.iter().map(|end| ("tests of web".to_owned(), (*end).to_owned())).collect(),
            ..summary
        };
        let (now, before) = ends.split_last().unwrap();
        let mut past = Past::default();
        for (number, end) in (1..).zip(before) {
            let mut snapshot = taken(number, 90);
            snapshot.summary = with(snapshot.summary, end);
            past.snapshots.push(snapshot);
        }
        check_past(&EXEMPTIONS_RENEWED, &past, &with(kept(90, 0.1), now))
    }

    #[test]
    fn an_end_that_moves_out_is_told_with_its_days() {
        let (june, september, december) = (Some("2026-06-30"), Some("2026-09-30"), Some("2026-12-31"));
        let found = planted(&[june, june, september, december]).unwrap();
        assert_eq!(found.finding, "1 exemption was put off, 2 times in all");
        let days = "tests of web: to end on 2026-06-30, then on 2026-09-30, then on 2026-12-31";
        assert_eq!(found.evidence, [days]);
        assert!(planted(&[june, september]).is_some());
        assert!(planted(&[june, june]).is_none());
        assert!(planted(&[december, june]).is_none(), "it ends sooner");
        assert!(planted(&[june, september, None]).is_none(), "it was taken back");
        assert!(planted(&[None]).is_none());
    }
}
