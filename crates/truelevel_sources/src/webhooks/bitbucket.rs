//! Bitbucket Cloud: webhooks of a repository or workspace
//! (<https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/>). Pull requests only: no webhook tells of
//! deployments.

use truelevel_model::Review;
use truelevel_model::events::Reading;

use super::shared::told;
use super::signatures::Scheme;
use super::{Event, Names, Sender, kind_header, observed, shared};

pub(super) static SENDER: Sender = Sender {
    id: "bitbucket",
    title: "Bitbucket Cloud",
    schemes: &[Scheme::BodyHmac { header: "x-hub-signature", prefix: "sha256=" }],
    kind: |delivery| kind_header(delivery, "x-event-key"),
    delivery: |delivery| delivery.headers.get("x-request-uuid").cloned(),
    read,
};

fn read(event: &Event<'_>, names: &Names) -> Result<Reading, String> {
    let what = match event.kind.split_once(':') {
        Some(("pullrequest", what)) => what,
        Some(("repo", "push")) => return Ok(Reading::ignored("commits are read from the repository itself")),
        _ => return Ok(Reading::ignored("not about a pull request")),
    };
    let body = event.payload;
    let request = body.need_part("pullrequest")?;
    let updated_at = request.need_time("updated_on")?;
    // The time of the merge stands in the event of the merge alone.
    let merged_at = (what == "fulfilled").then_some(updated_at);
    let author = request.id("author.uuid");
    let is_others = |actor: Option<String>| actor.is_some() && actor != author;
    let approved_at =
        if what == "approved" && is_others(body.id("approval.user.uuid")) { body.time("approval.date")? } else { None };
    let is_comment = matches!(what, "comment_created" | "changes_request_created");
    let answer = ["comment", "changes_request"].into_iter().find_map(|name| body.part(name)).filter(|_| is_comment);
    let answered_at = match answer {
        Some(answer) if is_others(answer.id("user.uuid")) => {
            answer.time("created_on")?.map_or_else(|| answer.time("date"), |found| Ok(Some(found)))?
        }
        _ => None,
    };
    let repository = names.repository(body.need_text("repository.full_name")?);
    Ok(told(Review {
        first_response_at: approved_at.or(answered_at),
        approved_at,
        merged_at,
        // Often only its first digits are told, and these name no commit.
        merge_commit: request.commit("merge_commit.hash").filter(|_| merged_at.is_some()),
        is_automation: request.text("author.type") == Some("app_user"),
        observed_at: observed(updated_at, merged_at.is_some()),
        ..shared::review(&SENDER, repository, request.need_number("id")?, request.need_time("created_on")?)
    }))
}
