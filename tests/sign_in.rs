//! Signing in: who comes in, as what, for how long; and all that must not let anybody in.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::cli::World;
use crate::identity_provider::{Provider, sign, signer};
use crate::server::{Answer, SECRET, Server};
use crate::visitor::{ADDRESS, Browser, form_token, location, query};

const ROLES: &str = "role_claim = \"groups\"\nadmins = [\"ops\"]\neditors = [\"dev\"]\nviewers = [\"all\"]\n";

/// A server of a made-up organisation, measured, to which people sign in.
fn start(provider: &Provider, more: &str) -> (World, Server) {
    let world = World::new();
    let made = world.run(["demo", ".", "--services", "12", "--seed", "3", "--weeks", "20"]);
    assert_eq!(made.code, 0, "{}", made.stderr);
    let sign_in = format!(
        "\n[sign_in]\nissuer = \"{}\"\nclient_id = \"truelevel\"\nclient_secret_env = \"SECRET\"\naddress = \"{ADDRESS}\"\n{more}",
        provider.issuer
    );
    world.write("truelevel.toml", world.read("truelevel.toml") + &sign_in);
    let server = Server::start(&world);
    (world, server)
}

/// Goes to the provider; answers where it is sent, which has state and nonce in it.
fn begin(browser: &mut Browser, server: &Server, to: &str) -> String {
    let sent = browser.get(server, to);
    assert_eq!(sent.status, 303, "{sent:?}");
    let sent = browser.get(server, location(&sent).strip_prefix(ADDRESS).unwrap());
    assert_eq!(sent.status, 303, "{sent:?}");
    location(&sent)
}

/// Comes back from the provider.
fn back(browser: &mut Browser, server: &Server, state: &str) -> Answer {
    browser.get(server, &format!("/sign-in/back?code=c-1&state={state}"))
}

/// Signs in with claims that differ from Ann's in these.
fn sign_in(server: &Server, provider: &Provider, claims: Value) -> (Browser, Answer) {
    let mut browser = Browser::default();
    let sent = begin(&mut browser, server, "/services");
    let mut all = provider.claims(&query(&sent, "nonce"));
    all.as_object_mut().unwrap().extend(claims.as_object().unwrap().clone());
    provider.says(&all);
    let answer = back(&mut browser, server, &query(&sent, "state"));
    (browser, answer)
}

fn is_signed_in(browser: &Browser) -> bool {
    browser.cookies.contains_key("truelevel")
}

#[test]
fn a_person_signs_in_reads_and_signs_out() {
    let provider = Provider::start();
    let (world, server) = start(&provider, ROLES);
    let mut browser = Browser::default();
    assert_eq!(server.get("/api/v1/services", &[]).status, 401, "a program is not sent anywhere");
    assert_eq!(server.get("/truelevel.css", &[]).status, 200);
    let sent = begin(&mut browser, &server, "/services?window=30");
    assert!(sent.starts_with(&format!("{}/authorize?tenant=acme&response_type=code", provider.issuer)), "{sent}");
    assert!(sent.contains("redirect_uri=http%3A%2F%2Flocalhost%3A8320%2Fsign-in%2Fback"), "{sent}");
    assert!(sent.contains("scope=openid%20profile%20email") && sent.contains("code_challenge_method=S256"), "{sent}");
    provider.says(&provider.claims(&query(&sent, "nonce")));
    let came = back(&mut browser, &server, &query(&sent, "state"));
    assert_eq!((came.status, location(&came)), (303, format!("{ADDRESS}/services?window=30")), "{came:?}");
    assert!(came.head.contains("max-age=43200"), "{}", came.head);
    assert!(is_signed_in(&browser) && browser.cookies.len() == 1, "what was needed to come here is gone");
    let (form, authorization) = provider.heard();
    let verifier = form.split("code_verifier=").nth(1).unwrap();
    let challenge = BASE64.encode(Sha256::digest(verifier));
    assert_eq!(challenge, query(&sent, "code_challenge"));
    assert!(form.starts_with("grant_type=authorization_code&code=c-1&"), "{form}");
    assert!(authorization.starts_with("Basic ") && !form.contains(SECRET));

    let account = browser.get(&server, "/account");
    assert!(account.body.contains("Ann (ann-1)") && account.body.contains("<strong>editor</strong>"), "{account:?}");
    assert!(browser.get(&server, "/services").body.contains("href=\"./account\""));
    let session = browser.cookies["truelevel"].clone();
    let listed = world.run(["session", "list"]);
    assert!(listed.text().contains("editor Ann (ann-1), signed in") && !listed.text().contains(&session));
    assert_eq!(browser.post(&server, "/sign-out", "same-origin", "token=guessed").status, 403);
    let form = format!("token={}", form_token(&account));
    assert_eq!(browser.post(&server, "/sign-out", "cross-site", &form).status, 403);
    let out = browser.post(&server, "/sign-out", "same-origin", &form);
    assert_eq!((out.status, location(&out)), (303, format!("{ADDRESS}/signed-out")));
    assert!(!is_signed_in(&browser) && browser.get(&server, "/signed-out").status == 200);
    let mut thief = Browser::default();
    thief.cookies.insert("truelevel".to_owned(), session);
    assert!(location(&thief.get(&server, "/")).contains("/sign-in?to="), "the session is over, wherever its id is");
    let told = world.run(["audit"]);
    for part in ["signed in          session", "by Ann (ann-1)", "signed out", "configuration read"] {
        assert!(told.text().contains(part), "{part}: {}", told.text());
    }
}

#[test]
fn what_comes_back_belongs_to_a_sign_in_of_this_browser_once() {
    let provider = Provider::start();
    let (_world, server) = start(&provider, "");
    let mut browser = Browser::default();
    let sent = begin(&mut browser, &server, "/");
    let (state, cookies) = (query(&sent, "state"), browser.cookies.clone());
    provider.says(&provider.claims(&query(&sent, "nonce")));
    let refused = |browser: &mut Browser, path: &str, status: u16| {
        let answer = browser.get(&server, path);
        assert_eq!((answer.status, is_signed_in(browser)), (status, false), "{path} {answer:?}");
    };
    refused(&mut Browser::default(), &format!("/sign-in/back?code=c-1&state={state}"), 400);
    for path in ["/sign-in/back?code=c-1&state=guessed", "/sign-in/back?code=c-1", "/sign-in/back"] {
        refused(&mut Browser { cookies: cookies.clone() }, path, 400);
    }
    let from_another = format!("/sign-in/back?code=c-1&state={state}&iss=https%3A%2F%2Fevil.example");
    refused(&mut Browser { cookies: cookies.clone() }, &from_another, 502);
    // That was the one time that this state may come back.
    refused(&mut Browser { cookies }, &format!("/sign-in/back?code=c-1&state={state}"), 400);
    let mut other = Browser::default();
    let sent = begin(&mut other, &server, "/");
    refused(&mut other, &format!("/sign-in/back?error=access_denied&state={}", query(&sent, "state")), 502);
    assert!(sign_in(&server, &provider, json!({})).1.status == 303, "who begins anew comes in");
}

#[test]
fn a_token_that_is_not_believed_signs_nobody_in() {
    let provider = Provider::start();
    let (_world, server) = start(&provider, "");
    for claims in [
        json!({ "nonce": "another" }),
        json!({ "aud": "other" }),
        json!({ "iss": "https://evil.example" }),
        json!({ "exp": 1_000_000_000 }),
        json!({ "sub": "" }),
    ] {
        let (browser, answer) = sign_in(&server, &provider, claims.clone());
        assert_eq!((answer.status, is_signed_in(&browser)), (502, false), "{claims} {answer:?}");
        assert!(answer.body.contains("not believed"), "{answer:?}");
    }
    let header = json!({ "alg": "ES256", "kid": "1" });
    let forged: [fn(&Value, &Value) -> String; 2] = [
        |header, claims| sign(&signer(), header, claims),
        |_, claims| format!("{}.{}.", BASE64.encode("{\"alg\":\"none\"}"), BASE64.encode(claims.to_string())),
    ];
    for forge in forged {
        let mut browser = Browser::default();
        let sent = begin(&mut browser, &server, "/");
        provider.gives(forge(&header, &provider.claims(&query(&sent, "nonce"))));
        let answer = back(&mut browser, &server, &query(&sent, "state"));
        assert_eq!((answer.status, is_signed_in(&browser)), (502, false), "{answer:?}");
    }
}

#[test]
fn nobody_is_led_away_from_this_server() {
    let provider = Provider::start();
    let (_world, server) = start(&provider, "");
    for to in ["//evil.example", "/%5Cevil.example", "https://evil.example", "/%09/evil.example", "@evil.example"] {
        let mut browser = Browser::default();
        let sent = location(&browser.get(&server, &format!("/sign-in?to={to}")));
        provider.says(&provider.claims(&query(&sent, "nonce")));
        let came = back(&mut browser, &server, &query(&sent, "state"));
        assert_eq!(location(&came), format!("{ADDRESS}/"), "{to}");
        let again = browser.get(&server, &format!("/sign-in?to={to}"));
        assert_eq!(location(&again), format!("{ADDRESS}/"), "{to}");
    }
}

#[test]
fn a_role_allows_what_it_says_and_no_more() {
    let provider = Provider::start();
    let (world, server) = start(&provider, ROLES);
    let (_, refused) = sign_in(&server, &provider, json!({ "groups": ["nobody"], "sub": "eve-1" }));
    assert!(refused.status == 403 && refused.body.contains("None of your roles"), "{refused:?}");
    let check = |group: &str, declares: u16, audits: u16| {
        let (mut browser, came) = sign_in(&server, &provider, json!({ "groups": [group], "sub": group }));
        assert_eq!(came.status, 303, "{came:?}");
        let account = browser.get(&server, "/account");
        let form = format!("token={}&build=3&who=us", form_token(&account));
        assert_eq!(browser.post(&server, "/declare", "same-origin", &form).status, declares, "{group}");
        assert_eq!(browser.post(&server, "/declare", "same-site", &form).status, 403, "{group}");
        assert_eq!(browser.get(&server, "/audit").status, audits, "{group}");
        assert_eq!(browser.get(&server, "/api/v1/audit").status, audits, "{group}");
        browser
    };
    check("all", 403, 403);
    check("dev", 303, 403);
    let mut admin = check("ops", 303, 200);
    let log = admin.get(&server, "/api/v1/audit?per_page=200").json();
    let has = |action: &str, who: &str| {
        log.as_array()
            .unwrap()
            .iter()
            .any(|line| line["action"] == action && line["who"].as_str().unwrap().contains(who))
    };
    assert!(has("sign_in_refused", "eve-1") && has("declared", "Ann (dev)") && has("declared", "Ann (ops)"), "{log}");
    assert!(!has("declared", "(all)"));
    // Ended from outside, it counts within two seconds.
    assert_eq!(world.run(["session", "revoke", "ops"]).code, 0);
    world.run(["session", "revoke", "ops"]).fails_with(2, &["no session that goes on"]);
    let ended = std::iter::repeat_with(|| admin.get(&server, "/audit").status).find(|status| *status != 200);
    assert_eq!(ended, Some(303));
    assert!(world.run(["audit"]).text().contains("session ended"));
}

#[test]
fn who_belongs_to_a_team_sees_its_services_alone() {
    let provider = Provider::start();
    let (world, server) = start(&provider, &format!("{ROLES}team_claim = \"teams\"\n"));
    let (mut admin, _) = sign_in(&server, &provider, json!({ "groups": ["ops"] }));
    let services = admin.get(&server, "/api/v1/services").json();
    let all: Vec<(String, String)> = services["items"]
        .as_array()
        .unwrap()
        .iter()
        .map(|service| (service["service"].as_str().unwrap().to_owned(), service["team"].as_str().unwrap().to_owned()))
        .collect();
    let (mine, team) = all[0].clone();
    let (theirs, other) = all.iter().find(|(_, other)| *other != team).expect("two teams").clone();
    let (_, nobody) = sign_in(&server, &provider, json!({}));
    assert_eq!(nobody.status, 403, "{nobody:?}");
    // Told only when asked: the identity token says nothing of teams.
    provider.tells(json!({ "sub": "ann-1", "teams": [team, "of nothing"] }));
    let (mut browser, came) = sign_in(&server, &provider, json!({}));
    assert_eq!(came.status, 303, "{came:?}");
    let seen = browser.get(&server, "/api/v1/services").json();
    let seen: Vec<&str> =
        seen["items"].as_array().unwrap().iter().map(|service| service["service"].as_str().unwrap()).collect();
    let own: Vec<&str> = all.iter().filter(|(_, of)| *of == team).map(|(name, _)| name.as_str()).collect();
    assert_eq!(seen.len(), own.len(), "{seen:?}");
    assert!(seen.iter().all(|name| own.contains(name)), "{seen:?}");
    let mut check = |path: &str, status: u16| {
        let answer = browser.get(&server, path);
        assert_eq!(answer.status, status, "{path}");
        assert!(!answer.body.contains(&format!(">{theirs}<")), "{path} shows {theirs}");
    };
    check("/services", 200);
    check(&format!("/services/{mine}"), 200);
    check(&format!("/api/v1/services/{mine}"), 200);
    check("/download/services.csv", 200);
    for path in [
        format!("/services/{theirs}"),
        format!("/api/v1/services/{theirs}"),
        format!("/?service={theirs}"),
        format!("/?team={other}"),
        format!("/api/v1/services?team={other}"),
        format!("/badges/level.svg?team={other}"),
        format!("/badges/level.svg?service={theirs}"),
    ] {
        check(&path, 404);
    }
    for path in ["/snapshots", "/compare", "/api/v1/snapshots", "/api/v1/comparison", "/metrics", "/?snapshot=1"] {
        check(path, 403);
    }
    let form = format!("token={}&build=5&who=us", form_token(&browser.get(&server, "/account")));
    assert_eq!(browser.post(&server, "/declare", "same-origin", &form).status, 403, "of everything");
    let of = |name: &str| format!("/declare?service={name}");
    assert_eq!(browser.post(&server, &of(&theirs), "same-origin", &form).status, 404);
    assert_eq!(browser.post(&server, &of(&mine), "same-origin", &form).status, 303);
    assert!(world.run(["audit"]).text().contains(&format!("build of {mine}: level 5, as us says")));
}

#[test]
fn too_many_tries_of_one_address_wait() {
    let provider = Provider::start();
    let (_world, server) = start(&provider, "");
    let answers: Vec<Answer> = (0..40).map(|_| server.get("/sign-in", &[])).collect();
    let refused = answers.iter().find(|answer| answer.status == 429).expect("a limit");
    assert!(refused.head.contains("retry-after: "), "{refused:?}");
    assert!(answers.iter().take(30).all(|answer| answer.status == 303));
    assert_eq!(server.get("/healthz", &[]).status, 200);
}

#[test]
fn a_provider_that_cannot_be_asked_is_named_with_its_line() {
    let provider = Provider::start();
    let (world, server) = start(&provider, "");
    let run = |world: &World| crate::cli::finish(world.command(["serve", "--check"]).env("SECRET", SECRET));
    assert_eq!(run(&world).code, 0);
    drop(server);
    let text = world.read("truelevel.toml");
    world.write("truelevel.toml", text.replace(&provider.issuer, &format!("{}/", provider.issuer)));
    run(&world).fails_with(2, &["truelevel.toml:", "the identity provider: ", "is of the issuer"]);
    world.write("truelevel.toml", text.replace(&provider.issuer, "http://127.0.0.1:1"));
    run(&world).fails_with(2, &["truelevel.toml:", "127.0.0.1:1/.well-known/openid-configuration: "]);
    // It serves all the same, and says so to who wants to sign in.
    let server = Server::start(&world);
    let answer = server.get("/sign-in", &[("accept", "text/html")]);
    assert!(answer.status == 502 && answer.body.contains("Nobody was signed in"), "{answer:?}");
    assert_eq!(server.get("/healthz", &[]).status, 200);
    let unset = world.run(["serve", "--check"]);
    unset.fails_with(2, &["truelevel.toml:", "the client secret: the environment variable SECRET is not set"]);
}
