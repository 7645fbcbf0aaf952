//! `import`: facts from files.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use serde_json::json;
use truelevel_engine::access::Access;
use truelevel_engine::import::{Counts, Format, ImportRequest, Imported, Rejection, import};
use truelevel_engine::{EngineError, Workspace};
use truelevel_model::access::AuditAction;
use truelevel_model::printable;

use crate::args::{Import, RecordFormat};
use crate::progress::Progress;
use crate::{exit, output};

/// How many rejected records are shown; the file of `--rejects` holds all.
const SHOWN: u64 = 20;

pub(crate) fn run(args: &Import) -> Result<u8, EngineError> {
    let mut workspace = Workspace::open(args.workspace.as_slice())?;
    let request = ImportRequest {
        files: args.files.clone(),
        layout: args.kind,
        format: args.format.map(|format| match format {
            RecordFormat::Csv => Format::Csv,
            RecordFormat::Jsonl => Format::JsonLines,
        }),
        source: args.source.clone(),
        time_zone: args.time_zone.clone(),
        now: super::now(),
    };
    let mut rejects = Rejects::new(args)?;
    let imported = {
        let progress = Progress::new();
        import(&mut workspace, &request, &progress, &mut |file, rejection| rejects.add(file, rejection))?
    };
    rejects.finish()?;
    Access::open(&workspace)?.record(&super::by(), AuditAction::Imported, told(&imported, args))?;
    tell(&imported, args)?;
    Ok(match () {
        () if !imported.faults.is_empty() => exit::USAGE,
        () if args.strict && imported.rejected > 0 => exit::MISSING,
        () => exit::DONE,
    })
}

/// What was done, for the audit log.
fn told(imported: &Imported, args: &Import) -> String {
    let counted: Vec<String> = imported.written.iter().map(counted).collect();
    let files: Vec<String> =
        args.files.iter().map(|file| printable(&file.display().to_string()).into_owned()).collect();
    let nothing = if counted.is_empty() { "nothing" } else { "" };
    format!("{nothing}{}; {} rejected; from {}", counted.join("; "), imported.rejected, files.join(", "))
}

fn counted((kind, counts): &(&'static str, Counts)) -> String {
    let older = if counts.older > 0 { format!(", {} older than what is known", counts.older) } else { String::new() };
    format!("{kind}: {} new, {} changed, {} unchanged{older}", counts.new, counts.changed, counts.unchanged)
}

fn tell(imported: &Imported, args: &Import) -> Result<(), EngineError> {
    if imported.rejected > SHOWN {
        eprintln!("truelevel: {} more records were rejected", imported.rejected - SHOWN);
    }
    if imported.rejected > SHOWN && args.rejects.is_none() {
        eprintln!("truelevel: `--rejects FILE` keeps all of them");
    }
    for line in imported.warnings.iter().chain(&imported.faults) {
        eprintln!("truelevel: {line}");
    }
    for written in &imported.written {
        output::print(&format!("{}\n", counted(written)))?;
    }
    if imported.written.iter().any(|(_, counts)| counts.older > 0) {
        eprintln!(
            "truelevel: what is older than what is known changes nothing; `observed_at` says since when it holds"
        );
    }
    if imported.rejected > 0 {
        output::print(&format!("rejected: {}\n", imported.rejected))?;
    }
    Ok(())
}

/// Where rejected records go: the first to the terminal, all to the file that was asked for.
struct Rejects {
    file: Option<(String, BufWriter<File>)>,
    count: u64,
}

impl Rejects {
    fn new(args: &Import) -> Result<Self, EngineError> {
        let Some(path) = &args.rejects else { return Ok(Self { file: None, count: 0 }) };
        let shown = printable(&path.display().to_string()).into_owned();
        if args.files.iter().any(|file| is_same(file, path)) {
            return Err(EngineError::Usage(format!("{shown} is read and cannot take the rejected records too")));
        }
        let file = File::create(path).map_err(|error| cannot_write(&shown, &error))?;
        Ok(Self { file: Some((shown, BufWriter::new(file))), count: 0 })
    }

    fn add(&mut self, file: &str, rejection: &Rejection) -> Result<(), EngineError> {
        self.count += 1;
        let Rejection { line, field, reason, raw } = rejection;
        if self.count <= SHOWN {
            let field = field.map(|field| format!(" {field}:")).unwrap_or_default();
            eprintln!("truelevel: {file}:{line}:{field} {reason}");
        }
        if let Some((shown, writer)) = &mut self.file {
            let record = json!({"file": file, "line": line, "field": field, "reason": reason, "raw": raw});
            writeln!(writer, "{record}").map_err(|error| cannot_write(shown, &error))?;
        }
        Ok(())
    }

    fn finish(self) -> Result<(), EngineError> {
        match self.file {
            Some((shown, mut writer)) => writer.flush().map_err(|error| cannot_write(&shown, &error)),
            None => Ok(()),
        }
    }
}

fn is_same(one: &Path, other: &Path) -> bool {
    one == other || one.canonicalize().is_ok_and(|one| other.canonicalize().is_ok_and(|other| one == other))
}

fn cannot_write(shown: &str, error: &std::io::Error) -> EngineError {
    EngineError::Usage(format!("cannot write {shown}: {error}"))
}
