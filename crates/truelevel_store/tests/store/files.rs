use std::fs;

use rusqlite::Connection;
use tempfile::tempdir;
use truelevel_store::{SqlStore, Store, StoreError};

use crate::examples::facts;
use crate::places::{Place, promises};

#[test]
fn opening_makes_the_folder_and_keeps_what_was_written() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("deep/.truelevel/store.db");
    let salt = {
        let mut store = SqlStore::in_file(&file).unwrap();
        store.write(&facts()).unwrap();
        store.salt().unwrap()
    };
    let store = SqlStore::in_file(&file).unwrap();
    assert_eq!(store.salt().unwrap(), salt);
    assert_eq!(store.deployments().unwrap(), facts().deployments);
}

fn every_store_has_a_salt_of_its_own(place: &Place) {
    let salt = || place.fresh().salt().unwrap();
    assert_eq!(salt().len(), 32);
    assert_ne!(salt(), salt());
}

fn a_store_is_opened_again_with_what_was_written(place: &Place) {
    let mut store = place.store();
    store.write(&facts()).unwrap();
    let again = place.store();
    assert_eq!(again.salt().unwrap(), store.salt().unwrap());
    assert_eq!(again.deployments().unwrap(), facts().deployments);
    assert_eq!(store.reader().unwrap().reviews().unwrap(), facts().reviews);
}

fn a_newer_store_is_refused_whatever_keeps_it(place: &Place) {
    let store = place.store();
    let newer = if place.is_postgres() { "UPDATE truelevel SET version = 99" } else { "PRAGMA user_version = 99" };
    place.execute(newer).unwrap();
    let refused = store.reader().err().unwrap();
    assert!(matches!(refused, StoreError::Newer { found: 99, .. }), "{refused:?}");
    assert!(refused.to_string().contains("was written by a newer Truelevel (store version 99"), "{refused}");
}

#[test]
fn a_newer_store_is_refused_and_left_as_it_is() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("store.db");
    drop(SqlStore::in_file(&file).unwrap());
    Connection::open(&file).unwrap().pragma_update(None, "user_version", 99).unwrap();
    let refused = SqlStore::in_file(&file).unwrap_err();
    assert!(matches!(refused, StoreError::Newer { found: 99, supported: 10, .. }), "{refused:?}");
    assert!(refused.to_string().ends_with(
        "store.db was written by a newer Truelevel (store version 99, this one reads up to 10); install that version, \
         or name another store"
    ));
    let version: i64 = Connection::open(&file).unwrap().query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    assert_eq!(version, 99);
}

#[test]
fn a_text_file_is_refused_and_left_as_it_is() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("notes.txt");
    let text = "these are notes, not a database\n".repeat(100);
    fs::write(&file, &text).unwrap();
    let refused = SqlStore::in_file(&file).unwrap_err();
    assert!(matches!(refused, StoreError::NotAStore { .. }), "{refused:?}");
    assert!(refused.to_string().contains("notes.txt is not a Truelevel store: it is not an SQLite database"));
    assert_eq!(fs::read_to_string(&file).unwrap(), text);
}

#[test]
fn the_database_of_another_program_is_refused_and_left_as_it_is() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("other.db");
    Connection::open(&file).unwrap().execute_batch("CREATE TABLE songs (title TEXT)").unwrap();
    let before = fs::read(&file).unwrap();
    let refused = SqlStore::in_file(&file).unwrap_err();
    assert!(refused.to_string().contains("it is an SQLite database of another program"), "{refused}");
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn a_store_whose_pages_were_overwritten_is_told_as_damaged() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("store.db");
    drop(SqlStore::in_file(&file).unwrap());
    let mut bytes = fs::read(&file).unwrap();
    bytes[8192..].fill(0xa5);
    fs::write(&file, bytes).unwrap();
    let told = SqlStore::in_file(&file).and_then(|store| store.deployments()).unwrap_err();
    assert!(matches!(told, StoreError::Damaged { .. }), "{told:?}");
}

#[test]
fn a_folder_is_no_store() {
    let folder = tempdir().unwrap();
    let refused = SqlStore::in_file(folder.path()).unwrap_err();
    assert!(matches!(refused, StoreError::Io { .. }), "{refused:?}");
    assert!(refused.to_string().starts_with("cannot open the store ("), "{refused}");
}

#[test]
fn a_file_where_the_folder_should_be_is_told() {
    let folder = tempdir().unwrap();
    fs::write(folder.path().join(".truelevel"), "").unwrap();
    let refused = SqlStore::in_file(folder.path().join(".truelevel/store.db")).unwrap_err();
    assert!(refused.to_string().contains("its folder cannot be made"), "{refused}");
}

#[test]
fn a_store_writes_ahead_in_large_pages() {
    let folder = tempdir().unwrap();
    let file = folder.path().join("store.db");
    drop(SqlStore::in_file(&file).unwrap());
    let connection = Connection::open(&file).unwrap();
    let mode: String = connection.query_row("PRAGMA journal_mode", [], |row| row.get(0)).unwrap();
    let page_bytes: i64 = connection.query_row("PRAGMA page_size", [], |row| row.get(0)).unwrap();
    assert_eq!((mode.as_str(), page_bytes), ("wal", 8192));
}

promises![
    a_newer_store_is_refused_whatever_keeps_it,
    a_store_is_opened_again_with_what_was_written,
    every_store_has_a_salt_of_its_own,
];
#[test]
fn a_backup_is_whole_while_others_write_and_never_replaces_a_file() {
    let folder = tempdir().unwrap();
    let (file, copy) = (folder.path().join("store.db"), folder.path().join("it's a copy.db"));
    let mut store = SqlStore::in_file(&file).unwrap();
    store.write(&facts()).unwrap();
    let writer = Connection::open(&file).unwrap();
    writer.execute_batch("BEGIN IMMEDIATE; DELETE FROM deployment").unwrap();
    store.back_up(&copy).unwrap();
    drop(writer);
    assert_eq!(SqlStore::in_file(&copy).unwrap().deployments().unwrap(), facts().deployments);
    let refused = store.back_up(&copy).unwrap_err();
    assert!(refused.to_string().contains("it's a copy.db"), "{refused}");
    assert_eq!(SqlStore::in_file(&copy).unwrap().salt().unwrap(), store.salt().unwrap());
}
