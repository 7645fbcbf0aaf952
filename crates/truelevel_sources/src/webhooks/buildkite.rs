//! Buildkite: webhooks of an organisation
//! (<https://buildkite.com/docs/apis/webhooks/pipelines/build-events>); builds are written as in its REST API.

use truelevel_model::PipelineRun;
use truelevel_model::events::Reading;
use truelevel_model::facts::RunOutcome;

use super::shared::{first_text, told};
use super::signatures::Scheme;
use super::{Event, Names, Sender, kind_header, shared};

pub(super) static SENDER: Sender = Sender {
    id: "buildkite",
    title: "Buildkite",
    schemes: &[
        Scheme::Timed { header: "x-buildkite-signature", time: "timestamp=", signature: "signature=" },
        Scheme::Token { header: "x-buildkite-token" },
    ],
    kind: |delivery| kind_header(delivery, "x-buildkite-event"),
    delivery: |_| None,
    read,
};

fn read(event: &Event<'_>, names: &Names) -> Result<Reading, String> {
    if !event.kind.starts_with("build.") {
        return Ok(Reading::ignored("not about a build"));
    }
    let body = event.payload;
    let build = body.need_part("build")?;
    let Some(started_at) = build.time("started_at")? else {
        return Ok(Reading::ignored("a build that has not started"));
    };
    let outcome = match build.need_text("state")? {
        "passed" => RunOutcome::Succeeded,
        "failed" => RunOutcome::Failed,
        "canceled" | "not_run" => RunOutcome::Cancelled,
        "skipped" => RunOutcome::Skipped,
        // Running, failing, blocked until somebody decides, and the like.
        _ => RunOutcome::InProgress,
    };
    let repository = names.repository(first_text(body, &["pipeline.repository", "pipeline.slug"])?);
    let workflow = body.text("pipeline.name").unwrap_or("unnamed");
    let what = (repository, workflow, build.need_commit("commit")?);
    Ok(told(PipelineRun {
        trigger: build.text("source").unwrap_or("unknown").to_owned(),
        branch: build.text("branch").map(str::to_owned),
        ..shared::run(&SENDER, build.need_id("id")?, what, outcome, (started_at, build.time("finished_at")?))
    }))
}
