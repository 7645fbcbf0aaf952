//! What holds for every history, not only for the examples.

use proptest::prelude::*;
use truelevel_model::facts::RunOutcome;
use truelevel_model::{DeploymentOutcome, Measurement};

use super::METRICS;
use super::change_fail_rate::CHANGE_FAIL_RATE;
use super::change_lead_time::CHANGE_LEAD_TIME;
use super::examples::Example;
use super::failed_deployment_recovery_time::FAILED_DEPLOYMENT_RECOVERY_TIME;
use super::incident_duration::INCIDENT_DURATION;

const COMMITS: usize = 12;

/// One fact. Its place in the list it was made in is its id, so that the list can be told in any order and twice.
#[derive(Clone, Debug)]
enum Fact {
    Deployed { version: usize, hour: i64, outcome: DeploymentOutcome, is_aborted: bool },
    Incident { hour: i64, hours: Option<i64>, version: Option<usize> },
    Reviewed { hour: i64, merges: usize, is_automation: bool },
    Ran { commit: usize, hour: i64, has_succeeded: bool, attempt: u32 },
}

fn fact() -> impl Strategy<Value = Fact> {
    let (version, hour) = (0..COMMITS, 0..700i64);
    prop_oneof![
        4 => (version.clone(), hour.clone(), outcome(), prop::bool::weighted(0.1))
            .prop_map(|(version, hour, outcome, is_aborted)| Fact::Deployed { version, hour, outcome, is_aborted }),
        2 => (hour.clone(), prop::option::of(1..90i64), prop::option::of(version.clone()))
            .prop_map(|(hour, hours, version)| Fact::Incident { hour, hours, version }),
        1 => (hour.clone(), version.clone(), any::<bool>())
            .prop_map(|(hour, merges, is_automation)| Fact::Reviewed { hour, merges, is_automation }),
        2 => (version, hour, any::<bool>(), 1..3u32)
            .prop_map(|(commit, hour, has_succeeded, attempt)| Fact::Ran { commit, hour, has_succeeded, attempt }),
    ]
}

fn outcome() -> impl Strategy<Value = DeploymentOutcome> {
    use DeploymentOutcome::{Cancelled, Failed, InProgress, Succeeded};
    prop_oneof![7 => Just(Succeeded), 1 => Just(Failed), 1 => Just(Cancelled), 1 => Just(InProgress)]
}

fn name(commit: usize) -> String {
    format!("c{commit}")
}

/// A line of commits, one every fifty hours, and the facts told in the order given.
fn world<'a>(facts: impl IntoIterator<Item = &'a (usize, Fact)>) -> Example {
    let commits = (0..COMMITS).fold(Example::days(30).no_incidents(), |example, commit| {
        let parents: Vec<String> = commit.checked_sub(1).map(name).into_iter().collect();
        let parents: Vec<&str> = parents.iter().map(String::as_str).collect();
        example.commit(&name(commit), &parents, commit as i64 * 50)
    });
    facts.into_iter().fold(commits, |example, (id, fact)| tell(example, *id, fact))
}

fn tell(example: Example, id: usize, fact: &Fact) -> Example {
    match fact {
        Fact::Deployed { version, hour, outcome, is_aborted } => {
            example.deploy(&name(*version), *hour).deployment(|deployment| {
                deployment.id = id.to_string();
                deployment.outcome = *outcome;
                deployment.aborted_automatically = Some(*is_aborted);
            })
        }
        Fact::Incident { hour, hours, version } => {
            let named = version.map(name);
            let resolved = hours.map(|hours| hour + hours);
            example.incident(*hour, resolved, named.as_deref()).incident_with(|incident| incident.id = id.to_string())
        }
        Fact::Reviewed { hour, merges, is_automation } => example.review(*hour, Some(hour + 5), |review| {
            review.number = id as u64;
            review.merge_commit = Some(Example::id(&name(*merges)));
            review.first_commit_at = Some(Example::at(hour - 9));
            review.is_automation = *is_automation;
            review.lines_changed = Some(id as u64 * 7);
        }),
        Fact::Ran { commit, hour, has_succeeded, attempt } => {
            let outcome = if *has_succeeded { RunOutcome::Succeeded } else { RunOutcome::Failed };
            example.run("ci", &name(*commit), *hour, Some(hour + 1), outcome).run_with(|run| {
                run.id = id.to_string();
                run.attempt = *attempt;
            })
        }
    }
}

fn measured(example: &Example) -> Vec<Measurement> {
    example.data(|data| METRICS.iter().map(|metric| (metric.measure)(data)).collect())
}

/// The median, beyond everything where too much is open to know it.
fn middle(measured: &Measurement) -> f64 {
    measured.value.unwrap_or(f64::INFINITY)
}

fn numbered(facts: Vec<Fact>) -> Vec<(usize, Fact)> {
    facts.into_iter().enumerate().collect()
}

proptest! {
    #[test]
    fn shuffling_repeating_and_splitting_facts_changes_nothing(
        (facts, shuffled) in prop::collection::vec(fact(), 0..40).prop_map(numbered).prop_flat_map(|facts| {
            (Just(facts.clone()), Just(facts).prop_shuffle())
        }),
        cut in 0..40usize,
    ) {
        let before = measured(&world(&facts));
        prop_assert_eq!(&measured(&world(&shuffled)), &before);
        let (one, other) = shuffled.split_at(cut.min(shuffled.len()));
        prop_assert_eq!(&measured(&world(other.iter().chain(one).chain(&facts))), &before);
    }

    #[test]
    fn one_more_open_incident_never_shortens_recovery_or_the_duration_of_incidents(
        deployed in prop::collection::btree_set(0..700i64, 1..12),
        incidents in prop::collection::vec((0..700i64, prop::option::of(1..90i64)), 0..12),
        open in 0..700i64,
    ) {
        let versions = deployed.iter().enumerate();
        let forward = versions.fold(Example::days(30), |example, (number, hour)| example.deploy(&format!("v{number}"), *hour));
        let before = incidents.iter().fold(forward.no_incidents(), |example, (hour, hours)| {
            example.incident(*hour, hours.map(|hours| hour + hours), None)
        });
        let after = before.clone().incident(open, None, None);
        for metric in [&FAILED_DEPLOYMENT_RECOVERY_TIME, &INCIDENT_DURATION] {
            let (before, after) = (before.measure(metric), after.measure(metric));
            // Without anything observed before, there is nothing to shorten.
            if before.n + before.censored > 0 {
                prop_assert!(middle(&after) >= middle(&before), "{}: {:?} {:?}", metric.id, before, after);
            }
        }
    }

    #[test]
    fn one_more_failure_never_lowers_the_fail_rate(
        facts in prop::collection::vec(fact(), 1..30).prop_map(numbered),
        version in 0..COMMITS,
        hour in 0..700i64,
    ) {
        let more = (1000, Fact::Incident { hour, hours: None, version: Some(version) });
        let (before, after) = (world(&facts), world(facts.iter().chain([&more])));
        let (before, after) = (before.measure(&CHANGE_FAIL_RATE), after.measure(&CHANGE_FAIL_RATE));
        prop_assert!(after.value >= before.value);
        // What was called off counts among those attempted once it is named.
        prop_assert!(after.n == before.n || after.n == before.n + 1);
    }

    #[test]
    fn the_fail_rate_and_the_recovery_time_tell_of_the_same_failures(facts in prop::collection::vec(fact(), 1..40)) {
        let world = world(&numbered(facts));
        let failed = world.measure(&CHANGE_FAIL_RATE).details.get("failures").copied().unwrap_or(0.0);
        let recovery = world.measure(&FAILED_DEPLOYMENT_RECOVERY_TIME);
        prop_assert_eq!(failed, (recovery.n + recovery.censored) as f64);
    }

    #[test]
    fn an_incident_between_deployments_that_succeeded_is_never_lost_to_an_attempt_that_was_called_off(
        hours in prop::collection::btree_set(0..700i64, 1..10),
        after in 1..20i64,
    ) {
        let forward = |example: Example, (number, hour): (usize, &i64)| example.deploy(&format!("v{number}"), *hour);
        let plain = hours.iter().enumerate().fold(Example::days(30).no_incidents(), forward);
        let plain = plain.incident(hours.last().unwrap() + after, None, None);
        let called_off = hours.iter().fold(plain.clone(), |example, hour| {
            example.deploy("never", hour + 1).deployment(|deployment| deployment.outcome = DeploymentOutcome::Cancelled)
        });
        let (plain, called_off) = (plain.measure(&CHANGE_FAIL_RATE), called_off.measure(&CHANGE_FAIL_RATE));
        prop_assert_eq!((plain.value, plain.n), (called_off.value, called_off.n));
    }

    #[test]
    fn what_is_left_open_never_shortens_a_median(
        facts in prop::collection::vec(fact(), 0..30).prop_map(numbered),
        waiting in 1..9i64,
    ) {
        let before = world(&facts);
        // What waits may be younger than everything else: it is known only to take longer than its age.
        let after = (0..waiting).fold(before.clone(), |example, number| {
            let (name, parent) = (format!("w{number}"), if number == 0 { self::name(COMMITS - 1) } else { format!("w{}", number - 1) });
            example.commit(&name, &[&parent], 600 + number)
        });
        let (before, after) = (before.measure(&CHANGE_LEAD_TIME), after.measure(&CHANGE_LEAD_TIME));
        if before.n + before.censored > 0 {
            prop_assert!(middle(&after) >= middle(&before), "{:?} {:?}", before, after);
        }
    }
}
