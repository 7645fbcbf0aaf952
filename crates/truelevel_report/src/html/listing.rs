//! Tables of pages: what a reader sees, what sorting compares and what a spreadsheet gets are made from the same cells.

use askama::Template;
use truelevel_model::{Measurement, Unit};

use super::{Site, rendered};
use crate::table::{self, Table};
use crate::{numbers, words};

/// Rows that a page shows; the file holds all of them.
const MOST_SHOWN: usize = 500;

/// A table with links in it.
#[derive(Clone, Debug, Default)]
pub(super) struct Listing {
    /// What its file is called, without the ending; empty where it has none.
    pub(super) file: String,
    /// What it holds, for those who do not see it: `teams`.
    pub(super) label: String,
    /// What a row is, where people look for one: `service`.
    pub(super) finds: Option<&'static str>,
    /// Whether readers may order the rows.
    is_sortable: bool,
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

/// A column.
#[derive(Clone, Debug)]
pub(super) struct Column {
    title: String,
    link: Option<String>,
    is_number: bool,
    /// Its names in the file.
    names: Vec<String>,
}

/// A cell.
#[derive(Clone, Debug, Default)]
pub(super) struct Cell {
    text: String,
    link: Option<String>,
    /// What the text stands on, below it.
    small: String,
    tag: Option<&'static str>,
    /// A verdict's colour.
    class: Option<&'static str>,
    /// What sorting compares where it is not the text; empty when unknown.
    sorted: Option<String>,
    /// What the file holds where it is not the text.
    taken: Option<Vec<table::Cell>>,
}

impl Column {
    /// Words.
    pub(super) fn words(title: &str) -> Self {
        Self { title: title.to_owned(), link: None, is_number: false, names: vec![title.to_lowercase()] }
    }

    /// Numbers.
    pub(super) fn numbers(title: &str) -> Self {
        Self { is_number: true, ..Self::words(title) }
    }

    /// Measurements: the file holds value, interval and sample.
    pub(super) fn measured(title: &str) -> Self {
        let name = title.to_lowercase();
        let names = ["", ", 95 % low", ", 95 % high", ", sample"].map(|what| format!("{name}{what}"));
        Self { names: names.to_vec(), ..Self::numbers(title) }
    }

    /// Where it is explained.
    pub(super) fn explained(self, link: Option<String>) -> Self {
        Self { link, ..self }
    }
}

/// The columns of the keys, each with the way to its explanation.
pub(super) fn key_columns(site: &Site<'_>) -> impl Iterator<Item = Column> {
    words::KEYS.iter().map(|(id, name)| Column::measured(name).explained(site.explained(id)))
}

impl Cell {
    pub(super) fn words(text: impl Into<String>) -> Self {
        Self { text: text.into(), ..Self::default() }
    }

    pub(super) fn count(number: u64) -> Self {
        Self::number(Unit::Count, Some(number as f64))
    }

    pub(super) fn number(unit: Unit, value: Option<f64>) -> Self {
        let taken = table::Cell::known(unit, value, "–");
        Self { text: taken.text.clone(), sorted: Some(sorted(value)), taken: Some(vec![taken]), ..Self::default() }
    }

    /// What sorts by another value than its text.
    pub(super) fn by(text: impl Into<String>, value: Option<f64>) -> Self {
        Self { sorted: Some(sorted(value)), ..Self::words(text) }
    }

    /// A measurement with its interval and sample. Rates of a column are all in the same unit.
    pub(super) fn measured(measured: Option<&Measurement>) -> Self {
        let unit = measured.map_or(Unit::Count, |measured| measured.unit);
        let known = measured.filter(|measured| numbers::says_something(measured));
        let value = known.and_then(|measured| measured.value.or(measured.at_least));
        let limits = known.filter(|measured| !measured.is_lower_bound);
        let cell = |value| table::Cell::known(unit, value, "–");
        Self {
            text: known.map_or_else(|| "–".to_owned(), numbers::in_a_column),
            small: known.map_or_else(String::new, numbers::behind),
            sorted: Some(sorted(value)),
            taken: Some(vec![
                cell(value),
                cell(limits.and_then(|measured| measured.low)),
                cell(limits.and_then(|measured| measured.high)),
                table::Cell::known(Unit::Count, known.map(|measured| measured.n as f64), "–"),
            ]),
            ..Self::default()
        }
    }

    pub(super) fn linked(self, link: impl Into<Option<String>>) -> Self {
        Self { link: link.into(), ..self }
    }

    pub(super) fn tagged(self, tag: Option<&'static str>) -> Self {
        Self { tag, ..self }
    }

    pub(super) fn standing_on(self, small: impl Into<String>) -> Self {
        Self { small: small.into(), ..self }
    }

    /// What the file holds, where it is another text than the page shows.
    pub(super) fn taken(self, text: String) -> Self {
        Self { taken: Some(vec![text.into()]), ..self }
    }

    /// The text in other words; sorting and file stay.
    pub(super) fn said(self, say: impl Fn(&str) -> String) -> Self {
        Self { text: say(&self.text), ..self }
    }

    pub(super) fn coloured(self, class: &'static str) -> Self {
        Self { class: Some(class), ..self }
    }
}

fn sorted(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

#[derive(Template)]
#[template(path = "listing.html")]
struct Shown<'a> {
    listing: &'a Listing,
    columns: &'a [Column],
    rows: &'a [Vec<Cell>],
    more: usize,
    csv_link: Option<String>,
}

impl Listing {
    pub(super) fn new(file: &str, label: &str, columns: impl IntoIterator<Item = Column>) -> Self {
        Self {
            file: file.to_owned(),
            label: label.to_owned(),
            columns: columns.into_iter().collect(),
            is_sortable: true,
            ..Self::default()
        }
    }

    pub(super) fn finding(self, what: &'static str) -> Self {
        Self { finds: Some(what), ..self }
    }

    /// Where rows stand in the order that everybody wants, and a file has no room for more.
    pub(super) fn in_order(self) -> Self {
        Self { is_sortable: false, ..self }
    }

    /// The first rows alone.
    pub(super) fn first(mut self, rows: usize) -> Self {
        self.rows.truncate(rows);
        self
    }

    pub(super) fn push(&mut self, cells: impl IntoIterator<Item = Cell>) {
        self.rows.push(cells.into_iter().collect());
    }

    pub(super) fn len(&self) -> usize {
        self.rows.len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// As a part of a page; empty without rows.
    pub(super) fn html(&self, site: &Site<'_>) -> String {
        let file = (!self.file.is_empty()).then(|| format!("{}.csv", self.file));
        self.shown(file.and_then(|file| site.links.download(&file)))
    }

    /// The same, with the address of its file.
    pub(super) fn shown(&self, csv_link: Option<String>) -> String {
        if self.is_empty() {
            return String::new();
        }
        let rows = &self.rows[..self.rows.len().min(MOST_SHOWN)];
        let more = self.rows.len() - rows.len();
        rendered(&Shown { listing: self, columns: &self.columns, rows, more, csv_link })
    }

    /// As a file.
    pub(super) fn table(&self) -> Table {
        let cells = |cell: &Cell| cell.taken.clone().unwrap_or_else(|| vec![cell.text.as_str().into()]);
        Table {
            columns: self.columns.iter().flat_map(|column| column.names.clone()).collect(),
            rows: self.rows.iter().map(|row| row.iter().flat_map(cells).collect()).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_has_no_interval_and_rates_of_a_column_have_one_unit() {
        let mut measured = Measurement::missing("change_fail_rate/1", Unit::Ratio, "2024", "");
        (measured.value, measured.low, measured.high, measured.n) = (Some(0.1), Some(0.0), Some(0.2), 30);
        let cell = Cell::measured(Some(&measured));
        assert_eq!((cell.text.as_str(), cell.small.as_str()), ("10 %", "0 % to 20 %; n 30"));
        measured.is_lower_bound = true;
        let bound = Cell::measured(Some(&measured));
        assert_eq!((bound.text.as_str(), bound.small.as_str()), ("≥ 10 %", "n 30"));
        let rate = |per_day| {
            let mut measured = Measurement::missing("deployment_frequency/1", Unit::PerDay, "2024", "");
            measured.value = Some(per_day);
            Cell::measured(Some(&measured)).text
        };
        assert_eq!([rate(2.0), rate(0.05), rate(0.0)], ["14 per week", "0.35 per week", "none"]);
    }

    #[test]
    fn the_file_holds_what_the_page_shows_and_more() {
        let mut listing = Listing::new("x", "x", [Column::words("Service"), Column::measured("Lead time")]);
        let mut measured = Measurement::missing("change_lead_time/1", Unit::Seconds, "2024", "");
        (measured.value, measured.low, measured.high, measured.n) = (Some(7200.0), Some(3600.0), None, 9);
        listing.push([Cell::words("a"), Cell::measured(Some(&measured))]);
        listing.push([Cell::words("b"), Cell::measured(None)]);
        assert_eq!(
            listing.table().csv(),
            "service,lead time (seconds),\"lead time, 95 % low (seconds)\",\"lead time, 95 % high\",\"lead time, \
             sample\"\r\na,7200,3600,–,9\r\nb,,,–,\r\n"
        );
        let html = listing.shown(None);
        assert!(html.contains("data-value=\"7200\"") && html.contains("data-value=\"\""), "{html}");
    }
}
