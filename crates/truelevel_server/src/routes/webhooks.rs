//! `/webhooks/{sender}`, and the addresses of other products that mean the same.

use std::sync::Arc;

use axum::Json;
use axum::body::Body;
use axum::extract::{Path, Request, State as Shared};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use truelevel_engine::intake::{Delivered, Headers, Receipt, Refusal, Verdict};
use truelevel_model::events::EventState;

use crate::problem::Problem;
use crate::state::State;

pub(super) async fn receive(
    Shared(state): Shared<Arc<State>>,
    Path(sender): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    take(&state, &sender, "", request).await
}

pub(super) async fn receive_below(
    Shared(state): Shared<Arc<State>>,
    Path((sender, path)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Problem> {
    take(&state, &sender, &path, request).await
}

pub(super) async fn receive_for_devlake(
    Shared(state): Shared<Arc<State>>,
    Path(path): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    take(&state, "devlake", &path, request).await
}

pub(super) async fn receive_for_datadog(
    Shared(state): Shared<Arc<State>>,
    Path(kind): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    take(&state, "datadog", &kind, request).await
}

pub(super) async fn receive_for_sleuth(
    Shared(state): Shared<Arc<State>>,
    Path(path): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    take(&state, "sleuth", &path, request).await
}

pub(super) async fn receive_impact_for_sleuth(
    Shared(state): Shared<Arc<State>>,
    Path(path): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    take(&state, "sleuth", &format!("impact/{path}"), request).await
}

/// What was sent is a fact here, which its sender can tell better and not unsay.
pub(super) async fn keep_for_datadog() -> Problem {
    let detail = "what was sent is neither deleted nor marked here; send it again with the same `id` to correct it, and \
                  tell of a failed deployment by a failure with its `version`";
    Problem::new(StatusCode::NOT_IMPLEMENTED, detail)
}

pub(super) async fn update_for_linearb(
    Shared(state): Shared<Arc<State>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Problem> {
    take(&state, "linearb", &format!("incidents/{id}"), request).await
}

pub(super) async fn receive_for_pelorus(
    Shared(state): Shared<Arc<State>>,
    request: Request,
) -> Result<Response, Problem> {
    take(&state, "pelorus", "", request).await
}

/// LinearB's addresses are those of records; its key stands in a header of its own, or where our tokens stand.
pub(super) async fn receive_for_linearb(state: &State, kind: &str, request: Request) -> Result<Response, Problem> {
    take(state, "linearb", kind, request).await
}

/// What tells LinearB's clients from others.
pub(super) const LINEARB_KEY: &str = "x-api-key";

/// Four Keys has one address for all.
pub(super) async fn receive_for_four_keys(
    Shared(state): Shared<Arc<State>>,
    request: Request,
) -> Result<Response, Problem> {
    let sender = sender_to_four_keys(request.headers()).ok_or_else(|| {
        Problem::new(StatusCode::BAD_REQUEST, "no header tells who sends this; use /webhooks/ and the sender's id")
    })?;
    take(&state, sender, "", request).await
}

/// The headers tell the sender, by their presence or by what they hold.
fn sender_to_four_keys(headers: &HeaderMap) -> Option<&'static str> {
    const MARKS: &[(&str, &str, &str)] = &[
        ("x-github-event", "", "github"),
        ("x-gitlab-event", "", "gitlab"),
        ("x-pagerduty-signature", "", "pagerduty"),
        ("circleci-signature", "", "circleci"),
        ("argo-signature", "", "argocd"),
        ("user-agent", "Atlassian Webhook HTTP Client", "jira"),
    ];
    let holds = |name: &str, part: &str| {
        headers.get(name).and_then(|value| value.to_str().ok()).is_some_and(|value| value.contains(part))
    };
    MARKS.iter().find(|(name, part, _)| holds(name, part)).map(|(_, _, sender)| *sender)
}

async fn take(state: &State, sender: &str, path: &str, request: Request) -> Result<Response, Problem> {
    let Kept { delivery, fact, became, reason, is_duplicate } = keep(state, sender, path, request).await?;
    let answer = match sender {
        // What clients of this interface read.
        "datadog" => json!({ "data": { "id": fact.unwrap_or(delivery), "type": format!("dora_{path}") } }),
        _ if is_duplicate => json!({ "delivery": delivery, "state": "duplicate" }),
        _ => json!({ "delivery": delivery, "state": became.as_str(), "reason": reason }),
    };
    let status = if is_duplicate || TAKE_OK_ALONE.contains(&sender) { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok((status, Json(answer)).into_response())
}

/// Products whose clients take any other status for a failure.
const TAKE_OK_ALONE: [&str; 2] = ["devlake", "sleuth"];

/// A delivery that is on the disk.
pub(super) struct Kept {
    delivery: String,
    /// The sender's own id of what it tells of.
    fact: Option<String>,
    pub(super) became: EventState,
    pub(super) reason: Option<String>,
    is_duplicate: bool,
}

/// Admits a delivery and commits it.
pub(super) async fn keep(state: &State, sender: &str, path: &str, request: Request) -> Result<Kept, Problem> {
    let (parts, body): (_, Body) = request.into_parts();
    let query = parts.uri.query().unwrap_or_default();
    let mut held = state.budget.hold(&parts.headers, body).await?;
    let headers = texts(&parts.headers);
    let admitted = state.gate.admit(&Delivered {
        sender,
        path: path.trim_end_matches('/'),
        query,
        headers: &headers,
        transmitted: &held.transmitted,
        body: held.body(),
        received_at: (state.clock)(),
    });
    let event = admitted.map_err(|refusal| {
        state.entrance.count_refusal();
        let status = match refusal {
            Refusal::UnknownSender => StatusCode::NOT_FOUND,
            Refusal::NotConfigured => StatusCode::FORBIDDEN,
            Refusal::Denied(_) => StatusCode::UNAUTHORIZED,
            Refusal::Malformed(_) => StatusCode::BAD_REQUEST,
        };
        Problem::new(status, refusal.to_string())
    })?;
    state.count_delivery(format!("webhooks of {sender}"))?;
    let share = held.share.take();
    drop(held);
    let (delivery, facts) = (event.0.delivery.clone(), &event.1.facts);
    let deployment = facts.deployments.first().map(|deployment| deployment.id.clone());
    let fact = deployment.or_else(|| facts.incidents.first().map(|incident| incident.id.clone()));
    let of_reading = (event.1.state(), event.1.reason());
    let (is_duplicate, (became, reason)) = match state.entrance.keep(event, share).await? {
        Receipt::Kept(Verdict { state, reason, .. }) => (false, (state, reason)),
        Receipt::Duplicate => (true, of_reading),
    };
    Ok(Kept { delivery, fact, became, reason, is_duplicate })
}

/// Headers whose values are texts; of several with one name the last.
fn texts(headers: &HeaderMap) -> Headers {
    let pairs =
        headers.iter().filter_map(|(name, value)| Some((name.as_str().to_owned(), value.to_str().ok()?.to_owned())));
    pairs.collect()
}
