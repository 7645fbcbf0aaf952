//! What some tests need of the machine beside cargo and git: installed where it can be, else their tests are left out.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::workspace::root;

/// Something that the tests of a module need.
pub(crate) struct Aid {
    /// The module of the tests, as it begins their names.
    pub(crate) module: &'static str,
    /// Makes it be there, or says what is missing.
    pub(crate) prepare: fn() -> Result<(), String>,
}

pub(crate) static AIDS: &[Aid] = &[
    Aid { module: "browser::", prepare: prepare_browser },
    Aid { module: "openid_connect::", prepare: || install_npm_packages(&root().join("tests/oidc")) },
];

/// PostgreSQL's programs, for clusters that tests start themselves; they are installed where that is asked for. Tests of
/// several modules go on without them, each telling so, and none is left out.
pub(crate) fn prepare_postgresql(is_to_install: bool) -> Result<(), String> {
    // Debian keeps them beside the path, by version.
    let is_debians = std::fs::read_dir("/usr/lib/postgresql").is_ok_and(|mut versions| {
        versions.any(|version| version.is_ok_and(|version| version.path().join("bin/initdb").is_file()))
    });
    if is_debians || is_on_path("initdb") {
        return Ok(());
    }
    if !is_to_install {
        return Err("it is not installed; `cargo xtask test` without more installs it where it can".to_owned());
    }
    install_debian_package("postgresql")
}

fn prepare_browser() -> Result<(), String> {
    let names = ["chromium", "chromium-browser", "google-chrome"];
    if !names.into_iter().any(is_on_path) {
        install_debian_package("chromium")?;
    }
    install_npm_packages(&root().join("tests/browser"))
}

/// The packages that a folder's lock file names, in the folder, without running anything of theirs.
fn install_npm_packages(folder: &Path) -> Result<(), String> {
    if !is_on_path("node") || !is_on_path("npm") {
        return Err("Node.js with npm is not installed".into());
    }
    let (wanted, installed) = (folder.join("package-lock.json"), folder.join("node_modules/.package-lock.json"));
    let written = |file: &PathBuf| std::fs::metadata(file).and_then(|data| data.modified()).ok();
    if written(&installed).is_some_and(|installed| Some(installed) >= written(&wanted)) {
        return Ok(());
    }
    let mut npm = Command::new("npm");
    npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(folder);
    run(&mut npm)
}

fn install_debian_package(name: &str) -> Result<(), String> {
    if !is_on_path("apt-get") || !is_root() {
        return Err(format!("{name} is not installed, and only root can install it, on Debian"));
    }
    // A list of packages that was never fetched knows none.
    let install = || {
        let mut apt = Command::new("apt-get");
        apt.args(["install", "-y", "--no-install-recommends", name]).env("DEBIAN_FRONTEND", "noninteractive");
        run(&mut apt)
    };
    install().or_else(|_| run(Command::new("apt-get").arg("update")).and_then(|()| install()))
}

fn run(command: &mut Command) -> Result<(), String> {
    let shown = format!(
        "{} {}",
        command.get_program().display(),
        command.get_args().map(|it| it.to_string_lossy()).collect::<Vec<_>>().join(" ")
    );
    eprintln!("\n$ {shown}");
    match command.stdout(Stdio::null()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(format!("`{shown}` failed")),
        Err(error) => Err(format!("`{shown}` could not be started: {error}")),
    }
}

fn is_on_path(name: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(name).is_file())
}

fn is_root() -> bool {
    Command::new("id").arg("-u").output().is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
