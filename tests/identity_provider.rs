//! An identity provider in this process, on a free port of loopback, that a test can make say anything.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
use serde_json::{Value, json};

/// What is sent for the next code, and what was sent here.
#[derive(Default)]
struct Said {
    id_token: String,
    userinfo: Value,
    form: String,
    authorization: String,
}

/// The provider. It ends with the process.
pub(crate) struct Provider {
    pub(crate) issuer: String,
    key: EcdsaKeyPair,
    said: Arc<Mutex<Said>>,
}

pub(crate) fn signer() -> EcdsaKeyPair {
    let (way, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
    let written = EcdsaKeyPair::generate_pkcs8(way, &random).unwrap();
    EcdsaKeyPair::from_pkcs8(way, written.as_ref(), &random).unwrap()
}

impl Provider {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let issuer = format!("http://{}", listener.local_addr().unwrap());
        let said = Said { userinfo: json!({ "sub": "ann-1" }), ..Said::default() };
        let (key, said) = (signer(), Arc::new(Mutex::new(said)));
        let (x, y) = key.public_key().as_ref()[1..].split_at(32);
        let keys = json!({ "keys": [
            { "kty": "EC", "crv": "P-256", "kid": "1", "x": BASE64.encode(x), "y": BASE64.encode(y) },
        ] });
        let metadata = json!({
            "issuer": issuer, "authorization_endpoint": format!("{issuer}/authorize?tenant=acme"),
            "token_endpoint": format!("{issuer}/token"), "jwks_uri": format!("{issuer}/keys"),
            "userinfo_endpoint": format!("{issuer}/userinfo"),
        });
        let shared = Arc::clone(&said);
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                answer(stream, &metadata, &keys, &shared);
            }
        });
        Self { issuer, key, said }
    }

    /// Gives out these claims for the next code, signed as it should be.
    pub(crate) fn says(&self, claims: &Value) {
        self.gives(sign(&self.key, &json!({ "alg": "ES256", "kid": "1" }), claims));
    }

    /// Gives out this token for the next code.
    pub(crate) fn gives(&self, id_token: String) {
        self.said.lock().unwrap().id_token = id_token;
    }

    pub(crate) fn tells(&self, userinfo: Value) {
        self.said.lock().unwrap().userinfo = userinfo;
    }

    /// The form and the `Authorization` header with which the last code was given back.
    pub(crate) fn heard(&self) -> (String, String) {
        let said = self.said.lock().unwrap();
        (said.form.clone(), said.authorization.clone())
    }

    /// What it says of Ann to this server now.
    pub(crate) fn claims(&self, nonce: &str) -> Value {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
        json!({
            "iss": self.issuer, "aud": "truelevel", "sub": "ann-1", "nonce": nonce, "iat": now, "exp": now + 300,
            "name": "Ann", "groups": ["dev"],
        })
    }
}

pub(crate) fn sign(key: &EcdsaKeyPair, header: &Value, claims: &Value) -> String {
    let signed = format!("{}.{}", BASE64.encode(header.to_string()), BASE64.encode(claims.to_string()));
    let signature = key.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
    format!("{signed}.{}", BASE64.encode(signature))
}

fn answer(stream: TcpStream, metadata: &Value, keys: &Value, said: &Mutex<Said>) {
    let mut reader = BufReader::new(stream);
    let (mut first, mut length, mut authorization) = (String::new(), 0, String::new());
    reader.read_line(&mut first).unwrap();
    loop {
        let mut line = String::new();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim().split_once(": ") else { break };
        match name.to_lowercase().as_str() {
            "content-length" => length = value.parse().unwrap(),
            "authorization" => authorization = value.to_owned(),
            _ => {}
        }
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let mut said = said.lock().unwrap();
    let answer = match first.split(' ').nth(1).unwrap_or_default() {
        "/.well-known/openid-configuration" => metadata.clone(),
        "/keys" => keys.clone(),
        "/userinfo" => said.userinfo.clone(),
        "/token" => {
            (said.form, said.authorization) = (String::from_utf8(body).unwrap(), authorization);
            json!({ "id_token": said.id_token, "access_token": "a-1", "token_type": "Bearer" })
        }
        other => panic!("nobody asks for {other}"),
    };
    let text = answer.to_string();
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", text.len());
    // Who asked may be gone.
    let _ = reader.get_mut().write_all(format!("{head}{text}").as_bytes());
}
