//! Hostile and broken input: each is refused as is documented, in bounded memory, and the server goes on.

use std::io::{Read, Write};
use std::net::TcpStream;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::cli::World;
use crate::server::{Answer, Server, deployment, github_headers, read_answer, request, sign, workspace};

/// More than the server ever needs, in MiB: bodies of 128 and copies of some while they grow, values of one, and itself.
const MEMORY_MIB: u64 = 512;

/// What a test holds against a server; afterwards it takes events as before, and was never larger than it may be.
fn withstands(more: &str, attack: impl FnOnce(&Server)) {
    let world = workspace(more);
    let server = Server::start(&world);
    attack(&server);
    assert_that_it_goes_on(&server);
    let kept = facts(&world);
    assert_eq!(kept.lines().count(), 1, "nothing but what was sent last is there: {kept}");
}

fn assert_that_it_goes_on(server: &Server) {
    assert_eq!(server.get("/healthz", &[]).status, 200);
    let taken = server.deliver("last", &deployment(1_000_000, "acme/last"));
    assert_eq!((taken.status, taken.json()["state"].as_str()), (202, Some("normalised")), "{}", taken.body);
    let peak = server.peak_memory_mib();
    eprintln!("at most {peak} MiB");
    assert!(peak < MEMORY_MIB, "{peak} MiB");
}

fn facts(world: &World) -> String {
    let exported = world.run(["export", "--kind", "deployments", "--format", "jsonl"]);
    assert_eq!(exported.code, 0, "{}", exported.stderr);
    let mut lines: Vec<&str> = exported.text().lines().collect();
    lines.sort_unstable();
    lines.join("\n")
}

/// Sends a body that is signed, with more headers.
fn send_signed(server: &Server, more: &[(&str, &str)], body: &[u8]) -> Answer {
    let signature = sign(body);
    server.post("/webhooks/github", &[&github_headers("d1", &signature), more].concat(), body)
}

fn pack(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(body).unwrap();
    encoder.finish().unwrap()
}

#[test]
fn a_gzip_bomb_is_refused_at_the_bound() {
    // A gibibyte in a megabyte: gzip may have many members.
    let bomb = pack(&vec![b' '; 16 << 20]).repeat(64);
    withstands("", |server| {
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| assert_eq!(send_signed(server, &[("content-encoding", "gzip")], &bomb).status, 413));
            }
        });
    });
}

#[test]
fn a_body_over_the_limit_is_refused_before_it_is_there() {
    withstands("", |server| {
        let told = server.post("/webhooks/github", &[("content-length", "1073741824")], b"");
        assert_eq!(told.status, 413, "{told:?}");
        let mut sending = server.connect();
        let head = "POST /webhooks/github HTTP/1.1\r\nhost: localhost\r\ntransfer-encoding: chunked\r\n\r\n";
        sending.write_all(head.as_bytes()).unwrap();
        let answered = sending.try_clone().unwrap();
        let answered = std::thread::spawn(move || read_answer(answered));
        let chunk = [b"100000\r\n".as_slice(), &vec![b' '; 0x10_0000], b"\r\n"].concat();
        let sent = (0..1024).take_while(|_| sending.write_all(&chunk).is_ok()).count();
        assert!(sent < 64, "it stopped listening");
        assert_eq!(answered.join().unwrap().map(|answer| answer.status), Some(413));
    });
}

#[test]
fn json_that_is_deep_or_wide_is_refused_in_bounded_memory() {
    withstands("", |server| {
        let deep = "[".repeat(400_000);
        let told = send_signed(server, &[], deep.as_bytes());
        assert_eq!(told.status, 400, "{told:?}");
        assert!(told.body.contains("recursion limit"), "{told:?}");
        // A value takes far more memory than its two bytes here.
        let wide = format!("[{}0]", "0,".repeat(12 << 20));
        let told = send_signed(server, &[], wide.as_bytes());
        assert_eq!(told.status, 400, "{told:?}");
        assert!(told.body.contains("500000 values"), "{told:?}");
        let widest = format!("[{}{{}}]", "{},".repeat(240_000));
        let told = send_signed(server, &[], widest.as_bytes());
        assert_eq!((told.status, told.json()["state"].as_str()), (202, Some("quarantined")));
    });
}

#[test]
fn what_is_not_utf_8_is_refused() {
    withstands("", |server| {
        assert_eq!(send_signed(server, &[], b"{\"action\": \"\xff\xfe\"}").status, 400);
        assert_eq!(send_signed(server, &[], &[0xff; 1024]).status, 400);
        assert_eq!(server.post("/webhooks/%ff%fe", &[], b"{}").status, 400);
        let signature = sign(b"{}");
        let mut stream = server.connect();
        let head = [
            b"POST /webhooks/github HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\ncontent-length: 2\r\n"
                .as_slice(),
            b"x-github-event: \xff\xfe\r\nx-hub-signature-256: ",
            signature.as_bytes(),
            b"\r\n\r\n{}",
        ];
        stream.write_all(&head.concat()).unwrap();
        assert_eq!(read_answer(stream).unwrap().status, 400);
    });
}

#[test]
fn what_is_not_http_is_left() {
    withstands("", |server| {
        for garbage in
            [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n".as_slice(), b"\0\0\0\0\r\n\r\n", b"GET\r\n\r\n"]
        {
            let mut stream = server.connect();
            stream.write_all(garbage).unwrap();
            assert_eq!(read_answer(stream).unwrap().status, 400);
        }
    });
}

#[test]
fn a_forged_delivery_is_refused_however_often_it_is_tried() {
    withstands("", |server| {
        let body = deployment(1, "acme/web").to_string().into_bytes();
        let valid = sign(&body);
        // A hexadecimal digit at a time.
        for place in "sha256=".len()..valid.len() {
            let mut forged = valid.clone().into_bytes();
            forged[place] = if forged[place] == b'0' { b'1' } else { b'0' };
            let forged = String::from_utf8(forged).unwrap();
            let told = server.post("/webhooks/github", &github_headers("d1", &forged), &body);
            assert_eq!(told.status, 401, "{forged}");
        }
    });
}

/// What GitHub tells of a deployment, in the order in which it happens.
fn course_of_a_deployment() -> Vec<Value> {
    let at = |minute: u32| format!("2026-08-21T10:{minute:02}:00Z");
    let states = ["in_progress", "failure", "success", "inactive"];
    let told = |(place, state): (usize, &str)| {
        let mut event = deployment(1, "acme/web");
        event["deployment_status"] = json!({ "state": state, "created_at": at(5 + 5 * place as u32) });
        event
    };
    states.into_iter().enumerate().map(told).collect()
}

#[test]
fn deliveries_that_are_repeated_or_reordered_say_the_same() {
    let course = course_of_a_deployment();
    let told_in = |order: &[usize]| {
        let world = workspace("");
        let server = Server::start(&world);
        let mut seen = Vec::new();
        for place in order {
            let status = server.deliver(&format!("d{place}"), &course[*place]).status;
            assert_eq!(status, if seen.contains(place) { 200 } else { 202 }, "{order:?}");
            seen.push(*place);
        }
        drop(server);
        facts(&world)
    };
    let expected = told_in(&[0, 1, 2, 3]);
    assert!(!expected.is_empty());
    for order in [[3, 2, 1, 0].as_slice(), &[2, 0, 3, 1], &[1, 3, 0, 2], &[0, 0, 2, 1, 2, 3, 0, 1, 3]] {
        assert_eq!(told_in(order), expected, "{order:?}");
    }
}

#[test]
fn a_slow_sender_is_left_after_its_time() {
    withstands("[serve]\nclient_timeout_seconds = 1\n", |server| {
        let body = deployment(1, "acme/web").to_string().into_bytes();
        let signature = sign(&body);
        let whole = request("POST", "/webhooks/github", server.address(), &github_headers("d1", &signature), &body);
        let head = whole.len() - body.len();
        let begin = |bytes: &[u8]| {
            let mut stream = server.connect();
            stream.write_all(bytes).unwrap();
            stream
        };
        let (silent, in_headers, in_body) = (begin(b""), begin(&whole[..head - 4]), begin(&whole[..whole.len() - 1]));
        assert!(read_answer(silent).is_none(), "nothing was asked");
        assert!(read_answer(in_headers).is_none_or(|answer| answer.status == 408));
        assert_eq!(read_answer(in_body).unwrap().status, 408);
    });
}

#[test]
fn who_reads_no_answers_holds_nobody_up() {
    withstands("", |server| {
        let one = "GET /api/v1/openapi.json HTTP/1.1\r\nhost: localhost\r\n\r\n";
        let stalled: Vec<TcpStream> = (0..8)
            .map(|_| {
                let mut stream = server.connect();
                stream.write_all(one.repeat(200).as_bytes()).unwrap();
                stream
            })
            .collect();
        for stream in &stalled {
            // It has begun to answer each of them.
            let mut stream = stream;
            stream.read_exact(&mut [0; 12]).unwrap();
        }
        assert_eq!(server.get("/healthz", &[]).status, 200);
    });
}

/// How many connections are held open; a variable asks for more.
fn connections() -> usize {
    std::env::var("TRUELEVEL_CONNECTIONS").ok().and_then(|count| count.parse().ok()).unwrap_or(300)
}

#[test]
fn many_open_connections_hold_nobody_up() {
    // Nobody is to be left before the last one came.
    withstands("[serve]\nclient_timeout_seconds = 300\n", |server| {
        let mut open: Vec<TcpStream> = (0..connections()).map(|_| server.connect()).collect();
        let ping = [("x-github-event", "ping"), ("x-hub-signature-256", &sign(b"{}"))];
        assert_eq!(server.post("/webhooks/github", &ping, b"{}").status, 202);
        let one = "GET /healthz HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n";
        open.iter_mut().for_each(|stream| stream.write_all(one.as_bytes()).unwrap());
        let count = open.len();
        assert_eq!(open.into_iter().filter_map(read_answer).filter(|answer| answer.status == 200).count(), count);
    });
}

#[test]
fn more_connections_than_files_may_be_open_wait_for_their_turn() {
    let world = workspace("[serve]\nclient_timeout_seconds = 1\n");
    let server = Server::start_as(&mut Server::limited(&world, &["sh"], "ulimit -n 128"));
    let silent: Vec<TcpStream> = (0..300).map(|_| server.connect()).collect();
    assert_that_it_goes_on(&server);
    drop(silent);
}
