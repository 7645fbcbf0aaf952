//! Runs the binary in an environment that says nothing of the machine.

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;
use tempfile::TempDir;

use crate::git::Repo;

/// A temporary folder with repositories in it, and the binary run there.
pub(crate) struct World {
    temp: TempDir,
}

/// What a run left.
#[derive(Debug)]
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: String,
}

impl Run {
    pub(crate) fn text(&self) -> &str {
        std::str::from_utf8(&self.stdout).expect("results are UTF-8")
    }

    pub(crate) fn json(&self) -> Value {
        assert!(matches!(self.code, 0 | 1 | 4), "exit {}: {}", self.code, self.stderr);
        serde_json::from_slice(&self.stdout).expect("the result is JSON")
    }

    /// Asserts an exit code and that the message on stderr holds all of these.
    pub(crate) fn fails_with(&self, code: i32, parts: &[&str]) {
        assert_eq!(self.code, code, "{}", self.stderr);
        assert!(self.stdout.is_empty(), "a failing run gives no result");
        for part in parts {
            assert!(self.stderr.contains(part), "`{part}` is not in: {}", self.stderr);
        }
        assert!(!self.stderr.contains("panicked"), "{}", self.stderr);
    }
}

impl World {
    pub(crate) fn new() -> Self {
        Self { temp: tempfile::tempdir().expect("a temporary folder can be made") }
    }

    pub(crate) fn path(&self) -> &Path {
        self.temp.path()
    }

    pub(crate) fn repository(&self, name: impl AsRef<OsStr>) -> Repo {
        Repo::new(self.path(), name)
    }

    pub(crate) fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        std::fs::write(self.path().join(name), text).expect("a temporary folder can be written");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path().join(name)).expect("the file is there")
    }

    /// The command, ready for more.
    pub(crate) fn command<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_truelevel"));
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.path())
            .current_dir(self.path())
            .args(arguments);
        command
    }

    pub(crate) fn run<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Run {
        finish(&mut self.command(arguments))
    }

    /// `assess … --format json`, which must succeed.
    pub(crate) fn assess<A: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = A>) -> Value {
        let arguments: Vec<_> = arguments.into_iter().map(|argument| argument.as_ref().to_owned()).collect();
        let run = self.run(
            [OsStr::new("assess"), "--format".as_ref(), "json".as_ref()]
                .into_iter()
                .chain(arguments.iter().map(AsRef::as_ref)),
        );
        assert_eq!(run.code, 0, "{}", run.stderr);
        run.json()
    }
}

/// Runs a command to its end. A run that panics fails the test, whatever it asserts.
pub(crate) fn finish(command: &mut Command) -> Run {
    let Output { status, stdout, stderr } = command.output().expect("the binary starts");
    let stderr = String::from_utf8_lossy(&stderr).into_owned();
    assert!(!stderr.contains("panicked"), "{command:?}: {stderr}");
    Run { code: status.code().expect("no signal ended it"), stdout, stderr }
}

/// The warnings of an assessment.
pub(crate) fn warnings(assessment: &Value) -> Vec<&str> {
    let warnings = assessment["coverage"]["warnings"].as_array().expect("a list");
    warnings.iter().map(|warning| warning.as_str().expect("a text")).collect()
}

/// Asserts that a warning holds all of these.
pub(crate) fn assert_warned(assessment: &Value, parts: &[&str]) {
    let warnings = warnings(assessment);
    assert!(
        warnings.iter().any(|warning| parts.iter().all(|part| warning.contains(part))),
        "no warning holds {parts:?}: {warnings:#?}"
    );
}

/// A service of an assessment.
pub(crate) fn service<'a>(assessment: &'a Value, name: &str) -> &'a Value {
    let services = assessment["services"].as_array().expect("a list");
    let found = services.iter().find(|service| service["service"] == name);
    found.unwrap_or_else(|| panic!("no service {name} in {:?}", service_names(assessment)))
}

pub(crate) fn service_names(assessment: &Value) -> Vec<&str> {
    let services = assessment["services"].as_array().expect("a list");
    services.iter().map(|service| service["service"].as_str().expect("a text")).collect()
}

/// How many were left out under a code.
pub(crate) fn excluded(part: &Value, code: &str) -> u64 {
    part["exclusions"][code]["count"].as_u64().unwrap_or(0)
}
