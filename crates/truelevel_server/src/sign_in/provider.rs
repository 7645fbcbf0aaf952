//! The identity provider: what it says of itself, its keys, and the exchange of a code for a person's claims.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::sync::Mutex;
use truelevel_engine::config::SignInConfig;
use truelevel_model::{Time, printable};
use truelevel_report::html::links::encoded;

use super::http::{Ask, Client};
use super::id_token::{self, Expected, Fault, Keys};

/// What a provider says of itself is read again after this long.
const LONGEST_AGE: Duration = Duration::from_secs(3600);
/// An unknown key makes the keys be read again, and not more often than this.
const BETWEEN_KEYS: Duration = Duration::from_secs(30);

/// OpenID Connect Discovery 1.0, section 3.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct Metadata {
    issuer: String,
    pub(super) authorization_endpoint: String,
    token_endpoint: String,
    jwks_uri: String,
    userinfo_endpoint: Option<String>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    #[serde(default)]
    pub(super) authorization_response_iss_parameter_supported: bool,
}

/// The provider as it was read.
pub(super) struct Provider {
    config: Arc<SignInConfig>,
    secret: Option<String>,
    client: Client,
    known: Mutex<Option<Known>>,
}

#[derive(Clone)]
struct Known {
    metadata: Arc<Metadata>,
    keys: Arc<Keys>,
    read_at: Instant,
    keys_read_at: Instant,
}

#[derive(Deserialize)]
struct Tokens {
    id_token: Option<String>,
    access_token: Option<String>,
    error: Option<String>,
}

/// Where and for which sign-in a code was given out.
pub(super) struct Exchange<'a> {
    pub(super) code: &'a str,
    pub(super) redirect_uri: &'a str,
    pub(super) verifier: &'a str,
    pub(super) nonce: &'a str,
    pub(super) now: Time,
}

impl Provider {
    pub(super) fn new(config: Arc<SignInConfig>, secret: Option<String>) -> Result<Self, String> {
        Ok(Self { config, secret, client: Client::new()?, known: Mutex::new(None) })
    }

    /// What the provider says of itself.
    pub(super) async fn metadata(&self) -> Result<Arc<Metadata>, String> {
        Ok(self.known().await?.metadata)
    }

    /// Reads what the provider says of itself and its keys, unless that was done lately.
    async fn known(&self) -> Result<Known, String> {
        let mut known = self.known.lock().await;
        if let Some(known) = known.as_ref().filter(|known| known.read_at.elapsed() < LONGEST_AGE) {
            return Ok(known.clone());
        }
        let url = format!("{}/.well-known/openid-configuration", self.config.issuer.trim_end_matches('/'));
        let metadata: Metadata = self.get(&url).await?;
        if metadata.issuer != self.config.issuer {
            return Err(format!("{url} is of the issuer {}, and not of {}", metadata.issuer, self.config.issuer));
        }
        let keys = Arc::new(self.get(&metadata.jwks_uri).await?);
        let now = Instant::now();
        let read = Known { metadata: Arc::new(metadata), keys, read_at: now, keys_read_at: now };
        *known = Some(read.clone());
        Ok(read)
    }

    /// The keys anew, unless they were read just now.
    async fn newer_keys(&self, of: &Metadata) -> Result<Arc<Keys>, String> {
        let mut known = self.known.lock().await;
        match known.as_mut() {
            Some(known) if known.keys_read_at.elapsed() >= BETWEEN_KEYS => {
                known.keys = Arc::new(self.get(&of.jwks_uri).await?);
                known.keys_read_at = Instant::now();
                Ok(Arc::clone(&known.keys))
            }
            Some(known) => Ok(Arc::clone(&known.keys)),
            None => Ok(Arc::default()),
        }
    }

    async fn get<T: serde::de::DeserializeOwned>(&self, url: &str) -> Result<T, String> {
        match self.client.json(Ask::get(url)).await? {
            (StatusCode::OK, value) => Ok(value),
            (status, _) => Err(format!("{url} answered {status}")),
        }
    }

    /// Gives the code for tokens and answers what the provider claims of the person.
    pub(super) async fn claims(&self, exchange: &Exchange<'_>) -> Result<Map<String, Value>, String> {
        let known = self.known().await?;
        let tokens = self.redeem(&known.metadata, exchange).await?;
        let id_token = tokens.id_token.ok_or("the provider gave no identity token")?;
        let expected = Expected {
            issuer: &self.config.issuer,
            client_id: &self.config.client_id,
            nonce: exchange.nonce,
            now: exchange.now,
        };
        let verified = match id_token::verify(&id_token, &known.keys, &expected) {
            Err(Fault::UnknownKey) => {
                let keys = self.newer_keys(&known.metadata).await?;
                id_token::verify(&id_token, &keys, &expected)
            }
            verified => verified,
        };
        let claims = verified.map_err(|fault| format!("the identity token is not believed: {fault}"))?;
        match (tokens.access_token, &known.metadata.userinfo_endpoint) {
            (Some(token), Some(url)) if self.misses_some(&claims) => self.complete(claims, url, &token).await,
            _ => Ok(claims),
        }
    }

    async fn redeem(&self, metadata: &Metadata, exchange: &Exchange<'_>) -> Result<Tokens, String> {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", exchange.code),
            ("redirect_uri", exchange.redirect_uri),
            ("code_verifier", exchange.verifier),
        ];
        let id = self.config.client_id.as_str();
        let methods = metadata.token_endpoint_auth_methods_supported.as_deref();
        // What a provider takes unless it says otherwise.
        let is_basic = methods.is_none_or(|methods| methods.iter().any(|method| method == "client_secret_basic"));
        let authorization = match &self.secret {
            Some(secret) if is_basic => {
                Some(format!("Basic {}", BASE64.encode(format!("{}:{}", encoded(id), encoded(secret)))))
            }
            Some(secret) => {
                form.extend([("client_id", id), ("client_secret", secret)]);
                None
            }
            None => {
                form.push(("client_id", id));
                None
            }
        };
        let ask = Ask { url: &metadata.token_endpoint, authorization, form: Some(written(&form)) };
        let (status, tokens): (_, Tokens) = self.client.json(ask).await?;
        match tokens.error {
            None if status == StatusCode::OK => Ok(tokens),
            error => Err(format!("the provider did not take the code: {}", error.unwrap_or(status.to_string()))),
        }
    }

    /// Whether a claim that is needed here is not in the identity token; many providers tell it only when asked.
    fn misses_some(&self, claims: &Map<String, Value>) -> bool {
        let needed = [self.config.role_claim.as_ref(), self.config.team_claim.as_ref()];
        let has_name = super::person::NAMES.iter().any(|name| claims.contains_key(*name));
        !has_name || needed.into_iter().flatten().any(|name| super::person::values(claims, name).is_empty())
    }

    async fn complete(&self, claims: Map<String, Value>, url: &str, token: &str) -> Result<Map<String, Value>, String> {
        let ask = Ask { url, authorization: Some(format!("Bearer {token}")), form: None };
        let (status, mut told): (_, Map<String, Value>) = self.client.json(ask).await?;
        if status != StatusCode::OK {
            return Err(format!("{url} answered {status}"));
        }
        if told.get("sub") != claims.get("sub") {
            return Err(format!("{url} told of somebody else"));
        }
        // What is signed counts before what is told.
        told.extend(claims);
        Ok(told)
    }
}

/// Pairs as a form or query.
pub(super) fn written(pairs: &[(&str, &str)]) -> String {
    pairs.iter().map(|(name, value)| format!("{name}={}", encoded(value))).collect::<Vec<_>>().join("&")
}

impl Provider {
    /// Whether the provider is there and is the one that is meant.
    pub(super) async fn check(&self) -> Result<(), String> {
        self.known().await.map(drop).map_err(|why| printable(&why).into_owned())
    }
}
