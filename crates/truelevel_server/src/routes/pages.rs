//! The dashboard: pages, their files and downloads, and the stream that tells of new answers.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Extension, Form, Path, State as Shared};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::sse::{Event, KeepAlive, Sse};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use futures_util::stream::{self, Stream};
use truelevel_engine::EngineError;
use truelevel_engine::access::By;
use truelevel_engine::declare::{Belief, Claim};
use truelevel_model::access::Role;
use truelevel_report::assets;
use truelevel_report::html::{self, Connection, Filter, Links, Live, Page, Site};

use crate::callers::Caller;
use crate::content::{Content, blocking};
use crate::measuring::{Answer, Looked, Standing, Trouble};
use crate::problem::Problem;
use crate::protection;
use crate::scope::{Asked, Scope};
use crate::state::State;

pub(super) const HTML: &str = "text/html; charset=utf-8";
/// Where the stream of new answers is.
const EVENTS: &str = "events";

/// Pages with one address each.
const PAGES: [Page; 16] = [
    Page::Overview,
    Page::Services,
    Page::Teams,
    Page::Delivery,
    Page::Maturity,
    Page::Decision,
    Page::Plan,
    Page::Platform,
    Page::Ai,
    Page::Architecture,
    Page::Pitfalls,
    Page::Coverage,
    Page::Definitions,
    Page::Declare,
    Page::Snapshots,
    Page::Compare,
];

/// Pages with an address for each name.
const NAMED_PAGES: [fn(String) -> Page; 4] = [Page::Service, Page::Team, Page::Metric, Page::Definition];

pub(super) fn routes() -> Router<Arc<State>> {
    let mut router = Router::new()
        .route("/download/{name}", get(download))
        .route(&format!("/{EVENTS}"), get(events))
        .route("/declare", axum::routing::post(declare));
    for page in PAGES {
        let path = format!("/{}", page.path());
        let show = move |state, caller, asked, headers| show(state, caller, page.clone(), asked, headers);
        router = router.route(&path, get(show));
    }
    for named in NAMED_PAGES {
        let path = format!("/{}{{name}}", named(String::new()).path());
        let show = move |state, caller, Path(name): Path<String>, asked, headers| {
            show(state, caller, named(name), asked, headers)
        };
        router = router.route(&path, get(show));
    }
    router
}

/// The files of the pages: for everybody, because also who is sent away sees a page.
pub(super) fn assets() -> Router<Arc<State>> {
    assets::NAMES.iter().fold(Router::new(), |router, name| {
        router.route(&format!("/{name}"), get(move |asked, headers| async move { asset(name, asked, headers) }))
    })
}

/// A file of the pages. Under the address with its version it never changes.
fn asset(name: &'static str, asked: Asked, headers: HeaderMap) -> Response {
    let Some((media_type, text)) = assets::asset(name) else {
        return Problem::new(StatusCode::NOT_FOUND, "there is no such file").into_response();
    };
    let mut response = Content::new(media_type, text).respond(&headers);
    if asked.text("v").is_some_and(|version| assets::versioned(name).ends_with(version)) {
        let forever = HeaderValue::from_static("public, max-age=31536000, immutable");
        response.headers_mut().insert(header::CACHE_CONTROL, forever);
    }
    response
}

async fn show(
    Shared(state): Shared<Arc<State>>,
    Extension(caller): Extension<Caller>,
    page: Page,
    asked: Asked,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    let scope = state.scope(&caller, &asked)?;
    let is_kept = match page {
        Page::Snapshots | Page::Compare => {
            caller.sees_everything()?;
            false
        }
        Page::Declare => false,
        _ => true,
    };
    let Looked { standing, status } = state.board.look(&scope)?;
    let teams = if matches!(standing, Standing::Ready(_)) { teams(&state, &caller, &scope) } else { Vec::new() };
    let live = |measured_at| Live {
        events: Some(EVENTS.to_owned()),
        measured_at,
        status: status.to_owned(),
        has_account: state.sign_in.is_some(),
        has_pages: true,
        teams: teams.clone(),
    };
    let links = Links::server(page.clone(), scope.query());
    let answer = match standing {
        Standing::Ready(answer) => answer,
        Standing::Pending => {
            // There is no older answer beside which one could be newer.
            let live = Live { status: String::new(), ..live(None) };
            let content = html::waiting(&links, page, "This is being measured.", &live);
            let mut response = Content::new(HTML, content).respond(&headers);
            // Without a script the page asks again by itself.
            response.headers_mut().insert(header::REFRESH, HeaderValue::from_static("3"));
            return Ok(response);
        }
        Standing::Nothing(Trouble::Empty(why)) => {
            let content = html::first_run(
                &links,
                &connections(&state),
                &Live { status: crate::problem::words(&why), has_pages: false, ..live(None) },
            );
            return Ok(Content::new(HTML, content).respond(&headers));
        }
        Standing::Nothing(trouble) => return Err(trouble.into()),
    };
    let live = live(Some(answer.measured_at));
    let pairs: Vec<String> = asked.pairs().map(|(name, value)| format!("{name}={value}")).collect();
    // Who sees one team alone is not told of others.
    let key = format!("{}?{}#{status}#{}", page.path(), pairs.join("&"), teams.len());
    let (shared, number) = (Arc::clone(&state), answer.number);
    let make = move || Ok(Content::new(HTML, render(&shared, &caller, &answer, links, &page, &asked, &live)?));
    let content = if is_kept { state.kept.get(number, key, make).await? } else { Arc::new(blocking(make).await?) };
    Ok(content.respond(&headers))
}

/// The teams that a reader may go over to from the one that is shown.
fn teams(state: &State, caller: &Caller, scope: &Scope) -> Vec<String> {
    if scope.team.is_none() || caller.sees_everything().is_err() {
        return Vec::new();
    }
    state.board.teams()
}

fn render(
    state: &State,
    caller: &Caller,
    answer: &Answer,
    links: Links,
    page: &Page,
    asked: &Asked,
    live: &Live,
) -> Result<String, Problem> {
    let site = Site::new(&answer.assessment, &answer.courses, &answer.reference, links);
    match page {
        Page::Snapshots => Ok(html::snapshots(&site, &state.library.rows().map_err(unavailable)?, live)),
        Page::Compare => {
            let compared = state.library.compare(asked.text("before"), asked.text("after"));
            let shown = compared.and_then(|comparison| state.library.shown(&comparison)).map_err(unavailable)?;
            Ok(html::compare(&site, &shown, live))
        }
        Page::Declare => {
            let problem = asked.text("problem").unwrap_or_default();
            Ok(html::declare(&site, &state.callers.form_key(caller), problem, live))
        }
        page => {
            let nothing = || {
                let detail = "no service, team, metric or definition of this name is known";
                Problem::new(StatusCode::NOT_FOUND, detail)
            };
            html::page(&site, page, &filter(asked)?, live).ok_or_else(nothing)
        }
    }
}

/// Which services a page of them shows.
pub(super) fn filter(asked: &Asked) -> Result<Filter, Problem> {
    let level = asked.read("level")?;
    if level.is_some_and(|level| !(1..=5).contains(&level)) {
        return Err(Problem::new(StatusCode::BAD_REQUEST, "a level is 1 to 5"));
    }
    Ok(Filter {
        text: asked.text("q").unwrap_or_default().to_owned(),
        team: asked.text("of_team").map(str::to_owned),
        level,
        sort: asked.text("sort").map(str::to_owned),
        page: asked.read::<u32>("page")?.map(|page| page as usize).unwrap_or(0),
    })
}

/// What the store or the configuration stands against; the log says more where it is ours.
pub(super) fn unavailable(error: EngineError) -> Problem {
    match error {
        EngineError::Usage(says) | EngineError::NothingToAssess(says) => Problem::new(StatusCode::NOT_FOUND, says),
        other => {
            tracing::error!(error = %other, "the store could not be read");
            Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the store could not be read; the log says why")
        }
    }
}

/// What to connect, and what is connected.
fn connections(state: &State) -> Vec<Connection> {
    let usual = &state.usual;
    let connection = |name: &str, gives: &str, how: String, snippet: &str, is_connected| Connection {
        name: name.to_owned(),
        gives: gives.to_owned(),
        how,
        snippet: snippet.to_owned(),
        is_connected,
    };
    let senders = match usual.senders.as_slice() {
        [] => "Name who may send in truelevel.toml, and have them send to /webhooks/ and the sender's name.".to_owned(),
        senders => format!("Waiting for: {}. Each sends to /webhooks/ and its name.", senders.join(", ")),
    };
    vec![
        connection(
            "Repositories",
            "Changes, release tags and the practices that their files show.",
            "Clone them beside truelevel.toml and name each there.".to_owned(),
            "[[repository]]\npath = \"shop\"",
            usual.has_repositories,
        ),
        connection(
            "Deployments",
            "What ran where and since when: deployment frequency and lead time.",
            "Name the repository that says what runs in which environment, or import what your tools know.".to_owned(),
            "[[deployment_repository]]\npath = \"gitops\"\n\n# or, on the command line:\ntruelevel import deployments.csv",
            usual.has_deployment_repositories,
        ),
        connection(
            "Events as they happen",
            "Deployments, pipelines, reviews, incidents.",
            senders,
            "[[webhooks]]\nsender = \"github\"\nsecret_env = \"GITHUB_WEBHOOK_SECRET\"",
            !usual.senders.is_empty(),
        ),
        connection(
            "Incidents",
            "Fail rate and recovery.",
            "Have the incident tool send them, or import its export.".to_owned(),
            "[[webhooks]]\nsender = \"pagerduty\"\nsecret_file = \"secrets/pagerduty\"\n\n# or, on the command line:\ntruelevel import incidents.csv",
            false,
        ),
    ]
}

/// `/download/{name}`: a table as CSV, a picture as SVG.
async fn download(
    Shared(state): Shared<Arc<State>>,
    Extension(caller): Extension<Caller>,
    Path(name): Path<String>,
    asked: Asked,
    headers: HeaderMap,
) -> Result<Response, Problem> {
    if let Some(found) = over_time(&state, &caller, &name, &asked).await? {
        return Ok(attached(Content::new(found.media_type, found.content).respond(&headers), &name));
    }
    // A service's picture is that of the service in the whole answer.
    let scope = Scope { service: None, ..state.scope(&caller, &asked)? };
    let answer = state.board.answer(&scope).await?;
    let wanted = name.clone();
    let content = blocking(move || {
        let links = Links::server(Page::Overview, scope.query());
        let site = Site::new(&answer.assessment, &answer.courses, &answer.reference, links);
        let found = html::download(&site, asked.text("service"), &filter(&asked)?, &wanted);
        let found = found.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "there is no such table or picture"))?;
        Ok(Content::new(found.media_type, found.content))
    });
    Ok(attached(content.await?.respond(&headers), &name))
}

/// What a reader takes away is called like its address; only names that exist come this far.
fn attached(mut response: Response, name: &str) -> Response {
    if let Ok(value) = HeaderValue::from_str(&format!("attachment; filename=\"{name}\"")) {
        response.headers_mut().insert(header::CONTENT_DISPOSITION, value);
    }
    response
}

/// A file of the stored assessments; `None` for those of an answer.
async fn over_time(
    state: &Arc<State>,
    caller: &Caller,
    name: &str,
    asked: &Asked,
) -> Result<Option<html::Download>, Problem> {
    let is_comparison = name == "comparison.csv";
    if !is_comparison && !html::is_of_snapshots(name) {
        return Ok(None);
    }
    caller.sees_everything()?;
    let answer = if is_comparison { Some(state.board.answer(&Scope::default()).await?) } else { None };
    let (shared, name) = (Arc::clone(state), name.to_owned());
    let (before, after) = (asked.text("before").map(str::to_owned), asked.text("after").map(str::to_owned));
    let made = blocking(move || {
        let Some(answer) = answer else {
            return Ok(html::snapshots_download(&shared.library.rows().map_err(unavailable)?, &name));
        };
        let compared = shared.library.compare(before.as_deref(), after.as_deref());
        let shown = compared.and_then(|comparison| shared.library.shown(&comparison)).map_err(unavailable)?;
        let links = Links::server(Page::Compare, html::Query::default());
        let site = Site::new(&answer.assessment, &answer.courses, &answer.reference, links);
        Ok(Some(html::compare_download(&site, &shown)))
    });
    let nothing = || Problem::new(StatusCode::NOT_FOUND, "there is no such table or picture");
    made.await?.ok_or_else(nothing).map(Some)
}

/// The self-assessment, as its form sends it.
async fn declare(
    Shared(state): Shared<Arc<State>>,
    Extension(caller): Extension<Caller>,
    asked: Asked,
    headers: HeaderMap,
    Form(fields): Form<BTreeMap<String, String>>,
) -> Result<Response, Problem> {
    caller.may(Role::Editor)?;
    protection::own_form(&state, &caller, &headers, &fields)?;
    let scope = state.scope(&caller, &asked)?;
    if scope.service.is_none() {
        caller.sees_everything()?;
    }
    let field = |name: &str| fields.get(name).cloned().unwrap_or_default();
    let of_the_form = ["token", "who", "why"];
    let said = fields.iter().filter(|(name, level)| !of_the_form.contains(&name.as_str()) && !level.is_empty());
    let beliefs: Result<Vec<Belief>, Problem> = said
        .map(|(stage, level)| {
            let wrong = |_| Problem::new(StatusCode::BAD_REQUEST, "a level is a number from 1 to 5");
            let claim = Claim::Stage(stage.clone(), level.parse().map_err(wrong)?);
            Ok(Belief { service: scope.service.clone(), claim, by: field("who"), reason: field("why") })
        })
        .collect();
    let (shared, beliefs) = (Arc::clone(&state), beliefs?);
    let links = Links::server(Page::Declare, scope.query());
    let said = blocking(move || {
        let by = By { who: caller.described(), at: (shared.clock)() };
        match shared.library.declare(&beliefs, &by) {
            Ok(_) => Ok(None),
            Err(EngineError::Usage(says)) => Ok(Some(says)),
            Err(error) => Err(unavailable(error)),
        }
    });
    let next = match said.await? {
        Some(problem) => links.with(&Page::Declare, &[("problem", problem)]),
        None => {
            state.board.tell_of_a_change();
            links.to(&Page::Maturity)
        }
    };
    Ok(Redirect::to(&next).into_response())
}

/// `/events`: says when there is a new answer, and how far the next one is.
async fn events(Shared(state): Shared<Arc<State>>) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let parts = (state.board.told(), state.board.progress(), state.stopping.clone());
    let stream = stream::unfold(parts, |(mut told, mut progress, mut stopping)| async {
        let event = tokio::select! {
            changed = told.changed() => {
                changed.ok()?;
                Event::default().event("assessment").data(told.borrow_and_update().to_string())
            }
            changed = progress.changed() => {
                changed.ok()?;
                Event::default().event("progress").data(progress.borrow_and_update().as_str())
            }
            _ = stopping.wait_for(|stopping| *stopping) => return None,
        };
        Some((Ok(event), (told, progress, stopping)))
    });
    Sse::new(stream).keep_alive(KeepAlive::default())
}
