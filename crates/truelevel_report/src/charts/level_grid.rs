//! Stages over services: one column for each service, from the lowest level to the highest, one row for each stage.

use truelevel_model::assessment::Level;

use super::Chart;
use super::key::{Key, Mark};
use super::svg::{Anchor, Svg, cell};
use crate::numbers;
use crate::table::Table;

const LEFT: f64 = 20.0;
const LEVELS: [(&str, &str); 5] =
    [("level-1", "level 1"), ("level-2", "2"), ("level-3", "3"), ("level-4", "4"), ("level-5", "5")];
const ROW: f64 = 26.0;
const CELL: f64 = 22.0;
/// Up to so many services have a cell of their own; beyond, equal neighbours are drawn as one.
const MOST_CELLS: usize = 80;

/// One column.
#[derive(Clone, Debug)]
pub struct GridService<'a> {
    /// The service's name.
    pub name: &'a str,
    /// Its proven level in each stage, in the order of the stages.
    pub levels: Vec<Level>,
}

/// The chart; `None` without services.
pub fn level_grid(stages: &[&str], services: &[GridService<'_>]) -> Option<Chart> {
    if services.is_empty() || stages.is_empty() {
        return None;
    }
    let mut sorted: Vec<&GridService<'_>> = services.iter().collect();
    sorted.sort_by_key(|service| {
        let sum: u32 = service.levels.iter().map(|level| u32::from(*level)).sum();
        (service.levels.iter().min().copied(), sum, service.name)
    });
    let mut svg = Svg::default();
    for (row, stage) in stages.iter().enumerate() {
        let top = row as f64 * ROW;
        svg.text("c-name", (0.0, top + CELL / 2.0 + 5.0), Anchor::Start, stage);
    }
    draw_cells(&mut svg, stages, &sorted);
    let height = stages.len() as f64 * ROW;
    let services_in_words = numbers::count(sorted.len() as u64, "service");
    svg.text("c-label", (LEFT, height + 15.0), Anchor::Start, &format!("{services_in_words}, lowest first"));
    let mut table = Table::new(["stage", "level 1", "level 2", "level 3", "level 4", "level 5"]);
    for (row, stage) in stages.iter().enumerate() {
        let at = |wanted: Level| sorted.iter().filter(|service| service.levels.get(row) == Some(&wanted)).count();
        table.push([
            (*stage).to_owned(),
            at(1).to_string(),
            at(2).to_string(),
            at(3).to_string(),
            at(4).to_string(),
            at(5).to_string(),
        ]);
    }
    Some(Chart {
        title: "Services by stage and level".to_owned(),
        finding: finding(stages, &sorted),
        table,
        key: LEVELS.map(|(class, level)| Key::new(Mark::Area, class, level)).into(),
        height: height + 20.0,
        body: svg.finish(),
    })
}

/// The cells of all rows, a path for each level, and what each column says.
fn draw_cells(svg: &mut Svg, stages: &[&str], services: &[&GridService<'_>]) {
    let width = (100.0 - LEFT) / services.len() as f64;
    let is_single = services.len() <= MOST_CELLS;
    let gap = if is_single { (width * 0.12).min(0.2) } else { 0.0 };
    let mut paths = [const { String::new() }; 5];
    for row in 0..stages.len() {
        let mut at = 0;
        while at < services.len() {
            let level = services[at].levels.get(row).copied();
            let same = services[at..].iter().take_while(|service| service.levels.get(row).copied() == level).count();
            let run = if is_single { 1 } else { same };
            if let Some(path) = level.and_then(|level| paths.get_mut(usize::from(level.saturating_sub(1)))) {
                let place = (LEFT + at as f64 * width, row as f64 * ROW);
                *path += &cell(place, (run as f64 * width - gap, CELL));
            }
            at += run;
        }
    }
    let paths: Vec<(&str, String)> = LEVELS.iter().map(|(class, _)| *class).zip(paths).collect();
    svg.paths(0.0, stages.len() as f64 * ROW, &paths);
    if is_single {
        for (at, service) in services.iter().enumerate() {
            let levels: Vec<String> =
                stages.iter().zip(&service.levels).map(|(stage, level)| format!("{stage} {level}")).collect();
            let tip = format!("{}: {}", service.name, levels.join(", "));
            svg.tip((LEFT + at as f64 * width, 0.0), (width, stages.len() as f64 * ROW), &tip);
        }
    }
}

fn finding(stages: &[&str], services: &[&GridService<'_>]) -> String {
    let lowest = services.iter().flat_map(|service| service.levels.iter().copied()).min().unwrap_or(1);
    let wanted = (lowest + 1).min(5);
    let is_there =
        |row: usize, service: &GridService<'_>| service.levels.get(row).is_some_and(|level| *level >= wanted);
    let reached = |row: usize| services.iter().filter(|service| is_there(row, service)).count();
    let parts: Vec<String> =
        stages.iter().enumerate().map(|(row, stage)| format!("{stage} {}", reached(row))).collect();
    format!(
        "Of {}, so many are proven at level {wanted} or above: {}.",
        numbers::count(services.len() as u64, "service"),
        parts.join(", ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_services_have_cells_and_many_are_drawn_together() {
        let names: Vec<String> = (0..200).map(|at| format!("service-{at:03}")).collect();
        let services: Vec<GridService<'_>> = names
            .iter()
            .enumerate()
            .map(|(at, name)| GridService { name, levels: vec![if at < 150 { 1 } else { 3 }, 2] })
            .collect();
        let few = level_grid(&["build", "test"], &services[145..155]).unwrap();
        super::super::testing::check(&few);
        assert_eq!(few.svg().matches("<title>").count(), 10, "a tip for each service");
        let many = level_grid(&["build", "test"], &services).unwrap();
        super::super::testing::check(&many);
        assert_eq!(many.svg().matches('z').count(), 3, "two runs and one");
        assert_eq!(many.finding, "Of 200 services, so many are proven at level 2 or above: build 50, test 200.");
        assert!(level_grid(&["build"], &[]).is_none());
    }
}
