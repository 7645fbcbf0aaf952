//! `demo`: a made-up organisation to look around in.

use std::path::Path;

use truelevel_engine::config::FILE_NAME;
use truelevel_engine::demo::{Constraint, Detail, Effects, GOLDEN_PATH, Plan, fill};
use truelevel_engine::{EngineError, Workspace};
use truelevel_model::Span;

use crate::args::Demo;
use crate::progress::Progress;
use crate::{exit, output};

/// The true answers, beside the configuration.
const TRUTH: &str = "truth.json";

pub(crate) fn run(args: &Demo) -> Result<u8, EngineError> {
    let file = args.folder.join(FILE_NAME);
    let shown = truelevel_model::printable(&args.folder.display().to_string()).into_owned();
    if file.exists() || args.folder.join(".truelevel").exists() {
        return Err(EngineError::Usage(format!("{shown} holds a workspace already; name another folder")));
    }
    if !(0.1..=100.0).contains(&args.batch) {
        return Err(EngineError::Usage(format!("a batch factor of {}; allowed are 0.1 to 100", args.batch)));
    }
    let constraint = Constraint::ALL.iter().find(|(name, _)| *name == args.constraint);
    let plan = Plan {
        seed: args.seed,
        services: args.services,
        weeks: args.weeks,
        // To the second, so that the time that is printed is the time that was meant.
        as_of: args.as_of.unwrap_or_else(|| {
            let now = super::now();
            now.plus(Span::from_millis(-now.millis().rem_euclid(1000)))
        }),
        constraint: constraint.map_or(Constraint::Mixed, |(_, constraint)| *constraint),
        detail: if args.narrow { Detail::Narrow } else { Detail::Full },
        batch: args.batch,
        effects: Effects::default(),
    };
    let write = |path: &Path, text: &str| {
        std::fs::write(path, text).map_err(|error| EngineError::Usage(format!("cannot write {shown}: {error}")))
    };
    std::fs::create_dir_all(&args.folder)
        .map_err(|error| EngineError::Usage(format!("cannot make {shown}: {error}")))?;
    write(
        &file,
        &format!(
            "# A made-up organisation. What is true of it stands in {TRUTH}.\n\n[workspace]\nname = \"Demo\"\n\n{GOLDEN_PATH}"
        ),
    )?;
    let mut workspace = Workspace::open(std::slice::from_ref(&args.folder))?;
    let progress = Progress::new();
    let truth = fill(&mut workspace, &plan, &progress)?;
    drop(progress);
    let text = serde_json::to_string_pretty(&truth).map_err(|error| EngineError::Usage(error.to_string()))?;
    write(&args.folder.join(TRUTH), &text)?;
    output::print(&format!(
        "{shown} is an organisation of {} services in {} teams, up to {}.\nNext: truelevel assess {shown} --as-of {}\nIts true answers stand in {shown}/{TRUTH}.\n",
        truth.services.len(),
        truth.teams.len(),
        plan.as_of,
        plan.as_of,
    ))?;
    Ok(exit::DONE)
}
