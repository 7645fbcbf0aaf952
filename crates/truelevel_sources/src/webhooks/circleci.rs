//! CircleCI: outbound webhooks of a project (<https://circleci.com/docs/reference/outbound-webhooks-reference/>). A
//! workflow that ended is a pipeline run; its jobs tell nothing more.

use truelevel_model::PipelineRun;
use truelevel_model::events::Reading;
use truelevel_model::facts::RunOutcome;

use super::shared::{first_text, told, unknown};
use super::signatures::Scheme;
use super::{Event, Names, Sender, shared};

pub(super) static SENDER: Sender = Sender {
    id: "circleci",
    title: "CircleCI",
    schemes: &[Scheme::BodyHmac { header: "circleci-signature", prefix: "v1=" }],
    kind: |delivery| delivery.payload.need_text("type").map(str::to_owned),
    delivery: |delivery| delivery.payload.id("id").map(Into::into),
    read,
};

fn read(event: &Event<'_>, names: &Names) -> Result<Reading, String> {
    match event.kind {
        "workflow-completed" => {}
        "job-completed" => return Ok(Reading::ignored("a job tells nothing that its workflow does not")),
        _ => return Ok(Reading::ignored("not about a workflow")),
    }
    let body = event.payload;
    let workflow = body.need_part("workflow")?;
    let outcome = match workflow.need_text("status")? {
        "success" => RunOutcome::Succeeded,
        "canceled" => RunOutcome::Cancelled,
        "failed" | "error" | "unauthorized" => RunOutcome::Failed,
        other => return Err(unknown("workflow.status", other)),
    };
    // Projects of GitHub's app and of GitLab have the commit among the trigger's parameters.
    let commit = ["pipeline.vcs.revision", "pipeline.trigger_parameters.git.checkout_sha"];
    let commit = commit.into_iter().find_map(|path| body.commit(path));
    let branch = ["pipeline.vcs.branch", "pipeline.trigger_parameters.git.branch"];
    let repository = ["pipeline.vcs.origin_repository_url", "pipeline.trigger_parameters.git.repo_url", "project.slug"];
    let what = (
        names.repository(first_text(body, &repository)?),
        workflow.text("name").unwrap_or("unnamed"),
        commit.ok_or("`pipeline.vcs.revision` is no commit id of 40 digits")?,
    );
    let times = (workflow.need_time("created_at")?, Some(workflow.need_time("stopped_at")?));
    Ok(told(PipelineRun {
        trigger: body.text("pipeline.trigger.type").unwrap_or("unknown").to_owned(),
        branch: branch.into_iter().find_map(|path| body.text(path)).map(str::to_owned),
        ..shared::run(&SENDER, workflow.need_id("id")?, what, outcome, times)
    }))
}
