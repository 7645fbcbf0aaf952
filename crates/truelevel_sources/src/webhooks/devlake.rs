//! Apache DevLake's incoming webhooks, in their current and their older spelling: only the host changes.

use truelevel_model::events::{Reading, Resolution};
use truelevel_model::facts::{DeploymentOutcome, Facts};
use truelevel_model::{Deployment, Incident, Review};

use super::payload::{Payload, missing};
use super::signatures::Scheme;
use super::{Event, Names, Sender, observed};

pub(super) static SENDER: Sender = Sender {
    id: "devlake",
    title: "Apache DevLake webhooks",
    schemes: &[Scheme::Bearer, Scheme::Basic],
    // `connections/1/deployments`, `1/deployments`, `connections/by-name/shop/issues`, `connections/1/issue/7/close`.
    kind: |delivery| {
        let path = delivery.path.strip_prefix("connections/").unwrap_or(delivery.path);
        let path = ["by-name/", "projects/"].into_iter().find_map(|before| path.strip_prefix(before)).unwrap_or(path);
        match path.split('/').collect::<Vec<_>>().as_slice() {
            [_, "deployments" | "issues" | "pull_requests"] | [_, "issue", _, "close"] => Ok(path.to_owned()),
            _ => Err("no such address; see the documentation of DevLake's webhooks".to_owned()),
        }
    },
    delivery: |_| None,
    read,
};

fn read(event: &Event<'_>, names: &Names) -> Result<Reading, String> {
    let (connection, what) = event.kind.split_once('/').ok_or("the address names no connection")?;
    let body = event.payload;
    let mut reading = Reading::default();
    match what {
        "deployments" => reading.facts = deployments(event, connection, names)?,
        "issues" if !body.text("type").is_some_and(|kind| kind.eq_ignore_ascii_case("incident")) => {
            return Ok(Reading::ignored("an issue that is no incident"));
        }
        "issues" => reading.facts.incidents.push(incident(body, connection, names)?),
        "pull_requests" => reading.facts.reviews.push(review(body, names)?),
        close => {
            let issue = close.strip_prefix("issue/").and_then(|rest| rest.strip_suffix("/close"));
            reading.resolutions.push(Resolution {
                source: SENDER.id.into(),
                incident: format!("{connection}/{}", issue.ok_or("the address names no issue")?),
                resolved_at: event.received_at,
            });
        }
    }
    Ok(reading)
}

/// The first of several spellings that is there.
fn either<'a, T>(body: Payload<'a>, spellings: &[&str], find: impl Fn(Payload<'a>, &str) -> Option<T>) -> Option<T> {
    spellings.iter().find_map(|spelling| find(body, spelling))
}

fn time(body: Payload<'_>, spellings: &[&str]) -> Result<Option<truelevel_model::Time>, String> {
    spellings.iter().find(|spelling| body.at(spelling).is_some()).map_or(Ok(None), |spelling| body.time(spelling))
}

const STARTED: &[&str] = &["startedDate", "start_time", "started_date"];
const FINISHED: &[&str] = &["finishedDate", "end_time", "finished_date"];
const COMMIT: &[&str] = &["commitSha", "commit_sha"];
const REPOSITORY: &[&str] = &["repoUrl", "repo_url"];

/// A deployment of each repository that the call names.
fn deployments(event: &Event<'_>, connection: &str, names: &Names) -> Result<Facts, String> {
    let body = event.payload;
    let listed: Vec<_> = body.items("deploymentCommits").chain(body.items("deployment_commits")).collect();
    // The older spelling has the only commit in the deployment itself.
    let commits = if listed.is_empty() { vec![body] } else { listed };
    let commit_of = |part| either(part, COMMIT, Payload::text);
    let own_id = either(body, &["id", "pipeline_id"], Payload::id);
    let environment = either(body, &["environment"], Payload::text).unwrap_or("PRODUCTION").to_lowercase();
    let mut facts = Facts::default();
    for part in commits {
        let version = commit_of(part).ok_or_else(|| missing("commitSha"))?;
        let repository = either(part, REPOSITORY, Payload::text).ok_or_else(|| missing("repoUrl"))?;
        let result = part.text("result").or_else(|| body.text("result")).unwrap_or("SUCCESS");
        let outcome = match result.to_uppercase().as_str() {
            "SUCCESS" => DeploymentOutcome::Succeeded,
            "FAILURE" => DeploymentOutcome::Failed,
            "ABORT" | "CANCELED" | "CANCELLED" => DeploymentOutcome::Cancelled,
            // It waits for somebody.
            "MANUAL" => DeploymentOutcome::InProgress,
            other => return Err(format!("`result` is unknown: {}", truelevel_model::printable(other))),
        };
        let started_at = time(part, STARTED)?.map_or_else(|| time(body, STARTED), |found| Ok(Some(found)))?;
        let finished_at = time(part, FINISHED)?.map_or_else(|| time(body, FINISHED), |found| Ok(Some(found)))?;
        let finished_at = finished_at.unwrap_or(event.received_at);
        let service = names.service_of_repository(repository);
        let id = own_id.clone().unwrap_or_else(|| format!("{version}@{finished_at}"));
        facts.deployments.push(Deployment {
            source: SENDER.id.into(),
            id: format!("{connection}/{id}/{}", service.as_str()),
            service,
            environment: environment.as_str().into(),
            version: version.to_owned(),
            commit: version.parse().ok(),
            started_at,
            finished_at,
            sequence: 0,
            outcome,
            is_initial_state: false,
            is_removal: false,
            initiated_by: None,
            approval_wait: None,
            strategy: None,
            aborted_automatically: None,
            observed_at: observed(finished_at, outcome != DeploymentOutcome::InProgress),
        });
    }
    Ok(facts)
}

fn incident(body: Payload<'_>, connection: &str, names: &Names) -> Result<Incident, String> {
    let key = either(body, &["issueKey", "issue_key"], Payload::id).ok_or_else(|| missing("issueKey"))?;
    let created_at = time(body, &["createdDate", "created_date"])?.ok_or_else(|| missing("createdDate"))?;
    let is_done = body.text("status") == Some("DONE");
    let updated_at = time(body, &["updatedDate", "updated_date"])?.unwrap_or(created_at);
    let resolved_at = match time(body, &["resolutionDate", "resolution_date"])? {
        found if !is_done => found.and(None),
        found => Some(found.unwrap_or(updated_at)),
    };
    // A connection is made for each service whose incidents are to be told apart, so that its name or number means one.
    let is_number = connection.bytes().all(|byte| byte.is_ascii_digit());
    let of_connection = if is_number { format!("connections/{connection}") } else { connection.to_owned() };
    let titles: Vec<&str> = body.text("component").into_iter().chain([of_connection.as_str(), connection]).collect();
    Ok(Incident {
        source: SENDER.id.into(),
        id: format!("{connection}/{key}"),
        services: names.service_titled(&titles).into_iter().collect(),
        severity: body.text("severity").or_else(|| body.text("priority")).map(str::to_owned),
        started_at: created_at,
        detected_at: Some(created_at),
        detected_by_alert: None,
        acknowledged_at: None,
        resolved_at,
        caused_by: None,
        observed_at: observed(resolved_at.unwrap_or(updated_at).max(updated_at), is_done),
    })
}

fn review(body: Payload<'_>, names: &Names) -> Result<Review, String> {
    let need_time = |name: &str| body.need_time(name);
    let merged_at = body.time("mergedDate")?;
    let closed_at = body.time("closedDate")?;
    let opened_at = need_time("createdDate")?;
    let lines = body.number("additions").zip(body.number("deletions"));
    let repository = body.text("url").and_then(repository_of).or_else(|| body.text("baseRepoId"));
    Ok(Review {
        source: SENDER.id.into(),
        repository: names.repository(repository.ok_or("neither `url` nor `baseRepoId` names the repository")?),
        number: body.need_number("pullRequestKey")?,
        opened_at,
        first_commit_at: None,
        first_response_at: None,
        approved_at: None,
        merged_at,
        merge_commit: body.commit("mergeCommitSha").filter(|_| merged_at.is_some()),
        is_automation: false,
        lines_changed: lines.map(|(added, removed)| added.saturating_add(removed)),
        labels: Vec::new(),
        commits: Vec::new(),
        observed_at: observed(merged_at.or(closed_at).unwrap_or(opened_at), merged_at.is_some()),
    })
}

/// The repository of a request's address: what stands before `/pull/`, `/-/merge_requests/` and the like.
fn repository_of(address: &str) -> Option<&str> {
    ["/-/merge_requests/", "/merge_requests/", "/pull-requests/", "/pull/", "/pulls/"]
        .iter()
        .find_map(|mark| address.split_once(mark).map(|(repository, _)| repository))
}
