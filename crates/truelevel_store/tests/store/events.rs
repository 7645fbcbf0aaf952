use truelevel_model::events::{EventState, RawEvent, Reading, Resolution, Scope, Token};
use truelevel_model::facts::{DeploymentOutcome, Facts};
use truelevel_model::{Deployment, Incident, Review};
use truelevel_store::{EventQuery, Receipt, SqlStore, Store, Verdict};

use crate::examples::{at, commit, deployment, incident, review};
use crate::places::{Place, promises};

fn raw(delivery: &str) -> RawEvent {
    RawEvent {
        sender: "github".to_owned(),
        delivery: delivery.to_owned(),
        repeats: Vec::new(),
        kind: "deployment_status".to_owned(),
        body: vec![0, 255, b'{'],
        received_at: at(0),
    }
}

fn reading(facts: Facts) -> Reading {
    Reading { facts, ..Reading::default() }
}

fn everything() -> EventQuery {
    EventQuery { limit: 100, ..EventQuery::default() }
}

/// The store after the observations arrived in this order.
fn after(place: &Place, observations: &[Facts], order: &[usize]) -> SqlStore {
    let mut store = place.fresh();
    for place in order {
        store.receive(&[(raw(&format!("d{place}")), reading(observations[*place].clone()))]).unwrap();
    }
    store
}

const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]];

fn a_delivery_is_kept_once_as_it_came_with_its_facts(place: &Place) {
    let mut store = place.fresh();
    assert_eq!(store.last_event().unwrap(), 0);
    let facts = Facts { deployments: vec![deployment("1")], ..Facts::default() };
    let other = Facts { deployments: vec![deployment("2")], ..Facts::default() };
    let receipts = store
        .receive(&[
            (raw("a"), reading(facts.clone())),
            (raw("a"), reading(other)),
            (raw("b"), reading(facts.clone())),
            (RawEvent { sender: "gitlab".to_owned(), ..raw("a") }, Reading::ignored("a ping")),
        ])
        .unwrap();
    let kept = |is_changed, state, reason: Option<&str>| {
        Receipt::Kept(Verdict { is_changed, state, reason: reason.map(str::to_owned) })
    };
    let [new, same] = [true, false].map(|is_changed| kept(is_changed, EventState::Normalised, None));
    let ignored = kept(false, EventState::Ignored, Some("a ping"));
    assert_eq!(receipts, [new, Receipt::Duplicate, same, ignored]);
    assert_eq!(store.deployments().unwrap(), facts.deployments);
    let events = store.events(&everything()).unwrap();
    assert_eq!(store.last_event().unwrap(), events[1].key, "the third one said nothing");
    assert_eq!(events.iter().map(|event| event.raw.clone()).take(2).collect::<Vec<_>>(), [raw("a"), raw("b")]);
    assert_eq!((events[2].state, events[2].reason.as_deref()), (EventState::Ignored, Some("a ping")));
    let counts = store.event_counts().unwrap();
    assert_eq!(
        counts,
        [("github".to_owned(), EventState::Normalised, 2), ("gitlab".to_owned(), EventState::Ignored, 1)]
    );
}

fn an_incident_told_bit_by_bit_is_the_same_in_every_order(place: &Place) {
    let opened =
        Incident { acknowledged_at: None, resolved_at: None, caused_by: None, observed_at: at(1), ..incident("1") };
    let taken = Incident {
        detected_at: None,
        severity: None,
        acknowledged_at: Some(at(60)),
        observed_at: at(60),
        ..opened.clone()
    };
    let resolved = Incident {
        detected_at: None,
        acknowledged_at: None,
        resolved_at: Some(at(900)),
        caused_by: Some("deployment 5".to_owned()),
        observed_at: at(901),
        ..opened.clone()
    };
    let observations =
        [opened, taken, resolved].map(|incident| Facts { incidents: vec![incident], ..Facts::default() });
    for order in ORDERS {
        assert_eq!(after(place, &observations, &order).incidents().unwrap(), [incident("1")], "{order:?}");
    }
}

fn a_deployment_told_bit_by_bit_is_the_same_in_every_order(place: &Place) {
    let queued = Deployment {
        started_at: None,
        commit: None,
        outcome: DeploymentOutcome::InProgress,
        finished_at: at(-80),
        strategy: None,
        observed_at: at(-80),
        ..deployment("1")
    };
    let running =
        Deployment { started_at: Some(at(-60)), finished_at: at(-60), observed_at: at(-60), ..queued.clone() };
    let done = Deployment { started_at: None, approval_wait: None, ..deployment("1") };
    let observations =
        [queued, running, done].map(|deployment| Facts { deployments: vec![deployment], ..Facts::default() });
    for order in ORDERS {
        assert_eq!(after(place, &observations, &order).deployments().unwrap(), [deployment("1")], "{order:?}");
    }
}

fn a_review_told_bit_by_bit_is_the_same_in_every_order(place: &Place) {
    let bare = Review {
        first_commit_at: None,
        first_response_at: None,
        approved_at: None,
        merged_at: None,
        merge_commit: None,
        lines_changed: None,
        commits: Vec::new(),
        ..review(1)
    };
    let opened =
        Review { lines_changed: Some(42), commits: vec![commit(7), commit(8)], observed_at: at(0), ..bare.clone() };
    let answered = Review {
        first_response_at: Some(at(60)),
        approved_at: Some(at(120)),
        first_commit_at: Some(at(-3600)),
        observed_at: at(120),
        ..bare.clone()
    };
    let merged =
        Review { merged_at: Some(at(180)), merge_commit: Some(commit(9)), first_response_at: Some(at(150)), ..bare };
    let observations = [opened, answered, merged].map(|review| Facts { reviews: vec![review], ..Facts::default() });
    for order in ORDERS {
        assert_eq!(after(place, &observations, &order).reviews().unwrap(), [review(1)], "{order:?}");
    }
}

fn what_was_not_understood_stays_until_it_is(place: &Place) {
    let mut store = place.fresh();
    store.receive(&[(raw("a"), Reading::problem("no service")), (raw("b"), Reading::default())]).unwrap();
    assert_eq!(store.expire_events(at(0)).unwrap(), 0, "nothing is old enough");
    assert_eq!(store.expire_events(at(1)).unwrap(), 1);
    let query = EventQuery { state: Some(EventState::Quarantined), sender: Some("github".to_owned()), ..everything() };
    let left = store.events(&query).unwrap();
    assert_eq!((left.len(), left[0].reason.as_deref()), (1, Some("no service")));
    assert!(store.events(&EventQuery { after: left[0].key, ..everything() }).unwrap().is_empty());
    let facts = Facts { incidents: vec![incident("1")], ..Facts::default() };
    assert_eq!(store.quarantined().unwrap(), [("github".to_owned(), 1)]);
    assert!(store.settle(&[(left[0].key, reading(facts.clone()))]).unwrap()[0].is_changed);
    assert!(!store.settle(&[(left[0].key, reading(facts))]).unwrap()[0].is_changed, "reading it again changes nothing");
    assert!(store.quarantined().unwrap().is_empty());
    assert_eq!(store.incidents().unwrap(), [incident("1")]);
    assert_eq!(store.expire_events(at(1)).unwrap(), 1);
}

fn an_end_waits_for_the_start_of_its_incident(place: &Place) {
    let resolved_at = at(900);
    let end = Resolution { source: "incidents:example".into(), incident: "1".to_owned(), resolved_at };
    let ended = Reading { resolutions: vec![end], ..Reading::default() };
    let begun = Incident { resolved_at: None, observed_at: at(0), ..incident("1") };
    let mut store = place.fresh();
    let waits = Some("the start of incident 1 was not told yet".to_owned());
    let verdict = Verdict { is_changed: false, state: EventState::Quarantined, reason: waits.clone() };
    assert_eq!(store.receive(&[(raw("end"), ended.clone())]).unwrap(), [Receipt::Kept(verdict.clone())]);
    let told = &store.events(&everything()).unwrap()[0];
    assert_eq!(told.reason, waits);
    assert_eq!(store.settle(&[(told.key, ended.clone())]).unwrap(), [verdict], "it still waits");
    store.receive(&[(raw("start"), reading(Facts { incidents: vec![begun.clone()], ..Facts::default() }))]).unwrap();
    assert!(store.settle(&[(told.key, ended.clone())]).unwrap()[0].is_changed);
    assert!(!store.settle(&[(told.key, ended)]).unwrap()[0].is_changed, "again is harmless");
    assert_eq!(store.incidents().unwrap()[0].resolved_at, Some(resolved_at));
    assert_eq!(store.events(&everything()).unwrap()[0].state, EventState::Normalised);
}

fn a_delivery_that_is_here_under_another_id_is_a_repeat(place: &Place) {
    let mut store = place.fresh();
    let again = RawEvent { repeats: vec!["10:00".to_owned(), "10:01".to_owned()], ..raw("10:02") };
    let other = RawEvent { sender: "gitlab".to_owned(), ..again.clone() };
    let receipts = store
        .receive(&[(raw("10:00"), Reading::default()), (again, Reading::default()), (other, Reading::default())])
        .unwrap();
    let is_kept: Vec<bool> = receipts.iter().map(|receipt| matches!(receipt, Receipt::Kept(_))).collect();
    assert_eq!(is_kept, [true, false, true]);
}

fn a_lease_is_held_by_one_until_it_ends(place: &Place) {
    let (mut one, mut other) = (place.store(), place.store());
    assert!(one.take_lease("upkeep", "one", at(0), at(60)).unwrap());
    assert!(!other.take_lease("upkeep", "other", at(59), at(119)).unwrap());
    assert!(other.take_lease("something else", "other", at(59), at(119)).unwrap());
    assert!(one.take_lease("upkeep", "one", at(59), at(119)).unwrap(), "who holds it may go on");
    assert!(!other.take_lease("upkeep", "other", at(60), at(120)).unwrap());
    assert!(other.take_lease("upkeep", "other", at(119), at(179)).unwrap());
    assert!(!one.take_lease("upkeep", "one", at(120), at(180)).unwrap());
    assert!(other.take_lease("upkeep", "other", at(121), at(121)).unwrap(), "who holds it gives it up");
    assert!(one.take_lease("upkeep", "one", at(121), at(180)).unwrap());
}

fn a_lease_of_a_clock_that_was_set_back_holds_nobody_up(place: &Place) {
    let year = 365 * 86_400;
    let (mut one, mut other) = (place.store(), place.store());
    assert!(one.take_lease("upkeep", "one", at(year), at(year + 60)).unwrap());
    assert!(other.take_lease("upkeep", "other", at(0), at(60)).unwrap(), "it is not a year later");
    assert!(!one.take_lease("upkeep", "one", at(1), at(61)).unwrap());
    assert!(!one.take_lease("upkeep", "one", at(-50), at(10)).unwrap(), "clocks differ a little");
}

fn a_token_is_added_once_and_taken_back_once(place: &Place) {
    let mut store = place.fresh();
    let token = Token {
        name: "ci".to_owned(),
        hash: [7; 32],
        scope: Scope::Ingest,
        created_at: at(0),
        expires_at: Some(at(10)),
        revoked_at: None,
        used_at: None,
    };
    assert!(store.add_token(&token).unwrap());
    assert!(!store.add_token(&Token { hash: [8; 32], ..token.clone() }).unwrap());
    assert_eq!(store.tokens().unwrap(), std::slice::from_ref(&token));
    assert!(token.is_valid(at(9)) && !token.is_valid(at(10)));
    assert!(store.revoke_token("ci", at(5)).unwrap());
    assert!(!store.revoke_token("ci", at(6)).unwrap());
    assert!(!store.revoke_token("other", at(6)).unwrap());
    let revoked = &store.tokens().unwrap()[0];
    assert_eq!((revoked.revoked_at, revoked.is_valid(at(9))), (Some(at(5)), false));
}

promises![
    a_lease_is_held_by_one_until_it_ends,
    a_lease_of_a_clock_that_was_set_back_holds_nobody_up,
    a_delivery_is_kept_once_as_it_came_with_its_facts,
    a_delivery_that_is_here_under_another_id_is_a_repeat,
    a_deployment_told_bit_by_bit_is_the_same_in_every_order,
    a_review_told_bit_by_bit_is_the_same_in_every_order,
    a_token_is_added_once_and_taken_back_once,
    an_end_waits_for_the_start_of_its_incident,
    an_incident_told_bit_by_bit_is_the_same_in_every_order,
    what_was_not_understood_stays_until_it_is,
];
