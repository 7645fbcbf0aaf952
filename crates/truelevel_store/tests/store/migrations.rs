//! A store that an earlier Truelevel wrote is brought up to date, from every version there was.

use std::path::Path;

use truelevel_model::History;
use truelevel_store::Store;

use crate::examples::{changes, deployment, facts};
use crate::places::{Place, promises};

/// What each version added, oldest first: the files of a database's folder, in the order of their names.
fn versions(place: &Place) -> Vec<String> {
    let database = if place.is_postgres() { "postgres" } else { "sqlite" };
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("migrations").join(database);
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect()
}

/// What a Truelevel of this version leaves behind: its schema, marked as its own.
fn left_by(place: &Place, version: usize) {
    let schema = versions(place)[..version].join("\n");
    if place.is_postgres() {
        place.client().batch_execute(&schema).unwrap();
    } else {
        place.execute(&schema).unwrap();
    }
    let mark = if place.is_postgres() {
        format!(
            "CREATE TABLE truelevel (key bigint PRIMARY KEY CHECK (key = 1), version bigint NOT NULL);
             INSERT INTO truelevel (key, version) VALUES (1, {version})"
        )
    } else {
        format!("PRAGMA application_id = {}; PRAGMA user_version = {version}", 0x5452_4c56)
    };
    place.execute(&mark).unwrap();
}

/// Facts as the first version keeps them.
const OLD_FACTS: &str = "
    INSERT INTO source (name) VALUES ('deployments:example');
    INSERT INTO service (name) VALUES ('shop');
    INSERT INTO environment (name) VALUES ('production');
    INSERT INTO deployment (service, environment, finished_at, sequence, source, id, version, outcome,
                            is_initial_state, observed_at)
    SELECT service.key, environment.key, 1787331600000, 0, source.key, '1', '1.2.3', 'succeeded', 0, 1787331601000
    FROM service, environment, source";

fn a_store_of_every_earlier_version_keeps_its_facts_and_takes_new_ones(place: &Place) {
    for version in 1..=versions(place).len() {
        let place = place.another();
        left_by(&place, version);
        place.execute(OLD_FACTS).unwrap();
        let mut store = place.store();
        let kept = store.deployments().unwrap();
        let known = deployment("1");
        assert_eq!((kept.len(), &kept[0].version, kept[0].finished_at), (1, &known.version, known.finished_at));
        store.write(&facts()).unwrap();
        store.append_history(&"shop".into(), &History::from_changes(changes(10)), 0).unwrap();
        assert_eq!(store.deployments().unwrap(), facts().deployments, "from version {version}");
    }
}

promises![a_store_of_every_earlier_version_keeps_its_facts_and_takes_new_ones,];
