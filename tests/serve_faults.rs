//! An acknowledged event survives the end of the process at any moment, exactly once.

use std::collections::BTreeSet;
use std::io::Write;
use std::net::TcpStream;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::server::{Server, deployment, github_headers, read_answer, request, sign, workspace};

/// How often it is killed; a variable asks for more.
fn rounds() -> u64 {
    std::env::var("TRUELEVEL_KILL_ROUNDS").ok().and_then(|rounds| rounds.parse().ok()).unwrap_or(20)
}

const SENDERS: usize = 8;

#[test]
fn an_acknowledged_event_survives_being_killed_exactly_once() {
    let world = workspace("");
    let number = AtomicU64::new(1);
    let acknowledged = Mutex::new(BTreeSet::new());
    for round in 0..rounds() {
        let server = Server::start(&world);
        let goal = u64::try_from(acknowledged.lock().unwrap().len()).unwrap() + 1 + round % 40;
        std::thread::scope(|scope| {
            for _ in 0..SENDERS {
                scope.spawn(|| send_until_it_ends(server.address(), &number, &acknowledged));
            }
            while u64::try_from(acknowledged.lock().unwrap().len()).unwrap() < goal {
                std::thread::yield_now();
            }
            let id = server.id().to_string();
            assert!(std::process::Command::new("kill").args(["-KILL", &id]).status().unwrap().success());
        });
        drop(server);
    }
    let listed = world.run(["events", "--state", "all", "--limit", "1000000"]);
    let kept: Vec<&str> = listed.text().lines().filter_map(|line| line.split(' ').nth(3)?.strip_suffix(',')).collect();
    let distinct: BTreeSet<String> = kept.iter().map(|delivery| (*delivery).to_owned()).collect();
    assert_eq!(distinct.len(), kept.len(), "nothing is kept twice");
    let acknowledged = acknowledged.into_inner().unwrap();
    let lost: Vec<_> = acknowledged.difference(&distinct).collect();
    assert!(lost.is_empty(), "{} of {} are lost: {lost:?}", lost.len(), acknowledged.len());
    assert!(listed.text().contains("github         normalised"), "none is half-written");
}

fn send_until_it_ends(address: &str, number: &AtomicU64, acknowledged: &Mutex<BTreeSet<String>>) {
    loop {
        let id = number.fetch_add(1, Ordering::Relaxed);
        let (delivery, body) = (format!("d{id}"), deployment(id, "acme/web").to_string().into_bytes());
        let signature = sign(&body);
        let Ok(mut stream) = TcpStream::connect(address) else { return };
        let whole = request("POST", "/webhooks/github", address, &github_headers(&delivery, &signature), &body);
        if stream.write_all(&whole).is_err() {
            return;
        }
        match read_answer(stream) {
            Some(answer) if answer.status == 202 => drop(acknowledged.lock().unwrap().insert(delivery)),
            Some(answer) => assert_eq!(answer.status, 429, "{answer:?}"),
            None => return,
        }
    }
}
