//! `init`: a configuration from what is found.

use std::fs::OpenOptions;
use std::io::{ErrorKind, Write};

use truelevel_engine::EngineError;
use truelevel_engine::config::FILE_NAME;

use crate::args::Init;
use crate::{exit, output};

pub(crate) fn run(args: &Init) -> Result<u8, EngineError> {
    let text = truelevel_engine::init::describe(&args.folder, args.empty)?;
    if args.print {
        output::print(&text)?;
        return Ok(exit::DONE);
    }
    let file = args.folder.join(FILE_NAME);
    let shown = truelevel_model::printable(&file.display().to_string()).into_owned();
    let mut options = OpenOptions::new();
    options.write(true);
    if args.force {
        options.create(true).truncate(true);
    } else {
        options.create_new(true);
    }
    options.open(&file).and_then(|mut opened| opened.write_all(text.as_bytes())).map_err(|error| {
        EngineError::Usage(match error.kind() {
            ErrorKind::AlreadyExists => {
                format!("{shown} is there already; `--force` writes over it, `--print` shows the new one")
            }
            _ => format!("cannot write {shown}: {error}"),
        })
    })?;
    // Without a repository there is nothing to assess yet; the server's first page says what can be connected.
    let next = if args.empty { "serve" } else { "assess" };
    eprintln!("wrote {shown}; next: truelevel {next}");
    Ok(exit::DONE)
}
