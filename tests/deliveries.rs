//! Numbered deliveries, and what a store then holds of them.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;
use std::net::TcpStream;
use std::time::Duration;

use serde_json::{Value, json};

use crate::cli::{Run, World, finish};
use crate::server::{Answer, deployment, github_headers, read_answer, request, sign, workspace};

/// Deployments that a delivery of records tells of.
const RECORDS: u64 = 5;

/// A workspace, the store it is used with, and who may send records to it.
pub(crate) struct Place {
    pub(crate) world: World,
    /// Of a PostgreSQL server; else the store is the workspace's file.
    pub(crate) url: Option<String>,
    pub(crate) bearer: String,
}

impl Place {
    pub(crate) fn new(url: Option<String>) -> Self {
        let mut place = Self { world: workspace(""), url, bearer: String::new() };
        place.bearer = format!("Bearer {}", place.run(&["token", "create", "ci", "--scope", "ingest"]).text().trim());
        place
    }

    pub(crate) fn options(&self) -> Vec<&str> {
        self.url.iter().flat_map(|url| ["--store", url.as_str()]).collect()
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Run {
        let mut command = self.world.command(arguments);
        let run = finish(command.envs(self.url.iter().map(|url| ("TRUELEVEL_STORE", url))));
        assert_eq!(run.code, 0, "{}", run.stderr);
        run
    }

    /// Asserts that each of these deliveries is kept, and that all that are kept are whole.
    pub(crate) fn assert_holds(&self, acknowledged: &BTreeSet<u64>) {
        let kept = self.kept();
        let lost: Vec<_> = acknowledged.difference(&kept).collect();
        assert!(lost.is_empty(), "{} of {} are lost: {lost:?}", lost.len(), acknowledged.len());
        let whole = kept.iter().map(|number| (*number, records_of(*number))).collect();
        assert_eq!(told_by(&self.facts()), whole, "none is half-written");
    }

    /// The numbers of the deliveries that are kept, each of them understood and kept once.
    pub(crate) fn kept(&self) -> BTreeSet<u64> {
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
    pub(crate) fn facts(&self) -> String {
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

/// Sends a delivery: by turns a signed event of one deployment, and several records.
pub(crate) fn deliver(address: &str, bearer: &str, number: u64) -> Option<Answer> {
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
        let headers = [("authorization", bearer), ("idempotency-key", &delivery)];
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
