//! Errors as `application/problem+json` (RFC 9457).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};
use truelevel_report::html::{self, Links, Page};

/// Why a request was not answered as asked.
#[derive(Clone, Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    detail: String,
    retry_after_seconds: Option<u32>,
    /// What of a request was rejected.
    rejected: Vec<Value>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), retry_after_seconds: None, rejected: Vec::new() }
    }

    /// Too much at once: the caller is to come again.
    pub(crate) fn busy() -> Self {
        Self {
            retry_after_seconds: Some(1),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, "more arrives than can be kept; send it again")
        }
    }

    /// One address asks too often.
    pub(crate) fn too_often(seconds: u32, detail: &str) -> Self {
        Self { retry_after_seconds: Some(seconds), ..Self::new(StatusCode::TOO_MANY_REQUESTS, detail) }
    }

    /// The store cannot take anything now; why is in the log.
    pub(crate) fn unavailable() -> Self {
        Self {
            retry_after_seconds: Some(10),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "nothing can be kept now; nothing was; send it again")
        }
    }

    /// What happened.
    pub(crate) fn detail(&self) -> &str {
        &self.detail
    }

    /// Names what of a request was rejected.
    pub(crate) fn naming(self, rejected: Vec<Value>) -> Self {
        Self { rejected, ..self }
    }

    /// There is no answer yet.
    pub(crate) fn not_yet(why: &str) -> Self {
        Self { retry_after_seconds: Some(5), ..Self::new(StatusCode::SERVICE_UNAVAILABLE, why) }
    }

    /// The same as a page: what happened, and what to do.
    pub(crate) fn page(&self, path: &str) -> String {
        let (title, next) = match self.status.as_u16() {
            401 => ("Who are you?", "Give a token as the password; `truelevel token create` makes one."),
            403 => ("This is not for you", "Ask whoever runs this server for the role that it takes."),
            404 => (
                "There is nothing here",
                "Begin again at the overview; names are written exactly, and a day lies within what is known.",
            ),
            400 | 405 | 422 => ("This cannot be asked so", "Change the address, or begin again at the overview."),
            502 => ("Nobody was signed in", "Open the overview to begin again; the server's log says more."),
            429 | 503 => ("Not yet", "Come again in a few seconds."),
            _ => ("This did not work", "Come again; if it stays so, the server's log says why."),
        };
        let at = Page::Nowhere(path.trim_start_matches('/').to_owned());
        let problem = html::Problem {
            status: self.status.as_u16(),
            title: title.to_owned(),
            says: words(&self.detail),
            next: next.to_owned(),
            has_pages: !matches!(self.status.as_u16(), 401 | 403 | 502),
        };
        html::problem(&Links::server(at, html::Query::default()), &problem)
    }

    pub(crate) fn unauthorized(detail: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or("error");
        let detail = truelevel_model::printable(&self.detail).into_owned();
        let mut body =
            json!({ "type": "about:blank", "title": title, "status": self.status.as_u16(), "detail": detail });
        if !self.rejected.is_empty() {
            body["rejected"] = self.rejected.clone().into();
        }
        let mut response = (self.status, body.to_string()).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if let Some(seconds) = self.retry_after_seconds {
            headers.insert(header::RETRY_AFTER, seconds.into());
        }
        if self.status == StatusCode::UNAUTHORIZED {
            // Browsers ask for a password, which is the token.
            let ways = HeaderValue::from_static("Bearer, Basic realm=\"truelevel\", charset=\"UTF-8\"");
            headers.insert(header::WWW_AUTHENTICATE, ways);
        }
        // Who asked for a page gets one; only the guard knows who did.
        response.extensions_mut().insert(self);
        response
    }
}

/// A detail as a sentence.
pub(crate) fn words(detail: &str) -> String {
    let mut letters = detail.chars();
    let first = letters.next().map(|letter| letter.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}
