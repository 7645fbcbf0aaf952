//! The addresses: a file each.

pub(crate) mod api;
mod audit;
pub(crate) mod badges;
mod health;
mod ingest;
mod metrics;
mod pages;
mod sign_in;
mod traces;
mod webhooks;

use std::sync::Arc;

use axum::Router;
use axum::http::StatusCode;
use axum::middleware;
use axum::routing::{get, patch, post};

use crate::problem::Problem;
use crate::protection;
use crate::state::State;

/// Everything that is answered.
pub(crate) fn router(state: Arc<State>) -> Router {
    let senders = Router::new()
        .route("/webhooks/{sender}", post(webhooks::receive))
        .route("/webhooks/{sender}/{*path}", post(webhooks::receive_below))
        .merge(ingest::routes())
        .merge(drop_ins())
        .route("/v1/traces", post(traces::receive))
        .route_layer(middleware::from_fn_with_state(Arc::clone(&state), protection::not_too_often));
    let readers = Router::new()
        .route("/metrics", get(metrics::show))
        .route(&format!("{}{{name}}", badges::ROOT), get(badges::show))
        .merge(api::routes())
        .merge(audit::routes())
        .merge(pages::routes())
        .merge(sign_in::own_routes())
        .route_layer(middleware::from_fn_with_state(Arc::clone(&state), protection::read_only));
    Router::new()
        .route("/healthz", get(health::alive))
        .route("/readyz", get(health::ready))
        .merge(pages::assets())
        .merge(sign_in::routes())
        .merge(senders)
        .merge(readers)
        .fallback(async || Problem::new(StatusCode::NOT_FOUND, "no page and no file has this address"))
        .method_not_allowed_fallback(async || Problem::new(StatusCode::METHOD_NOT_ALLOWED, "this is not asked so"))
        .layer(middleware::from_fn_with_state(Arc::clone(&state), protection::guard))
        .with_state(state)
}

/// The addresses of other products, so that who leaves one changes the host alone.
fn drop_ins() -> Router<Arc<State>> {
    Router::new()
        .route("/", post(webhooks::receive_for_four_keys))
        .route("/api/plugins/webhook/{*path}", post(webhooks::receive_for_devlake))
        .route("/api/rest/plugins/webhook/{*path}", post(webhooks::receive_for_devlake))
        .route("/plugins/webhook/{*path}", post(webhooks::receive_for_devlake))
        .route("/api/v2/dora/{kind}", post(webhooks::receive_for_datadog).patch(webhooks::keep_for_datadog))
        .route("/api/v2/dora/{kind}/{id}", patch(webhooks::keep_for_datadog).delete(webhooks::keep_for_datadog))
        .route("/api/v1/incidents/{id}", patch(webhooks::update_for_linearb))
        .route("/api/1/deployments/{*path}", post(webhooks::receive_for_sleuth))
        .route("/api/1/impact/{*path}", post(webhooks::receive_impact_for_sleuth))
        .route("/pelorus/webhook", post(webhooks::receive_for_pelorus))
}
