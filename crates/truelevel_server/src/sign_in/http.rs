//! Requests to the identity provider: few, small, over TLS, never redirected.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http::{HeaderValue, Method, Request, StatusCode, Uri, header};
use http_body_util::{BodyExt, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::de::DeserializeOwned;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::ServerName;
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

/// From the first byte to the last.
const LONGEST: Duration = Duration::from_secs(10);
/// Bytes of an answer.
const LARGEST: usize = 1 << 20;

/// Asks over the network.
pub(super) struct Client {
    tls: TlsConnector,
}

/// What is asked.
pub(super) struct Ask<'a> {
    pub(super) url: &'a str,
    pub(super) authorization: Option<String>,
    /// A form to post.
    pub(super) form: Option<String>,
}

impl<'a> Ask<'a> {
    pub(super) fn get(url: &'a str) -> Self {
        Self { url, authorization: None, form: None }
    }
}

impl Client {
    /// Trusts whom the machine trusts. Fails when that is nobody.
    pub(super) fn new() -> Result<Self, String> {
        let mut roots = RootCertStore::empty();
        roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|error| error.to_string())?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self { tls: TlsConnector::from(Arc::new(config)) })
    }

    /// Asks and reads the answer as JSON, also when its status is an error.
    pub(super) async fn json<T: DeserializeOwned>(&self, ask: Ask<'_>) -> Result<(StatusCode, T), String> {
        let url = ask.url.to_owned();
        let answered = tokio::time::timeout(LONGEST, self.ask(ask)).await;
        let (status, body) = answered
            .map_err(|_| format!("{url}: no answer in {} s", LONGEST.as_secs()))?
            .map_err(|why| format!("{url}: {why}"))?;
        let read = serde_json::from_slice(&body);
        read.map(|value| (status, value)).map_err(|error| format!("{url} answered {status}, and not as JSON: {error}"))
    }

    async fn ask(&self, ask: Ask<'_>) -> Result<(StatusCode, Bytes), String> {
        let uri: Uri = ask.url.parse().map_err(|error| format!("no address: {error}"))?;
        let host = uri.host().ok_or("no host in the address")?;
        let is_tls = uri.scheme_str() == Some("https");
        let name = host.trim_start_matches('[').trim_end_matches(']');
        if !is_tls && !["localhost", "127.0.0.1", "::1"].contains(&name) {
            return Err("it is not asked without TLS".to_owned());
        }
        let port = uri.port_u16().unwrap_or(if is_tls { 443 } else { 80 });
        let stream = TcpStream::connect((name, port)).await.map_err(|error| error.to_string())?;
        let request = request(&uri, &ask)?;
        if !is_tls {
            return exchange(stream, request).await;
        }
        let server = ServerName::try_from(name.to_owned()).map_err(|error| error.to_string())?;
        let stream = self.tls.connect(server, stream).await.map_err(|error| error.to_string())?;
        exchange(stream, request).await
    }
}

fn request(uri: &Uri, ask: &Ask<'_>) -> Result<Request<Full<Bytes>>, String> {
    let path = uri.path_and_query().map_or("/", |path| path.as_str());
    let host = uri.authority().map_or("", |authority| authority.as_str());
    let mut request =
        Request::builder().uri(path).header(header::HOST, host).header(header::ACCEPT, "application/json");
    if let Some(authorization) = &ask.authorization {
        let mut value = HeaderValue::from_str(authorization).map_err(|error| error.to_string())?;
        value.set_sensitive(true);
        request = request.header(header::AUTHORIZATION, value);
    }
    let body = match &ask.form {
        Some(form) => {
            request = request.method(Method::POST).header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
            Full::from(form.clone())
        }
        None => Full::default(),
    };
    request.body(body).map_err(|error| error.to_string())
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    request: Request<Full<Bytes>>,
) -> Result<(StatusCode, Bytes), String> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await.map_err(|error| error.to_string())?;
    let driving = tokio::spawn(connection);
    let answered = async {
        let response = sender.send_request(request).await.map_err(|error| error.to_string())?;
        let status = response.status();
        let body = Limited::new(response.into_body(), LARGEST).collect().await.map_err(|error| error.to_string())?;
        Ok((status, body.to_bytes()))
    };
    let answer = answered.await;
    driving.abort();
    answer
}
