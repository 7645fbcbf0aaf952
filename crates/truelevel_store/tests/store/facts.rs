use truelevel_model::assessment::Answer;
use truelevel_model::facts::Facts;
use truelevel_model::{Deployment, EvidenceRecord, Incident, Locator, ServiceId, SourceId};
use truelevel_store::{Counts, SqlStore, Store, StoreError, Written};

use crate::examples::{at, commit, deployment, evidence, facts, incident, pipeline_run};
use crate::places::{Place, promises};

fn ids(deployments: &[Deployment]) -> Vec<&str> {
    deployments.iter().map(|deployment| deployment.id.as_str()).collect()
}

fn what_was_written_is_read_back_exactly(place: &Place) {
    let mut store = place.fresh();
    let given = facts();
    store.write(&given).unwrap();
    assert_eq!(store.deployments().unwrap(), given.deployments);
    assert_eq!(store.reviews().unwrap(), given.reviews);
    assert_eq!(store.pipeline_runs().unwrap(), given.pipeline_runs);
    assert_eq!(store.incidents().unwrap(), given.incidents);
    assert_eq!(store.declarations().unwrap(), given.declarations);
    assert_eq!(store.gate_answers().unwrap(), given.gate_answers);
    assert_eq!(store.service_records().unwrap(), given.services);
    assert_eq!(store.incident_links().unwrap(), given.incident_links);
    assert_eq!(store.evidence().unwrap(), given.evidence);
    assert_eq!(store.ai_usage().unwrap(), given.ai_usage);
}

fn writing_twice_changes_nothing(place: &Place) {
    let mut store = place.fresh();
    let new = Counts { new: 2, ..Counts::default() };
    let unchanged = Counts { unchanged: 2, ..Counts::default() };
    let all = |counts| Written {
        ai_usage: counts,
        declarations: counts,
        gate_answers: counts,
        deployments: counts,
        incidents: counts,
        pipeline_runs: counts,
        reviews: counts,
        evidence: counts,
        incident_links: counts,
        services: counts,
    };
    assert_eq!(store.write(&facts()).unwrap(), all(new));
    let again = store.write(&facts()).unwrap();
    assert_eq!(again, all(unchanged));
    assert!(!again.is_changed());
    assert_eq!(store.deployments().unwrap(), facts().deployments);
    assert_eq!(store.incidents().unwrap(), facts().incidents);
}

fn of_two_observed_together_the_one_written_later_stays(place: &Place) {
    let mut store = place.fresh();
    store.write(&facts()).unwrap();
    let mut later = facts();
    later.deployments[0].started_at = Some(at(-5));
    later.reviews[0].labels.clear();
    later.pipeline_runs[0].repository = "basket".into();
    later.incidents[0].resolved_at = None;
    later.declarations[0].level = 4;
    later.gate_answers[0].answer = Answer::Unknown;
    let changed = Counts { changed: 1, unchanged: 1, ..Counts::default() };
    let written = store.write(&later).unwrap();
    assert_eq!(written.deployments, changed);
    assert_eq!(written.reviews, changed);
    assert_eq!(written.pipeline_runs, changed);
    assert_eq!(written.incidents, changed);
    assert_eq!(written.declarations, changed);
    assert_eq!(written.gate_answers, changed);
    assert_eq!(store.deployments().unwrap(), later.deployments);
    assert_eq!(store.reviews().unwrap(), later.reviews);
    assert_eq!(store.pipeline_runs().unwrap(), later.pipeline_runs);
    assert_eq!(store.incidents().unwrap(), later.incidents);
    assert_eq!(store.declarations().unwrap(), later.declarations);
    assert_eq!(store.gate_answers().unwrap(), later.gate_answers);
}

fn what_was_observed_earlier_replaces_nothing_whenever_it_arrives(place: &Place) {
    let mut store = place.fresh();
    let write = |store: &mut SqlStore, incident: Incident| {
        store.write(&Facts { incidents: vec![incident], ..Facts::default() }).unwrap().incidents
    };
    let unchanged = Counts { unchanged: 1, ..Counts::default() };
    let older = Counts { older: 1, ..Counts::default() };
    let open = Incident { resolved_at: None, observed_at: at(10), ..incident("1") };
    let resolved = Incident { observed_at: at(1000), ..incident("1") };
    write(&mut store, resolved.clone());
    assert_eq!(write(&mut store, open.clone()), older);
    assert_eq!(store.incidents().unwrap()[0].resolved_at, resolved.resolved_at);
    // Said again later, it is the same fact; what was said in between does not replace it any more.
    let confirmed = Incident { observed_at: at(3000), ..resolved.clone() };
    assert_eq!(write(&mut store, confirmed.clone()), unchanged);
    assert_eq!(write(&mut store, Incident { observed_at: at(2000), ..open.clone() }), older);
    assert_eq!(store.incidents().unwrap(), [confirmed]);
    let reopened = Incident { observed_at: at(4000), ..open };
    assert_eq!(write(&mut store, reopened.clone()), Counts { changed: 1, ..Counts::default() });
    assert_eq!(store.incidents().unwrap(), [reopened]);
}

fn evidence_of_a_source_is_replaced_as_a_whole(place: &Place) {
    let mut store = place.fresh();
    store.write(&facts()).unwrap();
    let file = Locator::File {
        repository: "shop".into(),
        commit: commit(1),
        path: "Makefile".to_owned(),
        named_as: None,
        line: 3,
        column: 1,
        end_line: 4,
        end_column: 6,
        text: "test:".to_owned(),
    };
    let seen = EvidenceRecord { source: "files:shop".into(), ..evidence("tests/1", file) };
    store.replace_evidence(&"files:shop".into(), std::slice::from_ref(&seen)).unwrap();
    assert_eq!(store.evidence().unwrap().len(), 3);
    assert!(store.evidence().unwrap().contains(&seen));
    store.replace_evidence(&"files:shop".into(), &[]).unwrap();
    assert_eq!(store.evidence().unwrap(), facts().evidence);
    let refused = store.replace_evidence(&"other".into(), &[seen]);
    assert!(matches!(refused, Err(StoreError::OtherSource { .. })));
}

fn of_a_fact_given_twice_in_one_write_the_later_one_stays(place: &Place) {
    let mut store = place.fresh();
    let later = Deployment { version: "2.0.0".to_owned(), ..deployment("1") };
    let deployments = vec![deployment("1"), later.clone()];
    let written = store.write(&Facts { deployments, ..Facts::default() }).unwrap();
    assert_eq!(written.deployments, Counts { new: 1, changed: 1, ..Counts::default() });
    assert_eq!(store.deployments().unwrap(), [later]);
}

fn a_deployment_that_ended_at_another_time_or_place_moves(place: &Place) {
    let mut store = place.fresh();
    let early = Deployment { finished_at: at(10), ..deployment("a") };
    let late = Deployment { finished_at: at(20), ..deployment("b") };
    store.write(&Facts { deployments: vec![early.clone(), late], ..Facts::default() }).unwrap();
    let moved = Deployment { finished_at: at(30), ..early };
    store.write(&Facts { deployments: vec![moved.clone()], ..Facts::default() }).unwrap();
    assert_eq!(ids(&store.deployments().unwrap()), ["b", "a"]);
    let elsewhere = Deployment { service: "basket".into(), ..moved };
    store.write(&Facts { deployments: vec![elsewhere.clone()], ..Facts::default() }).unwrap();
    assert_eq!(ids(&store.deployments().unwrap()), ["a", "b"]);
    assert_eq!(store.deployments().unwrap()[0], elsewhere);
}

fn an_incident_follows_the_services_it_turns_out_to_touch(place: &Place) {
    let mut store = place.fresh();
    let write = |store: &mut SqlStore, services: &[&str]| {
        let services = services.iter().map(|service| ServiceId::new(*service)).collect();
        let incidents = vec![Incident { services, ..incident("1") }];
        store.write(&Facts { incidents, ..Facts::default() }).unwrap().incidents
    };
    assert_eq!(write(&mut store, &["shop"]), Counts { new: 1, ..Counts::default() });
    assert_eq!(write(&mut store, &["shop", "basket"]), Counts { changed: 1, ..Counts::default() });
    assert_eq!(write(&mut store, &["basket"]), Counts { changed: 1, ..Counts::default() });
    assert_eq!(write(&mut store, &["basket"]), Counts { unchanged: 1, ..Counts::default() });
    assert_eq!(store.incidents().unwrap()[0].services, ["basket".into()]);
    assert_eq!(store.services().unwrap(), ["basket".into()]);
}

fn the_same_id_of_two_sources_or_attempts_is_two_facts(place: &Place) {
    let mut store = place.fresh();
    let other = Deployment { source: "webhooks".into(), ..deployment("1") };
    let given = Facts {
        deployments: vec![deployment("1"), other],
        pipeline_runs: vec![pipeline_run("1", 1), pipeline_run("1", 2)],
        ..Facts::default()
    };
    store.write(&given).unwrap();
    assert_eq!(store.deployments().unwrap(), given.deployments);
    assert_eq!(store.pipeline_runs().unwrap(), given.pipeline_runs);
}

fn replacing_the_deployments_of_a_source_removes_what_is_gone_and_leaves_other_sources(place: &Place) {
    let mut store = place.fresh();
    let kept = Deployment { source: "webhooks".into(), ..deployment("a") };
    let source = SourceId::new("deployments:example");
    store
        .write(&Facts {
            deployments: vec![deployment("a"), deployment("b"), deployment("c"), kept.clone()],
            ..Facts::default()
        })
        .unwrap();
    let changed = Deployment { version: "2".to_owned(), ..deployment("b") };
    let counts = store.replace_deployments(&source, &[deployment("a"), changed.clone(), deployment("d")]).unwrap();
    assert_eq!(counts, Counts { new: 1, changed: 1, unchanged: 1, removed: 1, older: 0 });
    assert_eq!(store.deployments().unwrap(), [deployment("a"), changed, deployment("d"), kept.clone()]);
    let counts = store.replace_deployments(&source, &[]).unwrap();
    assert_eq!(counts, Counts { removed: 3, ..Counts::default() });
    assert_eq!(store.deployments().unwrap(), [kept]);
}

fn a_source_is_not_replaced_with_facts_of_another_one(place: &Place) {
    let mut store = place.fresh();
    store.write(&Facts { deployments: vec![deployment("a")], ..Facts::default() }).unwrap();
    let refused = store.replace_deployments(&"other".into(), &[deployment("b")]);
    assert!(matches!(refused, Err(StoreError::OtherSource { .. })));
    assert_eq!(ids(&store.deployments().unwrap()), ["a"]);
}

fn services_are_those_that_facts_name(place: &Place) {
    let mut store = place.fresh();
    assert_eq!(store.services().unwrap(), []);
    store.write(&facts()).unwrap();
    assert_eq!(store.services().unwrap(), ["basket".into(), "shop".into()]);
}

fn what_was_collected_is_remembered_until_it_is_collected_again(place: &Place) {
    let mut store = place.fresh();
    assert_eq!(store.collected("repository:shop").unwrap(), None);
    store.set_collected("repository:shop", "one").unwrap();
    store.set_collected("repository:basket", "other").unwrap();
    store.set_collected("repository:shop", "two").unwrap();
    assert_eq!(store.collected("repository:shop").unwrap().as_deref(), Some("two"));
}

promises![
    a_deployment_that_ended_at_another_time_or_place_moves,
    a_source_is_not_replaced_with_facts_of_another_one,
    an_incident_follows_the_services_it_turns_out_to_touch,
    evidence_of_a_source_is_replaced_as_a_whole,
    of_a_fact_given_twice_in_one_write_the_later_one_stays,
    of_two_observed_together_the_one_written_later_stays,
    replacing_the_deployments_of_a_source_removes_what_is_gone_and_leaves_other_sources,
    services_are_those_that_facts_name,
    the_same_id_of_two_sources_or_attempts_is_two_facts,
    what_was_collected_is_remembered_until_it_is_collected_again,
    what_was_observed_earlier_replaces_nothing_whenever_it_arrives,
    what_was_written_is_read_back_exactly,
    writing_twice_changes_nothing,
];
