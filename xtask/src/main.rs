//! One entry for developers: `cargo xtask COMMAND`.
//!
//! A command is a file and a line in the list below. It knows the workspace's layout and its declarations, and never
//! what a metric, practice or gate means.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a tool for developers talks to them")]

mod accuracy;
mod aids;
mod bench;
mod check;
mod generate;
mod new;
mod test;
mod workspace;

use std::process::ExitCode;

/// Why a command did not do what it was asked.
#[derive(Debug)]
enum Failure {
    /// It was asked in words that it does not know.
    Usage(String),
    /// It tried.
    Failed(String),
}

struct Command {
    name: &'static str,
    arguments: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Result<(), Failure>,
}

static COMMANDS: &[Command] = &[
    Command {
        name: "accuracy",
        arguments: "DIR | findings [SEEDS] [FINDING...]",
        about: "how often the detectors are right about the labelled repositories in DIR, or the findings",
        run: accuracy::run,
    },
    Command { name: "bench", arguments: "[NAME]", about: "run the benchmarks, or one of them", run: bench::run },
    Command {
        name: "check",
        arguments: "",
        about: "formatting, lints, generated files and documentation are in order",
        run: check::run,
    },
    Command {
        name: "gen",
        arguments: "[--check]",
        about: "write the reference pages and the schema from the declarations, or say which differ",
        run: generate::run,
    },
    Command {
        name: "new",
        arguments: "metric|practice NAME",
        about: "write the skeleton of a metric or practice and register it",
        run: new::run,
    },
    Command {
        name: "test",
        arguments: "[ARGUMENTS]",
        about: "run everything that must pass; arguments go to the test runner",
        run: test::run,
    },
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let Some((name, rest)) = arguments.split_first() else {
        eprint!("{}", help());
        return ExitCode::from(2);
    };
    if ["help", "-h", "--help"].contains(&name.as_str()) {
        print!("{}", help());
        return ExitCode::SUCCESS;
    }
    let outcome = match COMMANDS.iter().find(|command| command.name == name) {
        Some(command) => (command.run)(rest),
        None => Err(Failure::Usage(format!("there is no command `{name}`"))),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Usage(message)) => {
            eprint!("error: {message}\n\n{}", help());
            ExitCode::from(2)
        }
        Err(Failure::Failed(message)) => {
            eprintln!("\nerror: {message}");
            ExitCode::FAILURE
        }
    }
}

fn help() -> String {
    let mut text = String::from("usage: cargo xtask COMMAND\n\n");
    for Command { name, arguments, about, .. } in COMMANDS {
        text.push_str(&format!("  {:<26} {about}\n", format!("{name} {arguments}")));
    }
    text
}

/// For commands that take nothing further.
fn no_more(arguments: &[String]) -> Result<(), Failure> {
    match arguments.first() {
        None => Ok(()),
        Some(argument) => Err(Failure::Usage(format!("`{argument}` is one argument too many"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_are_sorted_and_the_help_names_them_all() {
        assert!(COMMANDS.is_sorted_by(|a, b| a.name < b.name));
        assert!(COMMANDS.iter().all(|command| help().contains(&format!("  {}", command.name))));
    }
}
