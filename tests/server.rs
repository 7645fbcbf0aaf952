//! The server as a process on a free port, and requests to it byte by byte.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::cli::World;

pub(crate) const SECRET: &str = "It's a Secret to Everybody";

/// A workspace that GitHub and Alertmanager may send to.
pub(crate) fn workspace(more: &str) -> World {
    let world = World::new();
    let text = "[[webhooks]]\nsender = \"github\"\nsecret_env = \"SECRET\"\n[[webhooks]]\nsender = \"alertmanager\"\nsecret_env = \"SECRET\"\n";
    world.write("truelevel.toml", format!("{text}{more}"));
    world
}

/// A running server. It is ended with the value.
pub(crate) struct Server {
    child: Child,
    address: String,
}

impl Server {
    pub(crate) fn start(world: &World) -> Self {
        Self::start_with(world, &[])
    }

    pub(crate) fn start_with(world: &World, more: &[&str]) -> Self {
        Self::start_as(&mut Self::command(world, more))
    }

    /// The command that starts it.
    pub(crate) fn command(world: &World, more: &[&str]) -> Command {
        let mut command = world.command(["serve", "--listen", "127.0.0.1:0"]);
        command.args(more).env("SECRET", SECRET).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// The command that starts it, after what a shell does first: limits on what it may have. The shell is run by these
    /// words.
    pub(crate) fn limited(world: &World, shell: &[&str], first: &str) -> Command {
        let usual = Self::command(world, &[]);
        let mut command = Command::new(shell[0]);
        command.args(&shell[1..]).args(["-c", &format!("{first} && exec \"$0\" \"$@\"")]);
        command.arg(usual.get_program()).args(usual.get_args());
        command.env_clear().envs(usual.get_envs().filter_map(|(name, value)| Some((name, value?))));
        command.current_dir(world.path()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    pub(crate) fn start_as(command: &mut Command) -> Self {
        let mut child = command.spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let (_, address) = line.trim().split_once("://").expect("it says where it listens");
        let address = address.to_owned();
        // Logs are read, so that writing them never waits.
        let mut stderr = child.stderr.take().unwrap();
        std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
        Self { child, address }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// The process.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// The most memory that the process ever had, in MiB.
    pub(crate) fn peak_memory_mib(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        peak.unwrap().parse::<u64>().unwrap() >> 10
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    }

    pub(crate) fn get(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask("GET", path, headers, b"")
    }

    pub(crate) fn patch(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.ask("PATCH", path, headers, body)
    }

    pub(crate) fn post(&self, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        self.ask("POST", path, headers, body)
    }

    fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut stream = self.connect();
        // Who refuses a body may end before it was sent.
        let _ = stream.write_all(&request(method, path, &self.address, headers, body));
        read_answer(stream).expect("an answer")
    }

    /// A signed delivery of GitHub.
    pub(crate) fn deliver(&self, delivery: &str, body: &Value) -> Answer {
        let body = body.to_string().into_bytes();
        let signature = sign(&body);
        self.post("/webhooks/github", &github_headers(delivery, &signature), &body)
    }

    /// Asks it to stop, and answers its exit code.
    pub(crate) fn stop(mut self, signal: &str) -> Option<i32> {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
        self.child.wait().unwrap().code()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

pub(crate) fn request(method: &str, path: &str, host: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut head = format!("{method} {path} HTTP/1.1\r\n");
    for (name, value) in headers {
        head += &format!("{name}: {value}\r\n");
    }
    if !headers.iter().any(|(name, _)| *name == "host") {
        head += &format!("host: {host}\r\n");
    }
    if !headers.iter().any(|(name, _)| *name == "content-length") {
        head += &format!("content-length: {}\r\n", body.len());
    }
    [head.as_bytes(), b"connection: close\r\n\r\n", body].concat()
}

/// An answer of the server.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// In lower case.
    pub(crate) head: String,
    pub(crate) head_as_it_came: String,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).expect("JSON")
    }
}

/// Reads an answer up to the end of the connection; none, when it broke off before.
pub(crate) fn read_answer(mut stream: TcpStream) -> Option<Answer> {
    let mut bytes = Vec::new();
    // What came before a reset counts.
    let _ = stream.read_to_end(&mut bytes);
    let text = String::from_utf8_lossy(&bytes);
    let (head, body) = text.split_once("\r\n\r\n")?;
    let status = head.split(' ').nth(1)?.parse().ok()?;
    let (head_as_it_came, body) = (head.to_owned(), body.to_owned());
    Some(Answer { status, head: head.to_lowercase(), head_as_it_came, body })
}

pub(crate) fn sign(body: &[u8]) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET.as_bytes()).unwrap();
    mac.update(body);
    mac.finalize().into_bytes().iter().fold("sha256=".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}

pub(crate) fn github_headers<'a>(delivery: &'a str, signature: &'a str) -> [(&'a str, &'a str); 3] {
    [("x-github-event", "deployment_status"), ("x-github-delivery", delivery), ("x-hub-signature-256", signature)]
}

/// The body of a deployment that succeeded.
pub(crate) fn deployment(id: u64, repository: &str) -> Value {
    json!({
        "deployment_status": { "state": "success", "created_at": "2026-08-21T10:05:00Z" },
        "deployment": {
            "id": id, "sha": format!("{id:040x}"), "environment": "production",
            "created_at": "2026-08-21T10:00:00Z",
        },
        "repository": { "full_name": repository },
    })
}
