//! Makes real repositories with `git`, with fixed authors and dates.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// The first day of every made history: 2026-01-01T00:00:00Z.
const DAY_ZERO: i64 = 1_767_225_600;
pub(crate) const HOUR: i64 = 3600;
pub(crate) const DAY: i64 = 24 * HOUR;

/// Seconds since 1970 of an instant in made histories.
pub(crate) const fn at(day: i64, hour: i64) -> i64 {
    DAY_ZERO + day * DAY + hour * HOUR
}

/// `git`, told nothing by the machine it runs on.
pub(crate) fn git_command(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", folder)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        // What is made here lives for a second: nothing waits for a disk.
        .envs([("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "core.fsync"), ("GIT_CONFIG_VALUE_0", "none")])
        .env("GIT_AUTHOR_NAME", "Ada")
        .env("GIT_AUTHOR_EMAIL", "ada@example.com")
        .env("GIT_AUTHOR_DATE", format!("{DAY_ZERO} +0000"))
        .env("GIT_COMMITTER_NAME", "Ada")
        .env("GIT_COMMITTER_EMAIL", "ada@example.com")
        .env("GIT_COMMITTER_DATE", format!("{DAY_ZERO} +0000"))
        .env("LC_ALL", "C")
        .current_dir(folder);
    command
}

fn run(command: &mut Command, input: &[u8]) -> String {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("git is needed for these tests");
    let mut stdin = child.stdin.take().expect("it was piped");
    let input = input.to_vec();
    let writing = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().expect("git ends");
    writing.join().expect("the writer does not panic").expect("git reads all of its input");
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{command:?}: {errors}");
    String::from_utf8_lossy(&output.stdout).trim_end().to_owned()
}

/// Runs `git` in a folder and answers what it printed.
pub(crate) fn git<I: AsRef<OsStr>>(folder: &Path, arguments: impl IntoIterator<Item = I>) -> String {
    run(git_command(folder).args(arguments), b"")
}

/// A repository that is being made. Nothing is checked out unless a test does so.
pub(crate) struct Repo {
    pub(crate) path: PathBuf,
    tips: BTreeMap<String, String>,
}

/// A commit to make; without parents it goes onto its branch.
#[derive(Clone)]
pub(crate) struct Commit {
    branch: String,
    parents: Option<Vec<String>>,
    author: String,
    authored_at: i64,
    committed_at: i64,
    message: String,
    changes: Vec<u8>,
    tag: Option<String>,
}

impl Commit {
    /// On `main`, written and committed at the same time.
    pub(crate) fn at(seconds: i64) -> Self {
        Self {
            branch: "main".into(),
            parents: None,
            author: "Ada <ada@example.com>".into(),
            authored_at: seconds,
            committed_at: seconds,
            message: "Change something".into(),
            changes: Vec::new(),
            tag: None,
        }
    }

    pub(crate) fn on(mut self, branch: &str) -> Self {
        self.branch = branch.into();
        self
    }

    pub(crate) fn parents(mut self, parents: &[&str]) -> Self {
        self.parents = Some(parents.iter().map(|parent| (*parent).to_owned()).collect());
        self
    }

    /// `Name <address>`.
    pub(crate) fn by(mut self, author: &str) -> Self {
        self.author = author.into();
        self
    }

    pub(crate) fn authored_at(mut self, seconds: i64) -> Self {
        self.authored_at = seconds;
        self
    }

    pub(crate) fn committed_at(mut self, seconds: i64) -> Self {
        self.committed_at = seconds;
        self
    }

    pub(crate) fn saying(mut self, message: &str) -> Self {
        self.message = message.into();
        self
    }

    pub(crate) fn file(self, path: impl AsRef<[u8]>, content: impl AsRef<[u8]>) -> Self {
        self.entry("100644", path.as_ref(), content.as_ref())
    }

    pub(crate) fn link(self, path: &str, target: &str) -> Self {
        self.entry("120000", path.as_bytes(), target.as_bytes())
    }

    /// Another repository in a folder, at a commit.
    pub(crate) fn submodule(mut self, path: &str, commit: &str) -> Self {
        self.changes.extend(format!("M 160000 {commit} {}\n", quoted(path.as_bytes())).bytes());
        self
    }

    pub(crate) fn without(mut self, path: &str) -> Self {
        self.changes.extend(format!("D {}\n", quoted(path.as_bytes())).bytes());
        self
    }

    /// With a light tag.
    pub(crate) fn tagged(mut self, name: &str) -> Self {
        self.tag = Some(name.into());
        self
    }

    fn entry(mut self, mode: &str, path: &[u8], content: &[u8]) -> Self {
        self.changes.extend(format!("M {mode} inline {}\ndata {}\n", quoted(path), content.len()).bytes());
        self.changes.extend(content);
        self.changes.push(b'\n');
        self
    }
}

/// A path as `git fast-import` reads it, whatever bytes it holds.
fn quoted(path: &[u8]) -> String {
    let escaped: String = path
        .iter()
        .map(|byte| match byte {
            b' '..=b'~' if !b"\"\\".contains(byte) => char::from(*byte).to_string(),
            byte => format!("\\{byte:03o}"),
        })
        .collect();
    format!("\"{escaped}\"")
}

impl Repo {
    /// An empty repository in a new folder.
    pub(crate) fn new(folder: &Path, name: impl AsRef<OsStr>) -> Self {
        let path = folder.join(name.as_ref());
        std::fs::create_dir_all(&path).expect("a temporary folder can be written");
        git(&path, ["init", "--quiet", "--initial-branch=main"]);
        Self { path, tips: BTreeMap::new() }
    }

    pub(crate) fn git<I: AsRef<OsStr>>(&self, arguments: impl IntoIterator<Item = I>) -> String {
        git(&self.path, arguments)
    }

    /// Feeds a whole stream to `git fast-import`; answers what it printed.
    pub(crate) fn import(&self, stream: &[u8]) -> String {
        run(git_command(&self.path).args(["fast-import", "--quiet", "--force"]), stream)
    }

    /// Makes a commit and answers its id.
    pub(crate) fn commit(&mut self, commit: Commit) -> String {
        self.commits([commit]).remove(0)
    }

    /// Makes commits, in one go, and answers their ids.
    pub(crate) fn commits(&mut self, commits: impl IntoIterator<Item = Commit>) -> Vec<String> {
        let mut stream = Vec::new();
        let mut branches = Vec::new();
        for (place, commit) in commits.into_iter().enumerate() {
            let Commit { branch, parents, author, authored_at, committed_at, message, changes, tag } = commit;
            let mark = place + 1;
            let parents = parents.unwrap_or_else(|| self.tips.get(&branch).cloned().into_iter().collect());
            stream.extend(format!("reset refs/heads/{branch}\ncommit refs/heads/{branch}\nmark :{mark}\n").bytes());
            stream.extend(format!("author {author} {authored_at} +0000\n").bytes());
            stream.extend(format!("committer {author} {committed_at} +0000\n").bytes());
            stream.extend(format!("data {}\n{message}\n", message.len()).bytes());
            for (place, parent) in parents.iter().enumerate() {
                stream.extend(format!("{} {parent}\n", if place == 0 { "from" } else { "merge" }).bytes());
            }
            stream.extend(changes);
            stream.extend(tag.iter().flat_map(|tag| format!("\nreset refs/tags/{tag}\nfrom :{mark}").into_bytes()));
            stream.extend(format!("\nget-mark :{mark}\n").bytes());
            self.tips.insert(branch.clone(), format!(":{mark}"));
            branches.push(branch);
        }
        // Every object in a file of its own, so that a test can damage one.
        let options = ["-c", "fastimport.unpackLimit=100000", "fast-import", "--quiet", "--force"];
        let ids: Vec<String> = run(git_command(&self.path).args(options), &stream).lines().map(str::to_owned).collect();
        for (branch, id) in branches.into_iter().zip(&ids) {
            self.tips.insert(branch, id.clone());
        }
        ids
    }

    /// A light tag.
    pub(crate) fn tag(&self, name: &str, commit: &str) {
        self.git(["update-ref", &format!("refs/tags/{name}"), commit]);
    }

    /// A tag with a date of its own.
    pub(crate) fn annotated_tag(&self, name: &str, commit: &str, seconds: i64) {
        let stream =
            format!("tag {name}\nfrom {commit}\ntagger Ada <ada@example.com> {seconds} +0000\ndata 7\nRelease\n");
        self.import(stream.as_bytes());
    }

    /// Copies it as people do. `options` are those of `git clone`.
    pub(crate) fn cloned(&self, name: &str, options: &[&str]) -> PathBuf {
        let folder = self.path.parent().expect("it lies in a temporary folder");
        let address = format!("file://{}", self.path.display());
        let mut arguments = vec!["clone", "--quiet"];
        arguments.extend(options);
        arguments.extend([address.as_str(), name]);
        git(folder, arguments);
        folder.join(name)
    }
}
