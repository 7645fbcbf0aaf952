//! Azure DevOps: service hooks (<https://learn.microsoft.com/azure/devops/service-hooks/events>). They are not signed:
//! a subscription has a user and password, or a header of its own.

use truelevel_model::events::Reading;
use truelevel_model::facts::{DeploymentOutcome, RunOutcome};
use truelevel_model::{CommitId, Deployment, PipelineRun, Review, Time};

use super::payload::{Payload, missing};
use super::shared::{branch, first_text, told, unknown};
use super::signatures::Scheme;
use super::{Event, Names, Sender, observed, shared};

pub(super) static SENDER: Sender = Sender {
    id: "azure_devops",
    title: "Azure DevOps",
    schemes: &[Scheme::Basic, Scheme::Bearer],
    kind: |delivery| delivery.payload.need_text("eventType").map(str::to_owned),
    delivery: |delivery| delivery.payload.id("id").map(Into::into),
    read,
};

fn read(event: &Event<'_>, names: &Names) -> Result<Reading, String> {
    let body = event.payload;
    match event.kind {
        "build.complete" => Ok(told(run(body.need_part("resource")?, names)?)),
        "git.pullrequest.created" | "git.pullrequest.updated" | "git.pullrequest.merged" => {
            Ok(told(review(body, names)?))
        }
        "ms.vss-release.deployment-completed-event" => Ok(told(deployment(body, names)?)),
        // It names no attempt, and a release is put on a stage again to return to it.
        "ms.vss-release.deployment-started-event" => Ok(Reading::ignored("its end tells when it began")),
        "git.push" => Ok(Reading::ignored("commits are read from the repository itself")),
        kind if kind.starts_with("ms.vss-pipelines.") => {
            Ok(Reading::ignored("it names no commit; `build.complete` tells of the same run"))
        }
        other => Ok(Reading::ignored(format!("{} is not about delivery", truelevel_model::printable(other)))),
    }
}

fn run(build: Payload<'_>, names: &Names) -> Result<PipelineRun, String> {
    // Version 1.0 of the resource has the result as its status.
    let outcome = match first_text(build, &["result", "status"])?.to_lowercase().as_str() {
        "succeeded" => RunOutcome::Succeeded,
        "partiallysucceeded" | "failed" => RunOutcome::Failed,
        "canceled" | "stopped" => RunOutcome::Cancelled,
        other => return Err(unknown("resource.result", other)),
    };
    let workflow = build.need_text("definition.name")?;
    // `LG:refs/heads/main:600c…` in version 1.0.
    let older = build.text("sourceGetVersion").and_then(|text| text.strip_prefix("LG:")?.rsplit_once(':'));
    let commit =
        build.commit("sourceVersion").or_else(|| older.and_then(|(_, commit)| commit.parse::<CommitId>().ok()));
    let source = build.text("sourceBranch").or(older.map(|(source, _)| source));
    let repository = ["repository.name", "repository.url", "repository.id"].into_iter().find_map(|at| build.text(at));
    let what = (
        // Where no repository is named, the definition is what people know.
        names.repository(repository.unwrap_or(workflow)),
        workflow,
        commit.ok_or("`resource.sourceVersion` is no commit id of 40 digits")?,
    );
    let times = (build.need_time("startTime")?, Some(build.need_time("finishTime")?));
    Ok(PipelineRun {
        trigger: build.text("reason").unwrap_or("unknown").to_owned(),
        branch: source.and_then(branch),
        ..shared::run(&SENDER, build.need_id("id")?, what, outcome, times)
    })
}

fn review(body: Payload<'_>, names: &Names) -> Result<Review, String> {
    let request = body.need_part("resource")?;
    // An attempt to merge tells its commit too; only what is completed was merged.
    let is_merged = request.text("status") == Some("completed");
    let merged_at = if is_merged { request.time("closedDate")? } else { None };
    let told_at = body.need_time("createdDate")?;
    let author = request.id("createdBy.id");
    let is_approval = |reviewer: &Payload<'_>| {
        reviewer.at("vote").and_then(serde_json::Value::as_i64).is_some_and(|vote| vote > 0)
            && reviewer.id("id") != author
            && !reviewer.is_true("isContainer")
    };
    // When it was approved is not told: at the latest when the first event says so.
    let approved_at = request.items("reviewers").any(|reviewer| is_approval(&reviewer)).then_some(told_at);
    let approved_at = approved_at.map(|told_at| merged_at.map_or(told_at, |merged_at| told_at.min(merged_at)));
    let repository = names.repository(first_text(request, &["repository.name", "repository.remoteUrl"])?);
    let number = request.need_number("pullRequestId")?;
    Ok(Review {
        first_response_at: approved_at,
        approved_at,
        merged_at,
        merge_commit: request.commit("lastMergeCommit.commitId").filter(|_| is_merged),
        labels: request.items("labels").filter_map(|label| label.text("name")).map(str::to_owned).collect(),
        observed_at: observed(told_at, is_merged),
        ..shared::review(&SENDER, repository, number, request.need_time("creationDate")?)
    })
}

/// An attempt to put a release on a stage. Only the release's name is told, never a commit.
fn deployment(body: Payload<'_>, names: &Names) -> Result<Deployment, String> {
    let stage = body.need_part("resource.environment")?;
    let outcome = match stage.need_text("status")?.to_lowercase().as_str() {
        "succeeded" => DeploymentOutcome::Succeeded,
        "rejected" | "partiallysucceeded" => DeploymentOutcome::Failed,
        "canceled" => DeploymentOutcome::Cancelled,
        other => return Err(unknown("resource.environment.status", other)),
    };
    let resource = body.need_part("resource")?;
    let service = [
        "release.releaseDefinition.name",
        "deployment.releaseDefinition.name",
        "environment.releaseDefinition.name",
        "project.name",
    ];
    let service =
        service.into_iter().find_map(|path| resource.text(path)).ok_or_else(|| missing("resource.project.name"))?;
    let told_at = body.need_time("createdDate")?;
    let id = match resource.id("deployment.id") {
        Some(id) => id,
        None => format!("{} {}", stage.need_id("release.id")?, stage.need_id("id")?),
    };
    let what = (stage.need_text("name")?, stage.need_text("release.name")?);
    Ok(Deployment {
        started_at: told_time(resource, "deployment.startedOn")?,
        ..shared::deployment(
            &SENDER,
            id,
            names.service_titled(&[service]).ok_or_else(|| missing("resource.project.name"))?,
            what,
            (outcome, told_time(resource, "deployment.completedOn")?.unwrap_or(told_at)),
        )
    })
}

/// A time of an attempt; the first day of all stands where there is none.
fn told_time(resource: Payload<'_>, path: &str) -> Result<Option<Time>, String> {
    if resource.text(path).is_some_and(|text| text.starts_with("0001-01-01")) { Ok(None) } else { resource.time(path) }
}
