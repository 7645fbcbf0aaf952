//! A store that an earlier Truelevel wrote is brought up to date, from every version there was.

use rusqlite::Connection;
use tempfile::tempdir;
use truelevel_store::{SqlStore, Store};

use crate::examples::{changes, deployment, facts};
use truelevel_model::History;

/// What each version added, oldest first.
const VERSIONS: &[&str] = &[
    include_str!("../../migrations/sqlite/0001_facts.sql"),
    include_str!("../../migrations/sqlite/0002_snapshots.sql"),
    include_str!("../../migrations/sqlite/0003_events.sql"),
    include_str!("../../migrations/sqlite/0004_measurements.sql"),
];

/// As a released Truelevel left it, with facts in it.
const OLD_FACTS: &str = "
    INSERT INTO source (key, name) VALUES (1, 'deployments:example');
    INSERT INTO service (key, name) VALUES (1, 'shop');
    INSERT INTO environment (key, name) VALUES (1, 'production');
    INSERT INTO deployment (service, environment, finished_at, sequence, source, id, version, outcome,
                            is_initial_state, observed_at)
    VALUES (1, 1, 1787331600000, 0, 1, '1', '1.2.3', 'succeeded', 0, 1787331601000)";

#[test]
fn a_store_of_every_earlier_version_keeps_its_facts_and_takes_new_ones() {
    for version in 1..=VERSIONS.len() {
        let folder = tempdir().unwrap();
        let file = folder.path().join("store.db");
        let connection = Connection::open(&file).unwrap();
        connection.execute_batch(&VERSIONS[..version].join("\n")).unwrap();
        connection.execute_batch(OLD_FACTS).unwrap();
        connection.pragma_update(None, "application_id", 0x5452_4c56).unwrap();
        connection.pragma_update(None, "user_version", version as i64).unwrap();
        drop(connection);
        let mut store = SqlStore::in_file(&file).unwrap();
        let kept = store.deployments().unwrap();
        let known = deployment("1");
        assert_eq!((kept.len(), &kept[0].version, kept[0].finished_at), (1, &known.version, known.finished_at));
        store.write(&facts()).unwrap();
        store.append_history(&"shop".into(), &History::from_changes(changes(10)), 0).unwrap();
        assert_eq!(store.deployments().unwrap(), facts().deployments, "from version {version}");
    }
}
