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
    Aid { module: "monitoring::", prepare: prepare_monitoring },
    Aid { module: "openid_connect::", prepare: || install_npm_packages(&root().join("tests/oidc")) },
    Aid { module: "payloads::", prepare: || install_npm_packages(&root().join("tests/payloads")) },
    Aid { module: "python_clients::", prepare: || install_python_packages(&root().join("tests/python")) },
    Aid { module: "sarif_schema::", prepare: || install_npm_packages(&root().join("tests/sarif_schema")) },
];

const MONITORING: &[&str] = &["prometheus", "prometheus-alertmanager"];

/// Where Debian's Alertmanager looks for its templates, wherever it is itself.
const ALERTMANAGER_TEMPLATES: &str = "usr/share/prometheus/alertmanager";

fn prepare_monitoring() -> Result<(), String> {
    let folder = root().join("tests/monitoring");
    unpack_debian_packages(&folder, MONITORING)?;
    let unpacked = folder.join("debian").join(ALERTMANAGER_TEMPLATES);
    let wanted = Path::new("/").join(ALERTMANAGER_TEMPLATES);
    let failed = |error: std::io::Error| format!("{}: {error}", unpacked.display());
    let mut missing = Vec::new();
    for template in std::fs::read_dir(&unpacked).map_err(failed)? {
        let template = template.map_err(failed)?;
        if template.path().extension().is_some_and(|kind| kind == "tmpl")
            && !wanted.join(template.file_name()).is_file()
        {
            missing.push(template.path());
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    if !is_root() {
        return Err(format!("only root can put Alertmanager's templates into {}", wanted.display()));
    }
    run(Command::new("mkdir").arg("-p").arg(&wanted))?;
    run(Command::new("cp").args(&missing).arg(&wanted))
}

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

/// The packages that a folder's list names, in an environment of their own in the folder.
fn install_python_packages(folder: &Path) -> Result<(), String> {
    let (wanted, packages) = (folder.join("requirements.txt"), folder.join("packages"));
    let read = |file: &Path| std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()));
    let wanted_now = read(&wanted)?;
    let installed = packages.join("installed.txt");
    if read(&installed).is_ok_and(|installed| installed == wanted_now) {
        return Ok(());
    }
    run(Command::new("python3").args(["-m", "venv", "--clear"]).arg(&packages))?;
    let mut pip = Command::new(packages.join("bin/pip"));
    run(pip.args(["install", "--quiet", "--disable-pip-version-check", "--requirement"]).arg(&wanted))?;
    std::fs::write(&installed, wanted_now).map_err(|error| format!("{}: {error}", installed.display()))
}

/// Debian's packages, unpacked below a folder and not installed: an installed one would start its server.
fn unpack_debian_packages(folder: &Path, packages: &[&str]) -> Result<(), String> {
    let unpacked = folder.join("debian");
    if unpacked.is_dir() {
        return Ok(());
    }
    if !is_on_path("apt-get") || !is_on_path("dpkg-deb") {
        return Err(format!("{} can only be brought on Debian", packages.join(" and ")));
    }
    let failed = |error: std::io::Error| format!("{}: {error}", folder.display());
    let partly = folder.join("partly");
    std::fs::create_dir_all(&partly).map_err(failed)?;
    let download = || run(Command::new("apt-get").arg("download").args(packages).current_dir(&partly));
    // A list of packages that was never fetched knows none.
    download().or_else(|_| run(Command::new("apt-get").arg("update")).and_then(|()| download()))?;
    for file in std::fs::read_dir(&partly).map_err(failed)?.flatten().map(|file| file.path()) {
        if file.extension().is_some_and(|extension| extension == "deb") {
            run(Command::new("dpkg-deb").arg("-x").arg(&file).arg(&partly))?;
            std::fs::remove_file(&file).map_err(failed)?;
        }
    }
    std::fs::rename(&partly, &unpacked).map_err(failed)
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
