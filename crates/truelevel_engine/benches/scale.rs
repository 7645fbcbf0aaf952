//! Measuring an organisation of 10,000 services from its store, how that grows, and SQLite beside it on the same store.
//!
//! `cargo xtask bench scale` makes organisations of 100, 1,000 and 10,000 services; `TRUELEVEL_BENCH_SERVICES` names
//! other sizes (`100,1000`). Every measurement is a process of its own; before a cold one the store's file is taken out of
//! the operating system's cache. The values of three keys are compared with what `peer/keys.sql` says, service by service.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod process;

use std::collections::BTreeMap;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::time::Instant;

use truelevel_engine::assess::{AssessRequest, prepare};
use truelevel_engine::demo::{Constraint, Detail, Effects, GOLDEN_PATH, Plan, fill};
use truelevel_engine::import::{ImportRequest, import};
use truelevel_engine::intake::Intake;
use truelevel_engine::remembered::{Remembered, Touched};
use truelevel_engine::{Silent, Talk, Workspace};
use truelevel_model::assessment::Assessment;
use truelevel_model::events::{RawEvent, Reading};
use truelevel_model::facts::Facts;
use truelevel_model::{Deployment, DeploymentOutcome, Time};

/// That of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RUNS: usize = 3;
/// So that 10,000 services come to 1,000,000 deployments, 10,000,000 changes and more than 50,000 incidents.
const WEEKS: u32 = 27;
const BATCH: f64 = 4.0;
/// Records of the file that is imported.
const RECORDS: usize = 1_000_000;
const KEYS: [&str; 3] = ["deployment_frequency", "change_lead_time", "change_fail_rate"];
const PEER: &str = include_str!("peer/keys.sql");

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.as_slice() {
        [measure, path] if measure == "measure" => measure_here(Path::new(path)),
        // For a profiler: one that stays.
        [measure, path, services] if measure == "make" => make(Path::new(path), services.parse().expect("a number")),
        [measure, path] if measure == "values" => print_values(Path::new(path)),
        [measure, path, file] if measure == "import" => import_here(Path::new(path), Path::new(file)),
        _ => all(),
    }
}

fn all() {
    let sizes = std::env::var("TRUELEVEL_BENCH_SERVICES").unwrap_or_else(|_| "100,1000,10000".to_owned());
    let folder = tempfile::tempdir().expect("a temporary folder");
    println!(
        "| services | file | cold | of it reading | processor time | peak memory | after an event | processor time | one team | peak memory, served | SQLite, three keys | equal values |"
    );
    println!("|---|---|---|---|---|---|---|---|---|---|---|---|");
    for services in sizes.split(',').filter_map(|size| size.trim().parse::<u32>().ok()) {
        let path = folder.path().join(services.to_string());
        make(&path, services);
        println!("| {services} | {} |", row(&path));
        std::fs::remove_dir_all(&path).expect("the organisation goes");
    }
    println!("\n| import of {RECORDS} deployments | seconds | records a second | peak memory |\n|---|---|---|---|");
    for (what, file) in records(folder.path()) {
        let path = folder.path().join(what);
        make(&path, 1);
        let [seconds, peak] = ours(&["import".as_ref(), path.as_os_str(), file.as_os_str()]);
        println!("| {what} | {seconds:.1} | {:.0} | {} |", RECORDS as f64 / seconds, mebibytes(peak));
        let [seconds, _] = ours(&["import".as_ref(), path.as_os_str(), file.as_os_str()]);
        println!("| the same again | {seconds:.1} | {:.0} | |", RECORDS as f64 / seconds);
    }
}

fn plan(services: u32) -> Plan {
    let (constraint, detail) = (Constraint::Mixed, Detail::Narrow);
    Plan {
        seed: 1,
        services,
        weeks: WEEKS,
        as_of: as_of(),
        constraint,
        detail,
        batch: BATCH,
        effects: Effects::default(),
    }
}

fn as_of() -> Time {
    Time::parse("2026-08-21T23:59:59Z").expect("a time")
}

fn make(path: &Path, services: u32) {
    std::fs::create_dir_all(path).expect("a folder");
    std::fs::write(path.join("truelevel.toml"), format!("[workspace]\nname = \"Bench\"\n{GOLDEN_PATH}"))
        .expect("a configuration");
    let mut workspace = Workspace::open(&[path.to_owned()]).expect("the workspace opens");
    fill(&mut workspace, &plan(services), &Silent).expect("an organisation");
}

fn store(path: &Path) -> std::path::PathBuf {
    path.join(".truelevel/store.sqlite")
}

fn row(path: &Path) -> String {
    let bytes = std::fs::metadata(store(path)).map_or(0, |found| found.len());
    // Before the runs, each of which tells of an event.
    let (peer, values) = match peer(path) {
        Some((seconds, theirs)) => (format!("{seconds:.1} s"), equal(&values(path), &theirs)),
        None => ("no sqlite3".to_owned(), String::new()),
    };
    let mut runs: Vec<[f64; 8]> = (0..RUNS)
        .map(|_| {
            forget(&store(path));
            ours(&["measure".as_ref(), path.as_os_str()])
        })
        .collect();
    runs.sort_by(|a, b| a[0].total_cmp(&b[0]));
    let [cold, reading, processor, peak, warm, processor_warm, team, peak_served] = runs[RUNS / 2];
    format!(
        "{} MiB | {cold:.2} s | {:.0} % | {processor:.1} s | {} | {warm:.2} s | {processor_warm:.2} s | {team:.2} s | {} | {peer} | {values}",
        bytes >> 20,
        100.0 * reading / cold,
        mebibytes(peak),
        mebibytes(peak_served)
    )
}

fn mebibytes(kib: f64) -> String {
    format!("{:.0} MiB", kib / 1024.0)
}

/// Takes a file out of the operating system's cache.
fn forget(file: &Path) {
    let input = format!("if={}", file.display());
    let _ = Command::new("dd").args([&input, "iflag=nocache", "count=0", "status=none"]).status();
}

/// The figures that this program prints in a process of its own.
fn ours<const N: usize>(arguments: &[&std::ffi::OsStr]) -> [f64; N] {
    let program = std::env::current_exe().expect("this program has a path");
    let output = Command::new(program).args(arguments).output().expect("this program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut numbers = text.split_whitespace().filter_map(|number| number.parse().ok());
    std::array::from_fn(|_| numbers.next().expect("as many numbers as are read"))
}

/// When reading ended and measuring began.
struct Steps {
    started: Instant,
    read: Mutex<Option<f64>>,
}

impl Talk for Steps {
    fn progress(&self, what: &str, _done: u64, _total: Option<u64>) {
        if what == "looking at files" {
            self.read.lock().expect("no step panics").get_or_insert(self.started.elapsed().as_secs_f64());
        }
    }
}

fn request() -> AssessRequest {
    AssessRequest { as_of: Some(as_of()), now: as_of(), window_days: None, edition: None, services: Vec::new() }
}

/// Prints the seconds of a whole assessment from the store, those of them that went into reading, its processor time and
/// the peak memory in KiB; then, of a process that answers one question after the other, the seconds and the processor time
/// from an event to the answer that holds it, the seconds of a question about one team, and the peak memory in KiB.
fn measure_here(path: &Path) {
    let steps = Steps { started: Instant::now(), read: Mutex::default() };
    let mut workspace = Workspace::open(&[path.to_owned()]).expect("the workspace opens");
    let assessment = prepare(&mut workspace, &request(), &steps).expect("facts").assess(&steps);
    let (cold, processor) = (steps.started.elapsed().as_secs_f64(), processor_seconds());
    let peak = process::peak_kib();
    drop(assessment);
    let reading = steps.read.lock().expect("no step panics").unwrap_or(cold);

    let mut remembered = Remembered::default();
    let all = AssessRequest { as_of: None, ..request() };
    let shown = remembered.assess(&mut workspace, &all, &Silent).expect("an answer");
    let mut intake = Intake::open(&workspace).expect("the workspace keeps facts");
    // Another one in each run on the same store.
    let number = shown.0.services[0].metrics["deployment_frequency"].n;
    let (raw, said) = event(&shown.0.services[0].service, number);
    let (started, before) = (Instant::now(), processor_seconds());
    intake.receive(&[(raw, said.clone())]).expect("the event is kept");
    remembered.touch(Touched::by(&said));
    let again = remembered.assess(&mut workspace, &all, &Silent).expect("an answer");
    let (warm, processor_warm) = (started.elapsed().as_secs_f64(), processor_seconds() - before);
    let frequency = |answer: &Assessment| answer.services[0].metrics["deployment_frequency"].n;
    assert_eq!(frequency(&again.0), frequency(&shown.0) + 1, "the event is in the answer");
    drop(shown);

    let started = Instant::now();
    let services = again.0.teams[0].services.clone();
    let of_team = remembered.assess(&mut workspace, &AssessRequest { services, ..all }, &Silent).expect("an answer");
    let team = started.elapsed().as_secs_f64();
    assert_eq!(of_team.0.services.len(), again.0.teams[0].services.len());
    let peak_served = process::peak_kib();
    println!("{cold} {reading} {processor} {peak} {warm} {processor_warm} {team} {peak_served}");
}

/// A deployment that nobody has heard of.
fn event(service: &str, number: u64) -> (RawEvent, Reading) {
    let name = format!("event-{number}");
    let deployment = Deployment {
        source: "bench".into(),
        id: name.clone(),
        service: service.into(),
        environment: "production".into(),
        version: name.clone(),
        commit: None,
        started_at: None,
        finished_at: as_of(),
        sequence: 0,
        outcome: DeploymentOutcome::Succeeded,
        is_initial_state: false,
        is_removal: false,
        initiated_by: None,
        approval_wait: None,
        strategy: None,
        aborted_automatically: None,
        observed_at: as_of(),
    };
    let [sender, kind] = ["bench", "deployment"].map(str::to_owned);
    let raw = RawEvent { sender, delivery: name, repeats: Vec::new(), kind, body: Vec::new(), received_at: as_of() };
    let facts = Facts { deployments: vec![deployment], ..Facts::default() };
    (raw, Reading { facts, ..Reading::default() })
}

/// The time that the process spent on all cores, in the system too.
fn processor_seconds() -> f64 {
    /// Of the fields behind the program's name, `utime` and `stime`; in hundredths of a second on Linux.
    const TIMES: std::ops::Range<usize> = 11..13;
    let status = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let fields: Vec<&str> = status.rsplit(')').next().unwrap_or_default().split_whitespace().collect();
    let ticks = fields.get(TIMES).unwrap_or_default().iter().filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

fn assessed(path: &Path) -> Assessment {
    let mut workspace = Workspace::open(&[path.to_owned()]).expect("the workspace opens");
    prepare(&mut workspace, &request(), &Silent).expect("facts").assess(&Silent)
}

fn print_values(path: &Path) {
    let mut lines = String::new();
    for service in &assessed(path).services {
        let value = |key: &str| service.metrics.get(key).and_then(|found| found.value);
        let values = KEYS.map(|key| value(key).map(|value| value.to_string()).unwrap_or_default());
        lines += &format!("{}|{}\n", service.service, values.join("|"));
    }
    print!("{lines}");
}

type Values = BTreeMap<String, [Option<f64>; KEYS.len()]>;

fn read_values(text: &str) -> Values {
    let read = |line: &str| {
        let (service, rest) = line.split_once('|')?;
        let mut parts = rest.split('|').map(|value| value.parse().ok());
        Some((service.to_owned(), std::array::from_fn(|_| parts.next().flatten())))
    };
    text.lines().filter_map(read).collect()
}

fn values(path: &Path) -> Values {
    let program = std::env::current_exe().expect("this program has a path");
    let output = Command::new(program).arg("values").arg(path).output().expect("this program starts");
    read_values(&String::from_utf8_lossy(&output.stdout))
}

/// The same of SQLite's own program, with its seconds; none where it is not installed.
fn peer(path: &Path) -> Option<(f64, Values)> {
    let started = Instant::now();
    let mut child =
        Command::new("sqlite3").arg(store(path)).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().ok()?;
    let settings = "PRAGMA temp_store = MEMORY;\nPRAGMA cache_size = -65536;\n";
    let script = format!("{settings}.parameter set :as_of {}\n{PEER}", as_of().millis());
    child.stdin.take()?.write_all(script.as_bytes()).ok()?;
    let output = child.wait_with_output().ok()?;
    Some((started.elapsed().as_secs_f64(), read_values(&String::from_utf8_lossy(&output.stdout))))
}

fn equal(ours: &Values, theirs: &Values) -> String {
    let is_equal = |a: Option<f64>, b: Option<f64>| match (a, b) {
        (Some(a), Some(b)) => (a - b).abs() <= 1e-9 * a.abs().max(1.0),
        (a, b) => a.is_none() && b.is_none(),
    };
    let same = |key: usize| {
        let pairs = ours.iter().filter_map(|(service, values)| Some((values[key], theirs.get(service)?[key])));
        pairs.filter(|(a, b)| is_equal(*a, *b)).count()
    };
    let counts: Vec<String> = (0..KEYS.len()).map(|key| same(key).to_string()).collect();
    format!("{} of {}", counts.join(", "), ours.len())
}

/// The same deployments as JSON Lines and as CSV.
fn records(folder: &Path) -> [(&'static str, std::path::PathBuf); 2] {
    let files = [("JSON Lines", folder.join("deployments.jsonl")), ("CSV", folder.join("deployments.csv"))];
    let [mut lines, mut table] = [0, 1].map(|file: usize| {
        std::io::BufWriter::new(std::fs::File::create(&files[file].1).expect("a file can be written"))
    });
    writeln!(table, "id,service,environment,version,outcome,finished_at").expect("a file can be written");
    for number in 0..RECORDS {
        let (service, version) = (number % 1000, number / 1000);
        let at = Time::from_seconds(1_700_000_000 + (number as i64) * 60);
        writeln!(table, "d-{number},service-{service},production,v{version},succeeded,{at}")
            .expect("a file can be written");
        let fact =
            format!("\"service\":\"service-{service}\",\"environment\":\"production\",\"version\":\"v{version}\"");
        writeln!(lines, "{{\"id\":\"d-{number}\",{fact},\"outcome\":\"succeeded\",\"finished_at\":\"{at}\"}}")
            .expect("a file can be written");
    }
    files
}

/// Prints the seconds and the peak memory in KiB.
fn import_here(path: &Path, file: &Path) {
    let started = Instant::now();
    let mut workspace = Workspace::open(&[path.to_owned()]).expect("the workspace opens");
    let request = ImportRequest {
        files: vec![file.to_owned()],
        layout: None,
        format: None,
        source: None,
        time_zone: None,
        now: as_of(),
    };
    let imported = import(&mut workspace, &request, &Silent, &mut |_, _| Ok(())).expect("an import");
    assert_eq!((imported.rejected, imported.faults.len()), (0, 0));
    println!("{} {}", started.elapsed().as_secs_f64(), process::peak_kib());
}
