//! What people wrote down about public repositories.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use crate::Failure;

/// What is true of a practice.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Answer {
    Present,
    Absent,
    /// The files alone cannot tell.
    Unknown,
}

pub(crate) struct Labelled {
    pub(crate) name: String,
    pub(crate) kind: String,
    pub(crate) commit: String,
    /// No detector was repaired on it.
    pub(crate) held_out: bool,
    pub(crate) labels: Vec<Label>,
}

pub(crate) struct Label {
    pub(crate) practice: String,
    pub(crate) answer: Answer,
    pub(crate) reason: String,
    pub(crate) explanation: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    repository: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    name: String,
    kind: String,
    commit: String,
    #[serde(default)]
    held_out: bool,
    labels: BTreeMap<String, (Answer, String)>,
    /// Why a detector errs about a practice of this repository.
    #[serde(default)]
    misses: BTreeMap<String, String>,
}

pub(crate) fn read(path: &Path) -> Result<Vec<Labelled>, Failure> {
    let wrong = |reason: String| Failure::Failed(format!("{}: {reason}", path.display()));
    let text = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    let file: File = toml::from_str(&text).map_err(|error| wrong(error.to_string()))?;
    let labelled = file.repository.into_iter().map(|mut entry| {
        let labels = std::mem::take(&mut entry.labels).into_iter().map(|(practice, (answer, reason))| Label {
            explanation: entry.misses.remove(&practice),
            practice,
            answer,
            reason,
        });
        let labels: Vec<_> = labels.collect();
        match entry.misses.keys().next() {
            Some(practice) => Err(wrong(format!("{}: a miss of {practice}, which has no label", entry.name))),
            None => Ok(Labelled {
                name: entry.name,
                kind: entry.kind,
                commit: entry.commit,
                held_out: entry.held_out,
                labels,
            }),
        }
    });
    labelled.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_label_is_of_a_practice_and_sixteen_repositories_have_twenty_or_more() {
        let labelled = read(&crate::workspace::root().join("fixtures/accuracy/labels.toml")).unwrap();
        assert!(labelled.iter().filter(|repository| repository.labels.len() >= 20).count() >= 16);
        for repository in &labelled {
            assert_eq!(repository.commit.len(), 40, "{}", repository.name);
            for label in &repository.labels {
                let known = truelevel_practices::practice(&label.practice).is_some();
                assert!(known && !label.reason.is_empty(), "{}: {}", repository.name, label.practice);
            }
        }
    }
}
