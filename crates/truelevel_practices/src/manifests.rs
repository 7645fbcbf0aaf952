//! Infrastructure documents: Kubernetes objects and other YAML, with places.

use std::sync::Arc;

use regex::Regex;
use truelevel_documents::Node;

use crate::paths::ends_with;
use crate::repository::Repository;
use crate::text::{Place, match_column};

/// A document, or one item of a Kubernetes list.
#[derive(Clone, Copy)]
pub(crate) struct Manifest<'r> {
    pub(crate) path: &'r Arc<str>,
    pub(crate) node: &'r Node,
}

impl<'r> Manifest<'r> {
    pub(crate) fn of(path: &'r Arc<str>, node: &'r Node) -> impl Iterator<Item = Self> {
        let items = match node.get("kind").and_then(Node::text) {
            Some("List") => node.get("items").map_or(&[][..], Node::items),
            _ => std::slice::from_ref(node),
        };
        items.iter().map(move |node| Self { path, node })
    }

    /// The kind of a Kubernetes object; empty for other documents.
    pub(crate) fn kind(self) -> &'r str {
        match self.node.get("apiVersion") {
            Some(_) => self.node.get("kind").and_then(Node::text).unwrap_or_default(),
            None => "",
        }
    }

    /// Whether this is an object of a kind whose API version begins so.
    pub(crate) fn is(self, api: &str, kind: &str) -> bool {
        self.kind() == kind
            && self.node.get("apiVersion").and_then(Node::text).is_some_and(|version| version.starts_with(api))
    }

    pub(crate) fn at<'a>(self, path: impl IntoIterator<Item = &'a str>) -> Option<&'r Node> {
        // `Node::at` ties the result to the iterator's items, not to the document.
        path.into_iter().try_fold(self.node, |node, key| node.get(key))
    }

    pub(crate) fn place(self, node: &Node) -> Place {
        Place::of(self.path, node)
    }

    /// Where the kind is written, or else the document begins.
    pub(crate) fn kind_place(self) -> Place {
        let entry = self.node.entries().iter().find(|entry| entry.key.text() == Some("kind"));
        entry.map_or_else(|| self.place(self.node), |entry| self.place(&entry.key))
    }

    /// Where a key of the document stands.
    pub(crate) fn key_place(self, parent: &Node, key: &str) -> Place {
        let entry = parent.entries().iter().find(|entry| entry.key.text() == Some(key));
        entry.map_or_else(|| self.place(parent), |entry| self.place(&entry.key))
    }
}

/// Whether a node says true: a boolean, quoted or not.
pub(crate) fn is_true(node: Option<&Node>) -> bool {
    node.is_some_and(|node| node.boolean() == Some(true) || node.text() == Some("true"))
}

/// Whether a node says false.
pub(crate) fn is_false(node: Option<&Node>) -> bool {
    node.is_some_and(|node| node.boolean() == Some(false) || node.text() == Some("false"))
}

/// A whole number.
pub(crate) fn number(node: Option<&Node>) -> Option<i64> {
    node?.text()?.trim().parse().ok()
}

/// Whether the path is of Terraform or OpenTofu.
pub(crate) fn is_terraform(path: &str) -> bool {
    ends_with(path, &[".tf", ".tofu"])
}

/// A block of Terraform, up to the line whose brace closes it.
pub(crate) struct Block<'r> {
    pub(crate) line: u32,
    pub(crate) column: u32,
    pub(crate) header: &'r str,
    pub(crate) lines: Vec<(u32, &'r str)>,
    /// That of the closing brace.
    pub(crate) end_line: u32,
}

/// The blocks of Terraform files whose first line matches.
pub(crate) fn terraform_blocks<'r>(
    repository: &'r Repository,
    header: &'r Regex,
) -> impl Iterator<Item = (&'r str, Block<'r>)> {
    let files = repository.texts().filter(|(path, _)| is_terraform(path));
    files.flat_map(move |(path, text)| {
        let lines: Vec<_> = text.lines().collect();
        let mut blocks = Vec::new();
        for (index, (number, line)) in lines.iter().enumerate() {
            let is_comment = line.trim_start().starts_with(['#', '/']);
            let Some(found) = header.find(line).filter(|_| !is_comment) else { continue };
            // The closing brace of a formatted block stands below its first letter.
            let indent = line.len() - line.trim_start().len();
            let ends =
                |line: &str| line.trim_start().starts_with('}') && line.len() - line.trim_start().len() <= indent;
            let is_one_line = line.trim_end().ends_with('}');
            let closing = lines[index + 1..].iter().position(|(_, line)| ends(line)).filter(|_| !is_one_line);
            let length = closing.unwrap_or(0);
            let inside =
                lines[index + 1..index + 1 + length].iter().filter(|(_, line)| !line.trim_start().starts_with('#'));
            blocks.push((
                path,
                Block {
                    line: *number,
                    column: match_column(line, found),
                    header: line,
                    lines: inside.copied().collect(),
                    end_line: closing.map_or(*number, |closing| lines[index + 1 + closing].0),
                },
            ));
        }
        blocks
    })
}
