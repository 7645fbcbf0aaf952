//! Attribution, deployment repositories and small assessments against git, side by side in one run.
//!
//! `cargo xtask bench foundation` makes two histories of 250,000 commits with `git fast-import` and measures on them;
//! `TRUELEVEL_BENCH_DEPLOYMENTS` and `TRUELEVEL_BENCH_CHANGES` name real bare repositories instead. Every figure is
//! that of a whole process, started afresh: the median of several runs, ours and git's in turn.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod histories;
mod process;

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use truelevel_metrics::attribution::Attribution;
use truelevel_model::{ChangeIndex, History, SourceId, Time};
use truelevel_sources::deployment_files::{KeyPath, PathTemplate};
use truelevel_sources::deployment_repository::{VersionFiles, read_deployments};
use truelevel_sources::git::{AutomationAccounts, ChangeReading, GitRepository};

/// That of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RUNS: usize = 5;
/// Deployments of the attribution that is compared with `git rev-list NEW ^EARLIER…` for each.
const DEPLOYMENTS: usize = 1000;
/// Of these, so many are asked of git; the time of all is in proportion.
const ASKED_OF_GIT: usize = 25;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.as_slice() {
        [measure, path] if measure.starts_with("measure-") => measure_here(measure, Path::new(path)),
        _ => compare_all(),
    }
}

/// One measurement in a process of its own; prints seconds and peak memory.
fn measure_here(measure: &str, path: &Path) {
    let started = Instant::now();
    let repository = GitRepository::open(path).expect("the bench repository opens");
    let result = match measure {
        "measure-attribution" => return attribute(&repository, started),
        "measure-marking" => return mark(&repository),
        "measure-deployments" => deployments(&repository),
        "measure-assess" => assess(path),
        other => panic!("there is no {other}"),
    };
    println!("{} {} {result}", started.elapsed().as_secs_f64(), process::peak_kib());
}

fn history(repository: &GitRepository) -> History {
    let reading = ChangeReading {
        salt: b"bench",
        automation: &AutomationAccounts::default(),
        known: History::default(),
        needs_details: false,
        progress: &|_, _| {},
    };
    repository.changes(reading).expect("the bench repository reads").history
}

/// Reads the whole graph and marks every commit with the first of 1,000 deployments. Choosing these is not counted.
fn attribute(repository: &GitRepository, started: Instant) {
    let history = history(repository);
    let read = started.elapsed();
    let deployed = deployed_commits(&history);
    let started = Instant::now();
    let attribution = Attribution::of(&history, deployed);
    let marked = history.indices().filter(|change| attribution.first_deployment(*change).is_some()).count();
    println!("{} {} {marked}", (read + started.elapsed()).as_secs_f64(), process::peak_kib());
}

/// Only the marking, once the graph is in memory: what each further question costs.
fn mark(repository: &GitRepository) {
    let history = history(repository);
    let deployed = deployed_commits(&history);
    let started = Instant::now();
    let attribution = Attribution::of(&history, deployed);
    let seconds = started.elapsed().as_secs_f64();
    let marked = history.indices().filter(|change| attribution.first_deployment(*change).is_some()).count();
    println!("{seconds} {} {marked}", process::peak_kib());
}

/// Commits of the graph, evenly spread from the oldest to the newest.
fn deployed_commits(history: &History) -> Vec<ChangeIndex> {
    let mut by_time: Vec<ChangeIndex> = history.indices().collect();
    by_time.sort_by_key(|change| (history.committed_at(*change), *change));
    (1..=DEPLOYMENTS).map(|number| by_time[number * (by_time.len() - 1) / DEPLOYMENTS]).collect()
}

fn deployments(repository: &GitRepository) -> usize {
    let tip = repository.default_branch().expect("a branch").expect("a commit").tip;
    // The same files that git is asked for.
    let template = format!("{}/{{environment}}/{{service}}", histories::DEPLOYMENT_PATH);
    let template = PathTemplate::parse(&template).expect("a template");
    let files = VersionFiles::Configured(vec![(template, KeyPath::parse("image_tag").expect("a path of keys"))]);
    let read =
        read_deployments(repository, &SourceId::new("bench"), tip, &files, &AutomationAccounts::default(), &|_, _| {});
    read.expect("the bench repository reads").deployments.len()
}

fn assess(path: &Path) -> usize {
    let mut workspace = truelevel_engine::Workspace::open(&[path.to_owned()]).expect("a workspace");
    let request = truelevel_engine::assess::AssessRequest {
        as_of: None,
        now: Time::from_seconds(1_800_000_000),
        window_days: None,
        edition: None,
        services: Vec::new(),
    };
    let assessment = truelevel_engine::assess::assess(&mut workspace, &request, &truelevel_engine::Silent);
    assessment.expect("an assessment").services.len()
}

fn compare_all() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let named =
        |variable: &str| Some(bare_copy(Path::new(&std::env::var_os(variable)?), &folder.path().join(variable)));
    let changes = named("TRUELEVEL_BENCH_CHANGES").unwrap_or_else(|| histories::changes(folder.path()));
    let deploying = named("TRUELEVEL_BENCH_DEPLOYMENTS").unwrap_or_else(|| histories::deployments(folder.path()));
    let small = histories::small(folder.path());

    println!("| what | ours | peer | ratio | our peak memory | result |\n|---|---|---|---|---|---|");
    let all = ["rev-list", "--all", "--parents"];
    side_by_side("attribution, no commit-graph", "measure-attribution", &changes, &all);
    git(&changes, &["commit-graph", "write", "--reachable"]);
    side_by_side("attribution, commit-graph", "measure-attribution", &changes, &all);
    against_each_pair(&changes);
    let log = ["log", "--first-parent", "--format=%H", "--"];
    let paths: Vec<&str> = log.into_iter().chain([histories::DEPLOYMENT_PATH]).collect();
    side_by_side("deployment repository, no commit-graph", "measure-deployments", &deploying, &paths);
    git(&deploying, &["commit-graph", "write", "--reachable"]);
    side_by_side("deployment repository, commit-graph", "measure-deployments", &deploying, &paths);
    let (ours, memory, result) = median((0..RUNS).map(|_| run_ours("measure-assess", &small)).collect());
    println!(
        "| assess a small repository | {ours:.3} s | limit 0.300 s | {:.2} | {} | {result} services |",
        ours / 0.3,
        mebibytes(memory)
    );
}

/// A copy of somebody's repository that shares its packs and has no commit-graph yet.
fn bare_copy(repository: &Path, copy: &Path) -> PathBuf {
    git(repository, &["clone", "--quiet", "--mirror", ".", &copy.to_string_lossy()]);
    let information = copy.join("objects").join("info");
    let _ = std::fs::remove_file(information.join("commit-graph"));
    let _ = std::fs::remove_dir_all(information.join("commit-graphs"));
    copy.to_owned()
}

fn side_by_side(what: &str, measure: &str, repository: &Path, peer: &[&str]) {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..=RUNS {
        ours.push(run_ours(measure, repository));
        theirs.push(run_git(repository, peer));
    }
    // The first of each only warms the cache.
    let (seconds, memory, result) = median(ours.split_off(1));
    let (peer_seconds, ..) = median(theirs.split_off(1));
    println!(
        "| {what} | {seconds:.3} s | {peer_seconds:.3} s | {:.2} | {} | {result} |",
        seconds / peer_seconds,
        mebibytes(memory)
    );
    let _ = std::io::stdout().flush();
}

fn against_each_pair(repository: &Path) {
    let opened = GitRepository::open(repository).expect("the bench repository opens");
    let history = history(&opened);
    let deployed = deployed_commits(&history);
    let (ours, memory, _) = median((0..RUNS).map(|_| run_ours("measure-attribution", repository)).collect());
    let every = DEPLOYMENTS / ASKED_OF_GIT;
    let started = Instant::now();
    for place in (every..DEPLOYMENTS).step_by(every) {
        let new = history.id(deployed[place]).to_string();
        let earlier: Vec<String> = deployed[..place].iter().map(|commit| format!("^{}", history.id(*commit))).collect();
        let arguments: Vec<&str> =
            ["rev-list", "--no-merges", new.as_str()].into_iter().chain(earlier.iter().map(String::as_str)).collect();
        run_git(repository, &arguments);
    }
    let asked = (every..DEPLOYMENTS).step_by(every).count();
    let all = started.elapsed().as_secs_f64() * DEPLOYMENTS as f64 / asked as f64;
    let (marking, ..) = median((0..RUNS).map(|_| run_ours("measure-marking", repository)).collect());
    println!(
        "| the same, graph in memory | {marking:.4} s | {all:.1} s (from {asked}) | {:.5} | | {:.0}× ahead |",
        marking / all,
        all / marking
    );
    println!(
        "| attribution of {DEPLOYMENTS} deployments against `git rev-list NEW ^EARLIER…` for each | {ours:.3} s | {all:.1} s (from {asked}) | {:.4} | {} | {:.0}× ahead |",
        ours / all,
        mebibytes(memory),
        all / ours
    );
}

fn mebibytes(kib: u64) -> String {
    format!("{} MiB", kib / 1024)
}

fn run_ours(measure: &str, repository: &Path) -> (f64, u64, usize) {
    let program = std::env::current_exe().expect("this program has a path");
    let output = Command::new(program).arg(measure).arg(repository).output().expect("this program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let mut parts = text.split_whitespace();
    let mut number = || parts.next().and_then(|part| part.parse::<f64>().ok()).expect("three numbers");
    (number(), number() as u64, number() as usize)
}

fn run_git(repository: &Path, arguments: &[&str]) -> (f64, u64, usize) {
    let started = Instant::now();
    git(repository, arguments);
    (started.elapsed().as_secs_f64(), 0, 0)
}

fn git(repository: &Path, arguments: &[&str]) {
    let mut command = Command::new("git");
    command.arg("-C").arg(repository).args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    assert!(command.status().expect("git is installed").success(), "git {arguments:?}");
}

fn median(mut runs: Vec<(f64, u64, usize)>) -> (f64, u64, usize) {
    runs.sort_by(|a, b| a.0.total_cmp(&b.0));
    runs[runs.len() / 2]
}
