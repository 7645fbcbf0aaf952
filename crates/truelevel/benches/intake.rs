//! Events that come in: how many a second are received and committed, and how long each sender waits, beside what the
//! disk can sync; a day of 10,000 services sent in one go; and how soon an answer holds an event.
//!
//! `cargo xtask bench intake` sends to a store in SQLite. `TRUELEVEL_BENCH_POSTGRES` names an empty PostgreSQL database to
//! send to as well. With one sender at a time each event is a transaction of its own: the next one is sent when it is on
//! the disk. `TRUELEVEL_BENCH_SERVICES` names another size of the organisation (10,000).

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

#[path = "served/sending.rs"]
mod sending;
mod served;

use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use sending::Sender;
use served::{PROGRAM, Server, at, milliseconds, run};

/// How long each measurement sends.
const SENDING: Duration = Duration::from_secs(10);
const SENDERS: [usize; 4] = [1, 16, 64, 256];
/// Rounds of asking for an event until it is in the answer.
const ROUNDS: usize = 11;
/// A day of an organisation: so many deployments, pipeline runs, reviews and incidents of a service.
const DEPLOYMENTS: u64 = 4;
const RUNS: u64 = 8;
const REVIEWS: u64 = 3;

fn main() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    println!("the disk syncs {:.0} times a second, 4 KiB each", syncs_per_second(folder.path()));
    println!("\n| store | senders | events a second | half within | 99 % within | events a commit | memory |");
    println!("|---|---|---|---|---|---|---|");
    rates("SQLite", &folder.path().join("sqlite"), None);
    if let Ok(address) = std::env::var("TRUELEVEL_BENCH_POSTGRES") {
        rates("PostgreSQL", &folder.path().join("postgres"), Some(&address));
    }
    fresh(&folder.path().join("fresh"));
    day(&folder.path().join("day"));
}

/// What the machine itself can do, in the folder that the stores are in.
fn syncs_per_second(folder: &Path) -> f64 {
    let mut file = std::fs::File::create(folder.join("sync")).expect("a file can be written");
    let (started, mut count) = (Instant::now(), 0);
    while started.elapsed() < Duration::from_secs(3) {
        file.write_all(&[7; 4096]).and_then(|()| file.sync_data()).expect("a file can be synced");
        count += 1;
    }
    f64::from(count) / started.elapsed().as_secs_f64()
}

/// A token for what is sent.
fn token(workspace: &Path, store: Option<&str>, name: &str) -> String {
    let mut command = Command::new(PROGRAM);
    command.args(["token", "create", name, "--scope", "admin"]).arg(workspace);
    if let Some(store) = store {
        command.args(["--store", store]);
    }
    String::from_utf8(run(&mut command)).expect("a token is text").trim().to_owned()
}

fn rates(what: &str, workspace: &Path, store: Option<&str>) {
    std::fs::create_dir_all(workspace).expect("a folder");
    std::fs::write(workspace.join("truelevel.toml"), "[workspace]\nname = \"Bench\"\n").expect("a configuration");
    let token = token(workspace, store, "bench");
    let server = Server::start(workspace, store);
    for senders in SENDERS {
        let before = commits(&server);
        let started = Instant::now();
        let send = |sender: usize| {
            let (mut connection, mut waits) = (Sender::to(&server), Vec::new());
            while started.elapsed() < SENDING {
                let body =
                    deployment(&format!("{senders}-{sender}-{}", waits.len()), sender as u64, "production", now());
                let sent = Instant::now();
                assert_eq!(connection.post("/api/v1/deployments", &token, &body), 202);
                waits.push(sent.elapsed().as_secs_f64());
            }
            waits
        };
        let mut waits: Vec<f64> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..senders).map(|sender| scope.spawn(move || send(sender))).collect();
            threads.into_iter().flat_map(|thread| thread.join().expect("all are accepted")).collect()
        });
        let seconds = started.elapsed().as_secs_f64();
        waits.sort_by(f64::total_cmp);
        println!(
            "| {what} | {senders} | {:.0} | {} | {} | {:.1} | {} MiB |",
            waits.len() as f64 / seconds,
            milliseconds(at(&waits, 0.5)),
            milliseconds(at(&waits, 0.99)),
            waits.len() as f64 / (commits(&server) - before).max(1) as f64,
            server.memory_mib("VmHWM")
        );
    }
}

/// How often the server committed so far.
fn commits(server: &Server) -> u64 {
    let page = String::from_utf8_lossy(&server.get("/metrics").bytes).into_owned();
    let line = page.lines().find_map(|line| line.strip_prefix("truelevel_commits_total "));
    line.and_then(|count| count.parse().ok()).expect("the server counts its commits")
}

/// From an event to the answer that holds it, with 1,000 services.
fn fresh(workspace: &Path) {
    run(Command::new(PROGRAM).args(["demo", "--services", "1000"]).arg(workspace));
    let token = token(workspace, None, "bench");
    let server = Server::start(workspace, None);
    server.wait_until_measured();
    // A small answer: asking for it takes nothing from measuring.
    let counted = || {
        let answer = server.get_as("/api/v1/services/fresh", "identity");
        let text = String::from_utf8_lossy(&answer.bytes).into_owned();
        let service: serde_json::Value =
            text.split_once("\r\n\r\n").and_then(|(_, body)| serde_json::from_str(body).ok()).unwrap_or_default();
        service["metrics"]["deployment_frequency"]["n"].as_u64().unwrap_or(0)
    };
    let mut connection = Sender::to(&server);
    let mut waits = Vec::new();
    for round in 0..ROUNDS {
        let before = counted();
        let id = format!("fresh-{round}");
        let body = format!(
            "{{\"id\":\"{id}\",\"service\":\"fresh\",\"environment\":\"production\",\"version\":\"{id}\",\
             \"outcome\":\"succeeded\",\"finished_at\":\"{}\"}}",
            now()
        );
        let started = Instant::now();
        assert_eq!(connection.post("/api/v1/deployments", &token, &body), 202);
        while counted() == before {
            std::thread::sleep(Duration::from_millis(10));
        }
        waits.push(started.elapsed().as_secs_f64());
    }
    waits.sort_by(f64::total_cmp);
    println!(
        "\n1,000 services: an event is in the answer after {:.2} s in the middle, {:.2} s at most, of {ROUNDS}",
        at(&waits, 0.5),
        at(&waits, 1.0)
    );
}

/// A day of an organisation, as fast as it is taken, while the server measures.
fn day(workspace: &Path) {
    const AT_ONCE: usize = 32;
    let services: u64 =
        std::env::var("TRUELEVEL_BENCH_SERVICES").ok().and_then(|size| size.parse().ok()).unwrap_or(10_000);
    std::fs::create_dir_all(workspace).expect("a folder");
    std::fs::write(workspace.join("truelevel.toml"), "[workspace]\nname = \"Bench\"\n").expect("a configuration");
    let token = token(workspace, None, "bench");
    let server = Server::start(workspace, None);
    let (next, started) = (AtomicU64::new(0), Instant::now());
    let all = services * (DEPLOYMENTS + RUNS + REVIEWS) + services / 10;
    println!(
        "\n{services} services, a day of {all} events, {AT_ONCE} senders:\n\n| sent | seconds | memory |\n|---|---|---|"
    );
    let send = || {
        let mut connection = Sender::to(&server);
        loop {
            let number = next.fetch_add(1, Ordering::Relaxed);
            if number >= all {
                return;
            }
            let (path, body) = event(number, services);
            let mut status = connection.post(path, &token, &body);
            while status == 429 || status == 503 {
                std::thread::sleep(Duration::from_millis(100));
                status = connection.post(path, &token, &body);
            }
            assert_eq!(status, 202, "{body}");
            if number > 0 && number % (all / 5) == 0 {
                let seconds = started.elapsed().as_secs_f64();
                println!("| {number} | {seconds:.0} | {} MiB |", server.memory_mib("VmRSS"));
            }
        }
    };
    std::thread::scope(|scope| {
        (0..AT_ONCE).for_each(|_| drop(scope.spawn(send)));
    });
    let seconds = started.elapsed().as_secs_f64();
    println!(
        "\nall of it in {seconds:.0} s, {:.0} a second; {} MiB at most",
        all as f64 / seconds,
        server.memory_mib("VmHWM")
    );
}

/// The n-th event of a day: deployments to two environments, pipeline runs, reviews and a few incidents, over the day and
/// over the services.
fn event(number: u64, services: u64) -> (&'static str, String) {
    let (service, kind) = (number % services, number / services);
    let at = seconds_ago(86_400 - 86_400 * number / (services * (DEPLOYMENTS + RUNS + REVIEWS + 1)));
    let commit = format!("{number:040x}");
    let repository = format!("service-{service}");
    match kind {
        kind if kind < DEPLOYMENTS => {
            let environment = if kind % 2 == 0 { "staging" } else { "production" };
            ("/api/v1/deployments", deployment(&number.to_string(), service, environment, at))
        }
        kind if kind < DEPLOYMENTS + RUNS => (
            "/api/v1/pipeline-runs",
            format!(
                "{{\"id\":\"{number}\",\"repository\":\"{repository}\",\"workflow\":\"ci.yml\",\"commit\":\"{commit}\",\
                 \"outcome\":\"succeeded\",\"trigger\":\"push\",\"started_at\":\"{at}\",\"finished_at\":\"{at}\"}}"
            ),
        ),
        kind if kind < DEPLOYMENTS + RUNS + REVIEWS => (
            "/api/v1/reviews",
            format!(
                "{{\"repository\":\"{repository}\",\"number\":{number},\"opened_at\":\"{at}\",\"commits\":[\"{commit}\"]}}"
            ),
        ),
        _ => (
            "/api/v1/incidents",
            format!("{{\"id\":\"{number}\",\"services\":[\"{repository}\"],\"started_at\":\"{at}\"}}"),
        ),
    }
}

fn deployment(id: &str, service: u64, environment: &str, at: String) -> String {
    format!(
        "{{\"id\":\"{id}\",\"service\":\"service-{service}\",\"environment\":\"{environment}\",\"version\":\"v{id}\",\
         \"outcome\":\"succeeded\",\"finished_at\":\"{at}\"}}"
    )
}

fn now() -> String {
    seconds_ago(1)
}

fn seconds_ago(seconds: u64) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("it is after 1970").as_secs();
    truelevel_model::Time::from_seconds((now - seconds) as i64).to_string()
}
