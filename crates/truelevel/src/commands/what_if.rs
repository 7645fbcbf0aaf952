//! `what-if`: what would come of gates met and other values.

use truelevel_engine::what_if::{WhatIf, what_if};
use truelevel_engine::{EngineError, Workspace};
use truelevel_model::assessment::{Answer, GateOutcome};

use crate::args::{ExplainFormat, WhatIf as Args};
use crate::progress::Progress;
use crate::{exit, output};

pub(crate) fn run(args: &Args) -> Result<u8, EngineError> {
    let found = {
        let progress = Progress::new();
        let mut workspace = Workspace::open(&args.scope.paths)?;
        what_if(&mut workspace, &super::request(&args.scope), (&args.gate, &args.metric), &progress)?
    };
    output::print(&match args.format {
        ExplainFormat::Text => page(&found),
        ExplainFormat::Json => serde_json::to_string_pretty(&found).unwrap_or_default() + "\n",
    })?;
    Ok(exit::DONE)
}

fn page(found: &WhatIf) -> String {
    let mut page = format!("If {}:\n\n", found.supposed.join("; "));
    let (now, then) = (&found.now, &found.then);
    page += &format!("Level {} -> {}", now.level.proven, then.level.proven);
    page += &format!(" (possible {} -> {}); ", now.level.possible, then.level.possible);
    page += &format!("{} of {} services rise\n", found.services_raised, found.services);
    for ((stage, level), (_, after)) in now.stages.iter().zip(&then.stages) {
        let mark = if after == level { "" } else { "  *" };
        page += &format!("  {stage:<10} {level} -> {after}{mark}\n");
    }
    let answer = |answer: Option<Answer>| answer.map_or("yes to all", Answer::as_str);
    page += &format!("\nFirst constraint now:  {} ({})\n", now.statement, answer(now.answer));
    page += &format!("First constraint then: {} ({})\n  {}\n", then.statement, answer(then.answer), then.action);
    page += "\nWhat would still hold the lowest stages\n";
    if found.still_blocks.is_empty() {
        page += "  no open gate\n";
    }
    for gate in &found.still_blocks {
        let outcome = if gate.outcome == GateOutcome::Unmet { "unmet" } else { "cannot tell" };
        page += &format!("  {}, level {}: {} ({outcome}, {})\n", gate.stage, gate.level, gate.statement, gate.gate);
    }
    page += "\nWhat the plan would begin with\n";
    for (number, action) in (1..).zip(&found.next) {
        page += &format!("  {number}. {} ({})\n", action.action, action.gate);
    }
    page
}
