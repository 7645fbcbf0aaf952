//! Identity tokens: signed by the provider, for this server, for this sign-in, now (OpenID Connect Core 1.0, section
//! 3.1.3.7). Two algorithms are taken, RS256 and ES256, and the key decides which of them, never the token.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::signature::{ECDSA_P256_SHA256_FIXED, RSA_PKCS1_2048_8192_SHA256, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;
use serde_json::{Map, Value};
use truelevel_engine::access;
use truelevel_model::Time;

/// Clocks may differ by this much.
const LEEWAY_SECONDS: i64 = 60;
/// A token is longer than any provider makes it beyond this.
const LONGEST: usize = 64 << 10;

/// The provider's keys, as its JWKS document lists them (RFC 7517).
#[derive(Debug, Default, Deserialize)]
pub(super) struct Keys {
    keys: Vec<Key>,
}

#[derive(Debug, Deserialize)]
struct Key {
    kty: String,
    kid: Option<String>,
    alg: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
}

/// What a token must say.
pub(super) struct Expected<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) nonce: &'a str,
    pub(super) now: Time,
}

/// Why a token is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Fault {
    /// The provider may have taken a new key since its keys were read.
    #[error("it is signed with a key that the provider does not list")]
    UnknownKey,
    #[error("{0}")]
    Refused(&'static str),
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    #[serde(default)]
    crit: Vec<String>,
}

/// Checks a token and answers its claims.
pub(super) fn verify(token: &str, keys: &Keys, expected: &Expected<'_>) -> Result<Map<String, Value>, Fault> {
    let malformed = Fault::Refused("it is no signed token");
    if token.len() > LONGEST {
        return Err(malformed);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(malformed)?;
    let (header, claims) = signed.split_once('.').ok_or(malformed)?;
    let decoded = |part: &str| BASE64.decode(part).map_err(|_| malformed);
    let header: Header = serde_json::from_slice(&decoded(header)?).map_err(|_| malformed)?;
    if !header.crit.is_empty() {
        return Err(Fault::Refused("it asks for something that is not known here"));
    }
    let key = keys.find(&header)?;
    key.verify(signed.as_bytes(), &decoded(signature)?)?;
    let claims: Map<String, Value> = serde_json::from_slice(&decoded(claims)?).map_err(|_| malformed)?;
    check(&claims, expected)?;
    Ok(claims)
}

impl Keys {
    fn find(&self, header: &Header) -> Result<&Key, Fault> {
        let kty = match header.alg.as_str() {
            "RS256" => "RSA",
            "ES256" => "EC",
            _ => return Err(Fault::Refused("it is signed in another way than RS256 and ES256")),
        };
        let fits = |key: &&Key| {
            key.kty == kty
                && key.purpose.as_ref().is_none_or(|purpose| purpose == "sig")
                && key.alg.as_ref().is_none_or(|alg| *alg == header.alg)
                && (header.kid.is_none() || key.kid == header.kid)
        };
        let mut fitting = self.keys.iter().filter(fits);
        let key = fitting.next().ok_or(Fault::UnknownKey)?;
        // Without a name only one key can be meant.
        if fitting.next().is_some() { Err(Fault::UnknownKey) } else { Ok(key) }
    }
}

impl Key {
    fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Fault> {
        let broken = Fault::Refused("the provider lists a key that cannot be read");
        let part = |part: &Option<String>| BASE64.decode(part.as_deref().unwrap_or_default()).map_err(|_| broken);
        let verified = match self.kty.as_str() {
            "RSA" => {
                let (n, e) = (part(&self.n)?, part(&self.e)?);
                RsaPublicKeyComponents { n: &n, e: &e }.verify(&RSA_PKCS1_2048_8192_SHA256, message, signature)
            }
            _ if self.crv.as_deref() == Some("P-256") => {
                let point = [&[4], part(&self.x)?.as_slice(), part(&self.y)?.as_slice()].concat();
                UnparsedPublicKey::new(&ECDSA_P256_SHA256_FIXED, point).verify(message, signature)
            }
            _ => return Err(broken),
        };
        verified.map_err(|_| Fault::Refused("its signature is not the provider's"))
    }
}

fn check(claims: &Map<String, Value>, expected: &Expected<'_>) -> Result<(), Fault> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str);
    let seconds = |name: &str| claims.get(name).and_then(Value::as_f64).map(|seconds| seconds as i64);
    let now = expected.now.millis().div_euclid(1000);
    let audiences: Vec<&str> = match claims.get("aud") {
        Some(Value::String(one)) => vec![one],
        Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let is_for_us = audiences.contains(&expected.client_id)
        && match text("azp") {
            Some(party) => party == expected.client_id,
            None => audiences.len() == 1,
        };
    let rules = [
        (text("iss") == Some(expected.issuer), "it is from another issuer"),
        (is_for_us, "it is for another client"),
        (seconds("exp").is_some_and(|end| now < end.saturating_add(LEEWAY_SECONDS)), "it has expired"),
        (seconds("iat").is_some_and(|made| made <= now + LEEWAY_SECONDS), "it is from the future"),
        (seconds("nbf").is_none_or(|start| start <= now + LEEWAY_SECONDS), "it does not count yet"),
        (text("nonce").is_some_and(|nonce| access::is_same(nonce, expected.nonce)), "it is from another sign-in"),
        (text("sub").is_some_and(|sub| (1..=255).contains(&sub.len())), "it names nobody"),
    ];
    match rules.iter().find(|(holds, _)| !holds) {
        Some((_, fault)) => Err(Fault::Refused(fault)),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
