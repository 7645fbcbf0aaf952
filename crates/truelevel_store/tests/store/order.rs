//! Facts in any order and repetition are the same facts.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::sample::{Index, select};
use truelevel_model::events::{RawEvent, Reading, Resolution};
use truelevel_model::facts::{DeploymentStrategy, Facts, RunOutcome};
use truelevel_model::{
    CommitId, Declaration, Deployment, DeploymentOutcome, Incident, Initiator, PipelineRun, Review, ServiceId,
    SourceId, Span, Time,
};
use truelevel_store::{EventQuery, Receipt, SqlStore, Store, Verdict};

use crate::examples::{declaration, deployment, incident, pipeline_run, review};
use crate::places::{Place, promises};

fn name() -> impl Strategy<Value = String> {
    // Few, so that facts meet; one of them is what no source should give.
    select(vec!["a", "B", "z", "ä", "a\0\"'\n"]).prop_map(str::to_owned)
}

fn time() -> impl Strategy<Value = Time> {
    prop_oneof![4 => 0..5_i64, 1 => any::<i64>()].prop_map(Time::from_millis)
}

fn maybe<T: Clone + std::fmt::Debug + 'static>(some: impl Strategy<Value = T> + 'static) -> BoxedStrategy<Option<T>> {
    proptest::option::of(some).boxed()
}

fn commit() -> impl Strategy<Value = CommitId> {
    any::<[u8; 20]>().prop_map(CommitId)
}

fn a_deployment() -> impl Strategy<Value = Deployment> {
    let outcomes = vec![
        DeploymentOutcome::Succeeded,
        DeploymentOutcome::Failed,
        DeploymentOutcome::Cancelled,
        DeploymentOutcome::InProgress,
    ];
    let strategies = vec![
        DeploymentStrategy::AllAtOnce,
        DeploymentStrategy::Rolling,
        DeploymentStrategy::BlueGreen,
        DeploymentStrategy::Canary,
    ];
    let initiators = vec![Initiator::Automation, Initiator::Person, Initiator::Schedule];
    (
        (name(), name(), name(), name()),
        (time(), maybe(time()), 0..3_i64, select(outcomes)),
        (maybe(commit()), maybe(select(initiators)), maybe(select(strategies)), maybe(any::<i64>())),
        (any::<bool>(), maybe(any::<bool>()), any::<bool>()),
    )
        .prop_map(|(names, times, known, flags)| Deployment {
            source: SourceId::new(names.0),
            service: ServiceId::new(names.1),
            environment: names.2.as_str().into(),
            finished_at: times.0,
            started_at: times.1,
            sequence: times.2,
            outcome: times.3,
            commit: known.0,
            initiated_by: known.1,
            strategy: known.2,
            approval_wait: known.3.map(Span::from_millis),
            is_initial_state: flags.0,
            is_removal: flags.2,
            aborted_automatically: flags.1,
            ..deployment(&names.3)
        })
}

fn a_review() -> impl Strategy<Value = Review> {
    (
        (name(), name(), prop_oneof![Just(1), Just(2), Just(u64::MAX)]),
        (time(), maybe(time()), maybe(time())),
        (maybe(commit()), maybe(any::<u64>()), any::<bool>()),
        proptest::collection::vec(any::<String>(), 0..3),
    )
        .prop_map(|(identity, times, known, labels)| Review {
            source: SourceId::new(identity.0),
            repository: identity.1.as_str().into(),
            opened_at: times.0,
            merged_at: times.1,
            approved_at: times.2,
            merge_commit: known.0,
            lines_changed: known.1,
            is_automation: known.2,
            labels,
            ..review(identity.2)
        })
}

fn a_run() -> impl Strategy<Value = PipelineRun> {
    let outcomes = vec![
        RunOutcome::Succeeded,
        RunOutcome::Failed,
        RunOutcome::Cancelled,
        RunOutcome::Skipped,
        RunOutcome::InProgress,
    ];
    (
        (name(), name(), 1..3_u32),
        (name(), time(), maybe(time()), select(outcomes)),
        maybe(proptest::collection::vec(any::<String>(), 0..3)),
    )
        .prop_map(|(identity, rest, shared_workflows)| PipelineRun {
            source: SourceId::new(identity.0),
            repository: rest.0.as_str().into(),
            started_at: rest.1,
            finished_at: rest.2,
            outcome: rest.3,
            shared_workflows,
            ..pipeline_run(&identity.1, identity.2)
        })
}

fn an_incident() -> impl Strategy<Value = Incident> {
    (
        (name(), name()),
        proptest::collection::vec(name(), 0..4),
        (time(), maybe(time()), maybe(any::<bool>())),
        maybe(any::<String>()),
    )
        .prop_map(|(identity, services, times, caused_by)| Incident {
            source: SourceId::new(identity.0),
            services: services.into_iter().map(ServiceId::new).collect(),
            started_at: times.0,
            resolved_at: times.1,
            detected_by_alert: times.2,
            caused_by,
            ..incident(&identity.1)
        })
}

fn a_declaration() -> impl Strategy<Value = Declaration> {
    (maybe(name()), name(), time(), name(), any::<u8>(), any::<String>()).prop_map(
        |(service, stage, declared_at, declared_by, level, reason)| Declaration {
            stage,
            declared_at,
            declared_by,
            level,
            reason,
            ..declaration(service.as_deref())
        },
    )
}

fn some_facts() -> impl Strategy<Value = Facts> {
    fn many<T: std::fmt::Debug>(one: impl Strategy<Value = T>) -> impl Strategy<Value = Vec<T>> {
        proptest::collection::vec(one, 0..12)
    }
    (many(a_deployment()), many(a_review()), many(a_run()), many(an_incident()), many(a_declaration())).prop_map(
        |(deployments, reviews, pipeline_runs, incidents, declarations)| Facts {
            deployments,
            reviews,
            pipeline_runs,
            incidents,
            declarations,
            ..Facts::default()
        },
    )
}

/// The facts one would expect back: the last of each identity, in the documented order.
fn settled(facts: &Facts) -> Facts {
    fn last<T: Clone, K: Ord>(facts: &[T], identity: impl Fn(&T) -> K) -> Vec<T> {
        facts.iter().map(|fact| (identity(fact), fact.clone())).collect::<BTreeMap<_, _>>().into_values().collect()
    }
    let mut settled = Facts {
        deployments: last(&facts.deployments, |it| (it.source.clone(), it.id.clone())),
        reviews: last(&facts.reviews, |it| (it.repository.clone(), it.number, it.source.clone())),
        pipeline_runs: last(&facts.pipeline_runs, |it| (it.source.clone(), it.id.clone(), it.attempt)),
        incidents: last(&facts.incidents, |it| (it.source.clone(), it.id.clone())),
        declarations: last(&facts.declarations, |it| {
            (it.declared_at, it.service.clone(), it.stage.clone(), it.declared_by.clone())
        }),
        ..Facts::default()
    };
    // The rest of each order is that of the identity, which a stable sort keeps.
    settled.deployments.sort_by_key(|it| (it.service.clone(), it.environment.clone(), it.finished_at, it.sequence));
    settled.pipeline_runs.sort_by_key(|it| (it.repository.clone(), it.started_at));
    settled.incidents.sort_by_key(|it| it.started_at);
    settled
}

fn stored(store: &SqlStore) -> Facts {
    Facts {
        deployments: store.deployments().unwrap(),
        reviews: store.reviews().unwrap(),
        pipeline_runs: store.pipeline_runs().unwrap(),
        incidents: store.incidents().unwrap(),
        declarations: store.declarations().unwrap(),
        ..Facts::default()
    }
}

fn assert_same(left: &Facts, right: &Facts) {
    assert_eq!(left.deployments, right.deployments);
    assert_eq!(left.reviews, right.reviews);
    assert_eq!(left.pipeline_runs, right.pipeline_runs);
    assert_eq!(left.incidents, right.incidents);
    assert_eq!(left.declarations, right.declarations);
}

fn picked<T: Clone>(facts: &[T], picks: &[Index]) -> Vec<T> {
    if facts.is_empty() { Vec::new() } else { picks.iter().map(|pick| pick.get(facts).clone()).collect() }
}

/// A schema takes longer to make than a file in memory.
fn cases(place: &Place) -> ProptestConfig {
    let cases = if place.is_postgres() { 6 } else { 96 };
    ProptestConfig { cases, failure_persistence: None, ..ProptestConfig::default() }
}

fn the_last_of_each_identity_is_read_back_in_the_documented_order(place: &Place) {
    proptest!(cases(place), |(facts in some_facts(), split in any::<Index>())| {
        let mut store = place.fresh();
        let mut later = facts.clone();
        let deployments = later.deployments.split_off(split.index(facts.deployments.len() + 1));
        let incidents = later.incidents.split_off(split.index(facts.incidents.len() + 1));
        store.write(&later).unwrap();
        store.write(&Facts { deployments, incidents, ..Facts::default() }).unwrap();
        assert_same(&stored(&store), &settled(&facts));
        let services: BTreeSet<ServiceId> = facts.deployments.iter().map(|one| one.service.clone()).collect();
        let by_service = store.deployments_of(&services.into_iter().collect::<Vec<_>>()).unwrap();
        prop_assert_eq!(by_service.concat(), store.deployments().unwrap());
    });
}

fn facts_in_any_order_and_repetition_are_read_back_the_same(place: &Place) {
    let settled_facts = || some_facts().prop_map(|facts| settled(&facts));
    proptest!(cases(place), |(facts in settled_facts(), picks in proptest::collection::vec(any::<Index>(), 0..30))| {
        let mut store = place.fresh();
        let some = Facts {
            deployments: picked(&facts.deployments, &picks),
            reviews: picked(&facts.reviews, &picks),
            pipeline_runs: picked(&facts.pipeline_runs, &picks),
            incidents: picked(&facts.incidents, &picks),
            declarations: picked(&facts.declarations, &picks),
            ..Facts::default()
        };
        store.write(&some).unwrap();
        store.write(&facts).unwrap();
        prop_assert!(!store.write(&some).unwrap().is_changed());
        assert_same(&stored(&store), &facts);
    });
}

/// Deliveries that meet: few ids, few incidents, and ends between what begins them.
fn an_event() -> impl Strategy<Value = (RawEvent, Reading)> {
    let end = (name(), name(), 0..5_i64).prop_map(|(source, incident, at)| Resolution {
        source: SourceId::new(source),
        incident,
        resolved_at: Time::from_millis(at),
    });
    let incident = (an_incident(), 0..5_i64).prop_map(|(incident, at)| Incident {
        started_at: Time::from_millis(0),
        observed_at: Time::from_millis(at),
        ..incident
    });
    let some = |most| 0..=most;
    (
        (0..20_u8, proptest::collection::vec(0..20_u8, some(1)), any::<bool>()),
        proptest::collection::vec(incident, some(2)),
        proptest::collection::vec(end, some(1)),
        (proptest::collection::vec(a_deployment(), some(2)), proptest::collection::vec(a_run(), some(1))),
    )
        .prop_map(|((delivery, repeats, is_understood), incidents, resolutions, (deployments, pipeline_runs))| {
            let raw = RawEvent {
                sender: "github".to_owned(),
                delivery: delivery.to_string(),
                repeats: repeats.iter().map(u8::to_string).collect(),
                kind: "deployment".to_owned(),
                body: vec![delivery],
                received_at: Time::from_millis(i64::from(delivery)),
            };
            let facts = Facts { deployments, incidents, pipeline_runs, ..Facts::default() };
            let problems = if is_understood { Vec::new() } else { vec!["a part of it".to_owned()] };
            (raw, Reading { facts, resolutions, problems, ignored: None })
        })
}

fn events_that_are_kept_together_say_what_they_say_one_by_one(place: &Place) {
    let kept = |store: &SqlStore| {
        let events = store.events(&EventQuery { limit: 100, ..EventQuery::default() }).unwrap();
        events.into_iter().map(|event| (event.raw, event.state, event.reason)).collect::<Vec<_>>()
    };
    proptest!(cases(place), |(events in proptest::collection::vec(an_event(), 0..30))| {
        let (mut together, mut one_by_one) = (place.fresh(), place.fresh());
        let receipts: Vec<Receipt> =
            events.iter().flat_map(|event| one_by_one.receive(std::slice::from_ref(event)).unwrap()).collect();
        prop_assert_eq!(together.receive(&events).unwrap(), receipts);
        assert_same(&stored(&together), &stored(&one_by_one));
        prop_assert_eq!(kept(&together), kept(&one_by_one));
        let readings: Vec<(i64, Reading)> = (1..).zip(events).map(|(key, (_, reading))| (key, reading)).collect();
        let verdicts: Vec<Verdict> =
            readings.iter().flat_map(|reading| one_by_one.settle(std::slice::from_ref(reading)).unwrap()).collect();
        prop_assert_eq!(together.settle(&readings).unwrap(), verdicts);
        assert_same(&stored(&together), &stored(&one_by_one));
        prop_assert_eq!(kept(&together), kept(&one_by_one));
    });
}

promises![
    events_that_are_kept_together_say_what_they_say_one_by_one,
    facts_in_any_order_and_repetition_are_read_back_the_same,
    the_last_of_each_identity_is_read_back_in_the_documented_order,
];
