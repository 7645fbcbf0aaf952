//! Parsing. JSON is read by the same parser: every JSON document is a YAML document.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

use crate::{Entry, Node, Value};

/// Bytes of the largest file that is read: nothing that people write by hand comes near.
pub const LARGEST_FILE_BYTES: u64 = 4 << 20;

/// What is said of a file that is larger.
pub fn too_large(bytes: u64) -> String {
    format!("{bytes} bytes are more than the {LARGEST_FILE_BYTES} that are read; split the file")
}

/// How much a file may cost.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// Nodes of all documents, aliases expanded.
    pub nodes: usize,
    /// Nesting.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self { nodes: 400_000, depth: 128 }
    }
}

/// What could not be read, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Line, from 1; 0 for the file as a whole.
    pub line: u32,
    /// Column in characters, from 1; 0 for the line as a whole.
    pub column: u32,
    /// What is wrong, and what to do about it.
    pub message: String,
}

/// What a file holds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Documents {
    /// The documents that were read whole, in order. Empty ones are left out.
    pub documents: Vec<Node>,
    /// What was met on the way.
    pub problems: Vec<Problem>,
    /// Something ended the reading: nothing behind the last problem was read.
    pub is_cut: bool,
}

/// Reads all documents of a YAML or JSON file.
pub fn parse(bytes: &[u8], limits: Limits) -> Documents {
    parse_as(bytes, limits, false)
}

/// Reads what is left of a template once its actions are taken out. It may repeat keys in branches of which one is
/// rendered: the first one counts, and nobody is told.
pub fn parse_template(bytes: &[u8], limits: Limits) -> Documents {
    parse_as(bytes, limits, true)
}

fn parse_as(bytes: &[u8], limits: Limits, repeats_keys: bool) -> Documents {
    let mut result = Documents::default();
    if bytes.len() as u64 > LARGEST_FILE_BYTES {
        let message = too_large(bytes.len() as u64);
        result.problems.push(Problem { line: 0, column: 0, message });
        result.is_cut = true;
        return result;
    }
    let text = String::from_utf8_lossy(bytes);
    if let Cow::Owned(_) = text {
        let message = "not UTF-8, so odd bytes were replaced; save it as UTF-8".into();
        result.problems.push(Problem { line: 0, column: 0, message });
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
    let first = read(text, limits, repeats_keys, result.clone());
    match shifted_closers(text).filter(|_| is_about_indentation(&first)) {
        Some(shifted) => {
            let second = read(&shifted, limits, repeats_keys, result);
            if second.is_cut { first } else { second }
        }
        None => first,
    }
}

fn is_about_indentation(read: &Documents) -> bool {
    read.problems.last().is_some_and(|problem| problem.message.starts_with("invalid indentation"))
}

/// The text with lines that begin by closing a flow collection moved to the right, where there are any. YAML wants them
/// deeper than the key that they belong to; everybody writes them below it, and other parsers read them.
fn shifted_closers(text: &str) -> Option<String> {
    let closes = |line: &str| line.trim_start().starts_with([']', '}']);
    text.lines().any(closes).then(|| {
        let shifted = |line: &str| if closes(line) { format!("  {line}\n") } else { format!("{line}\n") };
        text.lines().map(shifted).collect()
    })
}

fn read(text: &str, limits: Limits, repeats_keys: bool, result: Documents) -> Documents {
    let mut loader = Loader { limits, repeats_keys, nodes: 0, anchors: HashMap::new(), open: Vec::new(), result };
    for event in Parser::new_from_str(text) {
        let step = match event {
            Ok((event, span)) => loader.take(event, span),
            Err(error) => {
                let marker = error.marker();
                Err(Problem {
                    line: marker.line() as u32,
                    column: marker.col() as u32 + 1,
                    message: format!("{}; correct it, since nothing behind it was read", error.info()),
                })
            }
        };
        if let Err(problem) = step {
            loader.result.problems.push(problem);
            loader.result.is_cut = true;
            break;
        }
    }
    loader.result
}

/// A collection whose end was not reached yet.
struct Open {
    node: Node,
    anchor: usize,
    /// The key that waits for its value, in a mapping.
    key: Option<Node>,
    /// The keys that have one.
    keys: HashSet<String>,
}

struct Loader {
    limits: Limits,
    repeats_keys: bool,
    nodes: usize,
    anchors: HashMap<usize, (Node, usize)>,
    open: Vec<Open>,
    result: Documents,
}

impl Loader {
    fn take(&mut self, event: Event<'_>, span: Span) -> Result<(), Problem> {
        let (line, column) = (span.start.line() as u32, span.start.col() as u32 + 1);
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let value = Value::Scalar { text: text.into_owned(), plain: style == ScalarStyle::Plain };
                self.count(1, line, column)?;
                self.close(Node { value, line, column, end_line: last_line(span) }, anchor);
            }
            Event::SequenceStart(anchor, _) => self.begin(Value::Sequence(Vec::new()), anchor, line, column)?,
            Event::MappingStart(anchor, _) => self.begin(Value::Mapping(Vec::new()), anchor, line, column)?,
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(mut open) = self.open.pop() {
                    open.node.end_line = end_of(&open.node, span);
                    self.close(open.node, open.anchor);
                }
            }
            Event::Alias(anchor) => {
                let Some((node, size)) = self.anchors.get(&anchor).cloned() else {
                    return Err(Problem {
                        line,
                        column,
                        message: "an alias inside its own anchor; write out what it stands for".into(),
                    });
                };
                self.count(size, line, column)?;
                self.close(node, 0);
            }
            Event::DocumentEnd => {
                self.anchors.clear();
                self.open.clear();
            }
            Event::Nothing | Event::StreamStart | Event::StreamEnd | Event::DocumentStart(_) => {}
        }
        Ok(())
    }

    fn count(&mut self, nodes: usize, line: u32, column: u32) -> Result<(), Problem> {
        self.nodes += nodes;
        if self.nodes > self.limits.nodes {
            let message = format!("more than {} values, aliases expanded; split the file", self.limits.nodes);
            return Err(Problem { line, column, message });
        }
        Ok(())
    }

    fn begin(&mut self, value: Value, anchor: usize, line: u32, column: u32) -> Result<(), Problem> {
        self.count(1, line, column)?;
        if self.open.len() >= self.limits.depth {
            return Err(Problem {
                line,
                column,
                message: format!("nested deeper than {}; make it flatter", self.limits.depth),
            });
        }
        self.open.push(Open {
            node: Node { value, line, column, end_line: line },
            anchor,
            key: None,
            keys: HashSet::new(),
        });
        Ok(())
    }

    fn close(&mut self, mut node: Node, anchor: usize) {
        if let Value::Mapping(entries) = &mut node.value {
            merge(entries);
        }
        if anchor > 0 {
            let size = node.descendants().count();
            self.anchors.insert(anchor, (node.clone(), size));
        }
        let Some(open) = self.open.last_mut() else {
            if !node.is_null() {
                self.result.documents.push(node);
            }
            return;
        };
        match (&mut open.node.value, open.key.take()) {
            (Value::Sequence(items), _) => items.push(node),
            (Value::Mapping(entries), Some(key)) => {
                let name = key.text().unwrap_or_default();
                // Conditions of Azure's templates are keys, of which one is left.
                let may_repeat = self.repeats_keys || name == "<<" || name.starts_with("${{");
                if !may_repeat && !open.keys.insert(name.to_owned()) {
                    let message = format!("`{name}` stands twice, and the first one counts; take the other one out");
                    self.result.problems.push(Problem { line: key.line, column: key.column, message });
                }
                entries.push(Entry { key, value: node });
            }
            (Value::Mapping(_), None) => open.key = Some(node),
            (Value::Scalar { .. }, _) => {}
        }
    }
}

/// The last line of a scalar. What spans lines by itself ends where the next line begins.
fn last_line(span: Span) -> u32 {
    let (start, end) = (span.start.line(), span.end.line());
    if span.end.col() == 0 && end > start { end as u32 - 1 } else { end as u32 }
}

/// The last line of a list or mapping that ends here: that of its closing bracket, or else of the last thing in it.
fn end_of(node: &Node, end: Span) -> u32 {
    if end.start != end.end {
        return last_line(end);
    }
    let last = match &node.value {
        Value::Sequence(items) => items.iter().map(|item| item.end_line).max(),
        Value::Mapping(entries) => entries.iter().map(|entry| entry.value.end_line.max(entry.key.end_line)).max(),
        Value::Scalar { .. } => None,
    };
    last.map_or(node.line, |last| last.max(node.line))
}

/// Applies merge keys: what a `<<` brings in stands unless the mapping has the key itself.
fn merge(entries: &mut Vec<Entry>) {
    let is_merge = |entry: &Entry| matches!(&entry.key.value, Value::Scalar { text, plain: true } if text == "<<");
    if !entries.iter().any(is_merge) {
        return;
    }
    let (merges, own): (Vec<_>, Vec<_>) = std::mem::take(entries).into_iter().partition(is_merge);
    *entries = own;
    let mut known: HashSet<String> = entries.iter().filter_map(|own| own.key.text().map(str::to_owned)).collect();
    for merge in merges {
        for entry in merge.value.one_or_many().iter().flat_map(Node::entries) {
            if entry.key.text().is_some_and(|key| known.insert(key.to_owned())) {
                entries.push(entry.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn one(text: &str) -> Node {
        let parsed = parse(text.as_bytes(), Limits::default());
        assert_eq!(parsed.problems, []);
        parsed.documents.into_iter().next().unwrap()
    }

    #[test]
    fn values_know_where_they_stand() {
        let node = one("a:\n  b: [1, two]\n");
        let two = &node.at(["a", "b"]).unwrap().items()[1];
        assert_eq!((two.text(), two.line, two.column), (Some("two"), 2, 10));
    }

    #[test]
    fn values_know_their_last_lines() {
        let node =
            one("a:\n  b: [1,\n    2\n  ]\n  c: |\n    x\n    y\n\nd:\n  - e: 1\n    f: 'g\n      h'\n\n# i\nj: {}\n");
        let last = |path: &[&str]| node.at(path.iter().copied()).unwrap().end_line;
        assert_eq!([last(&["a", "b"]), last(&["a", "c"]), last(&["a"]), last(&["d"]), last(&["j"])], [4, 8, 8, 12, 15]);
        assert_eq!(node.end_line, 15);
    }

    #[test]
    fn the_key_on_is_text_and_its_value_reads_as_a_boolean() {
        let node = one("on: push\nwhen: on\nquoted: 'on'\n");
        assert_eq!(node.get("on").unwrap().text(), Some("push"));
        assert_eq!(node.get("when").unwrap().boolean(), Some(true));
        assert_eq!(node.get("quoted").unwrap().boolean(), None);
    }

    #[test]
    fn merge_keys_bring_in_what_is_not_overridden() {
        let node = one("base: &b {x: 1, y: 2}\nuse:\n  <<: *b\n  y: 3\n");
        assert_eq!(node.at(["use", "x"]).unwrap().text(), Some("1"));
        assert_eq!(node.at(["use", "y"]).unwrap().text(), Some("3"));
    }

    #[test]
    fn json_and_several_documents_and_a_byte_order_mark_are_read() {
        assert_eq!(one("{\"a\": {\"b\": \"c\"}}").at(["a", "b"]).unwrap().text(), Some("c"));
        let parsed = parse("\u{feff}a: 1\r\n---\r\n---\nb: 2\n".as_bytes(), Limits::default());
        assert_eq!(parsed.documents.len(), 2);
    }

    #[test]
    fn a_syntax_error_is_located_and_what_came_before_is_kept() {
        let parsed = parse(b"a: 1\n---\nb: [1\nc: }\n", Limits::default());
        assert_eq!(parsed.documents.len(), 1);
        assert_eq!(parsed.problems.len(), 1);
        assert!(parsed.problems[0].line >= 3, "{:?}", parsed.problems);
    }

    #[test]
    fn a_list_may_be_closed_below_its_key() {
        for text in ["a:\n  b: [\n    \"x\",\n    'y'\n  ]\n  c: 1\n", "a:\n  b: {\n    \"x\": 1\n  }\n  c: 1\n"] {
            let node = one(text);
            let c = node.at(["a", "c"]).unwrap();
            assert_eq!((c.text(), c.line, c.column), (Some("1"), 6 - u32::from(text.contains('{')), 6), "{text}");
        }
        let broken = parse(b"a:\n  b: [\n    \"x\"\n  ]\n c: 1\n", Limits::default());
        assert!(broken.is_cut, "what is wrong elsewhere stays wrong");
    }

    #[test]
    fn an_alias_bomb_ends_at_the_limit() {
        let mut text = String::from("l0: &l0 [x, x, x, x, x, x, x, x, x, x]\n");
        for level in 1..12 {
            let below = format!("*l{}, ", level - 1).repeat(10);
            text += &format!("l{level}: &l{level} [{}]\n", below.trim_end_matches(", "));
        }
        let parsed = parse(text.as_bytes(), Limits::default());
        assert!(parsed.problems[0].message.contains("more than 400000 values"), "{:?}", parsed.problems);
    }

    #[test]
    fn deep_nesting_large_files_and_self_reference_end_with_a_problem() {
        for text in ["[".repeat(100_000), "&a [*a]".to_owned(), "x".repeat(5 << 20), "\u{0}\u{1}".to_owned()] {
            assert!(!parse(text.as_bytes(), Limits::default()).problems.is_empty(), "{}", &text[..2]);
        }
    }

    #[test]
    fn every_problem_says_what_to_do() {
        let deep = "[".repeat(200);
        let large = "x".repeat(5 << 20);
        for text in
            [b"a: [1\nc: }\n", b"a: 1\na: 2\n".as_slice(), b"a: \xff\n", b"&a [*a]", deep.as_bytes(), large.as_bytes()]
        {
            for problem in parse(text, Limits::default()).problems {
                let advice = problem.message.split_once("; ").map(|(_, advice)| advice);
                assert!(advice.is_some_and(|advice| !advice.is_empty()), "{problem:?}");
            }
        }
    }

    #[test]
    fn a_key_that_stands_twice_is_named() {
        let parsed = parse(b"a: 1\na: 2\n", Limits::default());
        assert_eq!(parsed.documents[0].get("a").unwrap().text(), Some("1"));
        assert_eq!((parsed.problems[0].line, parsed.problems[0].column), (2, 1));
        assert!(!parsed.is_cut);
        assert_eq!(one("a:\n  ${{ else }}: 1\n  ${{ else }}: 2\n").get("a").unwrap().entries().len(), 2);
        let template = parse_template(b"a: 1\na: 2\n", Limits::default());
        assert_eq!((template.documents, template.problems), (parsed.documents, Vec::new()));
    }
}
