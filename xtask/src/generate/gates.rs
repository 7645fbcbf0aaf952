//! The page of the gates.

use truelevel_assess::catalog::{Gate, LANES, LEVEL_NAMES};
use truelevel_assess::{Catalog, Reference};

use super::words;

pub(super) fn page(catalog: &Catalog) -> String {
    let mut text = words::heading(
        "Gates",
        "`catalog/maturity/`",
        "A stage stands at the highest level whose gates, and all gates below, are met. A team's level is that of its \
         lowest\nstage, never the average.",
    );
    for stage in &catalog.stages {
        let lane = if LANES.contains(&stage.id.as_str()) { " (lane)" } else { "" };
        text.push_str(&format!("\n## {}{lane}\n", stage.title));
        for gate in &stage.gates {
            text.push_str(&section(gate));
        }
    }
    text
}

fn section(gate: &Gate) -> String {
    let level = LEVEL_NAMES.get(usize::from(gate.level) - 1).expect("a gate guards a level that has a name");
    format!(
        "\n### {}\n\n**{}**\n\n- Level: {} ({level})\n- Why: {}\n- How: {}\n- Effort: {}\n- Unlocks: {}\n- Met when: \
         {}\n- See also:{}\n",
        gate.id,
        gate.statement,
        gate.level,
        gate.why,
        gate.how,
        gate.effort.as_str(),
        gate.unlocks,
        words::requirement(&gate.requirement),
        references(gate),
    )
}

/// A line for each entry of a framework, with its address.
fn references(gate: &Gate) -> String {
    let line = |reference: &Reference| {
        format!("\n  - [{}]({}): {} ({})", reference.id, reference.url, reference.title, reference.framework)
    };
    gate.references.iter().map(line).collect()
}
