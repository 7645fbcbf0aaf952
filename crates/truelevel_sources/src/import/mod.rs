//! Facts from files: JSON Lines and CSV in Truelevel's own words, so that any system can feed it without a connector.
//!
//! A kind of fact is a file here and a line in [`LAYOUTS`]. Its fields are declared once; reading, documentation and
//! schema follow from the declaration. A record that is wrong is rejected with line, field and reason, and the others
//! are kept. Nothing here writes facts, or knows a clock: what time it is comes in with [`Reading`].

mod ai_usage;
mod copilot;
mod csv;
mod declarations;
mod deployments;
mod devlake;
mod evidence;
mod field;
mod file;
mod forms;
mod fourkeys;
mod incident_links;
mod incidents;
mod layout;
mod lines;
mod pipeline_runs;
mod record;
mod reviews;
mod services;
mod shared;
mod times;
mod writing;

pub use field::Field;
pub use file::{Batch, FileFault, Hints, ImportFile, Rejection};
pub use layout::Layout;
pub use record::{Fault, Reading};
pub use times::time_zone;
pub use writing::{Row, Rows, header, line};

/// All kinds of fact, sorted by id.
pub static LAYOUTS: &[&Layout] = &[
    &ai_usage::AI_USAGE,
    &declarations::DECLARATIONS,
    &deployments::DEPLOYMENTS,
    &evidence::EVIDENCE,
    &incident_links::INCIDENT_LINKS,
    &incidents::INCIDENTS,
    &pipeline_runs::PIPELINE_RUNS,
    &reviews::REVIEWS,
    &services::SERVICES,
];

/// Tables of other products, recognised by their columns.
pub static TABLES: &[&Layout] = &[
    &copilot::metrics::METRICS,
    &copilot::reports::REPORTS,
    &devlake::board_issues::BOARD_ISSUES,
    &devlake::deployments::DEPLOYMENTS,
    &devlake::incidents::INCIDENTS,
    &devlake::issues::ISSUES,
    &devlake::project_mapping::PROJECT_MAPPING,
    &devlake::pull_requests::PULL_REQUESTS,
    &fourkeys::changes::CHANGES,
    &fourkeys::deployments::DEPLOYMENTS,
    &fourkeys::incidents::INCIDENTS,
];

/// The table of another product that has all of its columns here.
fn table_of(has: impl Fn(&str) -> bool) -> Option<&'static Layout> {
    TABLES.iter().copied().find(|table| table.recognised_by.iter().all(|name| has(name)))
}

/// The kind of a name, in singular or plural, with `-` or `_`.
pub fn layout_named(name: &str) -> Option<&'static Layout> {
    let name = name.trim().to_lowercase().replace('-', "_");
    LAYOUTS.iter().copied().find(|layout| name == layout.id || name == layout.id.trim_end_matches('s'))
}

/// The kind that a file's name begins with: `deployments.csv`, `deployments2.csv`, `pipeline-runs-2026-08.jsonl.gz`.
pub fn layout_of_file(name: &str) -> Option<&'static Layout> {
    let name = name.to_lowercase().replace('-', "_");
    LAYOUTS
        .iter()
        .copied()
        .find(|layout| name.strip_prefix(layout.id).is_some_and(|rest| !rest.starts_with(char::is_alphabetic)))
}

/// The kinds for messages.
pub fn kinds() -> String {
    LAYOUTS.iter().map(|layout| layout.id.replace('_', "-")).collect::<Vec<_>>().join(", ")
}

/// How records are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// A JSON object a line.
    JsonLines,
    /// Comma-separated values with a header.
    Csv,
}

impl Format {
    /// What a file's name says.
    fn of_file(name: &str) -> Option<Self> {
        let name = name.to_lowercase();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        match name.rsplit_once('.')?.1 {
            "csv" | "tsv" => Some(Self::Csv),
            "jsonl" | "ndjson" | "json" => Some(Self::JsonLines),
            _ => None,
        }
    }

    /// What a file's first line says.
    fn of_line(line: &[u8]) -> Self {
        if line.trim_ascii().starts_with(b"{") || line.trim_ascii().starts_with(b"[") {
            Self::JsonLines
        } else {
            Self::Csv
        }
    }
}

#[cfg(test)]
mod tests;
