use truelevel_model::{ChangeIndex, CommitId, History, HistoryBuilder, RepositoryId, StoredChange, Tag};
use truelevel_store::{Store, StoreError};

use crate::examples::{at, changes, commit};
use crate::places::{Place, promises};

fn shop() -> RepositoryId {
    RepositoryId::new("shop")
}

fn rows(history: &History) -> Vec<StoredChange<'_>> {
    history.indices().map(|place| history.stored(place)).collect()
}

fn a_history_is_read_back_exactly(place: &Place) {
    let mut store = place.fresh();
    let given = History::from_changes(changes(1000));
    store.append_history(&shop(), &given, 0).unwrap();
    let read = store.history(&shop()).unwrap();
    assert_eq!(rows(&read), rows(&given));
    let cut_off = read.find(&commit(97)).unwrap();
    assert!(read.has_missing_parent(cut_off) && read.is_merge(cut_off));
    assert!(given.indices().all(|place| read.find(&given.id(place)) == Some(place)));
    assert_eq!(store.repositories().unwrap(), [shop()]);
}

fn a_repository_never_collected_has_no_history(place: &Place) {
    let store = place.fresh();
    let history = store.history(&shop()).unwrap();
    assert!(history.is_empty());
    assert_eq!(history.find(&commit(1)), None);
    assert_eq!(store.tags(&shop()).unwrap(), []);
    assert_eq!(store.repositories().unwrap(), []);
}

fn appending_continues_the_places_also_over_batches(place: &Place) {
    let mut store = place.fresh();
    let all = changes(120_000);
    let first = History::from_changes(all[..500].iter().cloned());
    store.append_history(&shop(), &first, 0).unwrap();
    let mut builder = HistoryBuilder::continuing(store.history(&shop()).unwrap());
    all[500..].iter().for_each(|change| builder.push(change));
    let longer = builder.finish();
    store.append_history(&shop(), &longer, first.len()).unwrap();
    let read = store.history(&shop()).unwrap();
    assert_eq!(read.len(), 120_000);
    assert!(rows(&read) == rows(&longer), "what was appended differs");
    store.append_history(&shop(), &longer, longer.len()).unwrap();
    assert_eq!(store.history(&shop()).unwrap().len(), 120_000);
}

fn appending_where_the_history_does_not_end_is_refused_and_changes_nothing(place: &Place) {
    let mut store = place.fresh();
    let history = History::from_changes(changes(10));
    store.append_history(&shop(), &history, 0).unwrap();
    let longer = History::from_changes(changes(20));
    for from in [0, 9, 11] {
        match store.append_history(&shop(), &longer, from) {
            Err(StoreError::HistoryMoved { stored: 10, from: told, .. }) => assert_eq!(told, from),
            other => panic!("{other:?}"),
        }
    }
    assert_eq!(rows(&store.history(&shop()).unwrap()), rows(&history));
}

fn a_replaced_history_forgets_the_one_before_and_no_other_repository(place: &Place) {
    let mut store = place.fresh();
    let basket = RepositoryId::new("basket");
    let long = History::from_changes(changes(300));
    let short = History::from_changes(changes(30).into_iter().rev());
    store.append_history(&shop(), &long, 0).unwrap();
    store.append_history(&basket, &long, 0).unwrap();
    store.replace_history(&shop(), &short).unwrap();
    assert_eq!(rows(&store.history(&shop()).unwrap()), rows(&short));
    assert_eq!(rows(&store.history(&basket).unwrap()), rows(&long));
    store.replace_history(&basket, &History::default()).unwrap();
    assert_eq!(store.repositories().unwrap(), [shop()]);
}

fn parents_beyond_the_history_are_told_as_damage(place: &Place) {
    let check = |sql: &str| {
        let mut store = place.store();
        store.replace_history(&shop(), &History::from_changes(changes(5))).unwrap();
        place.execute(sql).unwrap();
        let told = store.history(&shop()).unwrap_err();
        assert!(matches!(told, StoreError::Damaged { .. }), "{told:?}");
        assert!(told.to_string().contains(" is damaged"), "{told}");
    };
    check("UPDATE change SET parents = x'05000000' WHERE place = 4");
    check("UPDATE change SET parents = x'0500' WHERE place = 4");
    check("DELETE FROM change WHERE place = 2");
    check("UPDATE change SET flags = 256 WHERE place = 2");
}

fn tags_are_replaced_together(place: &Place) {
    let mut store = place.fresh();
    let tag = |name: &str, number| Tag { name: name.to_owned(), commit: commit(number), tagged_at: None };
    let dated = Tag { tagged_at: Some(at(5)), ..tag("v1", 1) };
    store.replace_tags(&shop(), &[tag("v2", 2), dated.clone()]).unwrap();
    assert_eq!(store.tags(&shop()).unwrap(), [dated, tag("v2", 2)]);
    store.replace_tags(&shop(), &[tag("v3", 3), tag("v3", 4)]).unwrap();
    assert_eq!(store.tags(&shop()).unwrap(), [tag("v3", 4)]);
    assert_eq!(store.tags(&"basket".into()).unwrap(), []);
}

fn places_are_those_of_the_history(place: &Place) {
    let mut store = place.fresh();
    let history = History::from_changes(changes(50).into_iter().rev());
    store.append_history(&shop(), &history, 0).unwrap();
    let read = store.history(&shop()).unwrap();
    assert_eq!(read.find(&history.id(ChangeIndex(33))), Some(ChangeIndex(33)));
}

fn a_commit_is_found_whatever_its_repository(place: &Place) {
    let mut store = place.fresh();
    let history = History::from_changes(changes(10));
    for repository in ["a", "shop"] {
        store.append_history(&repository.into(), &history, 0).unwrap();
    }
    let last = changes(10).pop().unwrap();
    assert_eq!(store.committed_at(&last.id).unwrap(), Some(last.committed_at));
    assert_eq!(store.committed_at(&CommitId([0xff; 20])).unwrap(), None);
}

promises![
    a_commit_is_found_whatever_its_repository,
    a_history_is_read_back_exactly,
    a_replaced_history_forgets_the_one_before_and_no_other_repository,
    a_repository_never_collected_has_no_history,
    appending_continues_the_places_also_over_batches,
    appending_where_the_history_does_not_end_is_refused_and_changes_nothing,
    parents_beyond_the_history_are_told_as_damage,
    places_are_those_of_the_history,
    tags_are_replaced_together,
];
