//! `POST /v1/traces`: OpenTelemetry's protocol over HTTP, answered in the form that it was asked in
//! (<https://opentelemetry.io/docs/specs/otlp/#otlphttp-response>).

use std::sync::Arc;

use axum::body::Body;
use axum::extract::{Request, State as Shared};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use truelevel_model::events::EventState;

use super::webhooks::{self, Kept};
use crate::problem::Problem;
use crate::state::State;

/// The forms of a request, and of its answer.
#[derive(Clone, Copy)]
enum Form {
    Protobuf,
    Json,
}

/// Longer texts say no more to whoever sends. Their length fits into one byte of protobuf, twice wrapped.
const LONGEST_TEXT: usize = 100;

pub(super) async fn receive(Shared(state): Shared<Arc<State>>, request: Request) -> Response {
    let asked_in = request.headers().get(header::CONTENT_TYPE);
    let is_protobuf = asked_in.is_some_and(|kind| kind.as_bytes().starts_with(Form::Protobuf.media_type().as_bytes()));
    let form = if is_protobuf { Form::Protobuf } else { Form::Json };
    match webhooks::keep(&state, "otlp", "", request).await {
        Ok(kept) => accepted(kept, form),
        Err(problem) => refused(problem, form),
    }
}

/// `ExportTraceServiceResponse`. Nothing is rejected: what is not understood is kept, and told as a warning.
fn accepted(kept: Kept, form: Form) -> Response {
    let warning = kept.reason.filter(|_| kept.became == EventState::Quarantined).map(|reason| short(&reason));
    let body = match (form, warning) {
        (Form::Protobuf, None) => Vec::new(),
        (Form::Protobuf, Some(warning)) => field(1, &field(2, warning.as_bytes())),
        (Form::Json, None) => b"{}".to_vec(),
        (Form::Json, Some(warning)) => {
            json!({ "partialSuccess": { "errorMessage": warning } }).to_string().into_bytes()
        }
    };
    ([(header::CONTENT_TYPE, form.media_type())], body).into_response()
}

/// `google.rpc.Status` with its message, under the status and headers of the problem.
fn refused(problem: Problem, form: Form) -> Response {
    let message = short(problem.detail());
    let body = match form {
        Form::Protobuf => field(2, message.as_bytes()),
        Form::Json => json!({ "message": message }).to_string().into_bytes(),
    };
    let mut response = problem.into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(form.media_type()));
    // Its length is that of another body.
    response.headers_mut().remove(header::CONTENT_LENGTH);
    *response.body_mut() = Body::from(body);
    response
}

impl Form {
    const fn media_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }
}

fn short(text: &str) -> String {
    text.chars().filter(|letter| letter.is_ascii() && !letter.is_ascii_control()).take(LONGEST_TEXT).collect()
}

/// A field of protobuf that has a length, which has to be below 128.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    [&[number << 3 | 2, content.len() as u8], content].concat()
}
