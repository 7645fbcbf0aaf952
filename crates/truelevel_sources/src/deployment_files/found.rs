//! The versions found so far in one file.

use std::collections::HashMap;

use truelevel_documents::Problem;

use super::{DeclaredVersion, Reading, Shape, shortened};

/// Collects what the shapes read.
#[derive(Debug)]
pub(super) struct Found {
    /// The shape that reads now.
    pub(super) shape: Shape,
    pub(super) versions: Vec<DeclaredVersion>,
    pub(super) problems: Vec<Problem>,
}

impl Default for Found {
    fn default() -> Self {
        Self { shape: Shape::Configured, versions: Vec::new(), problems: Vec::new() }
    }
}

impl Found {
    /// Takes a version; one of a service without a name is passed over.
    pub(super) fn add(&mut self, service: String, environment: Option<String>, version: String, line: u32) {
        if !service.is_empty() {
            self.versions.push(DeclaredVersion { service, environment, version, shape: self.shape, line });
        }
    }

    /// Keeps the first version of each service and environment, and names those that differ from it.
    pub(super) fn finish(self) -> Reading {
        let Self { versions, mut problems, .. } = self;
        let mut kept: Vec<DeclaredVersion> = Vec::with_capacity(versions.len());
        let mut places: HashMap<(String, Option<String>), usize> = HashMap::new();
        for version in versions {
            let place = *places.entry((version.service.clone(), version.environment.clone())).or_insert(kept.len());
            match kept.get(place) {
                None => kept.push(version),
                Some(first) if first.version != version.version => problems.push(Problem {
                    line: version.line,
                    column: 0,
                    message: format!(
                        "`{}` has another version on line {}; the first one counts",
                        shortened(&version.service),
                        first.line
                    ),
                }),
                Some(_) => {}
            }
        }
        kept.sort_by_key(|version| version.line);
        problems.sort_by(|a, b| (a.line, a.column, &a.message).cmp(&(b.line, b.column, &b.message)));
        problems.dedup();
        Reading { versions: kept, problems }
    }
}

/// Checks the versions that a file declares, as `service@environment=version:line`.
#[cfg(test)]
pub(super) fn check(path: &str, content: &str, expected: &[&str]) {
    let reading = super::read_versions(path, content.as_bytes());
    assert_eq!(reading.problems, [], "{path}\n{content}");
    assert_eq!(written(&reading), expected, "{path}\n{content}");
}

/// The versions of a reading, as `service@environment=version:line`.
#[cfg(test)]
pub(super) fn written(reading: &Reading) -> Vec<String> {
    let one = |version: &DeclaredVersion| {
        let environment = version.environment.as_deref().unwrap_or("-");
        format!("{}@{environment}={}:{}", version.service, version.version, version.line)
    };
    reading.versions.iter().map(one).collect()
}
