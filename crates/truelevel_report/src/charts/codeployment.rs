//! Which services deploy together: a small matrix.

use truelevel_model::Unit;

use super::Chart;
use super::key::{Key, Mark};
use super::svg::{Anchor, Svg};
use crate::numbers;
use crate::table::{Cell, Table};

const LEFT: f64 = 26.0;
const ROW: f64 = 26.0;
const CELL: f64 = 22.0;
/// More services than this are no longer read in a matrix.
const MOST: usize = 14;
/// Longer names are cut in the picture; the table has them whole.
const NAME_LENGTH: usize = 22;
const STEPS: f64 = 5.0;
/// What each step of the shade says of the deployments of a row.
const SHARES: [(&str, &str); 6] = [
    ("heat-0", "never together"),
    ("heat-1", "up to 20 %"),
    ("heat-2", "40 %"),
    ("heat-3", "60 %"),
    ("heat-4", "80 %"),
    ("heat-5", "all"),
];

/// The chart. `shares[row][column]` is the share of the row's deployments that came together with one of the column's.
/// `None` for fewer than two services; beyond the first 14 the rest is left out and counted.
pub fn codeployment(services: &[String], shares: &[Vec<f64>]) -> Option<Chart> {
    if services.len() < 2 || shares.len() != services.len() {
        return None;
    }
    let shown = services.len().min(MOST);
    let width = (100.0 - LEFT) / shown as f64;
    let mut svg = Svg::default();
    let mut table = Table::new(["service", "deploys together with", "share of its deployments"]);
    let mut strongest: Option<(f64, usize, usize)> = None;
    for row in 0..shown {
        let top = 18.0 + row as f64 * ROW;
        let number = (row + 1).to_string();
        svg.text("c-label", (LEFT + (row as f64 + 0.5) * width, 11.0), Anchor::Middle, &number);
        let label = format!("{number}  {}", shortened(&services[row]));
        svg.text("c-name", (0.0, top + CELL / 2.0 + 5.0), Anchor::Start, &label);
        for column in 0..shown {
            let x = LEFT + column as f64 * width;
            if row == column {
                svg.rect("c-beyond", (x, top), (width - 0.3, CELL), "");
                continue;
            }
            let share = shares[row].get(column).copied().unwrap_or(0.0).clamp(0.0, 1.0);
            let in_words = numbers::value(Unit::Ratio, share);
            let tip = format!("{}: {in_words} of its deployments together with {}", services[row], services[column]);
            let step = (share * STEPS).ceil();
            svg.rect(&format!("heat-{step}"), (x, top), (width - 0.3, CELL), &tip);
            if share > 0.0 {
                table.push([
                    services[row].as_str().into(),
                    services[column].as_str().into(),
                    Cell::measured(Unit::Ratio, share),
                ]);
            }
            if strongest.is_none_or(|(most, ..)| share > most) {
                strongest = Some((share, row, column));
            }
        }
    }
    let finding = match strongest {
        Some((share, row, column)) if share > 0.0 => format!(
            "{} of the deployments of {} come together with {}.",
            numbers::value(Unit::Ratio, share),
            services[row],
            services[column]
        ),
        _ => "No two services deploy together.".to_owned(),
    };
    if table.rows.is_empty() {
        table.push(["all".into(), "none".into(), Cell::measured(Unit::Ratio, 0.0)]);
    }
    let left_out = services.len() - shown;
    if left_out > 0 {
        let more = format!("{} more are not drawn", numbers::count(left_out as u64, "service"));
        svg.text("c-label", (0.0, 18.0 + shown as f64 * ROW + 12.0), Anchor::Start, &more);
    }
    Some(Chart {
        title: "Services that deploy together".to_owned(),
        finding,
        table,
        key: SHARES.map(|(class, share)| Key::new(Mark::Area, class, share)).into(),
        height: 18.0 + shown as f64 * ROW + 18.0,
        body: svg.finish(),
    })
}

fn shortened(name: &str) -> String {
    if name.chars().count() <= NAME_LENGTH {
        return name.to_owned();
    }
    let cut: String = name.chars().take(NAME_LENGTH - 1).collect();
    format!("{cut}…")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_pair_is_the_finding() {
        let names = ["web".to_owned(), "api".to_owned(), "a-service-with-a-very-long-name-indeed".to_owned()];
        let shares = [vec![1.0, 0.8, 0.0], vec![0.4, 1.0, 0.0], vec![0.0, 0.0, 1.0]];
        let chart = codeployment(&names, &shares).unwrap();
        super::super::testing::check(&chart);
        assert_eq!(chart.finding, "80 % of the deployments of web come together with api.");
        assert_eq!(chart.table.rows.len(), 2);
        assert!(chart.svg().contains("a-service-with-a-very…"));
        assert!(codeployment(&names[..1], &shares[..1]).is_none());
    }
}
