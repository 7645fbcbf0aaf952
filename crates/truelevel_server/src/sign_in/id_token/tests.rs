//! Tokens that are believed, and every way of making one that is not.

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::json;

use super::*;

const NOW: i64 = 1_800_000_000;

struct Signer(EcdsaKeyPair);

impl Signer {
    fn new() -> Self {
        let (way, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let written = EcdsaKeyPair::generate_pkcs8(way, &random).unwrap();
        Self(EcdsaKeyPair::from_pkcs8(way, written.as_ref(), &random).unwrap())
    }

    fn key(&self, kid: &str) -> Value {
        let (x, y) = self.0.public_key().as_ref()[1..].split_at(32);
        json!({ "kty": "EC", "crv": "P-256", "use": "sig", "kid": kid, "x": BASE64.encode(x), "y": BASE64.encode(y) })
    }

    fn sign(&self, header: &Value, claims: &Value) -> String {
        let signed = unsigned(header, claims);
        let signature = self.0.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", BASE64.encode(signature))
    }
}

fn unsigned(header: &Value, claims: &Value) -> String {
    format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()))
}

fn keys(keys: &[Value]) -> Keys {
    serde_json::from_value(json!({ "keys": keys })).unwrap()
}

fn header() -> Value {
    json!({ "alg": "ES256", "kid": "a" })
}

fn claims() -> Value {
    json!({
        "iss": "https://login.example.org", "aud": "truelevel", "sub": "248289761001", "nonce": "n-0S6",
        "iat": NOW - 5, "exp": NOW + 300,
    })
}

fn expected() -> Expected<'static> {
    let now = Time::from_millis(NOW * 1000);
    Expected { issuer: "https://login.example.org", client_id: "truelevel", nonce: "n-0S6", now }
}

fn refused(result: Result<Map<String, Value>, Fault>, why: &str) {
    let fault = result.expect_err(why).to_string();
    assert!(fault.contains(why), "{fault}, not {why}");
}

#[test]
fn a_token_of_the_provider_for_this_sign_in_is_believed() {
    let (signer, other) = (Signer::new(), Signer::new());
    let keys = keys(&[other.key("b"), signer.key("a")]);
    let check = |claims: &Value| {
        let verified = verify(&signer.sign(&header(), claims), &keys, &expected()).unwrap();
        assert_eq!(verified["sub"], "248289761001");
    };
    check(&claims());
    let several = json!({ "aud": ["truelevel", "other"], "azp": "truelevel" });
    check(&with(several));
    check(&with(json!({ "aud": ["truelevel"] })));
    check(&with(json!({ "exp": NOW - 59, "iat": NOW + 59, "nbf": NOW + 59 })));
}

fn with(changes: Value) -> Value {
    let (mut claims, Value::Object(changes)) = (claims(), changes) else { panic!("an object") };
    claims.as_object_mut().unwrap().extend(changes);
    claims
}

#[test]
fn what_a_token_says_must_be_true_here_and_now() {
    let signer = Signer::new();
    let keys = keys(&[signer.key("a")]);
    let check = |changes: Value, why: &str| {
        refused(verify(&signer.sign(&header(), &with(changes)), &keys, &expected()), why);
    };
    check(json!({ "iss": "https://login.example.org/" }), "another issuer");
    check(json!({ "iss": null }), "another issuer");
    check(json!({ "aud": "other" }), "another client");
    check(json!({ "aud": ["truelevel", "other"] }), "another client");
    check(json!({ "aud": ["truelevel"], "azp": "other" }), "another client");
    check(json!({ "aud": null }), "another client");
    check(json!({ "exp": NOW - 60 }), "expired");
    check(json!({ "exp": "2100-01-01" }), "expired");
    check(json!({ "exp": null }), "expired");
    check(json!({ "iat": NOW + 61 }), "from the future");
    check(json!({ "nbf": NOW + 61 }), "does not count yet");
    check(json!({ "nonce": "another" }), "another sign-in");
    check(json!({ "nonce": null }), "another sign-in");
    check(json!({ "sub": "" }), "names nobody");
    check(json!({ "sub": "a".repeat(256) }), "names nobody");
}

#[test]
fn a_forged_signature_is_not_believed() {
    let (signer, other) = (Signer::new(), Signer::new());
    let keys = keys(&[signer.key("a")]);
    let check = |token: &str, why: &str| refused(verify(token, &keys, &expected()), why);
    let genuine = signer.sign(&header(), &claims());
    let (signed, signature) = genuine.rsplit_once('.').unwrap();
    check(&other.sign(&header(), &claims()), "not the provider's");
    let raised = unsigned(&header(), &with(json!({ "sub": "1" })));
    check(&format!("{raised}.{signature}"), "not the provider's");
    check(&format!("{signed}."), "not the provider's");
    check(&format!("{signed}.{}", BASE64.encode([0; 64])), "not the provider's");
    check(&format!("{genuine}="), "no signed token");
    check(signed, "no signed token");
    check("", "no signed token");
    check(&".".repeat(100_000), "no signed token");
}

#[test]
fn the_token_does_not_choose_how_it_is_checked() {
    let signer = Signer::new();
    let keys = keys(&[signer.key("a")]);
    let check = |header: Value, why: &str| {
        refused(verify(&signer.sign(&header, &claims()), &keys, &expected()), why);
    };
    for alg in ["none", "None", "HS256", "RS512", "ES384", "EdDSA", ""] {
        check(json!({ "alg": alg, "kid": "a" }), "another way than");
    }
    // An EC key does not check what says that it is signed by RSA.
    check(json!({ "alg": "RS256", "kid": "a" }), "does not list");
    check(json!({ "alg": "ES256", "kid": "z" }), "does not list");
    check(json!({ "alg": "ES256", "kid": "a", "crit": ["b64"] }), "not known here");
    check(json!({ "kid": "a" }), "no signed token");
    let none = format!("{}.", unsigned(&json!({ "alg": "none" }), &claims()));
    refused(verify(&none, &keys, &expected()), "another way than");
}

#[test]
fn only_a_key_for_this_is_used() {
    let signer = Signer::new();
    let nameless = signer.sign(&json!({ "alg": "ES256" }), &claims());
    let check = |listed: &[Value], is_believed: bool| {
        assert_eq!(verify(&nameless, &keys(listed), &expected()).is_ok(), is_believed, "{listed:?}");
    };
    let mut encrypts = signer.key("a");
    encrypts["use"] = "enc".into();
    let mut other_way = signer.key("a");
    other_way["alg"] = "ES384".into();
    let mut broken = signer.key("a");
    broken["x"] = "AA".into();
    check(&[signer.key("a")], true);
    check(&[signer.key("a"), json!({ "kty": "RSA", "n": "AQ", "e": "AQAB" })], true);
    check(&[signer.key("a"), Signer::new().key("b")], false);
    for listed in [encrypts, other_way, broken] {
        check(&[listed], false);
    }
    check(&[], false);
}

/// The examples of RFC 7515, appendices A.2 and A.3.
#[test]
fn published_signatures_are_checked_as_published() {
    let payload = "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ";
    let rsa = json!({
        "kty": "RSA",
        "n": "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ",
        "e": "AQAB",
    });
    let ec = json!({
        "kty": "EC", "crv": "P-256",
        "x": "f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU", "y": "x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0",
    });
    let rs256 = "eyJhbGciOiJSUzI1NiJ9";
    let rsa_signature = "cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw";
    let es256 = "eyJhbGciOiJFUzI1NiJ9";
    let ec_signature = "DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q";
    for (key, header, signature) in [(rsa, rs256, rsa_signature), (ec, es256, ec_signature)] {
        let keys = keys(&[key]);
        let check = |payload: &str, signature: &str, why: &str| {
            refused(verify(&format!("{header}.{payload}.{signature}"), &keys, &expected()), why);
        };
        // The signature holds; what is signed is of somebody else.
        check(payload, signature, "another issuer");
        check(&payload.replacen("eyJpc3", "eyJpc2", 1), signature, "not the provider's");
        check(payload, &signature.replacen('c', "d", 1).replacen('D', "E", 1), "not the provider's");
    }
}
