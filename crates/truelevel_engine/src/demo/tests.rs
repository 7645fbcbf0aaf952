use std::collections::BTreeMap;

use truelevel_model::Time;
use truelevel_model::assessment::{Answer, PhaseState};

use super::*;
use crate::assess::{AssessRequest, assess};
use crate::{Silent, WorkspaceSource};

pub(crate) fn plan(services: u32, constraint: Constraint) -> Plan {
    Plan {
        seed: 7,
        services,
        weeks: 26,
        as_of: Time::parse("2026-08-21T17:00:00Z").unwrap(),
        constraint,
        detail: Detail::Full,
        batch: 1.0,
        effects: Effects::default(),
    }
}

pub(crate) fn empty() -> (tempfile::TempDir, Workspace) {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("truelevel.toml"), format!("[workspace]\nname = \"demo\"\n{GOLDEN_PATH}"))
        .unwrap();
    let workspace = Workspace::open(&[folder.path().to_owned()]).unwrap();
    assert!(matches!(workspace.source, WorkspaceSource::File(_)));
    (folder, workspace)
}

pub(crate) fn filled(plan: &Plan) -> (tempfile::TempDir, Workspace, Truth) {
    let (folder, mut workspace) = empty();
    let truth = fill(&mut workspace, plan, &Silent).unwrap();
    (folder, workspace, truth)
}

pub(crate) fn asked(plan: &Plan) -> AssessRequest {
    AssessRequest { as_of: Some(plan.as_of), now: plan.as_of, window_days: None, edition: None, services: Vec::new() }
}

#[test]
fn what_is_measured_is_what_was_planted() {
    let plan = plan(24, Constraint::Mixed);
    let (_folder, mut workspace, truth) = filled(&plan);
    let assessment = assess(&mut workspace, &asked(&plan), &Silent).unwrap();
    let measured: BTreeMap<&str, _> =
        assessment.each_service().map(|service| (service.service.as_str(), service)).collect();
    assert_eq!(measured.len(), truth.services.len());
    let (mut failures, mut shipped, mut told) = (0, 0, Vec::new());
    for planted in &truth.services {
        let found = measured[planted.service.as_str()];
        let detail = |metric: &str, name: &str| found.metrics[metric].details.get(name).copied().unwrap_or_default();
        assert_eq!(found.team.as_deref(), Some(planted.team.as_str()));
        assert_eq!(found.metrics["deployment_frequency"].n, planted.deployments, "{planted:?}");
        assert_eq!(detail("change_fail_rate", "failures") as u64, planted.failures, "{planted:?}");
        assert_eq!(detail("change_fail_rate", "reported") as u64, planted.reported_failures, "{planted:?}");
        let lead_time = &found.metrics["change_lead_time"];
        assert_eq!(lead_time.n, planted.shipped, "{planted:?}");
        assert_eq!(lead_time.censored, if lead_time.value.is_some() { planted.undeployed } else { lead_time.censored });
        let close = |metric: &str, expected: Option<f64>| {
            let found = found.metrics[metric].value;
            let is_close = found.zip(expected).is_some_and(|(found, expected)| (found - expected).abs() < 1e-6);
            assert!(is_close || (found.is_none() && expected.is_none()), "{metric}: {found:?}, planted {expected:?}");
        };
        if planted.undeployed == 0 {
            close("change_lead_time", planted.median_lead_time_seconds);
        }
        let recovery = &found.metrics["failed_deployment_recovery_time"];
        assert_eq!((recovery.n + recovery.censored, recovery.censored), (planted.failures, planted.open_failures));
        if planted.open_failures == 0 {
            close("failed_deployment_recovery_time", planted.median_recovery_seconds);
        }
        assert_eq!(detail("deployment_frequency", "rollbacks") as u64, planted.rollbacks, "{planted:?}");
        assert_eq!(detail("deployment_rework_rate", "strict") as u64, planted.rework, "{planted:?}");
        assert_eq!(found.metrics["incident_duration"].n, planted.other_incidents, "{planted:?}");
        let share = |part: u64, whole: u64| (whole > 0).then(|| part as f64 / whole as f64);
        close("ai_change_share", share(planted.ai_shipped, planted.shipped));
        let succeeded = planted.pipeline_runs - planted.pipeline_runs_failed;
        close("pipeline_success_rate", share(succeeded, planted.pipeline_runs));
        let on_path = found.metrics["golden_path_share"].value;
        assert!(on_path.is_none_or(|share| share == f64::from(u8::from(planted.is_on_golden_path))), "{planted:?}");
        told.extend([planted.rollbacks, planted.rework, planted.other_incidents, planted.ai_shipped]);
        failures += planted.failures;
        shipped += planted.shipped;
    }
    assert!(told.iter().filter(|count| **count > 0).count() > 30, "{told:?}");
    assert!(truth.services.iter().any(|planted| planted.undeployed == 0 && planted.shipped > 0));
    assert!(failures > 20 && shipped > 800, "{failures} failures and {shipped} changes are too few to tell");
}

#[test]
fn the_same_seed_makes_the_same_organisation_and_another_one_another() {
    let window = Window::ending(plan(1, Constraint::Mixed).as_of, 90);
    let catalog = Catalog::embedded().unwrap();
    let life = |seed| life::live(&Plan { seed, ..plan(1, Constraint::Mixed) }, 0, window, &catalog);
    assert_eq!(life(1).facts.deployments, life(1).facts.deployments);
    assert_ne!(life(1).facts.deployments, life(2).facts.deployments);
}

#[test]
fn the_planted_constraint_is_the_one_that_is_named() {
    for seed in [1, 2, 5] {
        for (constraint, question) in crate::accuracy::CONSTRAINTS {
            let (_folder, mut workspace) = empty();
            let plan = crate::accuracy::held_back(*constraint, 6, seed);
            let named = crate::accuracy::first_constraint(&plan, &mut workspace).unwrap();
            assert_eq!(named, (Some((*question).to_owned()), Some(Answer::No)), "{constraint:?}, seed {seed}");
        }
    }
}

#[test]
fn what_is_supposed_is_judged_by_the_same_rules() {
    let plan = Plan { weeks: 14, ..plan(6, Constraint::LeadTime) };
    let (_folder, mut workspace, _) = filled(&plan);
    let ask = |workspace: &mut Workspace, gates: &[&str], metrics: &[&str]| {
        let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
        crate::what_if::what_if(workspace, &asked(&plan), (&owned(gates), &owned(metrics)), &Silent).unwrap()
    };
    let quick = ask(&mut workspace, &[], &["change_lead_time=6 hours"]);
    assert_eq!(quick.now.question.as_deref(), Some("lead_time_under_a_day"));
    assert_ne!(quick.then.question, quick.now.question);
    let open = quick.still_blocks[0].clone();
    let met = ask(&mut workspace, &[&open.gate], &[]);
    assert!(met.still_blocks.iter().all(|gate| gate.gate != open.gate));
    assert_eq!(met.now, quick.now);
    assert!(met.then.level.proven >= met.now.level.proven);
}

#[test]
fn the_plan_names_what_has_not_held_for_four_weeks_and_follows_initiatives() {
    let plan = Plan { weeks: 20, ..plan(6, Constraint::LeadTime) };
    let (folder, workspace, _) = filled(&plan);
    drop(workspace);
    let text = "[workspace]\nname = \"demo\"\n[[initiative]]\nname = \"Quick\"\nowner = \"platform\"\ndue = 2026-08-01\n\
                gates = [\"lead_time_is_under_a_day\", \"pipeline_runs_tests\"]\n[cost]\ncurrency = \"EUR\"\nper_day = 800.0\n\
                days = { hours = 0.5, days = 3, weeks = 15, months = 60 }\n";
    std::fs::write(folder.path().join("truelevel.toml"), text).unwrap();
    let mut workspace = Workspace::open(&[folder.path().to_owned()]).unwrap();
    let before = crate::plan::plan(&mut workspace, &asked(&plan), &Silent).unwrap();
    assert_eq!((before.weekly_snapshots, before.items.is_empty()), (0, false));
    let unsettled = |plan: &truelevel_model::plan::Plan| -> Vec<u64> {
        plan.phases.iter().flat_map(|phase| &phase.unsettled).map(|gate| gate.weeks_held).collect()
    };
    assert!(!unsettled(&before).is_empty() && unsettled(&before).iter().all(|weeks| *weeks == 0));
    assert!(before.phases.iter().all(|phase| phase.state != PhaseState::Done), "nothing was seen to hold");
    assert!(before.phases[0].teams <= Some(1), "{:?}", before.phases[0]);
    crate::snapshots::backfill(&mut workspace, 5, Some(plan.as_of), plan.as_of, &Silent).unwrap();
    let after = crate::plan::plan(&mut workspace, &asked(&plan), &Silent).unwrap();
    assert_eq!(after.weekly_snapshots, 4);
    assert!(unsettled(&after).len() < unsettled(&before).len(), "{:?}", unsettled(&after));
    let initiative = &after.initiatives[0];
    assert_eq!((initiative.past.len(), initiative.is_overdue), (5, true));
    assert!(initiative.open.contains(&"lead_time_is_under_a_day".to_owned()));
    let cost = after.cost.unwrap();
    assert!(cost.phases.iter().all(|(_, days, amount)| (days * 800.0 - amount).abs() < 1e-6), "{cost:?}");
    let weights: f64 = after.phases.iter().map(|phase| phase.weight).sum();
    assert!((weights - 1.0).abs() < 1e-9);
}

#[test]
fn planted_trains_and_silence_are_found() {
    let raised = |services, constraint| -> Vec<String> {
        let plan = Plan { weeks: 14, ..plan(services, constraint) };
        let (_folder, mut workspace, _) = filled(&plan);
        let found = assess(&mut workspace, &asked(&plan), &Silent).unwrap().pitfalls;
        found.into_iter().map(|found| found.pitfall).collect()
    };
    assert!(raised(12, Constraint::ChangeApproval).contains(&"batched_by_calendar".to_owned()));
    assert!(raised(60, Constraint::Mixed).contains(&"unreported_failures".to_owned()));
}

/// Twelve teams that all deliver the same way, but for what is planted.
fn planted(seed: u64, effects: Effects) -> truelevel_model::assessment::Assessment {
    let plan = Plan { seed, weeks: 28, effects, ..plan(60, Constraint::LeadTime) };
    let (_folder, mut workspace, _) = filled(&plan);
    assess(&mut workspace, &asked(&plan), &Silent).unwrap()
}

fn claims(assessment: &truelevel_model::assessment::Assessment) -> [Vec<&str>; 3] {
    let (platform, ai) = (assessment.platform.as_ref().unwrap(), assessment.ai.as_ref().unwrap());
    let differing = platform.outcomes.iter().filter(|found| found.differs).map(|found| found.metric.as_str());
    let dose = ai.dose.iter().filter(|found| found.is_shown).map(|found| found.metric.as_str());
    let study = ai.event_study.iter().flat_map(|study| &study.outcomes);
    let began = study.filter(|found| found.is_shown).map(|found| found.outcome.as_str());
    [differing.collect(), dose.collect(), began.collect()]
}

#[test]
fn planted_golden_paths_and_ai_are_found_alone_and_together() {
    let ai = |lead_time, batch| Some(AiEffect { share: 0.5, lead_time, batch });
    let path_only = planted(3, Effects { golden_path: Some(0.5), ai: ai(1.0, 1.0), ..Effects::default() });
    assert_eq!(claims(&path_only), [vec!["change_lead_time"], vec![], vec![]]);
    let adoption = &path_only.platform.as_ref().unwrap().adoption;
    assert_eq!((adoption.on, adoption.off, adoption.by_what_ran), (30, 30, 60));
    let both = planted(3, Effects { golden_path: Some(0.5), ai: ai(1.6, 1.6), ..Effects::default() });
    let [differing, _, began] = claims(&both);
    assert_eq!(differing, ["change_lead_time"]);
    assert_eq!(began, ["change_lead_time", "deployment_batch_size"]);
}

#[test]
fn golden_paths_and_ai_that_change_nothing_are_not_said_to() {
    let ai = Some(AiEffect { share: 0.5, lead_time: 1.0, batch: 1.0 });
    let found = planted(5, Effects { golden_path: Some(1.0), ai, ..Effects::default() });
    assert_eq!(claims(&found), [const { Vec::<&str>::new() }; 3]);
    assert_eq!(found.ai.unwrap().event_study.unwrap().adopters, 30);
}
