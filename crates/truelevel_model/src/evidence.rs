//! Evidence: located observations of a practice, and what a detector answers.

use serde::{Deserialize, Serialize};

use crate::{CommitId, RepositoryId, Time};

/// How much an observation proves. Ordered: a higher grade includes the lower ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// A file or setting on the default branch says so.
    Declared,
    /// It ran in the window on the production path.
    Exercised,
    /// Outcome data shows that it worked.
    Effective,
}

impl Grade {
    /// The grade in lower case, as files and pages write it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Declared => "declared",
            Self::Exercised => "exercised",
            Self::Effective => "effective",
        }
    }
}

/// Where an observation was made.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Locator {
    /// A place in a file of a repository.
    File {
        /// The repository.
        repository: RepositoryId,
        /// The commit whose tree holds the file.
        commit: CommitId,
        /// The path, with `/`.
        path: String,
        /// What a pipeline calls the file that takes it from this repository, version included. It is read at the newest
        /// commit all the same. Absent for a file of the repository that was looked at.
        named_as: Option<String>,
        /// Line, from 1; 0 for the file as a whole.
        line: u32,
        /// Column in characters, from 1; 0 for the line as a whole.
        column: u32,
        /// The line of the last character that was matched, from 1; 0 where it is not known.
        end_line: u32,
        /// The column after the last character that was matched; 0 where it is not known.
        end_column: u32,
        /// The matched text, cut to one line.
        text: String,
    },
    /// Facts in the store.
    Facts {
        /// What was counted, readable alone: `12 rollbacks in the window`.
        summary: String,
    },
    /// Another system.
    Elsewhere {
        /// What was seen, readable alone.
        summary: String,
        /// Where a reader finds it, where known.
        address: Option<String>,
    },
}

/// What to say of a file that a pipeline takes from another repository; nothing of one of the repository itself.
pub fn taken_from(repository: &str, named_as: Option<&str>) -> String {
    let said = |named_as| format!(" (of {repository} at its newest commit, taken as {})", crate::printable(named_as));
    named_as.map_or_else(String::new, said)
}

/// One located observation of a practice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Evidence {
    /// How much it proves.
    pub grade: Grade,
    /// Where it was seen.
    pub locator: Locator,
    /// When it was seen, or last happened.
    pub observed_at: Time,
}

/// What a detector answers. "Absent" is a claim: only a detector that looked may make it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Detection {
    /// Seen, with at least one proof; best grade first.
    Present(Vec<Evidence>),
    /// Looked for in these places and not found.
    Absent {
        /// The places, as a reader would look for them.
        looked_at: Vec<String>,
    },
    /// Could not look.
    Unknown {
        /// Why, and what would change it.
        reason: String,
    },
    /// The question has no meaning here.
    NotApplicable {
        /// Why.
        reason: String,
    },
}

impl Detection {
    /// The best grade seen.
    pub fn grade(&self) -> Option<Grade> {
        match self {
            Self::Present(evidence) => evidence.iter().map(|evidence| evidence.grade).max(),
            _ => None,
        }
    }

    /// Joins what was found in two places: proofs add up, and "absent" stands only if nothing was unknown.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::Present(mut left), Self::Present(right)) => {
                left.extend(right);
                left.sort_by(|a, b| b.grade.cmp(&a.grade).then_with(|| a.cmp(b)));
                left.dedup();
                Self::Present(left)
            }
            (present @ Self::Present(_), _) | (_, present @ Self::Present(_)) => present,
            (unknown @ Self::Unknown { .. }, _) | (_, unknown @ Self::Unknown { .. }) => unknown,
            (Self::Absent { looked_at: mut left }, Self::Absent { looked_at: right }) => {
                left.extend(right);
                left.sort();
                left.dedup();
                Self::Absent { looked_at: left }
            }
            (absent @ Self::Absent { .. }, _) | (_, absent @ Self::Absent { .. }) => absent,
            (not_applicable, _) => not_applicable,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absence_never_hides_what_could_not_be_looked_at() {
        let absent = Detection::Absent { looked_at: vec!["a".into()] };
        let unknown = Detection::Unknown { reason: "empty tree".into() };
        assert_eq!(absent.clone().or(unknown.clone()), unknown);
        assert_eq!(unknown.clone().or(absent.clone()), unknown);
        let twice = absent.clone().or(Detection::Absent { looked_at: vec!["b".into(), "a".into()] });
        assert_eq!(twice, Detection::Absent { looked_at: vec!["a".into(), "b".into()] });
        let not_applicable = Detection::NotApplicable { reason: "a library".into() };
        assert_eq!(not_applicable.or(absent.clone()), absent);
    }
}
