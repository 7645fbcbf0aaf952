//! `export`: facts in the words of import, and measures.

use std::io::{self, ErrorKind, Write};

use truelevel_engine::export::{export_facts, export_measures};
use truelevel_engine::import::Format;
use truelevel_engine::{EngineError, Workspace, WorkspaceSource};

use crate::args::{Export, ExportKind, RecordFormat};
use crate::exit;
use crate::progress::Progress;

pub(crate) fn run(args: &Export) -> Result<u8, EngineError> {
    let format = match args.format {
        RecordFormat::Csv => Format::Csv,
        RecordFormat::Jsonl => Format::JsonLines,
    };
    let mut workspace = Workspace::open(&args.scope.paths)?;
    let mut stdout = io::BufWriter::new(io::stdout().lock());
    let mut is_closed = false;
    // A reader that closed the pipe has seen what it wanted.
    let mut take = |text: &str| match stdout.write_all(text.as_bytes()) {
        _ if is_closed => Ok(()),
        Err(error) if error.kind() == ErrorKind::BrokenPipe => {
            is_closed = true;
            Ok(())
        }
        other => other.map_err(|error| cannot_write(&error)),
    };
    match args.kind {
        ExportKind::Facts(layout) => {
            if let WorkspaceSource::Paths(_) = workspace.source {
                return Err(EngineError::Usage(
                    "facts are kept in a workspace, and there is none; name its folder".into(),
                ));
            }
            export_facts(&workspace, layout, format, &mut take)?;
        }
        ExportKind::Measures => {
            let progress = Progress::new();
            let request = super::request(&args.scope);
            let assessment = truelevel_engine::assess::assess(&mut workspace, &request, &progress)?;
            drop(progress);
            export_measures(&assessment, format, &mut take)?;
        }
    }
    match stdout.flush() {
        Err(error) if error.kind() != ErrorKind::BrokenPipe => Err(cannot_write(&error)),
        _ => Ok(exit::DONE),
    }
}

fn cannot_write(error: &io::Error) -> EngineError {
    EngineError::Usage(format!("cannot write the result: {error}"))
}
