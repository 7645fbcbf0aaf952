//! `/api/v1`: what the pages show, for programs. An operation is a line in [`OPERATIONS`]; the router and the OpenAPI
//! document are both made from it.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Router;
use axum::extract::{Extension, RawPathParams, State as Shared};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::Response;
use axum::routing::get;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::Serialize;
use truelevel_model::access::{AuditEntry, Role};
use truelevel_model::ai::Ai;
use truelevel_model::architecture::Architecture;
use truelevel_model::assessment::{
    Assessment, Constraint, Coverage, ExclusionCount, LevelRange, MetricSpread, Pitfall, Roadmap, ServiceResult,
    StageResult, TeamResult,
};
use truelevel_model::comparison::Comparison;
use truelevel_model::platform::Platform;
use truelevel_model::snapshot::SnapshotHead;
use truelevel_model::trend::Trend;
use truelevel_model::{Measurement, ServiceId, Time, Word};
use truelevel_report::html::{self, Links, Page, Site};
use truelevel_report::reference::Definition;
use truelevel_report::table::Table;

use super::pages::{filter, unavailable};
use crate::callers::Caller;
use crate::content::{Content, blocking};
use crate::library::Library;
use crate::measuring::Answer;
use crate::problem::Problem;
use crate::scope::{Asked, Scope};
use crate::state::State;
use truelevel_engine::config::LONGEST_WINDOW_DAYS;

/// Where all of it is.
pub(crate) const ROOT: &str = "/api/v1";
/// Items of a page unless asked otherwise, and at most.
const PER_PAGE: usize = 100;
const MOST_PER_PAGE: usize = 1000;
const JSON: &str = "application/json";
const CSV: &str = "text/csv; charset=utf-8";

/// Something that can be asked.
pub(crate) struct Operation {
    /// Its path below [`ROOT`].
    pub(crate) path: &'static str,
    /// What is answered.
    pub(crate) summary: &'static str,
    /// What the query may say beside the scope: name, form, meaning.
    pub(crate) query: &'static [(&'static str, Form, &'static str)],
    /// The answer's form.
    pub(crate) schema: fn(&mut SchemaGenerator) -> Schema,
    /// The table that is the same as CSV; `*` stands for the name in the path.
    pub(crate) table: Option<&'static str>,
    pub(crate) reads: Reads,
}

/// What a value of the query may be.
#[derive(Clone, Copy)]
pub(crate) enum Form {
    Text,
    /// An instant as RFC 3339, or a day.
    Moment,
    /// A whole number between two, both allowed.
    Whole(u64, u64),
}

/// Where an answer comes from.
#[derive(Clone, Copy)]
pub(crate) enum Reads {
    /// The last answer to what is asked about.
    Answer(fn(&Asking<'_>) -> Result<String, Problem>),
    /// The store, for who sees everything.
    Store(fn(&Library, &Asked) -> Result<String, Problem>),
    /// The same, also as a table.
    Listed(Listing),
    /// The store, for admins, also as a table.
    Admin(Listing),
}

/// What is listed in the store.
#[derive(Clone, Copy)]
pub(crate) struct Listing {
    json: fn(&Library, &Asked) -> Result<String, Problem>,
    table: fn(&Library, &Asked) -> Result<Table, Problem>,
}

/// A question to an answer.
pub(crate) struct Asking<'a> {
    answer: &'a Answer,
    asked: &'a Asked,
    /// The name in the path; empty where there is none.
    name: &'a str,
}

/// A page of services.
#[derive(Serialize, JsonSchema)]
struct Services<'a> {
    /// The services.
    items: Vec<&'a ServiceResult>,
    /// Which page this is, from 1.
    page: usize,
    /// How many items a page has at most.
    per_page: usize,
    /// How many services fit.
    total: usize,
}

/// A metric over all services, and of each.
#[derive(Serialize, JsonSchema)]
struct Metric<'a> {
    /// Its id.
    metric: &'a str,
    /// Over all services.
    all: &'a MetricSpread,
    /// Over the last weeks; absent where nothing is known of them.
    trend: Option<&'a Trend>,
    /// Of each service, by name.
    services: BTreeMap<&'a str, &'a Measurement>,
}

/// What is meant by an id.
#[derive(Serialize, JsonSchema)]
struct Meaning<'a> {
    /// The id.
    id: &'a str,
    /// What it is: metric, practice, gate, question or reason code.
    kind: &'a str,
    /// Its name.
    title: &'a str,
    /// Its definition, as Markdown; absent in a list.
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<&'a str>,
}

/// What a team said of itself.
#[derive(Serialize, JsonSchema)]
struct Declared {
    /// When, as RFC 3339.
    declared_at: String,
    /// Which team or role said it.
    declared_by: String,
    /// Of which service; absent where all are spoken of.
    service: Option<String>,
    /// The stage, lane or gate that is spoken of.
    about: String,
    /// Of a stage or lane, the level, 1 to 5.
    level: Option<u8>,
    /// Of a gate, the answer: `yes`, `no` or `unknown`.
    answer: Option<&'static str>,
    /// Why.
    reason: String,
}

/// A line of the audit log.
#[derive(Serialize, JsonSchema)]
struct AuditLine {
    /// Its number.
    number: i64,
    /// When, as RFC 3339.
    at: String,
    /// Who did it: a person, a token, the command line, the server itself.
    who: String,
    /// What was done: `declared`, `token_created`, `signed_in`, ….
    action: &'static str,
    /// To what, and how.
    what: String,
}

/// Levels with the gates that decide them.
#[derive(Serialize, JsonSchema)]
struct Stages<'a> {
    /// The level, that of the lowest stage.
    level: LevelRange,
    /// The stages.
    stages: &'a [StageResult],
    /// The lanes.
    lanes: &'a [StageResult],
}

fn schema<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// How pages are asked for.
const PAGING: &[(&str, Form, &str)] = &[
    ("page", Form::Whole(1, u32::MAX as u64), "Which page, from 1."),
    ("per_page", Form::Whole(1, MOST_PER_PAGE as u64), "Items of a page, 1 to 1000; 100 unless said otherwise."),
];

/// Everything that can be asked, by path.
pub(crate) static OPERATIONS: &[Operation] = &[
    Operation {
        path: "/ai",
        summary: "Signs of AI in changes, beside throughput and stability; `null` where no change is known.",
        query: &[],
        schema: schema::<Option<Ai>>,
        table: Some("ai-services.csv"),
        reads: Reads::Answer(|asking| written(&asking.answer.assessment.ai)),
    },
    Operation {
        path: "/architecture",
        summary: "Whether services are deployed alone; `null` where too few deploy to tell.",
        query: &[],
        schema: schema::<Option<Architecture>>,
        table: None,
        reads: Reads::Answer(|asking| written(&asking.answer.assessment.architecture)),
    },
    Operation {
        path: "/assessment",
        summary: "The whole answer, as `assess --format json` writes it.",
        query: &[],
        schema: schema::<Assessment>,
        table: None,
        reads: Reads::Answer(|asking| written(&asking.answer.assessment)),
    },
    Operation {
        path: "/audit",
        summary: "Who changed what, newest first; for admins.",
        query: &[
            ("before", Form::Whole(0, u32::MAX as u64), "Only lines before the one of this number."),
            ("per_page", Form::Whole(1, MOST_PER_PAGE as u64), "How many lines, 1 to 1000; 100 unless said otherwise."),
        ],
        schema: schema::<Vec<AuditLine>>,
        table: Some("audit.csv"),
        reads: Reads::Admin(Listing {
            json: |library, asked| written(&audit(library, asked)?),
            table: |library, asked| {
                let mut table = Table::new(["number", "at", "who", "action", "what"]);
                for AuditLine { number, at, who, action, what } in audit(library, asked)? {
                    table.push([number.to_string(), at, who, action.to_owned(), what]);
                }
                Ok(table)
            },
        }),
    },
    Operation {
        path: "/comparison",
        summary: "What changed between two snapshots; the last two unless said otherwise.",
        query: &[
            ("before", Form::Text, "A snapshot's number, or a time: the newest snapshot up to then."),
            ("after", Form::Text, "The same for the later one."),
        ],
        schema: schema::<Comparison>,
        table: None,
        reads: Reads::Store(|library, asked| {
            written(&library.compare(asked.text("before"), asked.text("after")).map_err(unavailable)?)
        }),
    },
    Operation {
        path: "/coverage",
        summary: "What was looked at.",
        query: &[],
        schema: schema::<Coverage>,
        table: Some("repositories.csv"),
        reads: Reads::Answer(|asking| written(&asking.answer.assessment.coverage)),
    },
    Operation {
        path: "/decision",
        summary: "The ordered questions and the first constraint.",
        query: &[],
        schema: schema::<Constraint>,
        table: None,
        reads: Reads::Answer(|asking| written(&asking.answer.assessment.first_constraint)),
    },
    Operation {
        path: "/declarations",
        summary: "What teams said of themselves, newest first, a page of it; as CSV all of it.",
        query: PAGING,
        schema: schema::<Vec<Declared>>,
        table: Some("declarations.csv"),
        reads: Reads::Listed(Listing {
            json: |library, asked| {
                let (page, per_page) = paging(asked)?;
                let said = declared(library)?.into_iter().skip((page - 1).saturating_mul(per_page)).take(per_page);
                written(&said.collect::<Vec<_>>())
            },
            table: |library, _| {
                let mut table =
                    Table::new(["declared_at", "declared_by", "service", "about", "level", "answer", "reason"]);
                for Declared { declared_at, declared_by, service, about, level, answer, reason } in declared(library)? {
                    let level = level.map_or_else(String::new, |level| level.to_string());
                    let answer = answer.unwrap_or_default().to_owned();
                    table.push([declared_at, declared_by, service.unwrap_or_default(), about, level, answer, reason]);
                }
                Ok(table)
            },
        }),
    },
    Operation {
        path: "/definitions",
        summary: "Metrics, practices, gates, questions and reason codes, by id, without their texts.",
        query: &[],
        schema: schema::<Vec<Meaning<'static>>>,
        table: None,
        reads: Reads::Answer(|asking| {
            let definitions = asking.answer.reference.definitions.iter();
            let meanings =
                definitions.map(|(id, Definition { kind, title, body: _ })| Meaning { id, kind, title, text: None });
            written(&meanings.collect::<Vec<_>>())
        }),
    },
    Operation {
        path: "/definitions/{id}",
        summary: "What is meant by an id, as `explain` says it.",
        query: &[],
        schema: schema::<Meaning<'static>>,
        table: None,
        reads: Reads::Answer(|asking| {
            let found = asking.answer.reference.definitions.get(asking.name);
            let Definition { kind, title, body } =
                found.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "there is no such definition"))?;
            written(&Meaning { id: asking.name, kind, title, text: Some(body) })
        }),
    },
    Operation {
        path: "/exclusions",
        summary: "What was left out, by reason code.",
        query: &[],
        schema: schema::<BTreeMap<String, ExclusionCount>>,
        table: Some("exclusions.csv"),
        reads: Reads::Answer(|asking| written(&asking.answer.assessment.exclusions)),
    },
    Operation {
        path: "/gates",
        summary: "Levels with the gates that decide them and their evidence.",
        query: &[],
        schema: schema::<Stages<'static>>,
        table: Some("gates.csv"),
        reads: Reads::Answer(|asking| {
            let Assessment { level, stages, lanes, .. } = &asking.answer.assessment;
            written(&Stages { level: *level, stages, lanes })
        }),
    },
    Operation {
        path: "/metrics",
        summary: "All metrics over all services, by id.",
        query: &[],
        schema: schema::<BTreeMap<String, MetricSpread>>,
        table: Some("metrics.csv"),
        reads: Reads::Answer(|asking| written(&asking.answer.assessment.metrics)),
    },
    Operation {
        path: "/metrics/{metric}",
        summary: "A metric over all services, over the last weeks, and of each service.",
        query: &[],
        schema: schema::<Metric<'static>>,
        table: Some("spread-*.csv"),
        reads: Reads::Answer(metric),
    },
    Operation {
        path: "/pitfalls",
        summary: "How these numbers may mislead.",
        query: &[],
        schema: schema::<Vec<Pitfall>>,
        table: Some("pitfalls.csv"),
        reads: Reads::Answer(|asking| written(&asking.answer.assessment.pitfalls)),
    },
    Operation {
        path: "/plan",
        summary: "The phases, the initiatives and the next actions; as CSV the actions.",
        query: &[],
        schema: schema::<Roadmap>,
        table: Some("plan.csv"),
        reads: Reads::Answer(|asking| written(&asking.answer.assessment.roadmap)),
    },
    Operation {
        path: "/platform",
        summary: "The golden paths and who takes them; `null` where none is declared or found. As CSV keys on and off them.",
        query: &[],
        schema: schema::<Option<Platform>>,
        table: Some("on-and-off-the-path.csv"),
        reads: Reads::Answer(|asking| written(&asking.answer.assessment.platform)),
    },
    Operation {
        path: "/services",
        summary: "The services, a page of them; as CSV all of them.",
        query: &[
            ("q", Form::Text, "A part of the name, in any case."),
            ("of_team", Form::Text, "Only of this team."),
            ("level", Form::Whole(1, 5), "Only at this proven level."),
            ("sort", Form::Text, "`level`, `name`, or the id of a key; the lowest level first unless said otherwise."),
            ("page", Form::Whole(1, u32::MAX as u64), "Which page, from 1."),
            (
                "per_page",
                Form::Whole(1, MOST_PER_PAGE as u64),
                "Items of a page, 1 to 1000; 100 unless said otherwise.",
            ),
        ],
        schema: schema::<Services<'static>>,
        table: Some("services.csv"),
        reads: Reads::Answer(services),
    },
    Operation {
        path: "/services/{service}",
        summary: "A service with its stages, gates, evidence and metrics.",
        query: &[],
        schema: schema::<ServiceResult>,
        table: None,
        reads: Reads::Answer(|asking| {
            let found = asking.answer.assessment.each_service().find(|service| service.service == asking.name);
            written(found.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "there is no such service"))?)
        }),
    },
    Operation {
        path: "/snapshots",
        summary: "The stored assessments, in the order in which they were made; `snapshot` asks any other path for one.",
        query: &[],
        schema: schema::<Vec<SnapshotHead>>,
        table: Some("snapshots.csv"),
        reads: Reads::Listed(Listing {
            json: |library, _| written(&library.heads().map_err(unavailable)?),
            table: |library, _| {
                let mut table = Table::new(["number", "as_of", "taken_at", "is_backfilled", "data_until", "hash"]);
                for head in library.heads().map_err(unavailable)? {
                    table.push([
                        head.number.to_string(),
                        head.as_of.to_string(),
                        head.taken_at.to_string(),
                        head.is_backfilled.to_string(),
                        head.data_until.map_or_else(String::new, |time| time.to_string()),
                        head.hash,
                    ]);
                }
                Ok(table)
            },
        }),
    },
    Operation {
        path: "/teams",
        summary: "The teams, each with its level and metrics.",
        query: &[],
        schema: schema::<Vec<TeamResult>>,
        table: Some("teams.csv"),
        reads: Reads::Answer(|asking| written(&asking.answer.assessment.teams)),
    },
    Operation {
        path: "/teams/{team}",
        summary: "A team with its level and metrics.",
        query: &[],
        schema: schema::<TeamResult>,
        table: None,
        reads: Reads::Answer(|asking| {
            let found = asking.answer.assessment.teams.iter().find(|team| team.team == asking.name);
            written(found.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "there is no such team"))?)
        }),
    },
];

/// The query that every operation on an answer takes: name, form, meaning.
pub(crate) const SCOPE: &[(&str, Form, &str)] = &[
    (
        "window",
        Form::Whole(1, LONGEST_WINDOW_DAYS as u64),
        "The length of the window in days; the workspace's unless said otherwise.",
    ),
    ("as_of", Form::Moment, "The instant to answer for, as RFC 3339 or a day; now unless said otherwise."),
    ("team", Form::Text, "Only the services of this team."),
    ("service", Form::Text, "Only this service."),
    ("snapshot", Form::Whole(1, u32::MAX as u64), "The stored assessment of this number instead."),
];

pub(super) fn routes() -> Router<Arc<State>> {
    let mut router = Router::new().route(&format!("{ROOT}/openapi.json"), get(document));
    for operation in OPERATIONS {
        let handle = move |state, caller, params, asked, headers| {
            answer(state, caller, operation, params, asked, headers, false)
        };
        router = router.route(&format!("{ROOT}{}", operation.path), get(handle));
        if operation.table.is_some() && !operation.path.ends_with('}') {
            let handle = move |state, caller, params, asked, headers| {
                answer(state, caller, operation, params, asked, headers, true)
            };
            router = router.route(&format!("{ROOT}{}.csv", operation.path), get(handle));
        }
    }
    router
}

async fn document(headers: HeaderMap) -> Response {
    Content::new(JSON, crate::openapi()).respond(&headers)
}

async fn answer(
    Shared(state): Shared<Arc<State>>,
    Extension(caller): Extension<Caller>,
    operation: &'static Operation,
    params: RawPathParams,
    asked: Asked,
    headers: HeaderMap,
    is_csv: bool,
) -> Result<Response, Problem> {
    let name = params.iter().next().map(|(_, name)| name.to_owned()).unwrap_or_default();
    let wants_csv = headers.get(header::ACCEPT).is_some_and(|accept| accept.as_bytes().starts_with(b"text/csv"));
    let table = operation.table.filter(|_| is_csv || wants_csv).map(|table| table.replace('*', &name));
    if wants_csv && table.is_none() {
        return Err(Problem::new(StatusCode::NOT_ACCEPTABLE, "this is no table; ask for application/json"));
    }
    if !matches!(operation.reads, Reads::Answer(_)) {
        caller.sees_everything()?;
    }
    if matches!(operation.reads, Reads::Admin(_)) {
        caller.may(Role::Admin)?;
    }
    let reads = match operation.reads {
        Reads::Answer(read) => read,
        Reads::Listed(listing) | Reads::Admin(listing) if table.is_some() => {
            let content = blocking(move || {
                let table = (listing.table)(&state.library, &asked)?;
                Ok(Content::new(CSV, table.csv()))
            });
            return Ok(content.await?.respond(&headers));
        }
        Reads::Store(json) | Reads::Listed(Listing { json, .. }) | Reads::Admin(Listing { json, .. }) => {
            let content = blocking(move || Ok(Content::new(JSON, json(&state.library, &asked)?)));
            return Ok(content.await?.respond(&headers));
        }
    };
    let scope = state.scope(&caller, &asked)?;
    let found = state.board.answer(&scope).await?;
    let pairs: Vec<String> = asked.pairs().map(|(name, value)| format!("{name}={value}")).collect();
    let key = format!("api {} {name}?{} {table:?}", operation.path, pairs.join("&"));
    let (number, next) = (found.number, next_page(operation, &found, &asked)?);
    let make = move || match table {
        Some(table) => as_table(&found, &scope, &asked, &table),
        None => Ok(Content::new(JSON, reads(&Asking { answer: &found, asked: &asked, name: &name })?)),
    };
    let content = state.kept.get(number, key, make).await?;
    let mut response = content.respond(&headers);
    if let Some(next) = next.and_then(|next| HeaderValue::from_str(&next).ok()) {
        response.headers_mut().insert(header::LINK, next);
    }
    Ok(response)
}

fn as_table(answer: &Answer, scope: &Scope, asked: &Asked, table: &str) -> Result<Content, Problem> {
    let links = Links::server(Page::Overview, scope.query());
    let site = Site::new(&answer.assessment, &answer.courses, &answer.reference, links);
    let found = html::download(&site, None, &filter(asked)?, table);
    let found = found.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "there is no such table"))?;
    Ok(Content::new(found.media_type, found.content))
}

/// Which page of services, from 1, and how many a page has.
fn paging(asked: &Asked) -> Result<(usize, usize), Problem> {
    let (page, per_page) = (
        asked.read::<u32>("page")?.map(|page| page as usize).unwrap_or(1),
        asked.read("per_page")?.unwrap_or(PER_PAGE),
    );
    if page == 0 || !(1..=MOST_PER_PAGE).contains(&per_page) {
        let detail = format!("`page` counts from 1, and `per_page` is 1 to {MOST_PER_PAGE}");
        return Err(Problem::new(StatusCode::BAD_REQUEST, detail));
    }
    Ok((page, per_page))
}

fn audit(library: &Library, asked: &Asked) -> Result<Vec<AuditLine>, Problem> {
    let (_, per_page) = paging(asked)?;
    let entries = library.audit(asked.read::<u32>("before")?.map(i64::from), per_page).map_err(unavailable)?;
    let line = |(number, entry): (i64, AuditEntry)| AuditLine {
        number,
        at: entry.at.to_string(),
        who: entry.who,
        action: entry.action.word(),
        what: entry.what,
    };
    Ok(entries.into_iter().map(line).collect())
}

/// What teams said of themselves, newest first.
fn declared(library: &Library) -> Result<Vec<Declared>, Problem> {
    let (stages, gates) = library.declared().map_err(unavailable)?;
    let name = |service: Option<ServiceId>| service.map(|service| service.as_str().to_owned());
    let stages = stages.into_iter().map(|said| {
        let line = Declared {
            declared_at: said.declared_at.to_string(),
            declared_by: said.declared_by,
            service: name(said.service),
            about: said.stage,
            level: Some(said.level),
            answer: None,
            reason: said.reason,
        };
        (said.declared_at, line)
    });
    let gates = gates.into_iter().map(|said| {
        let line = Declared {
            declared_at: said.declared_at.to_string(),
            declared_by: said.declared_by,
            service: name(said.service),
            about: said.gate,
            level: None,
            answer: Some(said.answer.word()),
            reason: said.reason,
        };
        (said.declared_at, line)
    });
    let mut all: Vec<(Time, Declared)> = stages.chain(gates).collect();
    all.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    Ok(all.into_iter().map(|(_, line)| line).collect())
}

fn services(asking: &Asking<'_>) -> Result<String, Problem> {
    let (page, per_page) = paging(asking.asked)?;
    let fitting = filter(asking.asked)?.ordered(&asking.answer.assessment);
    let total = fitting.len();
    let start = (page - 1).saturating_mul(per_page);
    let items = fitting.into_iter().skip(start).take(per_page).collect();
    written(&Services { items, page, per_page, total })
}

/// The `Link` to the next page of services.
fn next_page(operation: &Operation, answer: &Answer, asked: &Asked) -> Result<Option<String>, Problem> {
    if operation.path != "/services" {
        return Ok(None);
    }
    let (page, per_page) = paging(asked)?;
    let total = filter(asked)?.ordered(&answer.assessment).len();
    let others = asked.pairs().filter(|(name, value)| *name != "page" && !value.is_empty());
    let mut pairs: Vec<String> =
        others.map(|(name, value)| format!("{name}={}", html::links::encoded(value))).collect();
    pairs.push(format!("page={}", page + 1));
    let has_more = page.saturating_mul(per_page) < total;
    Ok(has_more.then(|| format!("<{ROOT}/services?{}>; rel=\"next\"", pairs.join("&"))))
}

fn metric(asking: &Asking<'_>) -> Result<String, Problem> {
    let assessment = &asking.answer.assessment;
    let all = assessment.metrics.get(asking.name);
    let all = all.ok_or_else(|| Problem::new(StatusCode::NOT_FOUND, "there is no such metric"))?;
    let services = assessment.each_service();
    let of_each = services.filter_map(|service| Some((service.service.as_str(), service.metrics.get(asking.name)?)));
    let trend = assessment.trends.get(asking.name);
    written(&Metric { metric: asking.name, all, trend, services: of_each.collect() })
}

fn written(value: &impl Serialize) -> Result<String, Problem> {
    let broken = |_| Problem::new(StatusCode::INTERNAL_SERVER_ERROR, "the answer could not be written");
    serde_json::to_string(value).map_err(broken)
}
