//! The program as a server on a free port of this machine, and requests to it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

/// The program, built as a release.
pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_truelevel");

/// Runs a command to its end; answers what it printed.
pub(crate) fn run(command: &mut Command) -> Vec<u8> {
    let output = command.output().expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

/// A running server. It is ended with the value.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: String,
}

impl Server {
    /// Serves a workspace, whose facts are kept at `store` where that is not beside it.
    pub(crate) fn start(workspace: &Path, store: Option<&str>) -> Self {
        let mut command = Command::new(PROGRAM);
        command.args(["serve", "--listen", "127.0.0.1:0"]).arg(workspace).stdout(Stdio::piped()).stderr(Stdio::null());
        if let Some(store) = store {
            command.args(["--store", store]);
        }
        let mut child = command.spawn().expect("the server starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("it is piped")).read_line(&mut line).expect("where it listens");
        let address = line.trim().split_once("://").expect("an address").1.to_owned();
        Self { child, address }
    }

    /// Waits until everything is measured once.
    pub(crate) fn wait_until_measured(&self) {
        while self.get("/api/v1/decision").status != 200 {
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Asks on a connection of its own, and takes the answer packed, as browsers do.
    pub(crate) fn get(&self, path: &str) -> Answer {
        self.get_as(path, "gzip")
    }

    /// The same with an encoding of the answer.
    pub(crate) fn get_as(&self, path: &str, encoding: &str) -> Answer {
        let mut stream = TcpStream::connect(&self.address).expect("it listens");
        let host = &self.address;
        write!(
            stream,
            "GET {path} HTTP/1.1\r\nhost: {host}\r\naccept-encoding: {encoding}\r\nconnection: close\r\n\r\n"
        )
        .expect("it reads");
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).expect("it answers");
        Answer { status: status(&bytes), bytes }
    }

    /// A line of what the operating system says of the process, in MiB: `VmRSS` now, `VmHWM` at most.
    pub(crate) fn memory_mib(&self, what: &str) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap_or_default();
        let line = status.lines().find(|line| line.starts_with(what)).unwrap_or_default();
        line.split_whitespace().nth(1).and_then(|number| number.parse::<u64>().ok()).unwrap_or(0) >> 10
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Head and body.
    pub(crate) bytes: Vec<u8>,
}

/// The status in the head of an answer.
pub(crate) fn status(head: &[u8]) -> u16 {
    let line = String::from_utf8_lossy(&head[..head.len().min(12)]).into_owned();
    line.split(' ').nth(1).and_then(|status| status.parse().ok()).expect("a status")
}

/// The value below which a share of all lies.
pub(crate) fn at(sorted: &[f64], share: f64) -> f64 {
    sorted[((sorted.len() - 1) as f64 * share) as usize]
}

pub(crate) fn milliseconds(seconds: f64) -> String {
    format!("{:.1} ms", seconds * 1000.0)
}
