//! Charts as SVG: one file for each form. They know values, intervals and samples, never where those came from.
//!
//! Horizontal places are shares of the width and vertical ones are pixels, so that a chart fills any width without its
//! text growing or shrinking. Colours are classes of the stylesheet. Each chart says in a sentence what it shows, and
//! carries the table behind it.

mod calendar;
mod codeployment;
mod distribution;
mod key;
mod level_grid;
mod levels;
mod quantity;
mod scale;
mod segments;
mod sparkline;
mod survival;
mod svg;
mod trend;
mod waterline;

pub use calendar::{Day, calendar, calendar_ground};
pub use codeployment::codeployment;
pub use distribution::{Distribution, distribution};
pub use key::Key;
pub use level_grid::{GridService, level_grid};
pub use levels::{LevelAt, levels};
pub use quantity::{Quantity, held, quantity, quantity_axis, quantity_scale};
pub use scale::Scale;
pub use segments::{LeadTimeSegment, segments};
pub use sparkline::{Sparkline, sparkline};
pub use survival::{Survival, SurvivalStep, survival};
pub use trend::{Limits, Trend, TrendPoint, trend};
pub use waterline::{Stage, waterline, waterline_ground};

use crate::table::Table;
pub(crate) use svg::escaped;

/// How wide a chart file is, in pixels; on a page a chart is as wide as its place.
const FILE_WIDTH: u32 = 720;

/// A drawn chart.
#[derive(Clone, Debug)]
pub struct Chart {
    /// What is drawn.
    pub title: String,
    /// What it shows, in a sentence: the text for those who do not see it.
    pub finding: String,
    /// The values behind it.
    pub table: Table,
    /// What its marks stand for; empty where words beside them say so.
    pub key: Vec<Key>,
    height: f64,
    body: svg::Drawing,
}

impl Chart {
    /// The picture for a page: as wide as its place.
    pub fn svg(&self) -> String {
        self.drawn(&format!("{}{}", self.body.marks, self.body.tips), &self.label())
    }

    /// The same without what a pointer says, for where the values stand beside the picture.
    pub fn plain_svg(&self) -> String {
        self.drawn(&self.body.plain(), &self.label())
    }

    /// The same for where a text beside the picture says everything that it shows.
    pub fn silent_svg(&self) -> String {
        self.drawn(&self.body.plain(), "aria-hidden=\"true\"")
    }

    fn label(&self) -> String {
        format!("role=\"img\" aria-label=\"{}\"", escaped(&format!("{}. {}", self.title, self.finding)))
    }

    fn drawn(&self, body: &str, label: &str) -> String {
        let height = svg::number(self.height);
        format!("<svg class=\"chart\" {label} width=\"100%\" height=\"{height}\">{body}</svg>")
    }

    /// The picture as a file of its own, with its colours, title and finding.
    pub fn file(&self) -> String {
        const MARGIN: f64 = 0.02;
        let width = f64::from(FILE_WIDTH);
        let (key, key_height) = key::of_file(&self.key, width * (1.0 - 2.0 * MARGIN));
        let key_top = self.height + 56.0;
        let height = key_top + key_height;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" class=\"chart\" role=\"img\" aria-labelledby=\"title finding\" \
             width=\"{FILE_WIDTH}\" height=\"{}\"><title id=\"title\">{title}</title><desc id=\"finding\">{}</desc>\
             <style>{}</style><rect class=\"c-page\" width=\"100%\" height=\"100%\"/>\
             <text class=\"c-title\" x=\"2%\" y=\"26\">{title}</text>\
             <svg x=\"2%\" y=\"44\" width=\"96%\" height=\"{}\" overflow=\"visible\">{}</svg>\
             <svg x=\"2%\" y=\"{}\" overflow=\"visible\">{key}</svg></svg>",
            svg::number(height),
            escaped(&self.finding),
            crate::assets::picture_style(),
            svg::number(self.height),
            self.body.marks,
            svg::number(key_top),
            title = escaped(&self.title),
        )
    }
}

#[cfg(test)]
mod testing {
    use super::Chart;

    /// Fails unless both forms of the chart are well-formed XML, finite, and complete in words and numbers.
    pub(super) fn check(chart: &Chart) {
        for text in [chart.svg(), chart.file()] {
            roxmltree::Document::parse(&text).expect("well-formed");
            assert!(!text.contains("NaN") && !text.contains("inf"), "a place that is no number: {text}");
            assert!(!text.contains("style=\""), "inline styles break the content security policy");
        }
        assert!(chart.finding.ends_with('.'), "a finding is a sentence: {}", chart.finding);
        assert!(!chart.table.rows.is_empty());
        assert!(chart.table.rows.iter().all(|row| row.len() == chart.table.columns.len()));
    }
}
