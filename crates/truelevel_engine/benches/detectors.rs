//! Detectors on small and large repositories, read from a bare repository's objects.
//!
//! `cargo xtask bench detectors` makes repositories of 200 and 100,000 files with `git fast-import`;
//! `TRUELEVEL_BENCH_REPOSITORY` names a real one, bare or not, to measure as well. Every figure is that of a whole
//! process, started afresh: the median of several runs. A static analyser of GitHub workflows is run on the same
//! files where one is installed: `TRUELEVEL_BENCH_ZIZMOR` names its program.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use truelevel_model::{RepositoryId, Time};
use truelevel_practices::{FileEntry, PRACTICES, ReadFile, Repository};
use truelevel_sources::git::GitRepository;

/// That of the program.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const RUNS: usize = 5;
/// Workflows of each generated repository, which is what both programs read.
const WORKFLOWS: usize = 20;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|argument| argument != "--bench").collect();
    match arguments.as_slice() {
        [measure, path] if measure == "measure" => measure_here(Path::new(path)),
        [measure, path] if measure == "measure-each" => measure_each(Path::new(path)),
        _ => compare_all(),
    }
}

struct Objects(truelevel_sources::git::Tree);

impl ReadFile for Objects {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.0.read(path)
    }

    fn size(&self, path: &str) -> Option<u64> {
        self.0.size(path)
    }
}

/// The files of the newest commit as detectors see them.
fn read(path: &Path) -> Repository {
    let repository = GitRepository::open(path).expect("the bench repository opens");
    let tip = repository.default_branch().expect("a branch").expect("a commit").tip;
    let tree = repository.tree(tip).expect("a tree");
    let files = tree.files().iter().map(|file| FileEntry { path: file.path.clone() }).collect();
    let listed = truelevel_practices::Tree {
        id: RepositoryId::new("bench"),
        commit: tip,
        observed_at: Time::from_seconds(0),
        default_branch: None,
        files,
    };
    Repository::new(listed, &Objects(tree))
}

/// Everything once: seconds for reading, seconds for detecting, peak memory.
fn measure_here(path: &Path) {
    let started = Instant::now();
    let repository = read(path);
    let reading = started.elapsed().as_secs_f64();
    let started = Instant::now();
    let found = truelevel_practices::detect_all(&repository).len();
    println!("{reading} {} {} {found}", started.elapsed().as_secs_f64(), peak_kib());
}

/// Seconds of each detector, slowest first.
fn measure_each(path: &Path) {
    let repository = read(path);
    // The first use of a pattern compiles it, which is part of no detector's work on a repository.
    truelevel_practices::detect_all(&repository);
    let mut times: Vec<(Duration, &str)> = PRACTICES
        .iter()
        .map(|practice| {
            let started = Instant::now();
            std::hint::black_box((practice.detect)(&repository));
            (started.elapsed(), practice.id)
        })
        .collect();
    times.sort_by(|a, b| b.cmp(a));
    for (time, id) in times {
        println!("{id} {}", time.as_secs_f64());
    }
}

fn peak_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).unwrap_or(0)
}

fn compare_all() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let mut repositories: Vec<(String, PathBuf)> =
        [200, 100_000].map(|files| (format!("{files} files"), generated(folder.path(), files))).into();
    if let Some(path) = std::env::var_os("TRUELEVEL_BENCH_REPOSITORY") {
        repositories.push(("named repository".to_owned(), path.into()));
    }
    for (name, path) in &repositories {
        let mut runs: Vec<Vec<f64>> = (0..RUNS).map(|_| numbers(&this("measure", path))).collect();
        runs.sort_by(|a, b| (a[0] + a[1]).total_cmp(&(b[0] + b[1])));
        let median = &runs[RUNS / 2];
        println!(
            "{name}: {:.3} s (reading and parsing {:.3} s, {} detectors {:.3} s), {:.0} MiB",
            median[0] + median[1],
            median[0],
            median[3],
            median[1],
            median[2] / 1024.0,
        );
        for line in this("measure-each", path).lines().take(5) {
            println!("  {line} s");
        }
        analyser(folder.path(), path, median[0] + median[1]);
    }
}

/// The same workflows through a static analyser that is known for them, offline.
fn analyser(folder: &Path, repository: &Path, ours: f64) {
    let Some(program) = std::env::var_os("TRUELEVEL_BENCH_ZIZMOR") else { return };
    let work_tree = folder.join("work-tree");
    let clone =
        Command::new("git").args(["clone", "--quiet", "--no-hardlinks"]).arg(repository).arg(&work_tree).status();
    assert!(clone.expect("git is installed").success());
    let mut seconds: Vec<f64> = (0..RUNS)
        .map(|_| {
            let started = Instant::now();
            let mut command = Command::new(&program);
            command.args(["--offline", "--no-exit-codes", "--quiet"]).arg(&work_tree);
            let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status().expect("the analyser starts");
            assert!(status.success(), "the analyser ends well");
            started.elapsed().as_secs_f64()
        })
        .collect();
    seconds.sort_by(f64::total_cmp);
    println!(
        "  zizmor on a working tree of it: {:.3} s; ours ÷ zizmor {:.2}",
        seconds[RUNS / 2],
        ours / seconds[RUNS / 2]
    );
    std::fs::remove_dir_all(&work_tree).expect("the working tree goes away");
}

/// What this program prints for one measurement in a process of its own.
fn this(measure: &str, path: &Path) -> String {
    let program = std::env::current_exe().expect("this program");
    let output = Command::new(program).arg(measure).arg(path).output().expect("this program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn numbers(line: &str) -> Vec<f64> {
    line.split_whitespace().filter_map(|number| number.parse().ok()).collect()
}

/// A bare repository of one commit: workflows, manifests, Terraform, and mostly code.
fn generated(folder: &Path, files: usize) -> PathBuf {
    let path = folder.join(format!("{files}.git"));
    let init =
        Command::new("git").args(["-c", "init.defaultBranch=main", "init", "--bare", "--quiet"]).arg(&path).status();
    assert!(init.expect("git is installed").success());
    let mut child = Command::new("git")
        .arg("-C")
        .arg(&path)
        .args(["fast-import", "--quiet"])
        .stdin(Stdio::piped())
        .spawn()
        .expect("git is installed");
    let mut stream = BufWriter::new(child.stdin.take().expect("a pipe"));
    write_commit(&mut stream, files).expect("git reads the stream");
    drop(stream);
    assert!(child.wait().expect("git ends").success(), "the stream is well formed");
    path
}

fn write_commit(stream: &mut dyn Write, files: usize) -> std::io::Result<()> {
    writeln!(stream, "commit refs/heads/main\ncommitter C <c@example.org> 1700000000 +0000\ndata 4\nall\n")?;
    for number in 0..files {
        let (path, content) = match number {
            _ if number < WORKFLOWS => (format!(".github/workflows/w{number}.yml"), workflow(number)),
            // Of the rest a tenth are manifests, and a hundredth Terraform.
            _ if number % 10 == 0 => (format!("deploy/service_{number}/deployment.yaml"), manifest(number)),
            _ if number % 100 == 1 => (format!("infra/part_{number}/main.tf"), terraform(number)),
            _ => (
                format!("src/module_{}/part_{number}.go", number % 300),
                format!("package m\n\nvar V{number} = {number}\n"),
            ),
        };
        writeln!(stream, "M 100644 inline {path}\ndata {}\n{content}", content.len())?;
    }
    Ok(())
}

fn workflow(number: usize) -> String {
    let mut text = format!(
        "name: w{number}\non: {{push: {{branches: [main]}}, pull_request: }}\npermissions: {{contents: read}}\njobs:\n"
    );
    for job in 0..4 {
        text += &format!(
            "  job{job}:\n    runs-on: ubuntu-24.04\n    timeout-minutes: 10\n    steps:\n      - uses: actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683\n      - run: |\n          go build ./...\n          go test ./part{number}/...\n"
        );
    }
    text
}

fn manifest(number: usize) -> String {
    format!(
        "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: service-{number}}}\nspec:\n  replicas: 2\n  template:\n    spec:\n      containers:\n        - name: main\n          image: registry.example/service:{number}\n          livenessProbe: {{httpGet: {{path: /healthz, port: 80}}}}\n"
    )
}

fn terraform(number: usize) -> String {
    format!(
        "module \"network_{number}\" {{\n  source  = \"terraform-aws-modules/vpc/aws\"\n  version = \"~> 6.0\"\n}}\n"
    )
}
