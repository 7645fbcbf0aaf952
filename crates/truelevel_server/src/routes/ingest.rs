//! `POST /api/v1/{deployments,incidents,pipeline-runs,reviews}`: records in the words of `truelevel import`.

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State as Shared};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use serde_json::{Value, json};
use truelevel_engine::intake::{Receipt, records};
use truelevel_model::printable;

use super::api::ROOT;
use super::webhooks;
use crate::problem::Problem;
use crate::state::State;

/// Rejected records that are named; more are counted.
const NAMED: usize = 100;

pub(super) fn routes() -> Router<Arc<State>> {
    records::KINDS.into_iter().fold(Router::new(), |router, kind| {
        router.route(&format!("{ROOT}/{kind}"), post(move |state, request| receive(state, kind, request)))
    })
}

async fn receive(Shared(state): Shared<Arc<State>>, kind: &'static str, request: Request) -> Result<Response, Problem> {
    let sender = if request.headers().contains_key(webhooks::LINEARB_KEY) {
        None
    } else {
        match state.authorize_sender(request.headers()) {
            Ok(token) => Some(token),
            // What is no token of ours may be LinearB's key.
            Err(_) if state.gate.knows("linearb") && request.headers().contains_key(header::AUTHORIZATION) => None,
            Err(problem) => return Err(problem),
        }
    };
    let Some(token) = sender else { return webhooks::receive_for_linearb(&state, kind, request).await };
    state.count_delivery(format!("token {token}"))?;
    let (parts, body): (_, Body) = request.into_parts();
    let mut held = state.budget.hold(&parts.headers, body).await?;
    let key = parts.headers.get("idempotency-key").and_then(|key| key.to_str().ok());
    let taken = records::take(kind, held.body(), key, (state.clock)());
    let share = held.share.take();
    drop(held);
    let records = taken.map_err(|reason| {
        state.entrance.count_refusal();
        Problem::new(StatusCode::BAD_REQUEST, reason)
    })?;
    let rejected: Vec<Value> = records
        .rejected
        .iter()
        .take(NAMED)
        .map(|(record, fault)| json!({ "record": record, "field": fault.field, "reason": printable(&fault.reason) }))
        .collect();
    let Some(event) = records.event else {
        state.entrance.count_refusal();
        let detail = "no record could be taken, and nothing was kept";
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, detail).naming(rejected));
    };
    let delivery = event.0.delivery.clone();
    let is_duplicate = state.entrance.keep(event, share).await? == Receipt::Duplicate;
    let answer = json!({
        "delivery": delivery,
        "state": if is_duplicate { "duplicate" } else { "kept" },
        "accepted": records.accepted,
        "rejected": rejected,
        "rejected_count": records.rejected.len(),
        "unknown_fields": records.unknown_fields,
    });
    let status = if is_duplicate { StatusCode::OK } else { StatusCode::ACCEPTED };
    Ok((status, Json(answer)).into_response())
}
