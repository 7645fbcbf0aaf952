//! Prometheus and Alertmanager themselves: one scrapes the server and raises an alert, the other sends it as a webhook.
//! `cargo xtask test` brings both.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cli::World;
use crate::server::{SECRET, Server, read_answer, request, workspace};

/// So long may it take until they have spoken to each other: some of their own intervals are seconds.
const LONGEST: Duration = Duration::from_secs(90);

/// A program of Debian's packages. It is ended with the value.
struct Daemon {
    child: Child,
    address: String,
}

impl Daemon {
    /// Starts it, and reads the port that it got from its log.
    fn start(name: &str, folder: &Path, arguments: &[String]) -> Self {
        let programs: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/monitoring/debian/usr/bin");
        let mut command = Command::new(programs.join(name));
        command.args(["--web.listen-address=127.0.0.1:0", "--log.format=json"]).args(arguments).current_dir(folder);
        let mut child =
            command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().expect("`cargo xtask test` brings it");
        let log = BufReader::new(child.stderr.take().unwrap());
        let (told, heard) = mpsc::channel();
        std::thread::spawn(move || {
            for line in log.lines().map_while(Result::ok) {
                // Whoever waited may be gone; the log is read on, so that writing it never waits.
                let _ = told.send(line);
            }
        });
        let begun = Instant::now();
        let mut said = String::new();
        let address = loop {
            let line = heard.recv_timeout(LONGEST.saturating_sub(begun.elapsed()));
            let line = line.unwrap_or_else(|_| panic!("{name} does not say where it listens: {said}"));
            let event: Value = serde_json::from_str(&line).unwrap_or_default();
            if event["msg"] == "Listening on" {
                break event["address"].as_str().unwrap().to_owned();
            }
            said = said + &line + "\n";
        };
        Self { child, address }
    }

    fn get(&self, path: &str) -> Value {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        stream.write_all(&request("GET", path, &self.address, &[("accept", "application/json")], b"")).unwrap();
        let answer = read_answer(stream).expect("an answer");
        assert_eq!(answer.status, 200, "{path}: {}", answer.body);
        answer.json()
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// An alert that is raised while nothing has arrived, and ends when the first delivery is counted: its own.
fn configure(world: &World, server: &Server, alertmanager: &str) {
    let rule = json!({ "groups": [{ "name": "delivery", "rules": [{
        "alert": "NothingArrives", "expr": "truelevel_events_kept_total < 1",
        "labels": { "service": "shop", "severity": "page" }, "annotations": { "summary": "No event was kept" },
    }] }] });
    let prometheus = json!({
        "global": { "scrape_interval": "200ms", "scrape_timeout": "200ms", "evaluation_interval": "200ms" },
        "rule_files": ["rules.yml"],
        "scrape_configs": [{ "job_name": "truelevel", "static_configs": [{ "targets": [server.address()] }] }],
        "alerting": { "alertmanagers": [{ "static_configs": [{ "targets": [alertmanager] }] }] },
    });
    world.write("rules.yml", rule.to_string());
    world.write("prometheus.yml", prometheus.to_string());
}

#[test]
fn an_alert_of_prometheus_becomes_an_incident_that_ends_when_the_alert_does() {
    let world = workspace("");
    let server = Server::start(&world);
    let receiver = json!({ "name": "truelevel", "webhook_configs": [{
        "url": format!("http://{}/webhooks/alertmanager", server.address()),
        "send_resolved": true,
        "http_config": { "authorization": { "credentials": SECRET } },
    }] });
    let route = json!({ "receiver": "truelevel", "group_wait": "0s", "group_interval": "1s" });
    world.write("alertmanager.yml", json!({ "route": route, "receivers": [receiver] }).to_string());
    let folder = |name: &str| world.path().join(name).display().to_string();
    let alertmanager = Daemon::start(
        "prometheus-alertmanager",
        world.path(),
        &[
            "--config.file=alertmanager.yml".to_owned(),
            "--cluster.listen-address=".to_owned(),
            format!("--storage.path={}", folder("alerts")),
        ],
    );
    configure(&world, &server, &alertmanager.address);
    let prometheus = Daemon::start(
        "prometheus",
        world.path(),
        &["--config.file=prometheus.yml".to_owned(), format!("--storage.tsdb.path={}", folder("series"))],
    );
    let begun = Instant::now();
    // Two deliveries: that it fires, and that it is resolved.
    while !server.get("/metrics", &[]).body.contains("\ntruelevel_events_kept_total 2\n") {
        assert!(begun.elapsed() < LONGEST, "the alert did not come and go: {}", alertmanager.get("/api/v2/alerts"));
        std::thread::yield_now();
    }
    let scraped = prometheus.get("/api/v1/query?query=max_over_time(truelevel_events_kept_total%5B1m%5D)");
    assert_eq!(scraped["data"]["result"][0]["metric"]["job"], "truelevel", "{scraped}");
    let targets = prometheus.get("/api/v1/targets");
    assert_eq!(targets["data"]["activeTargets"][0]["lastError"], "", "{targets}");
    drop((prometheus, alertmanager));
    assert_eq!(server.stop("-TERM"), Some(0));
    let run = world.run(["export", "--kind", "incidents", "--format", "jsonl"]);
    let incidents: Vec<Value> = run.text().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let [incident] = incidents.as_slice() else { panic!("one incident: {incidents:?}") };
    assert_eq!((&incident["services"], &incident["severity"]), (&json!(["shop"]), &json!("page")), "{incident}");
    assert_eq!(incident["detected_by"], "alert");
    let times = [&incident["started_at"], &incident["resolved_at"]].map(|time| time.as_str().unwrap().to_owned());
    assert!(times[0] < times[1], "{times:?}");
}
