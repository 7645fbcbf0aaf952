//! Placeholders of pipeline files, such as `$[[ inputs.x ]]` and `${{ parameters.x }}`, filled in where their values are
//! known. What is not known stays as it is written.

use regex::{Captures, Regex};
use truelevel_documents::{Node, Value};

/// Bytes that values may bring into one pipeline, in all, since values may hold placeholders again; those beyond are left.
pub(super) const LIMIT_BYTES: usize = 1 << 20;

/// Values by the names that placeholders use.
pub(super) type Values = Vec<(String, Node)>;

/// What a name stands for.
pub(super) fn value_of<'v>(values: &'v Values, name: &str) -> Option<&'v Node> {
    values.iter().find(|(known, _)| known == name).map(|(_, value)| value)
}

/// Says what a name stands for, where that is known.
type Find<'f, 'v> = &'f dyn Fn(&str) -> Option<&'v Node>;

/// Fills in the placeholders of a node, as far as they have room, in bytes; `pattern` finds one, and its group `name` is
/// what `value_of` is asked for.
pub(super) fn fill(node: &mut Node, pattern: &Regex, value_of: Find<'_, '_>, room: &mut usize) {
    match &mut node.value {
        Value::Mapping(entries) => {
            for entry in entries {
                fill(&mut entry.key, pattern, value_of, room);
                fill(&mut entry.value, pattern, value_of, room);
            }
        }
        Value::Sequence(items) => {
            let mut written = Vec::with_capacity(items.len());
            for mut item in std::mem::take(items) {
                let is_list = |item: &Node| matches!(item.value, Value::Sequence(_));
                let was_list = is_list(&item);
                fill(&mut item, pattern, value_of, room);
                match item.value {
                    // A list in the place of one item is part of the list around it.
                    Value::Sequence(inner) if !was_list => written.extend(inner),
                    _ => written.push(item),
                }
            }
            *items = written;
        }
        Value::Scalar { text, .. } => {
            if let Some(value) = whole(text, pattern, value_of) {
                let Some(left) = room.checked_sub(bytes(value)) else { return };
                *room = left;
                let (line, column) = (node.line, node.column);
                *node = value.clone();
                stand_at(node, line, column);
            } else if pattern.is_match(text) {
                let filled = written(text, pattern, value_of, *room);
                *room -= filled.len().min(*room);
                *text = filled;
            }
        }
    }
}

/// The value of a text that is one placeholder and nothing else.
fn whole<'v>(text: &str, pattern: &Regex, value_of: Find<'_, 'v>) -> Option<&'v Node> {
    let text = text.trim();
    let found = pattern.captures(text).filter(|found| found[0].len() == text.len())?;
    value_of(&found["name"])
}

/// A text with the placeholders filled in whose values are texts, as far as they have room.
fn written(text: &str, pattern: &Regex, value_of: Find<'_, '_>, mut room: usize) -> String {
    let fill = |found: &Captures<'_>| {
        let value = value_of(&found["name"]).and_then(Node::text).filter(|value| value.len() <= room);
        room -= value.map_or(0, str::len);
        value.unwrap_or(&found[0]).to_owned()
    };
    pattern.replace_all(text, fill).into_owned()
}

/// What a value takes, about.
pub(super) fn bytes(node: &Node) -> usize {
    1 + match &node.value {
        Value::Scalar { text, .. } => text.len(),
        Value::Sequence(items) => items.iter().map(bytes).sum(),
        Value::Mapping(entries) => entries.iter().map(|entry| bytes(&entry.key) + bytes(&entry.value)).sum(),
    }
}

/// A value stands where the file asks for it: it may come from another file, whose lines say nothing here.
fn stand_at(node: &mut Node, line: u32, column: u32) {
    (node.line, node.column, node.end_line) = (line, column, line);
    match &mut node.value {
        Value::Scalar { .. } => {}
        Value::Sequence(items) => items.iter_mut().for_each(|item| stand_at(item, line, column)),
        Value::Mapping(entries) => entries.iter_mut().for_each(|entry| {
            stand_at(&mut entry.key, line, column);
            stand_at(&mut entry.value, line, column);
        }),
    }
}
