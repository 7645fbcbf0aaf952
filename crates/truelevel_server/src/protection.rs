//! What holds for every answer: headers that tell browsers to be careful, and the question who asked for whom.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::extract::{Request, State as Shared};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Redirect, Response};
use truelevel_engine::access;
use truelevel_model::access::Role;
use truelevel_report::html::links::encoded;

use crate::callers::Caller;
use crate::client::{Client, Peer, client};
use crate::problem::Problem;
use crate::routes::badges;
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

/// The path without what senders that cannot sign put at its end.
fn loggable(path: &str) -> &str {
    const IMPACT: &str = "/register_impact";
    let end = match path.strip_prefix("/webhooks/") {
        Some(rest) => rest.find('/').map(|end| "/webhooks/".len() + end),
        None => path.find(IMPACT).map(|start| start + IMPACT.len()),
    };
    end.map_or(path, |end| &path[..end])
}

/// What tells that the process lives; who watches it, a proxy or an orchestrator, asks by whatever name and address.
const HEALTH: [&str; 2] = ["/healthz", "/readyz"];

/// Answers a request within the time, to the right host, and logs it.
pub(crate) async fn guard(Shared(state): Shared<Arc<State>>, mut request: Request, next: Next) -> Response {
    let started = Instant::now();
    // Without a connection, as in tests, it is this machine that asks.
    let peer = request.extensions().get::<Peer>().copied().unwrap_or(Peer(IpAddr::V4(Ipv4Addr::LOCALHOST)));
    let client = client(peer, request.headers(), &state.serve.trusted_proxies);
    request.extensions_mut().insert(client);
    let (method, path) = (request.method().clone(), request.uri().path().to_owned());
    let wants_page =
        request.headers().get(header::ACCEPT).is_some_and(|accept| accept.as_bytes().starts_with(b"text/html"));
    let is_health = HEALTH.contains(&path.as_str());
    let mut response = if !is_health && is_from_outside(&state, peer) {
        Problem::new(StatusCode::FORBIDDEN, "only named proxies are answered here").into_response()
    } else if is_health || is_known_host(&state, &request) {
        match tokio::time::timeout(LONGEST_ANSWER, next.run(request)).await {
            Ok(response) => response,
            Err(_) => Problem::not_yet("the answer took too long").into_response(),
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
    if state.is_secure {
        let only_so = HeaderValue::from_static("max-age=31536000");
        response.headers_mut().entry(header::STRICT_TRANSPORT_SECURITY).or_insert(only_so);
    }
    let status = response.status().as_u16();
    let milliseconds = u64::try_from(started.elapsed().as_millis()).unwrap_or(u64::MAX);
    let path = truelevel_model::printable(loggable(&path));
    // Answers to readers would hide those to senders.
    if status >= 400 || method != Method::GET {
        tracing::info!(%method, %path, status, milliseconds, "answered");
    } else {
        tracing::debug!(%method, %path, status, milliseconds, "answered");
    }
    response
}

/// Where proxies sign people in, who comes past them is nobody.
fn is_from_outside(state: &State, Peer(address): Peer) -> bool {
    state.serve.proxies_sign_in && !state.serve.trusted_proxies.iter().any(|network| network.contains(address))
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
    state.callers.asks()
        || name == "localhost"
        || address.is_ok_and(|address| address.is_loopback())
        || state.serve.hosts.iter().any(|host| host == name)
}

/// Lets readers pass: all of them, or those who say who they are. What is asked further down knows the caller.
pub(crate) async fn read_only(Shared(state): Shared<Arc<State>>, mut request: Request, next: Next) -> Response {
    let found = state.callers.find(request.headers(), (state.clock)());
    match found.and_then(|caller| caller.may(Role::Viewer).map(|()| caller)) {
        Ok(caller) => {
            request.extensions_mut().insert(caller);
            next.run(request).await
        }
        // Who shows a badge on a page of its own has no token for it.
        Err(_) if state.serve.public_badges && request.uri().path().starts_with(badges::ROOT) => {
            request.extensions_mut().insert(Caller::Anyone);
            next.run(request).await
        }
        Err(problem) => match to_sign_in(&state, &request) {
            Some(address) => Redirect::to(&address).into_response(),
            None => problem.into_response(),
        },
    }
}

/// Where a person who opens a page is sent to say who it is.
fn to_sign_in(state: &State, request: &Request) -> Option<String> {
    let sign_in = state.sign_in.as_ref()?;
    let headers = request.headers();
    let wants_page = headers.get(header::ACCEPT)?.as_bytes().starts_with(b"text/html");
    if !wants_page || request.method() != Method::GET || headers.contains_key(header::AUTHORIZATION) {
        return None;
    }
    let to = request.uri().path_and_query().map_or("/", |path| path.as_str());
    Some(format!("{}/sign-in?to={}", sign_in.config.address, encoded(to)))
}

/// Refuses a form that is not from a page of this server that the caller opened: it carries what only that page knows,
/// and browsers say where it comes from.
pub(crate) fn own_form(
    state: &State,
    caller: &Caller,
    headers: &HeaderMap,
    fields: &BTreeMap<String, String>,
) -> Result<(), Problem> {
    let key = state.callers.form_key(caller);
    let is_ours = fields.get("token").is_some_and(|given| access::is_same(given, &key));
    let text = |name: header::HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    let is_same_site = match (headers.get("sec-fetch-site"), text(header::ORIGIN)) {
        (Some(site), _) => site == "same-origin",
        // Older browsers say the origin alone.
        (None, Some(origin)) => origin.split_once("://").map(|(_, host)| host) == text(header::HOST),
        (None, None) => true,
    };
    if is_ours && is_same_site {
        return Ok(());
    }
    let detail = "the form is not from this server, or from an earlier session; open it again";
    Err(Problem::new(StatusCode::FORBIDDEN, detail))
}

/// Bounds how often one address delivers.
pub(crate) async fn not_too_often(Shared(state): Shared<Arc<State>>, request: Request, next: Next) -> Response {
    if let Some(Client(address)) = request.extensions().get::<Client>().copied()
        && let Err(seconds) = state.deliveries.count(address.into(), Instant::now())
    {
        return Problem::too_often(seconds, "more arrives from this address than is taken").into_response();
    }
    next.run(request).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_in_the_address_of_a_webhook_is_not_logged() {
        assert_eq!(loggable("/webhooks/statuspage/5ecret"), "/webhooks/statuspage");
        assert_eq!(loggable("/webhooks/github"), "/webhooks/github");
        let sleuth = "/api/1/deployments/acme/shop/production/pager/register_impact";
        assert_eq!(loggable(&format!("{sleuth}/5ecret")), sleuth);
        assert_eq!(loggable("/services/web"), "/services/web");
    }
}
