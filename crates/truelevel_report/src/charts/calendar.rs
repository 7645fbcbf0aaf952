//! A calendar: a column for each week, a row for each weekday, darker where more happened.

use truelevel_model::Time;

use super::Chart;
use super::key::{Key, Mark};
use super::svg::{Anchor, Svg, cell};
use crate::table::Table;
use crate::{numbers, words};

const WEEKDAYS: [&str; 7] = ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"];
const LEFT: f64 = 9.0;
const TOP: f64 = 18.0;
const ROW: f64 = 17.0;
const CELL: f64 = 14.0;
const STEPS: f64 = 5.0;
const HEAT: [&str; 5] = ["heat-1", "heat-2", "heat-3", "heat-4", "heat-5"];

/// One day.
#[derive(Clone, Debug)]
pub struct Day {
    /// Counted from 1970-01-01.
    pub day: i64,
    /// How many deployments.
    pub count: u64,
}

/// The chart of days in order, without gaps; `None` without days. What lies below every picture of the same days may be
/// drawn once elsewhere on the page, under the id `ground`.
pub fn calendar(title: &str, days: &[Day], ground: Option<&str>) -> Option<Chart> {
    let offset = weekday(days.first()?.day);
    let weeks = (days.len() + offset).div_ceil(7);
    let width = (100.0 - LEFT) / weeks.max(8) as f64;
    let most = days.iter().map(|day| day.count).max().unwrap_or(0);
    let mut svg = Svg::default();
    match ground {
        Some(id) => svg.reuse(id),
        None => svg = ground_of(days)?,
    }
    let mut paths: [(&str, String); 5] = HEAT.map(|class| (class, String::new()));
    for (at, day) in days.iter().enumerate().filter(|(_, day)| day.count > 0) {
        let (week, row) = ((at + offset) / 7, (at + offset) % 7);
        let x = LEFT + week as f64 * width;
        paths[step(day.count, most) - 1].1 += &cell((x, row as f64 * ROW), (width - 0.35, CELL));
    }
    svg.paths(TOP, 7.0 * ROW, &paths);
    for (at, day) in days.iter().enumerate().filter(|(_, day)| day.count > 0) {
        let place = (LEFT + ((at + offset) / 7) as f64 * width, TOP + ((at + offset) % 7) as f64 * ROW);
        let tip = format!("{}: {}", words::day(at_noon(day.day)), numbers::count(day.count, "deployment"));
        svg.tip(place, (width, ROW), &tip);
    }
    let mut table = Table::new(["date", "weekday", "deployments"]);
    for day in days {
        table.push([at_noon(day.day).date(), WEEKDAYS[weekday(day.day)].to_owned(), day.count.to_string()]);
    }
    Some(Chart {
        title: title.to_owned(),
        finding: finding(days),
        table,
        key: heat_key(most),
        height: TOP + 7.0 * ROW,
        body: svg.finish(),
    })
}

/// How dark a day is, from 1 to 5, against the day on which most happened.
fn step(count: u64, most: u64) -> usize {
    ((count as f64 / most.max(1) as f64 * STEPS).ceil() as usize).clamp(1, HEAT.len())
}

/// Which counts look alike.
fn heat_key(most: u64) -> Vec<Key> {
    let none = Key::new(Mark::Area, "heat-0", "none");
    let counts: Vec<u64> = (1..=most).collect();
    let alike = counts.chunk_by(|a, b| step(*a, most) == step(*b, most));
    let steps = alike.map(|counts| {
        let (first, last) = (counts[0], counts[counts.len() - 1]);
        let range = if first == last { first.to_string() } else { format!("{first} to {last}") };
        Key::new(Mark::Area, HEAT[step(first, most) - 1], range)
    });
    std::iter::once(none).chain(steps).collect()
}

/// What is the same in every picture of these days, as the inside of one; `None` without days.
pub fn calendar_ground(days: &[Day]) -> Option<String> {
    Some(ground_of(days)?.finish().marks)
}

fn ground_of(days: &[Day]) -> Option<Svg> {
    let offset = weekday(days.first()?.day);
    let width = (100.0 - LEFT) / (days.len() + offset).div_ceil(7).max(8) as f64;
    let mut svg = Svg::default();
    for (row, name) in WEEKDAYS.iter().enumerate().step_by(2) {
        svg.text("c-label", (0.0, TOP + row as f64 * ROW + CELL - 3.0), Anchor::Start, name);
    }
    let (mut cells, mut month_before) = (String::new(), String::new());
    for (at, day) in days.iter().enumerate() {
        let (week, row) = ((at + offset) / 7, (at + offset) % 7);
        let x = LEFT + week as f64 * width;
        cells += &cell((x, row as f64 * ROW), (width - 0.35, CELL));
        let month = month(day.day);
        if month != month_before && (at == 0 || row == 0) {
            svg.text("c-label", (x, TOP - 6.0), Anchor::Start, &month);
            month_before = month;
        }
    }
    svg.paths(TOP, 7.0 * ROW, &[("heat-0", cells)]);
    Some(svg)
}

/// 0 for Monday to 6 for Sunday; 1970-01-01 was a Thursday.
fn weekday(day: i64) -> usize {
    (day + 3).rem_euclid(7) as usize
}

fn at_noon(day: i64) -> Time {
    Time::from_seconds(day * 86_400 + 43_200)
}

fn month(day: i64) -> String {
    words::day(at_noon(day)).split(' ').nth(1).unwrap_or_default().to_owned()
}

fn finding(days: &[Day]) -> String {
    let total: u64 = days.iter().map(|day| day.count).sum();
    let with = days.iter().filter(|day| day.count > 0).count() as u64;
    let mut by_weekday = [0u64; 7];
    days.iter().for_each(|day| by_weekday[weekday(day.day)] += day.count);
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
    fn the_key_names_the_counts_that_look_alike() {
        let meanings = |most| heat_key(most).into_iter().map(|key| key.meaning).collect::<Vec<_>>();
        assert_eq!(meanings(12), ["none", "1 to 2", "3 to 4", "5 to 7", "8 to 9", "10 to 12"]);
        assert_eq!(meanings(2), ["none", "1", "2"]);
        assert_eq!(meanings(0), ["none"]);
    }

    #[test]
    fn a_day_without_deployments_is_a_cell_too() {
        // 2026-06-01, a Monday.
        let days: Vec<Day> = (0..20).map(|at| Day { day: 20_605 + at, count: u64::from(at % 7 == 1) * 4 }).collect();
        let chart = calendar("Deployments", &days, None).unwrap();
        super::super::testing::check(&chart);
        assert_eq!(chart.finding, "12 deployments on 3 of 20 days, most on Tue.");
        assert_eq!(chart.table.rows[1], ["2026-06-02", "Tue", "4"]);
        let svg = chart.svg();
        let empty = svg.split("class=\"heat-0\" d=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap();
        assert_eq!(empty.matches('z').count(), 20, "under all days");
        assert!(calendar("Deployments", &[], None).is_none());
    }
}
