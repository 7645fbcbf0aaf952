//! `/healthz` and `/readyz`.

use std::sync::Arc;

use axum::extract::State as Shared;

use crate::problem::Problem;
use crate::state::State;

/// The process answers.
pub(super) async fn alive() -> &'static str {
    "ok\n"
}

/// Events can be kept.
pub(super) async fn ready(Shared(state): Shared<Arc<State>>) -> Result<&'static str, Problem> {
    if state.entrance.is_open() { Ok("ok\n") } else { Err(Problem::unavailable()) }
}
