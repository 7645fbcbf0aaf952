//! Every promise in PostgreSQL too, and what concerns it alone.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use truelevel_store::{SqlStore, StoreError};

use crate::cluster::Cluster;
use crate::places::{Place, Promise};
use crate::{
    access, concurrency, copying, dashboards, events, facts, files, histories, migrations, order, snapshots, views,
};

#[test]
fn postgresql_keeps_every_promise() {
    let Some(cluster) = Cluster::start() else { return };
    let cluster = Arc::new(cluster);
    let own: &[Promise] = &[
        ("a_schema_of_another_program_is_refused", a_schema_of_another_program_is_refused),
        ("many_may_bring_a_schema_up_to_date_at_once", many_may_bring_a_schema_up_to_date_at_once),
        ("a_store_goes_on_after_its_connection_was_cut", a_store_goes_on_after_its_connection_was_cut),
        ("what_cannot_be_reached_is_told_without_the_password", what_cannot_be_reached_is_told_without_the_password),
    ];
    let shared = [
        access::PROMISES,
        concurrency::PROMISES,
        copying::PROMISES,
        dashboards::PROMISES,
        events::PROMISES,
        facts::PROMISES,
        files::PROMISES,
        histories::PROMISES,
        migrations::PROMISES,
        order::PROMISES,
        snapshots::PROMISES,
        views::PROMISES,
        own,
    ];
    let broken: Vec<&str> = shared
        .concat()
        .into_iter()
        .filter(|(_, promise)| catch_unwind(AssertUnwindSafe(|| promise(&Place::postgres(&cluster)))).is_err())
        .map(|(name, _)| name)
        .collect();
    a_store_goes_on_after_its_server_was_started_again(&cluster);
    assert!(broken.is_empty(), "promises that PostgreSQL does not keep: {broken:#?}");
}

fn address(place: &Place) -> String {
    let Place::Postgres { cluster, schema } = place else { panic!("this is about PostgreSQL") };
    cluster.url(schema)
}

fn a_schema_of_another_program_is_refused(place: &Place) {
    place.execute("CREATE TABLE songs (title text)").unwrap();
    let refused = SqlStore::on_server(&address(place)).unwrap_err();
    assert!(matches!(refused, StoreError::NotAStore { .. }), "{refused:?}");
    assert!(refused.to_string().contains("the schema holds tables of another program"), "{refused}");
    assert_eq!(place.query("SELECT count(*) FROM pg_tables WHERE schemaname = current_schema()")[0][0].1, "1");
}

fn many_may_bring_a_schema_up_to_date_at_once(place: &Place) {
    let version = |place: &Place| place.query("SELECT version FROM truelevel")[0][0].1.clone();
    drop(place.store());
    for _ in 0..5 {
        let other = place.another();
        std::thread::scope(|scope| (0..6).for_each(|_| drop(scope.spawn(|| other.store()))));
        assert_eq!(version(&other), version(place));
    }
}

fn a_store_goes_on_after_its_connection_was_cut(place: &Place) {
    use truelevel_store::Store;
    let mut store = place.store();
    store.set_collected("shop", "1").unwrap();
    let cut = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity
               WHERE application_name = 'truelevel' AND pid <> pg_backend_pid()";
    place.query(&format!("SELECT count(*) FROM ({cut}) AS cut"));
    // The first call may still be told of it; nothing is lost, and the next one goes on.
    let _ = store.set_collected("shop", "2");
    store.set_collected("shop", "3").unwrap();
    assert_eq!(store.collected("shop").unwrap().as_deref(), Some("3"));
}

fn a_store_goes_on_after_its_server_was_started_again(cluster: &Arc<Cluster>) {
    use truelevel_store::Store;
    let mut store = Place::postgres(cluster).store();
    store.set_collected("shop", "1").unwrap();
    cluster.stop();
    let told = store.set_collected("shop", "2").unwrap_err();
    assert!(matches!(told, StoreError::Unreachable { .. }), "{told:?}");
    cluster.start_again();
    store.set_collected("shop", "3").unwrap();
    assert_eq!(store.collected("shop").unwrap().as_deref(), Some("3"));
}

fn what_cannot_be_reached_is_told_without_the_password(_: &Place) {
    let check = |address: &str, expected: &str| {
        let told = SqlStore::on_server(address).unwrap_err();
        assert!(matches!(told, StoreError::Unreachable { .. }), "{told:?}");
        assert!(told.to_string().contains(expected), "{told}");
        assert!(!format!("{told} {told:?}").contains("s3cret"), "{told:?}");
    };
    // Nobody listens on a port that needs privileges and is not assigned.
    check("postgres://me:s3cret@127.0.0.1:4/facts", "postgres://127.0.0.1:4/facts cannot be reached");
    check("postgres://me:s3cret@%2Fnowhere/facts", "postgres:///nowhere:5432/facts cannot be reached");
}
