//! The page of the benchmark editions.

use std::collections::BTreeSet;

use truelevel_assess::benchmarks::{DEFAULT_EDITION, Edition, edition, editions};
use truelevel_metrics::METRICS;
use truelevel_model::{BandEdge, BandRule};

use super::words;

pub(super) fn page() -> Result<String, String> {
    let about = format!(
        "Published results, an edition for each year and never mixed. Unless another is asked for, {DEFAULT_EDITION} \
         bands.\nWhat was published is quoted; the thresholds that banding needs are a house rule, ours and not DORA's."
    );
    let mut text = words::heading("Benchmarks", "`catalog/benchmarks/`", &about);
    for name in editions() {
        text.push_str(&section(&edition(name).map_err(|error| error.to_string())?)?);
    }
    Ok(text)
}

fn section(edition: &Edition) -> Result<String, String> {
    let mut text = format!("\n## {}\n\n**{}**\n\nSource: {}.\n", edition.edition, edition.title, edition.source);
    let further: BTreeSet<&str> = edition.published.iter().flat_map(|row| row.keys()).map(String::as_str).collect();
    let columns: Vec<&str> =
        std::iter::once("level").chain(further.into_iter().filter(|key| *key != "level")).collect();
    text.push_str("\nAs published:\n\n");
    text.push_str(&row(columns.iter().map(|column| column.replace('_', " "))));
    text.push_str(&row(columns.iter().map(|_| "---".to_owned())));
    for published in &edition.published {
        text.push_str(&row(columns.iter().map(|column| published.get(*column).cloned().unwrap_or_default())));
    }
    text.push_str("\nHouse rule:\n\n");
    text.push_str(&row(["metric", "elite", "high", "medium"].map(str::to_owned).into_iter()));
    text.push_str(&row(["---"; 4].map(str::to_owned).into_iter()));
    for (metric, rule) in edition.band_rules().map_err(|error| error.to_string())?.rules {
        let edges = [rule.elite, rule.high, rule.medium].map(|edge| threshold(&metric, &rule, edge));
        text.push_str(&row(std::iter::once(format!("[{metric}](metrics.md#{metric})")).chain(edges)));
    }
    text.push_str("\nThe rest is low.\n");
    Ok(text)
}

fn threshold(metric: &str, rule: &BandRule, edge: BandEdge) -> String {
    let words = words::bound_words(rule.higher_is_better, edge.is_inclusive);
    match METRICS.iter().find(|known| known.id == metric) {
        Some(known) => format!("{words} {}", words::quantity(edge.value, known.unit)),
        None => format!("{words} {}", edge.value),
    }
}

fn row(cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<_> = cells.map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | "))
}
