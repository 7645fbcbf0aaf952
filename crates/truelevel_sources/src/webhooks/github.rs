//! GitHub: webhooks of a repository, organisation or app.

use truelevel_model::events::Reading;
use truelevel_model::facts::{DeploymentOutcome, Facts, RunOutcome};
use truelevel_model::{Deployment, Incident, PipelineRun, Review, Time};

use super::payload::Payload;
use super::signatures::Scheme;
use super::{Event, Names, Sender, kind_header, observed};

pub(super) static SENDER: Sender = Sender {
    id: "github",
    title: "GitHub",
    schemes: &[Scheme::BodyHmac { header: "x-hub-signature-256", prefix: "sha256=" }],
    kind: |delivery| kind_header(delivery, "x-github-event"),
    delivery: |delivery| delivery.headers.get("x-github-delivery").cloned().map(Into::into),
    read,
};

/// Longer waits before a first answer begin with another event than a review.
const ANSWERS: &[&str] = &["approved", "changes_requested", "commented"];

fn read(event: &Event<'_>, names: &Names) -> Result<Reading, String> {
    let body = event.payload;
    let mut facts = Facts::default();
    match event.kind {
        "deployment" => facts.deployments.push(deployment(body, None, names)?),
        "deployment_status" => {
            let status = body.need_part("deployment_status")?;
            // Said of the deployment before, when the next one succeeded.
            if status.need_text("state")? == "inactive" {
                return Ok(Reading::ignored("a deployment that another one followed"));
            }
            facts.deployments.push(deployment(body, Some(status), names)?);
        }
        "workflow_run" => facts.pipeline_runs.push(pipeline_run(body, names)?),
        "pull_request" => facts.reviews.push(review(body, names)?),
        "pull_request_review" => facts.reviews.push(answered_review(body, names)?),
        "issues" => {
            let is_incident = |label: Payload<'_>| label.text("name").is_some_and(|name| names.is_incident_label(name));
            if !body.items("issue.labels").any(is_incident) {
                return Ok(Reading::ignored("an issue without a label of incidents"));
            }
            if body.text("action") == Some("deleted") {
                return Ok(Reading::ignored("an issue that was deleted"));
            }
            facts.incidents.push(incident(body, names)?);
        }
        "release" | "push" | "create" | "delete" => {
            return Ok(Reading::ignored("tags and commits are read from the repository itself"));
        }
        "workflow_job" | "check_suite" | "check_run" => {
            return Ok(Reading::ignored("a part of a run tells nothing that `workflow_run` does not"));
        }
        "merge_group" => return Ok(Reading::ignored("a queue before the merge; `pull_request` tells of the merge")),
        other => return Ok(Reading::ignored(format!("{} is not about delivery", truelevel_model::printable(other)))),
    }
    Ok(Reading { facts, ..Reading::default() })
}

fn repository(body: Payload<'_>) -> Result<&str, String> {
    body.need_text("repository.full_name")
}

fn is_automation(user: Option<Payload<'_>>) -> bool {
    user.is_some_and(|user| {
        user.text("type") == Some("Bot") || user.text("login").is_some_and(|login| login.ends_with("[bot]"))
    })
}

fn deployment(body: Payload<'_>, status: Option<Payload<'_>>, names: &Names) -> Result<Deployment, String> {
    let made = body.need_part("deployment")?;
    let outcome = match status.map(|status| status.need_text("state")).transpose()? {
        None | Some("pending" | "queued" | "in_progress" | "waiting") => DeploymentOutcome::InProgress,
        Some("success") => DeploymentOutcome::Succeeded,
        Some("failure" | "error") => DeploymentOutcome::Failed,
        Some(other) => {
            return Err(format!("`deployment_status.state` is unknown: {}", truelevel_model::printable(other)));
        }
    };
    let started_at = made.need_time("created_at")?;
    let seen_at = match status {
        Some(status) => status.time("updated_at")?.map_or_else(|| status.need_time("created_at"), Ok)?,
        None => started_at,
    };
    let commit = made.need_commit("sha")?;
    Ok(Deployment {
        source: SENDER.id.into(),
        id: made.need_id("id")?,
        service: names.service_of_repository(repository(body)?),
        environment: made.need_text("environment")?.into(),
        version: commit.to_string(),
        commit: Some(commit),
        started_at: Some(started_at),
        finished_at: seen_at,
        sequence: 0,
        outcome,
        is_initial_state: false,
        is_removal: false,
        initiated_by: None,
        approval_wait: None,
        strategy: None,
        aborted_automatically: None,
        observed_at: observed(seen_at, outcome != DeploymentOutcome::InProgress),
    })
}

fn pipeline_run(body: Payload<'_>, names: &Names) -> Result<PipelineRun, String> {
    let run = body.need_part("workflow_run")?;
    let outcome = match (run.need_text("status")?, run.text("conclusion")) {
        ("completed", Some("success" | "neutral")) => RunOutcome::Succeeded,
        ("completed", Some("cancelled" | "stale")) => RunOutcome::Cancelled,
        ("completed", Some("skipped")) => RunOutcome::Skipped,
        ("completed", _) => RunOutcome::Failed,
        _ => RunOutcome::InProgress,
    };
    let seen_at = run.need_time("updated_at")?;
    let is_done = outcome != RunOutcome::InProgress;
    let shared = run.items("referenced_workflows").filter_map(|workflow| {
        let path = workflow.text("path")?;
        let version = workflow.text("ref").or_else(|| workflow.text("sha"));
        // The path carries the version already, unless it is of the same repository.
        Some(if path.contains('@') { path.to_owned() } else { format!("{path}@{}", version.unwrap_or("unknown")) })
    });
    Ok(PipelineRun {
        source: SENDER.id.into(),
        id: run.need_id("id")?,
        attempt: u32::try_from(run.number("run_attempt").unwrap_or(1)).map_err(|_| "`run_attempt` is too large")?,
        repository: names.repository(repository(body)?),
        workflow: run.text("name").or_else(|| run.text("path")).unwrap_or("unnamed").to_owned(),
        commit: run.need_commit("head_sha")?,
        trigger: run.text("event").unwrap_or("unknown").to_owned(),
        started_at: run.time("run_started_at")?.map_or_else(|| run.need_time("created_at"), Ok)?,
        finished_at: is_done.then_some(seen_at),
        outcome,
        shared_workflows: run.at("referenced_workflows").map(|_| shared.collect()),
        branch: run.text("head_branch").map(str::to_owned),
        observed_at: observed(seen_at, is_done),
    })
}

fn review(body: Payload<'_>, names: &Names) -> Result<Review, String> {
    let request = body.need_part("pull_request")?;
    let merged_at = request.time("merged_at")?;
    let lines = request.number("additions").zip(request.number("deletions"));
    Ok(Review {
        source: SENDER.id.into(),
        repository: names.repository(repository(body)?),
        number: request.need_number("number")?,
        opened_at: request.need_time("created_at")?,
        first_commit_at: None,
        first_response_at: None,
        approved_at: None,
        merged_at,
        // Before the merge it is a trial that nobody keeps.
        merge_commit: merged_at.and_then(|_| request.commit("merge_commit_sha")),
        is_automation: is_automation(request.part("user")),
        lines_changed: lines.map(|(added, removed)| added.saturating_add(removed)),
        labels: request.items("labels").filter_map(|label| label.text("name")).map(str::to_owned).collect(),
        commits: Vec::new(),
        observed_at: observed(request.need_time("updated_at")?, merged_at.is_some()),
    })
}

/// A review with an answer. Who answers one's own request, or is a machine, is not somebody else.
fn answered_review(body: Payload<'_>, names: &Names) -> Result<Review, String> {
    let review = review(body, names)?;
    let answer = body.need_part("review")?;
    let state = answer.text("state").unwrap_or_default().to_lowercase();
    let author = body.text("pull_request.user.login");
    let is_others = answer.text("user.login") != author && !is_automation(answer.part("user"));
    let answered_at: Option<Time> = match answer.time("submitted_at")? {
        Some(at) if is_others && ANSWERS.contains(&state.as_str()) => Some(at),
        _ => None,
    };
    Ok(Review { first_response_at: answered_at, approved_at: answered_at.filter(|_| state == "approved"), ..review })
}

fn incident(body: Payload<'_>, names: &Names) -> Result<Incident, String> {
    let issue = body.need_part("issue")?;
    let labels: Vec<_> = issue.items("labels").filter_map(|label| label.text("name")).collect();
    let severity = labels.iter().find(|label| label.to_lowercase().starts_with("sev"));
    let started_at = issue.need_time("created_at")?;
    Ok(Incident {
        source: SENDER.id.into(),
        id: format!("{}#{}", repository(body)?, issue.need_number("number")?),
        services: vec![names.service_of_repository(repository(body)?)],
        severity: severity.map(|label| (*label).to_owned()),
        started_at,
        detected_at: Some(started_at),
        detected_by_alert: is_automation(issue.part("user")).then_some(true),
        acknowledged_at: None,
        resolved_at: issue.time("closed_at")?,
        caused_by: None,
        observed_at: issue.need_time("updated_at")?,
    })
}
