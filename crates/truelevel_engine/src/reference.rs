//! What pages explain: every definition, the band edges of an edition, the phases of the plan.

use truelevel_assess::{Catalog, CatalogError, benchmarks};
use truelevel_report::reference::{Definition, Phase, Reference};

use crate::{Workspace, explain};

/// The reference behind pages of a workspace whose bands are of this edition.
pub fn reference(workspace: &Workspace, edition: &str) -> Result<Reference, CatalogError> {
    build(edition, workspace.config.calendar.working_days_per_week())
}

fn build(edition: &str, working_days: f64) -> Result<Reference, CatalogError> {
    let mut definitions = std::collections::BTreeMap::new();
    for (id, _) in explain::known_ids()? {
        if let Some(explanation) = explain::define(&id)? {
            let definition =
                Definition { kind: explanation.kind.to_owned(), title: explanation.title, body: explanation.body };
            definitions.insert(id, definition);
        }
    }
    let phases = Catalog::embedded()?.phases.into_iter().map(|phase| Phase {
        id: phase.id,
        title: phase.title,
        from_level: phase.from_level,
        to_level: phase.to_level,
        dominant_cost: phase.dominant_cost,
        typical_shape: phase.typical_shape,
        risk_if_underfunded: phase.risk_if_underfunded,
    });
    let phases = phases.collect();
    Ok(Reference { definitions, bands: benchmarks::edition(edition)?.band_rules(working_days)?, phases })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_that_can_be_explained_has_a_title_and_a_body() {
        let reference = build(benchmarks::DEFAULT_EDITION, 5.0).unwrap();
        for (id, definition) in &reference.definitions {
            assert!(!definition.title.is_empty() && !definition.body.is_empty(), "{id}");
        }
        assert!(reference.definitions.contains_key("change_lead_time") && reference.phases.len() == 4);
        assert!(reference.bands.rules.contains_key("change_lead_time"));
    }
}
