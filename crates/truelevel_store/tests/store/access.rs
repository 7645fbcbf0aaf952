use truelevel_model::access::{AuditAction, AuditEntry, Person, Role, Session, Uses};
use truelevel_model::events::{Scope, Token};
use truelevel_store::{AuditQuery, Store};

use crate::examples::at;
use crate::places::{Place, promises};

promises! {
    a_session_is_found_by_its_hash_until_it_is_forgotten,
    the_last_use_only_moves_forward,
    the_audit_log_is_read_newest_first_and_only_added_to,
}

fn session(hash: u8, expires: i64) -> Session {
    let person = Person {
        subject: "248289761001".to_owned(),
        name: "Zoë".to_owned(),
        role: Role::Editor,
        teams: Some(vec!["a \"b\"".to_owned(), "c".to_owned()]),
    };
    Session { hash: [hash; 32], person, created_at: at(0), expires_at: at(expires), used_at: at(0), ended_at: None }
}

fn a_session_is_found_by_its_hash_until_it_is_forgotten(place: &Place) {
    let mut store = place.fresh();
    let first = session(1, 10);
    let whole = Session { person: Person { teams: None, ..first.person.clone() }, ..session(2, 30) };
    store.add_session(&first, at(0)).unwrap();
    store.add_session(&whole, at(0)).unwrap();
    assert_eq!(store.session(&[1; 32]).unwrap().as_ref(), Some(&first));
    assert_eq!(store.session(&[3; 32]).unwrap(), None);
    assert_eq!(store.sessions().unwrap(), [first, whole.clone()]);
    assert!(store.end_session(&[1; 32], at(5)).unwrap());
    assert!(!store.end_session(&[1; 32], at(6)).unwrap());
    assert_eq!(store.session(&[1; 32]).unwrap().unwrap().ended_at, Some(at(5)));
    store.add_session(&session(4, 40), at(20)).unwrap();
    assert_eq!(store.session(&[1; 32]).unwrap(), None, "it expired long ago");
    assert_eq!(store.session(&[2; 32]).unwrap(), Some(whole));
}

fn the_last_use_only_moves_forward(place: &Place) {
    let mut store = place.fresh();
    let token = Token {
        name: "ci".to_owned(),
        hash: [7; 32],
        scope: Scope::Read,
        created_at: at(0),
        expires_at: None,
        revoked_at: None,
        used_at: None,
    };
    store.add_token(&token).unwrap();
    store.add_session(&session(1, 10), at(0)).unwrap();
    let uses = |time| Uses {
        tokens: vec![("ci".to_owned(), time), ("gone".to_owned(), time)],
        sessions: vec![([1; 32], time), ([9; 32], time)],
    };
    for (time, expected) in [(at(5), at(5)), (at(3), at(5)), (at(6), at(6))] {
        store.note_uses(&uses(time)).unwrap();
        assert_eq!(store.tokens().unwrap()[0].used_at, Some(expected));
        assert_eq!(store.session(&[1; 32]).unwrap().unwrap().used_at, expected);
    }
}

fn the_audit_log_is_read_newest_first_and_only_added_to(place: &Place) {
    let mut store = place.store();
    let entry = |second, action| AuditEntry { at: at(second), who: "Ann".into(), action, what: "token `ci`".into() };
    // A clock that was set back changes no order.
    let entries =
        [entry(3, AuditAction::TokenCreated), entry(1, AuditAction::SignedIn), entry(2, AuditAction::TokenRevoked)];
    for entry in &entries {
        store.append_audit(entry).unwrap();
    }
    let read = |query: AuditQuery| -> Vec<(i64, AuditEntry)> { store.audit(&query).unwrap() };
    let everything = AuditQuery { limit: 10, ..AuditQuery::default() };
    let all = read(everything.clone());
    assert_eq!(all.iter().map(|(_, entry)| entry).collect::<Vec<_>>(), entries.iter().rev().collect::<Vec<_>>());
    assert_eq!(read(AuditQuery { before: Some(all[0].0), limit: 1, ..everything.clone() }), [all[1].clone()]);
    let created = read(AuditQuery { action: Some(AuditAction::TokenCreated), ..everything.clone() });
    assert_eq!(created, [all[2].clone()]);
    for sql in ["DELETE FROM audit", "UPDATE audit SET who = 'Bob'"] {
        let refused = place.execute(sql).unwrap_err();
        assert!(refused.contains("the audit log is only added to"), "{refused}");
    }
    assert_eq!(read(everything), all);
}
