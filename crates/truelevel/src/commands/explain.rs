//! `explain`: definitions, and what they come to here.

use truelevel_engine::explain::{DEFAULT_EDITION, Explanation, add_benchmark, define, define_own, explain, known_ids};
use truelevel_engine::{EngineError, Workspace};

use crate::args::{Explain, ExplainFormat};
use crate::progress::Progress;
use crate::{exit, output};

pub(crate) fn run(args: Explain) -> Result<u8, EngineError> {
    let Some(id) = &args.id else {
        for (id, title) in known_ids()? {
            output::print(&format!("{id:<42} {title}\n"))?;
        }
        return Ok(exit::DONE);
    };
    let Some(mut explanation) = define(id)?.map_or_else(|| in_workspace(id, &args), |known| Ok(Some(known)))? else {
        return Err(EngineError::Usage(unknown(id)?));
    };
    if args.definition || !add_what_is_here(&mut explanation, &args)? {
        add_benchmark(&mut explanation, args.scope.edition.as_deref().unwrap_or(DEFAULT_EDITION))?;
    }
    output::print(&match args.format {
        ExplainFormat::Text => page(&explanation),
        ExplainFormat::Json => serde_json::to_string_pretty(&explanation).unwrap_or_default() + "\n",
    })?;
    Ok(exit::DONE)
}

/// What only the workspace knows by this name.
fn in_workspace(id: &str, args: &Explain) -> Result<Option<Explanation>, EngineError> {
    Ok(define_own(&Workspace::open(&args.scope.paths)?, id)?)
}

/// Answers whether there was anything to look at.
fn add_what_is_here(explanation: &mut Explanation, args: &Explain) -> Result<bool, EngineError> {
    let is_asked_for = !args.scope.paths.is_empty();
    let progress = Progress::new();
    let prepared = Workspace::open(&args.scope.paths).and_then(|mut workspace| {
        truelevel_engine::assess::prepare(&mut workspace, &super::request(&args.scope), &progress)
    });
    match prepared {
        Ok(prepared) => {
            let assessment = prepared.assess(&progress);
            add_benchmark(explanation, &assessment.edition)?;
            explain(explanation, &prepared, &assessment, args.all);
            Ok(true)
        }
        // Outside of any repository the definition is still an answer.
        Err(EngineError::NothingToAssess(_) | EngineError::Git(_)) if !is_asked_for => Ok(false),
        Err(error) => Err(error),
    }
}

fn unknown(id: &str) -> Result<String, EngineError> {
    let wanted = id.to_lowercase().replace('-', "_");
    let near: Vec<String> = known_ids()?
        .into_iter()
        .map(|(known, _)| known)
        .filter(|known| {
            known.contains(&wanted)
                || wanted.contains(known.as_str())
                || known.split('_').any(|part| part.len() > 3 && wanted.contains(part))
        })
        .take(6)
        .collect();
    let near = if near.is_empty() { String::new() } else { format!("; near it: {}", near.join(", ")) };
    Ok(format!("nothing is called `{}`{near}. `truelevel explain` lists everything", truelevel_model::printable(id)))
}

fn page(explanation: &Explanation) -> String {
    let body = truelevel_report::text::plain(&explanation.body, output::style());
    let mut page = format!("{} ({} {})\n\n{body}", explanation.title, explanation.kind, explanation.id);
    for section in &explanation.sections {
        page += &format!("\n{}\n", section.heading);
        for line in &section.lines {
            page += &format!("  {}\n", truelevel_model::printable(line));
        }
    }
    page
}
