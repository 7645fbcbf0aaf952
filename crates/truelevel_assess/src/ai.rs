//! AI in changes: the thresholds and the context of `catalog/ai.toml`.

use serde::Deserialize;
use truelevel_model::platform::Context;

use crate::catalog::{CatalogError, read};

static AI: &str = include_str!("../../../catalog/ai.toml");

/// What decides about signs of AI.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AiRules {
    /// What a beginning is, and how many it takes.
    pub event: EventThresholds,
    /// How many teams or services a dose takes.
    pub dose: DoseThresholds,
    context: Vec<ContextEntry>,
}

/// What a beginning is, and how many it takes.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventThresholds {
    /// Weeks before a beginning without any sign, and as many after.
    pub weeks: usize,
    /// The share of changes with a sign from which on a service has begun.
    pub share_from: f64,
    /// Changes that the weeks before must hold.
    pub changes_before: u64,
    /// The chance, at most, that a service which always used assistants as often leaves no sign before.
    pub by_chance: f64,
    /// So many services must be seen to begin.
    pub adopters: usize,
    /// Each must stand beside so many others.
    pub others: usize,
}

/// How many teams or services a dose takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DoseThresholds {
    /// For an interval.
    pub at_least: u64,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct ContextEntry {
    finding: String,
    source: String,
}

impl AiRules {
    /// The rules that are compiled in.
    pub fn embedded() -> Result<Self, CatalogError> {
        read("ai.toml", AI)
    }

    /// What research found.
    pub fn context(&self) -> Vec<Context> {
        let context = self.context.iter();
        context.map(|entry| Context { finding: entry.finding.clone(), source: entry.source.clone() }).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_read_and_name_both_editions() {
        let rules = AiRules::embedded().unwrap();
        assert!(rules.event.weeks >= 8 && rules.event.adopters >= 12);
        let sources: String = rules.context().into_iter().map(|context| context.source).collect();
        assert!(sources.contains("2024") && sources.contains("2025"));
    }
}
