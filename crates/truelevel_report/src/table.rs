//! Rows under columns: what stands behind a chart, and what is downloaded as CSV.

use truelevel_model::Unit;

use crate::numbers;

/// A table. Every row has as many cells as there are columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Table {
    /// The columns' names.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<Cell>>,
}

/// What stands in a table: words for readers, and the number behind them for programs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Cell {
    /// For readers.
    pub text: String,
    /// The number that the text says, with what it counts.
    pub value: Option<(f64, Unit)>,
}

impl Cell {
    /// A number in the words of its unit.
    pub fn measured(unit: Unit, value: f64) -> Self {
        Self { text: numbers::value(unit, value), value: Some((value, unit)) }
    }

    /// The same, or a word where there is none.
    pub fn known(unit: Unit, value: Option<f64>, otherwise: &str) -> Self {
        value.map_or_else(|| otherwise.into(), |value| Self::measured(unit, value))
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, value: None }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl PartialEq<&str> for Cell {
    fn eq(&self, other: &&str) -> bool {
        self.text == *other
    }
}

impl Table {
    /// Columns without rows yet.
    pub fn new<const N: usize>(columns: [&str; N]) -> Self {
        Self { columns: columns.map(str::to_owned).to_vec(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn push<const N: usize>(&mut self, cells: [impl Into<Cell>; N]) {
        self.rows.push(cells.map(Into::into).to_vec());
    }

    /// As CSV (RFC 4180), lines ended by CRLF. Numbers of one unit are written as such, with the unit in their column's
    /// name, and a word among them is left empty. A text cell that a spreadsheet would take for a formula begins with an
    /// apostrophe, since names come from outside.
    pub fn csv(&self) -> String {
        let units: Vec<Option<Unit>> = (0..self.columns.len()).map(|column| self.unit(column)).collect();
        let names = self.columns.iter().zip(&units).map(|(name, unit)| match unit {
            Some(Unit::Seconds) => format!("{name} (seconds)"),
            Some(Unit::PerDay) => format!("{name} (per day)"),
            Some(Unit::Ratio) => format!("{name} (share)"),
            Some(Unit::Count) | None => name.clone(),
        });
        let mut text = line(names);
        for row in &self.rows {
            text += &line(row.iter().zip(&units).map(|(cell, unit)| match (cell.value, unit) {
                (Some((value, _)), Some(_)) => value.to_string(),
                (None, Some(_)) => String::new(),
                (_, None) => cell.text.clone(),
            }));
        }
        text
    }

    /// What the numbers of a column count, where it holds any and all count the same.
    fn unit(&self, column: usize) -> Option<Unit> {
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        let mut units = cells.filter_map(|cell| cell.value).map(|(_, unit)| unit);
        let first = units.next()?;
        units.all(|unit| unit == first).then_some(first)
    }
}

fn line(cells: impl Iterator<Item = String>) -> String {
    cells.map(|cell| csv_cell(&cell)).collect::<Vec<_>>().join(",") + "\r\n"
}

fn csv_cell(cell: &str) -> String {
    let is_formula = cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && cell.parse::<f64>().is_err();
    let guard = if is_formula { "'" } else { "" };
    if cell.contains(['"', ',', '\n', '\r']) {
        format!("\"{guard}{}\"", cell.replace('"', "\"\""))
    } else {
        format!("{guard}{cell}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_quoted_and_never_run_as_formulas() {
        let mut table = Table::new(["service", "seconds"]);
        table.push(["a,\"b\"", "-3.5"]);
        table.push(["=HYPERLINK(\"x\")", ""]);
        assert_eq!(table.csv(), "service,seconds\r\n\"a,\"\"b\"\"\",-3.5\r\n\"'=HYPERLINK(\"\"x\"\")\",\r\n");
    }

    #[test]
    fn numbers_are_numbers_and_their_column_names_the_unit() {
        let mut table = Table::new(["week", "value"]);
        table.push(["1 Jun".into(), Cell::measured(Unit::Seconds, 7200.0)]);
        table.push(["8 Jun".into(), Cell::known(Unit::Seconds, None, "none")]);
        assert_eq!(table.rows[0], ["1 Jun", "2 h"]);
        assert_eq!(table.csv(), "week,value (seconds)\r\n1 Jun,7200\r\n8 Jun,\r\n");
    }
}
