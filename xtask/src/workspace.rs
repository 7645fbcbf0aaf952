//! The workspace as a place: where it is, and how its cargo is run.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::Failure;

/// The root of the workspace.
///
/// Asked when it runs, not when it is compiled: checkouts that share a target folder share this program too.
pub(crate) fn root() -> PathBuf {
    let package = std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo, which runs this program, says where it lies");
    Path::new(&package).parent().expect("this package lies in the root of the workspace").to_owned()
}

/// The cargo that runs this program, in the root of the workspace.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(root());
    command
}

/// Runs a command after saying which; its output goes where this program's goes.
pub(crate) fn run(command: &mut Command) -> Result<(), Failure> {
    let arguments: Vec<_> = command.get_args().map(|argument| argument.to_string_lossy()).collect();
    let shown = format!("cargo {}", arguments.join(" "));
    eprintln!("\n$ {shown}");
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(_) => Err(Failure::Failed(format!("`{shown}` failed"))),
        Err(error) => Err(Failure::Failed(format!("`{shown}` could not be started: {error}"))),
    }
}

/// Whether a command answers at all.
pub(crate) fn is_installed(command: &mut Command) -> bool {
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    quiet.status().is_ok_and(|status| status.success())
}
