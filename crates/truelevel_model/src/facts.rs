//! Facts: what sources observed. (source, id) is a fact's identity; a later observation replaces an earlier one.

use std::collections::BTreeMap;

use crate::assessment::Answer;
use crate::{AuthorHash, CommitId, EnvironmentId, Evidence, RepositoryId, ServiceId, SourceId, Span, Time};

/// Facts that are written together.
#[derive(Clone, Debug, Default)]
pub struct Facts {
    /// Deployments.
    pub deployments: Vec<Deployment>,
    /// Reviews.
    pub reviews: Vec<Review>,
    /// Pipeline runs.
    pub pipeline_runs: Vec<PipelineRun>,
    /// Incidents.
    pub incidents: Vec<Incident>,
    /// Declarations.
    pub declarations: Vec<Declaration>,
    /// Answers to gates.
    pub gate_answers: Vec<GateAnswer>,
    /// Services.
    pub services: Vec<ServiceRecord>,
    /// Which deployments incidents belong to, as people say.
    pub incident_links: Vec<IncidentLink>,
    /// Practices that were observed.
    pub evidence: Vec<EvidenceRecord>,
    /// How many people used assistants.
    pub ai_usage: Vec<AiUsage>,
}

/// A commit of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The commit.
    pub id: CommitId,
    /// Its parents, in order.
    pub parents: Vec<CommitId>,
    /// When it was written.
    pub authored_at: Time,
    /// When it took its present form.
    pub committed_at: Time,
    /// Who wrote it, as a salted hash.
    pub author: AuthorHash,
    /// Written by an automation account.
    pub is_automation: bool,
    /// Carries a trailer of an AI assistant. Absence proves nothing.
    pub ai_assisted: bool,
    /// The commit that its message says it reverts.
    pub reverts: Option<CommitId>,
    /// The issues that its message names, as written: `SHOP-12`, `#345`.
    pub issue_keys: Vec<String>,
    /// How much it changes, where that was looked at.
    pub size: Option<ChangeSize>,
}

impl Change {
    /// A change of which nothing is known but its place in the graph and one time.
    pub const fn new(id: CommitId, parents: Vec<CommitId>, committed_at: Time) -> Self {
        Self {
            id,
            parents,
            authored_at: committed_at,
            committed_at,
            author: AuthorHash(0),
            is_automation: false,
            ai_assisted: false,
            reverts: None,
            issue_keys: Vec::new(),
            size: None,
        }
    }
}

/// How much a change changes, against its first parent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChangeSize {
    /// Files that were added, removed or changed.
    pub files: u32,
    /// Lines added and lines removed together, in files that hold text.
    pub lines: u32,
}

/// A named commit of a repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tag {
    /// The name without `refs/tags/`.
    pub name: String,
    /// The commit it leads to.
    pub commit: CommitId,
    /// When it was made; absent for light tags, which keep no time.
    pub tagged_at: Option<Time>,
}

/// How a deployment ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeploymentOutcome {
    /// The version runs.
    Succeeded,
    /// It did not take.
    Failed,
    /// Stopped before it took.
    Cancelled,
    /// Not ended yet.
    InProgress,
}

/// What started a deployment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Initiator {
    /// A pipeline or controller, without a person in between.
    Automation,
    /// A person.
    Person,
    /// A timetable.
    Schedule,
}

/// How a deployment reached its targets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DeploymentStrategy {
    /// Everything replaced together.
    AllAtOnce,
    /// In batches.
    Rolling,
    /// A second set of instances, then a switch.
    BlueGreen,
    /// A small share first, judged, then the rest.
    Canary,
}

/// One attempt to change what runs in an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deployment {
    /// Where it was observed.
    pub source: SourceId,
    /// The source's own id.
    pub id: String,
    /// The service.
    pub service: ServiceId,
    /// The environment.
    pub environment: EnvironmentId,
    /// The version that was to run, as the source writes it.
    pub version: String,
    /// The commit, where the source names it; otherwise the version is resolved when measuring.
    pub commit: Option<CommitId>,
    /// Start, where known.
    pub started_at: Option<Time>,
    /// End; for a deployment in progress, when it was last seen.
    pub finished_at: Time,
    /// The source's own order, which decides between equal times.
    pub sequence: i64,
    /// How it ended.
    pub outcome: DeploymentOutcome,
    /// What ran when the observation began: it tells what is deployed and is no event.
    pub is_initial_state: bool,
    /// From then on nothing of the service runs there: the end of what ran, and no deployment.
    pub is_removal: bool,
    /// What started it, where known.
    pub initiated_by: Option<Initiator>,
    /// How long it waited for an approval, where known.
    pub approval_wait: Option<Span>,
    /// How it was rolled out, where known.
    pub strategy: Option<DeploymentStrategy>,
    /// Stopped or reverted by automation because of what it measured, where known.
    pub aborted_automatically: Option<bool>,
    /// When the source said so; what was said earlier does not replace it.
    pub observed_at: Time,
}

/// A pull or merge request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// Where it was observed.
    pub source: SourceId,
    /// The repository.
    pub repository: RepositoryId,
    /// Its number there.
    pub number: u64,
    /// When it was opened.
    pub opened_at: Time,
    /// When its first original commit was written.
    pub first_commit_at: Option<Time>,
    /// When somebody else first answered.
    pub first_response_at: Option<Time>,
    /// When it was approved.
    pub approved_at: Option<Time>,
    /// When it was merged; absent while open or when closed without.
    pub merged_at: Option<Time>,
    /// The commit that the merge made.
    pub merge_commit: Option<CommitId>,
    /// Opened by an automation account.
    pub is_automation: bool,
    /// Lines changed.
    pub lines_changed: Option<u64>,
    /// Labels.
    pub labels: Vec<String>,
    /// Its commits as they were before merging, where known.
    pub commits: Vec<CommitId>,
    /// When the source said so; what was said earlier does not replace it.
    pub observed_at: Time,
}

/// How a pipeline run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RunOutcome {
    /// Everything that gates was green.
    Succeeded,
    /// Something that gates was red.
    Failed,
    /// Stopped.
    Cancelled,
    /// Had nothing to do.
    Skipped,
    /// Not ended yet.
    InProgress,
}

/// One run of CI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PipelineRun {
    /// Where it was observed.
    pub source: SourceId,
    /// The source's own id, without the attempt.
    pub id: String,
    /// From 1; a higher attempt is a re-run of the same id.
    pub attempt: u32,
    /// The repository.
    pub repository: RepositoryId,
    /// The workflow's name.
    pub workflow: String,
    /// The commit that it ran on.
    pub commit: CommitId,
    /// The event that started it, as the source writes it.
    pub trigger: String,
    /// Start.
    pub started_at: Time,
    /// End; absent while in progress.
    pub finished_at: Option<Time>,
    /// How it ended.
    pub outcome: RunOutcome,
    /// Shared workflows that it executed, as `path@version`: an empty list where it executed none, and absent where the source
    /// does not say.
    pub shared_workflows: Option<Vec<String>>,
    /// The branch it ran on, where known.
    pub branch: Option<String>,
    /// When the source said so; what was said earlier does not replace it.
    pub observed_at: Time,
}

impl PipelineRun {
    /// The shared workflows that it says it executed; none where it does not say.
    pub fn executed_shared(&self) -> &[String] {
        self.shared_workflows.as_deref().unwrap_or_default()
    }
}

/// A degradation of services.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Incident {
    /// Where it was observed.
    pub source: SourceId,
    /// The source's own id.
    pub id: String,
    /// The services it touched.
    pub services: Vec<ServiceId>,
    /// Severity as the source writes it.
    pub severity: Option<String>,
    /// Start of impact.
    pub started_at: Time,
    /// When somebody or something noticed.
    pub detected_at: Option<Time>,
    /// Noticed by an alert (true) or a person (false), where known.
    pub detected_by_alert: Option<bool>,
    /// When somebody took it.
    pub acknowledged_at: Option<Time>,
    /// End of impact; absent while open.
    pub resolved_at: Option<Time>,
    /// The deployment, version or commit that the source names as the cause.
    pub caused_by: Option<String>,
    /// When the source said so; what was said earlier does not replace it.
    pub observed_at: Time,
}

/// What a team says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declaration {
    /// The service, or the whole workspace.
    pub service: Option<ServiceId>,
    /// The stage id.
    pub stage: String,
    /// The declared level, 1 to 5.
    pub level: u8,
    /// When.
    pub declared_at: Time,
    /// Which team or role says so; never a person's name.
    pub declared_by: String,
    /// Why.
    pub reason: String,
}

/// What a source says of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceRecord {
    /// Where it was observed.
    pub source: SourceId,
    /// The service.
    pub service: ServiceId,
    /// The team that owns it.
    pub team: Option<String>,
    /// The repository where its code lives.
    pub repository: Option<RepositoryId>,
    /// When the source said so.
    pub observed_at: Time,
}

/// How many people of a team used an assistant on a day, as its vendor counts them. Which people is never known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AiUsage {
    /// Where it was observed.
    pub source: SourceId,
    /// The assistant: `github_copilot`.
    pub assistant: String,
    /// The team; everybody whom the vendor counts, when absent.
    pub team: Option<String>,
    /// The start of the day, in UTC.
    pub day: Time,
    /// People whose assistant was running.
    pub people_active: u32,
    /// Those of them who took something of it, or asked it something; where the vendor says so.
    pub people_engaged: Option<u32>,
    /// When the source said so.
    pub observed_at: Time,
}

/// What somebody decided about an incident's cause. It wins over everything inferred.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IncidentLink {
    /// The incident's source.
    pub incident_source: SourceId,
    /// The incident's id there.
    pub incident: String,
    /// The deployment that caused it, by source and id; none did, when absent.
    pub deployment: Option<(SourceId, String)>,
    /// Why.
    pub reason: String,
    /// When it was decided.
    pub observed_at: Time,
}

/// One observation of a practice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EvidenceRecord {
    /// Where it was observed.
    pub source: SourceId,
    /// The source's own id.
    pub id: String,
    /// The practice's id.
    pub practice: String,
    /// The service it speaks for; the repository of its place, or everything, when absent.
    pub service: Option<ServiceId>,
    /// What was seen, where and when.
    pub evidence: Evidence,
    /// Further values by name, as the source writes them.
    pub values: BTreeMap<String, String>,
}

/// What a team says of a single gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GateAnswer {
    /// The service, or the whole workspace.
    pub service: Option<ServiceId>,
    /// The gate's id.
    pub gate: String,
    /// Yes, no, or that it does not know.
    pub answer: Answer,
    /// When.
    pub declared_at: Time,
    /// Which team or role says so; never a person's name.
    pub declared_by: String,
    /// Why.
    pub reason: String,
}
