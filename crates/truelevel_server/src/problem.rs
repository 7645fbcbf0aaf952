//! Errors as `application/problem+json` (RFC 9457).

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;

/// Why a request was not answered as asked.
#[derive(Debug)]
pub(crate) struct Problem {
    status: StatusCode,
    detail: String,
    retry_after_seconds: Option<u32>,
}

impl Problem {
    pub(crate) fn new(status: StatusCode, detail: impl Into<String>) -> Self {
        Self { status, detail: detail.into(), retry_after_seconds: None }
    }

    /// Too much at once: the caller is to come again.
    pub(crate) fn busy() -> Self {
        Self {
            retry_after_seconds: Some(1),
            ..Self::new(StatusCode::TOO_MANY_REQUESTS, "more arrives than can be kept; send it again")
        }
    }

    /// The store cannot take anything now; why is in the log.
    pub(crate) fn unavailable() -> Self {
        Self {
            retry_after_seconds: Some(10),
            ..Self::new(StatusCode::SERVICE_UNAVAILABLE, "nothing can be kept now; nothing was; send it again")
        }
    }

    pub(crate) fn unauthorized(detail: &str) -> Self {
        Self::new(StatusCode::UNAUTHORIZED, detail)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let title = self.status.canonical_reason().unwrap_or("error");
        let detail = truelevel_model::printable(&self.detail).into_owned();
        let body = json!({ "type": "about:blank", "title": title, "status": self.status.as_u16(), "detail": detail });
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
        response
    }
}
