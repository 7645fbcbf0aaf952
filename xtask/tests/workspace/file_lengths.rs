//! A file that grew too long holds two subjects.

use std::path::{Path, PathBuf};
use std::{fs, io};

/// About 600 lines is where a file asks to be two; this is where it must be.
const LONGEST: usize = 700;

#[test]
fn no_source_file_is_too_long() {
    let mut files = Vec::new();
    for folder in ["crates", "xtask"] {
        sources(&super::root().join(folder), &mut files).expect("the workspace can be read");
    }
    assert!(files.len() > 50, "{} files were found", files.len());
    files.sort();
    let mut too_long = Vec::new();
    for file in files {
        let lines = fs::read_to_string(&file).unwrap().lines().count();
        if lines > LONGEST {
            too_long.push(format!("{}: {lines} lines", file.display()));
        }
    }
    assert!(too_long.is_empty(), "longer than {LONGEST} lines, to be split by subject:\n  {}", too_long.join("\n  "));
}

fn sources(folder: &Path, files: &mut Vec<PathBuf>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let path = entry.path();
        if entry.file_type()?.is_dir() {
            sources(&path, files)?;
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            files.push(path);
        }
    }
    Ok(())
}
