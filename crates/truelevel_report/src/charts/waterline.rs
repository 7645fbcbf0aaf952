//! The stages over the five levels: how far each is proven, how far it could be, and what was declared.

use truelevel_model::assessment::Level;

use super::Chart;
use super::key::{Key, Mark};
use super::svg::{Anchor, Svg, cell};
use crate::table::Table;
use crate::words;

const LEVELS: u8 = 5;
/// Where the levels begin, in percent of the width: the names stand before.
const LEFT: f64 = 20.0;
const LEVEL_WIDTH: f64 = (100.0 - LEFT) / LEVELS as f64;
const HEAD: f64 = 40.0;
const ROW: f64 = 34.0;
const BAR: f64 = 20.0;

/// One row.
#[derive(Clone, Copy, Debug)]
pub struct Stage<'a> {
    /// The stage's name.
    pub name: &'a str,
    /// What evidence proves.
    pub proven: Level,
    /// What could be true.
    pub possible: Level,
    /// What the team says of itself.
    pub declared: Option<Level>,
    /// Whether it stands beside the stages and counts for nothing in the level.
    pub is_lane: bool,
}

/// The chart. The waterline runs where the lowest stage is proven. What lies below every picture of the same stages may be
/// drawn once elsewhere on the page, under the id `ground`.
pub fn waterline(stages: &[Stage<'_>], ground: Option<&str>) -> Chart {
    let mut svg = Svg::default();
    let level = stages.iter().filter(|stage| !stage.is_lane).map(|stage| stage.proven).min().unwrap_or(1);
    let rows = stages.len() as f64;
    let lanes = stages.iter().filter(|stage| stage.is_lane).count() as f64;
    let height = height(stages);
    match ground {
        Some(id) => svg.reuse(id),
        None => draw_ground(&mut svg, stages, Some(level)),
    }
    let cells = |is_in: fn(&Stage<'_>, Level) -> bool| -> String {
        let rows =
            stages.iter().enumerate().flat_map(|(row, stage)| (1..=LEVELS).map(move |level| (row, stage, level)));
        let chosen = rows.filter(|(_, stage, level)| is_in(stage, *level));
        chosen.map(|(row, _, level)| level_cell(stages, row, level)).collect()
    };
    svg.paths(
        0.0,
        height,
        &[
            ("c-possible", cells(|stage, level| level > stage.proven && level <= stage.possible)),
            ("c-proven", cells(|stage, level| level <= stage.proven)),
        ],
    );
    for (row, stage) in stages.iter().enumerate() {
        draw_row(&mut svg, stage, top(stages, row));
    }
    let x = LEFT + f64::from(level) * LEVEL_WIDTH - 0.3;
    svg.line("c-waterline", (x, HEAD - 4.0), (x, HEAD + (rows - lanes) * ROW - 6.0));
    Chart {
        title: "Stages and levels".to_owned(),
        finding: finding(stages, level),
        table: table(stages),
        key: key(stages),
        height,
        body: svg.finish(),
    }
}

/// Where a level begins, in percent of the width.
fn left_of(level: Level) -> f64 {
    LEFT + f64::from(level - 1) * LEVEL_WIDTH
}

/// What is the same in every picture of these stages, as the inside of one.
pub fn waterline_ground(stages: &[Stage<'_>]) -> String {
    let mut svg = Svg::default();
    draw_ground(&mut svg, stages, None);
    svg.finish().marks
}

fn draw_ground(svg: &mut Svg, stages: &[Stage<'_>], level: Option<Level>) {
    for at in 1..=LEVELS {
        let middle = LEFT + (f64::from(at) - 0.5) * LEVEL_WIDTH;
        let class = if Some(at) == level { "c-level-at" } else { "c-level" };
        svg.text(class, (middle, 14.0), Anchor::Middle, &at.to_string());
        svg.text("c-label wide", (middle, 30.0), Anchor::Middle, words::level_name(at));
    }
    let cells = (0..stages.len()).flat_map(|row| (1..=LEVELS).map(move |level| level_cell(stages, row, level)));
    svg.paths(0.0, height(stages), &[("c-beyond", cells.collect())]);
    for (row, stage) in stages.iter().enumerate() {
        let class = if stage.is_lane { "c-name c-quiet" } else { "c-name" };
        svg.text(class, (0.0, top(stages, row) + BAR / 2.0 + 5.0), Anchor::Start, stage.name);
    }
}

/// Lanes stand apart.
fn gap(stages: &[Stage<'_>]) -> f64 {
    if stages.iter().any(|stage| stage.is_lane) { 14.0 } else { 0.0 }
}

fn height(stages: &[Stage<'_>]) -> f64 {
    HEAD + stages.len() as f64 * ROW + gap(stages)
}

fn top(stages: &[Stage<'_>], row: usize) -> f64 {
    HEAD + row as f64 * ROW + if stages[row].is_lane { gap(stages) } else { 0.0 }
}

fn level_cell(stages: &[Stage<'_>], row: usize, level: Level) -> String {
    cell((left_of(level) + 0.3, top(stages, row)), (LEVEL_WIDTH - 0.6, BAR))
}

fn draw_row(svg: &mut Svg, stage: &Stage<'_>, top: f64) {
    let possible = if stage.possible > stage.proven { format!(", {} possible", stage.possible) } else { String::new() };
    svg.tip((LEFT, top), (100.0 - LEFT, BAR), &format!("{}: {} proven{possible}", stage.name, stage.proven));
    if let Some(declared) = stage.declared {
        let x = LEFT + f64::from(declared) * LEVEL_WIDTH - LEVEL_WIDTH / 2.0;
        svg.mark(
            "c-declared",
            (x, top + BAR / 2.0),
            "M0 -7L7 0L0 7L-7 0Z",
            &format!("{}: declared {declared}", stage.name),
        );
    }
}

fn key(stages: &[Stage<'_>]) -> Vec<Key> {
    let possible = stages.iter().any(|stage| stage.possible > stage.proven);
    let possible = possible.then(|| Key::new(Mark::Area, "c-possible", "possible: nothing speaks against it"));
    let declared = stages.iter().any(|stage| stage.declared.is_some());
    let declared = declared.then(|| Key::new(Mark::Diamond, "c-declared", "declared by the team"));
    let always = [
        Key::new(Mark::Area, "c-proven", "proven: the evidence shows it"),
        Key::new(Mark::Upright, "c-waterline", "the level, which is that of the lowest stage"),
    ];
    always.into_iter().chain(possible).chain(declared).collect()
}

fn finding(stages: &[Stage<'_>], level: Level) -> String {
    let named = |wanted: fn(&Stage<'_>, Level) -> bool| {
        let names = stages.iter().filter(|stage| !stage.is_lane && wanted(stage, level)).map(|stage| stage.name);
        names.collect::<Vec<_>>()
    };
    let lowest = words::listed(&named(|stage, level| stage.proven == level));
    let above = named(|stage, level| stage.proven > level);
    let above = match above.as_slice() {
        [] => String::new(),
        [one] => format!("; {one} stands higher"),
        several => format!("; {} stand higher", words::listed(several)),
    };
    format!("The level is {level}, held by {lowest}{above}.")
}

fn table(stages: &[Stage<'_>]) -> Table {
    let mut table = Table::new(["stage", "proven", "possible", "declared"]);
    for stage in stages {
        table.push([
            stage.name.to_owned(),
            stage.proven.to_string(),
            stage.possible.to_string(),
            stage.declared.map_or_else(|| "not declared".to_owned(), |level| level.to_string()),
        ]);
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn proven_is_solid_possible_is_outlined_and_what_was_declared_is_marked() {
        let stage = |name, proven, possible, declared, is_lane| Stage { name, proven, possible, declared, is_lane };
        let chart = waterline(
            &[
                stage("build", 2, 3, Some(4), false),
                stage("deploy", 3, 3, None, false),
                stage("platform", 1, 5, None, true),
            ],
            None,
        );
        super::super::testing::check(&chart);
        assert_eq!(chart.finding, "The level is 2, held by build; deploy stands higher.");
        let svg = chart.svg();
        let cells = |class: &str| {
            let path = svg.split(&format!("class=\"{class}\" d=\"")).nth(1).and_then(|rest| rest.split('"').next());
            path.map_or(0, |path| path.matches('M').count())
        };
        assert_eq!((cells("c-proven"), cells("c-possible"), cells("c-beyond")), (6, 5, 15), "over what is beyond");
        assert_eq!(svg.matches("c-declared").count(), 1);
        assert_eq!(chart.table.rows[0], ["build", "2", "3", "4"]);
    }
}
