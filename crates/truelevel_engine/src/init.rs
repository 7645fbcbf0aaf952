//! Writes a `truelevel.toml` from what is found.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::path::{Path, PathBuf};

use truelevel_sources::deployment_files;
use truelevel_sources::deployment_repository::VersionFiles;
use truelevel_sources::git::GitRepository;

use crate::EngineError;

/// What was found below a folder.
#[derive(Debug, Default)]
struct Found {
    /// Repositories, as paths from the folder.
    repositories: Vec<PathBuf>,
    /// Of these, the ones that declare what runs in named environments.
    deploying: Vec<PathBuf>,
    environments: BTreeSet<String>,
}

/// The text of a configuration for the repositories at `folder` or one level below it; for none where it may be empty.
pub fn describe(folder: &Path, may_be_empty: bool) -> Result<String, EngineError> {
    let found = look_around(folder)?;
    if found.repositories.is_empty() && !may_be_empty {
        return Err(EngineError::NothingToAssess(format!(
            "no git repository at {} or one level below; `truelevel init --empty` begins without one",
            truelevel_model::printable(&folder.display().to_string())
        )));
    }
    Ok(text(&found, folder))
}

fn look_around(folder: &Path) -> Result<Found, EngineError> {
    let mut candidates = vec![PathBuf::from(".")];
    let unreadable = |error: std::io::Error| {
        EngineError::Usage(format!("{}: {error}", truelevel_model::printable(&folder.display().to_string())))
    };
    let mut below: Vec<PathBuf> = std::fs::read_dir(folder)
        .map_err(unreadable)?
        .flatten()
        .filter(|entry| entry.path().is_dir())
        .map(|entry| PathBuf::from(entry.file_name()))
        .collect();
    below.sort();
    candidates.extend(below);
    let mut found = Found::default();
    let mut known = BTreeSet::new();
    for candidate in candidates {
        let Ok(repository) = GitRepository::open(&folder.join(&candidate)) else { continue };
        // A folder inside a repository leads to the same one.
        if !known.insert(repository.identity()) {
            continue;
        }
        if let Ok(Some(branch)) = repository.default_branch()
            && let Ok(tree) = repository.tree(branch.tip)
        {
            let declared = VersionFiles::Recognised.declared(&tree, &|_| false);
            let environments: BTreeSet<String> =
                declared.versions.into_iter().filter_map(|(_, version)| version.environment).collect();
            if environments.iter().any(|environment| deployment_files::is_production(environment)) {
                found.deploying.push(candidate.clone());
                found.environments.extend(environments);
            }
        }
        found.repositories.push(candidate);
    }
    Ok(found)
}

fn text(found: &Found, folder: &Path) -> String {
    let name = folder.canonicalize().ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned()));
    let mut text =
        String::from("# What Truelevel assesses together. Every table is optional; what is not said is found.\n\n");
    let _ = writeln!(text, "[workspace]\nname = {}\nwindow_days = 90", quoted(name.as_deref().unwrap_or("workspace")));
    for path in found.repositories.iter().filter(|path| !found.deploying.contains(path)) {
        let _ = writeln!(text, "\n[[repository]]\npath = {}", quoted(&path.to_string_lossy()));
    }
    for path in &found.deploying {
        let _ = writeln!(text, "\n# Declares which version of which service runs in which environment.");
        let _ = writeln!(text, "[[deployment_repository]]\npath = {}", quoted(&path.to_string_lossy()));
        let _ = writeln!(
            text,
            "# Only needed when its files are not recognised:\n# [[deployment_repository.files]]\n# path = \"apps/{{environment}}/{{service}}.yaml\"\n# version = \"image.tag\""
        );
    }
    for environment in &found.environments {
        let production = deployment_files::is_production(environment);
        let _ = writeln!(text, "\n[[environment]]\nname = {}\nproduction = {production}", quoted(environment));
    }
    text.push_str(
        "\n# A service that needs saying more than its name:\n# [[service]]\n# name = \"checkout\"\n# team = \"payments\"\n# repository = \"shop\"      # where it is not called like the service\n# paths = [\"checkout\"]     # the part of the repository that is its own\n# baseline = \"v1.0.0\"      # what ran before the first known deployment\n",
    );
    text
}

/// A TOML string. What could move a cursor or reorder text is written as an escape.
fn quoted(text: &str) -> String {
    if truelevel_model::printable(text) == text {
        return toml::Value::String(text.to_owned()).to_string();
    }
    let escaped = |c: char| {
        let is_plain =
            truelevel_model::printable(c.encode_utf8(&mut [0; 4])) == c.to_string() && !matches!(c, '"' | '\\');
        if is_plain { c.to_string() } else { format!("\\U{:08X}", u32::from(c)) }
    };
    format!("\"{}\"", text.chars().map(escaped).collect::<String>())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back_whatever_the_names() {
        let found = Found {
            repositories: vec!["a \"b\"\n".into(), "gitops".into()],
            deploying: vec!["gitops".into()],
            environments: ["prod-eu".to_owned(), "staging".to_owned()].into(),
        };
        let text = text(&found, Path::new("/nowhere/at all"));
        let config = crate::config::Config::parse(Path::new("truelevel.toml"), &text).unwrap();
        assert_eq!(config.repositories[0].path, Path::new("a \"b\"\n"));
        assert_eq!(config.environments, [("prod-eu".to_owned(), true), ("staging".to_owned(), false)].into());
    }
}
