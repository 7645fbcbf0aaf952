//! `/sign-in`, the way back from the identity provider, `/account` and `/sign-out`.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Instant;

use axum::Router;
use axum::extract::{Extension, Form, State as Shared};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use truelevel_engine::access::By;
use truelevel_model::access::AuditAction;
use truelevel_model::{Word, printable};
use truelevel_report::html::{self, Links, Page};

use super::pages::HTML;
use crate::callers::Caller;
use crate::client::Client;
use crate::content::{Content, blocking};
use crate::cookies;
use crate::problem::Problem;
use crate::protection;
use crate::scope::Asked;
use crate::sign_in::{Back, Failure, LONGEST_SECONDS, SignIn, own_path};
use crate::state::State;

/// For whoever is not signed in yet.
pub(super) fn routes() -> Router<Arc<State>> {
    Router::new()
        .route("/sign-in", get(begin))
        .route("/sign-in/back", get(finish))
        .route("/signed-out", get(signed_out))
}

/// For whoever is.
pub(super) fn own_routes() -> Router<Arc<State>> {
    Router::new().route("/account", get(account)).route("/sign-out", post(sign_out))
}

fn sign_in(state: &State) -> Result<&SignIn, Problem> {
    let none = || Problem::new(StatusCode::NOT_FOUND, "nobody signs in here; a [sign_in] table says how");
    state.sign_in.as_ref().ok_or_else(none)
}

/// Counts one more try of an address.
fn count(state: &State, address: IpAddr) -> Result<(), Problem> {
    state
        .sign_ins
        .count(address.into(), Instant::now())
        .map_err(|seconds| Problem::too_often(seconds, "there were too many tries to sign in from this address"))
}

async fn begin(
    Shared(state): Shared<Arc<State>>,
    Extension(Client(address)): Extension<Client>,
    asked: Asked,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let sign_in = sign_in(&state)?;
    let (to, now) = (own_path(asked.text("to").unwrap_or("/")), (state.clock)());
    if matches!(state.callers.find(&headers, now), Ok(Caller::Person { .. })) {
        return Ok(redirect(sign_in, to));
    }
    count(&state, address)?;
    let begun = sign_in.begin(to, now).await.map_err(|why| unreachable(&why))?;
    let mut response = Redirect::to(&begun.location).into_response();
    set(&mut response, sign_in, cookies::sign_in_name(&sign_in.config), &begun.cookie, LONGEST_SECONDS);
    Ok(response)
}

async fn finish(
    Shared(state): Shared<Arc<State>>,
    Extension(Client(address)): Extension<Client>,
    asked: Asked,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let sign_in = sign_in(&state)?;
    count(&state, address)?;
    let now = (state.clock)();
    let (state_back, issuer) = (asked.text("state"), asked.text("iss"));
    let back = Back { state: state_back, code: asked.text("code"), issuer, error: asked.text("error") };
    let name = cookies::sign_in_name(&sign_in.config);
    let finished = sign_in.finish(cookies::find(&headers, name), &back, now).await;
    let mut response = match finished {
        Ok((person, to)) => {
            let shared = Arc::clone(&state);
            let begun =
                blocking(move || shared.callers.begin(&headers, person, now).map_err(super::pages::unavailable));
            let mut response = redirect(sign_in, &to);
            let seconds = u64::from(sign_in.config.session_hours) * 3600;
            set(&mut response, sign_in, cookies::session_name(&sign_in.config), &begun.await?, seconds);
            response
        }
        // Another tab of the same browser was quicker.
        Err(Failure::NotBegun) if matches!(state.callers.find(&headers, now), Ok(Caller::Person { .. })) => {
            redirect(sign_in, "/")
        }
        Err(failure) => refuse(&state, failure, now, address).await.into_response(),
    };
    set(&mut response, sign_in, name, "", 0);
    Ok(response)
}

async fn refuse(state: &Arc<State>, failure: Failure, at: truelevel_model::Time, address: IpAddr) -> Problem {
    match failure {
        Failure::NotBegun => {
            let detail = "this sign-in was not begun in this browser, or is over; sign in again";
            Problem::new(StatusCode::BAD_REQUEST, detail)
        }
        Failure::Provider(why) => unreachable(&why),
        Failure::NoWayIn { subject, why } => {
            let by = By { who: printable(&subject).into_owned(), at };
            let (shared, what) = (Arc::clone(state), format!("{why}; from {address}"));
            let recorded = blocking(move || {
                shared.callers.record(&by, AuditAction::SignInRefused, what).map_err(super::pages::unavailable)
            });
            recorded.await.err().unwrap_or_else(|| Problem::new(StatusCode::FORBIDDEN, why))
        }
    }
}

/// What stands against it at the provider; the log says the same, for whoever runs this.
fn unreachable(why: &str) -> Problem {
    let why = printable(why);
    tracing::warn!(%why, "nobody could be signed in");
    Problem::new(StatusCode::BAD_GATEWAY, format!("the identity provider did not sign you in: {why}"))
}

fn redirect(sign_in: &SignIn, to: &str) -> Response {
    Redirect::to(&format!("{}{to}", sign_in.config.address)).into_response()
}

fn set(response: &mut Response, sign_in: &SignIn, name: &str, value: &str, seconds: u64) {
    if let Some(cookie) = cookies::set(&sign_in.config, name, value, seconds) {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
}

/// Who the caller is, and the way out.
async fn account(
    Shared(state): Shared<Arc<State>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
) -> Response {
    let shown = html::Account {
        who: caller.described(),
        role: caller.role().map(|role| role.word().to_owned()).unwrap_or_default(),
        teams: caller.teams().map(<[String]>::to_vec),
        form_key: matches!(caller, Caller::Person { .. }).then(|| state.callers.form_key(&caller)),
        is_admin: caller.may(truelevel_model::access::Role::Admin).is_ok(),
    };
    let links = Links::server(Page::Account, html::Query::default());
    Content::new(HTML, html::account(&links, &shown)).respond(&headers)
}

async fn sign_out(
    Shared(state): Shared<Arc<State>>,
    Extension(caller): Extension<Caller>,
    headers: HeaderMap,
    Form(fields): Form<BTreeMap<String, String>>,
) -> Result<Response, Problem> {
    protection::own_form(&state, &caller, &headers, &fields)?;
    let sign_in = sign_in(&state)?;
    if let Caller::Person { session, .. } = caller {
        let (shared, now) = (Arc::clone(&state), (state.clock)());
        blocking(move || shared.callers.end(&session, now).map_err(super::pages::unavailable)).await?;
    }
    let mut response = redirect(sign_in, "/signed-out");
    set(&mut response, sign_in, cookies::session_name(&sign_in.config), "", 0);
    // Nothing of what was shown stays behind.
    response.headers_mut().insert("clear-site-data", HeaderValue::from_static("\"cache\""));
    Ok(response)
}

async fn signed_out(headers: HeaderMap) -> Response {
    let links = Links::server(Page::Nowhere("signed-out".to_owned()), html::Query::default());
    Content::new(HTML, html::signed_out(&links)).respond(&headers)
}
