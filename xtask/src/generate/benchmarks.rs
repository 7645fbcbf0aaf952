//! The page of the benchmark editions.

use std::collections::BTreeSet;

use truelevel_assess::benchmarks::{DEFAULT_EDITION, Edition, edition, editions};
use truelevel_model::Band;

use super::words;

pub(super) fn page() -> Result<String, String> {
    let about = format!(
        "Published results, an edition for each year and never mixed. Unless another is asked for, {DEFAULT_EDITION} \
         bands.\nWhat was published is quoted; the thresholds that comparing needs are a house rule, ours and not DORA's.\n\
         2025 has no levels: a value is better than so many percent of the respondents, those whose answer is worse."
    );
    let mut text = words::heading("Benchmarks", "`catalog/benchmarks/`", &about);
    for name in editions() {
        text.push_str(&section(&edition(name).map_err(|error| error.to_string())?));
    }
    Ok(text)
}

fn section(edition: &Edition) -> String {
    let mut text = format!("\n## {}\n\n**{}**\n\nSource: {}.\n", edition.edition, edition.title, edition.source);
    if !edition.published.is_empty() {
        levels(&mut text, edition);
    }
    for (metric, answers) in &edition.distribution {
        text.push_str(&format!("\n### {}\n\n", metric.replace('_', " ")));
        text.push_str(&row(["answer", "share of respondents", "house rule"].map(str::to_owned).into_iter()));
        text.push_str(&row(["---"; 3].map(str::to_owned).into_iter()));
        for answer in answers {
            let share = answer.share_percent.map_or("the rest".to_owned(), |share| format!("{share} %"));
            text.push_str(&row([answer.answer.clone(), share, answer.edge().unwrap_or_default()].into_iter()));
        }
    }
    text
}

fn levels(text: &mut String, edition: &Edition) {
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
    for (metric, edges) in edition.thresholds() {
        let of = |band| edges.iter().find(|(known, _)| *known == band).map_or("none", |(_, words)| words.as_str());
        let edges = [Band::Elite, Band::High, Band::Medium].map(|band| of(band).to_owned());
        text.push_str(&row(std::iter::once(format!("[{metric}](metrics.md#{metric})")).chain(edges)));
    }
    text.push_str("\nThe rest is low.\n");
}

fn row(cells: impl Iterator<Item = String>) -> String {
    let cells: Vec<_> = cells.map(|cell| cell.replace('|', "\\|")).collect();
    format!("| {} |\n", cells.join(" | "))
}
