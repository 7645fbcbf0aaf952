//! Who may do what with a server, who did what, and how often.

use std::io::Write;
use std::process::{Command, Stdio};

use crate::cli::{Run, World, finish};
use crate::server::{SECRET, Server, deployment, github_headers, sign, workspace};
use crate::visitor::Browser;

fn run(world: &World, arguments: &[&str]) -> Run {
    finish(world.command(arguments).env("SECRET", SECRET))
}

fn token(world: &World, arguments: &[&str]) -> String {
    let made = run(world, &[&["token", "create"], arguments].concat());
    assert_eq!(made.code, 0, "{}", made.stderr);
    format!("Bearer {}", made.text().trim())
}

#[test]
fn a_token_ends_when_it_says_and_shows_when_it_was_last_used() {
    let world = workspace("[serve]\nrequire_tokens = true\n");
    let reader = token(&world, &["reader", "--scope", "read", "--expires", "2100-01-01"]);
    token(&world, &["unused", "--scope", "read"]);
    run(&world, &["token", "create", "late", "--scope", "read", "--expires", "2020-01-01"])
        .fails_with(2, &["would have expired already"]);
    let server = Server::start(&world);
    assert_eq!(server.get("/metrics", &[("authorization", &reader)]).status, 200);
    let listed = || run(&world, &["token", "list"]).text().to_owned();
    let line = |text: &str, name: &str| text.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert_eq!(server.stop("-TERM"), Some(0));
    let text = listed();
    assert!(line(&text, "reader").contains("last used 20") && line(&text, "reader").contains("expires 2100-01-01"));
    assert!(line(&text, "unused").contains("never used, valid"), "{text}");
    let log = run(&world, &["audit"]).text().to_owned();
    assert!(log.contains("token created      `reader`, scope read, until 2100-01-01"), "{log}");
    assert!(log.contains("by the command line") && !log.contains(reader.trim_start_matches("Bearer ")), "{log}");
}

#[test]
fn the_audit_log_tells_of_every_change_and_is_for_admins() {
    let world = workspace("");
    let (reader, admin) =
        (token(&world, &["reader", "--scope", "read"]), token(&world, &["admin", "--scope", "admin"]));
    assert_eq!(run(&world, &["token", "revoke", "reader"]).code, 0);
    let server = Server::start(&world);
    assert_eq!(server.deliver("d1", &deployment(1, "acme/web")).status, 202);
    assert_eq!(run(&world, &["replay", "--state", "all"]).code, 0);
    let said = ["declare", "--stage", "build", "--level", "3", "--by", "platform", "--service", "web"];
    assert_eq!(finish(world.command(said).env("USER", "ann")).code, 0);
    world.write(
        "deployments.csv",
        "service,environment,version,finished_at,outcome\nshop,production,v1,2026-08-21T10:00:00Z,succeeded\n",
    );
    for command in
        [&["import", "deployments.csv"][..], &["snapshot", "--as-of", "2026-08-22"], &["backup", "store.copy"]]
    {
        let done = run(&world, command);
        assert_eq!(done.code, 0, "{command:?}: {}", done.stderr);
    }
    assert_eq!(server.get("/api/v1/audit", &[]).status, 403, "who is not asked is no admin");
    assert_eq!(server.get("/api/v1/audit", &[("authorization", &reader)]).status, 403);
    let log = server.get("/api/v1/audit", &[("authorization", &admin)]).json();
    let lines: Vec<(&str, &str, &str)> = log
        .as_array()
        .unwrap()
        .iter()
        .map(|line| (line["action"].as_str().unwrap(), line["who"].as_str().unwrap(), line["what"].as_str().unwrap()))
        .collect();
    let told = |action: &str| lines.iter().find(|line| line.0 == action).unwrap().2;
    assert_eq!(told("imported"), "deployments: 1 new, 0 changed, 0 unchanged; 0 rejected; from deployments.csv");
    assert!(told("snapshot_taken").starts_with("1, as of 20"), "{lines:?}");
    assert_eq!(told("backed_up"), "to store.copy");
    let lines = &lines[3..];
    assert_eq!(lines[0], ("declared", "ann at the command line", "build of web: level 3, as platform says"));
    let actions: Vec<&str> = lines.iter().map(|(action, ..)| *action).collect();
    let expected = ["declared", "replayed", "configuration_read", "token_revoked", "token_created", "token_created"];
    assert_eq!(actions, expected);
    let older = server.get("/api/v1/audit?per_page=1&before=2", &[("authorization", &admin)]).json();
    assert_eq!((older.as_array().unwrap().len(), older[0]["number"].as_i64()), (1, Some(1)));
    // The same configuration is not told twice.
    drop(server);
    drop(Server::start(&world));
    let read = |text: &str| text.lines().filter(|line| line.contains("configuration read")).count();
    assert_eq!(read(run(&world, &["audit"]).text()), 1);
    world.write("truelevel.toml", world.read("truelevel.toml") + "\n# changed\n");
    drop(Server::start(&world));
    assert_eq!(read(run(&world, &["audit", "--format", "json"]).text()), 0);
    assert_eq!(read(run(&world, &["audit"]).text()), 2);
}

#[test]
fn a_form_of_another_origin_is_refused_also_where_nothing_asks_who_it_is() {
    let world = World::new();
    assert_eq!(world.run(["demo", ".", "--services", "2", "--seed", "3", "--weeks", "20"]).code, 0);
    let server = Server::start(&world);
    assert_eq!(server.get("/download/services.csv", &[]).status, 200);
    let token = crate::visitor::form_token(&Browser::default().get(&server, "/declare"));
    let send = |origin: &str| {
        let headers = [("content-type", "application/x-www-form-urlencoded"), ("origin", origin)];
        server.post("/declare", &headers, format!("token={token}&build=5&who=us").as_bytes()).status
    };
    assert_eq!(send("http://evil.example"), 403);
    assert_eq!(send("null"), 403);
    assert_eq!(send(&format!("http://{}", server.address())), 303);
}

#[test]
fn what_one_address_sends_too_fast_waits_and_a_named_proxy_says_whose_it_is() {
    let world = workspace("[serve]\nevents_per_second = 2\ntrusted_proxies = [\"127.0.0.1\"]\n");
    let server = Server::start(&world);
    let body = deployment(1, "acme/web").to_string().into_bytes();
    let signature = sign(&body);
    let send = |client: &str| {
        let [event, delivery, signed] = github_headers("d1", &signature);
        server.post("/webhooks/github", &[event, delivery, signed, ("x-forwarded-for", client)], &body)
    };
    let answers: Vec<_> = (0..30).map(|_| send("192.0.2.1")).collect();
    assert_eq!(answers[0].status, 202);
    let refused = answers.iter().find(|answer| answer.status == 429).expect("a limit");
    assert!(refused.head.contains("retry-after: 1"), "{refused:?}");
    let unsigned = server.post("/webhooks/github", &[("x-forwarded-for", "192.0.2.2")], &body);
    assert_eq!(unsigned.status, 401, "another address is heard, and what it does not prove counts for no sender");
    assert_eq!(server.get("/healthz", &[]).status, 200);
}

#[test]
fn where_proxies_sign_people_in_nobody_comes_past_them() {
    let serve = |proxy: &str| workspace(&format!("[serve]\nproxies_sign_in = true\ntrusted_proxies = [\"{proxy}\"]\n"));
    let world = serve("192.0.2.0/24");
    assert_eq!(run(&world, &["serve", "--check", "--listen", "0.0.0.0:0"]).code, 0);
    let server = Server::start(&world);
    let asked = server.get("/services", &[("x-forwarded-for", "192.0.2.1")]);
    assert!(asked.status == 403 && asked.body.contains("only named proxies"), "{asked:?}");
    let world = serve("127.0.0.0/8");
    let server = Server::start(&world);
    assert_ne!(server.get("/services", &[]).status, 403);
}

#[test]
fn a_backup_that_is_made_while_it_serves_can_be_restored() {
    let world = workspace("");
    let server = Server::start(&world);
    for number in 1..=20 {
        assert_eq!(server.deliver(&format!("d{number}"), &deployment(number, "acme/web")).status, 202);
    }
    assert_eq!(run(&world, &["backup", "copy.sqlite"]).code, 0);
    run(&world, &["backup", "copy.sqlite"]).fails_with(2, &["copy.sqlite", "there is a file already"]);
    assert_eq!(server.deliver("d21", &deployment(21, "acme/web")).status, 202);
    drop(server);
    let restored = workspace("");
    std::fs::create_dir(restored.path().join(".truelevel")).unwrap();
    let store = restored.path().join(".truelevel/store.sqlite");
    std::fs::copy(world.path().join("copy.sqlite"), store).unwrap();
    assert!(run(&restored, &["events"]).text().starts_with("github         normalised   20\n"));
    let assessed = restored.assess(["--as-of", "2026-08-22", "truelevel.toml"]);
    assert_eq!(crate::cli::service_names(&assessed), ["web"]);
}

#[test]
fn what_is_wrong_with_how_it_is_reached_is_named_with_its_line() {
    let check = |more: &str, parts: &[&str]| {
        let world = workspace(more);
        run(&world, &["serve", "--check"]).fails_with(2, parts);
    };
    check("[serve]\ntrusted_proxies = [\"proxy.example.org\"]\n", &["truelevel.toml:8:20: `proxy.example.org` is no"]);
    check("[serve]\nproxies_sign_in = true\n", &["truelevel.toml:8:19: ", "there is none"]);
    check("[serve]\nevents_per_second = 0\n", &["truelevel.toml:8:21: "]);
    check("[serve]\ntls_key_file = \"key.pem\"\n", &["truelevel.toml:8:16: TLS needs"]);
    let files = "[serve]\ntls_certificate_file = \"a.pem\"\ntls_key_file = \"b.pem\"\n";
    check(files, &["truelevel.toml:8:24: ", "a.pem: "]);
    check(
        "[sign_in]\nissuer = \"http://login.example.org\"\nclient_id = \"a\"\naddress = \"https://b.example\"\n",
        &["truelevel.toml:8:10: `issuer` begins with https://"],
    );
    let world = workspace("");
    world
        .run(["serve", "--check"])
        .fails_with(2, &["truelevel.toml:2:10: the secret of github: ", "SECRET is not set"]);
}

#[test]
fn tls_is_spoken_with_the_certificate_of_the_files() {
    let world = workspace("[serve]\ntls_certificate_file = \"cert.pem\"\ntls_key_file = \"key.pem\"\n");
    let openssl = |arguments: &str| {
        let mut command = Command::new("openssl");
        command.args(arguments.split(' ')).current_dir(world.path()).stderr(Stdio::null());
        command
    };
    if openssl("version").output().is_err() {
        eprintln!("skipped: openssl is not installed");
        return;
    }
    let made = "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 2 -subj /CN=localhost \
                -addext subjectAltName=DNS:localhost";
    for [certificate, key] in [["other.pem", "other-key.pem"], ["cert.pem", "key.pem"]] {
        assert!(openssl(&format!("{made} -out {certificate} -keyout {key}")).status().unwrap().success());
    }
    let server = Server::start(&world);
    let asked = |authority: &str| {
        let connect = format!(
            "s_client -quiet -ign_eof -connect {} -CAfile {authority} -verify_return_error -servername localhost \
             -verify_hostname localhost",
            server.address()
        );
        let mut child = openssl(&connect).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let request = crate::server::request("GET", "/healthz", "localhost", &[], b"");
        // Who does not believe the certificate ends before it asks.
        let _ = child.stdin.take().unwrap().write_all(&request);
        String::from_utf8(child.wait_with_output().unwrap().stdout).unwrap()
    };
    let answer = asked("cert.pem");
    assert!(answer.starts_with("HTTP/1.1 200") && answer.contains("strict-transport-security"), "{answer}");
    assert_eq!(asked("other.pem"), "");
    // Who speaks no TLS is left, and nobody else is the worse for it.
    let plain = server.connect();
    drop(plain);
    assert_eq!(server.stop("-TERM"), Some(0));
    std::fs::copy(world.path().join("other-key.pem"), world.path().join("key.pem")).unwrap();
    run(&world, &["serve", "--check"]).fails_with(2, &["truelevel.toml:8:24: ", "cert.pem: "]);
}
