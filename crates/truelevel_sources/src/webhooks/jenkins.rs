//! Jenkins: its notification plugin (<https://plugins.jenkins.io/notification/>; fields as in its `BuildState` and
//! `ScmState`). The address may hold a user and password, which it sends as basic authentication.

use truelevel_model::events::Reading;
use truelevel_model::facts::RunOutcome;
use truelevel_model::{PipelineRun, Span, Time};

use super::shared::{branch, first_text, told, unknown};
use super::signatures::Scheme;
use super::{Event, Names, Sender, shared};

pub(super) static SENDER: Sender = Sender {
    id: "jenkins",
    title: "Jenkins notification plugin",
    schemes: &[Scheme::Basic, Scheme::Bearer],
    kind: |delivery| delivery.payload.need_text("build.phase").map(str::to_lowercase),
    delivery: |_| None,
    read,
};

fn read(event: &Event<'_>, names: &Names) -> Result<Reading, String> {
    let body = event.payload;
    let build = body.need_part("build")?;
    let told_at = build.need_time("timestamp")?;
    let outcome = match event.kind {
        "started" => RunOutcome::InProgress,
        "completed" | "finalized" => match build.need_text("status")? {
            "SUCCESS" => RunOutcome::Succeeded,
            "FAILURE" | "UNSTABLE" => RunOutcome::Failed,
            "ABORTED" => RunOutcome::Cancelled,
            "NOT_BUILT" => RunOutcome::Skipped,
            other => return Err(unknown("build.status", other)),
        },
        _ => return Ok(Reading::ignored("a build that has not started")),
    };
    // The time is that of the phase; how long it took is told since version 1.14.
    let times = if outcome == RunOutcome::InProgress {
        (told_at, None)
    } else {
        let took = Span::from_millis(i64::try_from(build.need_number("duration")?).unwrap_or(i64::MAX));
        (Time::from_millis(told_at.millis().saturating_sub(took.millis())), Some(told_at))
    };
    let id = first_text(build, &["full_url", "url"])?.to_owned();
    let workflow = body.text("name").unwrap_or("unnamed");
    let what = (names.repository(build.need_text("scm.url")?), workflow, build.need_commit("scm.commit")?);
    Ok(told(PipelineRun {
        branch: build.text("scm.branch").and_then(branch),
        ..shared::run(&SENDER, id, what, outcome, times)
    }))
}
