//! The level from assessment to assessment: what was proven, and how high it could have been.

use truelevel_model::Unit;
use truelevel_model::assessment::Level;

use super::Chart;
use super::key::{Key, Mark};
use super::svg::{Anchor, Svg, through};
use crate::table::{Cell, Table};

const TOP: f64 = 14.0;
const ROW: f64 = 30.0;
const HIGHEST: Level = 5;
const LEFT: f64 = 14.0;
const RIGHT: f64 = 97.0;
/// Dates that fit below on a narrow page.
const MOST_DATES: usize = 3;

/// One assessment.
#[derive(Clone, Debug)]
pub struct LevelAt {
    /// What it answers for.
    pub label: String,
    /// The proven level.
    pub proven: Level,
    /// The possible level.
    pub possible: Level,
}

/// The chart of assessments, oldest first; `None` for fewer than two.
pub fn levels(title: &str, assessments: &[LevelAt]) -> Option<Chart> {
    let [first, .., last] = assessments else { return None };
    let height = f64::from(HIGHEST - 1) * ROW;
    let x = |at: usize| LEFT + (RIGHT - LEFT) * at as f64 / (assessments.len() - 1) as f64;
    let plot = |level: Level| f64::from(HIGHEST - level.min(HIGHEST)) * ROW;
    let mut svg = Svg::default();
    for level in 1..=HIGHEST {
        let y = TOP + plot(level);
        svg.line("c-grid", (LEFT - 2.0, y), (100.0, y));
        svg.text("c-label", (0.0, y + 4.0), Anchor::Start, &format!("level {level}"));
    }
    let steps = |level: fn(&LevelAt) -> Level| {
        let mut points = vec![(x(0), plot(level(first)))];
        for (at, pair) in (1..).zip(assessments.windows(2)) {
            points.extend([(x(at), plot(level(&pair[0]))), (x(at), plot(level(&pair[1])))]);
        }
        points
    };
    let (proven, possible) = (steps(|at| at.proven), steps(|at| at.possible));
    let between = through(&possible.iter().chain(proven.iter().rev()).copied().collect::<Vec<_>>()) + "Z";
    svg.paths(TOP, height, &[("c-area", between), ("c-line", through(&proven))]);
    let every = assessments.len().div_ceil(MOST_DATES).max(1);
    for (at, one) in assessments.iter().enumerate() {
        let tip = format!("{}: level {}, could be {}", one.label, one.proven, one.possible);
        svg.dot("c-value-small", (x(at), TOP + plot(one.proven)), 4.0, &tip);
        if (assessments.len() - 1 - at).is_multiple_of(every) {
            svg.text("c-label", (x(at), TOP + height + 22.0), Anchor::inside(x(at)), &one.label);
        }
    }
    let mut table = Table::new(["as of", "proven", "possible"]);
    for one in assessments {
        let level = |level: Level| Cell::measured(Unit::Count, f64::from(level));
        table.push([one.label.as_str().into(), level(one.proven), level(one.possible)]);
    }
    let whole = match last.proven.cmp(&first.proven) {
        std::cmp::Ordering::Equal => format!("At level {} on {} and on {}", last.proven, first.label, last.label),
        _ => format!("From level {} on {} to level {} on {}", first.proven, first.label, last.proven, last.label),
    };
    let could = if last.possible > last.proven { format!("; it could be {}", last.possible) } else { String::new() };
    Some(Chart {
        title: title.to_owned(),
        finding: format!("{whole}{could}."),
        table,
        key: vec![
            Key::new(Mark::Line, "c-line", "proven"),
            Key::new(Mark::Area, "c-area", "possible: nothing speaks against it"),
        ],
        height: TOP + height + 28.0,
        body: svg.finish(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels_go_in_steps_and_one_assessment_is_no_course() {
        let at = |label: &str, proven, possible| LevelAt { label: label.to_owned(), proven, possible };
        let chart = levels("Level", &[at("1 Jun", 1, 2), at("8 Jun", 1, 3), at("15 Jun", 2, 3)]).unwrap();
        super::super::testing::check(&chart);
        assert_eq!(chart.finding, "From level 1 on 1 Jun to level 2 on 15 Jun; it could be 3.");
        assert_eq!(chart.table.csv(), "as of,proven,possible\r\n1 Jun,1,2\r\n8 Jun,1,3\r\n15 Jun,2,3\r\n");
        assert!(levels("Level", &[at("1 Jun", 1, 2)]).is_none());
    }
}
