//! Examples of failures, by what happened.

use super::*;
use crate::metrics::examples::Example;

/// The versions of the failed deployments, each with its signals and hours to recovery.
fn found(example: &Example) -> Vec<(String, Vec<Signal>, Option<f64>)> {
    example.data(|data| {
        data.failures
            .iter()
            .map(|failure| {
                let version = data.timeline.entries[failure.deployment].deployment.version.clone();
                let hours = failure.recovered_at.map(|at| at.since(failure.started_at).seconds() / 3600.0);
                (version, failure.signals().collect(), hours)
            })
            .collect()
    })
}

fn check(example: Example, expected: &[(&str, &[Signal], Option<f64>)]) {
    let expected: Vec<_> = expected.iter().map(|(v, s, h)| ((*v).to_owned(), s.to_vec(), *h)).collect();
    assert_eq!(found(&example), expected);
}

use Signal::{
    AbortedAutomatically, FollowedByIncident, FollowedByLabelledFix, Hotfixed, LinkedToIncident, NamedByIncident,
    RolledBack,
};

/// Datadog's published example: after V1, V2, V3 a return to V1 makes V2 the failure; V1 again is no rollback.
#[test]
fn a_rollback_blames_the_first_deployment_after_the_version_it_returns_to() {
    let line = Example::days(30).deploy("V1", 0).deploy("V2", 1).deploy("V3", 2).deploy("V1", 5);
    check(line, &[("V2", &[RolledBack], Some(4.0))]);
    check(Example::days(30).deploy("V1", 0).deploy("V1", 1), &[]);
}

#[test]
fn each_rollback_of_a_chain_blames_its_own() {
    let chain = Example::days(30).deploy("A", 0).deploy("B", 1).deploy("C", 2).deploy("B", 3).deploy("A", 4);
    check(chain, &[("B", &[RolledBack], Some(3.0)), ("C", &[RolledBack], Some(1.0))]);
    let again = Example::days(30).deploy("A", 0).deploy("B", 1).deploy("A", 2).deploy("B", 3).deploy("A", 5);
    check(again, &[("B", &[RolledBack], Some(1.0)), ("B", &[RolledBack], Some(2.0))]);
}

#[test]
fn a_deployed_revert_within_a_day_is_a_hotfix() {
    let example = |hours| {
        Example::days(30)
            .commit("A", &[], 0)
            .deploy("A", 1)
            .commit("B", &["A"], 2)
            .deploy("B", 3)
            .revert("C", "B", &["B"], 4)
            .deploy("C", hours)
    };
    check(example(5), &[("B", &[Hotfixed], Some(2.0))]);
    check(example(28), &[]);
}

#[test]
fn landing_a_reverted_change_again_does_not_blame_the_fix() {
    let example = Example::days(30)
        .commit("A", &[], 0)
        .deploy("A", 1)
        .commit("B", &["A"], 2)
        .deploy("B", 3)
        .revert("C", "B", &["B"], 4)
        .deploy("C", 5)
        .revert("D", "C", &["C"], 6)
        .deploy("D", 7);
    check(example, &[("B", &[Hotfixed], Some(2.0))]);
}

#[test]
fn an_incident_belongs_to_what_it_names_or_to_the_deployment_shortly_before() {
    let deployed = Example::days(30).deploy("v1", 0).deploy("v2", 10).deploy("v3", 20);
    check(deployed.clone().incident(25, Some(27), Some("v2")), &[("v2", &[NamedByIncident], Some(2.0))]);
    check(deployed.clone().incident(21, Some(24), None), &[("v3", &[FollowedByIncident], Some(3.0))]);
    check(deployed.clone().incident(20, Some(21), None), &[("v3", &[FollowedByIncident], Some(1.0))]);
    check(deployed.clone().incident(45, None, None), &[]);
    check(deployed.clone().incident(22, None, None), &[("v3", &[FollowedByIncident], None)]);
    check(deployed.incident(22, Some(23), Some("no such version")), &[]);
    check(Example::days(30).deploy("v1", 10).incident(5, Some(6), None), &[]);
}

#[test]
fn what_somebody_decided_wins_over_what_is_named_or_near() {
    let incident = Example::days(30).deploy("v1", 0).deploy("v2", 10).incident(11, Some(13), Some("v2"));
    check(incident.clone().decide(0, Some(0)), &[("v1", &[LinkedToIncident], Some(2.0))]);
    check(incident.clone().decide(0, None), &[]);
    check(incident.decide(0, None).decide(0, Some(1)), &[("v2", &[LinkedToIncident], Some(2.0))]);
    let near = Example::days(30).deploy("v1", 0).deploy("v2", 10).incident(11, Some(13), None);
    check(near.clone().decide(0, Some(0)), &[("v1", &[LinkedToIncident], Some(2.0))]);
    check(near.deployed_elsewhere(77).decide(0, Some(77)), &[]);
}

#[test]
fn a_decision_for_a_deployment_that_nobody_knows_decides_nothing() {
    let near = Example::days(30).deploy("v1", 0).deploy("v2", 10).incident(11, Some(13), None);
    check(near.decide(0, Some(77)), &[("v2", &[FollowedByIncident], Some(2.0))]);
    let named = Example::days(30).deploy("v1", 0).deploy("v2", 10).incident(11, Some(13), Some("v1"));
    check(named.decide(0, Some(77)), &[("v1", &[NamedByIncident], Some(2.0))]);
}

#[test]
fn a_redeployment_is_blamed_where_somebody_or_something_names_it_and_never_for_being_near() {
    let again = Example::days(30).deploy("v1", 0).deploy("v2", 10).deploy("v2", 20).incident(21, Some(22), None);
    check(again.clone(), &[("v2", &[FollowedByIncident], Some(1.0))]);
    let blamed = |example: &Example| {
        example.data(|data| data.failures.iter().map(|failure| failure.deployment).collect::<Vec<_>>())
    };
    assert_eq!(blamed(&again), [1]);
    assert_eq!(blamed(&again.clone().decide(0, Some(2))), [2]);
    let named =
        |what| Example::days(30).deploy("v1", 0).deploy("v2", 10).deploy("v2", 20).incident(21, None, Some(what));
    assert_eq!(blamed(&named("2")), [2]);
    assert_eq!(blamed(&named("v2")), [1], "a version is what brought it");
}

#[test]
fn what_was_called_off_or_still_runs_is_not_blamed_for_being_near() {
    use truelevel_model::DeploymentOutcome::{Cancelled, InProgress};
    for outcome in [Cancelled, InProgress] {
        let tried = Example::days(30)
            .deploy("v1", 0)
            .deploy("v2", 10)
            .deploy("v3", 11)
            .deployment(|deployment| deployment.outcome = outcome)
            .incident(12, Some(14), None);
        check(tried.clone(), &[("v2", &[FollowedByIncident], Some(2.0))]);
        let named = tried.incident_with(|incident| incident.caused_by = Some("v3".to_owned()));
        check(named, &[("v3", &[NamedByIncident], Some(2.0))]);
    }
}

#[test]
fn what_automation_stopped_is_a_failure_however_its_end_is_called() {
    let stopped = Example::days(30).deploy("v1", 0).deploy("v2", 10).deployment(|deployment| {
        deployment.outcome = truelevel_model::DeploymentOutcome::Cancelled;
        deployment.aborted_automatically = Some(true);
    });
    check(stopped, &[("v2", &[AbortedAutomatically], Some(0.0))]);
}

#[test]
fn a_fix_labelled_as_urgent_blames_what_ran_when_it_was_opened() {
    let fixed = |label: &'static str, opened, deployed| {
        Example::days(30)
            .commit("A", &[], 0)
            .deploy("A", 1)
            .commit("B", &["A"], 2)
            .deploy("B", 10)
            .commit("C", &["B"], 13)
            .review(opened, Some(13), |review| {
                review.merge_commit = Some(Example::id("C"));
                review.labels = vec![label.to_owned()];
            })
            .deploy("C", deployed)
    };
    check(fixed("type: Hotfix", 11, 14), &[("B", &[FollowedByLabelledFix], Some(4.0))]);
    check(fixed("regression", 9, 14), &[("A", &[FollowedByLabelledFix], Some(13.0))]);
    check(fixed("hotfix", 11, 40), &[]);
    check(fixed("bug", 11, 14), &[]);
}

#[test]
fn each_signal_says_what_it_comes_from() {
    let example = Example::days(30)
        .commit("A", &[], 0)
        .deploy("A", 1)
        .commit("B", &["A"], 2)
        .deploy("B", 3)
        .incident(4, Some(6), None)
        .revert("C", "B", &["B"], 4)
        .deploy("C", 5)
        .deploy("A", 7);
    let told = example.data(|data| {
        let proofs = data.failures.iter().flat_map(|failure| &failure.proofs);
        proofs.map(|proof| (proof.signal, proof.describe(data).unwrap())).collect::<Vec<_>>()
    });
    let expected = [
        (RolledBack, "by A of 2023-11-14 07:00 UTC"),
        (Hotfixed, "by C of 2023-11-14 05:00 UTC, where 43000000 reverts 42000000"),
        (FollowedByIncident, "0 of 2023-11-14 04:00 UTC"),
    ];
    assert_eq!(told, expected.map(|(signal, text)| (signal, text.to_owned())));
}

#[test]
fn several_signals_and_incidents_make_one_failure() {
    let example = Example::days(30)
        .deploy("v1", 0)
        .deploy("v2", 10)
        .incident(11, Some(12), None)
        .incident(12, Some(15), Some("v2"))
        .deploy("v1", 14);
    check(example, &[("v2", &[NamedByIncident, RolledBack, FollowedByIncident], Some(4.0))]);
}

#[test]
fn a_chain_that_ends_where_it_began_blames_what_came_first_after_the_beginning() {
    let chain = Example::days(30).deploy("A", 0).deploy("B", 1).deploy("C", 2).deploy("A", 3);
    check(chain, &[("B", &[RolledBack], Some(2.0))]);
}

#[test]
fn the_same_version_again_and_a_new_one_are_no_failures() {
    check(Example::days(30).deploy("A", 0).deploy("A", 1), &[]);
    check(Example::days(30).deploy("A", 0).deploy("B", 1).deploy("C", 2), &[]);
}

#[test]
fn rolling_forward_out_of_an_incident_recovers_when_the_incident_ends() {
    let forward = Example::days(30).deploy("A", 0).deploy("B", 10).incident(11, Some(14), None).deploy("C", 13);
    check(forward, &[("B", &[FollowedByIncident], Some(3.0))]);
}

#[test]
fn a_rollback_that_hurts_is_a_failure_of_its_own() {
    let hurts = Example::days(30).deploy("A", 0).deploy("B", 10).deploy("A", 12).incident(13, Some(20), None);
    check(hurts, &[("B", &[RolledBack], Some(2.0)), ("A", &[FollowedByIncident], Some(7.0))]);
}

#[test]
fn a_rollback_that_does_not_succeed_mends_nothing_until_one_does() {
    let failed = Example::days(30)
        .deploy("A", 0)
        .deploy("B", 10)
        .deploy("A", 12)
        .deployment(|deployment| deployment.outcome = truelevel_model::DeploymentOutcome::Failed)
        .deploy("A", 15);
    check(failed, &[("B", &[RolledBack], Some(5.0))]);
}

#[test]
fn two_incidents_of_one_deployment_are_one_failure_from_the_first_start_to_the_last_end() {
    let twice =
        Example::days(30).deploy("A", 0).deploy("B", 10).incident(11, Some(12), None).incident(14, Some(19), Some("B"));
    check(twice, &[("B", &[NamedByIncident, FollowedByIncident], Some(8.0))]);
}

#[test]
fn an_incident_over_several_services_fails_only_what_it_names_or_follows() {
    let over_both = |incident: &mut truelevel_model::Incident| {
        incident.services = vec!["web".into(), "other".into()];
    };
    let deployed = |hour| Example::days(30).deploy("A", 0).deploy("B", hour);
    let web = deployed(100).incident(101, Some(102), None).incident_with(over_both);
    check(web, &[("B", &[FollowedByIncident], Some(1.0))]);
    check(deployed(50).incident(101, Some(102), None).incident_with(over_both), &[]);
    check(deployed(100).incident(101, Some(102), Some("C")).incident_with(over_both), &[]);
}

#[test]
fn an_incident_before_any_deployment_is_nobodys() {
    check(Example::days(30).incident(1, Some(2), None).deploy("A", 10).deploy("B", 20), &[]);
}

#[test]
fn of_deployments_at_one_instant_the_last_is_blamed_whatever_the_order_of_the_facts() {
    let same = |versions: [&str; 2]| {
        versions.into_iter().fold(Example::days(30).deploy("v0", 0), |example, version| {
            example.deploy(version, 10).deployment(|deployment| deployment.id = version.to_owned())
        })
    };
    check(same(["v1", "v2"]).incident(10, Some(11), None), &[("v2", &[FollowedByIncident], Some(1.0))]);
    check(same(["v2", "v1"]).incident(10, Some(11), None), &[("v2", &[FollowedByIncident], Some(1.0))]);
}

#[test]
fn an_incident_that_is_opened_again_is_open_again() {
    let again = |resolved, observed| {
        Example::days(30)
            .deploy("A", 0)
            .deploy("B", 10)
            .incident(11, Some(12), None)
            .incident(11, resolved, None)
            .incident_with(move |incident| {
                incident.id = "0".to_owned();
                incident.observed_at = Example::at(observed);
            })
    };
    check(again(None, 13), &[("B", &[FollowedByIncident], None)]);
    check(again(Some(20), 21), &[("B", &[FollowedByIncident], Some(9.0))]);
    check(again(None, 5), &[("B", &[FollowedByIncident], Some(1.0))]);
}

#[test]
fn an_incident_that_comes_back_before_the_next_deployment_prolongs_the_failure() {
    let back =
        Example::days(30).deploy("A", 0).deploy("B", 10).incident(11, Some(12), None).incident(20, Some(30), None);
    check(back, &[("B", &[FollowedByIncident], Some(19.0))]);
}

#[test]
fn what_people_report_and_what_the_course_of_deployments_shows_are_told_apart() {
    let example = Example::days(30)
        .deploy("A", 0)
        .deploy("B", 10)
        .incident(11, Some(12), Some("B"))
        .deploy("C", 50)
        .deploy("B", 60);
    example.data(|data| {
        let known: Vec<_> = data.failures.iter().map(|failure| (failure.is_reported(), failure.confidence())).collect();
        assert_eq!(known, [(true, 1.0), (false, 0.95)]);
    });
}
