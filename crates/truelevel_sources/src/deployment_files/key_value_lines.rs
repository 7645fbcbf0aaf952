//! Files of `KEY=value` lines: `.env`, Java properties, Terraform variables, and the like without an ending.
//!
//! They become the same tree as YAML, so that every shape reads them alike. Lines that are not of this form are
//! passed over; values keep their text, without quotes and without a comment behind a space.

use truelevel_documents::{Entry, Node, Value};

/// The document, if the content has such a line.
pub(super) fn parse(content: &[u8]) -> Option<Node> {
    let text = String::from_utf8_lossy(content);
    let entries: Vec<Entry> =
        text.lines().enumerate().filter_map(|(index, line)| entry(line, index as u32 + 1)).collect();
    let (line, end_line) = (entries.first()?.key.line, entries.last()?.value.end_line);
    Some(Node { value: Value::Mapping(entries), line, column: 1, end_line })
}

/// Whether the first line that says something is of this form.
pub(super) fn looks_like(content: &[u8]) -> bool {
    let mut lines = content.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
    let first = lines.find(|line| !line.is_empty() && !line.starts_with(b"#"));
    first.and_then(|line| std::str::from_utf8(line).ok()).is_some_and(|line| entry(line, 1).is_some())
}

fn entry(line: &str, number: u32) -> Option<Entry> {
    let text = line.trim();
    let text = text.strip_prefix("export ").unwrap_or(text).trim_start();
    let (key, value) = text.split_once('=')?;
    let key = key.trim_end();
    if !key.as_bytes().first()?.is_ascii_alphabetic()
        || !key.bytes().all(|b| b.is_ascii_alphanumeric() || b"_.-".contains(&b))
    {
        return None;
    }
    let value = value.trim();
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''));
    let (value, plain) = match quote {
        Some(quote) => (value[1..].split(quote).next().unwrap_or_default(), false),
        None => (value.split(" #").next().unwrap_or_default().trim_end(), true),
    };
    let column = line.len().saturating_sub(text.len()) as u32 + 1;
    let node = |text: &str, plain: bool| Node {
        value: Value::Scalar { text: text.to_owned(), plain },
        line: number,
        column,
        end_line: number,
    };
    Some(Entry { key: node(key, true), value: node(value, plain) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_lose_their_quotes_and_comments() {
        let node = parse(b"# tags\nexport A_TAG=\"v1\" # x\nB_TAG=v2 # y\nc_tag = 'v3'\n\nnot a line\nD=\n").unwrap();
        let values: Vec<_> = node.entries().iter().map(|entry| (entry.key.text(), entry.value.text())).collect();
        let expected =
            [(Some("A_TAG"), Some("v1")), (Some("B_TAG"), Some("v2")), (Some("c_tag"), Some("v3")), (Some("D"), None)];
        assert_eq!(values, expected);
        assert_eq!(node.entries()[1].value.line, 3);
    }

    #[test]
    fn the_first_line_tells_the_form() {
        assert!(looks_like(b"\n# tags\nTAG=v1\n"));
        assert!(!looks_like(b"tag: v1\nurl: http://x/?a=b\n"));
        assert!(!looks_like(b"#!/bin/sh\nif [ \"$a\" = b ]; then\n"));
        assert!(!looks_like(b""));
    }
}
