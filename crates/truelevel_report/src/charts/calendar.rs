//! A calendar: a column for each week, a row for each weekday, darker where more happened.

use super::Chart;
use super::svg::{Anchor, Svg};
use crate::numbers;
use crate::table::Table;

const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const LEFT: f64 = 9.0;
const TOP: f64 = 18.0;
const ROW: f64 = 17.0;
const CELL: f64 = 14.0;
const STEPS: f64 = 5.0;

/// One day.
#[derive(Clone, Debug)]
pub struct Day {
    /// The date, as `2026-08-21`.
    pub date: String,
    /// 0 for Monday to 6 for Sunday.
    pub weekday: u8,
    /// How many deployments.
    pub count: u64,
}

/// The chart of days in order, without gaps; `None` without days.
pub fn calendar(title: &str, days: &[Day]) -> Option<Chart> {
    let first = days.first()?;
    let offset = usize::from(first.weekday.min(6));
    let weeks = (days.len() + offset).div_ceil(7);
    let width = (100.0 - LEFT) / weeks.max(8) as f64;
    let most = days.iter().map(|day| day.count).max().unwrap_or(0);
    let mut svg = Svg::default();
    for (row, name) in WEEKDAYS.iter().enumerate() {
        svg.text("c-label", (0.0, TOP + row as f64 * ROW + CELL - 3.0), Anchor::Start, name);
    }
    let mut month_before = "";
    for (at, day) in days.iter().enumerate() {
        let (week, row) = ((at + offset) / 7, (at + offset) % 7);
        let x = LEFT + week as f64 * width;
        let step = if day.count == 0 { 0.0 } else { (day.count as f64 / most as f64 * STEPS).ceil() };
        let tip = format!("{}: {}", day.date, numbers::count(day.count, "deployment"));
        svg.rect(&format!("heat-{step}"), (x, TOP + row as f64 * ROW), (width - 0.35, CELL), &tip);
        let month = day.date.get(..7).unwrap_or_default();
        if month != month_before && (at == 0 || row == 0) {
            svg.text("c-label", (x, TOP - 6.0), Anchor::Start, month);
            month_before = month;
        }
    }
    let mut table = Table::new(["date", "weekday", "deployments"]);
    for day in days {
        let weekday = WEEKDAYS[usize::from(day.weekday.min(6))];
        table.push([day.date.clone(), weekday.to_owned(), day.count.to_string()]);
    }
    Some(Chart { title: title.to_owned(), finding: finding(days), table, height: TOP + 7.0 * ROW, body: svg.finish() })
}

fn finding(days: &[Day]) -> String {
    let total: u64 = days.iter().map(|day| day.count).sum();
    let with = days.iter().filter(|day| day.count > 0).count() as u64;
    let mut by_weekday = [0u64; 7];
    days.iter().for_each(|day| by_weekday[usize::from(day.weekday.min(6))] += day.count);
    let busiest = (0..7).max_by_key(|at| (by_weekday[*at], std::cmp::Reverse(*at))).unwrap_or(0);
    let most = if total > 0 { format!(", most on {}", WEEKDAYS[busiest]) } else { String::new() };
    format!(
        "{} on {} of {}{most}.",
        numbers::count(total, "deployment"),
        numbers::digits(with as f64),
        numbers::count(days.len() as u64, "day")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_without_deployments_is_a_cell_too() {
        let days: Vec<Day> = (0..20u8)
            .map(|at| Day {
                date: format!("2026-06-{:02}", at + 1),
                weekday: at % 7,
                count: u64::from(at % 7 == 1) * 4,
            })
            .collect();
        let chart = calendar("Deployments", &days).unwrap();
        super::super::testing::check(&chart);
        assert_eq!(chart.finding, "12 deployments on 3 of 20 days, most on Tue.");
        assert_eq!(chart.svg().matches("heat-0").count(), 17);
        assert!(calendar("Deployments", &[]).is_none());
    }
}
