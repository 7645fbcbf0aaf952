//! GitLab: webhooks of a project or group.

use truelevel_model::events::Reading;
use truelevel_model::facts::{DeploymentOutcome, Facts, RunOutcome};
use truelevel_model::{Deployment, Incident, PipelineRun, Review, Span};

use super::payload::Payload;
use super::signatures::Scheme;
use super::{Event, Names, Sender, observed};

pub(super) static SENDER: Sender = Sender {
    id: "gitlab",
    title: "GitLab",
    schemes: &[Scheme::Standard, Scheme::Token { header: "x-gitlab-token" }],
    kind: |delivery| delivery.payload.need_text("object_kind").map(str::to_owned),
    delivery: |delivery| {
        let header = |name: &str| delivery.headers.get(name).cloned();
        header("idempotency-key").or_else(|| header("webhook-id")).map(Into::into)
    },
    read,
};

fn read(event: &Event<'_>, names: &Names) -> Result<Reading, String> {
    let mut facts = Facts::default();
    match event.kind {
        "deployment" => facts.deployments.push(deployment(event, names)?),
        "pipeline" => facts.pipeline_runs.push(pipeline_run(event.payload, names)?),
        "merge_request" => facts.reviews.push(review(event, names)?),
        "issue" | "work_item" if is_incident(event.payload, names) => {
            facts.incidents.push(incident(event.payload, names)?);
        }
        "issue" | "work_item" => return Ok(Reading::ignored("an issue that is no incident")),
        "release" | "push" | "tag_push" => {
            return Ok(Reading::ignored("tags and commits are read from the repository itself"));
        }
        "build" => return Ok(Reading::ignored("a job tells nothing that its pipeline and deployment do not")),
        other => return Ok(Reading::ignored(format!("{} is not about delivery", truelevel_model::printable(other)))),
    }
    Ok(Reading { facts, ..Reading::default() })
}

fn project(body: Payload<'_>) -> Result<&str, String> {
    body.need_text("project.path_with_namespace")
}

fn deployment(event: &Event<'_>, names: &Names) -> Result<Deployment, String> {
    let body = event.payload;
    let outcome = match body.need_text("status")? {
        "created" | "blocked" | "running" => DeploymentOutcome::InProgress,
        "success" => DeploymentOutcome::Succeeded,
        "failed" => DeploymentOutcome::Failed,
        "canceled" | "skipped" => DeploymentOutcome::Cancelled,
        other => return Err(format!("`status` is unknown: {}", truelevel_model::printable(other))),
    };
    let is_end = outcome != DeploymentOutcome::InProgress;
    // Before 13.5 no time was sent, and before 14 no id of the deployment: its job stands for it.
    let changed_at = body.time("status_changed_at")?.unwrap_or(event.received_at);
    let commit = body.text("commit_url").and_then(|url| url.rsplit('/').next()?.parse().ok());
    let version = match commit {
        Some(commit) => truelevel_model::CommitId::to_string(&commit),
        None => body.need_text("short_sha")?.to_owned(),
    };
    Ok(Deployment {
        source: SENDER.id.into(),
        id: body
            .id("deployment_id")
            .map_or_else(|| body.need_id("deployable_id").map(|job| format!("job {job}")), Ok)?,
        service: names.service_of_repository(project(body)?),
        environment: body.need_text("environment")?.into(),
        version,
        commit,
        started_at: (body.text("status") == Some("running")).then_some(changed_at),
        finished_at: changed_at,
        sequence: 0,
        outcome,
        is_initial_state: false,
        is_removal: false,
        initiated_by: None,
        approval_wait: None,
        strategy: None,
        aborted_automatically: None,
        observed_at: observed(changed_at, is_end),
    })
}

fn pipeline_run(body: Payload<'_>, names: &Names) -> Result<PipelineRun, String> {
    let run = body.need_part("object_attributes")?;
    let outcome = match run.need_text("status")? {
        "success" => RunOutcome::Succeeded,
        "failed" => RunOutcome::Failed,
        "canceled" => RunOutcome::Cancelled,
        "skipped" => RunOutcome::Skipped,
        _ => RunOutcome::InProgress,
    };
    let is_end = outcome != RunOutcome::InProgress;
    let created_at = run.need_time("created_at")?;
    let finished_at = if is_end { run.time("finished_at")? } else { None };
    let queued = run.number("queued_duration").and_then(|seconds| i64::try_from(seconds).ok()).unwrap_or(0);
    Ok(PipelineRun {
        source: SENDER.id.into(),
        id: run.need_id("id")?,
        attempt: 1,
        repository: names.repository(project(body)?),
        workflow: run.text("name").unwrap_or("pipeline").to_owned(),
        commit: run.need_commit("sha")?,
        trigger: run.text("source").unwrap_or("unknown").to_owned(),
        started_at: created_at.plus(Span::from_millis(queued.saturating_mul(1000))),
        finished_at,
        outcome,
        shared_workflows: None,
        branch: run.text("ref").filter(|_| !run.is_true("tag")).map(str::to_owned),
        observed_at: observed(finished_at.unwrap_or(created_at), is_end),
    })
}

fn review(event: &Event<'_>, names: &Names) -> Result<Review, String> {
    let body = event.payload;
    let request = body.need_part("object_attributes")?;
    let updated_at = request.need_time("updated_at")?;
    let is_merged = request.text("state") == Some("merged");
    // Only the event of the merge has the time in `updated_at`; those after it may change something else.
    let merged_at = match request.time("merged_at")? {
        Some(merged_at) => Some(merged_at),
        None => (is_merged && request.text("action") == Some("merge")).then_some(updated_at),
    };
    // An approval does not count as an update of the request.
    let approved_at = matches!(request.text("action"), Some("approved" | "approval")).then_some(event.received_at);
    let label = |label: Payload<'_>| label.text("title").map(str::to_owned);
    Ok(Review {
        source: SENDER.id.into(),
        repository: names.repository(project(body)?),
        number: request.need_number("iid")?,
        opened_at: request.need_time("created_at")?,
        first_commit_at: None,
        first_response_at: approved_at,
        approved_at,
        merged_at,
        merge_commit: request.commit("merge_commit_sha").filter(|_| is_merged),
        is_automation: false,
        lines_changed: None,
        labels: body.items("labels").filter_map(label).collect(),
        commits: Vec::new(),
        observed_at: observed(updated_at, is_merged),
    })
}

fn is_incident(body: Payload<'_>, names: &Names) -> bool {
    let kind = body.text("object_attributes.type").or_else(|| body.text("object_attributes.issue_type"));
    let is_label = |label: Payload<'_>| label.text("title").is_some_and(|title| names.is_incident_label(title));
    kind.is_some_and(|kind| kind.eq_ignore_ascii_case("incident")) || body.items("labels").any(is_label)
}

fn incident(body: Payload<'_>, names: &Names) -> Result<Incident, String> {
    let issue = body.need_part("object_attributes")?;
    let started_at = issue.need_time("created_at")?;
    let severity = issue.text("severity").filter(|severity| !severity.eq_ignore_ascii_case("unknown"));
    Ok(Incident {
        source: SENDER.id.into(),
        id: format!("{}#{}", project(body)?, issue.need_number("iid")?),
        services: vec![names.service_of_repository(project(body)?)],
        severity: severity.map(str::to_owned),
        started_at,
        detected_at: Some(started_at),
        detected_by_alert: None,
        acknowledged_at: None,
        resolved_at: issue.time("closed_at")?,
        caused_by: None,
        observed_at: issue.need_time("updated_at")?,
    })
}
