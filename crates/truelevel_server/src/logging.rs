//! Logs: a JSON object for each line on stderr. No header, body, query or secret is ever written.

/// Starts logging, once per process.
pub(crate) fn start() {
    // A second server in one process, as in tests, goes on with the first one's.
    let _ = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(false)
        .with_target(false)
        .with_writer(std::io::stderr)
        .try_init();
}
