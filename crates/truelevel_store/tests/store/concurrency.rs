use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use truelevel_model::facts::Facts;
use truelevel_model::{Deployment, History};
use truelevel_store::{Store, StoreError};

use crate::examples::{at, changes, deployment};
use crate::places::{Place, promises};

const BATCHES: usize = 30;
const BATCH: usize = 20;

fn write_batches(place: &Place, writer: &str) {
    let mut store = place.store();
    for batch in 0..BATCHES {
        let deployments = (0..BATCH)
            .map(|number| Deployment {
                service: format!("{writer}-{}", number % 3).as_str().into(),
                finished_at: at(batch as i64),
                ..deployment(&format!("{writer}-{batch}-{number}"))
            })
            .collect();
        store.write(&Facts { deployments, ..Facts::default() }).unwrap();
    }
}

fn assert_sound(place: &Place) {
    if place.is_postgres() {
        return; // It checks pages and references by itself.
    }
    assert_eq!(place.query("PRAGMA integrity_check")[0][0].1, "ok");
    assert!(place.query("PRAGMA foreign_key_check").is_empty());
}

fn a_reader_sees_whole_writes_only_while_two_others_write(place: &Place) {
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let store = place.store();
            let mut seen = 0;
            loop {
                let was_done = is_done.load(Ordering::Acquire);
                let now = store.deployments().unwrap().len();
                assert!(now >= seen && now.is_multiple_of(BATCH), "{seen} then {now}");
                seen = now;
                if was_done {
                    return seen;
                }
            }
        });
        let writers = ["a", "b"].map(|writer| scope.spawn(move || write_batches(place, writer)));
        let ended = writers.map(|writer| writer.join());
        is_done.store(true, Ordering::Release);
        assert!(ended.iter().all(Result::is_ok));
        assert_eq!(reader.join().unwrap(), 2 * BATCHES * BATCH);
    });
    assert_sound(place);
}

fn many_may_open_a_new_store_at_once(place: &Place) {
    for _ in 0..10 {
        let place = &place.another();
        let barrier = Barrier::new(6);
        let mut salts: Vec<_> = thread::scope(|scope| {
            let openers: Vec<_> = (0..6)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        place.store().salt().unwrap()
                    })
                })
                .collect();
            openers.into_iter().map(|opener| opener.join().unwrap()).collect()
        });
        salts.dedup();
        assert_eq!(salts.len(), 1);
        assert_sound(place);
    }
}

fn of_two_collectors_of_one_repository_the_second_is_told_and_nothing_is_doubled(place: &Place) {
    let history = History::from_changes(changes(100));
    let mut first = place.store();
    let mut second = place.store();
    assert!(second.history(&"shop".into()).unwrap().is_empty());
    first.append_history(&"shop".into(), &history, 0).unwrap();
    let refused = second.append_history(&"shop".into(), &history, 0);
    assert!(matches!(refused, Err(StoreError::HistoryMoved { stored: 100, from: 0, .. })), "{refused:?}");
    assert_eq!(second.history(&"shop".into()).unwrap().len(), 100);
}

promises![
    a_reader_sees_whole_writes_only_while_two_others_write,
    many_may_open_a_new_store_at_once,
    of_two_collectors_of_one_repository_the_second_is_told_and_nothing_is_doubled,
];
