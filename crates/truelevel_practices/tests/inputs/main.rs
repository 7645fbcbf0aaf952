//! What repositories may hold, whole or broken: detectors answer, and never panic or hang.

mod mutated;
mod odd;

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use truelevel_model::{CommitId, Detection, Locator, RepositoryId, Time};
use truelevel_practices::{FileEntry, PRACTICES, ReadFile, Repository, Tree, detect_all};

/// Longer than any input of these tests may take, on a slow machine and without optimisation.
const PATIENCE: Duration = Duration::from_secs(60);

/// Files in memory.
#[derive(Clone, Default)]
struct Files(BTreeMap<String, Vec<u8>>);

impl Files {
    fn with(mut self, path: &str, content: impl Into<Vec<u8>>) -> Self {
        self.0.insert(path.to_owned(), content.into());
        self
    }

    fn repository(&self) -> Repository {
        let tree = Tree {
            id: RepositoryId::new("shop"),
            commit: CommitId([7; 20]),
            observed_at: Time::from_seconds(1_700_000_000),
            default_branch: None,
            files: self.0.keys().map(|path| FileEntry { path: path.clone() }).collect(),
        };
        Repository::new(tree, self)
    }

    /// Every answer, after checking what holds of any input: it ends, and each place that it names exists.
    fn look(&self) -> (Repository, BTreeMap<&'static str, Detection>) {
        let started = Instant::now();
        let repository = self.repository();
        let detections = detect_all(&repository);
        assert!(started.elapsed() < PATIENCE, "{:?} for {} files", started.elapsed(), self.0.len());
        assert_eq!(detections.len(), PRACTICES.len());
        for (id, detection) in &detections {
            let Detection::Present(evidence) = detection else { continue };
            for evidence in evidence {
                let Locator::File { path, line, column, end_line, end_column, .. } = &evidence.locator else {
                    continue;
                };
                let content = self.0.get(path).unwrap_or_else(|| panic!("{id}: {path} is not in the tree"));
                let lines = content.iter().filter(|byte| **byte == b'\n').count() + 1;
                assert!(*line as usize <= lines, "{id}: {path}:{line}:{column} of {lines} lines");
                let has_end = *end_line as usize <= lines && (line, column) <= (end_line, end_column);
                assert!(
                    *end_line == 0 || has_end,
                    "{id}: {path}:{line}:{column}-{end_line}:{end_column} of {lines} lines"
                );
            }
        }
        for warning in repository.warnings() {
            assert!(!warning.message.is_empty() && (warning.path.is_empty() || self.0.contains_key(&warning.path)));
        }
        (repository, detections)
    }
}

impl ReadFile for Files {
    fn read(&self, path: &str) -> Result<Vec<u8>, String> {
        self.0.get(path).cloned().ok_or_else(|| "it is not there".to_owned())
    }

    fn size(&self, path: &str) -> Option<u64> {
        self.0.get(path).map(|content| content.len() as u64)
    }
}
