//! A PostgreSQL cluster of its own, on a socket in a temporary folder, ended with the value.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::{MetadataExt, chown};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use tempfile::TempDir;

pub(crate) struct Cluster {
    folder: TempDir,
    programs: PathBuf,
    server: Mutex<Child>,
}

impl Cluster {
    /// Starts one; none where PostgreSQL is not installed, which is told.
    #[expect(clippy::print_stderr, reason = "what is not tested must not go unseen")]
    pub(crate) fn start() -> Option<Self> {
        let Some(programs) = programs() else {
            eprintln!("SKIPPED: PostgreSQL's `initdb` is not installed, so nothing was tested with it");
            return None;
        };
        let folder = tempfile::tempdir().unwrap();
        if let Some((user, group)) = somebody_else() {
            chown(folder.path(), Some(user), Some(group)).unwrap();
        }
        let data = folder.path().join("data");
        let made = command(&programs.join("initdb"), folder.path())
            .args(["--username=truelevel", "--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", "-D"])
            .arg(&data)
            .output()
            .unwrap();
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        let server = Mutex::new(serve(&programs, folder.path()));
        Some(Self { folder, programs, server })
    }

    /// Ends it at once, as if the machine had.
    pub(crate) fn stop(&self) {
        let mut stop = command(&self.programs.join("pg_ctl"), self.folder.path());
        let _ = stop.args(["stop", "--mode=immediate", "-D"]).arg(self.folder.path().join("data")).output();
        let _ = self.server.lock().unwrap_or_else(PoisonError::into_inner).wait();
    }

    /// Starts it again where it was stopped.
    pub(crate) fn start_again(&self) {
        *self.server.lock().unwrap() = serve(&self.programs, self.folder.path());
    }

    /// Its address, with a schema.
    pub(crate) fn url(&self, schema: &str) -> String {
        let socket = self.folder.path().display().to_string().replace('/', "%2F");
        format!("postgres://truelevel@{socket}/postgres?options=-csearch_path%3D{schema}")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        self.stop();
    }
}

/// Runs the server of the cluster in a folder; answers once it takes connections.
fn serve(programs: &Path, folder: &Path) -> Child {
    let mut server = command(&programs.join("postgres"), folder)
        .args(["-c", "listen_addresses=", "-c", "log_min_messages=log", "-F", "-k"])
        .arg(folder)
        .arg("-D")
        .arg(folder.join("data"))
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = BufReader::new(server.stderr.take().unwrap());
    let (mut line, mut all) = (String::new(), String::new());
    while !line.contains("ready to accept connections") {
        line.clear();
        assert!(told.read_line(&mut line).unwrap() > 0, "the server did not start: {all}");
        all.push_str(&line);
    }
    // Its log is read on, so that writing it never waits.
    std::thread::spawn(move || told.read_to_end(&mut Vec::new()));
    server
}

fn programs() -> Option<PathBuf> {
    let on_path = std::env::var_os("PATH").unwrap_or_default();
    let installed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut folders: Vec<PathBuf> = installed.map(|version| version.path().join("bin")).collect();
    folders.extend(std::env::split_paths(&on_path));
    folders.into_iter().find(|folder| ["initdb", "postgres", "pg_ctl"].iter().all(|name| folder.join(name).is_file()))
}

/// The server refuses to run as root: the user and group to run it as instead.
fn somebody_else() -> Option<(u32, u32)> {
    if std::fs::metadata("/proc/self").unwrap().uid() != 0 {
        return None;
    }
    let users = std::fs::read_to_string("/etc/passwd").unwrap();
    let user = |wanted: &str| {
        let line = users.lines().find(|line| line.split(':').next() == Some(wanted))?;
        let mut fields = line.split(':').skip(2).map(|field| field.parse().unwrap());
        Some((fields.next()?, fields.next()?))
    };
    user("postgres").or_else(|| user("nobody"))
}

fn command(program: &Path, folder: &Path) -> Command {
    let mut command = Command::new(program);
    command.current_dir(folder).env("LC_ALL", "C").stdin(Stdio::null()).stdout(Stdio::null());
    if let Some((user, group)) = somebody_else() {
        command.uid(user).gid(group);
    }
    command
}
