//! How senders prove that a delivery is theirs. Every comparison of secrets takes the same time wherever they differ.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use hmac::{Hmac, KeyInit, Mac};
use serde_json::Value;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;
use truelevel_model::{Span, Time};

use super::{Headers, payload};

/// A delivery that was signed longer ago, or further ahead, is a replay or comes from a clock that is wrong.
const REPLAY_WINDOW: Span = Span::from_millis(300_000);

/// What a sender and we share. It is never shown.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// Takes the bytes as they are.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Self {
        Self(bytes.into())
    }

    /// Whether there is nothing secret in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

/// A way to prove that a delivery is a sender's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// HMAC-SHA-256 of the body in hexadecimal digits, behind a prefix; several with commas between them.
    BodyHmac {
        /// The header.
        header: &'static str,
        /// What stands before the digits: `sha256=`.
        prefix: &'static str,
    },
    /// Standard Webhooks: HMAC-SHA-256 of id, time and body, in `webhook-id`, `webhook-timestamp` and
    /// `webhook-signature`; with `svix-` before them at senders that began before the standard.
    Standard,
    /// HMAC-SHA-256 of a time, a dot and the body, in hexadecimal digits beside that time in one header.
    Timed {
        /// The header.
        header: &'static str,
        /// What stands before the time: `timestamp=`.
        time: &'static str,
        /// What stands before the digits: `signature=`.
        signature: &'static str,
    },
    /// The secret itself in a header.
    Token {
        /// The header.
        header: &'static str,
    },
    /// The secret itself at the end of the address, of senders that can prove nothing else.
    Address {
        /// What stands before it; nothing, where it is all there is.
        behind: &'static str,
    },
    /// The secret itself in the query of the address.
    Query {
        /// Its name there.
        name: &'static str,
    },
    /// The secret itself in the body; it is taken out before anything is kept.
    Field {
        /// Its name, in JSON as in a form.
        name: &'static str,
    },
    /// The secret itself as a bearer token.
    Bearer,
    /// The secret itself in the same header, behind the word `apikey`.
    ApiKey,
    /// The secret itself as the password of basic authentication, whatever the user.
    Basic,
}

/// Why a delivery was refused. It says nothing of the secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// No header of any scheme is there.
    #[error("the delivery is not signed")]
    Unsigned,
    /// A signature is there and none of the secrets made it.
    #[error("the signature is not valid")]
    Forged,
    /// The signature is valid, and too old or from the future.
    #[error("the signature is not of the last five minutes")]
    Stale,
}

/// What a proof is sought in.
#[derive(Clone, Copy)]
pub struct Proof<'a> {
    /// The headers.
    pub headers: &'a Headers,
    /// What stands behind the sender's address.
    pub path: &'a str,
    /// What stands behind the question mark.
    pub query: &'a str,
    /// The body, as it was transmitted.
    pub body: &'a [u8],
}

/// Whether any scheme proves with any secret that the delivery is its sender's.
pub fn verify(schemes: &[Scheme], proof: Proof<'_>, secrets: &[Secret], now: Time) -> Result<(), Denied> {
    let mut denied = Denied::Unsigned;
    for scheme in schemes {
        match check(*scheme, proof, secrets, now) {
            Ok(()) => return Ok(()),
            Err(Denied::Unsigned) => {}
            Err(other) => denied = other,
        }
    }
    Err(denied)
}

fn check(scheme: Scheme, proof: Proof<'_>, secrets: &[Secret], now: Time) -> Result<(), Denied> {
    let Proof { headers, path, query, body } = proof;
    let header = |name: &str| headers.get(name).map(String::as_str).ok_or(Denied::Unsigned);
    let is_valid = match scheme {
        Scheme::BodyHmac { header: name, prefix } => {
            let given: Vec<_> = header(name)?.split(',').filter_map(|part| part.trim().strip_prefix(prefix)).collect();
            let digests: Vec<_> = given.into_iter().filter_map(from_hexadecimal).collect();
            secrets.iter().any(|secret| is_any(&secret.0, &[body], &digests))
        }
        Scheme::Standard => {
            let either = |standard: &str, older: &str| header(standard).or_else(|_| header(older));
            let (id, timestamp, given) = (
                either("webhook-id", "svix-id")?,
                either("webhook-timestamp", "svix-timestamp")?,
                either("webhook-signature", "svix-signature")?,
            );
            let signatures = given.split(' ').filter_map(|part| part.strip_prefix("v1,"));
            let digests: Vec<_> = signatures.filter_map(|text| BASE64.decode(text).ok()).collect();
            let parts = [id.as_bytes(), b".", timestamp.as_bytes(), b".", body];
            let is_signed = secrets.iter().any(|secret| is_any(&standard_key(&secret.0), &parts, &digests));
            if is_signed && !is_recent(timestamp, now) {
                return Err(Denied::Stale);
            }
            is_signed
        }
        Scheme::Timed { header: name, time, signature } => {
            let parts: Vec<_> = header(name)?.split(',').map(str::trim).collect();
            let timestamp = parts.iter().find_map(|part| part.strip_prefix(time)).ok_or(Denied::Forged)?;
            let given = parts.iter().filter_map(|part| part.strip_prefix(signature));
            let digests: Vec<_> = given.filter_map(from_hexadecimal).collect();
            let signed = [timestamp.as_bytes(), b".", body];
            let is_signed = secrets.iter().any(|secret| is_any(&secret.0, &signed, &digests));
            if is_signed && !is_recent(timestamp, now) {
                return Err(Denied::Stale);
            }
            is_signed
        }
        Scheme::Token { header: name } => is_secret(header(name)?.as_bytes(), secrets),
        Scheme::Address { behind } => {
            let given = if behind.is_empty() { Some(path) } else { path.split_once(behind).map(|(_, given)| given) };
            is_secret(given.filter(|given| !given.is_empty()).ok_or(Denied::Unsigned)?.as_bytes(), secrets)
        }
        Scheme::Query { name } => {
            let mut pairs = form_urlencoded::parse(query.as_bytes());
            let (_, given) = pairs.find(|(found, _)| found == name).ok_or(Denied::Unsigned)?;
            is_secret(given.as_bytes(), secrets)
        }
        Scheme::Field { name } => {
            let value = payload::value(headers, body).map_err(|_| Denied::Unsigned)?;
            is_secret(value.get(name).and_then(Value::as_str).ok_or(Denied::Unsigned)?.as_bytes(), secrets)
        }
        Scheme::Bearer | Scheme::ApiKey => {
            let word = if scheme == Scheme::ApiKey { "apikey" } else { "bearer" };
            is_secret(credentials(header("authorization")?, word).ok_or(Denied::Unsigned)?.as_bytes(), secrets)
        }
        Scheme::Basic => {
            let encoded = credentials(header("authorization")?, "basic").ok_or(Denied::Unsigned)?;
            let pair = BASE64.decode(encoded.trim()).map_err(|_| Denied::Forged)?;
            let colon = pair.iter().position(|byte| *byte == b':').ok_or(Denied::Forged)?;
            is_secret(&pair[colon + 1..], secrets)
        }
    };
    if is_valid { Ok(()) } else { Err(Denied::Forged) }
}

/// The token in an `Authorization` header: as bearer, or as the password of basic authentication.
pub fn token(authorization: &str) -> Option<String> {
    if let Some(token) = credentials(authorization, "bearer") {
        return Some(token.to_owned());
    }
    let pair = BASE64.decode(credentials(authorization, "basic")?).ok()?;
    String::from_utf8(pair).ok()?.split_once(':').map(|(_, password)| password.to_owned())
}

/// What follows a scheme's name in an `Authorization` header.
fn credentials<'a>(header: &'a str, scheme: &str) -> Option<&'a str> {
    let (name, rest) = header.split_once(' ')?;
    name.eq_ignore_ascii_case(scheme).then(|| rest.trim())
}

fn is_any(key: &[u8], parts: &[&[u8]], digests: &[Vec<u8>]) -> bool {
    let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(key) else { return false };
    parts.iter().for_each(|part| mac.update(part));
    digests.iter().any(|digest| mac.clone().verify_slice(digest).is_ok())
}

/// The key of Standard Webhooks is written `whsec_` and base64.
fn standard_key(secret: &[u8]) -> Vec<u8> {
    let encoded = secret.strip_prefix(b"whsec_").unwrap_or(secret);
    BASE64.decode(encoded).unwrap_or_else(|_| secret.to_vec())
}

/// Compares hashes, so that not even the length of a secret shows.
fn is_secret(given: &[u8], secrets: &[Secret]) -> bool {
    let given = Sha256::digest(given);
    secrets.iter().fold(false, |found, secret| found | bool::from(Sha256::digest(&secret.0).ct_eq(&given)))
}

fn is_recent(timestamp: &str, now: Time) -> bool {
    let Ok(seconds) = timestamp.parse::<i64>() else { return false };
    let age = now.since(Time::from_seconds(seconds)).millis();
    age.unsigned_abs() <= REPLAY_WINDOW.millis().unsigned_abs()
}

fn from_hexadecimal(text: &str) -> Option<Vec<u8>> {
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    let digit = |byte: u8| (byte as char).to_digit(16);
    let bytes = pairs.iter().map(|[high, low]| Some((digit(*high)? << 4 | digit(*low)?) as u8));
    rest.is_empty().then(|| bytes.collect())?
}

#[cfg(test)]
mod tests {
    use super::*;

    const GITHUB: Scheme = Scheme::BodyHmac { header: "x-hub-signature-256", prefix: "sha256=" };

    fn headers(pairs: &[(&str, &str)]) -> Headers {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn check(scheme: Scheme, pairs: &[(&str, &str)], body: &str, secret: &str, now: i64) -> Result<(), Denied> {
        let secrets = [Secret::new("another"), Secret::new(secret)];
        let proof = Proof {
            headers: &headers(pairs),
            path: "shop/end/hidden",
            query: "a=1&key=s3%2Bcret",
            body: body.as_bytes(),
        };
        verify(&[scheme], proof, &secrets, Time::from_seconds(now))
    }

    /// The example of GitHub's page on validating deliveries.
    #[test]
    fn the_published_signature_of_github_is_valid_and_no_other_body_is() {
        let signed = "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        let secret = "It's a Secret to Everybody";
        let given = [("x-hub-signature-256", signed)];
        assert_eq!(check(GITHUB, &given, "Hello, World!", secret, 0), Ok(()));
        assert_eq!(check(GITHUB, &given, "Hello, World?", secret, 0), Err(Denied::Forged));
        assert_eq!(check(GITHUB, &given, "Hello, World!", "another secret", 0), Err(Denied::Forged));
        assert_eq!(check(GITHUB, &[], "Hello, World!", secret, 0), Err(Denied::Unsigned));
        for wrong in [&signed[7..], "sha256=", "sha256=757107ea", "sha256=zz", ""] {
            let given = [("x-hub-signature-256", wrong)];
            assert_eq!(check(GITHUB, &given, "Hello, World!", secret, 0), Err(Denied::Forged), "{wrong}");
        }
    }

    /// The example of the Standard Webhooks specification's reference implementations.
    #[test]
    fn the_published_signature_of_standard_webhooks_is_valid_for_five_minutes() {
        let given = [
            ("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"),
            ("webhook-timestamp", "1614265330"),
            (
                "webhook-signature",
                "v1,bm9ldHUjKzFob2VudXRob2VodWUzMjRvdWVvdW9ldQo= v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=",
            ),
        ];
        let (body, secret) = (r#"{"test": 2432232314}"#, "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw");
        let at = |now| check(Scheme::Standard, &given, body, secret, now);
        assert_eq!(at(1_614_265_330), Ok(()));
        assert_eq!(at(1_614_265_330 + 300), Ok(()));
        assert_eq!(at(1_614_265_330 + 301), Err(Denied::Stale));
        assert_eq!(at(1_614_265_330 - 301), Err(Denied::Stale));
        assert_eq!(check(Scheme::Standard, &given, "{}", secret, 1_614_265_330), Err(Denied::Forged));
    }

    /// The example of Atlassian's pages on securing webhooks.
    #[test]
    fn the_published_signature_of_bitbucket_and_jira_is_valid() {
        let scheme = Scheme::BodyHmac { header: "x-hub-signature", prefix: "sha256=" };
        let signed = "sha256=a4771c39fbe90f317c7824e83ddef3caae9cb3d976c214ace1f2937e133263c9";
        let at = |body: &str| check(scheme, &[("x-hub-signature", signed)], body, "It's a Secret to Everybody", 0);
        assert_eq!((at("Hello World!"), at("Hello, World!")), (Ok(()), Err(Denied::Forged)));
    }

    /// The examples of CircleCI's page on validating webhooks.
    #[test]
    fn the_published_signatures_of_circleci_are_valid() {
        let scheme = Scheme::BodyHmac { header: "circleci-signature", prefix: "v1=" };
        for (body, secret, digest) in [
            ("hello world", "secret", "734cc62f32841568f45715aeb9f4d7891324e6d948e4c6c60c0621cdac48623a"),
            ("lalala", "another-secret", "daa220016c8f29a8b214fbfc3671aeec2145cfb1e6790184ffb38b6d0425fa00"),
            (
                "an-important-request-payload",
                "hunter123",
                "9be2242094a9a8c00c64306f382a7f9d691de910b4a266f67bd314ef18ac49fa",
            ),
        ] {
            let signed = format!("v1={digest}");
            let at = |secret: &str| check(scheme, &[("circleci-signature", &signed)], body, secret, 0);
            assert_eq!((at(secret), at("wrong")), (Ok(()), Err(Denied::Forged)), "{body}");
        }
    }

    /// PagerDuty publishes no example; how its header holds several is as its page says.
    #[test]
    fn of_several_signatures_one_is_enough() {
        let scheme = Scheme::BodyHmac { header: "x-pagerduty-signature", prefix: "v1=" };
        let valid = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
        let given = format!("v1={}, v1={valid}", "0".repeat(64));
        let secret = "It's a Secret to Everybody";
        assert_eq!(check(scheme, &[("x-pagerduty-signature", &given)], "Hello, World!", secret, 0), Ok(()));
    }

    #[test]
    fn tokens_are_taken_from_their_headers() {
        let token = Scheme::Token { header: "x-gitlab-token" };
        assert_eq!(check(token, &[("x-gitlab-token", "s3cret")], "", "s3cret", 0), Ok(()));
        assert_eq!(check(token, &[("x-gitlab-token", "s3cre")], "", "s3cret", 0), Err(Denied::Forged));
        assert_eq!(check(Scheme::Bearer, &[("authorization", "bearer s3cret")], "", "s3cret", 0), Ok(()));
        assert_eq!(check(Scheme::Bearer, &[("authorization", "Basic s3cret")], "", "s3cret", 0), Err(Denied::Unsigned));
        assert_eq!(check(Scheme::ApiKey, &[("authorization", "apikey s3cret")], "", "s3cret", 0), Ok(()));
        assert_eq!(
            check(Scheme::ApiKey, &[("authorization", "Bearer s3cret")], "", "s3cret", 0),
            Err(Denied::Unsigned)
        );
        let basic = format!("Basic {}", BASE64.encode("user:s3cret"));
        assert_eq!(check(Scheme::Basic, &[("authorization", &basic)], "", "s3cret", 0), Ok(()));
    }

    /// Buildkite publishes no example. Made with `printf '%s' '1619071700.{"event":"ping"}' | openssl dgst -sha256 -hmac s3cret`.
    #[test]
    fn a_time_beside_the_signature_is_signed_with_the_body_and_limits_it() {
        let scheme = Scheme::Timed { header: "x-buildkite-signature", time: "timestamp=", signature: "signature=" };
        let valid = "1a8f545083d45bec707d089d226af7524170c17ee29c1c58e6981bee26e49227";
        let body = r#"{"event":"ping"}"#;
        let at = |header: &str, now| check(scheme, &[("x-buildkite-signature", header)], body, "s3cret", now);
        let given = format!("timestamp=1619071700,signature={valid}");
        assert_eq!(at(&given, 1_619_071_700), Ok(()));
        assert_eq!(at(&given, 1_619_071_700 + 301), Err(Denied::Stale));
        assert_eq!(at(&format!("timestamp=1619071701,signature={valid}"), 1_619_071_700), Err(Denied::Forged));
        assert_eq!(at(&format!("signature={valid}"), 1_619_071_700), Err(Denied::Forged));
        assert_eq!(check(scheme, &[], body, "s3cret", 0), Err(Denied::Unsigned));
    }

    /// The example of Pelorus' page on its webhook exporter: the file's words with single spaces between them.
    #[test]
    fn the_published_signature_of_pelorus_is_valid() {
        let body = concat!(
            r#"{ "app": "mongo-todolist", "commit_hash": "5379bad65a3f83853a75aabec9e0e43c75fd18fc", "#,
            r#""image_sha": "sha256:af4092ccbfa99a3ec1ea93058fe39b8ddfd8db1c7a18081db397c50a0b8ec77d", "#,
            r#""namespace": "mongo-persistent", "timestamp": 1678105701 }"#
        );
        let signed = "sha256=29a4606fccb6976cd43cb8a6cf210d402294e08fffda86f87c96fdb39d9fbc3c";
        assert_eq!(check(GITHUB, &[("x-hub-signature-256", signed)], body, "My Secret Token", 0), Ok(()));
    }

    #[test]
    fn who_cannot_sign_has_the_secret_in_the_address_its_query_or_the_body() {
        let address = |behind| Scheme::Address { behind };
        assert_eq!(check(address(""), &[], "", "shop/end/hidden", 0), Ok(()));
        assert_eq!(check(address("/end/"), &[], "", "hidden", 0), Ok(()));
        assert_eq!(check(address("/end/"), &[], "", "other", 0), Err(Denied::Forged));
        assert_eq!(check(address("/start/"), &[], "", "hidden", 0), Err(Denied::Unsigned));
        assert_eq!(check(Scheme::Query { name: "key" }, &[], "", "s3+cret", 0), Ok(()));
        assert_eq!(check(Scheme::Query { name: "a" }, &[], "", "s3+cret", 0), Err(Denied::Forged));
        assert_eq!(check(Scheme::Query { name: "b" }, &[], "", "s3+cret", 0), Err(Denied::Unsigned));
        let field = Scheme::Field { name: "api_key" };
        let form = [("content-type", "application/x-www-form-urlencoded")];
        assert_eq!(check(field, &form, "sha=1&api_key=s3%2Bcret", "s3+cret", 0), Ok(()));
        assert_eq!(check(field, &[], r#"{"api_key":"s3cret"}"#, "s3cret", 0), Ok(()));
        assert_eq!(check(field, &[], r#"{"api_key":"wrong"}"#, "s3cret", 0), Err(Denied::Forged));
        assert_eq!(check(field, &[], "{}", "s3cret", 0), Err(Denied::Unsigned));
    }

    #[test]
    fn a_secret_is_never_shown() {
        assert_eq!(format!("{:?}", Secret::new("s3cret")), "Secret(…)");
    }
}
