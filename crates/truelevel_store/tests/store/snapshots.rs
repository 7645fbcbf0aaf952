//! Snapshots are only added, and a change of any of them shows.

use truelevel_model::Time;
use truelevel_model::snapshot::NewSnapshot;
use truelevel_store::{SqlStore, Store};

use crate::places::{Place, promises};

fn snapshot(day: i64) -> NewSnapshot {
    NewSnapshot {
        as_of: Time::from_seconds(day * 86_400),
        taken_at: Time::from_seconds(day * 86_400 + 60),
        is_backfilled: day % 2 == 0,
        configuration: "c0".to_owned(),
        catalog: "ca".to_owned(),
        data_until: (day > 1).then(|| Time::from_seconds(day * 86_400 - 60)),
        assessment: format!("{{\"day\":{day}}}"),
        summary: if day == 2 { "the second".to_owned() } else { String::new() },
    }
}

fn with_three(place: &Place) -> SqlStore {
    let mut store = place.store();
    for day in 1..=3 {
        store.append_snapshot(&snapshot(day)).unwrap();
    }
    store
}

fn snapshots_come_back_as_they_were_and_each_holds_the_hash_of_the_one_before(place: &Place) {
    let store = with_three(place);
    let heads = store.snapshots().unwrap();
    assert_eq!(heads.iter().map(|head| head.number).collect::<Vec<_>>(), [1, 2, 3]);
    assert_eq!(heads[0].previous, "0".repeat(64));
    assert_eq!((&heads[1].previous, &heads[2].previous), (&heads[0].hash, &heads[1].hash));
    let stored = store.snapshot(2).unwrap().unwrap();
    assert_eq!((&stored.head, stored.assessment.as_str()), (&heads[1], "{\"day\":2}"));
    assert_eq!((stored.head.as_of, stored.head.is_backfilled), (snapshot(2).as_of, true));
    assert_eq!(store.snapshot(4).unwrap(), None);
    let summaries = [1, 2, 4].map(|number| store.snapshot_summary(number).unwrap());
    assert_eq!(summaries, [Some(String::new()), Some("the second".to_owned()), None]);
    assert_eq!(stored.summary, "the second");
    assert_eq!(store.verify_snapshots().unwrap(), None);
    drop(store);
    let reopened = place.store();
    assert_eq!(reopened.snapshots().unwrap(), heads);
}

fn no_snapshot_can_be_changed_or_deleted(place: &Place) {
    let store = with_three(place);
    for sql in ["UPDATE snapshot SET assessment = ''", "DELETE FROM snapshot WHERE number = 3"] {
        let refused = place.execute(sql).unwrap_err();
        assert!(refused.contains("snapshots are only added"), "{refused}");
    }
    assert_eq!(store.snapshots().unwrap().len(), 3);
}

fn the_first_broken_link_is_named(place: &Place) {
    for (sql, number, reason) in [
        ("UPDATE snapshot SET assessment = '{\"day\":9}' WHERE number = 2", 2, "not what was hashed"),
        ("UPDATE snapshot SET as_of = as_of + 1 WHERE number = 1", 1, "not what was hashed"),
        ("UPDATE snapshot SET summary = 'better' WHERE number = 3", 3, "not what was hashed"),
        ("DELETE FROM snapshot WHERE number = 2", 3, "snapshot 2 before it is missing"),
        ("DELETE FROM snapshot WHERE number = 1", 2, "snapshot 1 before it is missing"),
        (
            "UPDATE snapshot SET previous = x'0000000000000000000000000000000000000000000000000000000000000000' WHERE number = 3",
            3,
            "the hash of the one before",
        ),
    ] {
        let place = place.another();
        let store = with_three(&place);
        // Somebody who owns the store can drop what guards it.
        place.execute(&place.unguarded()).unwrap();
        place.execute(sql).unwrap();
        let broken = store.verify_snapshots().unwrap().unwrap();
        assert_eq!(broken.number, number, "{sql}");
        assert!(broken.reason.contains(reason), "{sql}: {}", broken.reason);
    }
}

promises![
    no_snapshot_can_be_changed_or_deleted,
    snapshots_come_back_as_they_were_and_each_holds_the_hash_of_the_one_before,
    the_first_broken_link_is_named,
];
