//! Facts to begin from.

use std::collections::BTreeMap;

use truelevel_model::assessment::Answer;
use truelevel_model::facts::{AiUsage, DeploymentStrategy, Facts, RunOutcome};
use truelevel_model::{
    AuthorHash, Change, ChangeSize, CommitId, Declaration, Deployment, DeploymentOutcome, Evidence, EvidenceRecord,
    GateAnswer, Grade, Incident, IncidentLink, Initiator, Locator, PipelineRun, Review, ServiceRecord, Span, Time,
};

/// 2026-08-21T17:00:00Z and whole seconds after it.
pub(crate) fn at(seconds: i64) -> Time {
    Time::from_seconds(1_787_331_600 + seconds)
}

pub(crate) fn commit(number: u32) -> CommitId {
    let mut id = CommitId([0; 20]);
    id.0[..4].copy_from_slice(&number.wrapping_mul(2_654_435_761).to_le_bytes());
    id.0[16..].copy_from_slice(&number.to_be_bytes());
    id
}

pub(crate) fn ai_usage(team: &str) -> AiUsage {
    AiUsage {
        source: "github_copilot".into(),
        assistant: "github_copilot".to_owned(),
        team: Some(team.to_owned()),
        day: at(0),
        people_active: 12,
        people_engaged: Some(9),
        observed_at: at(1),
    }
}

pub(crate) fn deployment(id: &str) -> Deployment {
    Deployment {
        source: "deployments:example".into(),
        id: id.to_owned(),
        service: "shop".into(),
        environment: "production".into(),
        version: "1.2.3".to_owned(),
        commit: Some(commit(7)),
        started_at: Some(at(-60)),
        finished_at: at(0),
        sequence: 0,
        outcome: DeploymentOutcome::Succeeded,
        is_initial_state: false,
        is_removal: false,
        initiated_by: Some(Initiator::Automation),
        approval_wait: Some(Span::from_millis(1500)),
        strategy: Some(DeploymentStrategy::Canary),
        aborted_automatically: Some(false),
        observed_at: at(1),
    }
}

pub(crate) fn review(number: u64) -> Review {
    Review {
        source: "reviews:example".into(),
        repository: "shop".into(),
        number,
        opened_at: at(0),
        first_commit_at: Some(at(-3600)),
        first_response_at: Some(at(60)),
        approved_at: Some(at(120)),
        merged_at: Some(at(180)),
        merge_commit: Some(commit(9)),
        is_automation: false,
        lines_changed: Some(42),
        labels: vec!["bug".to_owned(), "quote \" and\nline".to_owned()],
        commits: vec![commit(7), commit(8)],
        observed_at: at(200),
    }
}

pub(crate) fn pipeline_run(id: &str, attempt: u32) -> PipelineRun {
    PipelineRun {
        source: "ci:example".into(),
        id: id.to_owned(),
        attempt,
        repository: "shop".into(),
        workflow: "test".to_owned(),
        commit: commit(9),
        trigger: "push".to_owned(),
        started_at: at(0),
        finished_at: Some(at(300)),
        outcome: RunOutcome::Failed,
        shared_workflows: Some(vec!["platform/build.yml@v3".to_owned()]),
        branch: Some("main".to_owned()),
        observed_at: at(301),
    }
}

pub(crate) fn incident(id: &str) -> Incident {
    Incident {
        source: "incidents:example".into(),
        id: id.to_owned(),
        services: vec!["shop".into(), "basket".into()],
        severity: Some("SEV-2".to_owned()),
        started_at: at(0),
        detected_at: Some(at(30)),
        detected_by_alert: Some(true),
        acknowledged_at: Some(at(60)),
        resolved_at: Some(at(900)),
        caused_by: Some("deployment 5".to_owned()),
        observed_at: at(901),
    }
}

pub(crate) fn declaration(service: Option<&str>) -> Declaration {
    Declaration {
        service: service.map(Into::into),
        stage: "deploy".to_owned(),
        level: 3,
        declared_at: at(0),
        declared_by: "shop team".to_owned(),
        reason: "we deploy every day".to_owned(),
    }
}

pub(crate) fn gate_answer(service: Option<&str>) -> GateAnswer {
    GateAnswer {
        service: service.map(Into::into),
        gate: "every_change_is_built".to_owned(),
        answer: Answer::Yes,
        declared_at: at(0),
        declared_by: "shop team".to_owned(),
        reason: String::new(),
    }
}

pub(crate) fn service_record(service: &str) -> ServiceRecord {
    ServiceRecord {
        source: "catalog:example".into(),
        service: service.into(),
        team: Some("payments".to_owned()),
        repository: Some("shop".into()),
        observed_at: at(0),
    }
}

pub(crate) fn incident_link(incident: &str) -> IncidentLink {
    IncidentLink {
        incident_source: "incidents:example".into(),
        incident: incident.to_owned(),
        deployment: Some(("deployments:example".into(), "1".to_owned())),
        reason: "the post-mortem says so".to_owned(),
        observed_at: at(2000),
    }
}

pub(crate) fn evidence(id: &str, locator: Locator) -> EvidenceRecord {
    EvidenceRecord {
        source: "drills:example".into(),
        id: id.to_owned(),
        practice: "backups".to_owned(),
        service: Some("shop".into()),
        evidence: Evidence { grade: Grade::Effective, locator, observed_at: at(0) },
        values: [("minutes".to_owned(), "42".to_owned())].into(),
    }
}

/// One or two of each kind, and what is empty or unknown in each.
pub(crate) fn facts() -> Facts {
    let bare_deployment = Deployment {
        commit: None,
        started_at: None,
        outcome: DeploymentOutcome::InProgress,
        is_initial_state: true,
        is_removal: false,
        initiated_by: None,
        approval_wait: None,
        strategy: None,
        aborted_automatically: None,
        sequence: i64::MIN,
        ..deployment("bare")
    };
    let bare_review = Review {
        first_commit_at: None,
        first_response_at: None,
        approved_at: None,
        merged_at: None,
        merge_commit: None,
        lines_changed: None,
        labels: Vec::new(),
        commits: Vec::new(),
        ..review(u64::MAX)
    };
    let bare_run = PipelineRun {
        finished_at: None,
        outcome: RunOutcome::InProgress,
        shared_workflows: None,
        branch: None,
        ..pipeline_run("1", 2)
    };
    let bare_incident = Incident {
        services: Vec::new(),
        severity: None,
        detected_at: None,
        detected_by_alert: None,
        acknowledged_at: None,
        resolved_at: None,
        caused_by: None,
        ..incident("2")
    };
    Facts {
        deployments: vec![bare_deployment, deployment("1")],
        reviews: vec![review(1), bare_review],
        pipeline_runs: vec![pipeline_run("1", 1), bare_run],
        incidents: vec![incident("1"), bare_incident],
        declarations: vec![declaration(None), declaration(Some("shop"))],
        gate_answers: vec![gate_answer(None), gate_answer(Some("shop"))],
        services: vec![
            ServiceRecord { team: None, repository: None, ..service_record("basket") },
            service_record("shop"),
        ],
        incident_links: vec![incident_link("1"), IncidentLink { deployment: None, ..incident_link("2") }],
        ai_usage: vec![AiUsage { team: None, people_engaged: None, ..ai_usage("web") }, ai_usage("web")],
        evidence: vec![
            evidence("1", Locator::Elsewhere { summary: "restored".to_owned(), address: Some("https://a/1".into()) }),
            EvidenceRecord {
                service: None,
                values: BTreeMap::new(),
                ..evidence("2", Locator::Facts { summary: "3 restores".to_owned() })
            },
        ],
    }
}

/// A line of changes in which every tenth one is a merge, some are cut off and some revert.
pub(crate) fn changes(count: u32) -> Vec<Change> {
    (0..count)
        .map(|number| Change {
            id: commit(number),
            parents: match number {
                0 => Vec::new(),
                _ if number % 97 == 0 => vec![commit(number - 1), commit(number + 1_000_000)],
                _ if number % 10 == 0 => vec![commit(number - 1), commit(number / 2)],
                _ => vec![commit(number - 1)],
            },
            authored_at: at(i64::from(number) * 60 - 30),
            committed_at: at(i64::from(number) * 60),
            author: AuthorHash(u64::MAX - u64::from(number % 50)),
            is_automation: number % 7 == 0,
            ai_assisted: number % 11 == 0,
            reverts: (number % 101 == 100).then(|| commit(number - 5)),
            issue_keys: if number % 13 == 0 { vec![format!("SHOP-{number}"), "#7".to_owned()] } else { Vec::new() },
            size: (number % 3 == 0).then_some(ChangeSize { files: number, lines: number * 9 }),
        })
        .collect()
}
