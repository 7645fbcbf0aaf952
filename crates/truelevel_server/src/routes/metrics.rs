//! `/metrics`: what the server did since it started, as Prometheus reads it.

use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use axum::extract::State as Shared;
use axum::http::{HeaderName, header};

use crate::state::State;

pub(super) async fn show(Shared(state): Shared<Arc<State>>) -> ([(HeaderName, &'static str); 1], String) {
    let counts = state.entrance.counts();
    let changes = AtomicU64::new(*state.entrance.changes().borrow());
    let series = [
        ("events_kept", "Events that were kept.", &counts.events),
        ("events_duplicate", "Deliveries that were here already.", &counts.duplicates),
        ("events_refused", "Deliveries that were forged, malformed or from nobody known.", &counts.refusals),
        ("events_failed", "Events that the store could not take; they were not acknowledged.", &counts.failures),
        ("fact_changes", "Times that facts became new or different.", &changes),
        ("commits", "Transactions in which events were kept; each takes one sync of the disk.", &counts.commits),
    ];
    let mut page = String::new();
    for (name, help, count) in series {
        let count = count.load(Ordering::Relaxed);
        // Writing to a text cannot fail.
        let _ = write!(
            page,
            "# HELP truelevel_{name}_total {help}\n# TYPE truelevel_{name}_total counter\ntruelevel_{name}_total {count}\n"
        );
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], page)
}
