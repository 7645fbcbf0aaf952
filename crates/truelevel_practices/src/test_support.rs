//! Repositories in memory, and one way to say what a detector must find in them.

use std::collections::BTreeMap;

use truelevel_model::{CommitId, Detection, Locator, RepositoryId, Time};

use crate::{FileEntry, Practice, ReadFile, Repository, Tree};

struct Memory(BTreeMap<String, String>);

impl ReadFile for Memory {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        match self.0.get(path).map(String::as_str) {
            Some("unreadable") | None => Err("the object is missing".into()),
            Some(text) => Ok(text.as_bytes().to_vec()),
        }
    }

    fn size(&self, path: &str) -> Option<u64> {
        self.0.get(path).map(|text| text.len() as u64)
    }
}

/// A repository of these paths and contents; a file whose content is `unreadable` cannot be read.
pub(crate) fn repository(files: &[(&str, &str)]) -> Repository {
    let entries = files.iter().map(|(path, _)| FileEntry { path: (*path).to_owned() }).collect();
    let tree = Tree {
        id: RepositoryId::new("shop"),
        commit: CommitId([7; 20]),
        observed_at: Time::from_seconds(1_700_000_000),
        default_branch: None,
        files: entries,
    };
    let memory = Memory(files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect());
    Repository::new(tree, &memory)
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
