//! What was acknowledged survives the end of the process at any moment, exactly once and whole, in both databases.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::{Run, World, finish};
use crate::cluster::Cluster;
use crate::server::{Answer, Server, deployment, github_headers, read_answer, request, sign, workspace};

const SENDERS: usize = 8;
/// Deployments that a delivery of records tells of.
const RECORDS: u64 = 5;
/// Where the random moments begin.
const SEED: u64 = 20_261_124;

/// How often it is killed; a variable asks for more.
fn rounds() -> u64 {
    std::env::var("TRUELEVEL_KILL_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(12)
}

#[test]
fn an_acknowledged_event_survives_being_killed_exactly_once() {
    killed_again_and_again("SQLite", None);
}

#[test]
fn an_acknowledged_event_survives_being_killed_exactly_once_on_postgresql() {
    let Some(cluster) = Cluster::start() else { return };
    killed_again_and_again("PostgreSQL", Some(cluster.url("public")));
}

fn killed_again_and_again(store: &str, url: Option<String>) {
    let place = Place { world: workspace(""), url };
    let token = place.run(&["token", "create", "ci", "--scope", "ingest"]).text().trim().to_owned();
    let load = Load::new(format!("Bearer {token}"));
    let mut random = Random(SEED);
    for _ in 0..rounds() {
        if random.below(4) == 0 {
            let mut starting = Server::command(&place.world, &place.options()).spawn().unwrap();
            // The random moment itself, not a wait for something.
            std::thread::sleep(Duration::from_micros(random.below(80_000)));
            starting.kill().unwrap();
            starting.wait().unwrap();
        }
        let server = Server::start_with(&place.world, &place.options());
        load.send_until_killed(server, random.below(60), Duration::from_micros(random.below(30_000)));
    }
    let kept = place.kept();
    let acknowledged = load.acknowledged.into_inner().unwrap();
    let lost: Vec<_> = acknowledged.iter().filter(|number| !kept.contains(*number)).collect();
    assert!(lost.is_empty(), "{} of {} are lost: {lost:?}", lost.len(), acknowledged.len());
    let facts = place.facts();
    assert_eq!(
        told_by(&facts),
        kept.iter().map(|number| (*number, records_of(*number))).collect(),
        "none is half-written"
    );
    eprintln!(
        "{store}: killed {} times under load: {} deliveries acknowledged, {} kept, {} facts, 0 lost, 0 twice",
        rounds(),
        acknowledged.len(),
        kept.len(),
        facts.lines().count(),
    );
    assert_that_repeating_changes_nothing(&place, &load.token, &acknowledged, &facts);
}

/// Deliveries and facts stay as they are when everything is sent and read again.
fn assert_that_repeating_changes_nothing(place: &Place, token: &str, acknowledged: &BTreeSet<u64>, facts: &str) {
    let kept = place.kept();
    let replayed = place.run(&["replay", "--state", "all"]);
    let expected = format!("{} events read, 0 still not understood; no fact changed", kept.len());
    assert!(replayed.text().contains(&expected), "{}", replayed.text());
    let server = Server::start_with(&place.world, &place.options());
    for number in acknowledged {
        let answer = deliver(server.address(), token, *number).expect("an answer");
        assert_eq!((answer.status, answer.json()["state"].as_str()), (200, Some("duplicate")), "{number}: {answer:?}");
    }
    assert_eq!(server.stop("-TERM"), Some(0));
    assert_eq!(place.kept(), kept);
    assert_eq!(place.facts(), facts);
    if place.url.is_none() {
        // Reads every page of the file.
        assert_eq!(place.run(&["backup", "copy.sqlite"]).code, 0);
    }
}

/// A workspace and the store it is used with.
struct Place {
    world: World,
    url: Option<String>,
}

impl Place {
    fn options(&self) -> Vec<&str> {
        self.url.iter().flat_map(|url| ["--store", url.as_str()]).collect()
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let mut command = self.world.command(arguments);
        let run = finish(command.envs(self.url.iter().map(|url| ("TRUELEVEL_STORE", url))));
        assert_eq!(run.code, 0, "{}", run.stderr);
        run
    }

    /// The numbers of the deliveries that are kept, each of them understood and kept once.
    fn kept(&self) -> BTreeSet<u64> {
        let listed = self.run(&["events", "--state", "all", "--limit", "1000000"]);
        let mut kept = BTreeSet::new();
        for line in listed.text().lines().filter(|line| line.starts_with("20")) {
            let words: Vec<&str> = line.split(' ').collect();
            assert_eq!(words[4], "normalised", "{line}");
            let number = words[3].trim_start_matches('d').trim_end_matches(',').parse().unwrap();
            assert!(kept.insert(number), "{line}: twice");
        }
        kept
    }

    /// All deployments, a line each.
    fn facts(&self) -> String {
        let exported = self.run(&["export", "--kind", "deployments", "--format", "jsonl"]);
        let mut lines: Vec<&str> = exported.text().lines().collect();
        lines.sort_unstable();
        lines.join("\n")
    }
}

/// How many facts each delivery became, each of them as it was told.
fn told_by(facts: &str) -> BTreeMap<u64, u64> {
    let mut told = BTreeMap::new();
    for line in facts.lines() {
        let fact: Value = serde_json::from_str(line).unwrap();
        let commit = fact["commit"].as_str().expect(line);
        let number = u64::from_str_radix(&commit[..32], 16).unwrap();
        assert_eq!((fact["service"].as_str(), fact["outcome"].as_str()), (Some("web"), Some("succeeded")), "{line}");
        *told.entry(number).or_insert(0) += 1;
    }
    told
}

fn records_of(number: u64) -> u64 {
    if number.is_multiple_of(2) { 1 } else { RECORDS }
}

/// What is sent, and what of it was answered.
struct Load {
    token: String,
    next: AtomicU64,
    acknowledged: Mutex<BTreeSet<u64>>,
    /// Sent, and not answered; its sender will send it again.
    unanswered: Mutex<Vec<u64>>,
}

impl Load {
    fn new(token: String) -> Self {
        Self { token, next: AtomicU64::new(1), acknowledged: Mutex::default(), unanswered: Mutex::default() }
    }

    /// Kills the server a while after so many were acknowledged in this round.
    fn send_until_killed(&self, server: Server, count: u64, after: Duration) {
        let (told, acknowledged) = channel();
        let address = server.address().to_owned();
        std::thread::scope(|scope| {
            for _ in 0..SENDERS {
                let (told, address) = (told.clone(), &address);
                scope.spawn(move || self.send_until_it_ends(address, &told));
            }
            for _ in 0..count {
                acknowledged.recv_timeout(Duration::from_secs(30)).expect("it answers");
            }
            // The random moment itself, not a wait for something.
            std::thread::sleep(after);
            drop(server);
        });
    }

    fn send_until_it_ends(&self, address: &str, told: &Sender<()>) {
        loop {
            let again = self.unanswered.lock().unwrap().pop();
            let number = again.unwrap_or_else(|| self.next.fetch_add(1, Ordering::Relaxed));
            let Some(answer) = deliver(address, &self.token, number) else {
                // Some senders give up.
                if !number.is_multiple_of(10) {
                    self.unanswered.lock().unwrap().push(number);
                }
                return;
            };
            assert!(matches!(answer.status, 200 | 202), "{answer:?}");
            self.acknowledged.lock().unwrap().insert(number);
            let _ = told.send(());
        }
    }
}

/// Sends a delivery: by turns a signed event of one deployment, and several records.
fn deliver(address: &str, token: &str, number: u64) -> Option<Answer> {
    let delivery = format!("d{number}");
    let whole = if number.is_multiple_of(2) {
        let mut event = deployment(number, "acme/web");
        event["deployment"]["sha"] = commit(number, 0).into();
        let body = event.to_string().into_bytes();
        let signature = sign(&body);
        request("POST", "/webhooks/github", address, &github_headers(&delivery, &signature), &body)
    } else {
        let records: Vec<Value> = (0..RECORDS)
            .map(|record| {
                json!({
                    "service": "web", "environment": "production", "commit": commit(number, record),
                    "finished_at": "2026-08-21T10:05:00Z", "outcome": "succeeded",
                })
            })
            .collect();
        let headers = [("authorization", token), ("idempotency-key", &delivery)];
        request("POST", "/api/v1/deployments", address, &headers, Value::from(records).to_string().as_bytes())
    };
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    stream.write_all(&whole).ok()?;
    read_answer(stream)
}

/// A commit that says which delivery and record told of it.
fn commit(number: u64, record: u64) -> String {
    format!("{number:032x}{record:08x}")
}

/// SplitMix64 (Steele, Lea and Flood 2014).
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut bits = self.0;
        bits = (bits ^ (bits >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        bits = (bits ^ (bits >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (bits ^ (bits >> 31)) % bound
    }
}
