//! Repositories in memory, and one way to say what a detector must find in them.

use std::collections::BTreeMap;

use truelevel_model::{CommitId, Detection, Locator, RepositoryId, Time};

use crate::{Elsewhere, FileEntry, Origin, Practice, ReadFile, Repository, Tree};

struct Memory {
    own: BTreeMap<String, String>,
    /// Files of other repositories, by `OWNER/NAME:PATH`.
    others: BTreeMap<String, String>,
}

impl ReadFile for Memory {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        match self.own.get(path).map(String::as_str) {
            Some("unreadable") | None => Err("the object is missing".into()),
            Some(text) => Ok(text.as_bytes().to_vec()),
        }
    }

    fn size(&self, path: &str) -> Option<u64> {
        self.own.get(path).map(|text| text.len() as u64)
    }

    fn elsewhere(&self, repository: &str, path: &str) -> Elsewhere {
        let is_meant = |name: &str| name == repository || name.ends_with(&format!("/{repository}"));
        let mut names = self.others.keys().filter_map(|name| name.split(':').next());
        let Some(found) = names.find(|name| is_meant(name)) else { return Elsewhere::NotAtHand };
        let prefix = format!("{found}:");
        let Some(text) = self.others.get(&format!("{prefix}{path}")) else { return Elsewhere::NoSuchFile };
        let name = repository.rsplit('/').next().unwrap_or_default();
        let origin = Origin { repository: RepositoryId::new(name), commit: CommitId([9; 20]), path: path.to_owned() };
        Elsewhere::File { origin, content: text.as_bytes().to_vec() }
    }

    fn library_with(&self, step: &str) -> Option<String> {
        let path = format!(":vars/{step}.groovy");
        let mut holders = self.others.keys().filter_map(|name| name.strip_suffix(&path));
        holders.next().filter(|_| holders.next().is_none()).map(str::to_owned)
    }
}

/// A repository of these paths and contents; a file whose content is `unreadable` cannot be read.
pub(crate) fn repository(files: &[(&str, &str)]) -> Repository {
    repository_beside(files, &[])
}

/// The same, with files of other repositories at hand, by `OWNER/NAME:PATH`.
pub(crate) fn repository_beside(files: &[(&str, &str)], others: &[(&str, &str)]) -> Repository {
    let entries = files.iter().map(|(path, _)| FileEntry { path: (*path).to_owned() }).collect();
    let tree = Tree {
        id: RepositoryId::new("shop"),
        commit: CommitId([7; 20]),
        observed_at: Time::from_seconds(1_700_000_000),
        default_branch: None,
        files: entries,
    };
    let owned = |files: &[(&str, &str)]| -> BTreeMap<String, String> {
        files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    };
    Repository::new(tree, &Memory { own: owned(files), others: owned(others) })
}

/// Checks a detector: `expected` lists `path:line:column`s, or is `absent`, `unknown` or `not applicable`.
#[track_caller]
pub(crate) fn check(practice: &Practice, files: &[(&str, &str)], expected: &[&str]) {
    let found = match (practice.detect)(&repository(files)) {
        Detection::Present(evidence) => evidence
            .into_iter()
            .map(|evidence| match evidence.locator {
                Locator::File { path, line, column, text, .. } => {
                    assert!(!text.is_empty() && text.chars().count() <= 120 && !text.contains('\n'), "{text:?}");
                    if line == 0 { path } else { format!("{path}:{line}:{column}") }
                }
                Locator::Facts { summary } | Locator::Elsewhere { summary, .. } => summary,
            })
            .collect(),
        Detection::Absent { looked_at } => {
            assert!(!looked_at.is_empty());
            vec!["absent".to_owned()]
        }
        Detection::Unknown { .. } => vec!["unknown".to_owned()],
        Detection::NotApplicable { .. } => vec!["not applicable".to_owned()],
    };
    assert_eq!(found, expected, "{}", practice.id);
}

/// Checks a detector against one GitHub workflow that runs these steps on every push.
#[track_caller]
pub(crate) fn check_step(practice: &Practice, step: &str, expected: bool) {
    let workflow = format!("on: [push, pull_request]\njobs:\n  a:\n    steps:\n      - {step}\n");
    let detection = (practice.detect)(&repository(&[(".github/workflows/ci.yml", &workflow)]));
    assert_eq!(matches!(detection, Detection::Present(_)), expected, "{step}: {detection:?}");
}
