use std::path::Path;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rusqlite::Connection;
use tempfile::tempdir;
use truelevel_model::facts::Facts;
use truelevel_model::{Deployment, History};
use truelevel_store::{SqliteStore, Store, StoreError};

use crate::examples::{at, changes, deployment};

const BATCHES: usize = 30;
const BATCH: usize = 20;

fn write_batches(file: &Path, writer: &str) {
    let mut store = SqliteStore::open(file).unwrap();
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

fn assert_sound(file: &Path) {
    let connection = Connection::open(file).unwrap();
    let told: String = connection.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
    assert_eq!(told, "ok");
    let orphans = connection.prepare("PRAGMA foreign_key_check").unwrap().exists([]).unwrap();
    assert!(!orphans);
}

#[test]
fn a_reader_sees_whole_writes_only_while_two_others_write() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("store.db");
    let is_done = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let store = SqliteStore::open(&file).unwrap();
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
        let writers = ["a", "b"].map(|writer| {
            let file = &file;
            scope.spawn(move || write_batches(file, writer))
        });
        let ended = writers.map(|writer| writer.join());
        is_done.store(true, Ordering::Release);
        assert!(ended.iter().all(Result::is_ok));
        assert_eq!(reader.join().unwrap(), 2 * BATCHES * BATCH);
    });
    assert_sound(&file);
}

#[test]
fn many_may_open_a_new_store_at_once() {
    for _ in 0..10 {
        let folder = tempdir().unwrap();
        let file = folder.path().join("new/store.db");
        let barrier = Barrier::new(6);
        let mut salts: Vec<_> = thread::scope(|scope| {
            let openers: Vec<_> = (0..6)
                .map(|_| {
                    scope.spawn(|| {
                        barrier.wait();
                        SqliteStore::open(&file).unwrap().salt().unwrap()
                    })
                })
                .collect();
            openers.into_iter().map(|opener| opener.join().unwrap()).collect()
        });
        salts.dedup();
        assert_eq!(salts.len(), 1);
        assert_sound(&file);
    }
}

#[test]
fn of_two_collectors_of_one_repository_the_second_is_told_and_nothing_is_doubled() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("store.db");
    let history = History::from_changes(changes(100));
    let mut first = SqliteStore::open(&file).unwrap();
    let mut second = SqliteStore::open(&file).unwrap();
    assert!(second.history(&"shop".into()).unwrap().is_empty());
    first.append_history(&"shop".into(), &history, 0).unwrap();
    let refused = second.append_history(&"shop".into(), &history, 0);
    assert!(matches!(refused, Err(StoreError::HistoryMoved { stored: 100, from: 0, .. })), "{refused:?}");
    assert_eq!(second.history(&"shop".into()).unwrap().len(), 100);
}
