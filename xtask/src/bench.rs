//! `cargo xtask bench`: the benchmarks, and nothing that `cargo bench` would run besides.

use cargo_metadata::{MetadataCommand, TargetKind};

use crate::Failure;
use crate::workspace::{cargo, root, run as run_shown};

pub(crate) fn run(arguments: &[String]) -> Result<(), Failure> {
    let (name, rest) = match arguments.split_first() {
        Some((name, rest)) if !name.starts_with('-') => (Some(name.as_str()), rest),
        _ => (None, arguments),
    };
    let known = benches()?;
    let chosen: Vec<_> = known.iter().filter(|(_, bench)| name.is_none_or(|name| name == bench)).collect();
    if chosen.is_empty() {
        let names: Vec<_> = known.iter().map(|(_, bench)| bench.as_str()).collect();
        return match name {
            Some(name) => Err(Failure::Failed(format!("there is no benchmark `{name}`; known: {}", names.join(", ")))),
            None => Err(Failure::Failed("the workspace has no benchmark: add `benches/NAME.rs` to a crate".into())),
        };
    }
    // Plain `cargo bench` also starts every test binary only to skip each of its tests.
    let mut command = cargo(&["bench"]);
    for (package, bench) in chosen {
        command.args(["--package", package, "--bench", bench]);
    }
    run_shown(command.args(rest))
}

/// Package and name of each benchmark.
fn benches() -> Result<Vec<(String, String)>, Failure> {
    let metadata = MetadataCommand::new().current_dir(root()).no_deps().exec();
    let metadata = metadata.map_err(|error| Failure::Failed(error.to_string()))?;
    let mut benches = Vec::new();
    for package in &metadata.packages {
        for target in package.targets.iter().filter(|target| target.kind.contains(&TargetKind::Bench)) {
            benches.push((package.name.to_string(), target.name.clone()));
        }
    }
    benches.sort();
    Ok(benches)
}
