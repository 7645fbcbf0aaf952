//! Writing results: colours only on a terminal, and a closed pipe is no error.

use std::io::{self, IsTerminal, Write};

use truelevel_engine::EngineError;
use truelevel_report::Style;

/// Columns of a page that goes nowhere in particular.
const USUAL_WIDTH: usize = 100;
/// Lines longer than this are hard to read on any terminal.
const WIDEST: usize = 120;

/// How pages look on stdout: `NO_COLOR`, `CLICOLOR_FORCE` and `TERM=dumb` are honoured.
pub(crate) fn style() -> Style {
    let is_set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let is_dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    let is_forced = std::env::var_os("CLICOLOR_FORCE").is_some_and(|value| !value.is_empty() && value != "0");
    let is_terminal = io::stdout().is_terminal();
    let width = if is_terminal { terminal_size::terminal_size().map(|(width, _)| usize::from(width.0)) } else { None };
    Style {
        has_colour: !is_set("NO_COLOR") && (is_forced || (is_terminal && !is_dumb)),
        width: width.unwrap_or(USUAL_WIDTH).clamp(60, WIDEST),
    }
}

/// Prints a result. A reader that closed the pipe has seen what it wanted.
pub(crate) fn print(text: &str) -> Result<(), EngineError> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(EngineError::Usage(format!("cannot write the result: {error}")))
        }
        _ => Ok(()),
    }
}
