//! What the store stands on gives way: nothing that was acknowledged is lost, senders are told to come again, and it goes
//! on by itself.

use std::collections::BTreeSet;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use postgres::NoTls;

use crate::cli::finish;
use crate::cluster::Cluster;
use crate::deliveries::{Place, deliver};
use crate::server::Server;

/// Longer than anything here takes.
const LONGEST: Duration = Duration::from_secs(60);

/// A server that loses what it stands on and gets it back, and what it was sent meanwhile.
struct Outage<'a> {
    place: &'a Place,
    server: &'a Server,
    acknowledged: BTreeSet<u64>,
    next: u64,
}

impl<'a> Outage<'a> {
    fn new(place: &'a Place, server: &'a Server) -> Self {
        Self { place, server, acknowledged: BTreeSet::new(), next: 1 }
    }

    /// Sends what comes next, and again when it was refused; answers the status.
    fn send(&mut self) -> u16 {
        let answer = deliver(self.server.address(), &self.place.bearer, self.next).expect("an answer");
        match answer.status {
            200 | 202 => {
                self.acknowledged.insert(self.next);
                self.next += 1;
            }
            503 => assert!(answer.head.contains("retry-after: 10"), "{answer:?}"),
            _ => panic!("{answer:?}"),
        }
        answer.status
    }

    fn take(&mut self, count: usize) {
        for _ in 0..count {
            assert_eq!(self.send(), 202);
        }
    }

    /// Sends until it is refused, as it must be in the end.
    fn send_until_refused(&mut self) {
        // Where little room is left, what it tries by itself may still find a place.
        while self.send() != 503 || self.server.get("/readyz", &[]).status != 503 {
            assert!(self.next < 20_000, "it is never refused");
        }
        assert_eq!(self.server.get("/healthz", &[]).status, 200);
    }

    /// What was refused is taken once the server says that it can, and what follows too.
    fn goes_on(&mut self) {
        let begun = Instant::now();
        while self.server.get("/readyz", &[]).status != 200 {
            assert!(begun.elapsed() < LONGEST, "it does not go on");
        }
        let refused = self.next;
        assert!([200, 202].contains(&self.send()), "{refused}");
        self.take(50);
    }
}

#[test]
fn a_file_that_cannot_grow_loses_nothing_and_goes_on_when_it_can() {
    let place = Place::new(None);
    // The signal would end the process; without it, writing fails. Half of a mebibyte, and a little more.
    let server = Server::start_as(&mut Server::limited(&place.world, &["sh"], "trap '' XFSZ; ulimit -S -f 1200"));
    let mut outage = Outage::new(&place, &server);
    outage.take(5);
    outage.send_until_refused();
    let lifted = Command::new("prlimit").args(["--fsize=unlimited", "--pid", &server.id().to_string()]).status();
    assert!(lifted.unwrap().success());
    outage.goes_on();
    place.assert_holds(&outage.acknowledged);
    assert_eq!(server.stop("-TERM"), Some(0));
}

#[test]
fn a_full_disk_loses_nothing_and_takes_more_when_there_is_room() {
    let mut place = Place::new(None);
    // A disk of its own, which ends with the process.
    let own = "cp -a .truelevel kept && mount -t tmpfs -o size=8m none .truelevel && cp -a kept/. .truelevel";
    let mut probe = Command::new("unshare");
    probe.args(["-m", "sh", "-c", own]).current_dir(place.world.path()).stderr(Stdio::null());
    if !probe.status().is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: only root can mount a small disk, so nothing was tested with a full one");
        return;
    }
    let server = Server::start_as(&mut Server::limited(&place.world, &["unshare", "-m", "sh"], own));
    let id = server.id().to_string();
    let filler = format!("/proc/{id}/root{}/.truelevel/filler", place.world.path().display());
    let mut outage = Outage::new(&place, &server);
    outage.take(5);
    std::fs::write(&filler, vec![0; 16 << 20]).expect_err("the disk is full");
    outage.send_until_refused();
    std::fs::remove_file(&filler).unwrap();
    outage.goes_on();
    let acknowledged = outage.acknowledged;
    // The disk is seen from the server's side alone.
    let mut back_up = Command::new("nsenter");
    back_up
        .args(["-m", "-w", "-t", &id])
        .arg(place.world.command([""; 0]).get_program())
        .args(["backup", "copy.sqlite"]);
    assert_eq!(finish(&mut back_up).code, 0);
    assert_eq!(server.stop("-TERM"), Some(0));
    place.url = Some("copy.sqlite".to_owned());
    place.assert_holds(&acknowledged);
}

#[test]
fn a_folder_that_cannot_be_written_is_told_at_the_start() {
    let place = Place::new(None);
    let own = "mount --bind .truelevel .truelevel && mount -o remount,bind,ro .truelevel";
    let mut probe = Command::new("unshare");
    probe.args(["-m", "sh", "-c", own]).current_dir(place.world.path()).stderr(Stdio::null());
    if !probe.status().is_ok_and(|status| status.success()) {
        eprintln!("SKIPPED: only root can mount a folder read-only, so nothing was tested with one");
        return;
    }
    // The configuration is noted, so that starting has nothing else to write; what killing leaves can be read.
    drop(Server::start(&place.world));
    for more in ["", "--check"] {
        let mut command = Server::limited(&place.world, &["unshare", "-m", "sh"], own);
        command.args(more.split_whitespace());
        finish(&mut command).fails_with(2, &["cannot be written; check the permissions"]);
    }
    let server = Server::start(&place.world);
    assert_eq!(deliver(server.address(), &place.bearer, 1).unwrap().status, 202);
}

#[test]
fn two_servers_on_one_file_keep_each_delivery_once() {
    const DELIVERIES: u64 = 300;
    let place = Place::new(None);
    let servers = [Server::start(&place.world), Server::start(&place.world)];
    let (next, kept) = (AtomicU64::new(1), AtomicU64::new(0));
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number > DELIVERIES {
                        return;
                    }
                    // To both, the other one first every second time.
                    let mut both = [&servers[0], &servers[1]];
                    both.rotate_left((number % 2) as usize);
                    for server in both {
                        match deliver(server.address(), &place.bearer, number).expect("an answer").status {
                            202 => drop(kept.fetch_add(1, Ordering::Relaxed)),
                            status => assert_eq!(status, 200),
                        }
                    }
                }
            });
        }
    });
    assert_eq!(kept.into_inner(), DELIVERIES, "each is new to one of them alone");
    place.assert_holds(&(1..=DELIVERIES).collect());
    let [one, other] = servers;
    drop(one); // Killed; the other one goes on.
    assert_eq!(deliver(other.address(), &place.bearer, DELIVERIES + 1).unwrap().status, 202);
    assert_eq!(other.stop("-TERM"), Some(0));
    place.assert_holds(&(1..=DELIVERIES + 1).collect());
}

#[test]
fn postgresql_that_is_ended_and_started_under_load_loses_nothing() {
    let Some(cluster) = Cluster::start() else { return };
    let place = Place::new(Some(cluster.url("public")));
    let server = Server::start_with(&place.world, &place.options());
    let (next, refused, is_over) = (AtomicU64::new(1), AtomicU64::new(0), AtomicBool::new(false));
    let acknowledged = Mutex::new(BTreeSet::new());
    let send = || {
        while !is_over.load(Ordering::Relaxed) {
            let number = next.fetch_add(1, Ordering::Relaxed);
            while let answer = deliver(server.address(), &place.bearer, number).expect("an answer")
                && !matches!(answer.status, 200 | 202)
            {
                assert_eq!(answer.status, 503, "{answer:?}");
                assert!(answer.head.contains("retry-after: 10"), "{answer:?}");
                refused.fetch_add(1, Ordering::Relaxed);
            }
            acknowledged.lock().unwrap().insert(number);
        }
    };
    std::thread::scope(|scope| {
        (0..4).for_each(|_| drop(scope.spawn(send)));
        for _ in 0..3 {
            let (taken, before) = (acknowledged.lock().unwrap().len(), refused.load(Ordering::Relaxed));
            wait_until(|| acknowledged.lock().unwrap().len() > taken + 20);
            cluster.stop();
            wait_until(|| refused.load(Ordering::Relaxed) > before);
            cluster.start_again();
        }
        let taken = acknowledged.lock().unwrap().len();
        wait_until(|| acknowledged.lock().unwrap().len() > taken + 20);
        is_over.store(true, Ordering::Relaxed);
    });
    let acknowledged = acknowledged.into_inner().unwrap();
    place.assert_holds(&acknowledged);
    assert_eq!(place.kept(), acknowledged, "each was sent until it was taken");
    eprintln!("{} deliveries acknowledged, {} times refused, 0 lost", acknowledged.len(), refused.into_inner());
    assert_eq!(server.get("/readyz", &[]).status, 200);
    assert_eq!(server.stop("-TERM"), Some(0));
}

#[test]
fn a_postgresql_without_a_free_connection_refuses_until_there_is_one() {
    let Some(cluster) = Cluster::start() else { return };
    let mut client = postgres::Client::connect(&cluster.url("public"), NoTls).unwrap();
    client.batch_execute("CREATE ROLE app LOGIN; CREATE SCHEMA facts AUTHORIZATION app").unwrap();
    let place = Place::new(Some(cluster.url("facts").replace("truelevel@", "app@")));
    let server = Server::start_with(&place.world, &place.options());
    let mut outage = Outage::new(&place, &server);
    outage.take(5);
    client.batch_execute("ALTER ROLE app CONNECTION LIMIT 0").unwrap();
    outage.take(5);
    client.execute("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'app'", &[]).unwrap();
    outage.send_until_refused();
    client.batch_execute("ALTER ROLE app CONNECTION LIMIT -1").unwrap();
    outage.goes_on();
    place.assert_holds(&outage.acknowledged);
    assert_eq!(server.stop("-TERM"), Some(0));
}

pub(crate) fn wait_until(is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() {
        assert!(begun.elapsed() < LONGEST, "it does not come to that");
        std::thread::yield_now();
    }
}
