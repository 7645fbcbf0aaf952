//! What was acknowledged survives the end of the process at any moment, exactly once and whole, in both databases.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

use crate::cluster::Cluster;
use crate::deliveries::{Place, deliver};
use crate::server::Server;

const SENDERS: usize = 8;
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
    let place = Place::new(url);
    let load = Load::new(place.bearer.clone());
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
    place.assert_holds(&acknowledged);
    eprintln!(
        "{store}: killed {} times under load: {} deliveries acknowledged, {} kept, {} facts, 0 lost, 0 twice",
        rounds(),
        acknowledged.len(),
        kept.len(),
        place.facts().lines().count(),
    );
    assert_that_repeating_changes_nothing(&place, &acknowledged);
}

/// Deliveries and facts stay as they are when everything is sent and read again.
fn assert_that_repeating_changes_nothing(place: &Place, acknowledged: &BTreeSet<u64>) {
    let (kept, facts) = (place.kept(), place.facts());
    let replayed = place.run(&["replay", "--state", "all"]);
    let expected = format!("{} events read, 0 still not understood; no fact changed", kept.len());
    assert!(replayed.text().contains(&expected), "{}", replayed.text());
    let server = Server::start_with(&place.world, &place.options());
    for number in acknowledged {
        let answer = deliver(server.address(), &place.bearer, *number).expect("an answer");
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

/// What is sent, and what of it was answered.
struct Load {
    bearer: String,
    next: AtomicU64,
    acknowledged: Mutex<BTreeSet<u64>>,
    /// Sent, and not answered; its sender will send it again.
    unanswered: Mutex<Vec<u64>>,
}

impl Load {
    fn new(bearer: String) -> Self {
        Self { bearer, next: AtomicU64::new(1), acknowledged: Mutex::default(), unanswered: Mutex::default() }
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
            let Some(answer) = deliver(address, &self.bearer, number) else {
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
