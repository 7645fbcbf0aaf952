//! Practices of an organisation's own: files by name, lines by pattern, values by path.
//!
//! What is looked for is said in a workspace's configuration; it is declared at most, as everything that files show.

use std::collections::BTreeMap;

use regex::Regex;
use toml::de::{DeTable, DeValue};
use truelevel_documents::{LARGEST_FILE_BYTES, Limits, Node, Value, parse, too_large};
use truelevel_model::{Detection, Evidence, Grade, Locator};

use crate::repository::{ReadFile, Tree};
use crate::text::{Text, column, excerpt, match_column};

/// Files that are read for one practice in one repository.
const FILES: usize = 1_000;
/// Proofs kept for one practice in one repository.
const EVIDENCE_LIMIT: usize = 10;

/// A practice that an organisation defines.
#[derive(Clone, Debug)]
pub struct OwnPractice {
    /// Its id.
    pub id: String,
    /// What it is, in a sentence.
    pub title: String,
    /// The files, as the configuration writes them.
    pub files: String,
    /// What a path must match.
    pub paths: Regex,
    /// What must be in such a file.
    pub content: Content,
}

/// What shows a practice in a file.
#[derive(Clone, Debug)]
pub enum Content {
    /// That there is the file.
    Anything,
    /// A line.
    Line(Regex),
    /// A value in YAML, JSON or TOML.
    Value {
        /// Keys from the root; `[]` stands for each item of a list.
        path: Vec<String>,
        /// What the value must match; any value, when absent.
        pattern: Option<Regex>,
    },
}

/// What each practice answers for a tree, by its id.
pub fn detect_own(practices: &[OwnPractice], tree: &Tree, reader: &dyn ReadFile) -> BTreeMap<String, Detection> {
    practices.iter().map(|practice| (practice.id.clone(), detect(practice, tree, reader))).collect()
}

/// A place in a file: line, column, column after the match, and the text.
type Found = (u32, u32, (u32, u32), String);

fn detect(practice: &OwnPractice, tree: &Tree, reader: &dyn ReadFile) -> Detection {
    if tree.files.is_empty() {
        return Detection::Unknown { reason: "the repository's tree is empty".into() };
    }
    let candidates: Vec<&str> =
        tree.files.iter().map(|file| file.path.as_str()).filter(|path| practice.paths.is_match(path)).collect();
    let mut evidence = Vec::new();
    let mut hidden = (candidates.len() > FILES).then(|| format!("more than {FILES} files are {}", practice.files));
    for path in candidates.into_iter().take(FILES) {
        let found = match &practice.content {
            Content::Anything => Ok(Some((0, 0, (0, 0), crate::paths::name(path).to_owned()))),
            content => read(path, reader).and_then(|text| search(path, &text, content)),
        };
        match found {
            Ok(Some((line, column, (end_line, end_column), text))) => {
                let (repository, commit) = (tree.id.clone(), tree.commit);
                let locator = Locator::File {
                    repository,
                    commit,
                    path: path.to_owned(),
                    named_as: None,
                    line,
                    column,
                    end_line,
                    end_column,
                    text,
                };
                evidence.push(Evidence { grade: Grade::Declared, locator, observed_at: tree.observed_at });
            }
            Ok(None) => {}
            Err(reason) => hidden = hidden.or(Some(format!("{path} was not understood: {reason}"))),
        }
        if evidence.len() == EVIDENCE_LIMIT {
            break;
        }
    }
    match (evidence.is_empty(), hidden) {
        (false, _) => Detection::Present(evidence),
        (true, Some(reason)) => Detection::Unknown { reason },
        (true, None) => Detection::Absent { looked_at: vec![practice.files.clone()] },
    }
}

fn read(path: &str, reader: &dyn ReadFile) -> Result<Text, String> {
    match reader.size(path) {
        Some(bytes) if bytes > LARGEST_FILE_BYTES => Err(too_large(bytes)),
        _ => Ok(Text::new(&reader.read(path)?)),
    }
}

fn search(path: &str, text: &Text, content: &Content) -> Result<Option<Found>, String> {
    match content {
        Content::Anything => Ok(None),
        Content::Line(pattern) => Ok(text.lines().find_map(|(number, line)| {
            let found = pattern.find(line)?;
            Some((number, match_column(line, found), (number, column(line, found.end())), excerpt(line)))
        })),
        Content::Value { path: keys, pattern } => {
            let accepts = |value: &str| pattern.as_ref().is_none_or(|pattern| pattern.is_match(value));
            let place = if path.ends_with(".toml") {
                let table = DeTable::parse(text.as_str()).map_err(|error| error.message().to_owned())?;
                in_toml(table.get_ref(), keys, &accepts).map(|offset| {
                    let (line, column) = text.place_of(offset);
                    (line, column, line)
                })
            } else {
                let parsed = parse(text.as_str().as_bytes(), Limits::default());
                let found = parsed.documents.iter().find_map(|node| in_yaml(node, keys, &accepts));
                match (found, parsed.problems.into_iter().next()) {
                    (None, Some(problem)) => return Err(problem.message),
                    (found, _) => found,
                }
            };
            Ok(place.map(|(line, column, last)| {
                let end_line = text.last_said(line, last);
                (line, column, (end_line, text.end_column(end_line)), excerpt(text.line(line)))
            }))
        }
    }
}

/// The place and the last line of the first value at the end of the path that is accepted.
fn in_yaml(node: &Node, keys: &[String], accepts: &dyn Fn(&str) -> bool) -> Option<(u32, u32, u32)> {
    let Some((key, rest)) = keys.split_first() else {
        let is_accepted = match &node.value {
            Value::Scalar { .. } => node.text().is_some_and(accepts),
            Value::Sequence(_) | Value::Mapping(_) => accepts(""),
        };
        return is_accepted.then_some((node.line, node.column, node.end_line));
    };
    match &node.value {
        Value::Sequence(items) if key == "[]" => items.iter().find_map(|item| in_yaml(item, rest, accepts)),
        Value::Mapping(_) => in_yaml(node.get(key)?, rest, accepts),
        Value::Sequence(_) | Value::Scalar { .. } => None,
    }
}

/// The byte at which the first accepted value begins.
fn in_toml(table: &DeTable<'_>, keys: &[String], accepts: &dyn Fn(&str) -> bool) -> Option<usize> {
    let (key, rest) = keys.split_first()?;
    let value = table.get(key.as_str())?;
    toml_value(value.get_ref(), value.span().start, rest, accepts)
}

fn toml_value(value: &DeValue<'_>, at: usize, keys: &[String], accepts: &dyn Fn(&str) -> bool) -> Option<usize> {
    match (value, keys.split_first()) {
        (DeValue::Table(table), Some(_)) => in_toml(table, keys, accepts),
        (DeValue::Array(items), Some((key, rest))) if key == "[]" => {
            items.iter().find_map(|item| toml_value(item.get_ref(), item.span().start, rest, accepts))
        }
        (_, Some(_)) => None,
        (value, None) => {
            let text = match value {
                DeValue::String(text) => text.to_string(),
                DeValue::Integer(number) => number.as_str().to_owned(),
                DeValue::Float(number) => number.as_str().to_owned(),
                DeValue::Boolean(is_true) => is_true.to_string(),
                DeValue::Datetime(time) => time.to_string(),
                DeValue::Array(_) | DeValue::Table(_) => String::new(),
            };
            accepts(&text).then_some(at)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::repository::FileEntry;
    use truelevel_model::{CommitId, Time};

    struct Files(&'static [(&'static str, &'static str)]);

    impl ReadFile for Files {
        fn read(&self, path: &str) -> Result<Vec<u8>, String> {
            let found = self.0.iter().find(|(known, _)| *known == path);
            found.map(|(_, text)| text.as_bytes().to_vec()).ok_or_else(|| "gone".to_owned())
        }

        fn size(&self, path: &str) -> Option<u64> {
            self.read(path).ok().map(|bytes| bytes.len() as u64)
        }
    }

    fn check(files: &'static [(&'static str, &'static str)], content: Content, expected: &str) {
        let tree = Tree {
            id: "web".into(),
            commit: CommitId([1; 20]),
            observed_at: Time::from_seconds(1),
            default_branch: None,
            files: files.iter().map(|(path, _)| FileEntry { path: (*path).to_owned() }).collect(),
        };
        let paths = Regex::new("^(deploy/.*|Cargo\\.toml)$").unwrap();
        let practice = OwnPractice { id: "own".into(), title: "T".into(), files: "deploy/**".into(), paths, content };
        let found = match &detect_own(&[practice], &tree, &Files(files))["own"] {
            Detection::Present(evidence) => match &evidence[0].locator {
                Locator::File { path, line, column, end_line, end_column, text, .. } => {
                    let end = if end_line > line { format!("{end_line}:{end_column}") } else { end_column.to_string() };
                    format!("{path}:{line}:{column}-{end} {text}")
                }
                Locator::Facts { .. } | Locator::Elsewhere { .. } => "elsewhere".to_owned(),
            },
            Detection::Absent { looked_at } => format!("absent from {}", looked_at.join(", ")),
            Detection::Unknown { reason } => format!("unknown: {reason}"),
            Detection::NotApplicable { .. } => "not applicable".to_owned(),
        };
        assert_eq!(found, expected);
    }

    fn value(path: &[&str], pattern: Option<&str>) -> Content {
        let path = path.iter().map(|key| (*key).to_owned()).collect();
        Content::Value { path, pattern: pattern.map(|pattern| Regex::new(pattern).unwrap()) }
    }

    #[test]
    fn a_file_a_line_or_a_value_shows_it_at_its_place() {
        const FILES: &[(&str, &str)] = &[("README.md", "owner"), ("deploy/a.yml", "a: 1\nx:\n- {owner: team é}\n")];
        check(FILES, Content::Anything, "deploy/a.yml:0:0-0 a.yml");
        check(FILES, Content::Line(Regex::new("team é").unwrap()), "deploy/a.yml:3:11-17 - {owner: team é}");
        check(FILES, Content::Line(Regex::new("nobody").unwrap()), "absent from deploy/**");
        check(FILES, value(&["x", "[]", "owner"], None), "deploy/a.yml:3:11-18 - {owner: team é}");
        check(FILES, value(&["x", "[]", "owner"], Some("^other$")), "absent from deploy/**");
        check(
            &[("deploy/a.yml", "x:\n  b: 1\n  c: [2,\n    3]\n\ny: 4\n")],
            value(&["x"], None),
            "deploy/a.yml:2:3-4:7 b: 1",
        );
        check(&[("README.md", "")], Content::Anything, "absent from deploy/**");
        check(&[], Content::Anything, "unknown: the repository's tree is empty");
    }

    #[test]
    fn toml_and_json_have_values_too() {
        const FILES: &[(&str, &str)] =
            &[("Cargo.toml", "[profile.release]\nlto = true\n"), ("deploy/a.json", "{\"a\": {\"b\": 2}}")];
        check(FILES, value(&["profile", "release", "lto"], Some("true")), "Cargo.toml:2:7-11 lto = true");
        check(FILES, value(&["a", "b"], Some("2")), "deploy/a.json:1:13-16 {\"a\": {\"b\": 2}}");
    }

    #[test]
    fn what_cannot_be_read_is_not_absent() {
        check(
            &[("Cargo.toml", "a = [")],
            value(&["a"], None),
            "unknown: Cargo.toml was not understood: unclosed array, expected `]`",
        );
    }
}
