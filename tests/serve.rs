//! The server: what it takes, what it refuses, and how it ends.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

use crate::server::{SECRET, Server, deployment, github_headers, request, sign, workspace};

#[test]
fn it_answers_with_careful_headers_and_ends_in_order() {
    for signal in ["-TERM", "-INT"] {
        let world = workspace("");
        let server = Server::start(&world);
        for path in ["/healthz", "/readyz"] {
            let answer = server.get(path, &[]);
            assert_eq!((answer.status, answer.body.as_str()), (200, "ok\n"));
            assert!(answer.head.contains("content-security-policy: default-src 'none';"), "{}", answer.head);
            assert!(answer.head.contains("x-content-type-options: nosniff"), "{}", answer.head);
        }
        let nowhere = server.get("/nowhere", &[]);
        assert_eq!(
            (nowhere.status, nowhere.json()["detail"].as_str()),
            (404, Some("no page and no file has this address"))
        );
        assert!(nowhere.head.contains("content-type: application/problem+json"));
        assert_eq!(server.get("/webhooks/github", &[]).status, 405);
        assert_eq!(server.stop(signal), Some(0));
    }
}

#[test]
fn a_delivery_is_kept_once_and_becomes_a_service() {
    let world = workspace("");
    let server = Server::start(&world);
    let first = server.deliver("d1", &deployment(1, "acme/web"));
    assert_eq!((first.status, first.json()["state"].as_str()), (202, Some("normalised")), "{}", first.body);
    let again = server.deliver("d1", &deployment(1, "acme/web"));
    assert_eq!((again.status, again.json()["state"].as_str()), (200, Some("duplicate")));
    let ping =
        server.post("/webhooks/github", &[("x-github-event", "ping"), ("x-hub-signature-256", &sign(b"{}"))], b"{}");
    assert_eq!((ping.status, ping.json()["state"].as_str()), (202, Some("ignored")));
    let series = server.get("/metrics", &[]).body;
    assert!(series.contains("\ntruelevel_events_kept_total 2\n"), "{series}");
    assert!(series.contains("\ntruelevel_events_duplicate_total 1\n"), "{series}");
    assert_eq!(server.stop("-TERM"), Some(0));
    let assessment = world.assess(["--as-of", "2026-08-22", "truelevel.toml"]);
    assert_eq!(crate::cli::service_names(&assessment), ["web"]);
}

#[test]
fn what_is_not_a_senders_own_is_refused_and_changes_nothing() {
    let world = workspace("");
    let server = Server::start(&world);
    let body = deployment(1, "acme/web").to_string().into_bytes();
    let signature = sign(&body);
    let valid = github_headers("d1", &signature);
    let check = |path: &str, headers: &[(&str, &str)], body: &[u8], status: u16, detail: &str| {
        let answer = server.post(path, headers, body);
        assert_eq!(answer.status, status, "{answer:?}");
        assert!(answer.json()["detail"].as_str().unwrap().contains(detail), "{answer:?}");
        assert!(!answer.body.contains(SECRET));
    };
    check("/webhooks/github", &valid[..2], &body, 401, "not signed");
    check("/webhooks/github", &valid, b"{}", 401, "not valid");
    check("/webhooks/gitlab", &[("x-gitlab-token", SECRET)], b"{}", 403, "[[webhooks]]");
    check("/webhooks/nobody", &valid, &body, 404, "no such sender");
    let malformed = |body: &[u8], detail: &str| {
        let signature = sign(body);
        check("/webhooks/github", &github_headers("d2", &signature), body, 400, detail);
    };
    malformed(b"{\"a\":", "not JSON");
    malformed(b"\xff\xfe\x00", "not JSON");
    malformed("[".repeat(200_000).as_bytes(), "recursion limit");
    check("/webhooks/github", &valid[1..], &body, 400, "`x-github-event` is missing");
    check("/webhooks/github", &[("content-encoding", "br")], &body, 415, "gzip");
    check("/webhooks/github", &[("content-encoding", "gzip")], &body, 400, "not gzip");
    check("/webhooks/github", &[("content-length", "1073741824")], b"", 413, "25 MiB");
    check("/", &[], &body, 400, "/webhooks/");
    drop(server);
    let listed = world.run(["events", "--state", "all"]);
    assert_eq!((listed.code, listed.text()), (0, ""), "nothing was kept");
}

#[test]
fn a_packed_body_is_signed_as_it_is_sent_and_unpacked_within_bounds() {
    let world = workspace("");
    let server = Server::start(&world);
    let pack = |body: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(body).unwrap();
        encoder.finish().unwrap()
    };
    let send = |packed: &[u8]| {
        let signature = sign(packed);
        let [event, delivery, signed] = github_headers("d1", &signature);
        server.post("/webhooks/github", &[event, delivery, signed, ("content-encoding", "gzip")], packed)
    };
    assert_eq!(send(&pack(deployment(1, "acme/web").to_string().as_bytes())).status, 202);
    assert_eq!(send(&pack(&vec![b' '; 30 << 20])).status, 413);
    assert_eq!(server.get("/healthz", &[]).status, 200);
}

#[test]
fn what_is_not_understood_waits_for_a_better_configuration() {
    let world = workspace("");
    let alert = json!({ "version": "4", "alerts": [{
        "status": "firing", "fingerprint": "c1b3", "startsAt": "2026-08-21T10:00:00Z", "endsAt": "0001-01-01T00:00:00Z",
        "labels": { "alertname": "Slow", "component": "web" },
    }] });
    let server = Server::start(&world);
    let bearer = format!("Bearer {SECRET}");
    let taken = server.post("/webhooks/alertmanager", &[("authorization", &bearer)], alert.to_string().as_bytes());
    assert_eq!((taken.status, taken.json()["state"].as_str()), (202, Some("quarantined")));
    drop(server);
    let listed = world.run(["events"]);
    assert!(listed.text().contains("Slow: no label names the service"), "{}", listed.text());
    assert!(world.run(["replay"]).text().contains("1 events read, 1 still not understood; no fact changed"));
    let text = world.read("truelevel.toml");
    world.write("truelevel.toml", format!("{text}[events]\nservice_labels = [\"component\"]\n"));
    assert!(world.run(["replay"]).text().contains("1 events read, 0 still not understood; facts changed"));
    let again = world.run(["replay", "--state", "all"]);
    assert!(again.text().contains("1 events read, 0 still not understood; no fact changed"), "{}", again.text());
}

#[test]
fn what_a_better_configuration_understands_is_read_when_the_server_starts_again() {
    let world = workspace("");
    let alert = json!({ "version": "4", "alerts": [{
        "status": "firing", "fingerprint": "c1b3", "startsAt": "2026-08-21T10:00:00Z", "endsAt": "0001-01-01T00:00:00Z",
        "labels": { "alertname": "Slow", "component": "web" },
    }] });
    let waiting = "truelevel_events_quarantined{sender=\"alertmanager\"} 1";
    let server = Server::start(&world);
    let bearer = format!("Bearer {SECRET}");
    server.post("/webhooks/alertmanager", &[("authorization", &bearer)], alert.to_string().as_bytes());
    let series = server.get("/metrics", &[]).body;
    assert!(series.contains(waiting), "{series}");
    // As by a machine that fails: what only one server may do is not given up.
    drop(server);
    let text = world.read("truelevel.toml");
    world.write("truelevel.toml", format!("{text}[events]\nservice_labels = [\"component\"]\n"));
    let server = Server::start(&world);
    let is_understood = || !server.get("/metrics", &[]).body.contains(waiting);
    crate::outages::wait_until(is_understood);
    assert_eq!(server.stop("-TERM"), Some(0));
    assert!(!world.run(["events"]).text().contains("quarantined"));
}

#[test]
fn who_watches_the_process_needs_no_named_proxy() {
    let world = workspace("[serve]\ntrusted_proxies = [\"192.0.2.1\"]\nproxies_sign_in = true\n");
    let server = Server::start(&world);
    assert_eq!(server.get("/healthz", &[]).status, 200);
    assert_eq!(server.get("/readyz", &[]).status, 200);
    assert_eq!(server.get("/metrics", &[]).status, 403);
}

#[test]
fn a_sender_that_sends_too_often_is_told_when_to_come_again_wherever_it_sends_from() {
    let world = workspace("[serve]\ntrusted_proxies = [\"127.0.0.1\"]\nevents_per_second = 1\n");
    let server = Server::start(&world);
    let send = |number: u64| {
        let (body, delivery) = (deployment(number, "acme/web").to_string().into_bytes(), format!("d{number}"));
        let (signature, from) = (sign(&body), format!("198.51.100.{number}"));
        let [event, delivery, signed] = github_headers(&delivery, &signature);
        server.post("/webhooks/github", &[event, delivery, signed, ("x-forwarded-for", &from)], &body)
    };
    let answers: Vec<_> = (1..=20).map(send).collect();
    assert_eq!(answers[0].status, 202);
    let refused =
        answers.iter().find(|answer| answer.status == 429).expect("twenty come in less than eighteen seconds");
    assert!(refused.head.contains("retry-after: ") && refused.body.contains("from this sender"), "{refused:?}");
}

#[test]
fn reading_asks_for_a_token_where_others_can_reach_it() {
    let world = workspace("");
    let run = |arguments: &[&str]| crate::cli::finish(world.command(arguments).env("SECRET", SECRET));
    run(&["serve", "--listen", "0.0.0.0:0"]).fails_with(2, &["can be reached by others", "require_tokens"]);
    let text = world.read("truelevel.toml");
    world.write("truelevel.toml", format!("{text}[serve]\nrequire_tokens = true\n"));
    assert_eq!(run(&["serve", "--listen", "0.0.0.0:0", "--check"]).code, 0);
    let create = |name: &str, scope: &str| run(&["token", "create", name, "--scope", scope]).text().trim().to_owned();
    let (reader, sender, gone) = (create("reader", "read"), create("sender", "ingest"), create("gone", "read"));
    run(&["token", "create", "reader", "--scope", "read"]).fails_with(2, &["there already"]);
    assert_eq!(run(&["token", "revoke", "gone"]).code, 0);
    run(&["token", "revoke", "gone"]).fails_with(2, &["no valid token is called `gone`"]);
    let listed = run(&["token", "list"]);
    assert!(listed.text().contains("revoked") && !listed.text().contains(&reader), "{}", listed.text());
    let server = Server::start(&world);
    let check = |token: &str, status: u16| {
        let bearer = format!("Bearer {token}");
        assert_eq!(server.get("/metrics", &[("authorization", &bearer)]).status, status, "{token}");
    };
    check(&reader, 200);
    check(&sender, 403);
    check(&gone, 401);
    check("truelevel_0000", 401);
    let asked = server.get("/metrics", &[]);
    assert_eq!(asked.status, 401);
    assert!(asked.head.contains("www-authenticate: bearer, basic"), "{}", asked.head);
    assert_eq!(server.get("/healthz", &[]).status, 200);
    // Senders prove themselves by their signatures.
    assert_eq!(server.deliver("d1", &deployment(1, "acme/web")).status, 202);
}

#[test]
fn a_badge_may_be_shown_on_a_page_of_others() {
    let world = workspace("[serve]\nrequire_tokens = true\n");
    let token = world.run(["token", "create", "reader", "--scope", "read"]);
    let bearer = format!("Bearer {}", token.text().trim());
    let server = Server::start(&world);
    server.deliver("d1", &deployment(1, "acme/web"));
    assert_eq!(server.get("/badges/level.svg?as_of=2026-08-22", &[]).status, 401);
    let badge = server.get("/badges/level.svg?as_of=2026-08-22", &[("authorization", &bearer)]);
    assert!(badge.head.contains("cross-origin-resource-policy: cross-origin"), "{}", badge.head);
    drop(server);
    let text = world.read("truelevel.toml");
    world.write("truelevel.toml", format!("{text}public_badges = true\n"));
    let server = Server::start(&world);
    let badge = server.get("/badges/level.svg?as_of=2026-08-22", &[]);
    assert!(badge.status == 200 && badge.body.starts_with("<svg"), "{badge:?}");
    let others = server.get("/api/v1/assessment", &[]);
    assert_eq!(others.status, 401, "and nothing else");
    assert!(others.head.contains("cross-origin-resource-policy: same-origin"), "{}", others.head);
}

#[test]
fn a_name_that_is_not_its_own_is_not_answered() {
    let world = workspace("[serve]\nhosts = [\"Truelevel.example.org\"]\n");
    let server = Server::start(&world);
    let check =
        |host: &str, status: u16| assert_eq!(server.get("/metrics", &[("host", host)]).status, status, "{host}");
    check("evil.example.com", 421);
    check("127.0.0.1.example.com", 421);
    check("localhost:8320", 200);
    check("[::1]:8320", 200);
    check("truelevel.example.org", 200);
    // Who watches whether the process lives asks by any name.
    assert_eq!(server.get("/healthz", &[("host", "10.1.2.3:8320")]).status, 200);
}

#[test]
fn headers_without_measure_are_refused() {
    let world = workspace("");
    let server = Server::start(&world);
    let long = "a".repeat(64 << 10);
    assert_eq!(server.get("/healthz", &[("x-long", &long)]).status, 431);
    let many: Vec<(String, String)> = (0..200).map(|number| (format!("x-{number}"), "a".to_owned())).collect();
    let many: Vec<(&str, &str)> = many.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(server.get("/healthz", &many).status, 431);
}

#[test]
fn a_mistake_in_the_configuration_is_named_before_it_listens() {
    let world = workspace("");
    world.run(["serve"]).fails_with(2, &["the secret of github", "SECRET is not set"]);
    let wrong = workspace("[serve]\nhost = \"x\"\n");
    wrong.run(["serve", "--check"]).fails_with(2, &["truelevel.toml:8:1: unknown field `host`"]);
    let folder = crate::cli::World::new();
    folder.run(["serve"]).fails_with(2, &["truelevel init"]);
}

#[test]
fn requests_under_way_are_answered_before_it_ends() {
    let world = workspace("");
    let server = Server::start(&world);
    let body = deployment(1, "acme/web").to_string().into_bytes();
    let signature = sign(&body);
    let whole = request("POST", "/webhooks/github", server.address(), &github_headers("d1", &signature), &body);
    let mut stream = server.connect();
    let (first, rest) = whole.split_at(whole.len() - 10);
    stream.write_all(first).unwrap();
    // It has this request's headers when it answers a later one of another connection.
    assert_eq!(server.get("/healthz", &[]).status, 200);
    let stopped = std::thread::scope(|scope| {
        let stopping = scope.spawn(|| server.stop("-TERM"));
        stream.write_all(rest).unwrap();
        assert_eq!(crate::server::read_answer(stream).unwrap().status, 202);
        stopping.join().unwrap()
    });
    assert_eq!(stopped, Some(0));
}
