//! Rows under columns: what stands behind a chart, and what is downloaded as CSV.

/// A table of text. Every row has as many cells as there are columns.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Table {
    /// The columns' names.
    pub columns: Vec<String>,
    /// The rows.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// Columns without rows yet.
    pub fn new<const N: usize>(columns: [&str; N]) -> Self {
        Self { columns: columns.map(str::to_owned).to_vec(), rows: Vec::new() }
    }

    /// Adds a row.
    pub fn push<const N: usize>(&mut self, cells: [String; N]) {
        self.rows.push(cells.to_vec());
    }

    /// As CSV (RFC 4180), lines ended by CRLF. A text cell that a spreadsheet would take for a formula begins with an
    /// apostrophe, since names come from outside.
    pub fn csv(&self) -> String {
        let mut text = String::new();
        for row in std::iter::once(&self.columns).chain(&self.rows) {
            let cells: Vec<String> = row.iter().map(|cell| csv_cell(cell)).collect();
            text += &cells.join(",");
            text += "\r\n";
        }
        text
    }
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
        table.push(["a,\"b\"".into(), "-3.5".into()]);
        table.push(["=HYPERLINK(\"x\")".into(), String::new()]);
        assert_eq!(table.csv(), "service,seconds\r\n\"a,\"\"b\"\"\",-3.5\r\n\"'=HYPERLINK(\"\"x\"\")\",\r\n");
    }
}
