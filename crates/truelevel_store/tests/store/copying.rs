//! A store goes from one place to another as a whole.

use truelevel_model::History;
use truelevel_model::events::{RawEvent, Reading, Scope, Token};
use truelevel_model::snapshot::NewSnapshot;
use truelevel_store::{EventQuery, SqlStore, Store, StoreError};

use crate::examples::{at, changes, deployment, facts};
use crate::places::{Place, promises};

fn full(store: &mut SqlStore) {
    store.write(&facts()).unwrap();
    store.append_history(&"shop".into(), &History::from_changes(changes(12_000)), 0).unwrap();
    store.set_collected("shop", "1").unwrap();
    let assessment = "{\"nul\":\"\0\"}".to_owned();
    for day in 1..=3 {
        let (configuration, catalog, assessment) = ("c".to_owned(), "a".to_owned(), assessment.clone());
        let (as_of, taken_at) = (at(day * 86_400), at(day * 86_400 + 1));
        let (is_backfilled, data_until) = (false, None);
        store
            .append_snapshot(&NewSnapshot {
                as_of,
                taken_at,
                is_backfilled,
                configuration,
                catalog,
                data_until,
                assessment,
                summary: String::new(),
            })
            .unwrap();
    }
    let raw = |delivery: &str| RawEvent {
        sender: "github".to_owned(),
        delivery: delivery.to_owned(),
        repeats: Vec::new(),
        kind: "push".to_owned(),
        body: vec![0, 255],
        received_at: at(0),
    };
    store.receive(&[(raw("a"), Reading::problem("no service")), (raw("b"), Reading::default())]).unwrap();
    let (name, scope) = ("ci".to_owned(), Scope::Read);
    store
        .add_token(&Token {
            name,
            hash: [7; 32],
            scope,
            created_at: at(0),
            expires_at: None,
            revoked_at: None,
            used_at: None,
        })
        .unwrap();
}

fn assert_same(left: &SqlStore, right: &SqlStore) {
    let everything = EventQuery { limit: 10, ..EventQuery::default() };
    assert_eq!(left.salt().unwrap(), right.salt().unwrap());
    assert_eq!(left.deployments().unwrap(), right.deployments().unwrap());
    assert_eq!(left.evidence().unwrap(), right.evidence().unwrap());
    assert_eq!(left.gate_answers().unwrap(), right.gate_answers().unwrap());
    assert_eq!(left.snapshots().unwrap(), right.snapshots().unwrap());
    assert_eq!(left.snapshot(3).unwrap(), right.snapshot(3).unwrap());
    assert_eq!(left.events(&everything).unwrap(), right.events(&everything).unwrap());
    assert_eq!(left.tokens().unwrap(), right.tokens().unwrap());
    let rows = |store: &SqlStore| {
        let history = store.history(&"shop".into()).unwrap();
        history.indices().map(|place| history.id(place)).collect::<Vec<_>>()
    };
    assert_eq!(rows(left), rows(right));
}

fn everything_goes_over_and_back_and_can_be_gone_on_with(place: &Place) {
    let mut original = SqlStore::in_memory().unwrap();
    full(&mut original);
    let mut copy = place.store();
    original.copy_to(&mut copy).unwrap();
    assert_same(&original, &copy);
    let mut back = SqlStore::in_memory().unwrap();
    let counts = copy.copy_to(&mut back).unwrap();
    assert_same(&original, &back);
    assert!(counts.contains(&("change", 12_000)) && counts.contains(&("event", 2)), "{counts:?}");
    // New names and rows are numbered after those that came.
    let mut more = facts();
    more.deployments = vec![truelevel_model::Deployment { service: "new".into(), ..deployment("new") }];
    more.declarations[0].declared_by = "somebody else".to_owned();
    assert_eq!(copy.write(&more).unwrap(), original.write(&more).unwrap());
    assert_same(&original, &copy);
    // Every table that the database has was copied.
    for table in place.tables() {
        // Who does what at the moment is no matter of a copy.
        assert!(table == "lease" || counts.iter().any(|(copied, _)| *copied == table), "{table} was not copied");
    }
}

fn a_store_that_holds_something_takes_no_copy_and_stays_as_it_is(place: &Place) {
    let mut original = SqlStore::in_memory().unwrap();
    full(&mut original);
    let mut other = place.store();
    other.set_collected("basket", "1").unwrap();
    let salt = other.salt().unwrap();
    let refused = original.copy_to(&mut other).unwrap_err();
    assert!(matches!(refused, StoreError::Unsupported { .. }), "{refused:?}");
    assert!(refused.to_string().contains("its table collected holds rows"), "{refused}");
    assert_eq!((other.salt().unwrap(), other.deployments().unwrap().len()), (salt, 0));
}

promises![
    a_store_that_holds_something_takes_no_copy_and_stays_as_it_is,
    everything_goes_over_and_back_and_can_be_gone_on_with,
];
