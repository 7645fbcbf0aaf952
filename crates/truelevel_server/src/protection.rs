//! What holds for every answer: headers that tell browsers to be careful, and the question who asked for whom.

use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State as Shared};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use truelevel_model::events::Scope;

use crate::problem::Problem;
use crate::state::State;

/// Answers take no longer than this to begin.
const LONGEST_ANSWER: Duration = Duration::from_secs(60);

const HEADERS: &[(&str, &str)] = &[
    (
        "content-security-policy",
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), geolocation=(), microphone=()"),
    ("cache-control", "no-store"),
];

/// Answers a request within the time, to the right host, and logs it.
pub(crate) async fn guard(Shared(state): Shared<Arc<State>>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let wants_page =
        request.headers().get(header::ACCEPT).is_some_and(|accept| accept.as_bytes().starts_with(b"text/html"));
    let mut response = if is_known_host(&state, &request) {
        match tokio::time::timeout(LONGEST_ANSWER, next.run(request)).await {
            Ok(response) => response,
            Err(_) => Problem::new(StatusCode::SERVICE_UNAVAILABLE, "the answer took too long").into_response(),
        }
    } else {
        let detail = "this server does not answer to that name; list it under `hosts` in the [serve] table";
        Problem::new(StatusCode::MISDIRECTED_REQUEST, detail).into_response()
    };
    if wants_page && let Some(problem) = response.extensions().get::<Problem>() {
        let (page, mut parts) = (problem.page(&path), response.into_parts().0);
        parts.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"));
        parts.headers.remove(header::CONTENT_LENGTH);
        response = Response::from_parts(parts, page.into());
    }
    for (name, value) in HEADERS {
        response.headers_mut().entry(*name).or_insert(HeaderValue::from_static(value));
    }
    let status = response.status().as_u16();
    let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let path = truelevel_model::printable(&path);
    // Answers to readers would hide those to senders.
    if status >= 400 || method != Method::GET {
        tracing::info!(%method, %path, status, milliseconds, "answered");
    } else {
        tracing::debug!(%method, %path, status, milliseconds, "answered");
    }
    response
}

/// A page of another site may send a browser here under a name of its own; the name gives it away. Where reading asks
/// for a token, that site has none.
fn is_known_host(state: &State, request: &Request) -> bool {
    let given = request.headers().get(header::HOST).and_then(|host| host.to_str().ok());
    let given = given.or_else(|| request.uri().host()).unwrap_or_default().to_lowercase();
    let name = match given.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => given.as_str(),
    };
    let address = name.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    state.require_tokens
        || name == "localhost"
        || address.is_ok_and(|address| address.is_loopback())
        || state.hosts.iter().any(|host| host == name)
}

/// Lets readers pass: all of them, or those with a token.
pub(crate) async fn read_only(Shared(state): Shared<Arc<State>>, request: Request, next: Next) -> Response {
    if state.require_tokens
        && let Err(problem) = state.authorize(token(request.headers()).as_deref(), Scope::Read)
    {
        return problem.into_response();
    }
    next.run(request).await
}

/// The token of a request: as bearer, or as the password of basic authentication, which browsers can ask for.
pub(crate) fn token(headers: &HeaderMap) -> Option<String> {
    truelevel_engine::tokens::given(headers.get(header::AUTHORIZATION)?.to_str().ok()?)
}
