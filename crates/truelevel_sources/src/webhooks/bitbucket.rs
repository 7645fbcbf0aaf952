//! Bitbucket: webhooks of Cloud (<https://support.atlassian.com/bitbucket-cloud/docs/event-payloads/>) and of Data Center
//! (<https://confluence.atlassian.com/bitbucketserver/event-payload-938025882.html>). Pull requests only: no webhook tells
//! of deployments.

use truelevel_model::Review;
use truelevel_model::events::Reading;

use super::payload::Payload;
use super::shared::told;
use super::signatures::Scheme;
use super::{Event, Names, Sender, kind_header, observed, shared};

pub(super) static SENDER: Sender = Sender {
    id: "bitbucket",
    title: "Bitbucket",
    schemes: &[Scheme::BodyHmac { header: "x-hub-signature", prefix: "sha256=" }],
    kind: |delivery| kind_header(delivery, "x-event-key"),
    delivery: |delivery| {
        let header = |name: &str| delivery.headers.get(name).cloned();
        header("x-request-uuid").or_else(|| header("x-request-id")).map(Into::into)
    },
    read,
};

fn read(event: &Event<'_>, names: &Names) -> Result<Reading, String> {
    match event.kind.split_once(':') {
        Some(("pullrequest", what)) => Ok(told(of_cloud(event.payload, what, names)?)),
        Some(("pr", what)) => Ok(told(of_data_center(event.payload, what, names)?)),
        Some(("repo", "push" | "refs_changed")) => Ok(Reading::ignored("commits are read from the repository itself")),
        _ => Ok(Reading::ignored("not about a pull request")),
    }
}

fn of_cloud(body: Payload<'_>, what: &str, names: &Names) -> Result<Review, String> {
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
    Ok(Review {
        first_response_at: approved_at.or(answered_at),
        approved_at,
        merged_at,
        // Often only its first digits are told, and these name no commit.
        merge_commit: request.commit("merge_commit.hash").filter(|_| merged_at.is_some()),
        is_automation: request.text("author.type") == Some("app_user"),
        observed_at: observed(updated_at, merged_at.is_some()),
        ..shared::review(&SENDER, repository, request.need_number("id")?, request.need_time("created_on")?)
    })
}

fn of_data_center(body: Payload<'_>, what: &str, names: &Names) -> Result<Review, String> {
    let request = body.need_part("pullRequest")?;
    let target = request.need_part("toRef.repository")?;
    let repository = format!("{}/{}", target.need_text("project.key")?, target.need_text("slug")?);
    let updated_at = request.time("updatedDate")?.unwrap_or(request.need_time("createdDate")?);
    // What came after the request itself was last changed, an approval or comment, stands beside it.
    let happened_at = body.time("date")?.unwrap_or(updated_at);
    let merged_at = if what == "merged" { Some(request.time("closedDate")?.unwrap_or(happened_at)) } else { None };
    let is_others = body.id("actor.id").is_some() && body.id("actor.id") != request.id("author.user.id");
    let is_approved = is_others && what == "reviewer:approved";
    let is_answered = is_approved || is_others && matches!(what, "comment:added" | "reviewer:needs_work");
    Ok(Review {
        first_response_at: is_answered.then_some(happened_at),
        approved_at: is_approved.then_some(happened_at),
        merged_at,
        merge_commit: request.commit("properties.mergeCommit.id").filter(|_| merged_at.is_some()),
        is_automation: request.text("author.user.type") == Some("SERVICE"),
        observed_at: observed(happened_at.max(updated_at), merged_at.is_some()),
        ..shared::review(
            &SENDER,
            names.repository(&repository),
            request.need_number("id")?,
            request.need_time("createdDate")?,
        )
    })
}
