//! What the server takes for its pages, how heavy they are, and what 200 readers at once wait; then the report in one
//! file.
//!
//! `cargo xtask bench pages` makes organisations of 10 and 1,000 services; `TRUELEVEL_BENCH_SERVICES` names other sizes
//! (`10,1000,10000`). A page is asked for with a query of its own each time, so that it is made and not only sent again.

#![expect(clippy::print_stdout, reason = "a benchmark prints its figures")]

mod served;

use std::process::Command;
use std::time::Instant;

use served::{PROGRAM, Server, at, milliseconds, run};

const PAGES: [&str; 14] = [
    "/",
    "/services",
    "/teams",
    "/delivery",
    "/delivery/change_lead_time",
    "/maturity",
    "/decision",
    "/plan",
    "/platform",
    "/ai",
    "/pitfalls",
    "/coverage",
    "/services/payments-api",
    "/api/v1/services",
];
const RUNS: usize = 21;
const READERS: usize = 200;
const QUESTIONS: usize = 20;

fn main() {
    let sizes = std::env::var("TRUELEVEL_BENCH_SERVICES").unwrap_or_else(|_| "10,1000".to_owned());
    let folder = tempfile::tempdir().expect("a temporary folder");
    for services in sizes.split(',').map(str::trim) {
        let path = folder.path().join(services);
        run(Command::new(PROGRAM).args(["demo", "--services", services]).arg(&path));
        let started = Instant::now();
        let report = run(Command::new(PROGRAM).args(["assess", "--format", "html"]).arg(&path));
        let (seconds, kilobytes) = (started.elapsed().as_secs_f64(), report.len() / 1000);
        println!("\n{services} services: a report of {kilobytes} kB in {seconds:.1} s");
        let server = Server::start(&path, None);
        server.wait_until_measured();
        pages(&server);
        readers(&server);
        println!("{} MiB at most", server.memory_mib("VmHWM"));
    }
}

fn pages(server: &Server) {
    println!("\n| page | made, median | made, slowest | sent again | on the wire |\n|---|---|---|---|---|");
    for page in PAGES {
        let ask = |query: &str| {
            let started = Instant::now();
            let answer = server.get(&format!("{page}{query}"));
            assert_eq!(answer.status, 200, "{page}");
            (started.elapsed().as_secs_f64(), answer.bytes.len())
        };
        let mut made: Vec<f64> = (0..RUNS).map(|number| ask(&format!("?bench={number}")).0).collect();
        made.sort_by(f64::total_cmp);
        let (again, bytes) = ask("?bench=0");
        println!(
            "| `{page}` | {} | {} | {} | {:.1} kB |",
            milliseconds(at(&made, 0.5)),
            milliseconds(at(&made, 1.0)),
            milliseconds(again),
            bytes as f64 / 1000.0
        );
    }
}

fn readers(server: &Server) {
    let started = Instant::now();
    let read = |reader: usize| -> Vec<f64> {
        let pages = (0..QUESTIONS).map(|question| PAGES[(reader + question) % PAGES.len()]);
        pages
            .map(|page| {
                let started = Instant::now();
                let status = server.get(page).status;
                if status == 200 { started.elapsed().as_secs_f64() } else { f64::MAX }
            })
            .collect()
    };
    let mut waits: Vec<f64> = std::thread::scope(|scope| {
        let readers: Vec<_> = (0..READERS).map(|reader| scope.spawn(move || read(reader))).collect();
        readers.into_iter().flat_map(|reader| reader.join().expect("no reader fails")).collect()
    });
    let all = started.elapsed().as_secs_f64();
    waits.sort_by(f64::total_cmp);
    println!(
        "\n{READERS} readers at once, {} pages, {:.0} a second: half within {}, 99 % within {}, all within {}",
        waits.len(),
        waits.len() as f64 / all,
        milliseconds(at(&waits, 0.5)),
        milliseconds(at(&waits, 0.99)),
        milliseconds(at(&waits, 1.0))
    );
}
