//! Import: facts from files into a workspace's store.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use truelevel_assess::catalog::{LANES, STAGES};
use truelevel_model::{SourceId, Time, printable};
use truelevel_practices::PRACTICES;
use truelevel_sources::import::{Hints, ImportFile, Reading, time_zone};
pub use truelevel_store::Counts;
use truelevel_store::Written;

pub use truelevel_sources::import::{Format, Layout, Rejection, kinds, layout_named};

use crate::config::FILE_NAME;
use crate::{EngineError, Talk, Workspace};

/// What is to be imported, and how to read it.
#[derive(Clone, Debug)]
pub struct ImportRequest {
    /// The files; `-` for what comes in.
    pub files: Vec<PathBuf>,
    /// What their records are, where neither they nor the files' names say it.
    pub layout: Option<&'static Layout>,
    /// Their format, where neither names nor contents say it.
    pub format: Option<Format>,
    /// The source of records that name none; `import`, or the product that a table is from, when absent.
    pub source: Option<String>,
    /// The zone of times that are written without one, as `Europe/London`.
    pub time_zone: Option<String>,
    /// What time it is.
    pub now: Time,
}

/// What an import did.
#[derive(Clone, Debug, Default)]
pub struct Imported {
    /// What it did to facts, by the name of their kind; kinds that came.
    pub written: Vec<(&'static str, Counts)>,
    /// Records that were rejected.
    pub rejected: u64,
    /// What is worth knowing and stopped nothing.
    pub warnings: Vec<String>,
    /// Files that could not be read, or not to their end.
    pub faults: Vec<String>,
}

/// Writes the records of files into the store, a transaction for each few thousand. `reject` is told of each record
/// that is wrong, with the name of its file. A file that cannot be read does not stop the others.
pub fn import(
    workspace: &mut Workspace,
    request: &ImportRequest,
    talk: &dyn Talk,
    reject: &mut dyn FnMut(&str, &Rejection) -> Result<(), EngineError>,
) -> Result<Imported, EngineError> {
    if !workspace.is_kept() {
        return Err(EngineError::Usage(format!(
            "no {FILE_NAME} there; importing needs a workspace to keep facts in. Write one with `truelevel init`, or name one with --workspace"
        )));
    }
    let reading = reading(request)?;
    let hints = Hints { layout: request.layout, format: request.format };
    let mut imported = Imported::default();
    for path in &request.files {
        let name = shown(path);
        let opened =
            open(path).and_then(|input| ImportFile::open(input, &file_name(path), hints).map_err(|fault| fault.0));
        let mut file = match opened {
            Ok(file) => file,
            Err(reason) => {
                imported.faults.push(format!("{name}: {reason}"));
                continue;
            }
        };
        let what = format!("importing {name}");
        loop {
            let batch = match file.next_batch(&reading) {
                Ok(Some(batch)) => batch,
                Ok(None) => break,
                Err(fault) => {
                    imported.faults.push(format!("{name}: {fault}; what came before it is kept"));
                    break;
                }
            };
            imported.add(&workspace.store.write(&batch.facts)?);
            imported.rejected += batch.rejected.len() as u64;
            batch.rejected.iter().try_for_each(|rejection| reject(&name, rejection))?;
            talk.progress(&what, file.lines(), None);
        }
        let unknown: Vec<_> = file.unknown_fields().map(|field| format!("`{}`", printable(field))).collect();
        if !unknown.is_empty() {
            imported.warnings.push(format!("{name}: nothing is known of {}, left aside", unknown.join(", ")));
        }
    }
    if imported.written.iter().any(|(_, counts)| counts.new + counts.changed > 0) {
        crate::told::note(workspace.store.as_mut())?;
    }
    Ok(imported)
}

impl Imported {
    fn add(&mut self, written: &Written) {
        for (kind, counts) in written.by_kind() {
            if counts == Counts::default() {
                continue;
            }
            let place = self.written.iter().position(|(known, _)| *known == kind).unwrap_or_else(|| {
                self.written.push((kind, Counts::default()));
                self.written.len() - 1
            });
            let sum = &mut self.written[place].1;
            sum.new += counts.new;
            sum.changed += counts.changed;
            sum.unchanged += counts.unchanged;
            sum.older += counts.older;
        }
    }
}

fn reading(request: &ImportRequest) -> Result<Reading, EngineError> {
    let zone = |name: &String| time_zone(name).map_err(EngineError::Usage);
    let source = request.source.as_deref().map(str::trim);
    if source == Some("") {
        return Err(EngineError::Usage("a source needs a name".to_owned()));
    }
    Ok(Reading {
        now: request.now,
        time_zone: request.time_zone.as_ref().map(zone).transpose()?,
        source: source.map(SourceId::new),
        stages: STAGES.into_iter().chain(LANES).collect(),
        practices: PRACTICES.iter().map(|practice| practice.id).collect(),
        projects: RefCell::default(),
    })
}

fn open(path: &Path) -> Result<Box<dyn Read + Send>, String> {
    if path == Path::new("-") {
        return Ok(Box::new(io::stdin()));
    }
    let file = File::open(path).map_err(|error| error.to_string())?;
    if file.metadata().is_ok_and(|found| found.is_dir()) {
        return Err("it is a folder".to_owned());
    }
    Ok(Box::new(file))
}

fn shown(path: &Path) -> String {
    if path == Path::new("-") { "stdin".to_owned() } else { printable(&path.display().to_string()).into_owned() }
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}
