//! `/audit`: who changed what, for admins.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Extension, State as Shared};
use axum::http::HeaderMap;
use axum::response::Response;
use axum::routing::get;
use truelevel_model::Word;
use truelevel_model::access::Role;
use truelevel_report::html::{self, AuditRow, Links, Page};

use super::pages::{HTML, unavailable};
use crate::callers::Caller;
use crate::content::{Content, blocking};
use crate::problem::Problem;
use crate::scope::Asked;
use crate::state::State;

/// Lines of a page.
const PER_PAGE: usize = 100;

pub(super) fn routes() -> Router<Arc<State>> {
    Router::new().route("/audit", get(show))
}

async fn show(
    Shared(state): Shared<Arc<State>>,
    Extension(caller): Extension<Caller>,
    asked: Asked,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    caller.may(Role::Admin)?;
    let before = asked.read("before")?;
    let entries = blocking(move || state.library.audit(before, PER_PAGE + 1).map_err(unavailable)).await?;
    let rows = entries.iter().take(PER_PAGE).map(|(number, entry)| AuditRow {
        number: *number,
        at: entry.at,
        who: entry.who.clone(),
        action: entry.action.word().replace('_', " "),
        what: entry.what.clone(),
    });
    let links = Links::server(Page::Audit, html::Query::default());
    let text = html::audit(&links, &rows.collect::<Vec<_>>(), entries.len() > PER_PAGE);
    Ok(Content::new(HTML, text).respond(&headers))
}
