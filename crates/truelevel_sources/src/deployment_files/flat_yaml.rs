//! Small files of `key: value` lines, read without the YAML parser.
//!
//! Most files of a deployment repository are of this kind, and its history holds hundreds of thousands of them.
//! This reader takes only what cannot mean anything else, gives the very tree the parser would, and declines the
//! rest: anything but plain or simply quoted scalars, one to a line, each key once.

use truelevel_documents::{Entry, Node, Value};

/// More than this is not worth a second reader.
const MOST_BYTES: usize = 4096;

/// The document, or `None` where the parser must look.
pub(super) fn parse(content: &[u8]) -> Option<Node> {
    if content.len() > MOST_BYTES {
        return None;
    }
    let mut entries: Vec<Entry> = Vec::new();
    for (index, line) in content.split(|&byte| byte == b'\n').enumerate() {
        if line.is_empty() || line[0] == b'#' && line.iter().all(|byte| matches!(byte, b' '..=b'~')) {
            continue;
        }
        let entry = entry(std::str::from_utf8(line).ok()?, index as u32 + 1)?;
        if entries.iter().any(|known| known.key.value == entry.key.value) {
            return None;
        }
        entries.push(entry);
    }
    let (line, end_line) = (entries.first()?.key.line, entries.last()?.value.end_line);
    Some(Node { value: Value::Mapping(entries), line, column: 1, end_line })
}

fn entry(text: &str, line: u32) -> Option<Entry> {
    let (key, value) = text.split_once(": ")?;
    if !key.as_bytes().first()?.is_ascii_alphabetic()
        || !key.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
    {
        return None;
    }
    let quote = value.as_bytes().first().filter(|byte| matches!(byte, b'"' | b'\''));
    let inner = match quote {
        Some(&quote) => value.get(1..)?.strip_suffix(quote as char)?,
        None => value,
    };
    let first = inner.as_bytes().first()?;
    let simple = inner.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-./+@:".contains(&byte));
    if !simple || !(first.is_ascii_alphanumeric() || b"_./".contains(first)) || inner.ends_with(':') {
        return None;
    }
    let column = key.len() as u32 + 3;
    let key = Node { value: Value::Scalar { text: key.to_owned(), plain: true }, line, column: 1, end_line: line };
    let value =
        Node { value: Value::Scalar { text: inner.to_owned(), plain: quote.is_none() }, line, column, end_line: line };
    Some(Entry { key, value })
}

#[cfg(test)]
mod tests {
    use super::*;
    use truelevel_documents::Limits;

    /// Checks that what is not declined is what the parser reads.
    fn agrees(text: &str) -> bool {
        let Some(node) = parse(text.as_bytes()) else { return false };
        let parsed = truelevel_documents::parse(text.as_bytes(), Limits::default());
        assert_eq!(parsed.problems, [], "{text:?}");
        assert_eq!(parsed.documents, [node], "{text:?}");
        true
    }

    #[test]
    fn flat_files_read_as_the_parser_reads_them() {
        for text in [
            "image_tag: v1796\nautomatic_deploys_enabled: true\npromote_deployment: true",
            "image_tag: v1796\nautomatic_deploys_enabled: true\npromote_deployment: true\n",
            "# a comment\n\nimage_tag: \"1.10\"\n# more: of it\ntag: 1.10\n\n",
            "image: ghcr.io/acme/frontend:v1@sha256:24a0c4b4a4c0eb97a1aabb8e29f18e917d05abfe1b7a7c078572\n",
            "a: null\nb: 'x'\nnull: true\nyes: no\n",
            "a: ...\nb: ./x\n",
        ] {
            assert!(agrees(text), "declined {text:?}");
        }
    }

    #[test]
    fn what_may_mean_something_else_is_declined() {
        for text in [
            "",
            "\n",
            "# only\n",
            "a:\n  b: c\n",
            "a: 1\na: 2\n",
            "a: b c\n",
            "a: b # c\n",
            "a: [b]\n",
            "a: *b\n",
            "a: |\n",
            "a: \"x\\n\"\n",
            "a: b: c\n",
            "a:b\n",
            "- a: b\n",
            "---\na: b\n",
            "a: 'it''s'\n",
            "a: b\r\n",
            "a: b\n  c\n",
            "a: ''\n",
            "a: {{ b }}\n",
            "\u{feff}a: b\n",
            "a: -\n",
            "a: b:\n",
            "a: b\n\tc: d\n",
            "a: \"b'\n",
        ] {
            assert!(!agrees(text), "took {text:?}");
        }
    }

    #[test]
    fn every_short_text_is_declined_or_read_as_the_parser_reads_it() {
        const PIECES: [&str; 16] =
            ["a", "b", "1", ": ", ":", "\n", " ", "#", "-", ".", "'", "\"", "/", "@", "null", "\n# "];
        let mut read = 0;
        for length in 1..=5_u32 {
            for number in 0..16_usize.pow(length) {
                let text: String = (0..length).map(|place| PIECES[number >> (4 * place) & 15]).collect();
                read += usize::from(agrees(&format!("k: {text}"))) + usize::from(agrees(&text));
            }
        }
        assert!(read > 10_000, "only {read} were read");
    }
}
