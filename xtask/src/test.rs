//! `cargo xtask test`: everything that must pass.

use std::process::Command;

use crate::Failure;
use crate::aids::{AIDS, prepare_postgresql};
use crate::workspace::{cargo, is_installed, run as run_shown};

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    if !is_installed(Command::new("git").arg("--version")) {
        let message = "git is not on the PATH, and the tests build small repositories with it. Install git, then run \
                       this again.";
        return Err(Failure::Failed(message.into()));
    }
    if let Err(why) = prepare_postgresql(arguments.is_empty()) {
        eprintln!("\nWhat must hold on PostgreSQL too is SKIPPED, not tested: {why}.\n");
    }
    let has_nextest = is_installed(&mut cargo(&["nextest", "--version"]));
    if !has_nextest {
        eprintln!("cargo-nextest is not installed: `cargo test` runs the same tests, more slowly.");
    }
    let runner: &[&str] = if has_nextest { &["nextest", "run"] } else { &["test"] };
    let mut tests = cargo(runner);
    if !names_packages(arguments) {
        tests.arg("--workspace");
    }
    tests.args(arguments);
    let left_out = if arguments.is_empty() { prepare_aids() } else { Vec::new() };
    if !left_out.is_empty() {
        tests.arg("--");
        for (module, _) in &left_out {
            tests.args(["--skip", module]);
        }
    }
    run_shown(&mut tests)?;
    if has_nextest {
        run_examples(arguments)?; // `cargo test` has run the examples in documentation as well.
    }
    for (module, why) in left_out {
        eprintln!("\nLeft out: the tests in `{module}`, because {why}.");
    }
    Ok(())
}

/// The modules whose tests cannot run here, and why.
fn prepare_aids() -> Vec<(&'static str, String)> {
    AIDS.iter().filter_map(|aid| Some((aid.module, (aid.prepare)().err()?))).collect()
}

fn run_examples(arguments: &[String]) -> Result<(), Failure> {
    if !arguments.is_empty() {
        eprintln!("\nExamples in documentation were not run: they run when no arguments are given.");
        return Ok(());
    }
    run_shown(&mut cargo(&["test", "--workspace", "--doc"]))
}

/// Cargo prefers `--workspace` over `--package`, so only one of them may be said.
fn names_packages(arguments: &[String]) -> bool {
    let mut own = arguments.iter().take_while(|argument| *argument != "--");
    own.any(|argument| argument.starts_with("-p") || argument == "--package" || argument.starts_with("--package="))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_named_package_narrows_the_run() {
        let check = |arguments: &[&str], expected| {
            let arguments: Vec<String> = arguments.iter().map(|&argument| argument.to_owned()).collect();
            assert_eq!(names_packages(&arguments), expected, "{arguments:?}");
        };
        check(&[], false);
        check(&["levels"], false);
        check(&["-p", "truelevel_model"], true);
        check(&["-ptruelevel_model"], true);
        check(&["--package=truelevel_model", "time"], true);
        check(&["--profile", "ci"], false);
        check(&["--", "-p"], false);
    }
}
