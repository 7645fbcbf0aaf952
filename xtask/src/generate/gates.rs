//! The page of the gates.

use truelevel_assess::catalog::{Gate, LANES, LEVEL_NAMES, Supply};
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
        "\n### {}\n\n**{}**\n\n- Level: {} ({level})\n- Why: {}\n- How: {}\n- Effort: {}\n{}- Unlocks: {}\n- Met when: \
         {}\n- See also:{}\n",
        gate.id,
        gate.statement,
        gate.level,
        gate.why,
        gate.how,
        gate.effort.as_str(),
        supply(gate),
        gate.unlocks,
        words::requirement(&gate.requirement),
        references(gate),
    )
}

/// Where what it needs comes from, and what it waits for.
fn supply(gate: &Gate) -> String {
    let supply = match gate.supply {
        Supply::Commodity => "- Supply: a commodity: buy or adopt it\n",
        Supply::ThinLayer => "- Supply: a thin layer of your own: build it\n",
        Supply::OwnWork => "",
    };
    let needs: Vec<String> = gate.needs.iter().map(|need| format!("[{need}](gates.md#{need})")).collect();
    if needs.is_empty() { supply.to_owned() } else { format!("{supply}- After: {}\n", needs.join(", ")) }
}

/// A line for each entry of a framework, with its address.
fn references(gate: &Gate) -> String {
    let line = |reference: &Reference| {
        format!("\n  - [{}]({}): {} ({})", reference.id, reference.url, reference.title, reference.framework)
    };
    gate.references.iter().map(line).collect()
}
