//! Signing in by OpenID Connect: the authorization code flow with PKCE (RFC 7636), state and nonce.
//!
//! What a sign-in under way needs is in a cookie of the browser that began it, so that any replica can finish it; that
//! it was finished is remembered, so that it is finished once.

mod http;
mod id_token;
mod person;
mod provider;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use truelevel_engine::EngineError;
use truelevel_engine::access;
use truelevel_engine::config::SignInConfig;
use truelevel_model::Time;
use truelevel_model::access::Person;
use truelevel_report::html::links::encoded;

use provider::{Exchange, Provider, written};

/// Who takes longer to sign in begins again.
pub(crate) const LONGEST_SECONDS: u64 = 600;
/// Sign-ins that are remembered as finished.
const REMEMBERED: usize = 65_536;

/// How people sign in here.
pub(crate) struct SignIn {
    pub(crate) config: Arc<SignInConfig>,
    provider: Provider,
    /// Hashes of states that came back, so that none does a second time.
    finished: Mutex<HashMap<[u8; 32], Instant>>,
}

/// Why nobody was signed in.
#[derive(Debug)]
pub(crate) enum Failure {
    /// What came back does not belong to a sign-in of this browser.
    NotBegun,
    /// The provider says no, or cannot be asked, or is not believed.
    Provider(String),
    /// It is known who it is, and there is no way in.
    NoWayIn { subject: String, why: String },
}

/// A sign-in that begins: where to send the browser, and the cookie's value.
pub(crate) struct Begun {
    pub(crate) location: String,
    pub(crate) cookie: String,
}

/// What the provider sends back by way of the browser.
#[derive(Default)]
pub(crate) struct Back<'a> {
    pub(crate) state: Option<&'a str>,
    pub(crate) code: Option<&'a str>,
    pub(crate) issuer: Option<&'a str>,
    pub(crate) error: Option<&'a str>,
}

/// A sign-in under way, as its cookie holds it.
struct UnderWay<'c> {
    state: &'c str,
    nonce: &'c str,
    verifier: &'c str,
    begun_at: i64,
    to: String,
}

impl SignIn {
    /// Reads the secret of a configuration; `variable` looks up an environment variable.
    pub(crate) fn new(config: SignInConfig, variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, EngineError> {
        let wrong = |what: &str, why: String| EngineError::Usage(format!("{}: {what}{why}", config.place));
        let secret = match &config.client_secret {
            Some(place) => {
                let bytes = place.read(variable).map_err(|why| wrong("the client secret: ", why))?;
                let text = String::from_utf8(bytes).map_err(|_| wrong("the client secret", " is not UTF-8".into()))?;
                Some(text)
            }
            None => None,
        };
        let config = Arc::new(config.clone());
        let provider = Provider::new(Arc::clone(&config), secret).map_err(|why| wrong("", why))?;
        Ok(Self { config, provider, finished: Mutex::default() })
    }

    /// Asks the provider whether it is there and is the one that is meant.
    pub(crate) async fn check(&self) -> Result<(), EngineError> {
        let checked = self.provider.check().await;
        checked.map_err(|why| EngineError::Usage(format!("{}: the identity provider: {why}", self.config.place)))
    }

    /// Begins a sign-in that leads to a path of this server.
    pub(crate) async fn begin(&self, to: &str, now: Time) -> Result<Begun, String> {
        let metadata = self.provider.metadata().await?;
        let random = || access::secret().map_err(|error| error.to_string());
        let (state, nonce, verifier) = (random()?, random()?, random()?);
        let (scope, redirect_uri) = (self.scope(), self.redirect_uri());
        let challenge = BASE64.encode(access::hash(&verifier));
        let query = written(&[
            ("response_type", "code"),
            ("client_id", &self.config.client_id),
            ("redirect_uri", &redirect_uri),
            ("scope", &scope),
            ("state", &state),
            ("nonce", &nonce),
            ("code_challenge", &challenge),
            ("code_challenge_method", "S256"),
        ]);
        let endpoint = &metadata.authorization_endpoint;
        let mark = if endpoint.contains('?') { '&' } else { '?' };
        let to = encoded(own_path(to));
        Ok(Begun {
            location: format!("{endpoint}{mark}{query}"),
            cookie: format!("{state}/{nonce}/{verifier}/{}/{to}", now.millis()),
        })
    }

    /// Finishes a sign-in: who it is, and the path that was asked for before.
    pub(crate) async fn finish(
        &self,
        cookie: Option<&str>,
        back: &Back<'_>,
        now: Time,
    ) -> Result<(Person, String), Failure> {
        let under_way = cookie.and_then(UnderWay::read).ok_or(Failure::NotBegun)?;
        let age = now.millis().saturating_sub(under_way.begun_at);
        let is_ours = back.state.is_some_and(|state| access::is_same(state, under_way.state));
        if !is_ours || !(0..=LONGEST_SECONDS as i64 * 1000).contains(&age) || !self.is_first(under_way.state) {
            return Err(Failure::NotBegun);
        }
        let metadata = self.provider.metadata().await.map_err(Failure::Provider)?;
        // RFC 9207: another provider may have sent the browser back.
        let is_from_it = match back.issuer {
            Some(issuer) => issuer == self.config.issuer,
            None => !metadata.authorization_response_iss_parameter_supported,
        };
        if !is_from_it {
            return Err(Failure::Provider("the answer is from another identity provider".to_owned()));
        }
        if let Some(error) = back.error {
            return Err(Failure::Provider(format!("the identity provider says {error}")));
        }
        let code = back.code.ok_or_else(|| Failure::Provider("the identity provider sent no code".to_owned()))?;
        let exchange = Exchange {
            code,
            redirect_uri: &self.redirect_uri(),
            verifier: under_way.verifier,
            nonce: under_way.nonce,
            now,
        };
        let claims = self.provider.claims(&exchange).await.map_err(Failure::Provider)?;
        let subject = claims.get("sub").and_then(|sub| sub.as_str()).unwrap_or_default().to_owned();
        let person = person::person(&self.config, &claims).map_err(|why| Failure::NoWayIn { subject, why })?;
        Ok((person, under_way.to))
    }

    fn scope(&self) -> String {
        let others = self.config.scopes.iter().map(String::as_str).filter(|scope| *scope != "openid");
        std::iter::once("openid").chain(others).collect::<Vec<_>>().join(" ")
    }

    fn redirect_uri(&self) -> String {
        format!("{}/sign-in/back", self.config.address)
    }

    /// Whether a state comes back for the first time.
    fn is_first(&self, state: &str) -> bool {
        let mut finished = self.finished.lock().unwrap_or_else(PoisonError::into_inner);
        if finished.len() >= REMEMBERED {
            finished.retain(|_, at| at.elapsed() < Duration::from_secs(LONGEST_SECONDS));
        }
        // Who fills this in ten minutes keeps others from signing in, and gets no second try for anything.
        finished.len() < REMEMBERED && finished.insert(access::hash(state), Instant::now()).is_none()
    }
}

impl<'c> UnderWay<'c> {
    fn read(cookie: &'c str) -> Option<Self> {
        let mut parts = cookie.splitn(5, '/');
        let mut next = || parts.next().filter(|part| !part.is_empty());
        let (state, nonce, verifier) = (next()?, next()?, next()?);
        let begun_at = next()?.parse().ok()?;
        let to = percent_encoding::percent_decode_str(next()?).decode_utf8().ok()?;
        // The cookie comes from a browser.
        Some(Self { state, nonce, verifier, begun_at, to: own_path(&to).to_owned() })
    }
}

/// The path, if it is one of this server, whatever a browser makes of it; else that of the overview.
pub(crate) fn own_path(path: &str) -> &str {
    let mut bytes = path.bytes();
    let begins = bytes.next() == Some(b'/') && !matches!(bytes.next(), Some(b'/' | b'\\'));
    let is_plain = path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') && path.len() <= 1000;
    // These would lead straight back.
    let is_a_page = !path.starts_with("/sign-in") && !path.starts_with("/sign-out");
    if begins && is_plain && is_a_page { path } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_this_server_are_gone_to() {
        let check = |path: &str, expected: &str| assert_eq!(own_path(path), expected, "{path}");
        for path in ["/", "/services/a%2Fb?window=30", "/?team=pay"] {
            check(path, path);
        }
        for path in [
            "",
            "//evil.example",
            "/\\evil.example",
            "/\t/evil.example",
            "https://evil.example",
            "evil",
            "/a\r\nb: c",
            "/a\\b",
            "javascript:alert(1)",
            "@evil.example",
            ".evil.example",
            "/sign-in",
            "/sign-in/back?code=1",
            "/é",
        ] {
            check(path, "/");
        }
        check(&format!("/{}", "a".repeat(1000)), "/");
    }
}
