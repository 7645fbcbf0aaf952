//! Doctor: what is missing or stale, and what to connect for which answer.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use truelevel_assess::Catalog;
use truelevel_assess::catalog::Requirement;
use truelevel_assess::conditions::Subject;
use truelevel_model::assessment::{Answer, Assessment, GateOutcome, GateResult, SourceCoverage};
use truelevel_model::deployment_data::DeploymentData;
use truelevel_model::{Grade, Time};

use crate::assess::{AssessRequest, assess};
use crate::{EngineError, Talk, Workspace};

/// The name of the form.
pub const SCHEMA: &str = "truelevel/doctor/v1";
/// How many subjects of a finding are named.
const NAMED: usize = 10;

/// What a workspace's data is like.
#[derive(Clone, Debug, Serialize)]
pub struct Checkup {
    /// The name of the form.
    pub schema: &'static str,
    /// The workspace's name.
    pub workspace: String,
    /// The instant that it answers for.
    pub as_of: Time,
    /// What is missing or stale; what would decide most comes first.
    pub findings: Vec<Finding>,
    /// Where facts come from, by name.
    pub sources: Vec<SourceCoverage>,
    /// The services, by name.
    pub services: Vec<ServiceState>,
}

/// Something that is missing or stale.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// What it is.
    pub finding: &'static str,
    /// What was seen.
    pub what: String,
    /// What to do about it.
    pub connect: &'static str,
    /// The services, sources or repositories it is about; the first ones.
    pub subjects: Vec<String>,
    /// How many these are.
    pub count: usize,
    /// The questions that cannot be answered and that it helps to answer, in their order.
    pub questions: Vec<String>,
    /// The stages and lanes with a gate that cannot be judged and that it helps to judge.
    pub stages: Vec<String>,
}

/// What is known of one service.
#[derive(Clone, Debug, Serialize)]
pub struct ServiceState {
    /// The service.
    pub service: String,
    /// The team, where that is known.
    pub team: Option<String>,
    /// Its repositories.
    pub repositories: Vec<String>,
    /// What stands for its deployments.
    pub deployment_data: DeploymentData,
    /// The end of its newest stored deployment at or before the as-of.
    pub newest_deployment_at: Option<Time>,
    /// Deployed versions that lead to no commit.
    pub unresolved_versions: u64,
}

/// A kind of data, and what follows from it.
struct Kind {
    finding: &'static str,
    connect: &'static str,
    metrics: &'static [&'static str],
    /// The grades of practices that it shows.
    grades: &'static [Grade],
}

const DEPLOYMENTS: Kind = Kind {
    finding: "no_deployments",
    connect: "the deployment repository, or deployments from files: `truelevel import deployments.csv`",
    metrics: &[
        "change_fail_rate",
        "change_lead_time",
        "deployment_automation_share",
        "deployment_frequency",
        "deployment_rework_rate",
        "failed_deployment_recovery_time",
        "merge_to_deploy_time",
    ],
    grades: &[Grade::Exercised, Grade::Effective],
};
const REPOSITORIES: Kind = Kind {
    finding: "no_repository",
    connect: "the services' repositories: a [[repository]] table each, and `repository` where the name differs",
    metrics: &["change_lead_time", "deployment_batch_size", "merge_to_deploy_time", "undeployed_changes"],
    grades: &[Grade::Declared, Grade::Exercised],
};
const VERSIONS: Kind = Kind {
    finding: "unresolved_versions",
    connect: "the tags of the repositories (`git fetch --tags`), or `version_patterns` that find the commit in a version",
    metrics: REPOSITORIES.metrics,
    grades: &[],
};
const INCIDENTS: Kind = Kind {
    finding: "no_incidents",
    connect: "incidents of all services from the incident tool: `truelevel import incidents.csv`",
    metrics: &[
        "change_fail_rate",
        "deployment_rework_rate",
        "detection_by_alert_share",
        "failed_deployment_recovery_time",
        "incident_duration",
        "repeat_incident_share",
        "time_to_acknowledge",
        "time_to_detect",
    ],
    grades: &[Grade::Effective],
};
const REVIEWS: Kind = Kind {
    finding: "no_reviews",
    connect: "reviews from the code host: `truelevel import reviews.csv`",
    metrics: &["checks_green_at_merge", "review_pickup_time", "review_size"],
    grades: &[],
};
const PIPELINE_RUNS: Kind = Kind {
    finding: "no_pipeline_runs",
    connect: "pipeline runs from CI, with their shared workflows: `truelevel import pipeline-runs.csv`",
    metrics: &[
        "checks_green_at_merge",
        "flake_rate",
        "pipeline_duration",
        "pipeline_success_rate",
        "rerun_rate",
        "time_to_green",
    ],
    grades: &[Grade::Exercised],
};
const STALE: Kind = Kind {
    finding: "stale_source",
    connect: "the source again: nothing of it was observed in the window",
    metrics: &[],
    grades: &[],
};
const UNREAD: Kind = Kind {
    finding: "unread",
    connect: "what is named here: it could not be read, or something was assumed",
    metrics: &[],
    grades: &[],
};
const TEAMS: Kind = Kind {
    finding: "no_team",
    connect: "`team` in the [[service]] tables, or `truelevel import services.csv`",
    metrics: &[],
    grades: &[],
};

/// Collects, assesses, and says what would be known with more.
pub fn doctor(workspace: &mut Workspace, request: &AssessRequest, talk: &dyn Talk) -> Result<Checkup, EngineError> {
    let assessment = assess(workspace, request, talk)?;
    let catalog = workspace.catalog()?;
    let start = assessment.as_of.minus_days(assessment.window_days);
    let sources = sources(workspace, &assessment, start)?;
    let services = services(workspace, &assessment)?;
    let has = |kind: &str| sources.iter().any(|source| source.facts.contains_key(kind));
    let every = || services.iter().map(|service| service.service.clone()).collect::<Vec<_>>();
    let named = |is: &dyn Fn(&ServiceState) -> bool| -> Vec<String> {
        services.iter().filter(|service| is(service)).map(|service| service.service.clone()).collect()
    };
    let without = |kind: &str| if has(kind) { Vec::new() } else { every() };
    let stale = sources.iter().filter(|source| source.is_stale).map(|source| source.source.clone()).collect();
    let found: [(&Kind, Vec<String>, &str); 9] = [
        (
            &DEPLOYMENTS,
            named(&|service| matches!(service.deployment_data, DeploymentData::None | DeploymentData::ReleaseTags)),
            "service: no deployments but release tags, or nothing",
        ),
        (&REPOSITORIES, named(&|service| service.repositories.is_empty()), "service: no repository"),
        (&VERSIONS, named(&|service| service.unresolved_versions > 0), "service: versions that lead to no commit"),
        (&INCIDENTS, without("incidents"), "service: no source reports incidents"),
        (&PIPELINE_RUNS, without("pipeline_runs"), "service: no source reports pipeline runs"),
        (&REVIEWS, without("reviews"), "service: no source reports reviews"),
        (&STALE, stale, "source: nothing brought in the window"),
        (&UNREAD, assessment.coverage.warnings.clone(), "thing: not read as it is meant, or assumed"),
        (&TEAMS, named(&|service| service.team.is_none()), "service: no team"),
    ];
    let open = Open::find(&catalog, &assessment);
    let mut findings: Vec<Finding> = found
        .into_iter()
        .filter(|(_, subjects, _)| !subjects.is_empty())
        .map(|(kind, subjects, words)| open.finding(kind, subjects, words))
        .collect();
    // The first question that it helps to answer decides, then how many stages; where both are equal, the order above.
    findings.sort_by_key(|finding| (open.place(finding), std::cmp::Reverse(finding.stages.len())));
    Ok(Checkup {
        schema: SCHEMA,
        workspace: assessment.workspace.clone(),
        as_of: assessment.as_of,
        findings,
        sources,
        services,
    })
}

/// What cannot be told: questions and gates, each with what they ask about.
struct Open<'a> {
    questions: Vec<(String, &'a Requirement)>,
    gates: Vec<(String, &'a Requirement)>,
}

impl<'a> Open<'a> {
    fn find(catalog: &'a Catalog, assessment: &Assessment) -> Self {
        let unknown = |gate: &&GateResult| gate.outcome == GateOutcome::Unknown;
        let stages = assessment.stages.iter().chain(&assessment.lanes);
        let gates = stages.flat_map(|stage| stage.gates.iter().filter(unknown).map(|gate| (&stage.stage, &gate.gate)));
        let questions = assessment.first_constraint.chain.iter().filter(|result| result.answer == Answer::Unknown);
        Self {
            questions: questions
                .filter_map(|result| Some((result.question.clone(), &catalog.question(&result.question)?.requirement)))
                .collect(),
            gates: gates
                .filter_map(|(stage, gate)| Some((stage.clone(), &catalog.gate(gate)?.1.requirement)))
                .collect(),
        }
    }

    fn finding(&self, kind: &Kind, subjects: Vec<String>, words: &str) -> Finding {
        let helps = |requirement: &Requirement| {
            requirement.conditions().iter().any(|condition| match &condition.subject {
                Subject::Metric { metric, .. } => kind.metrics.contains(&metric.as_str()),
                Subject::Practice { grade, .. } => kind.grades.contains(grade),
            })
        };
        let of = |asked: &[(String, &Requirement)]| -> Vec<String> {
            asked.iter().filter(|(_, requirement)| helps(requirement)).map(|(name, _)| name.clone()).collect()
        };
        let stages: BTreeSet<String> = of(&self.gates).into_iter().collect();
        Finding {
            finding: kind.finding,
            what: counted(subjects.len(), words),
            connect: kind.connect,
            count: subjects.len(),
            questions: of(&self.questions),
            stages: stages.into_iter().collect(),
            subjects: subjects.into_iter().take(NAMED).collect(),
        }
    }

    /// The place of the first question that a finding helps to answer.
    fn place(&self, finding: &Finding) -> usize {
        let first = self.questions.iter().position(|(question, _)| finding.questions.contains(question));
        first.unwrap_or(self.questions.len())
    }
}

/// `service: no team`, of several.
fn counted(number: usize, words: &str) -> String {
    let (noun, what) = words.split_once(": ").unwrap_or((words, ""));
    format!("{}: {what}", truelevel_report::numbers::count(number as u64, noun))
}

/// What tells of what happened, and beside it what only says how services are.
fn sources(workspace: &Workspace, assessment: &Assessment, start: Time) -> Result<Vec<SourceCoverage>, EngineError> {
    let told = assessment.coverage.sources.iter().map(|source| (source.source.clone(), source.clone()));
    let mut sources: BTreeMap<String, SourceCoverage> = told.collect();
    let mut add = |source: &str, kind: &str, count: u64, at: Option<Time>| {
        let entry = sources.entry(source.to_owned()).or_default();
        source.clone_into(&mut entry.source);
        *entry.facts.entry(kind.to_owned()).or_default() += count;
        entry.newest_at = entry.newest_at.max(at);
        // What is said of services holds until something else is said.
        let is_event = entry.facts.keys().any(|kind| kind != "services");
        entry.is_stale = is_event && entry.newest_at.is_none_or(|at| at <= start);
    };
    for fact in workspace.store.evidence()? {
        add(fact.source.as_str(), "evidence", 1, Some(fact.evidence.observed_at));
    }
    for fact in workspace.store.service_records()? {
        add(fact.source.as_str(), "services", 1, Some(fact.observed_at));
    }
    for repository in &assessment.coverage.repositories {
        let name = format!("git:{}", repository.repository);
        add(&name, "changes", repository.changes, repository.newest_change_at);
    }
    Ok(sources.into_values().collect())
}

fn services(workspace: &Workspace, assessment: &Assessment) -> Result<Vec<ServiceState>, EngineError> {
    let mut newest: BTreeMap<String, Time> = BTreeMap::new();
    for deployment in workspace.store.deployments()?.iter().filter(|one| one.finished_at <= assessment.as_of) {
        let at = newest.entry(deployment.service.as_str().to_owned()).or_insert(deployment.finished_at);
        *at = (*at).max(deployment.finished_at);
    }
    let state = |service: &truelevel_model::assessment::ServiceResult| ServiceState {
        service: service.service.clone(),
        team: service.team.clone(),
        repositories: service.repositories.clone(),
        deployment_data: service.deployment_data,
        newest_deployment_at: newest.get(&service.service).copied(),
        // Without a repository, the repository is what is missing.
        unresolved_versions: if service.repositories.is_empty() {
            0
        } else {
            service.exclusions.get("version_unresolved").map_or(0, |excluded| excluded.count)
        },
    };
    Ok(assessment.each_service().map(state).collect())
}
