//! Benchmark editions: what DORA published, and the house rule that bands without gaps.

use std::collections::BTreeMap;

use serde::Deserialize;
use truelevel_model::{BandEdge, BandRule, BandRules};

use crate::catalog::{CatalogError, read};
use crate::quantity;

/// The edition that bands unless another is asked for: the last one with four levels.
pub const DEFAULT_EDITION: &str = "2024";

static EDITIONS: &[(&str, &str)] = &[("2024", include_str!("../../../catalog/benchmarks/2024.toml"))];

/// One year's published results.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Edition {
    /// The year.
    pub edition: String,
    /// The report's title.
    pub title: String,
    /// Where it was published.
    pub source: String,
    /// Rows as published: text, not numbers, since the buckets overlap.
    pub published: Vec<BTreeMap<String, String>>,
    house_rule: BTreeMap<String, HouseRule>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HouseRule {
    elite: Edge,
    high: Edge,
    medium: Edge,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "snake_case")]
enum Edge {
    MoreThan(String),
    AtLeast(String),
    LessThan(String),
    AtMost(String),
}

impl Edge {
    fn read(&self) -> Option<(bool, BandEdge)> {
        let (higher_is_better, is_inclusive, text) = match self {
            Self::MoreThan(text) => (true, false, text),
            Self::AtLeast(text) => (true, true, text),
            Self::LessThan(text) => (false, false, text),
            Self::AtMost(text) => (false, true, text),
        };
        Some((higher_is_better, BandEdge { value: quantity::parse(text)?, is_inclusive }))
    }
}

/// The names of all editions.
pub fn editions() -> impl Iterator<Item = &'static str> {
    EDITIONS.iter().map(|(name, _)| *name)
}

/// An edition by name.
pub fn edition(name: &str) -> Result<Edition, CatalogError> {
    let (_, text) = EDITIONS
        .iter()
        .find(|(known, _)| *known == name)
        .ok_or_else(|| CatalogError::UnknownEdition { name: name.to_owned(), known: editions().collect() })?;
    read("benchmarks", text)
}

impl Edition {
    /// The house rule as numbers.
    pub fn band_rules(&self) -> Result<BandRules, CatalogError> {
        let mut rules = BTreeMap::new();
        for (metric, rule) in &self.house_rule {
            let invalid = || CatalogError::Invalid { what: format!("the house rule of {metric} in {}", self.edition) };
            let [elite, high, medium] =
                [&rule.elite, &rule.high, &rule.medium].map(|edge| edge.read().ok_or_else(invalid));
            let ((higher_is_better, elite), (_, high), (_, medium)) = (elite?, high?, medium?);
            rules.insert(metric.clone(), BandRule { higher_is_better, elite, high, medium });
        }
        Ok(BandRules { edition: self.edition.clone(), rules })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use truelevel_model::Band;

    #[test]
    fn every_edition_reads_and_its_thresholds_are_monotone() {
        for name in editions() {
            let edition = edition(name).unwrap();
            assert_eq!(edition.edition, name);
            assert!(!edition.published.is_empty() && edition.source.contains("DORA"));
            for (metric, rule) in edition.band_rules().unwrap().rules {
                let values = [rule.elite.value, rule.high.value, rule.medium.value];
                let falls = values.is_sorted_by(|a, b| a > b);
                let rises = values.is_sorted_by(|a, b| a < b);
                assert!(if rule.higher_is_better { falls } else { rises }, "{metric}: {values:?}");
            }
        }
    }

    #[test]
    fn the_default_edition_bands_as_its_house_rule_says() {
        let rules = edition(DEFAULT_EDITION).unwrap().band_rules().unwrap().rules;
        let check = |metric: &str, value: f64, band| assert_eq!(rules[metric].band(value), band, "{metric} {value}");
        check("deployment_frequency", 5.1 / 7.0, Band::Elite);
        check("deployment_frequency", 5.0 / 7.0, Band::High);
        check("deployment_frequency", 1.0 / 7.0, Band::High);
        check("deployment_frequency", 0.14, Band::Medium);
        check("change_lead_time", 86_399.0, Band::Elite);
        check("change_lead_time", 86_400.0, Band::High);
        check("change_fail_rate", 0.05, Band::Elite);
        check("change_fail_rate", 0.2, Band::Medium);
        check("failed_deployment_recovery_time", 3600.0, Band::High);
    }

    #[test]
    fn an_unknown_edition_names_the_known_ones() {
        assert!(edition("1999").unwrap_err().to_string().contains("2024"));
    }
}
