//! Benchmark editions: what DORA published, and the house rule that compares with it without gaps.

use std::collections::BTreeMap;

use serde::Deserialize;
use truelevel_model::{Band, BandEdge, BandRule, BandRules, Distribution};

use crate::catalog::{CatalogError, read};
use crate::quantity;

/// The edition that bands unless another is asked for: the last one with four levels.
pub const DEFAULT_EDITION: &str = "2024";

static EDITIONS: &[(&str, &str)] = &[
    ("2019", include_str!("../../../catalog/benchmarks/2019.toml")),
    ("2021", include_str!("../../../catalog/benchmarks/2021.toml")),
    ("2022", include_str!("../../../catalog/benchmarks/2022.toml")),
    ("2023", include_str!("../../../catalog/benchmarks/2023.toml")),
    ("2024", include_str!("../../../catalog/benchmarks/2024.toml")),
    ("2025", include_str!("../../../catalog/benchmarks/2025.toml")),
];

/// One year's published results: levels, or the distribution of answers.
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
    #[serde(default)]
    pub published: Vec<BTreeMap<String, String>>,
    /// The answers to each metric, best first.
    #[serde(default)]
    pub distribution: BTreeMap<String, Vec<PublishedAnswer>>,
    #[serde(default)]
    house_rule: BTreeMap<String, HouseRule>,
}

/// What a share of the respondents answered.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PublishedAnswer {
    /// The answer.
    pub answer: String,
    /// The percentage of respondents who gave it; absent for what is left.
    pub share_percent: Option<f64>,
    edge: Option<Edge>,
}

impl PublishedAnswer {
    /// Where the answer ends by the house rule, in words; absent where it counts as one with the next, or takes the rest.
    pub fn edge(&self) -> Option<String> {
        self.edge.as_ref().map(Edge::words)
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct HouseRule {
    elite: Option<Edge>,
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
    /// Whether higher is better, whether the edge itself is taken, the side in words, and the quantity.
    fn parts(&self) -> (bool, bool, &'static str, &str) {
        match self {
            Self::MoreThan(text) => (true, false, "more than", text),
            Self::AtLeast(text) => (true, true, "at least", text),
            Self::LessThan(text) => (false, false, "less than", text),
            Self::AtMost(text) => (false, true, "at most", text),
        }
    }

    fn words(&self) -> String {
        let (_, _, side, quantity) = self.parts();
        format!("{side} {quantity}")
    }

    fn read(&self, working_days: f64) -> Option<(bool, BandEdge)> {
        let (higher_is_better, is_inclusive, _, text) = self.parts();
        Some((higher_is_better, BandEdge { value: quantity::parse_by(text, working_days)?, is_inclusive }))
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
    /// The house rule as numbers, for weeks of so many working days.
    pub fn band_rules(&self, working_days: f64) -> Result<BandRules, CatalogError> {
        let invalid =
            |metric: &str| CatalogError::Invalid { what: format!("the benchmark of {metric} in {}", self.edition) };
        let rules = self
            .house_rule
            .iter()
            .map(|(metric, rule)| Ok((metric.clone(), rule.read(working_days).ok_or_else(|| invalid(metric))?)));
        let distributions = self.distribution.iter().map(|(metric, answers)| {
            Ok((metric.clone(), distribution(answers, working_days).ok_or_else(|| invalid(metric))?))
        });
        Ok(BandRules {
            edition: self.edition.clone(),
            rules: rules.collect::<Result<_, CatalogError>>()?,
            distributions: distributions.collect::<Result<_, CatalogError>>()?,
        })
    }

    /// The house rule in words: the metrics that it bands, and what each band takes.
    pub fn thresholds(&self) -> impl Iterator<Item = (&str, Vec<(Band, String)>)> {
        self.house_rule.iter().map(|(metric, rule)| {
            let edges = [
                (Band::Elite, rule.elite.as_ref()),
                (Band::High, Some(&rule.high)),
                (Band::Medium, Some(&rule.medium)),
            ];
            let words = edges.into_iter().filter_map(|(band, edge)| Some((band, edge?.words()))).collect();
            (metric.as_str(), words)
        })
    }
}

impl HouseRule {
    fn read(&self, working_days: f64) -> Option<BandRule> {
        let ((higher_is_better, high), (_, medium)) = (self.high.read(working_days)?, self.medium.read(working_days)?);
        let elite = match &self.elite {
            Some(edge) => Some(edge.read(working_days)?.1),
            None => None,
        };
        Some(BandRule { higher_is_better, elite, high, medium })
    }
}

/// Shares are published rounded: percentages are of their sum, rounded as they are.
fn distribution(answers: &[PublishedAnswer], working_days: f64) -> Option<Distribution> {
    let given: f64 = answers.iter().filter_map(|answer| answer.share_percent).sum();
    let is_whole = answers.iter().all(|answer| answer.share_percent.is_some());
    let total = if is_whole { given } else { 100.0 };
    let mut up_to = 0.0;
    let mut higher = None;
    let mut ends = Vec::new();
    for answer in answers {
        up_to += answer.share_percent.unwrap_or(total - given);
        if let Some(edge) = &answer.edge {
            let (higher_is_better, edge) = edge.read(working_days)?;
            higher = Some(higher_is_better);
            ends.push((edge, ((total - up_to) / total * 1000.0).round() / 10.0));
        }
    }
    Some(Distribution { higher_is_better: higher?, answers: ends })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::quantity::WORKING_DAYS_PER_WEEK;

    fn check_order(higher_is_better: bool, values: &[f64], what: &str) {
        let falls = values.is_sorted_by(|a, b| a >= b);
        let rises = values.is_sorted_by(|a, b| a <= b);
        assert!(if higher_is_better { falls } else { rises }, "{what}: {values:?}");
    }

    #[test]
    fn every_edition_reads_and_its_thresholds_are_monotone() {
        for name in editions() {
            let edition = edition(name).unwrap();
            assert_eq!(edition.edition, name);
            assert!(edition.source.contains("DORA"));
            let rules = edition.band_rules(WORKING_DAYS_PER_WEEK).unwrap();
            assert!(rules.rules.is_empty() != rules.distributions.is_empty(), "levels or answers: {name}");
            assert_eq!(rules.rules.is_empty(), edition.published.is_empty(), "{name}");
            for (metric, rule) in rules.rules {
                let values: Vec<f64> =
                    rule.elite.into_iter().chain([rule.high, rule.medium]).map(|edge| edge.value).collect();
                check_order(rule.higher_is_better, &values, &metric);
            }
            for (metric, distribution) in rules.distributions {
                let (edges, worse): (Vec<f64>, Vec<f64>) =
                    distribution.answers.iter().map(|(edge, worse)| (edge.value, *worse)).unzip();
                check_order(distribution.higher_is_better, &edges, &metric);
                check_order(true, &worse, &metric);
                let given: f64 = edition.distribution[&metric].iter().filter_map(|answer| answer.share_percent).sum();
                assert!((94.9..=100.3).contains(&given), "{metric}: {given}");
            }
        }
    }

    fn check(edition_name: &str, metric: &str, value: f64, band: Band) {
        let rules = edition(edition_name).unwrap().band_rules(WORKING_DAYS_PER_WEEK).unwrap().rules;
        assert_eq!(rules[metric].band(value), band, "{edition_name}: {metric} {value}");
    }

    #[test]
    fn the_default_edition_bands_as_its_house_rule_says() {
        let check = |metric: &str, value: f64, band| check(DEFAULT_EDITION, metric, value, band);
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
    fn a_working_day_is_what_the_workspace_says() {
        let rules = |days| edition(DEFAULT_EDITION).unwrap().band_rules(days).unwrap().rules;
        assert_eq!(rules(5.0)["deployment_frequency"].band(0.8), Band::Elite);
        assert_eq!(rules(6.0)["deployment_frequency"].band(0.8), Band::High, "six days a week ask for more than six");
    }

    #[test]
    fn no_level_takes_a_value_that_is_worse_than_its_published_answer() {
        check("2019", "change_fail_rate", 0.15, Band::Elite);
        check("2019", "change_fail_rate", 0.2, Band::Low);
        check("2019", "failed_deployment_recovery_time", 3.0 * 86_400.0, Band::Low);
        check("2021", "change_lead_time", 7200.0, Band::High);
        check("2021", "change_lead_time", 20.0 * 86_400.0, Band::Medium);
        check("2021", "deployment_frequency", 1.0 / 60.0, Band::Medium);
        check("2022", "change_lead_time", 3600.0, Band::High);
        check("2022", "deployment_frequency", 0.5, Band::Medium);
        check("2023", "change_fail_rate", 0.12, Band::Medium);
    }

    #[test]
    fn the_last_edition_says_better_than_how_many_as_published() {
        let rules = edition("2025").unwrap().band_rules(WORKING_DAYS_PER_WEEK).unwrap();
        let check = |metric: &str, value: f64, percentile: f64| {
            assert_eq!(rules.distributions[metric].percentile(value), percentile, "{metric} {value}");
        };
        // 100 minus the published "top x %".
        check("change_lead_time", 1800.0, 90.6);
        check("change_lead_time", 3600.0, 75.6);
        check("change_lead_time", 86_400.0, 43.6);
        check("change_lead_time", 365.0 * 86_400.0, 0.0);
        check("failed_deployment_recovery_time", 7200.0, 43.3);
        check("change_fail_rate", 0.02, 91.5);
        check("change_fail_rate", 0.5, 5.9);
        check("deployment_rework_rate", 0.5, 5.0);
        // On demand is no rate: a value cannot be told from once a day.
        check("deployment_frequency", 20.0, 77.3);
        check("deployment_frequency", 0.2, 55.4);
    }

    #[test]
    fn an_unknown_edition_names_the_known_ones() {
        let message = edition("1999").unwrap_err().to_string();
        assert!(message.contains("2019, 2021, 2022, 2023, 2024, 2025"), "{message}");
    }
}
