//! `cargo xtask check`: what must be in order besides the tests, the quickest first.

use crate::workspace::{cargo, is_installed, run as run_shown};
use crate::{Failure, generate, no_more};

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    no_more(arguments)?;
    for (command, component) in [("fmt", "rustfmt"), ("clippy", "clippy")] {
        if !is_installed(&mut cargo(&[command, "--version"])) {
            let message = format!("`cargo {command}` is missing: `rustup component add {component}` installs it");
            return Err(Failure::Failed(message));
        }
    }
    run_shown(&mut cargo(&["fmt", "--all", "--check"]))?;
    generate::run(&["--check".into()])?;
    run_shown(&mut cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]))?;
    run_shown(cargo(&["doc", "--no-deps", "--workspace"]).env("RUSTDOCFLAGS", "-D warnings"))
}
